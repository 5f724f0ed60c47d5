package nats

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"turno/internal/broker"
)

// closeTimeout bounds how long Close of a consumer waits to give its messages
// back at once; after AckWait they come again anyway.
const closeTimeout = 2 * time.Second

// consumer receives from one queue: from its own stream, and if it is bound
// also from the results stream. Each is a leg.
type consumer struct {
	broker  *Broker
	queue   string
	batch   int
	legs    []*leg
	wake    chan struct{}      // capacity 1: the token says "look again"
	recover chan struct{}      // capacity 1: asks keep to begin anew
	stop    context.CancelFunc // ends keep
	keeping sync.WaitGroup

	mu     sync.Mutex
	closed bool
	ready  []broker.Delivery
	out    int // returned by Receive and not acknowledged
}

// tag is Delivery.Tag. While it is in its leg's held, it is renewed.
type tag struct {
	leg   *leg
	reply string // where acknowledgements go
	seq   uint64 // in the stream
	out   bool   // returned by Receive
}

// Consume is broker.Broker's.
func (b *Broker) Consume(ctx context.Context, queue string, o broker.ConsumeOptions) (broker.Consumer, error) {
	c, err := b.consume(ctx, queue, o)
	if err != nil {
		return nil, fmt.Errorf("consume from %s: %w", queue, err)
	}
	return c, nil
}

func (b *Broker) consume(ctx context.Context, queue string, o broker.ConsumeOptions) (*consumer, error) {
	if err := b.connected(ctx); err != nil {
		return nil, err
	}
	pattern := o.Pattern
	if pattern == "" {
		var err error
		if pattern, err = b.boundPattern(ctx, queue); err != nil {
			return nil, b.explain(ctx, err)
		}
	}
	c := &consumer{
		broker:  b,
		queue:   queue,
		batch:   o.BatchOrDefault(),
		wake:    make(chan struct{}, 1),
		recover: make(chan struct{}, 1),
		stop:    func() {},
	}
	c.legs = append(c.legs, &leg{
		c: c, stream: b.streamName("queue", queue), durable: "queue",
		ensure: func(ctx context.Context) error { return b.ensureQueue(ctx, queue) },
	})
	if pattern != "" {
		l := &leg{c: c, stream: b.resultsStream(), durable: encodeWord(queue), pattern: pattern, ensure: b.ensureResults}
		var whole bool
		if l.filter, whole = b.topicFilter(pattern); !whole {
			l.accept = func(subject string) bool { return broker.MatchTopic(pattern, b.topicOf(subject)) }
		}
		c.legs = append(c.legs, l)
	}
	if err := c.begin(ctx); err != nil {
		_ = c.Close()
		return nil, b.explain(ctx, err)
	}
	return c, b.add(c)
}

func (c *consumer) begin(ctx context.Context) error {
	for _, l := range c.legs {
		if err := l.begin(); err != nil {
			return err
		}
	}
	if err := c.pull(ctx); err != nil {
		return err
	}
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop = stop
	c.keeping.Go(func() { c.keep(keep) })
	return nil
}

// pull makes sure that the server has what the legs read from, and asks anew.
func (c *consumer) pull(ctx context.Context) error {
	for _, l := range c.legs {
		if err := l.ensure(ctx); err != nil {
			return err
		}
		if err := c.broker.ensureConsumer(ctx, l); err != nil {
			return err
		}
		c.mu.Lock()
		l.asked = 0
		c.mu.Unlock()
		l.ask()
	}
	return nil
}

// keep renews what is held and begins anew when the connection came back or
// the server said that it forgot us.
func (c *consumer) keep(ctx context.Context) {
	renew := time.NewTicker(c.broker.opts.AckWait / 3)
	defer renew.Stop()
	for failures := 0; ; {
		var retry <-chan time.Time
		if failures > 0 {
			retry = time.After(reconnectDelay(failures))
		}
		select {
		case <-ctx.Done():
			return
		case <-renew.C:
			if !c.renew() {
				continue
			}
		case <-c.recover:
		case <-retry:
		}
		if err := c.again(ctx); err != nil {
			failures++
			c.broker.opts.Logger.Debug("consumer could not begin anew yet", "queue", c.queue, "err", err)
			continue
		}
		failures = 0
	}
}

func (c *consumer) again(ctx context.Context) error {
	if err := c.broker.connected(ctx); err != nil {
		return err
	}
	return c.pull(ctx)
}

// renew tells the server that what we hold is still being worked on. It
// reports whether the server has been silent for too long.
func (c *consumer) renew() (silent bool) {
	var replies []string
	c.mu.Lock()
	for _, l := range c.legs {
		for t := range l.held {
			replies = append(replies, t.reply)
		}
		silent = silent || l.asked > 0 && time.Since(l.heard) > 2*heartbeat
	}
	c.mu.Unlock()
	for _, reply := range replies {
		if c.broker.nc.Publish(reply, inProgress) != nil {
			break // no connection: the server counts until AckWait
		}
	}
	return silent
}

func (c *consumer) reconnected() { signal(c.recover) }

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
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, broker.ErrClosed
	}
	n := min(len(c.ready), c.batch-c.out)
	if n <= 0 {
		return nil, nil
	}
	ds := c.ready[:n:n]
	if c.ready = c.ready[n:]; len(c.ready) == 0 {
		c.ready = nil
	}
	for _, d := range ds {
		d.Tag.(*tag).out = true
	}
	c.out += n
	return ds, nil
}

// errForeign: a Delivery goes back to the Consumer that returned it.
var errForeign = errors.New("not a delivery of this consumer")

// Ack is broker.Consumer's.
func (c *consumer) Ack(ctx context.Context, ds ...broker.Delivery) error {
	if err := c.ack(ctx, ds); err != nil {
		return fmt.Errorf("acknowledge %d messages of %s: %w", len(ds), c.queue, err)
	}
	return nil
}

func (c *consumer) ack(ctx context.Context, ds []broker.Delivery) error {
	if err := c.broker.usable(ctx); err != nil {
		return err
	}
	replies, err := c.release(ds)
	if err != nil || len(replies) == 0 {
		return err
	}
	number := c.broker.connection()
	for _, reply := range replies {
		if err := c.broker.nc.Publish(reply, acknowledged); err != nil {
			return c.broker.explain(ctx, err)
		}
	}
	for _, l := range c.legs {
		l.ask()
	}
	signal(c.wake)
	return c.broker.flush(ctx, number)
}

// release ends the holding of deliveries and returns where to acknowledge them.
func (c *consumer) release(ds []broker.Delivery) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, broker.ErrClosed
	}
	replies := make([]string, 0, len(ds))
	for _, d := range ds {
		t, ok := d.Tag.(*tag)
		if !ok || t.leg.c != c {
			return replies, errForeign
		}
		if _, held := t.leg.held[t]; held {
			delete(t.leg.held, t)
			c.out--
			replies = append(replies, t.reply)
		}
	}
	return replies, nil
}

// Close is broker.Consumer's. First it stops what still comes, then it gives
// back all that is held: the other way round a message could fall between.
func (c *consumer) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.mu.Unlock()
	c.stop()
	signal(c.wake)
	c.broker.forget(c)
	c.keeping.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	for _, l := range c.legs {
		l.end(ctx)
	}
	for _, l := range c.legs {
		c.mu.Lock()
		holds := len(l.held) > 0
		c.mu.Unlock()
		if holds {
			l.tidy(ctx)
		}
		c.mu.Lock()
		tags := slices.SortedFunc(maps.Keys(l.held), func(a, b *tag) int { return int(int64(a.seq) - int64(b.seq)) })
		l.held = nil
		c.mu.Unlock()
		for _, t := range tags {
			_ = c.broker.nc.Publish(t.reply, refused)
		}
	}
	if c.broker.nc.IsConnected() {
		_ = c.broker.nc.FlushWithContext(ctx) // at the worst they come again after AckWait
	}
	return nil
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// receive is nats.go's callback for a leg.
func (c *consumer) receive(l *leg, m *nats.Msg) {
	meta, err := m.Metadata()
	if err != nil {
		l.status(m)
		return
	}
	if l.accept != nil && !l.accept(m.Subject) {
		_ = c.broker.nc.Publish(m.Reply, acknowledged)
		l.arrived(nil)
		return
	}
	t := &tag{leg: l, reply: m.Reply, seq: meta.Sequence.Stream}
	if !l.arrived(&broker.Delivery{Message: fromNATS(m), Redelivered: meta.NumDelivered > 1, Times: int(meta.NumDelivered), Tag: t}) {
		_ = c.broker.nc.Publish(m.Reply, refused)
	}
}
