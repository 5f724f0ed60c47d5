package sched_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"turno"
	"turno/internal/core/policy/all"
	"turno/internal/core/sched"
)

// cluster is a core with workers that do at once what they are told, by hand.
type cluster struct {
	t       testing.TB
	core    *sched.Sched
	now     time.Time
	jobs    map[int64]*turno.Job // as last committed
	workers map[string]*machine
	ids     int
	results int
	// unchecked spares benchmarks the walk over everything.
	unchecked bool
}

// machine is a worker that reports what the last Desired said.
type machine struct {
	report turno.Report
	held   map[turno.AttemptKey]*turno.Hold
	tasks  map[turno.AttemptKey]*turno.Task
	stops  map[turno.AttemptKey]*turno.Stop
	order  []turno.AttemptKey
}

func newCluster(t testing.TB, order string) *cluster { return newClusterAhead(t, order, 0) }

func newClusterAhead(t testing.TB, order string, ahead time.Duration) *cluster {
	o, ok := all.Find(order)
	if !ok {
		t.Fatalf("no order %q", order)
	}
	return &cluster{
		t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), jobs: map[int64]*turno.Job{}, workers: map[string]*machine{},
		core: sched.New(sched.Config{Term: 1, Order: o, Ahead: ahead}),
	}
}

// worker adds one and lets it report.
func (c *cluster) worker(name string, cpus, gpus int, model string) {
	m := &machine{
		held: map[turno.AttemptKey]*turno.Hold{}, tasks: map[turno.AttemptKey]*turno.Task{}, stops: map[turno.AttemptKey]*turno.Stop{},
		report: turno.Report{Worker: name, Incarnation: "1", Term: 1, Machine: turno.Machine{
			Hostname: name, CPUs: turno.MilliCPU(cpus) * turno.CPU, Memory: 64 << 30,
			Offers: []turno.Offer{{Type: "exec", Devices: []turno.Device{turno.DeviceCPU, turno.DeviceGPU}}},
		}},
	}
	for i := range gpus {
		m.report.Machine.GPUs = append(m.report.Machine.GPUs, turno.GPU{Index: i, UUID: fmt.Sprintf("%s-%d", name, i), Model: model, Memory: 24 << 30})
	}
	c.workers[name] = m
	c.reportOf(name)
}

// offer lets a worker report a type with an engine.
func (c *cluster) offer(name, typ, engine string) {
	m := &c.workers[name].report.Machine
	m.Offers = append(slices.Clone(m.Offers), turno.Offer{Type: typ, Engine: engine, Devices: []turno.Device{turno.DeviceCPU}})
	c.reportOf(name)
}

// reportOf sends a worker's report and takes what comes of it.
func (c *cluster) reportOf(name string) {
	m := c.workers[name]
	m.report.Seq++
	m.report.Held = nil
	for _, k := range m.order {
		m.report.Held = append(m.report.Held, *m.held[k])
	}
	r := m.report
	c.core.Report(c.now, &r)
	c.flush()
}

func (c *cluster) flush() {
	c.t.Helper()
	for {
		r := c.core.Ready()
		if !c.unchecked {
			if err := c.core.Check(); err != nil {
				c.t.Fatal(err)
			}
		}
		if r.Empty() {
			return
		}
		for _, change := range r.Jobs {
			copied := *change.Job
			copied.Attempts = slices.Clone(copied.Attempts)
			c.jobs[copied.Number] = &copied
		}
		c.results += len(r.Results)
		for i := range r.Desired {
			c.obey(&r.Desired[i])
		}
	}
}

// obey makes a worker hold what it should; it reports when told to.
func (c *cluster) obey(d *turno.Desired) {
	m := c.workers[d.Worker]
	want := map[turno.AttemptKey]bool{}
	for _, a := range d.Jobs {
		want[a.AttemptKey] = true
		if m.held[a.AttemptKey] == nil && a.Task != nil {
			m.held[a.AttemptKey] = &turno.Hold{AttemptKey: a.AttemptKey, State: turno.Running, StartedAt: c.now}
			if a.Task.Ahead {
				m.held[a.AttemptKey] = &turno.Hold{AttemptKey: a.AttemptKey, State: turno.Queued}
			}
			m.tasks[a.AttemptKey] = a.Task
			m.order = append(m.order, a.AttemptKey)
		}
		m.stops[a.AttemptKey] = a.Stop
	}
	m.order = slices.DeleteFunc(m.order, func(k turno.AttemptKey) bool { return !want[k] })
}

// submit hands in one job and returns its number.
func (c *cluster) submit(change func(*turno.Spec)) int64 {
	c.t.Helper()
	spec := &turno.Spec{Type: "exec"}
	change(spec)
	spec.Normalize()
	if err := spec.Validate(); err != nil {
		c.t.Fatal(err)
	}
	c.ids++
	c.now = c.now.Add(time.Millisecond)
	id := fmt.Sprintf("00000000-0000-7000-8000-%012d", c.ids)
	a := c.core.Submit(c.now, []turno.NewJob{{ID: id, Spec: spec}}, nil)[0]
	if a.Error != nil {
		c.t.Fatalf("refused: %v", a.Error)
	}
	c.flush()
	return a.Number
}

// finish ends a running attempt on its worker.
func (c *cluster) finish(number int64, r turno.Result) {
	c.t.Helper()
	j := c.jobs[number]
	m := c.workers[j.Worker()]
	k := turno.AttemptKey{Job: number, Attempt: j.Attempt}
	m.held[k].State, m.held[k].Result, m.held[k].EndedAt = r.State, &r, c.now
	c.reportOf(j.Worker())
}

var (
	ok      = turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted}
	broken  = turno.Result{State: turno.Failed, Reason: turno.ReasonExitCode, ExitCode: 1, Retryable: true, Message: "exit code 1"}
	stopped = turno.Result{State: turno.Cancelled, Reason: turno.ReasonCancelled}
)

// later lets time pass while all workers keep reporting.
func (c *cluster) later(d time.Duration) {
	c.t.Helper()
	for end := c.now.Add(d); c.now.Before(end); {
		c.now = c.now.Add(min(2*time.Second, end.Sub(c.now)))
		for _, name := range []string{"a", "b", "c"} {
			if c.workers[name] != nil {
				c.reportOf(name)
			}
		}
		c.core.Tick(c.now)
		c.flush()
	}
}

// is checks a job's state and reason.
func (c *cluster) is(number int64, s turno.State, r turno.Reason) {
	c.t.Helper()
	j := c.jobs[number]
	if j.State != s || (r != "" && j.Reason != r) {
		c.t.Errorf("job %d is %s %s (%s), want %s %s", number, j.State, j.Reason, j.Detail, s, r)
	}
}

func (c *cluster) act(verb turno.Verb, number int64) turno.Acted {
	c.t.Helper()
	a := c.core.Act(c.now, &turno.Action{Verb: verb, Jobs: []string{fmt.Sprint(number)}, User: "ana"})
	c.flush()
	return a[0]
}

func (c *cluster) explain(number int64) turno.Explanation {
	c.t.Helper()
	e, err := c.core.Explain(c.now, turno.Ref{Number: number, Task: -1})
	if err != nil {
		c.t.Fatalf("explain %d: %v", number, err)
	}
	return e
}

// BenchmarkCycle is the core's share of a job: submitted, placed, reported,
// ended, with 10,000 others in line.
func BenchmarkCycle(b *testing.B) {
	c := newCluster(b, "fair")
	c.unchecked = true
	c.worker("a", 4, 0, "")
	for range 10_000 {
		c.submit(func(s *turno.Spec) { s.CPUs = 4 * turno.CPU })
	}
	next := int64(1)
	for b.Loop() {
		c.reportOf("a")
		c.finish(next, ok)
		next++
		c.submit(func(s *turno.Spec) { s.CPUs = 4 * turno.CPU })
	}
}
