package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Build is how a binary is made. The zero Build is what users get.
type Build struct {
	Tags    string
	Overlay string // a file, as go build takes it
}

var built struct {
	mu    sync.Mutex // guards both, and is held while one is made: all wait for it anyway
	dir   string
	paths map[Build]string
}

// Binary makes the program, once for each Build in a test's process.
func Binary(t testing.TB, b Build) string {
	t.Helper()
	built.mu.Lock()
	defer built.mu.Unlock()
	if path := built.paths[b]; path != "" {
		return path
	}
	if built.dir == "" {
		dir, err := os.MkdirTemp("", "turno-lab-")
		if err != nil {
			t.Fatal(err)
		}
		built.dir, built.paths = dir, map[Build]string{}
	}
	path := filepath.Join(built.dir, fmt.Sprintf("turno%d", len(built.paths)))
	cmd := exec.Command("go", "build", "-tags", b.Tags, "-overlay", b.Overlay, "-o", path, "turno/cmd/turno")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build turno: %v\n%s", err, out)
	}
	built.paths[b] = path
	return path
}

// Main runs a package's tests and removes what Binary made: for TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}
