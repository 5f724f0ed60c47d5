package testenv

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Server is a private server of one test. It keeps its data and its ports
// until the test ends, whatever is done to it; then it is killed and its data
// removed. Its methods fail the test when they cannot do what they say.
type Server struct {
	t testing.TB
	*instance
}

// URL is how a client reaches the server; it stays the same.
func (s *Server) URL() string { return s.url }

// Kill ends the server and its children with SIGKILL and returns when they
// are gone.
func (s *Server) Kill() { s.check(s.kill) }

// Stop ends the server in order.
func (s *Server) Stop() { s.check(s.halt) }

// Start starts what Kill or Stop has ended, on the same data and ports, and
// returns when it takes connections.
func (s *Server) Start() { s.check(s.start) }

// Wipe is Kill, and everything is lost that it stored: as when its volume is.
func (s *Server) Wipe() { s.check(s.wipe) }

// Control runs the server's own tool for operators, as rabbitmqctl.
func (s *Server) Control(args ...string) {
	s.t.Helper()
	s.check(func() error { return s.operate(args) })
}

// Restart is Stop, if it runs, and Start.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.Start()
}

// Log is the end of the server's own output.
func (s *Server) Log() string { return s.tail() }

func (s *Server) check(do func() error) {
	s.t.Helper()
	if err := do(); err != nil {
		s.t.Fatal(err)
	}
}

// private makes a server of one test's own.
func private(t testing.TB, need Part, make func() (*instance, error)) *Server {
	t.Helper()
	Need(t, need)
	in, err := launchInstance(make)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("end of the output of %s:\n%s", need, in.tail())
		}
		if err := in.close(); err != nil {
			t.Error(err)
		}
	})
	return &Server{t: t, instance: in}
}

// instance is one server on one data folder, running or not.
type instance struct {
	url string
	dir string
	// stored are the folders of what it keeps; it makes them anew when they are
	// not there.
	stored []string
	// tool is what operators use; "" if there is none. It has the last part's
	// environment.
	tool string
	// parts start in this order and stop in reverse; the last is the server.
	parts []launch

	guard   *guard // nil while it is not running
	running []*process
}

func launchInstance(make func() (*instance, error)) (*instance, error) {
	in, err := make()
	if err != nil {
		return nil, err
	}
	if err := in.start(); err != nil {
		return nil, errors.Join(err, in.close())
	}
	return in, nil
}

func (in *instance) start() error {
	if in.guard != nil {
		return errors.New("start " + in.name() + ": it is running")
	}
	g, err := newGuard()
	if err != nil {
		return err
	}
	in.guard = g
	for _, l := range in.parts {
		p, err := start(l, g)
		if p != nil {
			in.running = append(in.running, p)
		}
		if err != nil {
			return errors.Join(err, in.kill())
		}
	}
	return nil
}

// halt ends the server in order, helpers after it.
func (in *instance) halt() error {
	if in.guard == nil {
		return nil
	}
	err := in.running[len(in.running)-1].terminate()
	return errors.Join(err, in.kill())
}

func (in *instance) kill() error {
	if in.guard == nil {
		return nil
	}
	var errs []error
	for i := len(in.running) - 1; i >= 0; i-- {
		errs = append(errs, in.running[i].kill())
	}
	in.guard.kill()
	in.guard, in.running = nil, nil
	return errors.Join(errs...)
}

func (in *instance) wipe() error {
	if len(in.stored) == 0 {
		return errors.New(in.name() + " cannot start without what it stored")
	}
	errs := []error{in.kill()}
	for _, dir := range in.stored {
		errs = append(errs, os.RemoveAll(dir))
	}
	return errors.Join(errs...)
}

func (in *instance) operate(args []string) error {
	if in.tool == "" {
		return errors.New(in.name() + " has no tool for operators")
	}
	last := in.parts[len(in.parts)-1]
	cmd := exec.Command(in.tool, args...)
	cmd.Dir, cmd.Env = last.dir, append([]string{"PATH=" + serverPath, "LC_ALL=C"}, last.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", in.tool, args, err, out)
	}
	return nil
}

// close kills the server and removes its data.
func (in *instance) close() error { return errors.Join(in.kill(), os.RemoveAll(in.dir)) }

func (in *instance) name() string { return in.parts[len(in.parts)-1].name }

func (in *instance) tail() string { return in.parts[len(in.parts)-1].tail() }
