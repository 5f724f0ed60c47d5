package hold_test

import (
	"testing"
	"time"

	"turno"
	"turno/internal/core/hold"
)

// bench is a worker's core with a clock by hand.
type bench struct {
	t    *testing.T
	core *hold.Hold
	now  time.Time
	seq  uint64
	seen uint64 // newest Report
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	b.core = hold.New(hold.Config{Worker: "w", Incarnation: "1", Heartbeat: time.Second}, turno.Machine{})
	b.core.Tick(b.now)
	b.ready()
	return b
}

func (b *bench) ready() hold.Ready {
	r := b.core.Ready()
	if r.Report != nil {
		b.seen = r.Report.Seq
	}
	return r
}

func key(job int64, attempt int) turno.AttemptKey {
	return turno.AttemptKey{Job: job, Attempt: attempt}
}

// want sends a Desired of these attempts, each with its task.
func (b *bench) want(keys ...turno.AttemptKey) hold.Ready {
	b.seq++
	d := &turno.Desired{Worker: "w", Incarnation: "1", Term: 1, Seq: b.seq, SeenReport: b.seen, Lease: turno.Duration(time.Minute)}
	for _, k := range keys {
		d.Jobs = append(d.Jobs, turno.Assignment{AttemptKey: k, Task: &turno.Task{Spec: &turno.Spec{Type: "exec"}, GPUs: []string{"g"}}})
	}
	b.core.Desired(b.now, d)
	return b.ready()
}

var done = turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted}

func TestStart_WaitsForTheDeviceAndForTheAttemptBefore(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if r := b.want(key(1, 1)); len(r.Start) != 1 || len(r.Journal) == 0 {
		t.Fatalf("the first attempt: %+v", r)
	}
	r := b.want(key(1, 2)) // the scheduler has given up on the first
	if len(r.Start) != 0 || len(r.Stop) != 1 || r.Stop[0].AttemptKey != key(1, 1) || r.Stop[0].Grace != 0 {
		t.Fatalf("the old attempt must be killed first: %+v", r)
	}
	b.core.Ended(b.now, key(1, 1), done)
	if r := b.ready(); len(r.Start) != 1 || r.Start[0].AttemptKey != key(1, 2) || len(r.Forget) != 1 {
		t.Fatalf("after the old one's end: %+v", r)
	}
}

func TestDesired_OlderAndForeignAreIgnored(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.want(key(1, 1))
	old := &turno.Desired{Worker: "w", Incarnation: "1", Term: 1, Seq: b.seq - 1}
	foreign := &turno.Desired{Worker: "w", Incarnation: "0", Term: 9, Seq: 9}
	b.core.Desired(b.now, old)
	b.core.Desired(b.now, foreign)
	if r := b.ready(); len(r.Stop)+len(r.Forget) != 0 {
		t.Errorf("obeyed an order that is not its own: %+v", r)
	}
}

func TestLease_OutEndsWhatRunsAndStartsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.want(key(1, 1))
	b.core.Started(b.now, key(1, 1))
	b.now = b.now.Add(59 * time.Second)
	b.core.Tick(b.now)
	if r := b.core.Ready(); len(r.Stop) != 0 {
		t.Errorf("ended before its lease was out: %+v", r)
	}
	b.now = b.now.Add(time.Second)
	b.core.Tick(b.now)
	if r := b.core.Ready(); len(r.Stop) != 1 {
		t.Errorf("ran on without a lease: %+v", r)
	}
	b.core.Ended(b.now, key(1, 1), turno.Result{State: turno.Cancelled, Reason: turno.ReasonCancelled})
	if h := b.core.Ready().Report.Held; len(h) != 1 || h[0].State != turno.Lost {
		t.Errorf("reports %+v, want lost", h)
	}
}

func TestResult_IsToldUntilRelieved(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.want(key(1, 1))
	b.core.Started(b.now, key(1, 1))
	b.core.Ended(b.now, key(1, 1), done)
	b.core.Ended(b.now, key(1, 1), turno.Result{State: turno.Failed, Reason: turno.ReasonExitCode}) // the first end counts
	for range 3 {
		b.now = b.now.Add(time.Second)
		b.core.Tick(b.now)
		r := b.ready()
		if r.Report == nil || len(r.Report.Held) != 1 || r.Report.Held[0].Result.State != turno.Succeeded {
			t.Fatalf("report %+v", r.Report)
		}
	}
	if r := b.want(); len(r.Forget) != 1 {
		t.Errorf("relieved: %+v", r)
	}
	if !b.core.Idle() {
		t.Error("still holds something")
	}
}

// TestRestore_TakesUpAndFences: a new incarnation goes on with what runs, and
// obeys only orders to itself.
func TestRestore_TakesUpAndFences(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	kept := hold.Kept{Assignment: turno.Assignment{AttemptKey: key(1, 1), Task: &turno.Task{Spec: &turno.Spec{}, GPUs: []string{"g"}}}}
	b.core.Restore(b.now, []hold.Kept{kept}, b.now.Add(time.Minute))
	if r := b.want(key(1, 1), key(2, 1)); len(r.Start) != 0 {
		t.Errorf("started %+v on a device that is taken", r.Start)
	}
	b.core.Ended(b.now, key(1, 1), done)
	if r := b.ready(); len(r.Start) != 1 || r.Start[0].AttemptKey != key(2, 1) {
		t.Errorf("after the end: %+v", r.Start)
	}
}
