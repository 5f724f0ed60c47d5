package sqlstore

import (
	"context"
	"fmt"
	"sync"

	"turno"
	"turno/internal/store"
)

const (
	// keep is how many events a feed remembers, at most twice as many: five
	// seconds at full speed, hours of ordinary work, and some 20 MB.
	keep = 1 << 17
	// atOnce bounds one answer of Changes, so that who lags behind does not
	// copy everything under the lock.
	atOnce = 4096
)

// Feed is the newest events of a store in memory, and who waits for more.
// Safe for concurrent use.
type Feed struct {
	mu   sync.Mutex    // guards all below
	ring []turno.Event // that of revision r at r modulo its length
	from uint64        // the events from+1 … to are there
	to   uint64
	more chan struct{} // closed when there are more
}

// NewFeed makes a feed that begins after a revision.
func NewFeed(revision uint64) *Feed {
	return &Feed{ring: make([]turno.Event, 1024), from: revision, to: revision, more: make(chan struct{})}
}

// Newest is the revision of the newest event.
func (f *Feed) Newest() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.to
}

// Add appends events, in order and without gaps among them. Those that are
// there already are left out; after a gap the feed begins anew.
func (f *Feed) Add(events []turno.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(events) > 0 && events[0].Revision <= f.to {
		events = events[1:]
	}
	if len(events) == 0 {
		return
	}
	if first := events[0].Revision; first != f.to+1 {
		f.from, f.to = first-1, first-1
	}
	f.grow(len(events))
	size := uint64(len(f.ring))
	for _, e := range events {
		f.ring[e.Revision%size] = e
	}
	f.to += uint64(len(events))
	f.from = max(f.from, f.to-min(f.to, size))
	close(f.more)
	f.more = make(chan struct{})
}

// Skip begins the feed anew after a revision: what came before is not known.
// Who waits for it is told.
func (f *Feed) Skip(revision uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if revision <= f.to {
		return
	}
	f.from, f.to = revision, revision
	close(f.more)
	f.more = make(chan struct{})
}

// grow makes room for n more events, within limits.
func (f *Feed) grow(n int) {
	size := len(f.ring)
	for size < keep && uint64(size) < f.to-f.from+uint64(n) {
		size *= 2
	}
	for size < n {
		size *= 2
	}
	if size == len(f.ring) {
		return
	}
	ring := make([]turno.Event, size)
	for r := f.from + 1; r <= f.to; r++ {
		ring[r%uint64(size)] = f.ring[r%uint64(len(f.ring))]
	}
	f.ring = ring
}

// Wait returns what came after a revision and the revision to go on from, as
// store.Changes says; with ErrReset it is the newest.
func (f *Feed) Wait(ctx context.Context, after uint64) ([]turno.Event, uint64, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, after, fmt.Errorf("wait for changes: %w", err)
		}
		f.mu.Lock()
		from, to, more := f.from, f.to, f.more
		var events []turno.Event
		if after >= from && after < to && after != 0 {
			n := min(to-after, atOnce)
			events = make([]turno.Event, n)
			for i := range events {
				events[i] = f.ring[(after+1+uint64(i))%uint64(len(f.ring))]
			}
		}
		f.mu.Unlock()
		switch {
		case after == 0:
			return nil, to, nil
		case after < from || after > to:
			return nil, to, store.ErrReset
		case len(events) > 0:
			return events, events[len(events)-1].Revision, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
		}
	}
}
