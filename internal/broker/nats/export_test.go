package nats

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

// Die ends the connection without giving anything back, as a crash does.
func (b *Broker) Die() { b.nc.Close() }
