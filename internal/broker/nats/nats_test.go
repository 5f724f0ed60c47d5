package nats_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"turno/internal/broker"
	"turno/internal/broker/brokertest"
	"turno/internal/broker/nats"
	"turno/internal/testenv"
)

// ackWait is short where a test waits for it, and long where a server that is
// slow for a second would take a live consumer for a dead one.
func ackWait(t testing.TB) time.Duration {
	if strings.Contains(t.Name(), "Died") || strings.Contains(t.Name(), "B15") {
		return time.Second
	}
	return 30 * time.Second
}

// embeddedEnv is one embedded server and its in-process connections.
func embeddedEnv(o nats.EmbeddedOptions) brokertest.Factory {
	return func(t testing.TB) brokertest.Env {
		o := o
		o.Dir = t.TempDir()
		o.AckWait = ackWait(t)
		root, err := nats.Embedded(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := root.Close(); err != nil {
				t.Error(err)
			}
		})
		return brokertest.Env{
			Open: func(ctx context.Context) (brokertest.Client, error) { return root.Connect(ctx) },
			Cut:  root.Cut,
			Restart: func() {
				if err := root.Restart(context.Background()); err != nil {
					t.Error(err)
				}
			},
			Kill: func(c brokertest.Client) { c.(*nats.Broker).Die() },
		}
	}
}

func TestContract_Embedded(t *testing.T) { brokertest.Run(t, embeddedEnv(nats.EmbeddedOptions{})) }

func TestContract_EmbeddedSyncAlways(t *testing.T) {
	brokertest.Run(t, embeddedEnv(nats.EmbeddedOptions{SyncAlways: true}))
}

// outside is Debian's server, each through a proxy of its own client.
func outside(t testing.TB) brokertest.Env {
	server := testenv.NATS(t)
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxies := map[brokertest.Client]*brokertest.Proxy{}
	return brokertest.Env{
		Open: func(ctx context.Context) (brokertest.Client, error) {
			proxy := brokertest.NewProxy(t, u.Host)
			b, err := nats.Open(ctx, nats.Options{URL: "nats://" + proxy.Addr(), AckWait: ackWait(t)})
			if err != nil {
				return nil, err
			}
			proxies[b] = proxy
			return b, nil
		},
		Cut: func() {
			for _, p := range proxies {
				p.Cut()
			}
		},
		Restart: server.Restart,
		Kill:    func(c brokertest.Client) { proxies[c].Refuse() },
	}
}

func TestContract_Outside(t *testing.T) { brokertest.Run(t, outside) }

func TestContract_EmbeddedFaulty(t *testing.T) {
	brokertest.RunFaulty(t, embeddedEnv(nats.EmbeddedOptions{}), 1, 2)
}

func BenchmarkEmbedded(b *testing.B) { brokertest.Bench(b, embeddedEnv(nats.EmbeddedOptions{})) }

func BenchmarkEmbeddedSyncAlways(b *testing.B) {
	brokertest.Bench(b, embeddedEnv(nats.EmbeddedOptions{SyncAlways: true}))
}

func BenchmarkOutside(b *testing.B) { brokertest.Bench(b, outside) }

// B7: what nobody is bound for is confirmed and not kept; what is bound and
// acknowledged goes too.
func TestResults_DoNotGrow(t *testing.T) {
	b, err := nats.Embedded(t.Context(), nats.EmbeddedOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	publish := func(topic string) {
		t.Helper()
		m := broker.TopicMessage{Topic: topic, Message: broker.Message{Body: make([]byte, 4096)}}
		if err := b.PublishTopic(t.Context(), m, m, m); err != nil {
			t.Fatal(err)
		}
	}
	publish("job.done")
	c, err := b.Consume(t.Context(), "q", broker.ConsumeOptions{Pattern: "job.done"})
	if err != nil {
		t.Fatal(err)
	}
	publish("job.failed")
	if n := b.ResultsKept(t.Context()); n != 0 {
		t.Errorf("%d results are kept that nobody is bound for", n)
	}
	publish("job.done")
	if n := b.ResultsKept(t.Context()); n != 3 {
		t.Errorf("%d results are kept, want 3", n)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReply_RefusesWhatIsNoInbox(t *testing.T) {
	b, err := nats.Embedded(t.Context(), nats.EmbeddedOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, address := range []string{"", "$JS.API.STREAM.DELETE.x", "turno.queue.turno.jobs", "_INBOX.a b"} {
		if err := b.Reply(t.Context(), broker.Message{ReplyTo: address}, nil); err == nil {
			t.Errorf("replied to %q", address)
		}
	}
}
