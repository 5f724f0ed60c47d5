package brokertest

import (
	"context"
	"fmt"
	"sync"

	"turno/internal/broker"
)

// faultyConsumer loses its inner consumer now and then and takes another.
type faultyConsumer struct {
	f       *FaultyBroker
	queue   string
	options broker.ConsumeOptions

	mu    sync.Mutex
	life  int // counts inner consumers
	inner broker.Consumer
}

// faultyTag is the inner Tag and whose it is.
type faultyTag struct {
	life  int
	inner any
}

// Consume is broker.Broker's.
func (f *FaultyBroker) Consume(ctx context.Context, queue string, o broker.ConsumeOptions) (broker.Consumer, error) {
	if f.happens("cut", f.plan.Cut) {
		return nil, injected("consume")
	}
	inner, err := f.inner.Consume(ctx, queue, o)
	if err != nil {
		return nil, err
	}
	return &faultyConsumer{f: f, queue: queue, options: o, inner: inner}, nil
}

func (c *faultyConsumer) now() (broker.Consumer, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inner, c.life
}

// lose closes the inner consumer, which gives back what it held, and takes a
// new one.
func (c *faultyConsumer) lose(ctx context.Context) error {
	old, _ := c.now()
	if err := old.Close(); err != nil {
		return fmt.Errorf("lose a consumer: %w", err)
	}
	inner, err := c.f.inner.Consume(ctx, c.queue, c.options)
	if err != nil {
		return fmt.Errorf("begin anew: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inner = inner
	c.life++
	return nil
}

// Receive is broker.Consumer's.
func (c *faultyConsumer) Receive(ctx context.Context) ([]broker.Delivery, error) {
	if err := c.f.delay(ctx); err != nil {
		return nil, err
	}
	if c.f.happens("cut", c.f.plan.Cut) {
		if err := c.lose(ctx); err != nil {
			return nil, err
		}
	}
	inner, life := c.now()
	ds, err := inner.Receive(ctx)
	for i := range ds {
		ds[i].Tag = faultyTag{life: life, inner: ds[i].Tag}
	}
	return ds, err
}

// Ack is broker.Consumer's.
func (c *faultyConsumer) Ack(ctx context.Context, ds ...broker.Delivery) error {
	inner, life := c.now()
	var own []broker.Delivery
	for _, d := range ds {
		if tag, ok := d.Tag.(faultyTag); ok && tag.life == life {
			d.Tag = tag.inner
			own = append(own, d)
		}
	}
	cut := c.f.happens("cut", c.f.plan.Cut)
	if cut {
		own = own[:c.f.upTo(len(own))]
	}
	err := inner.Ack(ctx, own...)
	if cut && err == nil {
		if err = c.lose(ctx); err == nil {
			err = injected("acknowledge, the outcome is unknown")
		}
	}
	if err == nil && len(own) < len(ds) {
		err = injected("acknowledge what was received before a cut")
	}
	return err
}

// Close is broker.Consumer's.
func (c *faultyConsumer) Close() error {
	inner, _ := c.now()
	return inner.Close()
}
