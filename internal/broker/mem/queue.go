package mem

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"turno/internal/broker"
)

// errStale is returned by Ack for what was received before a cut: it has gone
// back to the queue and comes again.
var errStale = errors.New("delivery is from before the connection was cut")

// queue is guarded by its server's mutex, as is everything here.
type queue struct {
	srv       *server
	pattern   string // of the results topics; "": not bound
	entries   []entry
	consumers map[*consumer]struct{}
}

type entry struct {
	serial  uint64
	message broker.Message
	times   int // it was delivered
}

func (s *server) queue(name string) *queue {
	q := s.queues[name]
	if q == nil {
		q = &queue{srv: s, consumers: map[*consumer]struct{}{}}
		s.queues[name] = q
	}
	return q
}

func (q *queue) push(msgs ...broker.Message) {
	for _, m := range msgs {
		q.srv.serial++
		m.Body = clone(m.Body)
		q.entries = append(q.entries, entry{serial: q.srv.serial, message: m})
	}
	q.wakeAll()
}

// putBack puts entries where they were.
func (q *queue) putBack(entries []entry) {
	q.entries = append(q.entries, entries...)
	slices.SortFunc(q.entries, func(a, b entry) int { return int(int64(a.serial) - int64(b.serial)) })
	q.wakeAll()
}

func (q *queue) wakeAll() {
	for c := range q.consumers {
		c.wakeUp()
	}
}

type consumer struct {
	conn  *Broker
	queue *queue
	batch int
	wake  chan struct{} // capacity 1: the token says "look again"

	// guarded by srv.mu
	closed  bool
	unacked map[uint64]entry
}

// Consume is broker.Broker's.
func (b *Broker) Consume(ctx context.Context, name string, o broker.ConsumeOptions) (broker.Consumer, error) {
	b.srv.mu.Lock()
	defer b.srv.mu.Unlock()
	if err := b.open(ctx); err != nil {
		return nil, fmt.Errorf("consume from %s: %w", name, err)
	}
	q := b.srv.queue(name)
	if o.Pattern != "" {
		q.pattern = o.Pattern
	}
	c := &consumer{
		conn:    b,
		queue:   q,
		batch:   o.BatchOrDefault(),
		wake:    make(chan struct{}, 1),
		unacked: map[uint64]entry{},
	}
	q.consumers[c] = struct{}{}
	b.consumers[c] = struct{}{}
	return c, nil
}

func (c *consumer) wakeUp() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Receive is broker.Consumer's.
func (c *consumer) Receive(ctx context.Context) ([]broker.Delivery, error) {
	for {
		if ds, err := c.take(); err != nil || len(ds) > 0 {
			return ds, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-c.wake:
		}
	}
}

func (c *consumer) take() ([]broker.Delivery, error) {
	c.conn.srv.mu.Lock()
	defer c.conn.srv.mu.Unlock()
	if c.closed {
		return nil, broker.ErrClosed
	}
	n := min(len(c.queue.entries), c.batch-len(c.unacked))
	if n <= 0 || c.conn.cut {
		return nil, nil
	}
	ds := make([]broker.Delivery, n)
	for i, e := range c.queue.entries[:n] {
		e.times++
		c.unacked[e.serial] = e
		ds[i] = broker.Delivery{Message: e.message, Redelivered: e.times > 1, Times: e.times, Tag: e.serial}
		ds[i].Body = clone(e.message.Body)
	}
	c.queue.entries = c.queue.entries[n:]
	return ds, nil
}

// Ack is broker.Consumer's.
func (c *consumer) Ack(ctx context.Context, ds ...broker.Delivery) error {
	c.conn.srv.mu.Lock()
	defer c.conn.srv.mu.Unlock()
	if c.closed {
		return fmt.Errorf("acknowledge: %w", broker.ErrClosed)
	}
	if err := c.conn.usable(ctx); err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	stale := 0
	for _, d := range ds {
		serial, ok := d.Tag.(uint64)
		if _, held := c.unacked[serial]; !ok || !held {
			stale++
			continue
		}
		delete(c.unacked, serial)
	}
	c.wakeUp()
	if stale > 0 {
		return fmt.Errorf("acknowledge %d of %d: %w", stale, len(ds), errStale)
	}
	return nil
}

// Close is broker.Consumer's.
func (c *consumer) Close() error {
	c.conn.srv.mu.Lock()
	defer c.conn.srv.mu.Unlock()
	c.closeLocked()
	return nil
}

func (c *consumer) closeLocked() {
	c.closed = true
	delete(c.queue.consumers, c)
	delete(c.conn.consumers, c)
	c.giveBack()
	c.wakeUp()
}

// giveBack returns to the queue what was not acknowledged.
func (c *consumer) giveBack() {
	entries := make([]entry, 0, len(c.unacked))
	for _, e := range c.unacked {
		entries = append(entries, e)
	}
	clear(c.unacked)
	if len(entries) > 0 {
		c.queue.putBack(entries)
	}
}
