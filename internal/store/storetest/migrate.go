package storetest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"turno"
	"turno/internal/store"
)

// Migrated checks a store that was made by an earlier turno, see
// scripts/schema-fixture: everything is there, is found by its state, and can be
// gone on with.
func Migrated(t *testing.T, s store.Store) {
	t.Helper()
	sum, err := s.Summary(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Of the array that waits some turnos have begun a task.
	sum.States[turno.Queued] += sum.States[turno.Running] + sum.States[turno.Starting]
	delete(sum.States, turno.Running)
	delete(sum.States, turno.Starting)
	want := map[turno.State]int64{turno.Succeeded: 11, turno.Failed: 2, turno.Cancelled: 2, turno.Held: 1, turno.Queued: 1000 + 2}
	if !maps.Equal(sum.States, want) {
		t.Errorf("there are %v, want %v", sum.States, want)
	}
	names := map[turno.State][]string{
		turno.Succeeded: {"array", "hello"}, turno.Failed: {"retried", "ünder"}, turno.Cancelled: {"cancelled", "killed"},
		turno.Held: {"held"}, turno.Queued: {"later"}, turno.Running: {"runs"},
	}
	for state, want := range names {
		page, err := s.Jobs(t.Context(), turno.JobQuery{States: []turno.State{state}, Limit: 100, Top: true})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, j := range page.Items {
			if j.Spec.Name != "tasks" {
				got = append(got, j.Spec.Name)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s are %v, want %v", state, got, want)
		}
	}
	text, size, err := s.ReadLog(t.Context(), turno.AttemptKey{Job: 1, Attempt: 1}, 0, 100)
	if err != nil || string(text) != "hello\nagain\n" || size != 12 {
		t.Errorf("the log of job 1 is %q of %d, %v", text, size, err)
	}
	if n, err := s.(store.Sized).Size(t.Context()); err != nil || n < 1000 {
		t.Errorf("it takes %d bytes, %v", n, err)
	}
	goOn(t, s)
}

// goOn commits a change of a job of before, and a new one.
func goOn(t *testing.T, s store.Store) {
	t.Helper()
	live := map[int64]*turno.Job{}
	state, err := s.Load(t.Context(), func(j *turno.Job) error { live[j.Number] = j; return nil })
	if err != nil {
		t.Fatal(err)
	}
	j := live[5]
	if len(live) < 4 || j == nil || j.Spec.Name != "held" || len(state.Workers) != 1 || state.Next <= 19 || state.Attempts != 0 {
		t.Fatalf("loaded %v, %+v", live, state)
	}
	lead, err := s.Lead(t.Context(), "test", time.Minute)
	if err != nil || lead.Term < 2 {
		t.Fatalf("%+v, %v", lead, err)
	}
	ended, fresh := *j, *j
	ended.State, ended.Reason = turno.Lost, turno.ReasonWorkerLost
	fresh.Number, fresh.ID = state.Next, "018bcfe5-6800-7000-8000-000000000001"
	b := store.Batch{Term: lead.Term, Next: state.Next + 1, Jobs: []store.Change{{Job: &ended, From: turno.Held}, {Job: &fresh}}}
	if err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	page, err := s.Jobs(t.Context(), turno.JobQuery{States: []turno.State{turno.Lost, turno.Held}, Limit: 10})
	if err != nil || len(page.Items) != 2 {
		t.Errorf("after a commit there are %v, %v", page.Items, err)
	}
}
