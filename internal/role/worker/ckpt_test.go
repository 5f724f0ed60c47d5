package worker

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"turno"
)

func TestCkpt_KeptUntilTheJobSucceeds(t *testing.T) {
	t.Parallel()
	r := &Role{o: Options{Data: t.TempDir()}, log: slog.New(slog.DiscardHandler)}
	task := &turno.Task{ID: "0192f0c4-1b2c-7d3e-8f40-5a6b7c8d9e0f_7"}
	there := func() bool {
		r.group.Wait()
		_, err := os.Stat(r.ckptOf(task))
		return err == nil
	}
	for _, c := range []struct {
		end     turno.State
		written bool
		stays   bool
	}{
		{turno.Lost, false, false}, {turno.Lost, true, true}, {turno.Failed, false, true}, {turno.Succeeded, false, false},
		{turno.Succeeded, true, false}, {turno.Succeeded, false, false},
	} {
		dir, err := r.makeCkpt(task)
		if err != nil {
			t.Fatal(err)
		}
		if c.written {
			if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if r.dropCkpt(task, c.end); there() != c.stays {
			t.Errorf("after %s, written %t: it is there: %t", c.end, c.written, there())
		}
	}
	r.dropCkpt(&turno.Task{ID: "none"}, turno.Succeeded)
}

func TestSweepCkpts_OldOnesOfNobody(t *testing.T) {
	t.Parallel()
	r := &Role{o: Options{Data: t.TempDir()}, log: slog.New(slog.DiscardHandler)}
	r.sweepCkpts(nil) // no folder at all
	old := time.Now().Add(-keepOutputs - time.Hour)
	for id, when := range map[string]time.Time{"old": old, "live": old, "new": time.Now()} {
		dir, err := r.makeCkpt(&turno.Task{ID: id})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, when, when); err != nil {
			t.Fatal(err)
		}
	}
	r.sweepCkpts(map[turno.AttemptKey]*attempt{{Job: 1, Attempt: 1}: {task: &turno.Task{ID: "live"}}})
	for id, want := range map[string]bool{"old": false, "live": true, "new": true} {
		if _, err := os.Stat(r.ckptOf(&turno.Task{ID: id})); (err == nil) != want {
			t.Errorf("%s is there: %t", id, err == nil)
		}
	}
}
