// Package storetest is the contract of package store as tests: one subtest for
// each numbered sentence, and a random walk that drives an adapter and the
// oracle side by side. Every adapter runs it:
//
//	storetest.Run(t, storetest.Factory{New: func(t testing.TB) store.Store { … }})
//
// It also fills stores for benchmarks.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"turno"
	"turno/internal/store"
)

// Factory opens stores of one adapter; what it opens it closes with t.Cleanup.
type Factory struct {
	// New opens an empty store.
	New func(t testing.TB) store.Store
	// Again closes s and opens what it had stored; nil: it remembers nothing.
	Again func(t testing.TB, s store.Store) store.Store
	// Beside opens another handle on the data of s, as another process has;
	// nil: only one handle can be open.
	Beside func(t testing.TB, s store.Store) store.Store
}

// Run checks an adapter against the contract.
func Run(t *testing.T, f Factory) {
	tests := []struct {
		name string
		test func(*testing.T, Factory)
	}{
		{"S1_CommitIsWholeOrNotAtAll", s1Whole},
		{"S1_CommitIsDurable", s1Durable},
		{"S2_FencedCommitChangesNothing", s2Fenced},
		{"S3_EachNewHolderHasAHigherTerm", s3Terms},
		{"S3_OneOfManyHoldersLeads", s3Race},
		{"S4_RenewedLeadKeepsItsTerm", s4Renew},
		{"S5_LeadThatWasGivenUpIsFree", s5GivenUp},
		{"S5_LeadThatIsOutIsFree", s5Out},
		{"S6_JobComesBackAsItWasWritten", s6Fields},
		{"S6_AnyJobComesBackAsItWasWritten", s6Random},
		{"S6_TaskSharesItsArraysSpec", s6Tasks},
		{"S7_LoadYieldsWhatHasNotEnded", s7Load},
		{"S8_JobsPagesThroughEachFilter", s8Filters},
		{"S8_JobsPagesWhileNewOnesCome", s8WhileWriting},
		{"S8_BadCursorIsRefused", s8Cursor},
		{"S9_FindByNumberIDAndTask", s9Find},
		{"S10_CountsAreExact", s10Counts},
		{"S10_WaitingTasksCount", s10Waiting},
		{"S11_LogsOverlapAndGap", s11Logs},
		{"S12_ChangesInOrder", s12Changes},
		{"S12_ChangesWaits", s12Waits},
		{"S12_UnknownRevisionIsReset", s12Reset},
		{"S12_ChangesOfAnotherProcess", s12Beside},
		{"S13_DuplicateIDIsRefused", s13Duplicate},
		{"S14_EveryCallEndsWithItsContext", s14Context},
		{"S15_ConcurrentUse", s15Concurrent},
		{"S16_ChangeFromAnotherStateIsRefused", s16Conflict},
		{"S17_DeadLetters", s17DeadLetters},
		{"S18_DeadLettersAreBounded", s18Bounds},
		{"S19_S22_Tokens", s19Tokens},
		{"S20_VersionsOfTokens", s20Versions},
		{"S21_AuditLog", s21Audit},
		{"S23_Webhooks", s23Webhooks},
		{"S24_S25_Benchmarks", s24Benchmarks},
		{"S26_S27_S28_SearchTimesAndOrder", s26Queries},
		{"S27_TimesInAnyOrder", s27Times},
		{"S28_CursorOfTheOtherOrderIsRefused", s28Cursor},
		{"S29_Facets", s29Facets},
		{"Walk", walkTest},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { t.Parallel(); test.test(t, f) })
	}
}

// base is the time at which everything here begins: not on a whole second.
var base = time.Date(2026, 2, 3, 4, 5, 6, 789_012_000, time.UTC)

// ttl is of leads that must not run out while a test lasts.
const ttl = time.Hour

// equate compares as S6 says: empty is nil, times are instants.
var equate = cmp.Options{cmpopts.EquateEmpty()}

// writer leads a store and writes to it.
type writer struct {
	testing.TB
	store.Store
	term uint64
	next int64
}

func newWriter(t testing.TB, s store.Store) *writer {
	t.Helper()
	lead, err := s.Lead(t.Context(), "tester", ttl)
	if err != nil {
		t.Fatalf("Lead: %v", err)
	}
	return &writer{TB: t, Store: s, term: lead.Term, next: 1}
}

// commit must work.
func (w *writer) commit(b store.Batch) {
	w.Helper()
	if err := w.try(b); err != nil {
		w.Fatalf("Commit: %v", err)
	}
}

func (w *writer) try(b store.Batch) error {
	b.Term = w.term
	b.Next = w.next
	return w.Commit(w.Context(), b)
}

// refused must fail with this error and leave everything as it was.
func (w *writer) refused(want error, b store.Batch) {
	w.Helper()
	before := w.snapshot()
	if err := w.Commit(w.Context(), b); !errors.Is(err, want) {
		w.Fatalf("Commit: %v, want %v", err, want)
	}
	if diff := cmp.Diff(before, w.snapshot(), equate); diff != "" {
		w.Fatalf("the refused commit changed something (-before +after):\n%s", diff)
	}
}

// add makes n new jobs, not yet committed.
func (w *writer) add(n int, edit func(*turno.Job)) []store.Change {
	var changes []store.Change
	for range n {
		j := simple(w.next)
		if edit != nil {
			edit(j)
		}
		w.next++
		changes = append(changes, store.Change{Job: j})
	}
	return changes
}

// move is a job in another state; the job given stays as it is.
func move(j *turno.Job, to turno.State) store.Change {
	c := *j
	c.State = to
	c.Since = j.Since.Add(time.Second)
	return store.Change{Job: &c, From: j.State}
}

// simple is a job that is queued.
func simple(number int64) *turno.Job {
	return &turno.Job{
		ID:          id(number),
		Number:      number,
		Spec:        &turno.Spec{Name: fmt.Sprintf("job-%d", number), Queue: "default", User: "ana", Type: "matmul"},
		State:       turno.Queued,
		Reason:      turno.ReasonPriority,
		Since:       base.Add(time.Duration(number) * time.Second),
		SubmittedAt: base.Add(time.Duration(number) * time.Second),
	}
}

func id(n int64) string { return fmt.Sprintf("01890a5d-ac96-7%03x-8000-%012x", n%4096, n) }

// snapshot is all that a store tells.
type snapshot struct {
	State   store.State
	Load    []*turno.Job
	Jobs    []turno.Job
	Summary turno.Summary
	Newest  uint64
	Log     string
}

// logOf is the attempt whose log snapshots hold.
var logOf = turno.AttemptKey{Job: 1, Attempt: 1}

func (w *writer) snapshot() snapshot {
	w.Helper()
	var s snapshot
	s.Load, s.State = load(w, w.Store)
	s.Jobs = list(w, w.Store, turno.JobQuery{})
	s.Summary = summary(w, w.Store)
	s.Newest = newest(w, w.Store)
	s.Log, _ = readLog(w, w.Store, logOf)
	return s
}

func load(t testing.TB, s store.Store) (jobs []*turno.Job, state store.State) {
	t.Helper()
	state, err := s.Load(t.Context(), func(j *turno.Job) error { jobs = append(jobs, j); return nil })
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return jobs, state
}

// list reads all pages.
func list(t testing.TB, s store.Store, q turno.JobQuery) (jobs []turno.Job) {
	t.Helper()
	for {
		page, err := s.Jobs(t.Context(), q)
		if err != nil {
			t.Fatalf("Jobs(%+v): %v", q, err)
		}
		if len(page.Items) > store.PageSize(q) {
			t.Fatalf("Jobs(%+v): a page of %d", q, len(page.Items))
		}
		jobs = append(jobs, page.Items...)
		if page.NextCursor == "" {
			return jobs
		}
		q.Cursor = page.NextCursor
	}
}

func summary(t testing.TB, s store.Store) turno.Summary {
	t.Helper()
	sum, err := s.Summary(t.Context())
	if err != nil {
		t.Fatalf("Summary: %v", err)
	}
	return sum
}

func newest(t testing.TB, s store.Store) uint64 {
	t.Helper()
	events, rev, err := s.Changes(t.Context(), 0)
	if err != nil || len(events) > 0 || rev == 0 {
		t.Fatalf("Changes(0): %v, %d, %v", events, rev, err)
	}
	return rev
}

func readLog(t testing.TB, s store.Store, k turno.AttemptKey) (string, int64) {
	t.Helper()
	data, size, err := s.ReadLog(t.Context(), k, 0, 1<<20)
	if err != nil {
		t.Fatalf("ReadLog: %v", err)
	}
	return string(data), size
}

// find must find one job.
func find(t testing.TB, s store.Store, r turno.Ref) *turno.Job {
	t.Helper()
	jobs, err := s.Find(t.Context(), r)
	if err != nil || len(jobs) != 1 || jobs[0] == nil {
		t.Fatalf("Find(%v): %v, %v", r, jobs, err)
	}
	return jobs[0]
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, equate); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func ended(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}
