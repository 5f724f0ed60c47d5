package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The test binary plays every part: the hidden commands, and the helpers
// below, which jobs and agents in tests are made of.
func TestMain(m *testing.M) {
	if code, ok := Main(os.Args[1:]); ok {
		os.Exit(code)
	}
	if len(os.Args) > 1 {
		if helper, ok := helpers[os.Args[1]]; ok {
			helper(os.Args[2:])
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// patience is a bound for what is certain to come, on a loaded machine.
const patience = 60 * time.Second

func patient(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// skip skips for a reason that TURNO_TEST_REQUIRE can forbid.
func skip(t testing.TB, reason, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("TURNO_TEST_REQUIRE"), ","), reason) {
		t.Fatalf("%s is required, but %s", reason, why)
	}
	t.Skipf("%s: %s", reason, why)
}

func self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// shell is a spec of a shell script.
func shell(t testing.TB, script string) Spec {
	t.Helper()
	return Spec{
		ID: "test", Dir: filepath.Join(t.TempDir(), "attempt"),
		Command: []string{"/bin/sh", "-c", script}, WorkDir: t.TempDir(),
		Env:   []string{"PATH=/usr/local/bin:/usr/bin:/bin"},
		Lease: patience, Grace: time.Second,
	}
}

func wait(t testing.TB, p *Process) Exit {
	t.Helper()
	e, err := p.Wait(patient(t))
	if err != nil {
		t.Fatalf("wait: %v", err)
	}
	return e
}

func logOf(t testing.TB, s Spec) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.Dir, LogFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

var helpers = map[string]func([]string){
	"say": func(args []string) { fmt.Println(args) },
}
