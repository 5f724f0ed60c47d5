package cli

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"turno"
	"turno/internal/bench/record"
)

// keeper is a server that keeps runs, and what it answers next.
type keeper struct {
	others
	b   turno.Benchmark
	err error
}

// others are the methods that are not called.
type others interface{ turno.Benchmarks }

func (k *keeper) PutBenchmark(context.Context, string, []byte, bool) (turno.Benchmark, error) {
	return k.b, k.err
}

// TestHandIn_EndsWithTheRunThere: who stops or removes a run at the server ends
// it where it is measured; a server that will not have it does not.
func TestHandIn_EndsWithTheRunThere(t *testing.T) {
	t.Parallel()
	gone := turno.Errorf(turno.CodeNotFound, "there is no benchmark x")
	for name, c := range map[string]struct {
		first, then keeper
		want        error
	}{
		"stopped": {keeper{}, keeper{b: turno.Benchmark{Stopping: true}}, errStopped},
		"removed": {keeper{}, keeper{err: gone}, errRemoved},
		"full":    {keeper{err: turno.Errorf(turno.CodeQuota, "500 are kept")}, keeper{}, nil},
		"nowhere": {keeper{err: gone}, keeper{}, nil},
	} {
		ctx, stop := context.WithCancelCause(t.Context())
		var said bytes.Buffer
		k := c.first
		h := &handIn{s: &session{io: Stdio{Err: &said}}, to: &k, stop: stop}
		r := &record.Results{ID: "x", Sessions: []record.Session{{}}}
		h.now(ctx, r, nil)
		k = c.then
		r.Sessions[0].End = "interrupted" // it is time, whenever that is
		h.now(ctx, r, nil)
		if got := context.Cause(ctx); !errors.Is(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v; said %s", name, got, c.want, &said)
		}
		stop(nil)
	}
}
