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
		t.tellHolding()
		t.untold = t.o.Metrics != nil // nobody listens: nothing is counted
	}
	if t.untold && !now.Before(t.waiting) {
		t.tellWaiting(now)
	}
}

// tellHolding tells which jobs have GPUs, and what queues have.
func (t *term) tellHolding() {
	if t.o.Metrics == nil {
		return
	}
	var all []obs.Holding
	for _, h := range t.core.Holdings() {
		all = append(all, obs.Holding{Hostname: h.Hostname, GPU: h.GPU, Job: h.Job, Queue: h.Spec.Queue, Type: h.Spec.Type, User: h.Spec.User})
	}
	var queues []obs.QueueUse
	for queue, u := range t.core.InUse() { // order-free: summed
		queues = append(queues, obs.QueueUse{Queue: queue, CPUs: u.CPUs, GPUs: u.GPUs})
	}
	t.o.Metrics.Holding(all, queues)
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
