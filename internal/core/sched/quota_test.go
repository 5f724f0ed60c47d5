package sched_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/internal/core/policy/all"
	"turno/internal/core/sched"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func bounded(t testing.TB, most, mostOfOne int) *sched.Sched {
	t.Helper()
	o, ok := all.Find("fair")
	if !ok {
		t.Fatal("there is no order fair")
	}
	return sched.New(sched.Config{Term: 1, Order: o, MaxJobs: most, MaxUserJobs: mostOfOne})
}

func idOf(n int) string { return fmt.Sprintf("00000000-0000-7000-8000-%012d", n) }

// hand submits jobs of a user, from the id with number from on, and gives the
// codes of what was refused.
func hand(s *sched.Sched, user string, from, n int) (accepted int, refused []turno.Code) {
	jobs := make([]turno.NewJob, n)
	for i := range jobs {
		spec := &turno.Spec{Type: "noop", User: user}
		spec.Normalize()
		jobs[i] = turno.NewJob{ID: idOf(from + i), Spec: spec}
	}
	for _, a := range s.Submit(start, jobs, nil) {
		if a.Error == nil {
			accepted++
		} else {
			refused = append(refused, a.Error.Code)
		}
	}
	s.Ready()
	return accepted, refused
}

// TestQuota: of all and of each user; a repeated submission is answered however
// full it is; what has ended makes room; a restart counts anew.
func TestQuota(t *testing.T) {
	t.Parallel()
	s := bounded(t, 10, 6)
	expect := func(what, user string, from, n, want int) {
		t.Helper()
		got, refused := hand(s, user, from, n)
		if got != want || len(refused) != n-want {
			t.Errorf("%s: %d of %d accepted, want %d", what, got, n, want)
		}
		for _, code := range refused {
			if code != turno.CodeQuota {
				t.Errorf("%s: refused with %q", what, code)
			}
		}
	}
	expect("a user's own bound", "ana", 0, 8, 6)
	expect("repeated", "ana", 0, 6, 6)
	expect("another user", "bea", 100, 6, 4)
	expect("all are too many", "carl", 200, 1, 0)
	out := s.Act(start, &turno.Action{Verb: turno.Cancel, Jobs: []string{"1", "2", "7"}})
	for _, o := range out {
		if o.Error != nil {
			t.Fatal(o.Error)
		}
	}
	s.Ready()
	expect("after three ended", "ana", 300, 5, 2)
	expect("the third", "carl", 400, 5, 1)

	var records []*turno.Job
	again := bounded(t, 10, 6)
	for n := range int64(3) {
		spec := &turno.Spec{Type: "noop", User: "ana"}
		spec.Normalize()
		records = append(records, &turno.Job{ID: idOf(int(n)), Number: n + 1, Spec: spec, State: turno.Queued, SubmittedAt: start})
	}
	again.Restore(start, 4, nil, records)
	again.Resume(start, nil)
	s = again
	expect("after a restart", "ana", 500, 5, 3)
}

// TestQueued_WithoutWorkers: a fleet that is dead costs memory by the job, and
// no time. 200,000 jobs of one spec each, as clients send them.
func TestQueued_WithoutWorkers(t *testing.T) {
	const n, perBatch = 200_000, 1000
	s := bounded(t, 0, 0)
	before := heap()
	for from := 0; from < n; from += perBatch {
		jobs := make([]turno.NewJob, perBatch)
		for i := range jobs {
			spec := &turno.Spec{Type: "noop", User: "ana", Params: json.RawMessage(`{"seconds":1}`)}
			spec.Normalize()
			jobs[i] = turno.NewJob{ID: idOf(from + i), Spec: spec}
		}
		s.Submit(start, jobs, nil)
		if r := s.Ready(); len(r.Jobs) != perBatch {
			t.Fatalf("%d changes of %d jobs", len(r.Jobs), perBatch)
		}
	}
	each := int64(heap()-before) / n
	began := time.Now()
	const ticks = 1000
	for i := range ticks {
		s.Tick(start.Add(time.Duration(i) * time.Second))
		if r := s.Ready(); !r.Empty() {
			t.Fatalf("tick %d changed %d jobs", i, len(r.Jobs))
		}
	}
	tick := time.Since(began) / ticks
	t.Logf("%d jobs wait without a worker: %d bytes each; a tick takes %s", n, each, tick)
	if each > 2500 {
		t.Errorf("a job that waits takes %d bytes", each)
	}
	if tick > 5*time.Millisecond {
		t.Errorf("a tick in which nothing happens takes %s", tick)
	}
	runtime.KeepAlive(s)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestAttack_C58_IDsOfOthers: an id that somebody else's job has is taken, and
// nothing is said of that job; also once it has ended, and from the store.
func TestAttack_C58_IDsOfOthers(t *testing.T) {
	t.Parallel()
	s := bounded(t, 0, 0)
	submit := func(user string, known sched.Known) turno.Submitted {
		spec := &turno.Spec{Type: "noop", User: user}
		spec.Normalize()
		return s.Submit(start, []turno.NewJob{{ID: idOf(7), Spec: spec}}, known)[0]
	}
	if got := submit("ana", nil); got.Number != 1 {
		t.Fatalf("%+v", got)
	}
	s.Ready()
	check := func(when string, known sched.Known) {
		t.Helper()
		if got := submit("ana", known); got.Number != 1 || got.Error != nil {
			t.Errorf("%s, her own: %+v", when, got)
		}
		got := submit("ben", known)
		if got.Number != 0 || got.Error == nil || strings.Contains(got.Error.Error(), "job 1") || got.Error.Field != "id" {
			t.Errorf("%s, another's: %+v", when, got)
		}
	}
	check("while it waits", nil)
	s.Act(start, &turno.Action{Verb: turno.Cancel, Jobs: []string{"1"}})
	old := s.Ready().Jobs[0].Job
	check("when it has ended", nil)
	s = bounded(t, 0, 0)
	check("from the store", sched.Known{old})
}

// TestTry_HandsNothingIn: what stands against a job, and nothing of it stays.
func TestTry_HandsNothingIn(t *testing.T) {
	t.Parallel()
	s := bounded(t, 2, 0)
	try := func(spec *turno.Spec) turno.Reason {
		t.Helper()
		spec.Normalize()
		e, err := s.Try(start, spec)
		if err != nil {
			t.Fatal(err)
		}
		return e.Reason
	}
	if got := try(&turno.Spec{Type: "noop"}); got != turno.ReasonNoWorkers {
		t.Errorf("without workers: %s", got)
	}
	machine := turno.Machine{CPUs: 4 * turno.CPU, Memory: 1 << 30, Offers: []turno.Offer{{Type: "noop", Devices: []turno.Device{turno.DeviceCPU}}}}
	s.Report(start, &turno.Report{Worker: "w", Incarnation: idOf(99), Seq: 1, Term: 1, Machine: machine})
	for _, c := range []struct {
		spec turno.Spec
		want turno.Reason
	}{
		{turno.Spec{Type: "noop"}, turno.ReasonAssigned},
		{turno.Spec{Type: "noop", Hold: true}, turno.ReasonHeld},
		{turno.Spec{Type: "noop", Begin: start.Add(time.Hour)}, turno.ReasonBeginTime},
		{turno.Spec{Type: "noop", CPUs: 9 * turno.CPU}, turno.ReasonNoSuchResource},
		{turno.Spec{Type: "train"}, turno.ReasonNoSuchResource},
	} {
		if got := try(&c.spec); got != c.want {
			t.Errorf("%+v: %s, want %s", c.spec, got, c.want)
		}
	}
	if r := s.Ready(); len(r.Jobs) != 0 {
		t.Errorf("%d jobs are changed", len(r.Jobs))
	}
	hand(s, "ana", 0, 2)
	if _, err := s.Try(start, &turno.Spec{Type: "noop", User: "ana"}); err == nil || err.Code != turno.CodeQuota {
		t.Errorf("when all is full: %v", err)
	}
}
