// Package brokertest is the contract of package broker as a suite that every
// adapter runs, one subtest per numbered sentence, and Faulty, a wrapper that
// breaks all that the contract allows to break.
package brokertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"turno/internal/broker"
)

// Client is what an adapter's constructor returns.
type Client interface {
	broker.Broker
	broker.Replier
	Close() error
}

// Env is one backing, fresh for its test: nobody else's queues are in it.
// A hook may be nil where no sentence of the test's name needs it.
type Env struct {
	// Open connects. The suite closes the client.
	Open func(ctx context.Context) (Client, error)
	// Cut breaks every connection at once; they may come back immediately.
	Cut func()
	// Restart stops the broker and starts it again on what it has stored. Open
	// clients stay open.
	Restart func()
	// Kill breaks one client's connection for good, as if its process died.
	Kill func(Client)
	// Repeats: what is published once may be delivered more than once though
	// nothing fails. Only Faulty does.
	Repeats bool
}

// Factory makes a backing for one subtest.
type Factory func(t testing.TB) Env

// patience is how long anything may take before a test gives up: far above a
// broker's restart on a busy machine of two cores.
const patience = 90 * time.Second

// Run runs the suite.
func Run(t *testing.T, factory Factory) {
	for _, s := range sentences {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.test(newSuite(t, factory(t)))
		})
	}
}

var sentences = []struct {
	name string
	test func(*suite)
}{
	{"B1_ConfirmedIsDelivered", testDelivered},
	{"B2_OneConsumerInOrder", testOrder},
	{"B3_RedeliveredAfterConsumerGone", testRedelivered},
	{"B3_RedeliveredAfterClientClosed", testRedeliveredAfterClose},
	{"B3_RedeliveredAfterClientDied", testRedeliveredAfterKill},
	{"B3_DeliveriesAreCounted", testTimes},
	{"B4_AcknowledgedNeverAgain", testAcknowledged},
	{"B5_KeptWhileNobodyConsumes", testKept},
	{"B5_KeptAcrossRestart", testKeptAcrossRestart},
	{"B6_ReceiveWaitsAndTakesUpToBatch", testBatch},
	{"B7_TopicReachesEachBoundQueueOnce", testTopics},
	{"B7_NoneBoundIsDropped", testTopicsUnbound},
	{"B8_PatternsAreAMQP", testPatterns},
	{"B9_NewestValueArrives", testNewest},
	{"B10_ValuesInOrder", testValueOrder},
	{"B11_PatternReceivesEveryMailbox", testWatchPattern},
	{"B12_StreamReachesEverySubscriber", testStream},
	{"B13_ReplyReachesInbox", testReply},
	{"B13_InboxGoneIsNoError", testReplyGone},
	{"B14_CallsEndWithContext", testContext},
	{"B14_ClosedIsClosed", testClosed},
	{"B15_GoesOnAfterCut", testCut},
	{"B15_GoesOnAfterRestart", testRestart},
	{"B16_BodyAsItWent", testBody},
	{"B16_TooLargeIsRefused", testTooLarge},
	{"B17_ConcurrentUse", testConcurrent},
	{"B18_DeadQueueIsConsumed", testGivenUp},
}

// suite is one subtest: its backing, one client and a deadline.
type suite struct {
	*testing.T
	env Env
	ctx context.Context
	b   Client
}

func newSuite(t *testing.T, env Env) *suite {
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, errors.New("the suite's patience ended"))
	t.Cleanup(cancel)
	s := &suite{T: t, env: env, ctx: ctx}
	s.b = s.open()
	return s
}

func (s *suite) open() Client {
	s.Helper()
	b, err := s.env.Open(s.ctx)
	s.ok(err)
	s.Cleanup(func() {
		if err := b.Close(); err != nil {
			s.Errorf("close: %v", err)
		}
	})
	return b
}

// need fails a test whose hook is missing: no adapter is excused.
func (s *suite) need(has bool, hook string) {
	s.Helper()
	if !has {
		s.Fatalf("Env has no %s hook", hook)
	}
}

func (s *suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) consume(b broker.Broker, queue string, o broker.ConsumeOptions) broker.Consumer {
	s.Helper()
	c, err := b.Consume(s.ctx, queue, o)
	s.ok(err)
	return c
}

// messages makes n messages with the ids from..from+n-1.
func messages(from, n int) []broker.Message {
	ms := make([]broker.Message, n)
	for i := range ms {
		ms[i] = broker.Message{ID: strconv.Itoa(from + i), Body: fmt.Appendf(nil, "body %d", from+i)}
	}
	return ms
}

// receive takes exactly n deliveries, in as many calls as it needs.
func (s *suite) receive(c broker.Consumer, n int) []broker.Delivery {
	s.Helper()
	var all []broker.Delivery
	for len(all) < n {
		ds, err := c.Receive(s.ctx)
		if err != nil {
			s.Fatalf("receive after %d of %d (%s): %v", len(all), n, idsOf(all), err)
		}
		if len(ds) == 0 {
			s.Fatal("Receive returned nothing and no error")
		}
		all = append(all, ds...)
	}
	if len(all) > n {
		s.Fatalf("received %s, want %d", idsOf(all), n)
	}
	return all
}

// wantIDs compares deliveries' ids with want, as "3 4 5".
func (s *suite) wantIDs(ds []broker.Delivery, want string) {
	s.Helper()
	if got := idsOf(ds); got != want {
		s.Fatalf("received [%s], want [%s]", got, want)
	}
}

// wantSet is wantIDs in any order: want is sorted.
func (s *suite) wantSet(ds []broker.Delivery, want string) {
	s.Helper()
	if got := strings.Fields(idsOf(ds)); strings.Join(slices.Sorted(slices.Values(got)), " ") != want {
		s.Fatalf("received %s, want [%s] in any order", got, want)
	}
}

func idsOf(ds []broker.Delivery) string {
	ids := make([]string, len(ds))
	for i, d := range ds {
		ids[i] = d.ID
	}
	return strings.Join(ids, " ")
}

// nothing checks that a call which should wait still waits a while later. It
// can miss a fault, it cannot invent one.
func (s *suite) nothing(what string, receive func(context.Context) (int, error)) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 50*time.Millisecond)
	defer cancel()
	if n, err := receive(ctx); !errors.Is(err, context.DeadlineExceeded) {
		s.Fatalf("%s: got %d and %v, want to wait until the deadline", what, n, err)
	}
}
