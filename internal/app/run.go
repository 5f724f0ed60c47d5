package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// part is a role that is made and can run.
type part struct {
	name string
	// run blocks until its context is done, and returns nil then.
	run func(context.Context) error
	// ready is closed or sent to when the role answers; nil: at once.
	ready <-chan struct{}
}

// run starts parts in order, each once the one before is ready, and stops them
// in reverse: who depends on others ends first. The first error stops all.
func run(ctx context.Context, parts []part, ready func()) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var all sync.WaitGroup
	errs := make([]error, len(parts))
	stops := make([]context.CancelFunc, len(parts))
	done := make([]chan struct{}, len(parts))
	started := 0
	for i, p := range parts {
		own, stop := context.WithCancel(context.WithoutCancel(ctx))
		stops[i], done[i] = stop, make(chan struct{})
		all.Go(func() {
			defer close(done[i])
			if err := p.run(own); err != nil {
				errs[i] = fmt.Errorf("%s: %w", p.name, err)
			}
			if own.Err() == nil {
				fail(errs[i]) // it ended by itself
			}
		})
		started++
		if !answers(ctx, p.ready) {
			break
		}
	}
	if ctx.Err() == nil {
		ready()
		<-ctx.Done()
	}
	for i := started - 1; i >= 0; i-- {
		stops[i]()
		<-done[i]
	}
	all.Wait()
	return errors.Join(errs...)
}

// answers waits until a part is ready; false: something ended before.
func answers(ctx context.Context, ready <-chan struct{}) bool {
	if ready == nil {
		return ctx.Err() == nil
	}
	select {
	case <-ready:
		return true
	case <-ctx.Done():
		return false
	}
}
