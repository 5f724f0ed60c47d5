package runner

import (
	"sync"
	"time"

	"turno"
)

// progressGap is the least time between two progress lines of one attempt:
// four a second are as smooth as a progress bar needs.
const progressGap = 250 * time.Millisecond

// thin passes on at most one progress in progressGap, and the newest one
// always: the last of a burst follows when the gap is over.
type thin struct {
	// send is called under mu although it may wait for the agent: so no
	// progress can follow the done line that is written after end.
	send func(turno.Progress)

	mu sync.Mutex
	// guarded by mu
	last  time.Time
	held  *turno.Progress
	most  float64 // the largest fraction so far: a run's threads may tell theirs out of order
	timer *time.Timer
	ended bool
}

// update may be called from any goroutine, as often as one likes.
func (t *thin) update(p turno.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	if p.Fraction >= 0 {
		t.most = max(t.most, p.Fraction)
		p.Fraction = t.most
	}
	now := time.Now()
	if wait := progressGap - now.Sub(t.last); t.held != nil || wait > 0 {
		if t.held == nil {
			t.timer = time.AfterFunc(wait, t.flush)
		}
		t.held = &p
		return
	}
	t.last = now
	t.send(p)
}

func (t *thin) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended || t.held == nil {
		return
	}
	p := *t.held
	t.held = nil
	t.last = time.Now()
	t.send(p)
}

// end stops it: nothing is sent after it has returned.
func (t *thin) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	if t.timer != nil {
		t.timer.Stop()
	}
}
