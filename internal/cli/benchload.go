package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"turno"
	"turno/internal/config"
)

const (
	// offered is the part of what bulk has reached that loaded hands in all the
	// time: enough to be felt, and never a line that grows.
	offered = 0.5
	// gust is how often it does.
	gust = 20 * time.Millisecond
	// peek is how often the end of one job is looked for while events of
	// thousands a second go by.
	peek = time.Millisecond
)

// loaded is latency while jobs come in at half the rate that bulk has reached.
func (b *bench) loaded(ctx context.Context, round int) error {
	rate := b.report.median(bulkRate)
	if rate == 0 {
		if err := b.bulk(ctx, round); err != nil {
			return err
		}
		rate = b.report.median(bulkRate)
	}
	rate *= offered
	load, stop := context.WithCancel(ctx)
	queue, sent := b.queue(), int64(0)
	var failed error
	var group sync.WaitGroup
	group.Go(func() { sent, failed = b.offer(load, queue, rate) })
	spec := turno.Spec{Type: "noop", Queue: "bench-latency"}
	err := b.oneByOne(ctx, "latency under load", spec, func(d turno.Submitted) error { return b.ended(ctx, d) })
	stop()
	group.Wait()
	if err != nil {
		b.cancel(ctx, queue)
		return err
	}
	if failed != nil {
		return fmt.Errorf("offer jobs: %w", failed)
	}
	b.report.add("latency under load: offered", "jobs/s", rate)
	return b.emptied(ctx, "loaded", queue, sent)
}

// offer submits jobs that do nothing, so many a second, until ctx is done.
func (b *bench) offer(ctx context.Context, queue string, rate float64) (sent int64, err error) {
	tick := time.NewTicker(gust)
	defer tick.Stop()
	began := time.Now()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return sent, nil
		}
		jobs := b.many(int(rate*time.Since(began).Seconds()) - int(sent))
		if len(jobs) == 0 {
			continue
		}
		for i := range jobs {
			jobs[i].Spec.Queue = queue
		}
		// What is under way when ctx ends is still submitted: it is counted.
		done, err := b.svc.Submit(context.WithoutCancel(ctx), jobs)
		if err := firstRefused(done, err); err != nil {
			return sent, err
		}
		sent += int64(len(jobs))
	}
}

// ended waits for the end of one job by asking for it.
func (b *bench) ended(ctx context.Context, d turno.Submitted) error {
	tick := time.NewTicker(peek)
	defer tick.Stop()
	for {
		j, err := steady(ctx, b.s, func() (turno.Job, error) { return b.svc.Job(ctx, d.ID) })
		switch {
		case d.Number == 0 && hasCode(err, turno.CodeNotFound): // the scheduler has not taken it yet
		case err != nil:
			return err
		case j.State.Ended():
			return succeeded(&j)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// succeeded refuses the time of a job that came to anything else.
func succeeded(j *turno.Job) error {
	if j.State != turno.Succeeded {
		return fmt.Errorf("job %s %s (%s): its time is none", j.Display(), j.State, j.Reason)
	}
	return nil
}

// scaling is bulk and command with more and more workers, all on this machine:
// it shows what each further one costs or brings here, not what another machine
// would.
func (b *bench) scaling(ctx context.Context, round int) error {
	counts := slices.Clone(b.o.workers)
	if round%2 == 1 {
		slices.Reverse(counts)
	}
	for _, n := range counts {
		if err := b.withWorkers(ctx, n); err != nil {
			return fmt.Errorf("with %d workers: %w", n, err)
		}
	}
	return nil
}

func (b *bench) withWorkers(ctx context.Context, n int) error {
	stop, err := b.own.more(ctx, b.s, n-1)
	if err != nil {
		return err
	}
	defer stop()
	t, err := b.batch(ctx, "scaling", b.many(b.o.jobs))
	if err != nil {
		return err
	}
	workers := "1 worker"
	if n > 1 {
		workers = fmt.Sprintf("%d workers", n)
	}
	b.report.add("scaling: "+workers+", no-op jobs", "jobs/s", float64(b.o.jobs)/t.ended.Seconds())
	jobs, err := b.trueJobs(ctx)
	if err != nil {
		return err
	}
	if t, err = b.batch(ctx, "scaling", jobs); err != nil {
		return err
	}
	b.report.add("scaling: "+workers+", commands", "commands/s", float64(b.o.commands)/t.ended.Seconds())
	return nil
}

// more starts further workers beside the private turno's own and waits until
// they report; stop ends them and waits for it.
func (p *private) more(ctx context.Context, s *session, n int) (stop func(), err error) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var group sync.WaitGroup
	over := make(chan error, n) // the end of each
	for i := range n {
		cfg := p.cfg
		cfg.Worker = fmt.Sprintf("bench-%d", i+1)
		cfg.Data = filepath.Join(p.cfg.Data, cfg.Worker)
		group.Go(func() { over <- s.deps.RunRoles(own, cfg, []string{"worker"}, func(config.Info) {}) })
	}
	stop = func() { cancel(); group.Wait() }
	timer := time.NewTimer(startTime)
	defer timer.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		workers, err := p.svc.Workers(ctx)
		ready := 0
		for i := range workers {
			if workers[i].State == turno.WorkerReady {
				ready++
			}
		}
		if err == nil && ready == n+1 {
			return stop, nil
		}
		select {
		case <-tick.C:
		case err := <-over:
			stop()
			return nil, fmt.Errorf("start a worker: %w", orUnknown(err))
		case <-timer.C:
			stop()
			return nil, failed(exitUnavailable, "%d workers instead of %d report after %s", ready, n+1, startTime)
		case <-ctx.Done():
			stop()
			return nil, context.Cause(ctx)
		}
	}
}
