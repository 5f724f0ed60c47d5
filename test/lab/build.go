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
	// Revision is the commit that it is built from; empty: the tree as it is.
	Revision string
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
	cmd := exec.Command("go", "build", "-tags", b.Tags, "-overlay", b.Overlay, "-o", path)
	if b.Revision != "" {
		cmd.Dir = source(t, b.Revision)
		cmd.Args = append(cmd.Args, "-trimpath") // what was built in another folder is found again
	}
	cmd.Args = append(cmd.Args, "turno/cmd/turno")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build turno: %v\n%s", err, out)
	}
	built.paths[b] = path
	return path
}

// source unpacks what this repository was at a commit. The repository itself
// is only read.
func source(t testing.TB, revision string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("sh", "-c", `root=$(git rev-parse --show-toplevel) && git -C "$root" archive "$1" >"$2/tree.tar" && tar -xf "$2/tree.tar" -C "$2" && rm "$2/tree.tar"`, "sh", revision, dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("unpack commit %s: %v\n%s", revision, err, out)
	}
	return dir
}

// Main runs a package's tests and removes what Binary made: for TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}
