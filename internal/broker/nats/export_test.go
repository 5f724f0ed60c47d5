package nats

import (
	"context"

	"github.com/nats-io/nats.go"
)

// Cut breaks every in-process connection of the embedded server.
func (b *Broker) Cut() {
	b.embedded.mu.Lock()
	conns := b.embedded.conns
	b.embedded.conns = nil
	b.embedded.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
	}
}

// Back receives once the connection is lost and stands again.
func (b *Broker) Back() <-chan nats.Status { return b.nc.StatusChanged(nats.CONNECTED) }

// Die ends the connection without giving anything back, as a crash does.
func (b *Broker) Die() { b.nc.Close() }

// ResultsKept is how many messages the results stream holds.
func (b *Broker) ResultsKept(ctx context.Context) int {
	s, err := b.js.Stream(ctx, b.resultsStream())
	if err != nil {
		return -1
	}
	return int(s.CachedInfo().State.Msgs)
}
