package sqlite_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"turno/internal/store/sqlite"
	"turno/internal/store/storetest"
)

// crashVariable tells a child of TestCrash which file is its.
const crashVariable = "TURNO_SQLITE_CRASH"

// TestCrashChild is what the child runs; in an ordinary run it has no part.
func TestCrashChild(t *testing.T) {
	path := os.Getenv(crashVariable)
	if path == "" {
		return
	}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Fatal(storetest.CommitAndTell(t, s, os.Stdout)) // until it is killed
}

func TestCrash_NothingToldIsMissing(t *testing.T) {
	t.Parallel()
	for range 5 {
		path := filepath.Join(t.TempDir(), "turno.db")
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashChild$")
		child.Env = append(os.Environ(), crashVariable+"="+path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		// The kill comes while the child commits the batches after this one.
		at := 1 + rand.Int64N(60)
		told := storetest.Told(t, out, func(n int64) {
			if n == at {
				_ = child.Process.Kill()
			}
		})
		if err := child.Wait(); err == nil || told < at {
			t.Fatalf("the child ended by itself after %d: %v", told, err)
		}
		storetest.CheckAfterCrash(t, open(t, path), told)
	}
}
