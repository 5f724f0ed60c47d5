//go:build !linux

package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// helpers are what jobs of these tests are: the test binary, by its first argument.
// They run on Windows under wine (make test-wine), and wherever else Go's tests do.
var helpers = map[string]func(args []string) error{
	"say": func([]string) error {
		fmt.Println("to output", os.Getenv("WORD"))
		fmt.Fprintln(os.Stderr, "to error")
		os.Exit(3)
		return nil
	},
	// leave starts a process that stays, and ends once that has called.
	"leave": func(args []string) error {
		cmd := exec.Command(os.Args[0], "stay", args[0])
		cmd.Env = os.Environ()
		out, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		_, err = bufio.NewReader(out).ReadString('\n')
		return err
	},
	// stay holds a line to the test for as long as it lives.
	"stay": func(args []string) error {
		line, err := net.Dial("tcp", args[0])
		if err != nil {
			return err
		}
		fmt.Println("here")
		_, err = io.Copy(io.Discard, line)
		return err
	},
	"echo": func([]string) error {
		_, err := io.Copy(os.Stdout, os.Stdin)
		return err
	},
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && helpers[os.Args[1]] != nil {
		if err := helpers[os.Args[1]](os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// patience is a bound for what is certain to come, on a loaded machine.
const patience = 60 * time.Second

func helper(t *testing.T, args ...string) Spec {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return Spec{
		ID: "job", Dir: filepath.Join(dir, "attempt"), WorkDir: dir, Command: append([]string{program}, args...), Env: append(os.Environ(), "WORD=heard"),
	}
}

func start(t *testing.T, spec Spec) *Process {
	t.Helper()
	p, err := Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Stop(0)
		<-p.Done()
	})
	return p
}

func wait(t *testing.T, p *Process) Exit {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	e, err := p.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestStart_OutputAndCode(t *testing.T) {
	t.Parallel()
	spec := helper(t, "say")
	e := wait(t, start(t, spec))
	if e.Code != 3 || e.Stopped || e.TimedOut || e.EndedAt.Before(e.StartedAt) {
		t.Errorf("exit %+v, want code 3", e)
	}
	log, err := os.ReadFile(filepath.Join(spec.Dir, LogFile))
	if want := "to output heard\nto error\n"; err != nil || string(log) != want || e.LogBytes != int64(len(want)) {
		t.Errorf("log %q of %d bytes, want %q: %v", log, e.LogBytes, want, err)
	}
	again, err := Attach(spec.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if found := wait(t, again); found.Code != 3 || found.Lost {
		t.Errorf("a new agent finds %+v", found)
	}
	if _, err := Start(t.Context(), spec); !errors.Is(err, ErrUsed) {
		t.Errorf("started again: %v", err)
	}
}

func TestStart_LogIsBounded(t *testing.T) {
	t.Parallel()
	spec := helper(t, "say")
	spec.Limits.LogBytes = 4
	if e := wait(t, start(t, spec)); e.LogBytes != 4 || e.LogDropped != int64(len("to output heard\nto error\n")-4) {
		t.Errorf("kept %d, dropped %d", e.LogBytes, e.LogDropped)
	}
}

func TestStart_WhatIsNotThere(t *testing.T) {
	t.Parallel()
	spec := helper(t)
	spec.Command = []string{filepath.Join(spec.WorkDir, "nothing")}
	_, err := Start(t.Context(), spec)
	if failed, ok := errors.AsType[*SetupFailed](err); !ok || failed.Code != 127 {
		t.Errorf("%v, want SetupFailed with 127", err)
	}
}

// line waits for the call of a helper that stays.
func line(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// gone waits until the process at the other end of a line is no more.
func gone(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it lives: %v", err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestTree_WhatACommandLeavesEndsWithIt(t *testing.T) {
	t.Parallel()
	l := listen(t)
	p := start(t, helper(t, "leave", l.Addr().String()))
	left := line(t, l)
	if e := wait(t, p); e.Code != 0 {
		t.Errorf("exit %+v", e)
	}
	gone(t, left)
}

func TestStop_EndsIt(t *testing.T) {
	t.Parallel()
	for _, grace := range []time.Duration{0, 50 * time.Millisecond, 10 * patience} { // the last is not waited for: it is asked to end, or killed
		t.Run(grace.String(), func(t *testing.T) {
			t.Parallel()
			l := listen(t)
			p := start(t, helper(t, "stay", l.Addr().String()))
			c := line(t, l)
			if err := p.Stop(grace); err != nil {
				t.Fatal(err)
			}
			if e := wait(t, p); !e.Stopped || e.Code == 0 {
				t.Errorf("exit %+v, want stopped", e)
			}
			gone(t, c)
		})
	}
}

func TestTimeLimit_EndsIt(t *testing.T) {
	t.Parallel()
	l := listen(t)
	spec := helper(t, "stay", l.Addr().String())
	spec.TimeLimit = 200 * time.Millisecond
	if e := wait(t, start(t, spec)); !e.TimedOut {
		t.Errorf("exit %+v, want timed out", e)
	}
}

func TestRunner_SpeaksAndEndsWithItsInput(t *testing.T) {
	t.Parallel()
	spec := helper(t, "echo")
	var stderr strings.Builder
	r, err := StartRunner(t.Context(), RunnerSpec{Command: spec.Command, Env: spec.Env, WorkDir: spec.WorkDir, Stderr: &stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Kill(); <-r.Done() })
	if _, err := io.WriteString(r.Stdin, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if text, err := bufio.NewReader(r.Stdout).ReadString('\n'); err != nil || text != "hello\n" {
		t.Errorf("%q: %v", text, err)
	}
	if err := r.Stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, r.Process); e.Code != 0 {
		t.Errorf("exit %+v", e)
	}
}
