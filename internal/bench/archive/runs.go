package archive

import (
	"context"
	"sync"

	"turno"
)

// runs are those that are measured here, each on a worker that it has claimed.
type runs struct {
	mu      sync.Mutex // guards all below
	stop    map[string]context.CancelCauseFunc
	claimed map[string]bool // by worker
	closed  bool
	group   sync.WaitGroup // a claim each
}

// claim keeps a worker from other runs of this server until it is released.
func (r *runs) claim(worker string) (release func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil, turno.Errorf(turno.CodeUnavailable, "the server ends")
	case r.claimed[worker]:
		return nil, measured(worker)
	}
	r.claimed[worker] = true
	r.group.Add(1)
	return func() {
		r.mu.Lock()
		delete(r.claimed, worker)
		r.mu.Unlock()
		r.group.Done()
	}, nil
}

// begin remembers how a run is stopped; it is, where the server ends already.
func (r *runs) begin(id string, stop context.CancelCauseFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop[id] = stop
	if r.closed {
		stop(errClosing)
	}
}

func (r *runs) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.stop, id)
}

func (r *runs) end(id string, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stop := r.stop[id]; stop != nil {
		stop(why)
	}
}

// close stops all runs and waits until each has kept what it has.
func (r *runs) close() {
	r.mu.Lock()
	r.closed = true
	for _, stop := range r.stop {
		stop(errClosing)
	}
	r.mu.Unlock()
	r.group.Wait()
}
