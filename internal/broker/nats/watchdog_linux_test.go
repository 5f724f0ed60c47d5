package nats_test

import (
	"context"
	"testing"
	"time"

	"turno/internal/broker"
	"turno/internal/broker/nats"
	"turno/internal/testenv"
)

// TestEmbedded_HealsAfterAFullDisk fills the disk of an embedded server, makes
// room, and only publishes: nobody restarts it.
func TestEmbedded_HealsAfterAFullDisk(t *testing.T) {
	t.Parallel()
	dir, grow := testenv.Tmpfs(t, 24<<20)
	b, err := nats.Embedded(t.Context(), nats.EmbeddedOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	publish := func(size int) error {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		// What is small still finds room: another queue may go on all the while.
		if err := b.Publish(ctx, "other", broker.Message{Body: make([]byte, 10)}); err != nil {
			t.Logf("the other queue: %v", err)
		}
		return b.Publish(ctx, "q", broker.Message{Body: make([]byte, size)})
	}
	kept := 0
	failures := 0
	for failures < 3 {
		if err := publish(1 << 20); err != nil {
			failures++
			t.Logf("after %d messages: %v", kept, err)
			continue
		}
		if kept++; kept > 100 {
			t.Fatal("the disk does not become full")
		}
	}
	grow(256 << 20)
	for deadline := time.Now().Add(time.Minute); ; {
		err := publish(10)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not publish again: %v", err)
		}
	}
	c, err := b.Consume(t.Context(), "q", broker.ConsumeOptions{Batch: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for got := 0; got < kept+1; {
		ds, err := c.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got += len(ds)
		if err := c.Ack(t.Context(), ds...); err != nil {
			t.Fatal(err)
		}
	}
}
