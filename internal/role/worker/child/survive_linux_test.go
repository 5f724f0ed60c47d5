package child

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// gated is a job that tells its process id, waits to be let go, and exits 6.
func gated(t testing.TB, f *fifo) (s Spec, open func()) {
	t.Helper()
	gate := f.path + ".go"
	if err := unix.Mkfifo(gate, 0o600); err != nil {
		t.Fatal(err)
	}
	return shell(t, "echo $$ >"+f.path+"; read x <"+gate+"; echo done; exit 6"), func() {
		if err := os.WriteFile(gate, []byte("go\n"), 0); err != nil {
			t.Fatal(err)
		}
	}
}

func attach(t testing.TB, s Spec) *Process {
	t.Helper()
	p, err := Attach(s.Dir)
	if err != nil {
		t.Fatalf("attach: %v", err)
	}
	return p
}

// exitOf reads the exit file of a shim that has ended.
func exitOf(t testing.TB, s Spec) Exit {
	t.Helper()
	var e Exit
	data, err := os.ReadFile(filepath.Join(s.Dir, ExitFile))
	if err := errors.Join(err, json.Unmarshal(data, &e)); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAttach_AfterAgentWasKilled(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"shim", "spawner"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			f := newFifo(t)
			s, open := gated(t, f)
			s.Dir = filepath.Join(filepath.Dir(s.Dir), s.ID) // as a spawner wants it
			first := newAgent(t, how, s, Probe())
			main := f.process()
			first.kill()
			first.wait()
			p := attach(t, s)
			if main.gone() || p.PID() != main.pid {
				t.Errorf("job is process %d, was %d, gone %v", p.PID(), main.pid, main.gone())
			}
			open()
			if e := wait(t, p); e.Code != 6 || e.Lost || e.Orphans != 0 || logOf(t, s) != "done\n" {
				t.Errorf("exit: %+v, log %q", e, logOf(t, s))
			}
			wantGone(t, main)
			first.shim.wait() // it ends with its last job
			wantNoGroup(t, p)
		})
	}
}

// The job ends while there is no agent.
func TestAttach_AfterTheEnd(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	s, open := gated(t, f)
	a := newAgent(t, "shim", s, Probe())
	f.process()
	a.kill()
	a.wait()
	open()
	a.shim.wait()
	if e := wait(t, attach(t, s)); e.Code != 6 || e.Lost {
		t.Errorf("exit: %+v", e)
	}
}

// Several agents, one after the other, control the same job.
func TestAttach_Again(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	s := termer(t, f, "4")
	s.Lease = 0
	p := begin(t, s)
	f.line()
	q := attach(t, s)
	_ = p.link.wire.conn.Close() // the first agent goes; the second one is there
	r := attach(t, s)
	_ = q.link.wire.conn.Close()
	if err := r.Stop(patience); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, r); e.Code != 4 || e.LeaseExpired {
		t.Errorf("exit: %+v", e)
	}
	wait(t, p)
	wait(t, q)
}

func TestLease_EndsTheTree(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		f := newFifo(t)
		s := shell(t, daemon(f, "exec sleep 1000")+"echo $$ >"+f.path+"; exec sleep 1000")
		s.Lease = 50 * time.Millisecond
		a := newAgent(t, "shim", s, c)
		one, two := f.process(), f.process()
		a.kill()
		a.shim.wait()
		wantGone(t, one, two)
		if e := exitOf(t, s); !e.LeaseExpired || e.Signal != "TERM" || e.Stopped || e.Lost {
			t.Errorf("exit: %+v", e)
		}
	})
}

func TestLease_OfTheSpawner(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	s := shell(t, daemon(f, "exec sleep 1000")+"echo $$ >"+f.path+"; exec sleep 1000")
	s.Lease = 50 * time.Millisecond
	s.Dir = filepath.Join(filepath.Dir(s.Dir), s.ID)
	a := newAgent(t, "spawner", s, Probe())
	one, two := f.process(), f.process()
	a.kill()
	a.shim.wait()
	one.wait() // without a cgroup the job has a shim of its own
	two.wait()
	if e := wait(t, attach(t, s)); !e.LeaseExpired {
		t.Errorf("exit: %+v", e)
	}
}

func TestLease_Changed(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	s := termer(t, f, "4")
	p := begin(t, s)
	f.line()
	shim := watch(t, p.link.keeper.PID)
	if err := p.SetLease(0); err != nil {
		t.Fatal(err)
	}
	_ = p.link.wire.conn.Close()
	shim.wait()
	if e := exitOf(t, s); !e.LeaseExpired || e.Code != 4 {
		t.Errorf("exit: %+v", e)
	}
}

// The time limit holds when no agent is there.
func TestTimeLimit_WithoutAgent(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	s := shell(t, "echo $$ >"+f.path+"; exec sleep 1000")
	s.TimeLimit = 300 * time.Millisecond
	a := newAgent(t, "shim", s, Probe())
	a.kill()
	a.shim.wait()
	if e := exitOf(t, s); !e.TimedOut || e.LeaseExpired || e.Signal != "TERM" {
		t.Errorf("exit: %+v", e)
	}
}

func TestLost_ShimKilled(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		f := newFifo(t)
		// One left the session and keeps the mark, one the other way round.
		s := shell(t, daemon(f, "exec sleep 1000")+
			"env -i sh -c 'echo $$ >"+f.path+"; exec sleep 1000' &\n"+
			"echo $$ >"+f.path+"; exec sleep 1000")
		p := beginOn(t, s, c)
		all := []*witness{f.process(), f.process(), f.process()}
		watch(t, p.link.keeper.PID).kill()
		e := wait(t, p)
		wantGone(t, all...)
		wantNoGroup(t, p)
		if !e.Lost {
			t.Errorf("exit: %+v", e)
		}
		if e := wait(t, attach(t, s)); !e.Lost {
			t.Errorf("attached: %+v", e)
		}
	})
}

// Both are killed: the next agent cleans up.
func TestLost_ShimAndAgentKilled(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		f := newFifo(t)
		s := shell(t, daemon(f, "exec sleep 1000")+"echo $$ >"+f.path+"; exec sleep 1000")
		a := newAgent(t, "shim", s, c)
		one, two := f.process(), f.process()
		a.kill()
		a.wait()
		a.shim.kill()
		a.shim.wait()
		p := attach(t, s)
		if e := wait(t, p); !e.Lost {
			t.Errorf("exit: %+v", e)
		}
		wantGone(t, one, two)
		wantNoGroup(t, p)
	})
}

func TestAttach_NeverStarted(t *testing.T) {
	t.Parallel()
	s := shell(t, "")
	p := attach(t, s)
	if e := wait(t, p); !e.Lost {
		t.Errorf("exit: %+v", e)
	}
	// There is nobody to ask, and nothing to ask for.
	if err := errors.Join(p.SetLease(time.Second), p.Stop(0), p.Signal(unix.SIGHUP), Forget(p)); err != nil {
		t.Error(err)
	}
}

// A keeper's id that another process has now is not the keeper.
func TestAttach_IDUsedAgain(t *testing.T) {
	t.Parallel()
	s := shell(t, "")
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	me, err := identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	me.Start++
	if err := (state{ID: s.ID, Keeper: me, Control: s.Dir}).write(s.Dir); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, attach(t, s)); !e.Lost {
		t.Errorf("exit: %+v", e)
	}
}

// The agent wrote the state and died before its request came.
func TestAttach_ShimWithoutJob(t *testing.T) {
	t.Parallel()
	s := shell(t, "exit 1")
	if err := prepare(&s); err != nil {
		t.Fatal(err)
	}
	l, err := openKeeper(patient(t), keeperSpec{mode: cmdShim, dir: s.Dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := (state{ID: s.ID, Keeper: l.keeper, Control: l.control}).write(s.Dir); err != nil {
		t.Fatal(err)
	}
	shim := watch(t, l.keeper.PID)
	if e := wait(t, attach(t, s)); !e.Lost {
		t.Errorf("exit: %+v", e)
	}
	// What comes late is refused, or finds no shim: the attempt was given up.
	if _, err := l.start(patient(t), s, Probe().place(s.ID, s.Limits)); err == nil {
		t.Error("the attempt was started")
	}
	if _, err := os.Stat(filepath.Join(s.Dir, ExitFile)); err == nil {
		t.Error("there is an exit")
	}
	shim.wait()
}

// A machine that shuts down sends TERM to all.
func TestShim_Terminated(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	s := termer(t, f, "3")
	s.Grace = patience
	p := begin(t, s)
	f.line()
	if err := unix.Kill(p.link.keeper.PID, unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, p); e.Code != 3 || !e.Stopped {
		t.Errorf("exit: %+v", e)
	}
}

// A full disk keeps an exit from being written, not from being told.
func TestExit_DiskFull(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	s, open := gated(t, f)
	fill := func() {
		// What nobody can do to the same end: forbid writing.
		if err := os.Chmod(s.Dir, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(s.Dir, 0o700) })
	}
	if os.Getuid() == 0 {
		dir := t.TempDir()
		if err := unix.Mount("turno", dir, "tmpfs", 0, "size=64k"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
		s.Dir = filepath.Join(dir, "attempt")
		fill = func() {
			err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 1<<20), 0o600)
			if !errors.Is(err, unix.ENOSPC) {
				t.Fatal(err)
			}
		}
	}
	p := begin(t, s)
	f.line()
	fill()
	open()
	e := wait(t, p)
	if e.Code != 6 || e.LogBytes != 0 || e.LogDropped != int64(len("done\n")) {
		t.Errorf("exit: %+v", e)
	}
	if _, err := os.Stat(filepath.Join(s.Dir, ExitFile)); err == nil {
		t.Error("the exit could be written")
	}
}
