package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"turno/internal/broker"
)

var (
	errForeign = errors.New("not a delivery of this consumer")
	// errStale: it has gone back to the queue and comes again.
	errStale = errors.New("delivery is from before the connection was lost")
)

// consumer receives from a durable queue.
type consumer struct {
	receiver *receiver
	name     string
	batch    int
	wake     chan struct{} // capacity 1: the token says "look again"
	done     chan struct{} // closed by Close
	once     sync.Once

	mu    sync.Mutex
	life  *life // nil while there is no channel
	ready []broker.Delivery
	out   int // returned by Receive and not acknowledged
}

// life is one channel's: delivery tags mean something on their channel only.
type life struct {
	ch   *amqp.Channel
	open []uint64 // delivered and not acknowledged, in order
}

// tag is Delivery.Tag.
type tag struct {
	consumer *consumer
	life     *life
	number   uint64
}

// Consume is broker.Broker's.
func (b *Broker) Consume(ctx context.Context, queue string, o broker.ConsumeOptions) (broker.Consumer, error) {
	name := b.opts.Prefix + queue
	c := &consumer{name: queue, batch: o.BatchOrDefault(), wake: make(chan struct{}, 1), done: make(chan struct{})}
	c.receiver = &receiver{
		b: b, what: queue, batch: c.batch,
		declare: func(conn *amqp.Connection, ch *amqp.Channel) (string, error) {
			if err := b.declareQueue(conn, name); err != nil || o.Pattern == "" {
				return name, err
			}
			return name, ch.QueueBind(name, o.Pattern, b.opts.Prefix+ResultsExchange, false, nil)
		},
		began: c.began, ended: c.ended, hungry: c.hungry, take: c.take,
		closed: func() { c.once.Do(func() { close(c.done) }) },
	}
	err := errors.Join(b.usable(ctx), broker.CheckName(name))
	if err == nil {
		err = c.receiver.open(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("consume from %s: %w", queue, err)
	}
	return c, nil
}

// Close is broker.Consumer's.
func (c *consumer) Close() error {
	c.receiver.close()
	return nil
}

func (c *consumer) began(ch *amqp.Channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.life = &life{ch: ch}
}

// ended drops what waits: the broker has taken it back.
func (c *consumer) ended() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.life, c.ready, c.out = nil, nil, 0
}

// hungry: the broker could deliver more.
func (c *consumer) hungry() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.life != nil && len(c.life.open) < c.batch
}

func (c *consumer) take(d amqp.Delivery) {
	before := deliveriesBefore(d)
	c.mu.Lock()
	c.life.open = append(c.life.open, d.DeliveryTag)
	c.ready = append(c.ready, broker.Delivery{
		Message:     fromAMQP(d),
		Redelivered: d.Redelivered || before > 0,
		Times:       before + 1,
		Origin:      origin(d.Headers, c.receiver.b.opts.Prefix),
		Tag:         &tag{consumer: c, life: c.life, number: d.DeliveryTag},
	})
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// deliveriesBefore reads what a quorum queue counts; other queues know only
// whether there was one.
func deliveriesBefore(d amqp.Delivery) int {
	if n, ok := d.Headers["x-delivery-count"].(int64); ok && n >= 0 && n < 1<<31 {
		return int(n)
	}
	if d.Redelivered {
		return 1
	}
	return 0
}

// origin is where a message was before the broker gave up on it.
func origin(headers amqp.Table, prefix string) string {
	queue, _ := headers["x-first-death-queue"].(string)
	return strings.TrimPrefix(queue, prefix)
}

// sender is the user that RabbitMQ has checked, and what the message says.
func sender(d amqp.Delivery) string {
	if d.UserId == "" || d.AppId == "" {
		return d.UserId + d.AppId
	}
	return d.UserId + " " + d.AppId
}

func fromAMQP(d amqp.Delivery) broker.Message {
	traceparent, _ := d.Headers[headerTraceparent].(string)
	return broker.Message{
		ID:            d.MessageId,
		ReplyTo:       d.ReplyTo,
		CorrelationID: d.CorrelationId,
		ContentType:   d.ContentType,
		Sender:        sender(d),
		Traceparent:   traceparent,
		Body:          d.Body,
	}
}

// Receive is broker.Consumer's.
func (c *consumer) Receive(ctx context.Context) ([]broker.Delivery, error) {
	for {
		if c.isClosed() {
			return nil, broker.ErrClosed
		}
		if ds := c.ripe(); len(ds) > 0 {
			return ds, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-c.done:
			return nil, broker.ErrClosed
		case <-c.wake:
		}
	}
}

func (c *consumer) isClosed() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// ripe takes what may be returned now.
func (c *consumer) ripe() []broker.Delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.ready), c.batch-c.out)
	if n <= 0 {
		return nil
	}
	ds := c.ready[:n:n]
	if c.ready = c.ready[n:]; len(c.ready) == 0 {
		c.ready = nil
	}
	c.out += n
	return ds
}

// Ack is broker.Consumer's.
func (c *consumer) Ack(ctx context.Context, ds ...broker.Delivery) error {
	if err := c.acknowledge(ctx, ds); err != nil {
		return fmt.Errorf("acknowledge %d messages of %s: %w", len(ds), c.name, err)
	}
	return nil
}

func (c *consumer) acknowledge(ctx context.Context, ds []broker.Delivery) error {
	if err := c.receiver.b.usable(ctx); err != nil {
		return err
	}
	if c.isClosed() {
		return broker.ErrClosed
	}
	ch, acks, err := c.release(ds)
	for _, a := range acks {
		if err := ch.Ack(a.number, a.multiple); err != nil {
			return err
		}
	}
	return err
}

// release ends the holding of deliveries and returns how to acknowledge them.
func (c *consumer) release(ds []broker.Delivery) (*amqp.Channel, []ack, error) {
	numbers := make([]uint64, 0, len(ds))
	c.mu.Lock()
	defer c.mu.Unlock()
	var stale error
	for _, d := range ds {
		t, ok := d.Tag.(*tag)
		switch {
		case !ok || t.consumer != c:
			return nil, nil, errForeign
		case t.life != c.life:
			stale = errStale
		default:
			numbers = append(numbers, t.number)
		}
	}
	if len(numbers) == 0 {
		return nil, nil, stale
	}
	slices.Sort(numbers)
	before := len(c.life.open)
	acks := c.life.release(slices.Compact(numbers))
	c.out -= before - len(c.life.open)
	return c.life.ch, acks, stale
}

// ack is one frame to the broker.
type ack struct {
	number   uint64
	multiple bool // all up to it
}

// release acknowledges with one frame all that come first without a gap, and
// the rest one by one. numbers are sorted. One that was acknowledged before is
// left out: twice would close the channel.
func (l *life) release(numbers []uint64) []ack {
	var acks []ack
	first := 0
	for first < min(len(numbers), len(l.open)) && numbers[first] == l.open[first] {
		first++
	}
	if first > 0 {
		acks = append(acks, ack{number: numbers[first-1], multiple: true})
	}
	for _, n := range numbers[first:] {
		if _, open := slices.BinarySearch(l.open, n); open {
			acks = append(acks, ack{number: n})
		}
	}
	l.open = slices.DeleteFunc(l.open, func(n uint64) bool {
		_, acked := slices.BinarySearch(numbers, n)
		return acked
	})
	return acks
}
