package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// queue is what a driver in Go does with one job queue. One goroutine uses it.
type queue interface {
	// many hands in n jobs by whatever the client offers for many.
	many(ctx context.Context, kind string, n int) error
	// one hands in a job and returns when it is accepted.
	one(ctx context.Context, kind string) error
	// all returns when every job handed in since the last all has succeeded, and
	// that is known here.
	all(ctx context.Context) error
	// last is all for the one job that was handed in last.
	last(ctx context.Context) error
	close()
}

// look is how often those are asked that do not tell by themselves: often
// enough for the latency of one job, seldom enough to leave the processors to
// the work where there are many.
const (
	lookForOne = time.Millisecond
	lookForAll = 20 * time.Millisecond
)

// drive follows orders from r until it ends.
func drive(ctx context.Context, q queue, r io.Reader, w io.Writer) error {
	defer q.close()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var o order
		var a answer
		err := json.Unmarshal(lines.Bytes(), &o)
		if err == nil {
			a, err = follow(ctx, q, o)
		}
		if err != nil {
			a.Error = err.Error()
		}
		if err := json.NewEncoder(w).Encode(a); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
	return lines.Err()
}

func follow(ctx context.Context, q queue, o order) (answer, error) {
	begun := time.Now()
	var a answer
	var err error
	switch o.Do {
	case doBulk:
		err = q.many(ctx, o.Kind, o.N)
	case doSingle:
		for range o.N {
			if err = q.one(ctx, o.Kind); err != nil {
				break
			}
		}
	case doLatency:
		a.Samples, err = latencies(ctx, q, o)
		return a, err
	default:
		return a, fmt.Errorf("there is no order %q", o.Do)
	}
	if err != nil {
		return a, fmt.Errorf("submit: %w", err)
	}
	a.Submitted = time.Since(begun).Seconds()
	if err := q.all(ctx); err != nil {
		return a, fmt.Errorf("wait for the ends: %w", err)
	}
	a.Known = time.Since(begun).Seconds()
	return a, nil
}

func latencies(ctx context.Context, q queue, o order) ([]float64, error) {
	samples := make([]float64, 0, len(o.Pauses))
	for _, pause := range o.Pauses {
		time.Sleep(time.Duration(pause * float64(time.Second)))
		begun := time.Now()
		if err := q.one(ctx, o.Kind); err != nil {
			return nil, fmt.Errorf("submit: %w", err)
		}
		if err := q.last(ctx); err != nil {
			return nil, fmt.Errorf("wait for the end: %w", err)
		}
		samples = append(samples, time.Since(begun).Seconds())
	}
	return samples, nil
}

// until asks again and again.
func until(ctx context.Context, every time.Duration, ask func() (done bool, err error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		done, err := ask()
		if done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
