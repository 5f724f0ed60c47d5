package hold_test

import (
	"slices"
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

// TestAhead_BeginsInOrderWhenThereIsRoom: tasks sent ahead begin by themselves,
// one after the other, and only with room for all they ask for.
func TestAhead_BeginsInOrderWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	b := &bench{t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	b.core = hold.New(hold.Config{Worker: "w", Incarnation: "1", Heartbeat: time.Second}, turno.Machine{CPUs: 2 * turno.CPU, Memory: 1 << 30})
	b.core.Tick(b.now)
	b.ready()
	task := func(cpus turno.MilliCPU, ahead bool) *turno.Task {
		return &turno.Task{Spec: &turno.Spec{Type: "exec", CPUs: cpus * turno.CPU}, Ahead: ahead}
	}
	all := []turno.Assignment{
		{AttemptKey: key(3, 1), Task: task(2, true)}, // stands before the others here, and yet after them
		{AttemptKey: key(1, 1), Task: task(1, false)},
		{AttemptKey: key(2, 1), Task: task(1, false)},
		{AttemptKey: key(4, 1), Task: task(1, true)},
	}
	d := &turno.Desired{Worker: "w", Incarnation: "1", Term: 1, Seq: 1, SeenReport: b.seen, Lease: turno.Duration(time.Minute), Jobs: all}
	b.core.Desired(b.now, d)
	started := func(r hold.Ready, want ...turno.AttemptKey) {
		t.Helper()
		var got []turno.AttemptKey
		for _, a := range r.Start {
			got = append(got, a.AttemptKey)
		}
		if !slices.Equal(got, want) {
			t.Errorf("started %v, want %v", got, want)
		}
	}
	started(b.ready(), key(1, 1), key(2, 1))
	b.core.Ended(b.now, key(1, 1), done)
	started(b.ready()) // 4.1 would fit, and 3.1 was there before it
	b.core.Ended(b.now, key(2, 1), done)
	started(b.ready(), key(3, 1))
	for i := range all {
		if all[i].AttemptKey == key(3, 1) || all[i].AttemptKey == key(4, 1) {
			all[i].Stop = &turno.Stop{Reason: turno.ReasonRequeuing, Unbegun: true}
		}
	}
	d = &turno.Desired{Worker: "w", Incarnation: "1", Term: 1, Seq: 2, SeenReport: b.seen, Lease: turno.Duration(time.Minute), Jobs: all}
	b.core.Desired(b.now, d)
	r := b.ready()
	if started(r); len(r.Stop) != 0 {
		t.Errorf("one that has begun was stopped: %+v", r.Stop)
	}
	if held := r.Report.Held; held[0].State != turno.Starting || held[3].State != turno.Cancelled || held[3].Result.Reason != turno.ReasonRequeuing {
		t.Errorf("reports %+v", held)
	}
}

// TestReport_BeginningsGoWithTheEnd: only an end is told at once.
func TestReport_BeginningsGoWithTheEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.want()
	b.now = b.now.Add(100 * time.Millisecond)
	if r := b.want(key(1, 1)); r.Report != nil {
		t.Error("a report only to say that something begins")
	}
	b.now = b.now.Add(5 * time.Millisecond)
	b.core.Started(b.now, key(1, 1))
	if r := b.ready(); r.Report != nil || b.core.Next().Sub(b.now) > 5*time.Millisecond {
		t.Errorf("a report only to say that something has begun, or none in %s", b.core.Next().Sub(b.now))
	}
	b.now = b.core.Next()
	b.core.Tick(b.now)
	if r := b.ready(); r.Report == nil || r.Report.Held[0].State != turno.Running {
		t.Errorf("report %+v", r.Report)
	}
	b.core.Ended(b.now, key(1, 1), done)
	if r := b.ready(); r.Report == nil {
		t.Error("an end waited")
	}
}
