//go:build failpoints

package failpoint

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestRules_Act(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(Folder, dir)
	t.Setenv(Variable, "store.written=error#2;api.asked=delay(30ms);worker.ended=error")
	if err := Hit(StoreWritten); err != nil {
		t.Errorf("the first hit: %v", err)
	}
	if err := Hit(StoreWritten); !errors.Is(err, ErrHit) {
		t.Errorf("the second hit: %v", err)
	}
	if err := Hit(StoreWritten); err != nil {
		t.Errorf("the third hit: %v", err)
	}
	began := time.Now()
	if err := Hit(APIAsked); err != nil || time.Since(began) < 30*time.Millisecond {
		t.Errorf("a delay: %v after %s", err, time.Since(began))
	}
	for range 3 {
		if err := Hit(WorkerEnded); !errors.Is(err, ErrHit) {
			t.Errorf("each hit: %v", err)
		}
	}
	if err := Hit(ChildForked); err != nil {
		t.Errorf("a step without a rule: %v", err)
	}
	for name, want := range map[string]bool{StoreWritten: true, APIAsked: true, ChildForked: false} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("the mark of %s: %v", name, err)
		}
	}
}

func TestRules_OnceInAllProcesses(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(Folder, dir)
	if err := os.WriteFile(filepath.Join(dir, ChildEnded), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if mark(ChildEnded, &rule{at: 1}) {
		t.Error("another process has acted, and this one may too")
	}
}

func TestParse_Refuses(t *testing.T) {
	for _, list := range []string{"no.such=kill", "api.asked", "api.asked=burn", "api.asked=kill#0", "api.asked=kill#x", "api.asked=delay(soon)"} {
		if m, err := parse(list); err == nil {
			t.Errorf("%q is %v", list, m)
		}
	}
}

func TestRules_OfAFileThatIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules")
	t.Setenv(Variable, "@"+path)
	t.Setenv(Folder, "")
	for i, c := range []struct {
		list string // "": no file
		want error
	}{{"", nil}, {"api.asked=error#1", ErrHit}, {"store.written=error", nil}, {"", nil}, {"api.asked=error", ErrHit}} {
		_ = os.Remove(path)
		if c.list != "" {
			if err := errors.Join(os.WriteFile(path+".new", []byte(c.list), 0o600), os.Rename(path+".new", path)); err != nil {
				t.Fatal(err)
			}
		}
		if err := Hit(APIAsked); !errors.Is(err, c.want) {
			t.Errorf("%d: %q: %v", i, c.list, err)
		}
	}
}
