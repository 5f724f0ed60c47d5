package child

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"turno/internal/testenv"
)

// A daemon has another session and group, and this process's shim as parent.
func daemon(f *fifo, body string) string {
	return fmt.Sprintf("(setsid sh -c 'echo $$ >%s; %s' &)\n", f.path, body)
}

func TestTree_DaemonsEndWithTheMain(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		f := newFifo(t)
		s := shell(t, daemon(f, "exec sleep 1000")+daemon(f, "trap : TERM; sleep 1000; sleep 1000")+"read x <"+f.path+".go")
		if err := unix.Mkfifo(f.path+".go", 0o600); err != nil {
			t.Fatal(err)
		}
		p := beginOn(t, s, c)
		a, b := f.process(), f.process()
		if err := os.WriteFile(f.path+".go", []byte("go\n"), 0); err != nil {
			t.Fatal(err)
		}
		e := wait(t, p)
		wantGone(t, a, b)
		wantNoGroup(t, p)
		if e.Code != 0 || e.Orphans < 2 {
			t.Errorf("exit: %+v", e)
		}
	})
}

func TestTree_DaemonsEndByStop(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		f := newFifo(t)
		s := shell(t, daemon(f, "exec env -i sleep 1000")+"echo $$ >"+f.path+"; exec sleep 1000")
		p := beginOn(t, s, c)
		a, b := f.process(), f.process()
		if err := p.Stop(0); err != nil {
			t.Fatal(err)
		}
		e := wait(t, p)
		wantGone(t, a, b)
		if e.Signal != "KILL" || e.Code != 137 || !e.Stopped || e.OOMKilled {
			t.Errorf("exit: %+v", e)
		}
	})
}

func TestStop_TermThenKill(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		f := newFifo(t)
		p := beginOn(t, termer(t, f, "never"), c)
		f.line()
		const grace = 100 * time.Millisecond
		before := time.Now()
		if err := p.Stop(grace); err != nil {
			t.Fatal(err)
		}
		if got := f.line(); got != "term" {
			t.Errorf("told %q", got)
		}
		e := wait(t, p)
		if e.Signal != "KILL" || !e.Stopped || time.Since(before) < grace {
			t.Errorf("after %v: %+v", time.Since(before), e)
		}
	})
}

func TestStop_TermIsEnough(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		f := newFifo(t)
		p := beginOn(t, termer(t, f, "5"), c)
		f.line()
		for range 3 { // idempotent
			if err := p.Stop(patience); err != nil {
				t.Fatal(err)
			}
		}
		if e := wait(t, p); e.Code != 5 || !e.Stopped {
			t.Errorf("exit: %+v", e)
		}
		if err := p.Stop(0); err != nil {
			t.Errorf("stop after the end: %v", err)
		}
	})
}

// A stop with a long grace can be made short, not the other way round.
func TestStop_Shortened(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	p := begin(t, termer(t, f, "never"))
	f.line()
	for _, grace := range []time.Duration{10 * patience, time.Millisecond, 10 * patience} {
		if err := p.Stop(grace); err != nil {
			t.Fatal(err)
		}
	}
	if e := wait(t, p); e.Signal != "KILL" {
		t.Errorf("exit: %+v", e)
	}
}

func TestStop_Stopped(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	p := begin(t, shell(t, "echo $$ >"+f.path+"; kill -STOP $$; exec sleep 1000"))
	f.process()
	if err := p.Stop(patience); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, p); e.Signal != "TERM" {
		t.Errorf("exit: %+v", e)
	}
}

func TestSignal(t *testing.T) {
	t.Parallel()
	f := newFifo(t)
	p := begin(t, termer(t, f, "9"))
	f.line()
	if err := p.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, p); e.Code != 9 || e.Stopped {
		t.Errorf("exit: %+v", e)
	}
}

func TestTimeLimit(t *testing.T) {
	t.Parallel()
	s := shell(t, "trap '' TERM; while :; do sleep 1000; done")
	s.TimeLimit, s.Grace = 50*time.Millisecond, 50*time.Millisecond
	e := wait(t, begin(t, s))
	if took := e.EndedAt.Sub(e.StartedAt); !e.TimedOut || e.Signal != "KILL" || took < 100*time.Millisecond {
		t.Errorf("after %v: %+v", took, e)
	}
}

// Each link of a chain starts the next and ends: there is always one, never
// the same for long.
func TestTree_ForkChainsEnd(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		f := newFifo(t)
		s := shell(t, `
			link() { n=$1; [ $n -gt 0 ] && { link $((n-1)) & }; }
			for i in 1 2 3 4; do (setsid sh -c 'link() { [ $1 -gt 0 ] && { link $(($1-1)) & } ; }; link 50000' &) ; done
			echo ready >`+f.path+"; exec sleep 1000")
		mark := "MARK=" + t.Name() + fmt.Sprint(time.Now().UnixNano())
		s.Env = append(s.Env, mark)
		p := beginOn(t, s, c)
		f.line()
		if err := p.Stop(0); err != nil {
			t.Fatal(err)
		}
		wait(t, p)
		wantNoMark(t, mark)
	})
}

// A bomb that would grow to 2^11 processes, all at once.
func TestTree_ForkBombEnds(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		f := newFifo(t)
		s := shell(t, `bomb() { [ $1 -gt 0 ] && { bomb $(($1-1)) & bomb $(($1-1)) & }; sleep 1000; }
			echo ready >`+f.path+"; bomb 6")
		mark := "MARK=" + t.Name() + fmt.Sprint(time.Now().UnixNano())
		s.Env = append(s.Env, mark)
		s.Limits.Processes = 100
		p := beginOn(t, s, c)
		f.line()
		if err := p.Stop(0); err != nil {
			t.Fatal(err)
		}
		wait(t, p)
		wantNoMark(t, mark)
	})
}

// wantNoMark fails if a process has this entry in its environment.
func wantNoMark(t *testing.T, mark string) {
	t.Helper()
	pids, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if s, err := readStat(pid); err == nil && !s.dead() && bytes.Contains(env, []byte(mark)) {
			t.Errorf("process %d is left: %+v", pid, s)
		}
	}
}

// limited says that this machine enforces a limit. Where it does not, a job
// with that limit has to run all the same.
func limited(t *testing.T, name string, l Limits) bool {
	t.Helper()
	if Probe().roots.limits[name] != "" {
		return true
	}
	testenv.Need(t, testenv.CgroupNeed)
	s := shell(t, "exit 3")
	s.Limits = l
	if e := wait(t, begin(t, s)); e.Code != 3 {
		t.Errorf("exit: %+v", e)
	}
	return false
}

func TestLimit_Memory(t *testing.T) {
	t.Parallel()
	const limit = 256 << 20 // more than a shim with the race detector in it: only above that it is known
	if !limited(t, "memory", Limits{MemoryBytes: limit}) {
		return
	}
	s := shell(t, "")
	s.Command = []string{self(t), "eat"}
	s.Limits.MemoryBytes = limit
	e := wait(t, begin(t, s))
	if !e.OOMKilled || e.Signal != "KILL" || e.Stopped || e.TimedOut {
		t.Errorf("exit: %+v", e)
	}
	if e.MaxRSSBytes < limit/2 || e.MaxRSSBytes > 2*limit {
		t.Errorf("largest: %d", e.MaxRSSBytes)
	}
	s = shell(t, "kill -KILL $$") // the same signal, for another reason
	s.Limits.MemoryBytes = limit
	if e := wait(t, begin(t, s)); e.OOMKilled || e.Signal != "KILL" {
		t.Errorf("exit: %+v", e)
	}
}

func TestLimit_Processes(t *testing.T) {
	t.Parallel()
	if !limited(t, "pids", Limits{Processes: 5}) {
		return
	}
	s := shell(t, "for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; echo all")
	s.Limits.Processes = 5
	if wait(t, begin(t, s)); strings.Contains(logOf(t, s), "all") || logOf(t, s) == "" {
		t.Errorf("log: %q", logOf(t, s))
	}
}

func TestLimit_CPU(t *testing.T) {
	t.Parallel()
	if !limited(t, "cpu", Limits{CPUMillis: 500}) {
		return
	}
	f := newFifo(t)
	s := shell(t, "echo ready >"+f.path+"; exec sleep 1000")
	s.Limits.CPUMillis = 500
	p := begin(t, s)
	f.line()
	file, want := "/cpu.cfs_quota_us", "50000"
	if !Probe().LimitsV1 {
		file, want = "/cpu.max", "50000 100000"
	}
	got, err := os.ReadFile(p.place.Limits["cpu"] + file)
	if err != nil || strings.TrimSpace(string(got)) != want {
		t.Errorf("quota is %q: %v", got, err)
	}
	pids, err := readPIDs(p.place.Limits["cpu"] + "/cgroup.procs")
	if err != nil || len(pids) != 1 || pids[0] != p.PID() {
		t.Errorf("in the group: %v, main %d: %v", pids, p.PID(), err)
	}
}
