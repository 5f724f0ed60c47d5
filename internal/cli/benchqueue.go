package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"turno"
	"turno/internal/stats"
)

var (
	benchModes = []string{"bulk", "array", "command", "latency", "loaded"}
	// benchScaling needs more than one worker, so it is asked for by name.
	benchScaling = "scaling"
)

// bulkRate is what loaded offers a part of.
const bulkRate = "bulk: submit to last end"

// glance is how often the end of many jobs is looked for: 1% of the shortest
// run that is worth a figure.
const glance = 20 * time.Millisecond

// bench measures one running turno through turno.Service alone.
type bench struct {
	s      *session
	o      *benchOptions
	svc    turno.Service
	own    *private // nil: the server is somebody else's
	where  string
	report benchReport
	bar    *progress
	queues int
}

func (b *bench) run(ctx context.Context) error {
	b.report.SchemaVersion = 1
	b.report.Jobs, b.report.Commands, b.report.Parallel = b.o.jobs, b.o.commands, b.o.parallel
	b.report.Batch = b.o.batch
	measure := map[string]func(context.Context, int) error{
		"bulk": b.bulk, "array": b.array, "command": b.command, "latency": b.latency, "loaded": b.loaded, benchScaling: b.scaling,
	}
	b.bar = b.s.progress("bench", int64(b.o.repeat*len(b.o.modes)))
	defer b.bar.stop()
	if _, err := b.batch(ctx, "warm-up", b.many(100)); err != nil { // children start, pages are read
		return err
	}
	for round := range b.o.repeat {
		order := slices.Clone(b.o.modes)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, m := range order {
			if err := measure[m](ctx, round); err != nil {
				return fmt.Errorf("measure %s: %w", m, err)
			}
			b.bar.step(1, fmt.Sprintf("%s, round %d", m, round+1))
		}
	}
	return nil
}

// timing is how long it took from the first submit.
type timing struct{ submitted, ended time.Duration }

// batch submits jobs in a queue of their own and waits until all have ended.
func (b *bench) batch(ctx context.Context, what string, jobs []turno.NewJob) (timing, error) {
	queue := b.queue()
	want := int64(0)
	for _, j := range jobs {
		j.Spec.Queue = queue
		want += int64(max(1, tasksOf(j.Spec)))
	}
	start := time.Now()
	size := len(jobs)
	if b.o.batch > 0 {
		size = b.o.batch
	}
	for chunk := range slices.Chunk(jobs, size) {
		done, err := b.svc.Submit(ctx, chunk)
		if err := firstRefused(done, err); err != nil {
			return timing{}, err
		}
	}
	t := timing{submitted: time.Since(start)}
	err := b.emptied(ctx, what, queue, want)
	t.ended = time.Since(start)
	return t, err
}

// queue is a name that nobody has used.
func (b *bench) queue() string {
	b.queues++
	return fmt.Sprintf("bench-%s-%d", uuid.NewString()[:8], b.queues)
}

// emptied returns when so many jobs of a queue have succeeded.
func (b *bench) emptied(ctx context.Context, what, queue string, want int64) error {
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		sum, err := steady(ctx, b.s, func() (turno.Summary, error) { return b.svc.Summary(ctx) })
		if err != nil {
			return err
		}
		states := sum.Queues[queue]
		if bad := states[turno.Failed] + states[turno.Lost] + states[turno.Cancelled]; bad > 0 {
			return fmt.Errorf("%d of the jobs of %s did not succeed", bad, what)
		}
		if states[turno.Succeeded] >= want {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.cancel(ctx, queue)
			return context.Cause(ctx)
		}
	}
}

func tasksOf(spec *turno.Spec) int {
	if spec.Array == nil {
		return 1
	}
	return spec.Array.Tasks.Len()
}

// cancel ends what a measurement has left.
func (b *bench) cancel(ctx context.Context, queue string) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	jobs, _ := list(ctx, b.svc, turno.JobQuery{Queue: queue, States: activeStates, Top: true}, maxRefs)
	a := turno.Action{Verb: turno.Cancel, Force: true}
	for i := range jobs {
		a.Jobs = append(a.Jobs, jobs[i].Display())
	}
	if len(a.Jobs) > 0 {
		_, _ = b.svc.Act(ctx, a)
	}
}

// many are jobs that do nothing.
func (b *bench) many(n int) []turno.NewJob {
	jobs := make([]turno.NewJob, n)
	for i := range jobs {
		jobs[i] = turno.NewJob{Spec: &turno.Spec{Type: "noop"}}
	}
	return jobs
}

func (b *bench) bulk(ctx context.Context, _ int) error {
	t, err := b.batch(ctx, "bulk", b.many(b.o.jobs))
	if err != nil {
		return err
	}
	n := float64(b.o.jobs)
	b.report.add("bulk: submit", "jobs/s", n/t.submitted.Seconds())
	b.report.add(bulkRate, "jobs/s", n/t.ended.Seconds())
	return nil
}

func (b *bench) array(ctx context.Context, _ int) error {
	spec := &turno.Spec{Type: "noop", Array: &turno.Array{Tasks: turno.Ranges{{First: 0, Last: b.o.jobs - 1, Step: 1}}}}
	t, err := b.batch(ctx, "array", []turno.NewJob{{Spec: spec}})
	if err != nil {
		return err
	}
	b.report.add("array: submit to last end", "tasks/s", float64(b.o.jobs)/t.ended.Seconds())
	return nil
}

// command measures turno and bare loops in turns, forwards and backwards: one
// loop that starts a command after the other, and one that starts as many at
// once as turno may run.
func (b *bench) command(ctx context.Context, round int) error {
	loops := []int{1}
	if b.o.parallel > 1 {
		loops = append(loops, b.o.parallel)
	}
	rates := make([]float64, 1+len(loops)) // turno's first
	measure := []func() (time.Duration, error){func() (time.Duration, error) {
		jobs, err := b.trueJobs(ctx)
		if err != nil {
			return 0, err
		}
		t, err := b.batch(ctx, "command", jobs)
		return t.ended, err
	}}
	for _, parallel := range loops {
		measure = append(measure, func() (time.Duration, error) {
			start := time.Now()
			err := bareLoop(ctx, b.o.commands, parallel)
			return time.Since(start), err
		})
	}
	for i := range measure {
		if round%2 == 1 {
			i = len(measure) - 1 - i
		}
		took, err := measure[i]()
		if err != nil {
			return err
		}
		rates[i] = float64(b.o.commands) / took.Seconds()
	}
	b.report.add("command: in turno", "commands/s", rates[0])
	for i, parallel := range loops {
		b.report.add(fmt.Sprintf("command: bare loop, %d at once", parallel), "commands/s", rates[i+1])
		b.report.add(fmt.Sprintf("command: turno to loop of %d", parallel), "ratio", rates[0]/rates[i+1])
	}
	return nil
}

// trueJobs ask for such a share of a worker that as many run at once as in the
// bare loop, or one on each worker where there are more of them.
func (b *bench) trueJobs(ctx context.Context) ([]turno.NewJob, error) {
	workers, err := b.svc.Workers(ctx)
	if err != nil {
		return nil, err
	}
	var all, least turno.MilliCPU
	for i := range workers {
		if cpus := workers[i].Machine.CPUs; workers[i].State == turno.WorkerReady {
			all += cpus
			if least == 0 || cpus < least {
				least = cpus
			}
		}
	}
	share := max(1, min(all/turno.MilliCPU(b.o.parallel), least))
	jobs := make([]turno.NewJob, b.o.commands)
	for i := range jobs {
		jobs[i] = turno.NewJob{Spec: &turno.Spec{Type: execType, Params: commandParams([]string{"/bin/true"}), CPUs: share}}
	}
	return jobs, nil
}

// bareLoop starts commands from goroutines, with pipes for their output.
func bareLoop(ctx context.Context, n, parallel int) error {
	work := make(chan struct{})
	errs := make([]error, parallel)
	var all sync.WaitGroup
	for i := range parallel {
		all.Go(func() {
			for range work {
				var out, problems bytes.Buffer
				cmd := exec.CommandContext(ctx, "/bin/true")
				cmd.Stdout, cmd.Stderr = &out, &problems
				if err := cmd.Run(); err != nil {
					errs[i] = err
				}
			}
		})
	}
	for range n {
		work <- struct{}{}
	}
	close(work)
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("run /bin/true: %w", err)
		}
	}
	return nil
}

// latency is one job at a time: from the call of Submit until the change that
// ends it is heard of.
func (b *bench) latency(ctx context.Context, _ int) error {
	c := listen(ctx, b.svc, nil)
	defer c.stop()
	heard := func(d turno.Submitted) error { return b.heard(ctx, c, d) }
	noop := turno.Spec{Type: "noop", Params: json.RawMessage("{}"), Queue: "bench-latency"}
	if err := b.oneByOne(ctx, "latency", noop, heard); err != nil {
		return err
	}
	command := turno.Spec{Type: execType, Params: commandParams([]string{"/bin/true"}), Queue: "bench-latency"}
	return b.oneByOne(ctx, "latency of a command", command, heard)
}

// oneByOne submits a job, waits for its end, and again.
func (b *bench) oneByOne(ctx context.Context, name string, spec turno.Spec, wait func(turno.Submitted) error) error {
	samples := make([]float64, 0, b.o.samples)
	const warm = 5 // the stream stands by then
	for i := range b.o.samples + warm {
		start := time.Now()
		done, err := b.svc.Submit(ctx, []turno.NewJob{{Spec: new(spec)}})
		if err := firstRefused(done, err); err != nil {
			return err
		}
		if err := wait(done[0]); err != nil {
			return err
		}
		if i >= warm {
			samples = append(samples, time.Since(start).Seconds()*1e3)
		}
	}
	for _, q := range []struct {
		name string
		at   float64
	}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}} {
		b.report.add(name+": "+q.name, "ms", stats.Quantile(samples, q.at))
	}
	return nil
}

// heard waits for the end of one job.
func (b *bench) heard(ctx context.Context, c *changes, d turno.Submitted) error {
	for {
		e, err := c.next(ctx)
		if err != nil {
			return err
		}
		if e.Reset || d.Number == 0 {
			j, err := b.svc.Job(ctx, d.ID)
			if err == nil && j.State.Ended() {
				return succeeded(&j)
			}
			continue
		}
		if e.Number == d.Number && e.State.Ended() {
			return succeeded(&turno.Job{Number: e.Number, State: e.State, Reason: e.Reason})
		}
	}
}
