package scheduler

import (
	"time"

	"turno/internal/obs"
)

const (
	// wantedEvery is more often than anybody scrapes.
	wantedEvery = time.Second
	// waitingEvery is about as often as anybody scrapes; waitingShare of the time
	// goes into it at most: it is a look at every job that waits.
	waitingEvery = 5 * time.Second
	waitingShare = 100
)

// tellMetrics brings up to date what may have changed.
func (t *term) tellMetrics() {
	now := time.Now()
	if t.changed && now.Sub(t.wanted) >= wantedEvery {
		sum := t.core.Wanted()
		t.o.Metrics.Wanted(sum.CPUs, sum.GPUs)
		t.wanted, t.changed = now, false
		t.untold = t.o.Metrics != nil // nobody listens: nothing is counted
	}
	if t.untold && !now.Before(t.waiting) {
		t.tellWaiting(now)
	}
}

// tellWaiting tells what jobs wait for.
func (t *term) tellWaiting(now time.Time) {
	var all []obs.Waiting
	for queue, w := range t.core.Waiting() { // each by itself
		all = append(all, obs.Waiting{Queue: queue, Jobs: w.Jobs, Oldest: w.Oldest})
	}
	t.o.Metrics.Waiting(all)
	t.untold, t.waiting = false, now.Add(max(waitingEvery, waitingShare*time.Since(now)))
}
