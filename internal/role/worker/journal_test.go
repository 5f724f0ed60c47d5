package worker

import (
	"path/filepath"
	"testing"
	"time"

	"turno/internal/core/hold"
	"turno/internal/role/shell"
)

func TestJournal_LeaseAndIncarnationOutliveTheAgent(t *testing.T) {
	t.Parallel()
	path, clock := filepath.Join(t.TempDir(), "journal"), shell.NewClock()
	saved, err := openJournal(path, clock)
	if err != nil {
		t.Fatal(err)
	}
	if !saved.lease.IsZero() {
		t.Errorf("a new journal has a lease until %s", saved.lease)
	}
	until := clock.Now().Add(time.Minute)
	const last = "fffffff0-0000-7000-8000-000000000000" // by a clock that is far ahead
	records := []hold.Record{{Began: &hold.Began{Incarnation: last}}, {Lease: &hold.Lease{Until: until}}}
	if err := saved.journal.write(records); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time from a journal that was written anew
		if err := saved.journal.close(); err != nil {
			t.Fatal(err)
		}
		if saved, err = openJournal(path, clock); err != nil {
			t.Fatal(err)
		}
		if off := saved.lease.Sub(until).Abs(); off > 100*time.Millisecond { // uptime is told in hundredths
			t.Errorf("the lease ends at %s, not %s", saved.lease, until)
		}
		if next, err := saved.journal.next(); err != nil || next <= last {
			t.Errorf("after %s comes %s: %v", last, next, err)
		}
	}
	if err := saved.journal.close(); err != nil {
		t.Fatal(err)
	}
}
