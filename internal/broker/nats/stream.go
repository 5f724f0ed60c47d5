package nats

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// ensureQueue makes the queue's stream unless it is known to exist.
func (b *Broker) ensureQueue(ctx context.Context, queue string) error {
	return b.ensureStream(ctx, jetstream.StreamConfig{
		Name:        b.streamName("queue", queue),
		Description: queue,
		Subjects:    []string{b.queueSubject(queue)},
		Retention:   jetstream.WorkQueuePolicy,
	})
}

// ensureResults makes the stream of the results topics. Interest: what no
// queue is bound for is confirmed and not kept.
func (b *Broker) ensureResults(ctx context.Context) error {
	return b.ensureStream(ctx, jetstream.StreamConfig{
		Name:      b.resultsStream(),
		Subjects:  []string{b.opts.Prefix + "topic.>"},
		Retention: jetstream.InterestPolicy,
	})
}

func (b *Broker) resultsStream() string { return b.streamName("topic", "results") }

func (b *Broker) ensureStream(ctx context.Context, cfg jetstream.StreamConfig) error {
	b.mu.Lock()
	_, known := b.mu.known[cfg.Name]
	b.mu.Unlock()
	if known {
		return nil
	}
	cfg.Storage = jetstream.FileStorage
	cfg.Discard = jetstream.DiscardNew // full: an error for the publisher, never a loss
	cfg.Replicas = b.opts.Replicas
	ctx, cancel := b.request(ctx)
	defer cancel()
	if _, err := b.js.CreateStream(ctx, cfg); err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return fmt.Errorf("make stream %s: %w", cfg.Name, err)
	}
	b.mu.Lock()
	b.mu.known[cfg.Name] = struct{}{}
	b.mu.Unlock()
	return nil
}

// ensureConsumer makes or changes a durable consumer. MaxDeliver -1: a message
// that was tried too often would stay in the stream and never be seen again;
// what is poisoned is the receiver's to count.
func (b *Broker) ensureConsumer(ctx context.Context, l *leg) error {
	ctx, cancel := b.request(ctx)
	defer cancel()
	_, err := b.js.CreateOrUpdateConsumer(ctx, l.stream, jetstream.ConsumerConfig{
		Durable:       l.durable,
		Description:   l.pattern,
		FilterSubject: l.filter,
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       b.opts.AckWait,
		MaxDeliver:    -1,
		MaxAckPending: -1, // each client bounds its own by what it asks for
	})
	if err != nil {
		return fmt.Errorf("make consumer %s of %s: %w", l.durable, l.stream, err)
	}
	return nil
}

// boundPattern is the pattern a queue was bound with before, "" for none.
func (b *Broker) boundPattern(ctx context.Context, queue string) (string, error) {
	ctx, cancel := b.request(ctx)
	defer cancel()
	c, err := b.js.Consumer(ctx, b.resultsStream(), encodeWord(queue))
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the binding of %s: %w", queue, err)
	}
	return c.CachedInfo().Config.Description, nil
}
