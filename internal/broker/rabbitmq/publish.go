package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"turno/internal/broker"
)

// A window bounds what is written before its confirms are awaited: many
// enough that their wait does not count, few enough that others get a turn.
const (
	windowMessages = 1000
	windowBytes    = 32 << 20
)

// declareQueue makes a durable queue as turno wants it, or takes one that
// somebody made otherwise. From 4.0 on there is a limit of 20 deliveries unless
// one is set, past which a message is dropped unless it can go elsewhere.
func (b *Broker) declareQueue(conn *amqp.Connection, queue string) error {
	args := amqp.Table{
		amqp.QueueTypeArg:  amqp.QueueTypeQuorum,
		"x-delivery-limit": broker.GiveUp,
	}
	if queue != b.opts.Prefix+broker.DeadQueue {
		if err := b.declareQueue(conn, b.opts.Prefix+broker.DeadQueue); err != nil {
			return err
		}
		args["x-dead-letter-exchange"] = "" // the default exchange: straight to the queue
		args["x-dead-letter-routing-key"] = b.opts.Prefix + broker.DeadQueue
		args["x-dead-letter-strategy"] = "at-least-once"
		args[amqp.QueueOverflowArg] = amqp.QueueOverflowRejectPublish // which that strategy needs
	}
	err := onChannel(conn, func(ch *amqp.Channel) error {
		_, err := ch.QueueDeclare(queue, true, false, false, false, args)
		return err
	})
	var refused *amqp.Error
	if !errors.As(err, &refused) || refused.Code != amqp.PreconditionFailed {
		return err
	}
	b.opts.Logger.Warn("queue exists with other arguments than turno's", "queue", queue, "err", err)
	return onChannel(conn, func(ch *amqp.Channel) error {
		_, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
		return err
	})
}

// onChannel does something that may close its channel.
func onChannel(conn *amqp.Connection, do func(*amqp.Channel) error) error {
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	if err := do(ch); err != nil {
		_ = ch.Close()
		return err
	}
	return ch.Close()
}

func persistent(m broker.Message) amqp.Publishing {
	p := transient(m)
	p.DeliveryMode = amqp.Persistent
	return p
}

func transient(m broker.Message) amqp.Publishing {
	p := amqp.Publishing{
		MessageId:     m.ID,
		ReplyTo:       m.ReplyTo,
		CorrelationId: m.CorrelationID,
		ContentType:   m.ContentType,
		AppId:         m.Sender,
		Body:          m.Body,
	}
	if m.Traceparent != "" {
		p.Headers = amqp.Table{headerTraceparent: m.Traceparent}
	}
	return p
}

// headerTraceparent is the W3C's name.
const headerTraceparent = "traceparent"

// Publish is broker.Broker's.
func (b *Broker) Publish(ctx context.Context, queue string, msgs ...broker.Message) error {
	out := make([]outgoing, len(msgs))
	for i, m := range msgs {
		if err := broker.CheckMessage(m); err != nil {
			return fmt.Errorf("publish to %s: %w", queue, err)
		}
		out[i] = outgoing{key: b.opts.Prefix + queue, publishing: persistent(m)}
	}
	if err := b.publish(ctx, out, b.opts.Prefix+queue); err != nil {
		return fmt.Errorf("publish to %s: %w", queue, err)
	}
	return nil
}

// PublishTopic is broker.Broker's.
func (b *Broker) PublishTopic(ctx context.Context, msgs ...broker.TopicMessage) error {
	out := make([]outgoing, len(msgs))
	for i, m := range msgs {
		if err := errors.Join(broker.CheckMessage(m.Message), broker.CheckName(m.Topic)); err != nil {
			return fmt.Errorf("publish topic %s: %w", m.Topic, err)
		}
		out[i] = outgoing{exchange: b.opts.Prefix + ResultsExchange, key: m.Topic, publishing: persistent(m.Message)}
	}
	if err := b.publish(ctx, out, ""); err != nil {
		return fmt.Errorf("publish topics: %w", err)
	}
	return nil
}

func (b *Broker) publish(ctx context.Context, out []outgoing, queue string) error {
	if err := errors.Join(b.usable(ctx), broker.CheckName(queue)); err != nil {
		return err
	}
	for len(out) > 0 {
		n, size := 0, 0
		for n < len(out) && n < windowMessages && (n == 0 || size < windowBytes) {
			size += len(out[n].publishing.Body)
			n++
		}
		if err := b.out.do(ctx, &request{messages: out[:n], queue: queue}); err != nil {
			return err
		}
		out = out[n:]
	}
	return nil
}

// Put is broker.Broker's.
func (b *Broker) Put(ctx context.Context, mailbox string, value []byte) error {
	return b.tell(ctx, outgoing{
		exchange: b.opts.Prefix + MailExchange, key: mailbox, publishing: amqp.Publishing{Body: value},
	})
}

// Send is broker.Broker's.
func (b *Broker) Send(ctx context.Context, stream string, body []byte) error {
	return b.tell(ctx, outgoing{
		exchange: b.opts.Prefix + StreamExchange, key: stream, publishing: amqp.Publishing{Body: body},
	})
}

// Reply is broker.Replier's. The address is whatever the asker gave: an inbox,
// a foreign client's own queue, or amq.rabbitmq.reply-to; but no queue of
// turno's, which a stranger could have us write to.
func (b *Broker) Reply(ctx context.Context, to broker.Message, body []byte) error {
	if strings.HasPrefix(to.ReplyTo, b.opts.Prefix+"turno.") && !strings.HasPrefix(to.ReplyTo, b.opts.Prefix+inboxNames) {
		return fmt.Errorf("reply to %s: a queue of turno's own is no inbox", to.ReplyTo)
	}
	if to.ReplyTo == "" {
		return errors.New("reply: the message has no address for answers")
	}
	m := outgoing{key: to.ReplyTo, publishing: transient(broker.Message{CorrelationID: to.CorrelationID, Body: body})}
	if !strings.HasPrefix(to.ReplyTo, directReplyTo) {
		return b.tell(ctx, m)
	}
	err := errors.Join(broker.CheckBody(body), broker.CheckName(m.key), b.usable(ctx))
	if err == nil {
		b.want.Do(func() { close(b.wanted) })
		err = b.direct.do(ctx, &request{messages: []outgoing{m}})
	}
	if err != nil {
		return fmt.Errorf("reply to %s: %w", to.ReplyTo, err)
	}
	return nil
}

// directReplyTo begins the address of a client without a queue. What follows
// is the server's; 3.10 ends the connection with an internal error if it is
// not, so such replies have a connection of their own.
const directReplyTo = "amq.rabbitmq.reply-to"

// tell sends one message at once and returns when it is written. It does not
// wait for a connection: what it sends is of no use later.
func (b *Broker) tell(ctx context.Context, m outgoing) error {
	err := errors.Join(broker.CheckBody(m.publishing.Body), broker.CheckName(m.key))
	if err == nil {
		err = b.usable(ctx)
	}
	switch {
	case err != nil:
	case !b.fast.connected():
		err = errDown
	case b.fast.blocked.Load():
		err = errBlocked
	default:
		err = b.fastly.do(ctx, &request{messages: []outgoing{m}})
	}
	if err != nil {
		return fmt.Errorf("send to %s%s: %w", m.exchange, m.key, err)
	}
	return nil
}
