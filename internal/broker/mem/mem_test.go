package mem_test

import (
	"context"
	"testing"

	"turno/internal/broker/brokertest"
	"turno/internal/broker/mem"
)

func factory(t testing.TB) brokertest.Env {
	root := mem.New()
	t.Cleanup(func() { _ = root.Close() })
	var conns []*mem.Broker
	return brokertest.Env{
		Open: func(context.Context) (brokertest.Client, error) {
			conns = append(conns, root.Connect())
			return conns[len(conns)-1], nil
		},
		Cut: func() {
			for _, conn := range conns {
				conn.Cut()
				conn.Heal()
			}
		},
		Restart: root.Restart,
		Kill:    func(c brokertest.Client) { c.(*mem.Broker).Cut() },
	}
}

func TestContract(t *testing.T) { brokertest.Run(t, factory) }

func TestContract_Faulty(t *testing.T) { brokertest.RunFaulty(t, factory, 1, 2, 3, 4, 5) }

func BenchmarkMem(b *testing.B) { brokertest.Bench(b, factory) }
