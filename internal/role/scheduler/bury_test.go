package scheduler

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"turno"
	"turno/internal/broker"
	brokermem "turno/internal/broker/mem"
	"turno/internal/core/policy"
	storemem "turno/internal/store/mem"
)

// TestCore_PanicsOverAMessage: the first time nobody can say over which, the
// second time it is set aside, and the third scheduler lives. Its neighbours
// are taken.
func TestCore_PanicsOverAMessage(t *testing.T) {
	t.Parallel()
	b, s := brokermem.New(), storemem.New()
	order := policy.Order{Name: "breaks", Key: func(c policy.Candidate) int64 {
		if c.Width == 13 {
			panic("thirteen")
		}
		return 0
	}}
	for i := range 5 {
		spec := &turno.Spec{Type: "noop", CPUs: turno.CPU}
		if i == 2 {
			spec.CPUs = 13 * turno.CPU
		}
		body, err := json.Marshal(turno.Submission{Version: 1, Jobs: []turno.NewJob{
			{ID: fmt.Sprintf("00000000-0000-7000-8000-%012d", i), Spec: spec},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Publish(t.Context(), broker.JobsQueue, broker.Message{Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{Name: "test", Broker: b, Store: s, Order: order, Check: func(*turno.Spec) *turno.Error { return nil }}
	for life := 1; ; life++ {
		broke := runOnce(t, New(o))
		page, err := s.DeadLetters(t.Context(), turno.DeadLetterQuery{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("life %d: broke over %v, %d dead letters", life, broke, len(page.Items))
		if broke == nil {
			if len(page.Items) != 1 || page.Items[0].Reason != turno.DeadPanic {
				t.Errorf("dead letters: %+v", page.Items)
			}
			break
		}
		if life == 3 {
			t.Fatal("the third scheduler broke over it too")
		}
	}
	jobs, err := s.Jobs(t.Context(), turno.JobQuery{})
	if err != nil || len(jobs.Items) != 4 {
		t.Errorf("%d jobs, %v; want 4", len(jobs.Items), err)
	}
}

// runOnce leads one term, on this goroutine, until the jobs queue is empty or
// the core panics: then it gives the cause.
func runOnce(t *testing.T, r *Role) (cause any) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	holder := t.Name()
	lead, err := r.o.Store.Lead(ctx, holder, leadTTL)
	if err != nil {
		t.Fatal(err)
	}
	term := r.newTerm(lead, 0, cancel)
	defer func() {
		cause = recover()
		cancel(nil)
		term.group.Wait()
	}()
	if err := term.restore(ctx); err != nil {
		t.Fatal(err)
	}
	if err := term.open(ctx); err != nil {
		t.Fatal(err)
	}
	term.group.Go(func() { // until four are there
		for after := uint64(1); ctx.Err() == nil; {
			if jobs, err := r.o.Store.Jobs(ctx, turno.JobQuery{}); err == nil && len(jobs.Items) == 4 {
				cancel(nil)
				return
			}
			_, next, err := r.o.Store.Changes(ctx, after)
			if err == nil {
				after = next
			}
		}
	})
	_ = term.run(ctx)
	return nil
}
