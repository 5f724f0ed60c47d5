package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/internal/store"
	"turno/internal/store/sqlite"
)

// job is a queued one.
func job(number int64) store.Change {
	now := time.UnixMicro(1_700_000_000_000_000).UTC()
	return store.Change{Job: &turno.Job{
		ID: "018bcfe5-6800-7000-8000-" + strings.Repeat("0", 11) + string('0'+rune(number)), Number: number, State: turno.Queued, Task: -1,
		Reason: turno.ReasonPriority, Since: now, SubmittedAt: now, Spec: &turno.Spec{Type: "noop", Queue: "default", User: "u"},
	}}
}

func commit(t *testing.T, s *sqlite.Store, b store.Batch) {
	t.Helper()
	lead, err := s.Lead(t.Context(), "test", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b.Term = lead.Term
	if err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// TestRestore_TakesThePlace: a backup of a store that is open holds what was
// committed before; put back, it is as it was but for the head, and what it
// replaced is kept.
func TestRestore_TakesThePlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, file := filepath.Join(dir, "turno.db"), filepath.Join(dir, "backup")
	s := open(t, path)
	commit(t, s, store.Batch{Jobs: []store.Change{job(1), job(2)}, Next: 3})
	c, err := sqlite.Backup(t.Context(), path, file)
	if err != nil || c.Jobs != 2 || c.Head.Next != 3 || c.Head.Term != 1 || c.Head.Revision == 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	commit(t, s, store.Batch{Jobs: []store.Change{job(3)}, Next: 4})
	never := func(*sqlite.Store, store.Head) error { t.Error("got as far as the fence"); return nil }
	if _, err := sqlite.Restore(t.Context(), path, file, never); err == nil || !strings.Contains(err.Error(), "stop it, and restore again") {
		t.Errorf("restored what is open: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	done, err := sqlite.Restore(t.Context(), path, file, func(s *sqlite.Store, before store.Head) error {
		if before.Next != 4 || before.Term != 1 {
			t.Errorf("before: %+v", before)
		}
		return s.Raise(t.Context(), store.Head{Term: 9, Revision: 1000, Next: 4, Attempts: 77})
	})
	if err != nil || done.Jobs != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	if kept, err := sqlite.Examine(t.Context(), done.Kept); err != nil || kept.Jobs != 3 {
		t.Errorf("kept: %+v, %v", kept, err)
	}
	s = open(t, path)
	if h, err := s.Head(t.Context()); err != nil || (h != store.Head{Term: 9, Revision: 1000, Next: 4, Attempts: 77}) {
		t.Errorf("%+v, %v", h, err)
	}
	jobs := 0
	state, err := s.Load(t.Context(), func(*turno.Job) error { jobs++; return nil })
	if err != nil || jobs != 2 || state.Next != 4 || state.Attempts != 77 {
		t.Errorf("%d jobs, %+v, %v", jobs, state, err)
	}
	if lead, err := s.Lead(t.Context(), "x", time.Minute); err != nil || lead.Term != 10 {
		t.Errorf("%+v, %v", lead, err)
	}
	left, err := filepath.Glob(path + ".restoring*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestRestore_Refuses looks at what is said of files that are no good, and that
// nothing is changed by them.
func TestRestore_Refuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, good := filepath.Join(dir, "turno.db"), filepath.Join(dir, "good")
	s := open(t, path)
	commit(t, s, store.Batch{Jobs: []store.Change{job(1)}, Next: 2})
	if _, err := sqlite.Backup(t.Context(), path, good); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	newer, other := write("newer", whole), write("other", nil)
	run(t, newer, `PRAGMA user_version = 999`)
	run(t, other, `CREATE TABLE x (y)`)
	for file, want := range map[string]string{
		filepath.Join(dir, "nothing"):          "no such file",
		write("text", []byte("hello, I am a")): "no backup: turno backup makes one",
		write("empty", nil):                    "no backup",
		write("cut", whole[:len(whole)/2]):     "damaged",
		newer:                                  "schema 999, this turno knows up to",
		other:                                  "not one of turno's",
		dir:                                    "no backup",
	} {
		if _, err := sqlite.Restore(t.Context(), path, file, func(*sqlite.Store, store.Head) error { return nil }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", filepath.Base(file), err, want)
		}
	}
	if _, err := sqlite.Backup(t.Context(), path, good); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("wrote over a backup: %v", err)
	}
	if c, err := sqlite.Examine(t.Context(), path); err != nil || c.Jobs != 1 {
		t.Errorf("the store is %+v, %v", c, err)
	}
	// A crash between the last two steps of a restore.
	if err := os.Rename(path, path+".restoring"); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path}); err == nil || !strings.Contains(err.Error(), "run turno restore again") {
		t.Errorf("began with an empty store: %v", err)
	}
}

func run(t *testing.T, file, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
