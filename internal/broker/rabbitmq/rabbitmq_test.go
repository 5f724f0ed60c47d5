package rabbitmq_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"turno/internal/broker/brokertest"
	"turno/internal/broker/rabbitmq"
	"turno/internal/testenv"
)

// env is a broker that others use too, seen through a proxy; for sentences
// about a restart one of its own.
func env(t testing.TB) brokertest.Env {
	if strings.Contains(t.Name(), "Restart") {
		server := testenv.RabbitMQ(t)
		e := through(t, server.URL(), "")
		e.Restart = server.Restart
		return e
	}
	address, prefix := testenv.SharedRabbitMQ(t)
	return through(t, address, prefix)
}

func through(t testing.TB, address, prefix string) brokertest.Env {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxies := map[brokertest.Client]*brokertest.Proxy{}
	return brokertest.Env{
		Open: func(ctx context.Context) (brokertest.Client, error) {
			proxy := brokertest.NewProxy(t, u.Host)
			through := *u
			through.Host = proxy.Addr()
			b, err := rabbitmq.Open(ctx, rabbitmq.Options{URL: through.String(), Prefix: prefix})
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
		Kill: func(c brokertest.Client) { proxies[c].Refuse() },
	}
}

func TestContract(t *testing.T) { brokertest.Run(t, env) }

func TestContract_Faulty(t *testing.T) { brokertest.RunFaulty(t, env, 1, 2) }

func BenchmarkRabbitMQ(b *testing.B) { brokertest.Bench(b, env) }
