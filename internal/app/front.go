package app

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"turno/internal/obs"
)

// front answers scrapes and probes of one process, from before its roles have
// reached their parts until they have stopped: who waits for a broker is alive,
// and not ready.
type front struct {
	metrics *obs.Registry
	address string // empty: nobody is answered
	serves  atomic.Bool
}

// during answers while do runs, and ends do when it cannot answer any more.
func (f *front) during(ctx context.Context, do func(context.Context) error) error {
	if f.address == "" {
		return do(ctx)
	}
	own, stop := context.WithCancel(ctx)
	defer stop()
	answering, silence := context.WithCancel(context.WithoutCancel(ctx))
	defer silence()
	ready := func() error {
		switch {
		case own.Err() != nil:
			return errors.New("is stopping")
		case !f.serves.Load():
			return errors.New("waits for the broker or the store")
		}
		return nil
	}
	var group sync.WaitGroup
	var broken error
	group.Go(func() {
		if broken = f.metrics.Serve(answering, f.address, ready); broken != nil {
			stop()
		}
	})
	err := do(own)
	silence()
	group.Wait()
	if broken != nil && errors.Is(err, context.Canceled) {
		return broken // the cause of the other
	}
	return errors.Join(err, broken)
}
