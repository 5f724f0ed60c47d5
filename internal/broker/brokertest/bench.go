package brokertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"turno/internal/broker"
)

// benchBatch is how many messages a scheduler or a busy API hands over at once.
const benchBatch = 256

var benchSizes = []int{512, 4 << 10, 256 << 10}

// Bench measures an adapter: messages a second in batches, and the latencies
// of one message through a queue, of an answer, of a mailbox.
func Bench(b *testing.B, factory Factory) {
	for _, size := range benchSizes {
		name := fmt.Sprintf("%dKiB", size>>10)
		if size < 1<<10 {
			name = fmt.Sprintf("%dB", size)
		}
		b.Run("Publish/"+name, func(b *testing.B) { benchPublish(b, open(b, factory), size) })
		b.Run("Consume/"+name, func(b *testing.B) { benchConsume(b, open(b, factory), size) })
	}
	b.Run("Through/4KiB", func(b *testing.B) { benchThrough(b, open(b, factory)) })
	b.Run("RoundTrip", func(b *testing.B) { benchRoundTrip(b, open(b, factory)) })
	b.Run("Reply", func(b *testing.B) { benchReply(b, open(b, factory)) })
	b.Run("Mailbox", func(b *testing.B) { benchMailbox(b, open(b, factory)) })
}

func open(b *testing.B, factory Factory) Client {
	b.Helper()
	c, err := factory(b).Open(b.Context())
	must(b, err)
	b.Cleanup(func() { _ = c.Close() })
	return c
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func batchOf(n, size int) []broker.Message {
	ms := make([]broker.Message, n)
	for i := range ms {
		ms[i] = broker.Message{ID: "bench", Body: make([]byte, size)}
	}
	return ms
}

// perSecond reports messages a second; a benchmark's operation is a batch.
func perSecond(b *testing.B, messages int) {
	b.ReportMetric(float64(messages)/b.Elapsed().Seconds(), "msg/s")
}

// batchFor keeps a batch below 8 MiB.
func batchFor(size int) int { return max(1, min(benchBatch, 8<<20/size)) }

func benchPublish(b *testing.B, c Client, size int) {
	ms := batchOf(batchFor(size), size)
	// Somebody takes it away, or the disk would be measured full.
	consumer, err := c.Consume(b.Context(), "bench", broker.ConsumeOptions{Batch: 4 * len(ms)})
	must(b, err)
	stop := drainAll(b, consumer)
	defer stop()
	n := 0
	for b.Loop() {
		must(b, c.Publish(b.Context(), "bench", ms...))
		n += len(ms)
	}
	perSecond(b, n)
}

// drainAll receives and acknowledges until the returned function is called.
func drainAll(b *testing.B, c broker.Consumer) func() {
	ctx, cancel := context.WithCancel(b.Context())
	var draining sync.WaitGroup
	draining.Go(func() {
		for {
			ds, err := c.Receive(ctx)
			if err == nil {
				err = c.Ack(ctx, ds...)
			}
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					b.Error(err)
				}
				return
			}
		}
	})
	return func() {
		cancel()
		draining.Wait()
		_ = c.Close()
	}
}

func benchConsume(b *testing.B, c Client, size int) {
	ms := batchOf(batchFor(size), size)
	const ahead = 8
	// The batch is a part of what waits: little of it is here before the clock runs.
	consumer, err := c.Consume(b.Context(), "bench", broker.ConsumeOptions{Batch: len(ms)})
	must(b, err)
	n := 0
	for b.Loop() {
		b.StopTimer()
		for range ahead {
			must(b, c.Publish(b.Context(), "bench", ms...))
		}
		b.StartTimer()
		for left := ahead * len(ms); left > 0; {
			ds, err := consumer.Receive(b.Context())
			must(b, err)
			must(b, consumer.Ack(b.Context(), ds...))
			left -= len(ds)
			n += len(ds)
		}
	}
	perSecond(b, n)
}

func benchThrough(b *testing.B, c Client) {
	ms := batchOf(benchBatch, 4<<10)
	consumer, err := c.Consume(b.Context(), "bench", broker.ConsumeOptions{Batch: 4 * benchBatch})
	must(b, err)
	n := 0
	for b.Loop() {
		published := make(chan error, 1)
		go func() { published <- c.Publish(b.Context(), "bench", ms...) }()
		for left := len(ms); left > 0; {
			ds, err := consumer.Receive(b.Context())
			must(b, err)
			must(b, consumer.Ack(b.Context(), ds...))
			left -= len(ds)
		}
		must(b, <-published)
		n += len(ms)
	}
	perSecond(b, n)
}

// benchRoundTrip is one message at idle: published, received. Its
// acknowledgement is not counted.
func benchRoundTrip(b *testing.B, c Client) {
	consumer, err := c.Consume(b.Context(), "bench", broker.ConsumeOptions{})
	must(b, err)
	m := batchOf(1, 4<<10)[0]
	for b.Loop() {
		published := make(chan error, 1)
		go func() { published <- c.Publish(b.Context(), "bench", m) }()
		ds, err := consumer.Receive(b.Context())
		must(b, err)
		b.StopTimer()
		must(b, <-published)
		must(b, consumer.Ack(b.Context(), ds...))
		b.StartTimer()
	}
}

func benchReply(b *testing.B, c Client) {
	in, err := c.Inbox(b.Context())
	must(b, err)
	to := broker.Message{ReplyTo: in.Address(), CorrelationID: "c"}
	body := make([]byte, 512)
	for b.Loop() {
		must(b, c.Reply(b.Context(), to, body))
		_, err := in.Receive(b.Context())
		must(b, err)
	}
}

func benchMailbox(b *testing.B, c Client) {
	w, err := c.Watch(b.Context(), "report.*")
	must(b, err)
	body := make([]byte, 4<<10)
	for b.Loop() {
		must(b, c.Put(b.Context(), "report.a", body))
		_, err := w.Receive(b.Context())
		must(b, err)
	}
}
