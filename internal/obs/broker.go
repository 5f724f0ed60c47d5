package obs

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"turno/internal/broker"
)

// Broker is both sides of one.
type Broker interface {
	broker.Broker
	broker.Replier
}

// BrokerLink counts connections to a broker. Safe for concurrent use.
type BrokerLink struct {
	stand   prometheus.Gauge
	back    prometheus.Counter
	missing atomic.Int64
}

// BrokerLink adds the connections of a kind of broker.
func (r *Registry) BrokerLink(kind string) *BrokerLink {
	stand := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "turno_broker_connections", Help: "Connections to the broker that stand."}, []string{"broker"})
	back := counter("turno_broker_reconnects_total", "Connections to the broker that were lost and came back.", "broker")
	r.all.MustRegister(stand, back)
	return &BrokerLink{stand: stand.WithLabelValues(kind), back: back.WithLabelValues(kind)}
}

// Changed tells that a connection stands, or was lost.
func (l *BrokerLink) Changed(up bool) {
	if !up {
		l.stand.Dec()
		l.missing.Add(1)
		return
	}
	l.stand.Inc()
	if l.missing.Load() > 0 { // only one that was lost comes back
		l.missing.Add(-1)
		l.back.Inc()
	}
}

// Broker counts what goes through b, and hands everything on as it is.
func (r *Registry) Broker(kind string, b Broker) Broker {
	published := counter("turno_broker_publish_total", "Messages to durable queues and topics, by what became of them.", "broker", "result")
	took := histogram("turno_broker_roundtrip_seconds", "From a publication to the broker's confirm.", shortBuckets, "broker")
	again := counter("turno_broker_redeliveries_total", "Messages of durable queues that came again.", "broker")
	open := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "turno_broker_unacked_messages", Help: "Messages of durable queues that were received and are not acknowledged."}, []string{"broker"})
	r.all.MustRegister(published, took, again, open)
	return &metered{
		Broker: b, took: took.WithLabelValues(kind), confirmed: published.WithLabelValues(kind, "confirmed"), failed: published.WithLabelValues(kind, "failed"),
		again: again.WithLabelValues(kind), open: open.WithLabelValues(kind),
	}
}

// metered is a broker of which is counted what goes through durable queues.
type metered struct {
	Broker
	took              prometheus.Observer
	confirmed, failed prometheus.Counter
	again             prometheus.Counter
	open              prometheus.Gauge
}

func (m *metered) Publish(ctx context.Context, queue string, msgs ...broker.Message) error {
	began := time.Now()
	err := m.Broker.Publish(ctx, queue, msgs...)
	m.published(began, len(msgs), err)
	return err
}

func (m *metered) PublishTopic(ctx context.Context, msgs ...broker.TopicMessage) error {
	began := time.Now()
	err := m.Broker.PublishTopic(ctx, msgs...)
	m.published(began, len(msgs), err)
	return err
}

func (m *metered) published(began time.Time, n int, err error) {
	if err != nil {
		m.failed.Add(float64(n))
		return
	}
	m.confirmed.Add(float64(n))
	m.took.Observe(time.Since(began).Seconds())
}

func (m *metered) Consume(ctx context.Context, queue string, o broker.ConsumeOptions) (broker.Consumer, error) {
	c, err := m.Broker.Consume(ctx, queue, o)
	if err != nil {
		return nil, err
	}
	return &meteredConsumer{Consumer: c, m: m}, nil
}

// meteredConsumer knows how many of its messages are open.
type meteredConsumer struct {
	broker.Consumer
	m    *metered
	open atomic.Int64
}

func (c *meteredConsumer) Receive(ctx context.Context) ([]broker.Delivery, error) {
	ds, err := c.Consumer.Receive(ctx)
	for i := range ds {
		if ds[i].Redelivered {
			c.m.again.Inc()
		}
	}
	c.change(len(ds))
	return ds, err
}

func (c *meteredConsumer) Ack(ctx context.Context, ds ...broker.Delivery) error {
	err := c.Consumer.Ack(ctx, ds...)
	if err == nil { // what is not acknowledged comes again
		c.change(-len(ds))
	}
	return err
}

// Close gives back what is open.
func (c *meteredConsumer) Close() error {
	c.m.open.Sub(float64(c.open.Swap(0)))
	return c.Consumer.Close()
}

// change counts; after a connection was cut an Ack may come for what is not
// open any more.
func (c *meteredConsumer) change(n int) {
	for {
		was := c.open.Load()
		now := max(0, was+int64(n))
		if c.open.CompareAndSwap(was, now) {
			c.m.open.Add(float64(now - was))
			return
		}
	}
}
