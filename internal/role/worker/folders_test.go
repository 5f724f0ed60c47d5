package worker

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestFolders_NothingIsLeftForTheNext: whatever a job does to its folder, the
// next attempt gets one that is as new.
func TestFolders_NothingIsLeftForTheNext(t *testing.T) {
	t.Parallel()
	write := func(path string) func(string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, path), nil, 0o600) }
	}
	jobs := map[string]func(dir string) error{
		"nothing":          func(string) error { return nil },
		"a log":            write("log"),
		"a file in work":   write("work/x"),
		"a hidden file":    write("tmp/.x"),
		"an output":        write("out/x"),
		"a folder":         func(dir string) error { return os.Mkdir(filepath.Join(dir, "work", "x"), 0o700) },
		"a part removed":   func(dir string) error { return os.Remove(filepath.Join(dir, "tmp")) },
		"all removed":      os.RemoveAll,
		"open to everyone": func(dir string) error { return os.Chmod(filepath.Join(dir, "work"), 0o777) },
		"times set back": func(dir string) error {
			work := filepath.Join(dir, "work")
			info, err := os.Stat(work)
			if err == nil {
				err = write("work/x")(dir)
			}
			if err == nil {
				err = os.Chtimes(work, info.ModTime(), info.ModTime())
			}
			return err
		},
	}
	for name, job := range jobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			f := &attemptFolders{}
			first, second, third := filepath.Join(root, "1.1"), filepath.Join(root, "2.1"), filepath.Join(root, "3.1")
			use := func(dir string, job func(string) error) {
				t.Helper()
				if err := f.make(dir, nil); err != nil {
					t.Fatal(err)
				}
				if names, err := list(dir); err != nil || len(names) != len(parts) || !untouched(dir) {
					t.Fatalf("a new attempt finds %v, %v", names, err)
				}
				if err := job(dir); err != nil {
					t.Fatal(err)
				}
				if err := f.clean(dir); err != nil {
					t.Fatal(err)
				}
			}
			use(first, jobs["nothing"])
			<-time.After(2 * tick) // the file system's own clock: the second attempt's folder is stamped
			use(second, job)
			use(third, jobs["nothing"])
			kept := slices.Contains(mustList(t, root), filepath.Base(second))
			if want := name == "an output"; kept != want {
				t.Errorf("the folder is kept: %v, want %v", kept, want)
			}
		})
	}
}

func mustList(t *testing.T, dir string) []string {
	t.Helper()
	names, err := list(dir)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestFolders_OneServesManyAttempts: what was left empty is used again.
func TestFolders_OneServesManyAttempts(t *testing.T) {
	t.Parallel()
	root, f := t.TempDir(), &attemptFolders{}
	for i := range 100 {
		dir := filepath.Join(root, "x", string(rune('a'+i%26)))
		if i == 0 {
			if err := os.Mkdir(filepath.Dir(dir), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.make(dir, nil); err != nil {
			t.Fatal(err)
		}
		if err := f.clean(dir); err != nil {
			t.Fatal(err)
		}
		if n := len(mustList(t, filepath.Dir(dir))); n != 1 {
			t.Fatalf("attempt %d: %d folders", i, n)
		}
	}
}
