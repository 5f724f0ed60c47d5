// Package otlp makes the traces of jobs that have ended, from their records
// alone, and sends them to a receiver of OpenTelemetry's, by OTLP over HTTP in
// protobuf.
//
//	scheduler: what it has committed ─▶ Committed ─▶ queue ─▶ Run ─▶ spans ─▶ POST …/v1/traces
//
// Nothing waits for it: Committed copies what a trace needs and returns, and
// what the queue has no room for is dropped and counted. It is no record: what
// waits when the process is killed was never sent, and a receiver that answers
// too late may get a trace twice, with the same ids.
package otlp

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"turno"
	"turno/internal/store"
	"turno/internal/trace"
)

const (
	// queueJobs may wait: some seconds of the rate that a scheduler does at most,
	// about a kilobyte each.
	queueJobs = 8192
	// queueBytes of jobs' outputs may wait with them: a single one may have
	// hundreds of kilobytes.
	queueBytes = 16 << 20
	// batchJobs are sent at a time: some megabyte before it is packed.
	batchJobs = 512
	// gatherFor is how long the first waits for others.
	gatherFor = 2 * time.Second
	// leaveFor is what the end of the process may wait for the receiver.
	leaveFor = 2 * time.Second
)

// Results of a trace's sending, as they are counted.
const (
	Sent    = "sent"
	Refused = "refused" // the receiver does not take it, or not all that came with it
	Failed  = "failed"  // it did not answer in time, again and again
	Dropped = "dropped" // there was no room for it
)

// Results are all of them.
var Results = []string{Sent, Refused, Failed, Dropped}

// Options of an Exporter. All but Log and Count are required.
type Options struct {
	Receiver Receiver
	Sampler  *trace.Sampler
	// Count is told what became of how many traces. It must not wait.
	Count func(result string, traces int)
	Log   *slog.Logger
}

// Exporter is safe for concurrent use.
type Exporter struct {
	o      Options
	sender *sender
	wake   chan struct{} // 1: the queue is full enough, or was empty

	mu    sync.Mutex // guards what follows
	queue []end
	bytes int
}

// end is what a trace is made of: a copy that nobody writes to.
type end struct {
	job    turno.Job
	waited bool // it ended while it waited, not by an attempt's end
}

func (e *end) weight() int {
	if e.job.Result == nil {
		return 0
	}
	return len(e.job.Result.Output)
}

// New makes an Exporter; it sends while Run runs.
func New(o Options) (*Exporter, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Count == nil {
		o.Count = func(string, int) {}
	}
	s, err := newSender(o.Receiver)
	if err != nil {
		return nil, err
	}
	return &Exporter{o: o, sender: s, wake: make(chan struct{}, 1)}, nil
}

// Committed takes the ends among changes that are stored. It may be called on a
// nil Exporter.
func (x *Exporter) Committed(changes []store.Change) {
	if x == nil {
		return
	}
	var ends []end
	for i := range changes {
		c := &changes[i]
		if j := c.Job; j.State.Ended() && !c.From.Ended() && x.o.Sampler.Of(j.ID, j.Spec.Trace).Sampled {
			ends = append(ends, snapshot(j, c.From))
		}
	}
	if len(ends) > 0 {
		x.put(ends)
	}
}

// snapshot copies what its owner may still write to.
func snapshot(j *turno.Job, from turno.State) end {
	e := end{job: *j, waited: !from.Active()}
	e.job.Attempts = slices.Clone(j.Attempts)
	if j.Tasks != nil {
		e.job.Tasks = &turno.TaskCount{Total: j.Tasks.Total}
	}
	for i := range e.job.Attempts {
		e.job.Attempts[i].Series = nil
	}
	return e
}

func (x *Exporter) put(ends []end) {
	x.mu.Lock()
	before, kept := len(x.queue), 0
	for i := range ends {
		if len(x.queue) == queueJobs || x.bytes+ends[i].weight() > queueBytes {
			continue
		}
		x.queue, x.bytes, kept = append(x.queue, ends[i]), x.bytes+ends[i].weight(), kept+1
	}
	now := len(x.queue)
	x.mu.Unlock()
	if lost := len(ends) - kept; lost > 0 {
		x.o.Count(Dropped, lost)
	}
	if before == 0 && now > 0 || before < batchJobs && now >= batchJobs {
		select {
		case x.wake <- struct{}{}:
		default:
		}
	}
}

// take gives the oldest, and whether there are more than it gives.
func (x *Exporter) take() []end {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := min(len(x.queue), batchJobs)
	batch := slices.Clone(x.queue[:n])
	for i := range batch {
		x.bytes -= batch[i].weight()
	}
	x.queue = slices.Delete(x.queue, 0, n)
	return batch
}

func (x *Exporter) waiting() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.queue)
}

// During runs f, and sends meanwhile and for a moment after it: what f's last
// commits have ended too. On a nil Exporter it runs f.
func (x *Exporter) During(ctx context.Context, f func(context.Context) error) error {
	if x == nil {
		return f(ctx)
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() { x.Run(own) })
	defer group.Wait()
	defer cancel() // before the wait
	return f(ctx)
}

// Run sends until ctx is done, and then once what still waits, if that is
// quick.
func (x *Exporter) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			x.leave(ctx)
			return
		case <-x.wake:
		}
		x.gather(ctx)
		for ctx.Err() == nil {
			batch := x.take()
			if len(batch) == 0 {
				break
			}
			x.send(ctx, batch)
		}
	}
}

// gather waits for a batch to be full, but not for long.
func (x *Exporter) gather(ctx context.Context) {
	timer := time.NewTimer(gatherFor)
	defer timer.Stop()
	for x.waiting() < batchJobs {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-x.wake:
		}
	}
}

// leave sends what it can before the process ends.
func (x *Exporter) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), leaveFor, fmt.Errorf("the process ends within %v", leaveFor))
	defer cancel()
	for {
		batch := x.take()
		if len(batch) == 0 {
			return
		}
		x.send(ctx, batch)
	}
}

// send makes the spans of a batch, and counts what became of it.
func (x *Exporter) send(ctx context.Context, batch []end) {
	result, err := x.sender.send(ctx, batch, x.o.Sampler)
	x.o.Count(result, len(batch))
	if err != nil && x.sender.news(result) {
		x.o.Log.Warn("did not send traces; jobs are not held up by it", "result", result, "traces", len(batch), "err", err)
	} else if err == nil && x.sender.news(result) {
		x.o.Log.Info("sends traces", "to", x.sender.shown())
	}
}
