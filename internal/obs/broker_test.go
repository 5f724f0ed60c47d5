package obs

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"turno/internal/broker"
	"turno/internal/broker/brokertest"
	"turno/internal/broker/mem"
)

// client is a broker that is counted, with what a suite needs of it.
type client struct {
	Broker
	inner *mem.Broker
}

func (c client) Close() error { return c.inner.Close() }

// TestBroker_KeepsTheContract: counting changes nothing of what a broker does.
func TestBroker_KeepsTheContract(t *testing.T) {
	brokertest.Run(t, func(t testing.TB) brokertest.Env {
		root := mem.New()
		t.Cleanup(func() { _ = root.Close() })
		var conns []*mem.Broker
		return brokertest.Env{
			Open: func(context.Context) (brokertest.Client, error) {
				c := root.Connect()
				conns = append(conns, c)
				return client{New("test").Broker("mem", c), c}, nil
			},
			Cut: func() {
				for _, c := range conns {
					c.Cut()
					c.Heal()
				}
			},
			Restart: root.Restart,
			Kill:    func(c brokertest.Client) { c.(client).inner.Cut() },
		}
	})
}

func TestBroker_CountsWhatIsOpen(t *testing.T) {
	t.Parallel()
	b := mem.New()
	t.Cleanup(func() { _ = b.Close() })
	counted := New("test").Broker("mem", b).(*metered)
	ctx := t.Context()
	if err := counted.Publish(ctx, "q", broker.Message{Body: []byte("1")}, broker.Message{Body: []byte("2")}); err != nil {
		t.Fatal(err)
	}
	if err := counted.Publish(ctx, "q", broker.Message{Body: make([]byte, broker.MaxBody+1)}); err == nil {
		t.Fatal("too large a message was taken")
	}
	c, err := counted.Consume(ctx, "q", broker.ConsumeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []broker.Delivery
	for len(got) < 2 {
		ds, err := c.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ds...)
	}
	if err := c.Ack(ctx, got[0]); err != nil || testutil.ToFloat64(counted.open) != 1 {
		t.Errorf("%v open, %v", testutil.ToFloat64(counted.open), err)
	}
	if err := c.Close(); err != nil || testutil.ToFloat64(counted.open) != 0 {
		t.Errorf("%v open after the end, %v", testutil.ToFloat64(counted.open), err)
	}
	if c, err = counted.Consume(ctx, "q", broker.ConsumeOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Receive(ctx); err != nil {
		t.Fatal(err)
	}
	if again, ok, bad := testutil.ToFloat64(counted.again), testutil.ToFloat64(counted.confirmed), testutil.ToFloat64(counted.failed); again != 1 || ok != 2 || bad != 1 {
		t.Errorf("%v came again, %v were confirmed, %v failed", again, ok, bad)
	}
}

func TestBrokerLink_OnlyWhatWasLostComesBack(t *testing.T) {
	t.Parallel()
	l := New("test").BrokerLink("amqp")
	for _, up := range []bool{true, true, true, false, false, true, true, true} { // three at first, one more later
		l.Changed(up)
	}
	if stand, back := testutil.ToFloat64(l.stand), testutil.ToFloat64(l.back); stand != 4 || back != 2 {
		t.Errorf("%v stand, %v came back", stand, back)
	}
}
