package rabbitmq

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"turno/internal/broker"
	"turno/internal/broker/buffer"
)

// transientBytes bounds the queue of a watcher that does not read: its client
// always does, unless it is stopped or cut off. The oldest goes first.
const transientBytes = 64 << 20

// temporary declares a queue that ends with this connection. Exclusive: 4.3
// refuses other transient queues.
func temporary(ch *amqp.Channel, name string) (string, error) {
	q, err := ch.QueueDeclare(name, false, true, true, false, amqp.Table{
		amqp.QueueTypeArg:        amqp.QueueTypeClassic,
		amqp.QueueMaxLenBytesArg: int64(transientBytes),
		amqp.QueueOverflowArg:    amqp.QueueOverflowDropHead,
	})
	return q.Name, err
}

// bindingKey takes all names that a pattern of Watch takes, and perhaps more:
// a prefix that ends within a word is cut to whole words.
func bindingKey(pattern string) string {
	name, wild := strings.CutSuffix(pattern, "*")
	if !wild {
		return name
	}
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		return name[:dot] + ".#"
	}
	return "#"
}

// Watch is broker.Broker's.
func (b *Broker) Watch(ctx context.Context, pattern string) (broker.Watcher, error) {
	return b.watch(ctx, MailExchange, pattern, buffer.NewMailbox(pattern))
}

// Subscribe is broker.Broker's.
func (b *Broker) Subscribe(ctx context.Context, pattern string) (broker.Watcher, error) {
	return b.watch(ctx, StreamExchange, pattern, buffer.NewStream(pattern))
}

type watcher struct {
	*buffer.Values
	receiver *receiver
}

func (w *watcher) Close() error {
	w.receiver.close()
	return nil
}

func (b *Broker) watch(ctx context.Context, exchange, pattern string, values *buffer.Values) (broker.Watcher, error) {
	w := &watcher{Values: values}
	w.receiver = &receiver{
		b: b, what: exchange + " " + pattern, autoAck: true,
		declare: func(_ *amqp.Connection, ch *amqp.Channel) (string, error) {
			queue, err := temporary(ch, "")
			if err != nil {
				return "", err
			}
			return queue, ch.QueueBind(queue, bindingKey(pattern), b.opts.Prefix+exchange, false, nil)
		},
		take:   func(d amqp.Delivery) { values.Put(broker.Value{Name: d.RoutingKey, Body: d.Body}) },
		closed: func() { values.Close(broker.ErrClosed) },
	}
	err := errors.Join(b.usable(ctx), broker.CheckName(pattern))
	if err == nil {
		err = w.receiver.open(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", pattern, err)
	}
	return w, nil
}

type inbox struct {
	address  string
	answers  *buffer.Buffer[broker.Message]
	receiver *receiver
}

// Inbox is broker.Broker's. Its queue has the same name after a cut, once the
// broker has noticed that the old connection is gone.
func (b *Broker) Inbox(ctx context.Context) (broker.Inbox, error) {
	in := &inbox{address: b.opts.Prefix + inboxNames + rand.Text(), answers: buffer.New[broker.Message]()}
	in.receiver = &receiver{
		b: b, what: "inbox", autoAck: true,
		declare: func(_ *amqp.Connection, ch *amqp.Channel) (string, error) { return temporary(ch, in.address) },
		take:    func(d amqp.Delivery) { in.answers.Add(fromAMQP(d)) },
		closed:  func() { in.answers.Close(broker.ErrClosed) },
	}
	err := b.usable(ctx)
	if err == nil {
		err = in.receiver.open(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("make inbox: %w", err)
	}
	return in, nil
}

func (in *inbox) Address() string { return in.address }

func (in *inbox) Receive(ctx context.Context) ([]broker.Message, error) {
	return in.answers.Take(ctx, 0)
}

func (in *inbox) Close() error {
	in.receiver.close()
	return nil
}
