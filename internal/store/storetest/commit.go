package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"turno"
	"turno/internal/store"
)

// seed gives a store some of everything.
func seed(w *writer) []store.Change {
	jobs := w.add(5, nil)
	w.commit(store.Batch{
		Jobs:    jobs,
		Workers: []turno.Worker{{Name: "w1", State: turno.WorkerReady, Since: base}, {Name: "w2"}},
		Logs:    []turno.LogChunk{{AttemptKey: logOf, Data: []byte("hello ")}},
	})
	return jobs
}

func s1Whole(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	jobs := seed(w)
	b := store.Batch{
		Term:    w.term,
		Jobs:    append([]store.Change{move(jobs[0].Job, turno.Starting)}, w.add(600, nil)...),
		Workers: []turno.Worker{{Name: "w1", State: turno.WorkerGone}, {Name: "w3"}},
		Gone:    []string{"w2"},
		Logs: []turno.LogChunk{
			{AttemptKey: logOf, Offset: 6, Data: []byte("there")},
			{AttemptKey: turno.AttemptKey{Job: 2, Attempt: 1}, Offset: 10, Data: []byte("a gap")},
		},
		Next: w.next + 100,
	}
	w.refused(store.ErrLogGap, b)
	// The last change of many is the bad one.
	b.Logs = b.Logs[:1]
	b.Jobs = append(b.Jobs, store.Change{Job: simple(w.next), From: turno.Queued})
	w.refused(store.ErrConflict, b)
	// Without the bad part it is taken whole.
	b.Jobs = b.Jobs[:len(b.Jobs)-1]
	if err := w.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	s := w.snapshot()
	equal(t, "workers", s.State.Workers, []turno.Worker{{Name: "w1", State: turno.WorkerGone}, {Name: "w3"}})
	equal(t, "next", s.State.Next, b.Next)
	equal(t, "log", s.Log, "hello there")
	equal(t, "number of jobs", len(s.Jobs), 605)
	equal(t, "state", find(t, w.Store, turno.Ref{Number: 1, Task: -1}).State, turno.Starting)
	// Repeated, as after an unknown outcome, it is refused.
	w.refused(store.ErrConflict, b)
}

func s1Durable(t *testing.T, f Factory) {
	if f.Again == nil {
		t.Log("this adapter remembers nothing beyond its process: nothing to check")
		return
	}
	w := newWriter(t, f.New(t))
	jobs := seed(w)
	w.commit(store.Batch{Jobs: []store.Change{move(jobs[1].Job, turno.Failed)}})
	want := w.snapshot()
	w2 := newWriter(t, f.Again(t, w.Store))
	w2.next = w.next
	equal(t, "after opening again", w2.snapshot(), want)
	if w2.term <= w.term {
		t.Errorf("term %d after opening again, was %d", w2.term, w.term)
	}
	w2.commit(store.Batch{Jobs: w2.add(1, nil)})
	equal(t, "revision", newest(t, w2.Store), want.Newest+1)
}

func s2Fenced(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	jobs := seed(w)
	old := w.term
	if _, err := w.Lead(t.Context(), "tester", 0); err != nil {
		t.Fatal(err)
	}
	lead, err := w.Lead(t.Context(), "other", ttl)
	if err != nil {
		t.Fatal(err)
	}
	b := store.Batch{
		Jobs:    append(w.add(1, nil), move(jobs[0].Job, turno.Running)),
		Workers: []turno.Worker{{Name: "w9"}},
		Gone:    []string{"w1"},
		Logs:    []turno.LogChunk{{AttemptKey: logOf, Offset: 6, Data: []byte("there")}},
		Next:    100,
	}
	for _, term := range []uint64{old, lead.Term + 1, 0} {
		b.Term = term
		w.refused(store.ErrFenced, b)
	}
	w.refused(store.ErrFenced, store.Batch{Term: old})
	b.Term = lead.Term
	if err := w.Commit(t.Context(), b); err != nil {
		t.Fatalf("Commit of who leads: %v", err)
	}
	fresh := f.New(t)
	if err := fresh.Commit(t.Context(), store.Batch{}); !errors.Is(err, store.ErrFenced) {
		t.Fatalf("Commit where nobody ever led: %v", err)
	}
}

func s13Duplicate(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	jobs := seed(w)
	twin := func(of string) func(*turno.Job) { return func(j *turno.Job) { j.ID = of } }
	batch := func(jobs []store.Change) store.Batch { return store.Batch{Term: w.term, Jobs: jobs, Next: w.next} }
	w.refused(store.ErrDuplicate, batch(w.add(1, twin(jobs[2].Job.ID))))
	w.refused(store.ErrDuplicate, batch(append(w.add(300, nil), w.add(1, twin(jobs[0].Job.ID))...)))
	w.refused(store.ErrDuplicate, batch(append(w.add(1, twin(id(999))), w.add(1, twin(id(999)))...)))
	// A task of an array has its array's id and its index.
	task := func(j *turno.Job) { j.Parent, j.Task, j.ID = 1, 7, jobs[0].Job.ID+"_7" }
	w.commit(batch(w.add(1, task)))
	w.refused(store.ErrDuplicate, batch(w.add(1, task)))
	// Ids that are no UUIDs are as good, of any length.
	for n := range 20 {
		short := func(j *turno.Job) { j.ID = "abcdefghijklmnopqrstuvwxyz"[:n+1] }
		w.commit(batch(w.add(1, short)))
		w.refused(store.ErrDuplicate, batch(w.add(1, short)))
	}
}

func s16Conflict(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	jobs := seed(w)
	batch := func(c ...store.Change) store.Batch { return store.Batch{Term: w.term, Jobs: c, Next: w.next} }
	one := jobs[0].Job
	w.refused(store.ErrConflict, batch(store.Change{Job: one}))                            // not new
	w.refused(store.ErrConflict, batch(store.Change{Job: one, From: turno.Running}))       // not running
	w.refused(store.ErrConflict, batch(store.Change{Job: simple(77), From: turno.Queued})) // not there
	many := w.add(300, nil)
	w.commit(batch(many...))
	for i := range many {
		many[i] = move(many[i].Job, turno.Starting)
	}
	many[150].From = turno.Running
	w.refused(store.ErrConflict, batch(many...))
	many[150].From = turno.Queued
	w.commit(batch(many...))
}

func s15Concurrent(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	const writers, each = 4, 20
	var mu sync.Mutex // so that every batch has numbers of its own
	var all sync.WaitGroup
	fail := make(chan error, 2*writers*each)
	for range writers {
		all.Go(func() {
			for range each {
				mu.Lock()
				b := store.Batch{Term: w.term, Jobs: w.add(3, nil), Next: w.next}
				mu.Unlock()
				if err := w.Commit(t.Context(), b); err != nil {
					fail <- fmt.Errorf("commit: %w", err)
				}
			}
		})
		all.Go(func() {
			for range each {
				// Whatever is read, it is of whole commits.
				page, err := w.Jobs(t.Context(), turno.JobQuery{Limit: 1000})
				if err != nil || len(page.Items)%3 != 0 {
					fail <- fmt.Errorf("%d jobs, %w", len(page.Items), err)
				}
				if sum, err := w.Summary(t.Context()); err != nil || sum.States[turno.Queued]%3 != 0 {
					fail <- fmt.Errorf("%v, %w", sum, err)
				}
				if _, err := w.Lead(t.Context(), "tester", ttl); err != nil {
					fail <- err
				}
			}
		})
	}
	all.Wait()
	close(fail)
	for err := range fail {
		t.Error(err)
	}
	equal(t, "jobs", len(list(t, w.Store, turno.JobQuery{})), writers*each*3)
}
