// Package mem is a broker in memory: the contract, exactly, for tests. It is
// no broker for production: nothing outlives the process.
//
//	New ──▶ Broker ──Connect──▶ Broker ...   connections to one server
//	Cut, Heal: one connection; Restart: the server, which keeps its queues
//
// It starts no goroutine. One mutex, the server's, guards everything; nothing
// is done under it but moving slices.
package mem

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"turno/internal/broker"
	"turno/internal/broker/buffer"
)

// ErrCut is returned by publishers while their connection is cut.
var ErrCut = errors.New("connection is cut")

// Broker is one connection to a server in memory.
type Broker struct {
	srv *server

	// guarded by srv.mu
	closed    bool
	cut       bool
	consumers map[*consumer]struct{}
	buffers   map[*handle]struct{}
}

var (
	_ broker.Broker  = (*Broker)(nil)
	_ broker.Replier = (*Broker)(nil)
)

type server struct {
	mu       sync.Mutex
	conns    map[*Broker]struct{}
	queues   map[string]*queue
	watchers map[*handle]struct{}
	streams  map[*handle]struct{}
	inboxes  map[string]*inbox
	serial   uint64 // of entries and inboxes
}

// New starts a server and connects to it.
func New() *Broker {
	srv := &server{
		conns:    map[*Broker]struct{}{},
		queues:   map[string]*queue{},
		watchers: map[*handle]struct{}{},
		streams:  map[*handle]struct{}{},
		inboxes:  map[string]*inbox{},
	}
	return srv.connect()
}

// Connect makes another connection to the same server.
func (b *Broker) Connect() *Broker {
	b.srv.mu.Lock()
	defer b.srv.mu.Unlock()
	return b.srv.connect()
}

func (s *server) connect() *Broker {
	b := &Broker{srv: s, consumers: map[*consumer]struct{}{}, buffers: map[*handle]struct{}{}}
	s.conns[b] = struct{}{}
	return b
}

// Cut cuts this connection: what it has not acknowledged goes back, its
// watchers miss what is sent, its publishers get ErrCut, until Heal.
func (b *Broker) Cut() {
	b.srv.mu.Lock()
	defer b.srv.mu.Unlock()
	b.cutLocked()
}

func (b *Broker) cutLocked() {
	b.cut = true
	for c := range b.consumers {
		c.giveBack()
	}
}

// Heal ends Cut: consumers, watchers and subscribers go on by themselves.
func (b *Broker) Heal() {
	b.srv.mu.Lock()
	defer b.srv.mu.Unlock()
	b.cut = false
	for c := range b.consumers {
		c.wakeUp()
	}
}

// Restart restarts the server: every connection is cut and heals. Queues and
// what is bound stay, as on a disk.
func (b *Broker) Restart() {
	b.srv.mu.Lock()
	conns := make([]*Broker, 0, len(b.srv.conns))
	for conn := range b.srv.conns {
		conns = append(conns, conn)
		conn.cutLocked()
	}
	b.srv.mu.Unlock()
	for _, conn := range conns {
		conn.Heal()
	}
}

// Close ends the connection and all that was made with it. The server stays
// for its other connections.
func (b *Broker) Close() error {
	b.srv.mu.Lock()
	defer b.srv.mu.Unlock()
	b.closed = true
	for c := range b.consumers {
		c.closeLocked()
	}
	for h := range b.buffers {
		h.closeLocked()
	}
	delete(b.srv.conns, b)
	return nil
}

// usable says why nothing can be published. The caller holds srv.mu.
func (b *Broker) usable(ctx context.Context) error {
	switch {
	case b.closed:
		return broker.ErrClosed
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case b.cut:
		return ErrCut
	}
	return nil
}

// open is usable for what needs no connection now: a handle made while it is
// cut begins to receive when it heals.
func (b *Broker) open(ctx context.Context) error {
	if err := b.usable(ctx); err != nil && !errors.Is(err, ErrCut) {
		return err
	}
	return nil
}

// Publish is broker.Broker's.
func (b *Broker) Publish(ctx context.Context, queue string, msgs ...broker.Message) error {
	for _, m := range msgs {
		if err := broker.CheckMessage(m); err != nil {
			return fmt.Errorf("publish to %s: %w", queue, err)
		}
	}
	b.srv.mu.Lock()
	defer b.srv.mu.Unlock()
	if err := b.usable(ctx); err != nil {
		return fmt.Errorf("publish to %s: %w", queue, err)
	}
	b.srv.queue(queue).push(msgs...)
	return nil
}

// PublishTopic is broker.Broker's.
func (b *Broker) PublishTopic(ctx context.Context, msgs ...broker.TopicMessage) error {
	for _, m := range msgs {
		if err := errors.Join(broker.CheckMessage(m.Message), broker.CheckName(m.Topic)); err != nil {
			return fmt.Errorf("publish topic %s: %w", m.Topic, err)
		}
	}
	b.srv.mu.Lock()
	defer b.srv.mu.Unlock()
	if err := b.usable(ctx); err != nil {
		return fmt.Errorf("publish topics: %w", err)
	}
	for _, m := range msgs {
		for _, q := range b.srv.queues {
			if q.pattern != "" && broker.MatchTopic(q.pattern, m.Topic) {
				q.push(m.Message)
			}
		}
	}
	return nil
}

// Put is broker.Broker's.
func (b *Broker) Put(ctx context.Context, mailbox string, value []byte) error {
	return b.send(ctx, "put", b.srv.watchers, broker.Value{Name: mailbox, Body: value})
}

// Send is broker.Broker's.
func (b *Broker) Send(ctx context.Context, stream string, body []byte) error {
	return b.send(ctx, "send", b.srv.streams, broker.Value{Name: stream, Body: body})
}

func (b *Broker) send(ctx context.Context, verb string, to map[*handle]struct{}, v broker.Value) error {
	if err := broker.CheckBody(v.Body); err != nil {
		return fmt.Errorf("%s %s: %w", verb, v.Name, err)
	}
	v.Body = clone(v.Body)
	b.srv.mu.Lock()
	defer b.srv.mu.Unlock()
	if err := b.usable(ctx); err != nil {
		return fmt.Errorf("%s %s: %w", verb, v.Name, err)
	}
	for h := range to {
		if !h.conn.cut {
			h.values.Put(v)
		}
	}
	return nil
}

// Watch is broker.Broker's.
func (b *Broker) Watch(ctx context.Context, pattern string) (broker.Watcher, error) {
	return b.watch(ctx, b.srv.watchers, buffer.NewMailbox(pattern))
}

// Subscribe is broker.Broker's.
func (b *Broker) Subscribe(ctx context.Context, pattern string) (broker.Watcher, error) {
	return b.watch(ctx, b.srv.streams, buffer.NewStream(pattern))
}

func (b *Broker) watch(ctx context.Context, all map[*handle]struct{}, v *buffer.Values) (broker.Watcher, error) {
	b.srv.mu.Lock()
	defer b.srv.mu.Unlock()
	if err := b.open(ctx); err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	h := &handle{conn: b, values: v}
	h.forget = func() { delete(all, h); v.Close(broker.ErrClosed) }
	all[h] = struct{}{}
	b.buffers[h] = struct{}{}
	return h, nil
}

// Inbox is broker.Broker's.
func (b *Broker) Inbox(ctx context.Context) (broker.Inbox, error) {
	b.srv.mu.Lock()
	defer b.srv.mu.Unlock()
	if err := b.open(ctx); err != nil {
		return nil, fmt.Errorf("make inbox: %w", err)
	}
	b.srv.serial++
	in := &inbox{
		handle:  &handle{conn: b},
		address: "inbox." + strconv.FormatUint(b.srv.serial, 10),
		answers: buffer.New[broker.Message](),
	}
	in.forget = func() { delete(b.srv.inboxes, in.address); in.answers.Close(broker.ErrClosed) }
	b.srv.inboxes[in.address] = in
	b.buffers[in.handle] = struct{}{}
	return in, nil
}

// Reply is broker.Replier's.
func (b *Broker) Reply(ctx context.Context, to broker.Message, body []byte) error {
	if err := broker.CheckBody(body); err != nil {
		return fmt.Errorf("reply to %s: %w", to.ReplyTo, err)
	}
	b.srv.mu.Lock()
	defer b.srv.mu.Unlock()
	if err := b.usable(ctx); err != nil {
		return fmt.Errorf("reply to %s: %w", to.ReplyTo, err)
	}
	if in := b.srv.inboxes[to.ReplyTo]; in != nil && !in.conn.cut {
		in.answers.Add(broker.Message{CorrelationID: to.CorrelationID, Body: clone(body)})
	}
	return nil
}

// handle is what a connection has open besides consumers.
type handle struct {
	conn   *Broker
	values *buffer.Values // nil: an inbox
	forget func()
}

func (h *handle) Receive(ctx context.Context) ([]broker.Value, error) { return h.values.Receive(ctx) }

func (h *handle) Close() error {
	h.conn.srv.mu.Lock()
	defer h.conn.srv.mu.Unlock()
	h.closeLocked()
	return nil
}

func (h *handle) closeLocked() {
	h.forget()
	delete(h.conn.buffers, h)
}

type inbox struct {
	*handle
	address string
	answers *buffer.Buffer[broker.Message]
}

func (in *inbox) Address() string { return in.address }

func (in *inbox) Receive(ctx context.Context) ([]broker.Message, error) {
	return in.answers.Take(ctx, 0)
}

func clone(body []byte) []byte { return append([]byte(nil), body...) }
