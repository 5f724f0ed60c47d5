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
		write(t, dist, made.Files)
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
	for _, name := range slices.Sorted(maps.Keys(made.Files)) {
		text, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil || !bytes.Equal(text, made.Files[name]) {
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

// maxFirstLoad is what the overview may cost, compressed, charts included;
// maxPage what any other page may cost beside that.
const (
	maxFirstLoad = 140 << 10
	maxPage      = 20 << 10
)

// later is what the overview imports once it is there: its charts.
var later = []string{"src/charts/chartjs.ts", "src/charts/uplot.ts"}

// What a browser fetches for the overview test/browser measures too.
func TestDist_FirstLoadIsSmall(t *testing.T) {
	t.Parallel()
	made, err := bundle.Make(root)
	if err != nil {
		t.Fatal(err)
	}
	first := append(made.Loads(append(later, "src/main.tsx", "src/stream/worker.ts")...), "index.html", "favicon.svg")
	total := 0
	for _, name := range first {
		size := compressed(made.Files[name])
		t.Logf("%-40s %7d bytes, %6d compressed", name, len(made.Files[name]), size)
		total += size
	}
	t.Logf("the first load: %d files, %d bytes compressed", len(first), total)
	if len(first) < 7 || total > maxFirstLoad {
		t.Errorf("the first load has %d files and %d bytes compressed; at most %d bytes", len(first), total, maxFirstLoad)
	}
	pages, err := filepath.Glob(filepath.Join(root, "src", "pages", "*.tsx"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("there are %d pages: %v", len(pages), err)
	}
	for _, page := range append(pages, "es.ts") {
		source := "src/pages/" + filepath.Base(page)
		if page == "es.ts" {
			source = "src/i18n/es.ts"
		}
		size := 0
		for _, name := range made.Loads(source) {
			if !slices.Contains(first, name) {
				size += compressed(made.Files[name])
			}
		}
		t.Logf("%-40s %6d compressed, beside it", source, size)
		if size > maxPage {
			t.Errorf("%s costs %d bytes beside the first load; at most %d", source, size, maxPage)
		}
	}
}

func compressed(text []byte) int {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = z.Write(text)                                  // to memory
	_ = z.Close()
	return b.Len()
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
