package nats

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"

	"turno/internal/broker"
	"turno/internal/broker/buffer"
)

// pendingBytes bounds what nats.go keeps for a subscription whose callback is
// slow; ours only appends, so it is never reached.
const pendingBytes = 256 << 20

// Put is broker.Broker's.
func (b *Broker) Put(ctx context.Context, mailbox string, value []byte) error {
	return b.send(ctx, b.opts.Prefix+"mail."+encode(mailbox), value)
}

// Send is broker.Broker's.
func (b *Broker) Send(ctx context.Context, stream string, body []byte) error {
	return b.send(ctx, b.opts.Prefix+"stream."+encode(stream), body)
}

func (b *Broker) send(ctx context.Context, subject string, body []byte) error {
	err := broker.CheckBody(body)
	if err == nil {
		err = b.usable(ctx)
	}
	if err == nil {
		err = b.explain(ctx, b.nc.Publish(subject, body))
	}
	if err != nil {
		return fmt.Errorf("send to %s: %w", subject, err)
	}
	return nil
}

// Watch is broker.Broker's.
func (b *Broker) Watch(ctx context.Context, pattern string) (broker.Watcher, error) {
	return b.watch(ctx, b.opts.Prefix+"mail.", pattern, buffer.NewMailbox(pattern))
}

// Subscribe is broker.Broker's.
func (b *Broker) Subscribe(ctx context.Context, pattern string) (broker.Watcher, error) {
	return b.watch(ctx, b.opts.Prefix+"stream.", pattern, buffer.NewStream(pattern))
}

func (b *Broker) watch(ctx context.Context, prefix, pattern string, values *buffer.Values) (broker.Watcher, error) {
	w := &watcher{Values: values}
	w.subscription = subscription{broker: b, part: w, end: values.Close}
	err := w.begin(ctx, nameFilter(prefix, pattern), func(m *nats.Msg) {
		values.Put(broker.Value{Name: decode(strings.TrimPrefix(m.Subject, prefix)), Body: m.Data})
	})
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", pattern, err)
	}
	return w, nil
}

// subscription is what watchers and inboxes have in common. nats.go renews it
// after a cut.
type subscription struct {
	broker *Broker
	part   part        // whom the broker knows: who embeds this
	end    func(error) // of the buffer
	sub    *nats.Subscription
}

func (s *subscription) begin(ctx context.Context, subject string, receive nats.MsgHandler) error {
	b := s.broker
	if err := b.connected(ctx); err != nil {
		return err
	}
	number := b.connection()
	sub, err := b.nc.Subscribe(subject, receive)
	if err != nil {
		return b.explain(ctx, err)
	}
	s.sub = sub
	if err := sub.SetPendingLimits(-1, pendingBytes); err != nil {
		return b.explain(ctx, err)
	}
	if err := b.flush(ctx, number); err != nil {
		_ = sub.Unsubscribe()
		return err
	}
	return b.add(s.part)
}

func (s *subscription) reconnected() {}

// Close needs no answer of the server: on a connection that is gone the
// subscription is gone too.
func (s *subscription) Close() error {
	s.broker.forget(s.part)
	s.end(broker.ErrClosed)
	_ = s.sub.Unsubscribe()
	return nil
}

type watcher struct {
	*buffer.Values
	subscription
}

func (w *watcher) Close() error { return w.subscription.Close() }

type inbox struct {
	subscription
	address string
	answers *buffer.Buffer[broker.Message]
}

// inboxPrefix begins every inbox of NATS. Reply sends nowhere else: an address
// comes from a stranger, and a subject such as $JS.API.… is an order.
const inboxPrefix = nats.InboxPrefix

// Inbox is broker.Broker's.
func (b *Broker) Inbox(ctx context.Context) (broker.Inbox, error) {
	in := &inbox{address: b.nc.NewInbox(), answers: buffer.New[broker.Message]()}
	in.subscription = subscription{broker: b, part: in, end: in.answers.Close}
	err := in.begin(ctx, in.address, func(m *nats.Msg) {
		if m.Header.Get("Status") == "" {
			in.answers.Add(fromNATS(m))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("make inbox: %w", err)
	}
	return in, nil
}

func (in *inbox) Address() string { return in.address }

func (in *inbox) Receive(ctx context.Context) ([]broker.Message, error) {
	return in.answers.Take(ctx, 0)
}

// Reply is broker.Replier's.
func (b *Broker) Reply(ctx context.Context, to broker.Message, body []byte) error {
	err := broker.CheckBody(body)
	if err == nil {
		err = b.usable(ctx)
	}
	if err == nil && !strings.HasPrefix(to.ReplyTo, inboxPrefix) {
		err = fmt.Errorf("an inbox's address begins with %s", inboxPrefix)
	}
	if err == nil {
		m := toNATS(to.ReplyTo, broker.Message{CorrelationID: to.CorrelationID, Body: body})
		err = b.explain(ctx, b.nc.PublishMsg(m))
	}
	if err != nil {
		return fmt.Errorf("reply to %q: %w", to.ReplyTo, err)
	}
	return nil
}
