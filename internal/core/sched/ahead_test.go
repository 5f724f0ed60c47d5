package sched_test

import (
	"testing"
	"time"

	"turno"
	"turno/internal/core/sched"
)

// begin lets an attempt that was sent ahead begin, and others end, in one
// report of its worker.
func (c *cluster) begin(name string, number int64, ended ...int64) {
	c.t.Helper()
	m := c.workers[name]
	for _, n := range ended {
		h := m.held[turno.AttemptKey{Job: n, Attempt: c.jobs[n].Attempt}]
		h.State, h.Result, h.StartedAt, h.EndedAt = turno.Succeeded, &ok, c.now.Add(-10*time.Millisecond), c.now
	}
	h := m.held[turno.AttemptKey{Job: number, Attempt: c.jobs[number].Attempt}]
	h.State, h.StartedAt = turno.Running, c.now
	c.reportOf(name)
}

// short makes a cluster whose worker of two CPUs has just run a short job, and
// hands in n jobs of one CPU.
func short(t *testing.T, n int) (c *cluster, jobs []int64) {
	c = newClusterAhead(t, "fair", sched.DefaultAhead)
	c.worker("a", 2, 0, "")
	first := c.submit(func(s *turno.Spec) {})
	c.now = c.now.Add(10 * time.Millisecond)
	c.finish(first, ok)
	for range n {
		jobs = append(jobs, c.submit(func(s *turno.Spec) {}))
	}
	return c, jobs
}

func (c *cluster) ahead(number int64) bool {
	j := c.jobs[number]
	return j.State == turno.Starting && j.Current().Ahead
}

// TestAhead_ShortJobsWaitOnTheirWorker: as many as begin within 50 ms at a pace
// of 10 ms on two CPUs, in the order of the line, and nothing is booked for
// them before they begin.
func TestAhead_ShortJobsWaitOnTheirWorker(t *testing.T) {
	t.Parallel()
	c, jobs := short(t, 20)
	sent := 0
	for i, n := range jobs {
		switch {
		case i < 2:
			if c.ahead(n) {
				t.Errorf("job %d was sent ahead, and there was room", n)
			}
		case c.ahead(n):
			if sent++; sent != i-1 {
				t.Errorf("job %d went before one that stood before it", n)
			}
		}
	}
	if sent != 10 {
		t.Errorf("%d were sent ahead, want 10", sent)
	}
	if w := c.core.Workers(c.now)[0]; w.CPUsUsed != 2*turno.CPU || w.JobCount != 12 {
		t.Errorf("booked %s CPUs for %d jobs", w.CPUsUsed, w.JobCount)
	}
	c.begin("a", jobs[2], jobs[0])
	if c.ahead(jobs[2]) || !c.ahead(jobs[12]) {
		t.Error("one has begun: it must be booked, and the next one sent ahead")
	}
	c.is(jobs[2], turno.Running, "")
	if w := c.core.Workers(c.now)[0]; w.CPUsUsed != 2*turno.CPU {
		t.Errorf("booked %s CPUs", w.CPUsUsed)
	}
}

// TestAhead_LongJobsDoNot: who runs for longer than the wait that is allowed
// gets a place when there is one; so do devices.
func TestAhead_LongJobsDoNot(t *testing.T) {
	t.Parallel()
	c := newClusterAhead(t, "fair", sched.DefaultAhead)
	c.worker("a", 1, 1, "x")
	gpu := func(s *turno.Spec) { s.Device = turno.DeviceGPU; s.GPUs = 1 }
	first := c.submit(gpu)
	c.now = c.now.Add(time.Millisecond)
	c.finish(first, ok)
	c.submit(gpu)
	if n := c.submit(gpu); c.ahead(n) {
		t.Error("a job was sent ahead to a GPU that is taken")
	}
	c = newClusterAhead(t, "fair", sched.DefaultAhead)
	c.worker("a", 1, 0, "")
	first = c.submit(func(*turno.Spec) {})
	c.now = c.now.Add(time.Second)
	c.finish(first, ok)
	c.submit(func(*turno.Spec) {})
	if n := c.submit(func(*turno.Spec) {}); c.ahead(n) {
		t.Error("a job was sent ahead to a worker of long ones")
	}
}

// TestAhead_CalledBack: one that has not begun after a second goes back in
// line, without a loss or a failure, and the worker is not trusted for a while.
func TestAhead_CalledBack(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]func(c *cluster){
		"after a second": func(c *cluster) { c.now = c.now.Add(time.Second); c.core.Tick(c.now) },
		"drained": func(c *cluster) {
			c.core.Act(c.now, &turno.Action{Verb: turno.Drain, Workers: []string{"a"}, User: "ana"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, jobs := short(t, 4)
			late, soon := jobs[2], jobs[3]
			if at := c.core.Next(); at.After(c.now.Add(time.Second)) {
				t.Errorf("next look at %s", at.Sub(c.now))
			}
			cause(c)
			c.flush()
			m := c.workers["a"]
			k := turno.AttemptKey{Job: late, Attempt: 1}
			if stop := m.stops[k]; stop == nil || !stop.Unbegun || stop.Reason != turno.ReasonRequeuing {
				t.Fatalf("ordered %+v", stop)
			}
			c.begin("a", soon, jobs[0]) // the order came too late for this one
			back := turno.Result{State: turno.Cancelled, Reason: turno.ReasonRequeuing}
			m.held[k].State, m.held[k].Result = turno.Cancelled, &back
			c.reportOf("a")
			c.is(soon, turno.Running, "")
			if j := c.jobs[late]; j.State != turno.Queued || j.Losses+j.Failures != 0 {
				t.Errorf("job is %s %s, %d losses, %d failures", j.State, j.Reason, j.Losses, j.Failures)
			}
			if n := m.stops[turno.AttemptKey{Job: soon, Attempt: 1}]; n != nil {
				t.Errorf("one that has begun is still told to go back: %+v", n)
			}
		})
	}
}

// TestAhead_CancelIsACancel: whoever is cancelled before it has begun is
// cancelled, also when it was just called back.
func TestAhead_CancelIsACancel(t *testing.T) {
	t.Parallel()
	c, jobs := short(t, 3)
	c.now = c.now.Add(time.Second)
	c.core.Tick(c.now)
	c.flush()
	c.act(turno.Cancel, jobs[2])
	k := turno.AttemptKey{Job: jobs[2], Attempt: 1}
	m := c.workers["a"]
	if stop := m.stops[k]; stop == nil || stop.Unbegun || stop.Reason != turno.ReasonCancelling {
		t.Fatalf("ordered %+v", stop)
	}
	m.held[k].State, m.held[k].Result = turno.Cancelled, &stopped
	c.reportOf("a")
	c.is(jobs[2], turno.Cancelled, turno.ReasonCancelled)
}
