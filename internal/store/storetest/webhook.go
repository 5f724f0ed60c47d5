package storetest

import (
	"errors"
	"testing"
	"time"

	"turno"
	"turno/internal/store"
)

func s23Webhooks(t *testing.T, f Factory) {
	s := f.New(t)
	hooks, ok := s.(store.Webhooks)
	if !ok {
		t.Fatal("the store has no webhooks")
	}
	w := newWriter(t, s)
	at := func(minutes int) time.Time { return base.Add(time.Duration(minutes) * time.Minute) }
	late := turno.Webhook{Job: 1, State: turno.WebhookPending, Due: at(9)}
	soon := turno.Webhook{Job: 2, State: turno.WebhookPending, Due: at(3), Tries: 2, LastAt: at(1), Status: 503, Error: "it says \u0000 <no>"}
	first := turno.Webhook{Job: 3, State: turno.WebhookPending, Due: at(1)}
	w.commit(store.Batch{Webhooks: []turno.Webhook{late, soon, first}})
	done := turno.Webhook{Job: 3, State: turno.WebhookDelivered, Tries: 1, LastAt: at(2), Status: 204}
	w.commit(store.Batch{Webhooks: []turno.Webhook{done}})
	w.refused(store.ErrFenced, store.Batch{Term: w.term + 1, Webhooks: []turno.Webhook{{Job: 4, Due: at(1)}}})
	check := func(hooks store.Webhooks) {
		t.Helper()
		due, err := hooks.DueWebhooks(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "those that are due", due, []turno.Webhook{soon, late})
		one, err := hooks.Webhook(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "one that was delivered", one, done)
		if _, err := hooks.Webhook(t.Context(), 4); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("one that is not there: %v", err)
		}
		if due, err := hooks.DueWebhooks(t.Context(), 1); err != nil || len(due) != 1 || due[0].Job != 2 {
			t.Errorf("the first: %v, %v", due, err)
		}
	}
	check(hooks)
	if f.Again != nil {
		check(f.Again(t, s).(store.Webhooks))
	}
}
