package scheduler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"turno"
	"turno/internal/broker"
	"turno/internal/store"
)

const (
	// DefaultDeadLetters are kept unless Options say otherwise: more than a person
	// looks through.
	DefaultDeadLetters = 10_000
	// deadLetterBytes of bodies are kept in all, which a store does not feel.
	deadLetterBytes = 64 << 20
	// cutBytes are kept of a body that no message may have.
	cutBytes = 64 << 10
	// detailBytes of a reason: a sentence, not a stack.
	detailBytes = 1000
	// patience is how often a message may be delivered in vain before it is set
	// aside: below broker.GiveUp. What ends the process without a panic, such as a
	// lack of memory, leaves nothing but this count to tell by.
	patience = 50
	// buryTimeout bounds what a process does that has panicked.
	buryTimeout = 5 * time.Second
)

// careful is a consumer that gives what comes again alone: if the scheduler
// breaks over it, it is known over what.
type careful struct {
	broker.Consumer
	suspects []broker.Delivery
}

// receive gives what there is, or one suspect.
func (c *careful) receive(ctx context.Context) (ds []broker.Delivery, alone bool, err error) {
	if len(c.suspects) == 0 {
		all, err := c.Consumer.Receive(ctx)
		for _, d := range all {
			if d.Redelivered {
				c.suspects = append(c.suspects, d)
			} else {
				ds = append(ds, d)
			}
		}
		if len(ds) > 0 || len(c.suspects) == 0 {
			return ds, false, err
		}
	}
	ds, c.suspects = c.suspects[:1:1], c.suspects[1:]
	return ds, true, nil
}

// readDead takes what the broker gave up on: a submission is tried once more,
// alone. If that does not end well either, it is set aside without being looked
// at.
func (t *term) readDead(ctx context.Context, c broker.Consumer) (input, error) {
	ds, err := c.Receive(ctx)
	in := input{alone: true}
	for _, d := range ds {
		if d.Origin == "" {
			d.Origin = broker.DeadQueue
		}
		s := submission{from: d, dead: turno.DeadUnfinished, bad: given(broker.GiveUp)}
		if d.Origin == broker.JobsQueue && !d.Redelivered {
			s = t.guarded(d, t.decode)
		}
		s.by = c
		in.submissions = append(in.submissions, s)
	}
	return in, err
}

func given(times int) *turno.Error {
	return turno.Errorf(turno.CodeInternal, "it was delivered %d times, and each time the scheduler ended before it was done with it", times).
		WithHint("it is set aside; see turno dead-letters")
}

// letter sets a message aside.
func letter(d broker.Delivery, queue string, reason turno.DeadReason, why *turno.Error) turno.DeadLetter {
	digest := sha256.Sum256(d.Body)
	if d.Origin != "" {
		queue = d.Origin
	}
	detail := why.Error()
	if len(detail) > detailBytes {
		detail = strings.ToValidUTF8(detail[:detailBytes], "") + "…"
	}
	now := time.Now()
	l := turno.DeadLetter{
		Queue: queue, Reason: reason, Detail: detail, FirstAt: now, LastAt: now,
		From: d.Sender, MessageID: d.ID, CorrelationID: d.CorrelationID, ReplyTo: d.ReplyTo, ContentType: d.ContentType,
		Digest: hex.EncodeToString(digest[:]), Size: int64(len(d.Body)), Body: d.Body,
	}
	if len(d.Body) > broker.MaxBody {
		l.Body, l.Cut = d.Body[:cutBytes], true
	}
	return l
}

func (t *term) deadBatch(b *batch) store.DeadLetterBatch {
	keep := int64(t.o.DeadLetters)
	if keep <= 0 {
		keep = DefaultDeadLetters
	}
	return store.DeadLetterBatch{New: b.dead, Gone: b.gone, Keep: keep, KeepBytes: deadLetterBytes}
}

// setAside makes a dead letter of a message that cannot be taken, or of one
// whose jobs are refused while nobody is there to hear of it.
func (t *term) setAside(s *submission, reply *turno.SubmissionReply) {
	reason, why := s.dead, s.bad
	if reason == "" && s.from.ReplyTo == "" {
		for i := range reply.Jobs {
			if err := reply.Jobs[i].Error; err != nil {
				reason = turno.DeadRefused
				why = turno.Errorf(err.Code, "job %d of %d was refused, and there is no reply_to: %s", i+1, len(reply.Jobs), err.Error())
				break
			}
		}
	}
	if reason == "" {
		return
	}
	l := letter(s.from, broker.JobsQueue, reason, why)
	t.log.Warn("set a message aside", "reason", reason, "err", why, "from", l.From, "bytes", l.Size, "digest", l.Digest[:12])
	t.batch.dead = append(t.batch.dead, l)
	t.o.Metrics.SetAside(reason)
	t.batch.jobs += 1 + len(l.Body)/4096
}

// guarded is decode that a panic does not get through: what it calls reads a
// stranger's text and changes nothing.
func (t *term) guarded(d broker.Delivery, decode func(broker.Delivery) submission) (s submission) {
	defer func() {
		if cause := recover(); cause != nil {
			t.log.Error("panicked over a message", "err", cause, "stack", string(debug.Stack()))
			s = submission{from: d, dead: turno.DeadPanic, bad: broke(cause)}
		}
	}()
	return decode(d)
}

func broke(cause any) *turno.Error {
	text, _, _ := strings.Cut(fmt.Sprint(cause), "\n")
	return turno.Errorf(turno.CodeInternal, "the scheduler broke over it: %s", text).WithHint("it is set aside; see turno dead-letters")
}

// bury is called when the loop has panicked. If it was at work on one suspect
// alone, that one is set aside, so that the next scheduler does not break over
// it again. The core is not touched any more; the process ends.
func (t *term) bury(cause any) {
	s := t.suspect
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), buryTimeout)
	defer cancel()
	b := batch{}
	var acks []ack
	why := broke(cause)
	for _, m := range s.submissions {
		b.dead = append(b.dead, letter(m.from, broker.JobsQueue, turno.DeadPanic, why))
		acks = append(acks, ack{m.by, m.from})
	}
	for _, m := range s.asks {
		b.dead = append(b.dead, letter(m.from, broker.ControlQueue, turno.DeadPanic, why))
		acks = append(acks, ack{m.by, m.from})
	}
	err := t.o.Store.Commit(ctx, store.Batch{Term: t.lead.Term, Dead: t.deadBatch(&b)})
	if err == nil {
		err = t.acknowledge(ctx, acks)
	}
	t.log.Error("broke over a message and set it aside", "err", err, "panic", cause)
}

// actOnLetters re-drives or drops dead letters.
func (t *term) actOnLetters(ctx context.Context, a *turno.Action) ([]turno.Acted, error) {
	out := make([]turno.Acted, len(a.Letters))
	for i, target := range a.Letters {
		out[i] = turno.Acted{Target: target}
		l, problem, err := t.findLetter(ctx, target)
		if err != nil {
			return nil, err
		}
		switch {
		case problem != nil:
			out[i].Error = problem
		case a.Verb == turno.Drop:
			out[i].State = "dropped"
			t.batch.gone = append(t.batch.gone, l.Number)
		default:
			if err := t.redrive(ctx, l, &out[i]); err != nil {
				return nil, err
			}
		}
		if t.batch.jobs >= batchJobs {
			if err := t.flush(ctx); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (t *term) findLetter(ctx context.Context, target string) (*turno.DeadLetter, *turno.Error, error) {
	n, err := strconv.ParseInt(target, 10, 64)
	if err != nil || n < 1 {
		return nil, turno.Errorf(turno.CodeMalformed, "%.40q is not the number of a dead letter", target), nil
	}
	page, err := t.o.Store.DeadLetters(ctx, turno.DeadLetterQuery{Number: n})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, turno.Errorf(turno.CodeNotFound, "there is no dead letter %d", n).WithHint("turno dead-letters lists them"), nil
	case err != nil:
		return nil, nil, fmt.Errorf("read dead letter %d: %w", n, err)
	}
	return &page.Items[0], nil, nil
}

// redrive takes a dead letter as if it came now: its jobs have their ids, so
// none is taken twice. It stays unless all of its jobs are accepted.
func (t *term) redrive(ctx context.Context, l *turno.DeadLetter, acted *turno.Acted) error {
	switch {
	case l.Cut:
		acted.Error = turno.Errorf(turno.CodeTooLarge, "dead letter %d had %d bytes, of which only the beginning is kept", l.Number, l.Size).
			WithHint("submit its jobs again, in smaller messages; then: turno dead-letters drop %d", l.Number)
		return nil
	case l.Queue != broker.JobsQueue:
		acted.Error = turno.Errorf(turno.CodeConflict, "dead letter %d comes from the queue %s: only submissions are re-driven", l.Number, l.Queue).
			WithHint("look at it, order it anew, and: turno dead-letters drop %d", l.Number)
		return nil
	}
	s := t.guarded(broker.Delivery{Message: broker.Message{
		ID: l.MessageID, ReplyTo: l.ReplyTo, CorrelationID: l.CorrelationID, Body: l.Body,
	}}, t.decode)
	if s.bad != nil {
		acted.Error = s.bad
		return nil
	}
	one := []submission{s}
	if err := t.lookUp(ctx, one); err != nil {
		return err
	}
	reply := t.hand(&one[0])
	t.batch.post.replies = append(t.batch.post.replies, reply1{to: s.from.Message, submission: reply})
	acted.Jobs = reply.Jobs
	refused := 0
	for i := range reply.Jobs {
		if reply.Jobs[i].Error == nil {
			continue
		}
		if refused++; refused == 1 {
			acted.Error = reply.Jobs[i].Error
		}
	}
	if refused > 0 {
		first := acted.Error
		acted.Error = turno.Errorf(first.Code, "%d of %d jobs are still refused: %s", refused, len(reply.Jobs), first.Error()).WithHint("%s", first.Hint)
		return nil
	}
	acted.State = "redriven"
	t.batch.gone = append(t.batch.gone, l.Number)
	return nil
}
