package sched_test

import (
	"encoding/json"
	"fmt"
	"runtime"
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
