package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"turno"
	"turno/internal/core/sched"
	"turno/internal/store"
	"turno/internal/webhook"
)

// WebhookSender posts once; see webhook.Sender.
type WebhookSender interface {
	Send(ctx context.Context, m webhook.Message) (status int, err error)
}

const (
	// webhooksAtOnce bounds memory and connections, and how many a slow receiver
	// can hold up for the time of one try.
	webhooksAtOnce = 32
	// webhookRest after the store could not be read.
	webhookRest = 5 * time.Second
)

// webhookPauses are before each further try: over a day in all, so that a
// receiver may be away for a night.
var webhookPauses = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour,
}

// owed are the webhooks that a commit brings with it: those of the jobs that end
// in it. A task's end is its array's to tell.
func owed(changes []store.Change, now time.Time) (hooks []turno.Webhook) {
	for i := range changes {
		c := &changes[i]
		if j := c.Job; j.Spec.Webhook != "" && j.Parent == 0 && j.State.Ended() && !c.From.Ended() {
			hooks = append(hooks, turno.Webhook{Job: j.Number, State: turno.WebhookPending, Due: now})
		}
	}
	return hooks
}

// tell sends what is due until ctx is done. It reads what that is from the
// store, and hands what became of it to the loop: what was due before a crash
// is due after it, and who was told may be told again.
func (t *term) tell(ctx context.Context) {
	for ctx.Err() == nil {
		due, err := t.o.Hooks.DueWebhooks(ctx, webhooksAtOnce)
		if err != nil {
			if ctx.Err() == nil {
				t.log.Warn("did not read what is to be told; tries again", "err", err)
			}
			sleep(ctx, webhookRest)
			continue
		}
		now := t.clock.Now()
		ready := 0
		for ready < len(due) && !due[ready].Due.After(now) {
			ready++
		}
		if ready > 0 {
			t.tellAll(ctx, due[:ready])
			continue
		}
		t.awaitDue(ctx, due, now)
	}
}

// awaitDue waits until the first is due, or a commit brings others.
func (t *term) awaitDue(ctx context.Context, due []turno.Webhook, now time.Time) {
	var next <-chan time.Time
	if len(due) > 0 {
		timer := time.NewTimer(due[0].Due.Sub(now))
		defer timer.Stop()
		next = timer.C
	}
	select {
	case <-t.owing:
	case <-next:
	case <-ctx.Done():
	}
}

// tellAll tries each once, at the same time, and returns when what became of
// them is committed.
func (t *term) tellAll(ctx context.Context, due []turno.Webhook) {
	refs := make([]turno.Ref, len(due))
	for i := range due {
		refs[i] = turno.Ref{Number: due[i].Job, Task: -1}
	}
	jobs, err := t.o.Store.Find(ctx, refs...)
	if err != nil {
		if ctx.Err() == nil {
			t.log.Warn("did not read the jobs of webhooks; tries again", "err", err)
		}
		sleep(ctx, webhookRest)
		return
	}
	var group sync.WaitGroup
	for i := range due {
		group.Go(func() { due[i] = t.tellOne(ctx, due[i], jobs[i]) })
	}
	group.Wait()
	if ctx.Err() != nil {
		return // what was told and is not noted is told again
	}
	told := input{webhooks: due, noted: make(chan struct{})}
	select {
	case t.inputs <- told:
	case <-ctx.Done():
		return
	}
	select {
	case <-told.noted:
	case <-ctx.Done():
	}
}

// tellOne tries once and gives what is now to be noted.
func (t *term) tellOne(ctx context.Context, w turno.Webhook, j *turno.Job) turno.Webhook {
	now := t.clock.Now()
	w.Tries, w.LastAt, w.Due, w.Status, w.Error = w.Tries+1, now, time.Time{}, 0, ""
	if j == nil {
		w.State, w.Error = turno.WebhookFailed, "the job is not there any more"
		return w
	}
	body, err := json.Marshal(sched.ResultMessage(j))
	if err == nil {
		w.Status, err = t.o.Webhooks.Send(ctx, webhook.Message{URL: j.Spec.Webhook, ID: j.ID, At: now, Body: body})
	}
	switch {
	case err == nil:
		w.State = turno.WebhookDelivered
	case errors.Is(err, webhook.ErrForbidden), w.Status == statusGone, w.Tries > len(webhookPauses):
		w.State, w.Error = turno.WebhookFailed, err.Error()
		t.log.Warn("gave up telling a job's end", "job", j.Number, "tries", w.Tries, "err", err)
	default:
		w.Error, w.Due = err.Error(), now.Add(webhookPauses[w.Tries-1])
	}
	t.o.Metrics.Webhook(string(w.State))
	return w
}

// statusGone: the receiver wants to hear nothing more.
const statusGone = 410

// takeWebhooks adds what became of some to the commit.
func (t *term) takeWebhooks(in *input) {
	if len(in.webhooks) > 0 {
		t.batch.webhooks = append(t.batch.webhooks, in.webhooks...)
		t.batch.noted = append(t.batch.noted, in.noted)
	}
}

// owe wakes who tells.
func (t *term) owe() {
	select {
	case t.owing <- struct{}{}:
	default:
	}
}
