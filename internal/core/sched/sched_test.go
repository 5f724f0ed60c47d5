package sched_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/internal/core/sched"
)

func cpus(n int) func(*turno.Spec) {
	return func(s *turno.Spec) { s.CPUs = turno.MilliCPU(n) * turno.CPU }
}

func gpus(n int) func(*turno.Spec) { return func(s *turno.Spec) { s.GPUs = n } }

func TestPlace_SmallestHoleThatFits(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 8, 4, "A100")
	c.worker("b", 8, 2, "A100")
	one := c.submit(gpus(1))
	two := c.submit(gpus(2))
	four := c.submit(gpus(4))
	if w := c.jobs[one].Worker(); w != "b" {
		t.Errorf("1 GPU went to %s, want b, which has fewer free", w)
	}
	if w := c.jobs[two].Worker(); w != "a" {
		t.Errorf("2 GPUs went to %s, want a", w)
	}
	c.is(four, turno.Queued, turno.ReasonResources)
}

func TestPlace_AnyTakesGPUThenCPU(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 1, "A100")
	either := func(s *turno.Spec) { s.Device = turno.DeviceAny }
	first, second := c.submit(either), c.submit(either)
	if d := c.jobs[first].Current().Device; d != turno.DeviceGPU {
		t.Errorf("the first got %s", d)
	}
	if d := c.jobs[second].Current().Device; d != turno.DeviceCPU {
		t.Errorf("the second got %s, want cpu while the GPU is taken", d)
	}
}

func TestPlace_ModelAndMemory(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 8, 2, "NVIDIA A100-SXM4-40GB")
	c.worker("b", 8, 2, "NVIDIA H100 80GB")
	h := c.submit(func(s *turno.Spec) { s.GPUs, s.GPUModel = 1, "h100" })
	if w := c.jobs[h].Worker(); w != "b" {
		t.Errorf("h100 went to %q", w)
	}
	big := c.submit(func(s *turno.Spec) { s.GPUs, s.GPUMemory = 1, 80<<30 })
	c.is(big, turno.Queued, turno.ReasonNoSuchResource)
	if e := c.explain(big); !e.Impossible {
		t.Errorf("80 GiB is not said to be impossible: %+v", e)
	}
}

func TestBackfill_NeverDelaysTheReservation(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	limited := func(n int, limit time.Duration) int64 {
		return c.submit(func(s *turno.Spec) {
			s.CPUs, s.TimeLimit, s.Grace = turno.MilliCPU(n)*turno.CPU, turno.Duration(limit), turno.Duration(time.Second)
		})
	}
	running := limited(3, time.Hour)
	head := c.submit(func(s *turno.Spec) { s.CPUs, s.Priority = 4*turno.CPU, 1 })
	c.is(head, turno.Queued, turno.ReasonResources)
	e := c.explain(head)
	if e.ReservedWorker != "a" || e.ReservedAt.IsZero() {
		t.Errorf("no reservation: %+v", e)
	}
	short := limited(1, time.Minute)
	c.is(short, turno.Starting, "")
	long := limited(1, 2*time.Hour)
	c.is(long, turno.Queued, turno.ReasonPriority)
	c.finish(short, ok)
	c.is(long, turno.Queued, turno.ReasonPriority)
	if e := c.explain(long); !strings.Contains(fmt.Sprint(e.Blocks), fmt.Sprintf("job %d", head)) {
		t.Errorf("why does not name who it waits for: %+v", e.Blocks)
	}
	c.finish(running, ok)
	c.is(head, turno.Starting, "")
	c.finish(head, ok)
	c.is(long, turno.Starting, "")
}

func TestFIFO_NobodyPasses(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fifo")
	c.worker("a", 4, 0, "")
	first := c.submit(cpus(3))
	head := c.submit(cpus(4))
	small := c.submit(cpus(1))
	c.is(head, turno.Queued, turno.ReasonResources)
	c.is(small, turno.Queued, turno.ReasonPriority)
	c.finish(first, ok)
	c.is(head, turno.Starting, "")
	c.is(small, turno.Queued, turno.ReasonResources)
}

// TestStarvation_WideJobGetsItsTurn: an endless stream of narrow jobs without
// limits must not keep a wide one from starting.
func TestStarvation_WideJobGetsItsTurn(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 4, "A100")
	var narrow []int64
	for range 4 {
		narrow = append(narrow, c.submit(gpus(1)))
	}
	wide := c.submit(func(s *turno.Spec) { s.GPUs, s.Priority = 4, 1 })
	for i := range 4 {
		c.submit(gpus(1)) // the stream
		c.finish(narrow[i], ok)
	}
	c.is(wide, turno.Starting, "")
}

func TestRetry_BackoffDoublesAndEnds(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	n := c.submit(func(s *turno.Spec) { s.Retries, s.Backoff = 2, turno.Duration(10*time.Second) })
	c.finish(n, broken)
	c.is(n, turno.Queued, turno.ReasonBackoff)
	c.later(9 * time.Second)
	c.is(n, turno.Queued, turno.ReasonBackoff)
	c.later(2 * time.Second)
	c.finish(n, broken)
	c.later(19 * time.Second)
	c.is(n, turno.Queued, turno.ReasonBackoff)
	c.later(2 * time.Second)
	c.finish(n, broken)
	c.is(n, turno.Failed, turno.ReasonExitCode)
	if j := c.jobs[n]; j.Attempt != 3 || len(j.Attempts) != 3 || j.Failures != 3 {
		t.Errorf("%d attempts, %d kept, %d failures", j.Attempt, len(j.Attempts), j.Failures)
	}
}

func TestRetry_SetupFailureIsFinal(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	n := c.submit(func(s *turno.Spec) { s.Retries = 5 })
	c.finish(n, turno.Result{State: turno.Failed, Reason: turno.ReasonSetupFailed, Message: "no such file"})
	c.is(n, turno.Failed, turno.ReasonSetupFailed)
}

func TestLost_RunsAgainWhenTheLeaseIsOut(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	n := c.submit(cpus(1))
	c.reportOf("a")
	c.is(n, turno.Running, "")
	c.now = c.now.Add(sched.DefaultSilence + time.Second)
	c.core.Tick(c.now)
	c.flush()
	c.is(n, turno.Running, "") // disconnected is not dead
	c.worker("b", 4, 0, "")
	c.now = c.now.Add(sched.DefaultLease)
	c.reportOf("b")
	c.core.Tick(c.now)
	c.flush()
	c.is(n, turno.Running, "")
	c.now = c.now.Add(sched.DefaultLease / 5) // the margin too
	c.reportOf("b")
	c.core.Tick(c.now)
	c.flush()
	c.is(n, turno.Starting, "")
	if j := c.jobs[n]; j.Worker() != "b" || j.Attempt != 2 || j.Losses != 1 {
		t.Errorf("on %s, attempt %d, losses %d", j.Worker(), j.Attempt, j.Losses)
	}
}

func TestLost_PoisonEndsIt(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	n := c.submit(cpus(1))
	for range sched.DefaultMaxLosses + 1 {
		c.later(time.Minute)
		c.reportOf("a")
		c.finish(n, turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost, Message: "gone"})
	}
	c.is(n, turno.Failed, turno.ReasonPoison)
}

func TestLost_NoRequeueEndsAsLost(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	n := c.submit(func(s *turno.Spec) { s.NoRequeue = true })
	c.finish(n, turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost, Message: "gone"})
	c.is(n, turno.Lost, turno.ReasonWorkerLost)
}

func TestCancel_EveryState(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 1, 0, "")
	running := c.submit(cpus(1))
	waiting := c.submit(cpus(1))
	held := c.submit(func(s *turno.Spec) { s.Hold = true })
	c.act(turno.Cancel, waiting)
	c.is(waiting, turno.Cancelled, turno.ReasonCancelled)
	c.act(turno.Cancel, held)
	c.is(held, turno.Cancelled, turno.ReasonCancelled)
	c.act(turno.Cancel, running)
	c.is(running, turno.Stopping, turno.ReasonCancelling)
	k := turno.AttemptKey{Job: running, Attempt: 1}
	if st := c.workers["a"].stops[k]; st == nil || st.Grace != turno.DefaultGrace {
		t.Errorf("the worker was told %+v", st)
	}
	c.finish(running, stopped)
	c.is(running, turno.Cancelled, turno.ReasonCancelled)
	if a := c.act(turno.Cancel, running); a.Error == nil || a.Error.Code != turno.CodeConflict {
		t.Errorf("cancel of an ended job: %+v", a)
	}
	if a := c.act(turno.Cancel, 999); a.Error == nil || a.Error.Code != turno.CodeNotFound {
		t.Errorf("cancel of no job: %+v", a)
	}
}

// TestCancel_RacingTheEnd: the job had already succeeded when the order came.
func TestCancel_RacingTheEnd(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 1, 0, "")
	n := c.submit(cpus(1))
	c.act(turno.Cancel, n)
	c.finish(n, ok)
	c.is(n, turno.Succeeded, turno.ReasonCompleted)
}

func TestRequeue_StartsAgainWithoutBlame(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 1, 0, "")
	n := c.submit(cpus(1))
	c.act(turno.Requeue, n)
	c.is(n, turno.Stopping, turno.ReasonRequeuing)
	c.finish(n, stopped)
	c.is(n, turno.Starting, "")
	if j := c.jobs[n]; j.Attempt != 2 || j.Failures+j.Losses != 0 {
		t.Errorf("attempt %d, failures %d, losses %d", j.Attempt, j.Failures, j.Losses)
	}
}

func TestDeadline_EndsWaitingAndRunning(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 1, 0, "")
	due := func(s *turno.Spec) { s.Deadline = c.now.Add(10 * time.Second) }
	running, waiting := c.submit(due), c.submit(due)
	c.later(11 * time.Second)
	c.is(waiting, turno.Failed, turno.ReasonDeadline)
	c.is(running, turno.Stopping, turno.ReasonDeadline)
	c.finish(running, stopped)
	c.is(running, turno.Failed, turno.ReasonDeadline)
}

func TestDependencies_AllConditions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		when turno.Condition
		end  turno.Result
		runs bool
	}{
		{turno.AfterOK, ok, true}, {turno.AfterOK, turno.Result{State: turno.Failed, Reason: turno.ReasonExitCode}, false},
		{turno.AfterAny, ok, true}, {turno.AfterAny, turno.Result{State: turno.Failed, Reason: turno.ReasonExitCode}, true},
		{turno.AfterNotOK, ok, false}, {turno.AfterNotOK, turno.Result{State: turno.Failed, Reason: turno.ReasonExitCode}, true},
	} {
		t.Run(fmt.Sprint(tc.when, tc.end.State), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, "fair")
			c.worker("a", 4, 0, "")
			first := c.submit(cpus(1))
			second := c.submit(func(s *turno.Spec) { s.After = []turno.Dependency{{Job: fmt.Sprint(first), When: tc.when}} })
			third := c.submit(func(s *turno.Spec) { s.After = []turno.Dependency{{Job: fmt.Sprint(second), When: turno.AfterOK}} })
			c.is(second, turno.Queued, turno.ReasonDependency)
			c.finish(first, tc.end)
			if tc.runs {
				c.is(second, turno.Starting, "")
				return
			}
			c.is(second, turno.Failed, turno.ReasonDependencyFailed)
			c.is(third, turno.Failed, turno.ReasonDependencyFailed)
		})
	}
}

func TestDependency_OnNothingIsRefused(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	spec := &turno.Spec{Type: "exec", After: []turno.Dependency{{Job: "77", When: turno.AfterOK}}}
	spec.Normalize()
	a := c.core.Submit(c.now, []turno.NewJob{{ID: "00000000-0000-7000-8000-000000000001", Spec: spec}}, nil)
	if a[0].Error == nil || a[0].Error.Field != "after" {
		t.Errorf("%+v", a[0])
	}
}

func TestArray_ThrottleAndEnd(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 8, 0, "")
	array := c.submit(func(s *turno.Spec) { s.Array, _ = turno.ParseArray("0-5%2") })
	after := c.submit(func(s *turno.Spec) {
		s.After = []turno.Dependency{{Job: fmt.Sprint(array), When: turno.AfterOK}}
	})
	active := func() (numbers []int64) {
		for n := int64(1); c.jobs[n] != nil; n++ {
			if j := c.jobs[n]; j.Parent == array && j.State.Active() {
				numbers = append(numbers, n)
			}
		}
		return numbers
	}
	for range 3 {
		now := active()
		if len(now) != 2 {
			t.Fatalf("%d tasks are active, want 2", len(now))
		}
		if e := c.explain(array); !strings.Contains(fmt.Sprint(e.Blocks), "ArrayThrottle") && c.jobs[array].Tasks.Waiting.Len() > 0 {
			t.Errorf("why says %+v", e)
		}
		for _, n := range now {
			c.finish(n, ok)
		}
	}
	c.is(array, turno.Succeeded, turno.ReasonCompleted)
	c.is(after, turno.Starting, "")
}

func TestArray_MillionTasksAreCheap(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 2, 0, "")
	array := c.submit(func(s *turno.Spec) { s.Array, _ = turno.ParseArray("0-999999") })
	if live := c.core.Live(); live > 3 {
		t.Errorf("%d jobs are in memory for an array of which 2 tasks run", live)
	}
	if e := c.explain(array); e.InLine != 999_998 {
		t.Errorf("%d in line", e.InLine)
	}
	c.act(turno.Cancel, array)
	if n := c.jobs[array].Tasks.Ended[turno.Cancelled]; n != 999_998 {
		t.Errorf("%d tasks were cancelled", n)
	}
}

func TestSubmit_SameIDIsTheSameJob(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	n := c.submit(cpus(1))
	spec := &turno.Spec{Type: "exec"}
	spec.Normalize()
	again := []turno.NewJob{{ID: "00000000-0000-7000-8000-000000000001", Spec: spec}}
	if a := c.core.Submit(c.now, again, nil); a[0].Number != n {
		t.Errorf("got number %d, want %d", a[0].Number, n)
	}
	c.finish(n, ok)
	if a := c.core.Submit(c.now, again, nil); a[0].Number != n {
		t.Errorf("after its end got number %d, want %d", a[0].Number, n)
	}
}

func TestDrain_TakesNothingNew(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	first := c.submit(cpus(1))
	c.core.Act(c.now, &turno.Action{Verb: turno.Drain, Workers: []string{"a"}, Message: "new fan"})
	c.flush()
	second := c.submit(cpus(1))
	c.is(second, turno.Queued, turno.ReasonDrained)
	if e := c.explain(second); !strings.Contains(e.Summary, "new fan") {
		t.Errorf("why: %q", e.Summary)
	}
	c.finish(first, ok)
	c.is(second, turno.Queued, turno.ReasonDrained)
	c.core.Act(c.now, &turno.Action{Verb: turno.Undrain, Workers: []string{"a"}})
	c.flush()
	c.is(second, turno.Starting, "")
}

func TestWorker_OlderIncarnationIsFenced(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	n := c.submit(cpus(1))
	c.reportOf("a")
	old := c.workers["a"].report
	c.workers["a"].report.Incarnation, c.workers["a"].report.Seq = "2", 0
	c.reportOf("a")
	old.Seq = 99
	old.Held = nil
	c.core.Report(c.now, &old)
	c.flush()
	c.is(n, turno.Running, "")
	if j := c.jobs[n]; j.Attempt != 1 {
		t.Errorf("attempt %d: the old incarnation was believed", j.Attempt)
	}
}

// TestPlace_Engine: a job goes where its engine is, and one that names none
// wherever its type is offered.
func TestPlace_Engine(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 8, 0, "")
	c.worker("b", 8, 0, "")
	c.offer("b", "exec", "torch")
	c.offer("b", "dream", "torch")
	typ := func(typ, engine string) func(*turno.Spec) {
		return func(s *turno.Spec) { s.Type, s.Engine, s.CPUs = typ, engine, turno.CPU }
	}
	for _, tc := range []struct{ typ, engine, worker string }{
		{"exec", "torch", "b"}, {"dream", "", "b"}, {"dream", "torch", "b"}, {"dream", "native", ""}, {"dream", "mine", ""},
	} {
		n := c.submit(typ(tc.typ, tc.engine))
		if got := c.jobs[n].Worker(); got != tc.worker {
			t.Errorf("%s with engine %q is on %q, want %q", tc.typ, tc.engine, got, tc.worker)
		}
	}
	waits := c.submit(typ("dream", "mine"))
	c.offer("a", "dream", "mine")
	if got := c.jobs[waits].Worker(); got != "a" {
		t.Errorf("it is on %q once a has the engine", got)
	}
}

// TestSubmit_SameIDAgain is the same job; another one by that id is refused,
// whether the first one lives or is in the store.
func TestSubmit_SameIDAgain(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	spec := func(name string) *turno.Spec {
		s := &turno.Spec{Type: "exec", Name: name}
		s.Normalize()
		return s
	}
	const id = "00000000-0000-7000-8000-0000000000aa"
	submit := func(name string, known ...*turno.Job) turno.Submitted {
		a := c.core.Submit(c.now, []turno.NewJob{{ID: id, Spec: spec(name)}}, known)[0]
		c.flush()
		return a
	}
	check := func(first int64, known ...*turno.Job) {
		t.Helper()
		if a := submit("one", known...); a.Number != first || a.Error != nil {
			t.Errorf("the same again: %+v", a)
		}
		if a := submit("two", known...); a.Error == nil || a.Error.Code != turno.CodeInvalid || a.Error.Field != "id" {
			t.Errorf("another job by the same id: %+v", a)
		}
	}
	first := submit("one").Number
	check(first)
	old := *c.jobs[first]
	c.core = newCluster(t, "fair").core
	check(first, &old)
}
