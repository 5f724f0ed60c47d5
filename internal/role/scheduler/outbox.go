package scheduler

import (
	"context"
	"encoding/json"
	"fmt"

	"turno"
	"turno/internal/broker"
	"turno/internal/failpoint"
	"turno/internal/wire"
)

// post is what may be told after a commit.
type post struct {
	acks    []ack
	replies []reply1
	desired []envelope
	results []turno.ResultMessage
}

type ack struct {
	by   broker.Consumer
	from broker.Delivery
}

// reply1 is an answer to one message: one of the fields is set.
type reply1 struct {
	to         broker.Message
	submission *turno.SubmissionReply
	answer     *turno.Answer
}

func (p *post) empty() bool {
	return len(p.acks)+len(p.replies)+len(p.desired)+len(p.results) == 0
}

// send tells what has been committed, in order.
func (t *term) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-t.post:
			if err := t.deliver(ctx, &p); err != nil && ctx.Err() == nil {
				t.fail(fmt.Errorf("send what was committed: %w", err))
				return
			}
		}
	}
}

// deliver sends first what others wait for. Results go out before the Desired
// that relieves their worker: until then the worker would tell them again.
func (t *term) deliver(ctx context.Context, p *post) error {
	for i := range p.replies {
		// An address is a stranger's word: that it does not work must not stop
		// the others' work. Who hears nothing asks again, with the same id.
		if err := t.reply(ctx, &p.replies[i]); err != nil && ctx.Err() == nil {
			t.log.Warn("did not send an answer", "to", p.replies[i].to.ReplyTo, "err", err)
		}
	}
	if err := failpoint.Hit(failpoint.SchedulerAnswered); err != nil {
		return err
	}
	if err := t.publish(ctx, p.results); err != nil {
		return err
	}
	if err := failpoint.Hit(failpoint.SchedulerPublished); err != nil {
		return err
	}
	for i := range p.desired {
		d := &p.desired[i].desired
		body, err := wire.EncodeDesired(d, p.desired[i].version)
		if err != nil {
			return fmt.Errorf("encode a desired: %w", err)
		}
		if err := t.o.Broker.Put(ctx, broker.DesiredBox+d.Worker, body); err != nil {
			return err
		}
	}
	if err := failpoint.Hit(failpoint.SchedulerSent); err != nil {
		return err
	}
	return t.acknowledge(ctx, p.acks)
}

// acknowledge ends deliveries, those of one queue together.
func (t *term) acknowledge(ctx context.Context, acks []ack) error {
	for len(acks) > 0 {
		by := acks[0].by
		var same []broker.Delivery
		var rest []ack
		for _, a := range acks {
			if a.by == by {
				same = append(same, a.from)
			} else {
				rest = append(rest, a)
			}
		}
		if err := by.Ack(ctx, same...); err != nil {
			return err
		}
		acks = rest
	}
	return nil
}

func (t *term) reply(ctx context.Context, r *reply1) error {
	if r.to.ReplyTo == "" {
		return nil
	}
	var body []byte
	var err error
	if r.submission != nil {
		body, err = json.Marshal(r.submission)
	} else {
		body, err = json.Marshal(r.answer)
	}
	if err != nil {
		return fmt.Errorf("encode an answer: %w", err)
	}
	return t.o.Broker.Reply(ctx, r.to, body)
}

func (t *term) publish(ctx context.Context, results []turno.ResultMessage) error {
	if len(results) == 0 {
		return nil
	}
	msgs := make([]broker.TopicMessage, len(results))
	for i := range results {
		r := &results[i]
		body, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("encode a result: %w", err)
		}
		msgs[i] = broker.TopicMessage{
			Topic:   r.Queue + "." + r.Type + "." + string(r.State),
			Message: broker.Message{ID: r.ID, ContentType: "application/json", Body: body},
		}
	}
	return t.o.Broker.PublishTopic(ctx, msgs...)
}
