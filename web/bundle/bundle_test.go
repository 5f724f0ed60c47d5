package bundle_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"turno/internal/testenv"
	"turno/web"
	"turno/web/bundle"
)

var update = flag.Bool("update", false, "write web/dist anew")

const root = ".."

func TestDist_IsWhatTheSourcesMake(t *testing.T) {
	made, err := bundle.Make(root)
	if err != nil {
		t.Fatal(err)
	}
	dist := filepath.Join(root, "dist")
	if *update {
		write(t, dist, made)
		return
	}
	built := map[string]bool{}
	err = fs.WalkDir(os.DirFS(dist), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			built[name] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		text, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil || !bytes.Equal(text, made[name]) {
			t.Errorf("web/dist/%s is not what web/src makes: run make web (%v)", name, err)
		}
		delete(built, name)
	}
	for name := range built {
		t.Errorf("web/dist/%s is made by nothing: run make web", name)
	}
}

func write(t *testing.T, dist string, made bundle.Files) {
	t.Helper()
	if err := os.RemoveAll(dist); err != nil {
		t.Fatal(err)
	}
	for name, text := range made {
		file := filepath.Join(dist, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// maxFirstLoad is what the overview may cost, compressed, charts included.
const maxFirstLoad = 150 << 10

func TestDist_FirstLoadIsSmall(t *testing.T) {
	t.Parallel()
	total := 0
	err := fs.WalkDir(web.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(web.Files(), name)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
		z.Write(text)
		z.Close()
		t.Logf("%-40s %7d bytes, %6d compressed", name, len(text), b.Len())
		total += b.Len()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("all of it: %d bytes compressed", total)
	if total > maxFirstLoad {
		t.Errorf("the dashboard has %d bytes compressed; at most %d", total, maxFirstLoad)
	}
}

func TestSources_AreOfTheirTypes(t *testing.T) {
	t.Parallel()
	tsc := testenv.NeedTypeScript(t)
	cmd := exec.Command(tsc, "--pretty", "false", "--project", root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("tsc: %v\n%s", err, out)
	}
}

func TestVendor_IsAsItWasPinned(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(root, "vendor")
	sums, err := os.Open(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	defer sums.Close()
	pinned := map[string]string{}
	licences := map[string]bool{}
	for lines := bufio.NewScanner(sums); lines.Scan(); {
		sum, name, _ := strings.Cut(lines.Text(), "  ./")
		pinned[name] = sum
		if strings.HasPrefix(path.Base(name), "LICENSE") {
			licences[path.Dir(name)] = true
		}
	}
	seen := 0
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "SHA256SUMS" {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		seen++
		sum := sha256.Sum256(text)
		if pinned[name] != hex.EncodeToString(sum[:]) {
			t.Errorf("web/vendor/%s is not what scripts/vendor-web put there", name)
		}
		if folder, _, _ := strings.Cut(name, "/"); !licences[folder] {
			t.Errorf("web/vendor/%s has no licence", folder)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen != len(pinned) || seen == 0 {
		t.Errorf("%d files, and %d are pinned", seen, len(pinned))
	}
}
