package scheduler_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"turno"
	"turno/internal/broker"
	brokermem "turno/internal/broker/mem"
	policies "turno/internal/core/policy/all"
	"turno/internal/role/scheduler"
	"turno/internal/store"
	storemem "turno/internal/store/mem"
)

// deaf is a broker on which answers to one address cannot be sent.
type deaf struct{ *brokermem.Broker }

func (d deaf) Reply(ctx context.Context, to broker.Message, body []byte) error {
	if to.CorrelationID == "deaf" {
		return errors.New("that address takes nothing")
	}
	return d.Broker.Reply(ctx, to, body)
}

// known are types that a test teaches check.
var known sync.Map

func check(s *turno.Spec) *turno.Error {
	switch s.Type {
	case "breaks":
		panic("broke as planned")
	case "not yet":
		if _, ok := known.Load(s.Type); !ok {
			return turno.Invalid("type", "there is no type %q yet", s.Type)
		}
		s.Type = "noop"
	}
	s.Normalize()
	return s.Validate()
}

// start runs a scheduler until the test ends and returns the terms it leads.
func start(t *testing.T, b scheduler.Broker, s scheduler.Store) <-chan uint64 {
	t.Helper()
	return run(t, scheduler.Options{Name: "test", Broker: b, Store: s, Order: policies.List()[0], Check: check})
}

func run(t *testing.T, o scheduler.Options) <-chan uint64 {
	t.Helper()
	role := scheduler.New(o)
	terms := make(chan uint64, 16) // more than any test has changes of the lead
	role.OnLead(func(term uint64) { terms <- term })
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- role.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return terms
}

// ask submits one message and waits for its answer.
func ask(t *testing.T, b broker.Broker, correlation string, jobs ...turno.NewJob) {
	t.Helper()
	inbox, err := b.Inbox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer inbox.Close()
	body, err := json.Marshal(turno.Submission{Version: 1, Jobs: jobs})
	if err != nil {
		t.Fatal(err)
	}
	m := broker.Message{ReplyTo: inbox.Address(), CorrelationID: correlation, Body: body}
	if err := b.Publish(t.Context(), broker.JobsQueue, m); err != nil {
		t.Fatal(err)
	}
	if correlation == "deaf" {
		return
	}
	got, err := inbox.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var reply turno.SubmissionReply
	if err := json.Unmarshal(got[0].Body, &reply); err != nil || reply.Error != nil {
		t.Fatalf("answered %s: %v", got[0].Body, err)
	}
	for _, a := range reply.Jobs {
		if a.Error != nil {
			t.Errorf("refused: %v", a.Error)
		}
	}
}

func job(n int) turno.NewJob {
	return turno.NewJob{ID: fmt.Sprintf("00000000-0000-7000-8000-%012d", n), Spec: &turno.Spec{Type: "noop"}}
}

// TestReply_ThatCannotBeSentStopsNobody: an address is a stranger's word.
func TestReply_ThatCannotBeSentStopsNobody(t *testing.T) {
	t.Parallel()
	b := deaf{brokermem.New()}
	terms := start(t, b, storemem.New())
	<-terms
	ask(t, b, "deaf", job(1))
	ask(t, b, "hears", job(2))
	select {
	case term := <-terms:
		t.Errorf("the term ended; now %d", term)
	default:
	}
}

// TestSubmission_WithTooManyJobsIsRefused: its answer would not fit.
func TestSubmission_WithTooManyJobsIsRefused(t *testing.T) {
	t.Parallel()
	b := brokermem.New()
	start(t, b, storemem.New())
	inbox, err := b.Inbox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(turno.Submission{Version: 1, Jobs: make([]turno.NewJob, 10_001)})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(t.Context(), broker.JobsQueue, broker.Message{ReplyTo: inbox.Address(), Body: body}); err != nil {
		t.Fatal(err)
	}
	got, err := inbox.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var reply turno.SubmissionReply
	if err := json.Unmarshal(got[0].Body, &reply); err != nil || reply.Error == nil || reply.Error.Code != turno.CodeTooLarge {
		t.Errorf("answered %.200s: %v", got[0].Body, err)
	}
}

// TestStandby_TakesOverWhenTheLeaseIsOut: the leader died without a word.
func TestStandby_TakesOverWhenTheLeaseIsOut(t *testing.T) {
	t.Parallel()
	b, s := brokermem.New(), storemem.New()
	dead, err := s.Lead(t.Context(), "dead", 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	term := <-start(t, b, s)
	if took := time.Since(began); term <= dead.Term || took > 5*time.Second {
		t.Errorf("leads term %d after %s; the dead one's was %d", term, took, dead.Term)
	}
	ask(t, b, "hears", job(1))
}

// TestLead_GivenUpGoesOnAtOnce: an upgrade must not wait for a lease.
func TestLead_GivenUpGoesOnAtOnce(t *testing.T) {
	t.Parallel()
	b, s := brokermem.New(), storemem.New()
	role := scheduler.New(scheduler.Options{Name: "old", Broker: b, Store: s, Order: policies.List()[0], Check: check})
	leads := make(chan uint64, 4) // leads and ends: two at most
	role.OnLead(func(term uint64) { leads <- term })
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- role.Run(ctx) }()
	first := <-leads
	ask(t, b, "hears", job(1))
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if second := <-start(t, b, s); second <= first {
		t.Errorf("term %d after %d", second, first)
	}
	ask(t, b, "hears", job(1)) // the same job again: the store knows it
	found, err := s.Find(t.Context(), turno.Ref{Number: 2, Task: -1})
	if err != nil || found[0] != nil {
		t.Errorf("the repeated job was taken twice: %+v %v", found[0], err)
	}
}

// broken is a store whose disk fails at the first commit.
type broken struct{ *storemem.Store }

func (broken) Commit(context.Context, store.Batch) error {
	return fmt.Errorf("commit: %w", store.ErrBroken)
}

func TestRun_EndsWithABrokenStore(t *testing.T) {
	t.Parallel()
	b := brokermem.New()
	role := scheduler.New(scheduler.Options{Name: "test", Broker: b, Store: broken{storemem.New()}, Order: policies.List()[0], Check: check})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- role.Run(ctx) }()
	ask(t, b, "deaf", job(1))
	if err := <-done; !errors.Is(err, store.ErrBroken) {
		t.Errorf("it ended with %v", err)
	}
}
