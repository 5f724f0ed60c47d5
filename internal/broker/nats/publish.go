package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"turno/internal/broker"
)

// A window bounds what is sent before its confirms are awaited: below the
// server's own bound of messages it has read and not stored (10,000, 128 MiB).
const (
	windowMessages = 1000
	windowBytes    = 32 << 20
)

// Headers of a message; one without a value is left out. Not Nats-Msg-Id: an
// ID is not the broker's to interpret, and JetStream drops a repetition.
const (
	headerID            = "Id"
	headerReplyTo       = "Reply-To"
	headerCorrelationID = "Correlation-Id"
	headerContentType   = "Content-Type"
	headerSender        = "Sender"
	headerTraceparent   = "traceparent"
)

func toNATS(subject string, m broker.Message) *nats.Msg {
	n := &nats.Msg{Subject: subject, Data: m.Body}
	for _, h := range []struct{ key, value string }{
		{headerID, m.ID}, {headerReplyTo, m.ReplyTo},
		{headerCorrelationID, m.CorrelationID}, {headerContentType, m.ContentType}, {headerSender, m.Sender},
		{headerTraceparent, m.Traceparent},
	} {
		if h.value != "" {
			if n.Header == nil {
				n.Header = nats.Header{}
			}
			n.Header[h.key] = []string{h.value}
		}
	}
	return n
}

func fromNATS(n *nats.Msg) broker.Message {
	m := broker.Message{Body: n.Data}
	if n.Header != nil {
		m.ID = n.Header.Get(headerID)
		m.ReplyTo = n.Header.Get(headerReplyTo)
		m.CorrelationID = n.Header.Get(headerCorrelationID)
		m.ContentType = n.Header.Get(headerContentType)
		m.Sender = n.Header.Get(headerSender)
		m.Traceparent = n.Header.Get(headerTraceparent)
	}
	return m
}

// Publish is broker.Broker's.
func (b *Broker) Publish(ctx context.Context, queue string, msgs ...broker.Message) error {
	subject := b.queueSubject(queue)
	ns := make([]*nats.Msg, len(msgs))
	for i, m := range msgs {
		if err := broker.CheckMessage(m); err != nil {
			return fmt.Errorf("publish to %s: %w", queue, err)
		}
		ns[i] = toNATS(subject, m)
	}
	ensure := func(ctx context.Context) error { return b.ensureQueue(ctx, queue) }
	if err := b.publish(ctx, subject, ns, ensure); err != nil {
		return fmt.Errorf("publish to %s: %w", queue, err)
	}
	return nil
}

// PublishTopic is broker.Broker's.
func (b *Broker) PublishTopic(ctx context.Context, msgs ...broker.TopicMessage) error {
	ns := make([]*nats.Msg, len(msgs))
	for i, m := range msgs {
		if err := errors.Join(broker.CheckMessage(m.Message), broker.CheckName(m.Topic)); err != nil {
			return fmt.Errorf("publish topic %s: %w", m.Topic, err)
		}
		ns[i] = toNATS(b.topicSubject(m.Topic), m.Message)
	}
	if err := b.publish(ctx, topics, ns, b.ensureResults); err != nil {
		return fmt.Errorf("publish topics: %w", err)
	}
	return nil
}

// topics stands for the stream of all topics where queues stand for themselves.
const topics = "topics"

func (b *Broker) publish(ctx context.Context, stream string, ns []*nats.Msg, ensure func(context.Context) error) error {
	if err := b.connected(ctx); err != nil {
		return err
	}
	if err := ensure(ctx); err != nil {
		b.health.note(ctx, stream, err)
		return b.explain(ctx, err)
	}
	for len(ns) > 0 {
		n, size := 0, 0
		for n < len(ns) && n < windowMessages && (n == 0 || size < windowBytes) {
			size += len(ns[n].Data)
			n++
		}
		err := b.publishWindow(ctx, ns[:n])
		b.health.note(ctx, stream, err)
		if err != nil {
			return b.explain(ctx, err)
		}
		ns = ns[n:]
	}
	return nil
}

func (b *Broker) publishWindow(ctx context.Context, ns []*nats.Msg) error {
	call := b.acks.call(len(ns))
	defer b.acks.end(call)
	for _, n := range ns {
		n.Reply = call.address
		if err := b.nc.PublishMsg(n); err != nil {
			return err
		}
	}
	// A disk that is full leaves JetStream silent for ever.
	timeout := time.NewTimer(callTimeout)
	defer timeout.Stop()
	select {
	case <-call.done:
		return call.err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timeout.C:
		return fmt.Errorf("no confirm within %s: the outcome is unknown", callTimeout)
	}
}

// acks receives JetStream's confirms for all publishers of a connection.
type acks struct {
	prefix string // of the addresses for confirms, constant

	mu   sync.Mutex
	next uint64
	open map[string]*ackCall
}

// ackCall is one window that waits for its confirms.
type ackCall struct {
	address string
	done    chan struct{} // closed when all confirms came or one said no
	err     error         // readable once done is closed

	missing int // guarded by acks.mu
}

func (a *acks) begin(nc *nats.Conn) error {
	a.open = map[string]*ackCall{}
	a.prefix = nc.NewInbox() + "."
	_, err := nc.Subscribe(a.prefix+"*", a.confirm)
	return err
}

func (a *acks) call(n int) *ackCall {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next++
	c := &ackCall{address: a.prefix + strconv.FormatUint(a.next, 36), done: make(chan struct{}), missing: n}
	a.open[c.address] = c
	return c
}

func (a *acks) end(c *ackCall) {
	a.mu.Lock()
	delete(a.open, c.address)
	a.mu.Unlock()
}

// fail ends all calls that wait.
func (a *acks) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.open {
		a.finish(c, err)
	}
}

// finish is called under mu.
func (a *acks) finish(c *ackCall, err error) {
	delete(a.open, c.address)
	c.err = err
	close(c.done)
}

func (a *acks) confirm(m *nats.Msg) {
	err := confirmError(m)
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.open[m.Subject]
	if c == nil {
		return
	}
	if c.missing--; err != nil || c.missing == 0 {
		a.finish(c, err)
	}
}

// confirmError says what is wrong with a confirm, which is JSON: the stream
// and sequence, or an error.
func confirmError(m *nats.Msg) error {
	if m.Header.Get("Status") == "503" {
		return errors.New("the broker has no such stream, or no JetStream")
	}
	if !strings.Contains(string(m.Data), `"error"`) {
		return nil
	}
	var answer struct {
		Error *struct {
			Code        int    `json:"code"`
			Description string `json:"description"`
		} `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &answer); err != nil {
		return fmt.Errorf("read a confirm: %w", err)
	}
	if answer.Error == nil {
		return nil
	}
	return fmt.Errorf("refused by the broker: %s (%d)", answer.Error.Description, answer.Error.Code)
}
