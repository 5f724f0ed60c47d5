package worker

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"turno"
)

func TestCheckpoints_KeptUntilTheJobSucceeds(t *testing.T) {
	t.Parallel()
	c := &checkpoints{root: t.TempDir()}
	task := &turno.Task{ID: "0192f0c4-1b2c-7d3e-8f40-5a6b7c8d9e0f_7"}
	for i, step := range []struct {
		end            turno.State
		finds, written bool
	}{
		{turno.Lost, false, false}, {turno.Lost, false, true}, {turno.Failed, true, false}, {turno.Succeeded, true, false},
		{turno.Succeeded, false, true}, {turno.Succeeded, false, false},
	} {
		dir, err := c.make(task, nil)
		if err != nil {
			t.Fatal(err)
		}
		if dir != c.of(task) || empty(dir) == step.finds {
			t.Errorf("step %d: %s is empty: %t", i, dir, empty(dir))
		}
		if step.written {
			if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if c.drop(task, step.end) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c.drop(&turno.Task{ID: "none"}, turno.Succeeded) {
		t.Error("what is not there is to be removed")
	}
}

// TestCheckpoints_AnEmptyFolderServesManyJobs, and never one that a job still
// has: job 1 comes again while its folder is the spare one.
func TestCheckpoints_AnEmptyFolderServesManyJobs(t *testing.T) {
	t.Parallel()
	c := &checkpoints{root: t.TempDir()}
	first, second := &turno.Task{ID: "1"}, &turno.Task{ID: "2"}
	make := func(task *turno.Task) {
		t.Helper()
		if dir, err := c.make(task, nil); err != nil || !empty(dir) {
			t.Fatalf("%s: %v", dir, err)
		}
		if _, err := os.Lstat(c.of(task)); err != nil {
			t.Fatal(err)
		}
	}
	drop := func(task *turno.Task) {
		t.Helper()
		if c.drop(task, turno.Failed) {
			t.Fatal("what a job may go on from is to be removed")
		}
	}
	make(first)
	drop(first)
	make(first) // its own again
	make(second)
	if entries, err := os.ReadDir(c.root); err != nil || len(entries) != 2 {
		t.Fatalf("%v, %v", entries, err)
	}
	drop(first)
	make(first)
	if err := os.WriteFile(filepath.Join(c.of(first), "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	drop(first)
	drop(second)
	if dir, err := c.make(first, nil); err != nil || empty(dir) {
		t.Errorf("what the first job left is gone: %v", err)
	}
	for _, id := range []string{"3", "4"} {
		make(&turno.Task{ID: id})
	}
	if empty(c.of(first)) {
		t.Error("another job took the folder of the first")
	}
}

func TestCheckpoints_SweepOldOnesOfNobody(t *testing.T) {
	t.Parallel()
	c := &checkpoints{root: t.TempDir()}
	if err := (&checkpoints{root: "/none"}).sweep(nil); err != nil {
		t.Error(err)
	}
	old := time.Now().Add(-keepOutputs - time.Hour)
	for id, when := range map[string]time.Time{"old": old, "live": old, "new": time.Now()} {
		dir, err := c.make(&turno.Task{ID: id}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, when, when); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.sweep(map[turno.AttemptKey]*attempt{{Job: 1, Attempt: 1}: {task: &turno.Task{ID: "live"}}}); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{"old": false, "live": true, "new": true} {
		if _, err := os.Stat(c.of(&turno.Task{ID: id})); (err == nil) != want {
			t.Errorf("%s is there: %t", id, err == nil)
		}
	}
}
