package child

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// open opens a stream that is closed with the test.
func open(t testing.TB, p *Process, e *Entry) *Stream {
	t.Helper()
	s, err := p.Open(patient(t), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// until reads output until it holds a text, and returns what was read.
func until(t testing.TB, s *Stream, text string) string {
	t.Helper()
	var all strings.Builder
	for !strings.Contains(all.String(), text) {
		m, err := s.Receive()
		if err != nil || m.Exit != nil || m.Error != "" {
			t.Fatalf("%v %+v after %q, and no %q", err, m, all.String(), text)
		}
		all.Write(m.Data)
	}
	return all.String()
}

// rest reads all that comes, by stream, and how it ends.
func rest(s *Stream) (out, errs string, exit *Exit) {
	for {
		m, err := s.Receive()
		switch {
		case err != nil:
			return out, errs, exit
		case m.Exit != nil:
			exit = m.Exit
		case m.Stderr:
			errs += string(m.Data)
		default:
			out += string(m.Data)
		}
	}
}

func say(t testing.TB, s *Stream, m Talk) {
	t.Helper()
	if err := s.Send(m); err != nil {
		t.Fatal(err)
	}
}

func TestOpen_Terminal(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		spec := shell(t, `trap 'stty size' WINCH; stty size; tty | sed s/[0-9]//g; echo ready; read line; echo "got $line"; read line; exit 7`)
		spec.Terminal = &Terminal{Rows: 30, Cols: 100}
		p := beginOn(t, spec, c)
		s := open(t, p, nil)
		if got := until(t, s, "ready\r\n"); !strings.Contains(got, "30 100\r\n") || !strings.Contains(got, "/dev/pts/") {
			t.Errorf("a terminal says %q", got)
		}
		say(t, s, Talk{Data: []byte("hello\n")})
		until(t, s, "hello\r\ngot hello\r\n") // the echo, and the answer
		say(t, s, Talk{Size: &Terminal{Rows: 50, Cols: 132}})
		// The trap may have ended the read, and so the job, already.
		_ = s.Send(Talk{Data: []byte("\n")})
		_, _, _ = rest(s)
		if e := wait(t, p); e.Code != 7 || e.Orphans != 0 {
			t.Errorf("exit: %+v", e)
		}
		if log := logOf(t, spec); !strings.Contains(log, "got hello\r\n") {
			t.Errorf("log: %q", log)
		}
		wantNoGroup(t, p)
	})
}

func TestOpen_TerminalInterruptHangupAndLastOutput(t *testing.T) {
	t.Parallel()
	spec := shell(t, `trap 'echo interrupted' INT; trap 'echo hung up; exit 3' HUP; echo ready; while :; do read x; done`)
	spec.Terminal = &Terminal{}
	p := begin(t, spec)
	first := open(t, p, nil)
	until(t, first, "ready")
	say(t, first, Talk{Data: []byte{3}}) // ^C
	until(t, first, "interrupted")
	// Another one takes over, where the first has stopped.
	second := open(t, p, nil)
	for {
		m, err := first.Receive()
		if err != nil {
			break
		}
		if m.Error != "" && !strings.Contains(m.Error, "somebody else") {
			t.Errorf("taken over: %+v", m)
		}
	}
	say(t, second, Talk{Hangup: true})
	if out, _, _ := rest(second); !strings.Contains(out, "hung up") {
		t.Errorf("the last output is %q", out)
	}
	if e := wait(t, p); e.Code != 3 {
		t.Errorf("exit: %+v", e)
	}
}

func TestOpen_Input(t *testing.T) {
	t.Parallel()
	spec := shell(t, "wc -c; echo end")
	spec.Stdin = true
	p := begin(t, spec)
	s := open(t, p, nil)
	for range 64 {
		say(t, s, Talk{Data: make([]byte, talkBytes)}) // 1 MiB: more than a pipe holds
	}
	say(t, s, Talk{EOF: true})
	if e := wait(t, p); e.Code != 0 {
		t.Errorf("exit: %+v", e)
	}
	if got := logOf(t, spec); got != "1048576\nend\n" {
		t.Errorf("log: %q", got)
	}
	if _, err := p.Open(patient(t), nil); !errors.Is(err, ErrOver) {
		t.Errorf("open after the end: %v", err)
	}
}

func TestOpen_Entry(t *testing.T) {
	t.Parallel()
	eachRung(t, func(t *testing.T, c Capability) {
		f := newFifo(t)
		spec := shell(t, "echo $$ > "+f.path+"; sleep 600")
		p := beginOn(t, spec, c)
		main := f.process()
		enter(t, p)
		dies(t, p, main)
		wantNoGroup(t, p)
	})
}

// TestOpen_EntryOfAKeeper: jobs without a shim of their own can be entered too.
func TestOpen_EntryOfAKeeper(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k, err := OpenSpawner(patient(t), SpawnerSpec{Dir: dir, Binary: self(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	f := newFifo(t)
	spec := shell(t, "echo $$ > "+f.path+"; sleep 600")
	spec.NoNewPrivileges, spec.ID = true, "7.1"
	spec.Dir = filepath.Join(dir, spec.ID)
	p, err := k.Start(patient(t), spec)
	if err != nil {
		t.Fatal(err)
	}
	main := f.process()
	enter(t, p)
	dies(t, p, main)
}

// enter runs commands inside a job.
func enter(t *testing.T, p *Process) {
	t.Helper()
	env := []string{"PATH=/usr/local/bin:/usr/bin:/bin", "A=a b"}
	s := open(t, p, &Entry{Command: []string{"sh", "-c", `echo "$A in $PWD"; echo bad >&2; cat; exit 5`}, Env: env, WorkDir: "/tmp"})
	say(t, s, Talk{Data: []byte("typed\n")})
	say(t, s, Talk{EOF: true})
	if out, errs, exit := rest(s); out != "a b in /tmp\ntyped\n" || errs != "bad\n" || exit == nil || exit.Code != 5 {
		t.Errorf("inside: %q, %q, %+v", out, errs, exit)
	}
	_, err := p.Open(patient(t), &Entry{Command: []string{"no-such-program"}, Env: env, WorkDir: "/tmp"})
	if failed, ok := errors.AsType[*SetupFailed](err); !ok || failed.Code != 127 {
		t.Errorf("no such program: %v", err)
	}
	tty := open(t, p, &Entry{Command: []string{"sh", "-c", "stty size; read x; echo x=$x"}, Env: env, WorkDir: "/tmp", Terminal: &Terminal{Rows: 11, Cols: 22}})
	until(t, tty, "11 22\r\n")
	say(t, tty, Talk{Data: []byte("y\n")})
	if out, _, exit := rest(tty); !strings.Contains(out, "x=y\r\n") || exit == nil || exit.Code != 0 {
		t.Errorf("at a terminal: %q, %+v", out, exit)
	}
	if _, err := p.Open(patient(t), nil); err == nil || !strings.Contains(err.Error(), "-i or -t") {
		t.Errorf("a desk of a job without one: %v", err)
	}
	// One whose user goes ends.
	f := newFifo(t)
	left := open(t, p, &Entry{Command: []string{"sh", "-c", "trap '' HUP; echo $$ > " + f.path + "; sleep 600"}, Env: env, WorkDir: "/tmp"})
	w := f.process()
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	w.wait()
}

// dies ends a job and wants what is inside to end with it.
func dies(t *testing.T, p *Process, main *witness) {
	t.Helper()
	f := newFifo(t)
	s := open(t, p, &Entry{Command: []string{"/bin/sh", "-c", "(echo $$ > " + f.path + "; exec sleep 600) & wait"}, WorkDir: "/"})
	inside := f.process()
	if err := p.Stop(0); err != nil {
		t.Fatal(err)
	}
	wait(t, p)
	wantGone(t, main, inside)
	if _, _, exit := rest(s); exit != nil && exit.Code != 137 {
		t.Errorf("inside: %+v", exit)
	}
}

func TestRing_HoldsUpTheWriterNotTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRing()
		r.write(make([]byte, 3*ringBytes)) // nobody watches: nothing waits
		x := r.attach()
		buf := make([]byte, 1<<20)
		if n, err := x.next(buf); n != ringBytes || err != nil {
			t.Errorf("the last %d bytes are there, %v", n, err)
		}
		written := 0
		go func() {
			for range 100 {
				r.write(make([]byte, 16<<10))
				written++
			}
			r.close()
		}()
		synctest.Wait()
		if written > 20 || len(r.data) > 2*ringBytes {
			t.Errorf("%d writes went on, %d bytes are held", written, len(r.data))
		}
		total := 0
		for {
			n, err := x.next(buf[:5000])
			if err != nil {
				break
			}
			total += n
		}
		if total != 100*16<<10 {
			t.Errorf("%d bytes came", total)
		}
	})
}
