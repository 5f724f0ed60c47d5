package brokertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"turno/internal/broker"
)

// ErrInjected is in every error that FaultyBroker made up.
var ErrInjected = errors.New("injected fault")

// Plan is what goes wrong, as probabilities from 0 to 1 for each call or value.
type Plan struct {
	Seed uint64
	// Lose drops a Put, Send or Reply, without an error.
	Lose float64
	// Repeat publishes twice, and shows a value or an answer twice.
	Repeat float64
	// Cut fails a call. A publish fails before, in the midst or after it was
	// done; an Ack too, and then or at a Receive the consumer is lost and begins
	// anew, so that what it held comes again.
	Cut float64
	// Reorder mixes the values that one Receive of a watcher returns. That is
	// more than the contract allows (B10): for receivers that must bear it.
	Reorder float64
	// Delay is the most that a call waits before it begins; each draws its own.
	Delay time.Duration
}

// Storm is a plan with all that the contract allows, often.
func Storm(seed uint64) Plan {
	return Plan{Seed: seed, Lose: 0.1, Repeat: 0.1, Cut: 0.1, Delay: time.Millisecond}
}

// FaultyBroker breaks another Broker by a plan. One goroutine that uses it
// meets the same faults for the same seed; several share one sequence of them.
type FaultyBroker struct {
	inner broker.Broker
	plan  Plan
	calm  atomic.Bool

	mu     sync.Mutex
	random *rand.Rand
	counts map[string]int
}

var _ Client = (*FaultyBroker)(nil)

// Faulty wraps b.
func Faulty(b broker.Broker, plan Plan) *FaultyBroker {
	return &FaultyBroker{
		inner:  b,
		plan:   plan,
		random: rand.New(rand.NewPCG(plan.Seed, 0x7475726e6f)),
		counts: map[string]int{},
	}
}

// Calm ends all faults: from now on what is tried succeeds.
func (f *FaultyBroker) Calm() { f.calm.Store(true) }

// Counts says how often each kind of fault happened, so that a test can tell
// whether it met any.
func (f *FaultyBroker) Counts() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.counts)
}

// Close closes the inner Broker if it can be closed.
func (f *FaultyBroker) Close() error {
	if c, ok := f.inner.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (f *FaultyBroker) happens(kind string, p float64) bool {
	if f.calm.Load() {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if p <= 0 || f.random.Float64() >= p {
		return false
	}
	f.counts[kind]++
	return true
}

// upTo draws from 0..n.
func (f *FaultyBroker) upTo(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.random.IntN(n + 1)
}

func (f *FaultyBroker) delay(ctx context.Context) error {
	if f.plan.Delay <= 0 || f.calm.Load() {
		return nil
	}
	timer := time.NewTimer(time.Duration(f.upTo(int(f.plan.Delay))))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func injected(what string) error { return fmt.Errorf("%s: %w", what, ErrInjected) }

// publish is Publish and PublishTopic: first takes the first so many messages.
func (f *FaultyBroker) publish(ctx context.Context, n int, first func(int) error) error {
	if err := f.delay(ctx); err != nil {
		return err
	}
	if f.happens("cut", f.plan.Cut) {
		if err := first(f.upTo(n)); err != nil {
			return err
		}
		return injected("publish, the outcome is unknown")
	}
	if f.happens("repeat", f.plan.Repeat) {
		if err := first(n); err != nil {
			return err
		}
	}
	return first(n)
}

// Publish is broker.Broker's.
func (f *FaultyBroker) Publish(ctx context.Context, queue string, msgs ...broker.Message) error {
	return f.publish(ctx, len(msgs), func(n int) error { return f.inner.Publish(ctx, queue, msgs[:n]...) })
}

// PublishTopic is broker.Broker's.
func (f *FaultyBroker) PublishTopic(ctx context.Context, msgs ...broker.TopicMessage) error {
	return f.publish(ctx, len(msgs), func(n int) error { return f.inner.PublishTopic(ctx, msgs[:n]...) })
}

// tell is what Put, Send and Reply have in common.
func (f *FaultyBroker) tell(ctx context.Context, do func() error) error {
	if err := f.delay(ctx); err != nil {
		return err
	}
	switch {
	case f.happens("lose", f.plan.Lose):
		return nil
	case f.happens("cut", f.plan.Cut):
		return injected("send")
	}
	return do()
}

// Put is broker.Broker's.
func (f *FaultyBroker) Put(ctx context.Context, mailbox string, value []byte) error {
	return f.tell(ctx, func() error { return f.inner.Put(ctx, mailbox, value) })
}

// Send is broker.Broker's.
func (f *FaultyBroker) Send(ctx context.Context, stream string, body []byte) error {
	return f.tell(ctx, func() error { return f.inner.Send(ctx, stream, body) })
}

// Reply is broker.Replier's.
func (f *FaultyBroker) Reply(ctx context.Context, to broker.Message, body []byte) error {
	return f.tell(ctx, func() error { return f.inner.(broker.Replier).Reply(ctx, to, body) })
}

// Watch is broker.Broker's.
func (f *FaultyBroker) Watch(ctx context.Context, pattern string) (broker.Watcher, error) {
	return f.watch(ctx, pattern, f.inner.Watch)
}

// Subscribe is broker.Broker's.
func (f *FaultyBroker) Subscribe(ctx context.Context, pattern string) (broker.Watcher, error) {
	return f.watch(ctx, pattern, f.inner.Subscribe)
}

func (f *FaultyBroker) watch(ctx context.Context, pattern string,
	open func(context.Context, string) (broker.Watcher, error)) (broker.Watcher, error) {
	if f.happens("cut", f.plan.Cut) {
		return nil, injected("watch")
	}
	w, err := open(ctx, pattern)
	if err != nil {
		return nil, err
	}
	return &faultyWatcher{Watcher: w, f: f}, nil
}

type faultyWatcher struct {
	broker.Watcher
	f *FaultyBroker
}

func (w *faultyWatcher) Receive(ctx context.Context) ([]broker.Value, error) {
	if err := w.f.delay(ctx); err != nil {
		return nil, err
	}
	values, err := w.Watcher.Receive(ctx)
	if err != nil {
		return nil, err
	}
	values = repeated(w.f, values)
	if w.f.happens("reorder", w.f.plan.Reorder) {
		for i := range values {
			j := i + w.f.upTo(len(values)-1-i)
			values[i], values[j] = values[j], values[i]
		}
	}
	return values, nil
}

// repeated shows some items twice, one after the other.
func repeated[T any](f *FaultyBroker, items []T) []T {
	var twice []T
	for _, item := range items {
		twice = append(twice, item)
		if f.happens("repeat", f.plan.Repeat) {
			twice = append(twice, item)
		}
	}
	return twice
}

// Inbox is broker.Broker's.
func (f *FaultyBroker) Inbox(ctx context.Context) (broker.Inbox, error) {
	if f.happens("cut", f.plan.Cut) {
		return nil, injected("make inbox")
	}
	in, err := f.inner.Inbox(ctx)
	if err != nil {
		return nil, err
	}
	return &faultyInbox{Inbox: in, f: f}, nil
}

type faultyInbox struct {
	broker.Inbox
	f *FaultyBroker
}

func (in *faultyInbox) Receive(ctx context.Context) ([]broker.Message, error) {
	answers, err := in.Inbox.Receive(ctx)
	if err != nil {
		return nil, err
	}
	return repeated(in.f, answers), nil
}
