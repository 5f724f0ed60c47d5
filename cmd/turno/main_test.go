package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run has the tests find turno as users get it. With the race detector, under
// which the tests themselves may run, it would compute ten times as long, and
// the packages that it is made of have their own.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "turno-cmd-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "turno"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build turno: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"up": up, "down": down, "exits": exits,
		},
		Setup: func(env *testscript.Env) error {
			// Everything that a turno may write to or find lies in the script's folder.
			examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
			if err != nil {
				return err
			}
			env.Setenv("EXAMPLES", examples)
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("TURNO_DATA", filepath.Join(env.WorkDir, "data"))
			env.Setenv("TURNO_LISTEN", "127.0.0.1:0")
			env.Setenv("TURNO_LOG_LEVEL", "warn")
			env.Setenv("TURNO_ALLOW_ROOT", "true") // the script's folder is its owner's alone
			env.Setenv("TURNO_END_JOBS", "true")   // a script leaves nothing behind, unless it is about that
			root, err := filepath.Abs("../..")
			if err != nil {
				return err
			}
			env.Setenv("ROOT", root)
			env.Values[serverKey{}] = &server{}
			env.Defer(func() { _ = env.Values[serverKey{}].(*server).stop() })
			return nil
		},
	})
}

type serverKey struct{}

// server is the turno up of a script.
type server struct {
	cmd  *exec.Cmd
	out  io.ReadCloser
	rest chan struct{}
}

// up starts turno up with the given flags, and goes on when it says that it is
// up.
func up(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(serverKey{}).(*server)
	if neg || s.cmd != nil {
		ts.Fatalf("up [flags], once at a time")
	}
	cmd := exec.Command("turno", append([]string{"up"}, args...)...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TURNO_DATA", "TURNO_LISTEN", "TURNO_LOG_LEVEL", "TURNO_ALLOW_ROOT", "TURNO_END_JOBS"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	log, err := os.Create(ts.MkAbs("up.err"))
	ts.Check(err)
	defer log.Close()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	s.cmd, s.out, s.rest = cmd, out, make(chan struct{})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		ts.Logf("up: %s", lines.Text())
		if strings.HasPrefix(lines.Text(), "Try in another terminal") {
			go func() {
				defer close(s.rest)
				_, _ = io.Copy(io.Discard, out)
			}()
			return
		}
	}
	_ = cmd.Wait()
	s.cmd = nil
	ts.Fatalf("turno up ended: %s", ts.ReadFile("up.err"))
}

// down ends it as Ctrl-C does.
func down(ts *testscript.TestScript, neg bool, _ []string) {
	if err := ts.Value(serverKey{}).(*server).stop(); (err != nil) != neg {
		ts.Fatalf("turno up ended with %v: %s", err, ts.ReadFile("up.err"))
	}
}

func (s *server) stop() error {
	if s.cmd == nil {
		return nil
	}
	cmd := s.cmd
	s.cmd = nil
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	<-s.rest
	return cmd.Wait()
}

// exits N PROGRAM ARGUMENT... wants that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("exits CODE PROGRAM ARGUMENT...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		end, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = end.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
