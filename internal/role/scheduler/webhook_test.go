package scheduler_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/broker"
	brokermem "turno/internal/broker/mem"
	policies "turno/internal/core/policy/all"
	"turno/internal/role/scheduler"
	storemem "turno/internal/store/mem"
	"turno/internal/webhook"
)

// receiver answers as the test says, and keeps what it was told.
type receiver struct {
	mu     sync.Mutex // guards both
	told   []webhook.Message
	answer func(n int) (int, error)
}

func (r *receiver) Send(_ context.Context, m webhook.Message) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, m)
	return r.answer(len(r.told))
}

// lead runs a scheduler with a receiver until stop is called.
func lead(t *testing.T, b *brokermem.Broker, s *storemem.Store, r *receiver) (stop func()) {
	t.Helper()
	role := scheduler.New(scheduler.Options{
		Name: "test", Broker: b, Store: s, Order: policies.List()[0], Check: check, Webhooks: r, Hooks: s,
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- role.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// endOne submits a job with a webhook and cancels it: an end without a worker.
func endOne(t *testing.T, b *brokermem.Broker) {
	t.Helper()
	j := job(1)
	j.Spec.Webhook = "https://example.org/"
	ask(t, b, "1", j)
	body, err := json.Marshal(turno.Ask{Version: 1, Act: &turno.Action{Verb: turno.Cancel, Jobs: []string{"1"}}})
	if err != nil {
		t.Fatal(err)
	}
	order(t, b, body)
}

func TestWebhook_IsTriedUntilItIsTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, s := brokermem.New(), storemem.New()
		r := &receiver{answer: func(n int) (int, error) {
			if n < 4 {
				return 503, errors.New("503 come later")
			}
			return 204, nil
		}}
		stop := lead(t, b, s, r)
		endOne(t, b)
		synctest.Wait()
		w, err := s.Webhook(t.Context(), 1)
		if err != nil || w.State != turno.WebhookPending || w.Tries != 1 || w.Status != 503 || w.Due.Sub(w.LastAt) != 5*time.Second {
			t.Errorf("after one try: %+v %v", w, err)
		}
		<-time.After(time.Hour)
		synctest.Wait()
		w, err = s.Webhook(t.Context(), 1)
		if err != nil || w.State != turno.WebhookDelivered || w.Tries != 4 || !w.Due.IsZero() || w.Error != "" {
			t.Errorf("after an hour: %+v %v", w, err)
		}
		var end turno.ResultMessage
		if err := json.Unmarshal(r.told[3].Body, &end); err != nil || end.Number != 1 || end.State != turno.Cancelled || r.told[3].ID != job(1).ID {
			t.Errorf("it was told %s as %s", r.told[3].Body, r.told[3].ID)
		}
		stop()
	})
}

// TestWebhook_OutlivesTheScheduler: what was due before it ended is told by the
// next one.
func TestWebhook_OutlivesTheScheduler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, s := brokermem.New(), storemem.New()
		away := &receiver{answer: func(int) (int, error) { return 0, errors.New("connection refused") }}
		stop := lead(t, b, s, away)
		endOne(t, b)
		synctest.Wait()
		stop()
		if len(away.told) != 1 {
			t.Errorf("tried %d times", len(away.told))
		}
		there := &receiver{answer: func(int) (int, error) { return 200, nil }}
		stop = lead(t, b, s, there)
		<-time.After(time.Minute)
		synctest.Wait()
		if w, err := s.Webhook(t.Context(), 1); err != nil || w.State != turno.WebhookDelivered || w.Tries != 2 || len(there.told) != 1 {
			t.Errorf("%+v %v, told %d times", w, err, len(there.told))
		}
		stop()
	})
}

func TestWebhook_GivesUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(int) (int, error)
		tries  int
	}{
		"a forbidden address": {func(int) (int, error) { return 0, webhook.ErrForbidden }, 1},
		"410 Gone":            {func(int) (int, error) { return 410, errors.New("410 Gone") }, 1},
		"never there":         {func(int) (int, error) { return 0, errors.New("no route") }, 11},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b, s := brokermem.New(), storemem.New()
				stop := lead(t, b, s, &receiver{answer: c.answer})
				endOne(t, b)
				<-time.After(72 * time.Hour)
				synctest.Wait()
				if w, err := s.Webhook(t.Context(), 1); err != nil || w.State != turno.WebhookFailed || w.Tries != c.tries || w.Error == "" || !w.Due.IsZero() {
					t.Errorf("%+v %v", w, err)
				}
				stop()
			})
		})
	}
}

// order gives a scheduler an order, and waits for its answer.
func order(t *testing.T, b *brokermem.Broker, body []byte) {
	t.Helper()
	inbox, err := b.Inbox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer inbox.Close()
	if err := b.Publish(t.Context(), broker.ControlQueue, broker.Message{ReplyTo: inbox.Address(), Body: body}); err != nil {
		t.Fatal(err)
	}
	if _, err := inbox.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
}
