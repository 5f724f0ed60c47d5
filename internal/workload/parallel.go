package workload

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Parallel calls do for the pieces [low, high) of [0, n), each of at most grain
// indices, on at most threads goroutines, and returns when all are done. It
// stops between two pieces when ctx is done, and then returns its cause: choose
// grain so that a piece lasts less than about 50 ms. A panic of do ends the
// others and comes out of Parallel, where the runner can catch it.
//
// Pieces do not depend on threads, so what do sums up by pieces, and the caller
// adds in order, is the same with any number of them.
func Parallel(ctx context.Context, threads, n, grain int, do func(low, high int)) error {
	pieces := (n + grain - 1) / grain
	var next atomic.Int64
	var panicked atomic.Pointer[string]
	work := func() {
		defer func() {
			if cause := recover(); cause != nil {
				panicked.Store(new(fmt.Sprintf("%v\n%s", cause, debug.Stack())))
			}
		}()
		for ctx.Err() == nil && panicked.Load() == nil {
			piece := int(next.Add(1)) - 1
			if piece >= pieces {
				return
			}
			do(piece*grain, min(n, (piece+1)*grain))
		}
	}
	var wait sync.WaitGroup
	for range min(threads, pieces) - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
	if cause := panicked.Load(); cause != nil {
		panic(*cause)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
