package lab

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"turno"
	"turno/client"
)

// Ends collects ends of jobs as they are announced.
type Ends struct {
	c    *client.Client
	news chan struct{} // 1: something ended

	mu   sync.Mutex              // guards what follows
	ends map[int64][]turno.State // by number: each different end that was ever seen
	// told is the revision of the event that told an end. An end from a list has
	// none: the stream may still be behind it.
	told map[int64]uint64
	back []string // what went backwards
}

// Watch collects until the test ends.
func Watch(ctx context.Context, t testing.TB, c *client.Client) *Ends {
	e := &Ends{c: c, ends: map[int64][]turno.State{}, told: map[int64]uint64{}, news: make(chan struct{}, 1)}
	var group sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	t.Cleanup(func() { stop(); group.Wait() })
	group.Go(func() {
		for ctx.Err() == nil {
			e.follow(ctx)
		}
	})
	return e
}

// follow listens until the stream breaks.
func (e *Ends) follow(ctx context.Context) {
	for ev, err := range e.c.Events(ctx, turno.EventQuery{}) {
		if err != nil {
			break
		}
		if ev.Reset || ev.Number == 0 {
			e.reread(ctx)
		}
		switch {
		case ev.Parent != 0 || ev.Number == 0:
		case ev.State.Ended():
			e.add(ev.Number, ev.State)
			e.mu.Lock()
			e.told[ev.Number] = ev.Revision
			e.mu.Unlock()
		default:
			e.check(ev)
		}
	}
	again := time.NewTimer(50 * time.Millisecond) // a server that is not there answers at once
	defer again.Stop()
	select {
	case <-again.C:
	case <-ctx.Done():
	}
}

// ended are the states that a job ends in.
func ended() []turno.State {
	return []turno.State{turno.Succeeded, turno.Failed, turno.Cancelled, turno.Lost}
}

// reread takes from the lists what was ended while nobody listened.
func (e *Ends) reread(ctx context.Context) {
	q := turno.JobQuery{States: ended(), Limit: 1000, Top: true}
	for {
		page, err := e.c.Jobs(ctx, q)
		if err != nil {
			return
		}
		for _, j := range page.Items {
			e.add(j.Number, j.State)
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return
		}
	}
}

func (e *Ends) add(n int64, s turno.State) {
	e.mu.Lock()
	if !slices.Contains(e.ends[n], s) {
		e.ends[n] = append(e.ends[n], s)
	}
	e.mu.Unlock()
	select {
	case e.news <- struct{}{}:
	default:
	}
}

// check notes a job that is alive at a revision after that of its end.
func (e *Ends) check(ev turno.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if at := e.told[ev.Number]; at == 0 || ev.Revision <= at {
		return
	}
	e.back = append(e.back, fmt.Sprintf("job %d had ended as %v and is %s (%s) at revision %d", ev.Number, e.ends[ev.Number], ev.State, ev.Reason, ev.Revision))
}

// Back is every job that was seen in another state after its end.
func (e *Ends) Back() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.back)
}

// Count is how many jobs have ended.
func (e *Ends) Count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.ends)
}

// Of is every different end of a job that was ever seen.
func (e *Ends) Of(n int64) []turno.State {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.ends[n])
}

// Wait waits until n jobs have ended.
func (e *Ends) Wait(ctx context.Context, t testing.TB, n int) {
	t.Helper()
	look := time.NewTicker(2 * time.Second) // if the stream of events is cut
	defer look.Stop()
	for e.Count() < n {
		select {
		case <-e.news:
		case <-look.C:
			e.reread(ctx)
		case <-ctx.Done():
			e.giveUp(t, n)
		}
	}
}

// giveUp tells what is open.
func (e *Ends) giveUp(t testing.TB, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
	defer cancel()
	summary, err := e.c.Summary(ctx)
	open, _ := e.c.Jobs(ctx, turno.JobQuery{States: []turno.State{turno.Held, turno.Queued, turno.Starting, turno.Running, turno.Stopping}, Limit: 10})
	for _, j := range open.Items {
		t.Logf("%s (%s) is %s since %s: %s %s; attempts %+v", j.Display(), j.Spec.Name, j.State, j.Since.Format(time.TimeOnly), j.Reason, j.Detail, j.Attempts)
	}
	t.Fatalf("%d of %d ended; the store says %v %v", e.Count(), n, summary.States, err)
}
