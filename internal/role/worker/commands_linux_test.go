package worker

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"turno"
	"turno/internal/role/worker/child"
)

// TestCommands_BusyWhileOneIsLookedFor: what earlier keepers left holds the
// exits of attempts that were not found yet, also when those found before them
// are forgotten.
func TestCommands_BusyWhileOneIsLookedFor(t *testing.T) {
	t.Parallel()
	c := &commands{kept: map[turno.AttemptKey]*child.Process{}, role: &Role{inbox: newInbox()}}
	a := &attempt{key: turno.AttemptKey{Job: 1, Attempt: 1}, dir: t.TempDir()}
	slow := filepath.Join(a.dir, "state.json") // who reads it waits for a writer
	if err := unix.Mkfifo(slow, 0o600); err != nil {
		t.Fatal(err)
	}
	c.attach(t.Context(), a)
	if !c.busy() {
		t.Error("an attempt that is still looked for keeps nothing")
	}
	w, err := os.OpenFile(slow, os.O_WRONLY, 0)
	if err == nil {
		_, err = w.WriteString(`"no state"`)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	c.group.Wait()
	if ends := c.role.inbox.take(); !c.busy() || len(ends) != 1 || ends[0].result.State != turno.Lost {
		t.Errorf("it ended as %+v, and keeps nothing", ends)
	}
}
