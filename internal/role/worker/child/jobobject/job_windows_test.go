package jobobject_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"turno/internal/role/worker/child/jobobject"
)

// The test binary plays every process of a tree. Each calls the test by TCP, says
// its name and holds the line; that the line is cut is that the process is gone.
const (
	partVariable = "TURNO_TEST_PART"
	lineVariable = "TURNO_TEST_LINE"

	// patience is for what is certain to come, on a loaded machine.
	patience = 60 * time.Second
)

func TestMain(m *testing.M) {
	if part := os.Getenv(partVariable); part != "" {
		if err := play(part); err != nil {
			fmt.Fprintln(os.Stderr, part, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// play is the life of a process: owner has a job with a branch in it, branch starts
// a leaf, and all stay until they are ended.
func play(part string) error {
	switch part {
	case "owner":
		job, err := jobobject.New()
		if err != nil {
			return err
		}
		if _, err := adopted(job, "branch"); err != nil {
			return err
		}
	case "branch":
		if err := process("leaf").Start(); err != nil {
			return err
		}
	}
	line, err := net.Dial("tcp", os.Getenv(lineVariable))
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(line, part); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, line)
	return err
}

func process(part string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), partVariable+"="+part)
	cmd.Stderr = os.Stderr
	return cmd
}

// adopted starts a process in a job.
func adopted(job *jobobject.Job, part string) (*exec.Cmd, error) {
	cmd := process(part)
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: jobobject.Suspended}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return cmd, job.Adopt(cmd.Process)
}

// exchange takes the calls of a test's processes.
type exchange struct{ net.Listener }

func newExchange(t *testing.T) exchange {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	t.Setenv(lineVariable, l.Addr().String())
	return exchange{l}
}

// lines waits until each of these has called.
func (e exchange) lines(t *testing.T, parts ...string) map[string]net.Conn {
	t.Helper()
	out := map[string]net.Conn{}
	for range parts {
		if err := e.Listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		line, err := e.Accept()
		if err != nil {
			t.Fatalf("of %v only %v called: %v", parts, out, err)
		}
		t.Cleanup(func() { _ = line.Close() })
		name, err := bufio.NewReader(line).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSpace(name)] = line
	}
	for _, part := range parts {
		if out[part] == nil {
			t.Fatalf("%s did not call", part)
		}
	}
	return out
}

// cut waits until a process is gone.
func cut(t *testing.T, part string, line net.Conn) {
	t.Helper()
	if err := line.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := line.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s is not ended: %v", part, err)
	}
}

func TestJob_KillEndsTheWholeTree(t *testing.T) {
	e := newExchange(t)
	job, err := jobobject.New()
	if err != nil {
		t.Fatal(err)
	}
	cmd, err := adopted(job, "branch")
	if err != nil {
		t.Fatal(err)
	}
	lines := e.lines(t, "branch", "leaf")
	if err := job.Kill(); err != nil {
		t.Fatal(err)
	}
	for part, line := range lines {
		cut(t, part, line)
	}
	if err := cmd.Wait(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 137 {
		t.Errorf("what was killed exits with %v, not 137: %v", cmd.ProcessState, err)
	}
	if err := errors.Join(job.Close(), job.Close(), job.Kill()); err != nil {
		t.Errorf("what is over: %v", err)
	}
}

func TestJob_ClosingEndsWhatIsLeft(t *testing.T) {
	e := newExchange(t)
	job, err := jobobject.New()
	if err != nil {
		t.Fatal(err)
	}
	cmd, err := adopted(job, "branch")
	if err != nil {
		t.Fatal(err)
	}
	lines := e.lines(t, "branch", "leaf")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cut(t, "branch", lines["branch"])
	_ = cmd.Wait() // it was killed
	if err := job.Close(); err != nil {
		t.Fatal(err)
	}
	cut(t, "leaf", lines["leaf"])
}

// TestJob_EndsWithItsOwner: an agent that is killed has no time to close anything.
func TestJob_EndsWithItsOwner(t *testing.T) {
	e := newExchange(t)
	owner := process("owner")
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	lines := e.lines(t, "owner", "branch", "leaf")
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // it was killed
	for part, line := range lines {
		cut(t, part, line)
	}
}
