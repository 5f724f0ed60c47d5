package lint

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The rules on this module itself. A rule is changed in its file, the table of
// imports in house.go.

const (
	root   = "../.."
	module = "turno"
)

var houseTree = sync.OnceValues(func() (*Tree, error) { return load(root, module) })

func theTree(t *testing.T) *Tree {
	t.Helper()
	tree, err := houseTree()
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Packages) < 10 {
		t.Fatalf("found %d packages: the rules would pass for want of anything to see", len(tree.Packages))
	}
	return tree
}

func fail(t *testing.T, found []Finding) {
	t.Helper()
	for _, f := range found {
		t.Error(f)
	}
}

func TestHouse_Imports(t *testing.T) {
	t.Parallel()
	found, _ := imports(theTree(t), house)
	fail(t, found)
}

func TestHouse_Purity(t *testing.T) {
	t.Parallel()
	tree := theTree(t)
	im, err := compiled(tree.Fset, root, ".", "./internal/core/...")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, p := range tree.Packages {
		if !isPure(p.Path) {
			continue
		}
		checked++
		found, err := purity(tree, p, im)
		if err != nil {
			t.Error(err)
		}
		fail(t, found)
	}
	if checked < len(pure) {
		t.Errorf("checked %d packages, want at least those of %v", checked, pure)
	}
}

func TestHouse_Sizes(t *testing.T) {
	t.Parallel()
	hard, _ := sizes(theTree(t))
	fail(t, hard)
}

// Nothing here fails. To read it: go test -run Report -v ./internal/lint
func TestReport_SoftLimitsAndUnusedAllowances(t *testing.T) {
	t.Parallel()
	_, unused := imports(theTree(t), house)
	_, soft := sizes(theTree(t))
	for _, f := range append(unused, soft...) {
		t.Log(f)
	}
}

func TestHouse_BannedCalls(t *testing.T) {
	t.Parallel()
	fail(t, banned(theTree(t)))
}

func TestHouse_Formatted(t *testing.T) {
	t.Parallel()
	for _, p := range theTree(t).Packages {
		for _, s := range p.Files {
			text, err := os.ReadFile(filepath.Join(root, s.Path))
			if err != nil {
				t.Fatal(err)
			}
			formatted, err := format.Source(text)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(text, formatted) {
				t.Error(Finding{s.Path + ":1", "gofmt", "is not formatted", "run make fmt"})
			}
		}
	}
}

func TestHouse_NamesNoRegistry(t *testing.T) {
	t.Parallel()
	files := strings.SplitSeq(strings.TrimSuffix(run(t, "git", "ls-files", "-z"), "\x00"), "\x00")
	for file := range files {
		text, err := os.ReadFile(filepath.Join(root, file))
		if os.IsNotExist(err) {
			continue // removed, not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		fail(t, hostNames(file, text))
	}
}

// The tools say themselves what is wrong and where.
func TestHouse_Tools(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, do string
		command  []string
	}{
		{"vet", "mend it", []string{"go", "vet", "./..."}},
		{"staticcheck", "mend it", []string{"go", "tool", "staticcheck", "./..."}},
		{"fix", "run make fmt", []string{"go", "fix", "-diff", "./..."}},
		{"tidy", "run go mod tidy", []string{"go", "mod", "tidy", "-diff"}},
	}
	for _, c := range cases {
		// One after the other: each takes all cores.
		t.Run(c.name, func(t *testing.T) {
			if out, err := command(c.command...).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s: %v; %s:\n%s", strings.Join(c.command, " "), err, c.do, out)
			}
		})
	}
}

// command runs in the module's root.
func command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = root
	return cmd
}

func run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := command(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, stderr.Bytes()))
	}
	return string(out)
}

func TestHouse_CompilesElsewhere(t *testing.T) {
	t.Parallel()
	for _, on := range []struct{ os, arch string }{{"windows", "amd64"}, {"darwin", "arm64"}, {"linux", "arm64"}} {
		t.Run(on.os+"/"+on.arch, func(t *testing.T) {
			if err := elsewhere(root, on.os, on.arch); err != nil {
				t.Error(err)
			}
		})
	}
}
