package brokertest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"turno/internal/broker"
)

// RunFaulty runs what the contract promises under faults, through Faulty with
// a storm: at least once for queues and topics, the newest value in the end.
// Its subtests bear the numbers of the sentences that still hold.
func RunFaulty(t *testing.T, factory Factory, seeds ...uint64) {
	for _, seed := range seeds {
		for _, sentence := range []struct {
			name string
			test func(*suite, *FaultyBroker)
		}{
			{"B1_ConfirmedIsDelivered", testFaultyQueue},
			{"B7_TopicReachesEachBoundQueue", testFaultyTopics},
			{"B9_NewestValueArrivesInTheEnd", testFaultyValues},
			{"B13_AnswerArrivesInTheEnd", testFaultyAsk},
		} {
			t.Run(fmt.Sprintf("%s/seed_%d", sentence.name, seed), func(t *testing.T) {
				t.Parallel()
				env := factory(t)
				env.Repeats = true
				s := newSuite(t, env)
				sentence.test(s, Faulty(s.b, Storm(seed)))
			})
		}
	}
}

// persist repeats a call that fails by an injected fault, as a client must.
func (s *suite) persist(call func() error) {
	s.Helper()
	for {
		err := call()
		if err == nil {
			return
		}
		if !errors.Is(err, ErrInjected) {
			s.Fatal(err)
		}
	}
}

func (s *suite) met(f *FaultyBroker, kinds ...string) {
	s.Helper()
	counts := f.Counts()
	for _, kind := range kinds {
		if counts[kind] == 0 {
			s.Errorf("no fault of kind %s happened: %v", kind, counts)
		}
	}
}

// testFaultyQueue: four publishers that repeat what failed, two consumers that
// are lost again and again: every message is received, and none is left.
func testFaultyQueue(s *suite, f *FaultyBroker) {
	const publishers, each = 4, 50
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	var publishing, receiving sync.WaitGroup
	for p := range publishers {
		publishing.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d", p, i)
				for s.ctx.Err() == nil {
					if f.Publish(s.ctx, "q", broker.Message{ID: id, Body: []byte("body " + id)}) == nil {
						break
					}
				}
			}
		})
	}
	var mu sync.Mutex
	seen := map[string]int{}
	for range 2 {
		receiving.Go(func() { s.drainFaulty(ctx, f, &mu, seen, stop, publishers*each) })
	}
	publishing.Wait()
	receiving.Wait()
	if len(seen) != publishers*each {
		s.Errorf("received %d of %d messages", len(seen), publishers*each)
	}
	s.met(f, "cut", "repeat")
}

func (s *suite) drainFaulty(ctx context.Context, f *FaultyBroker, mu *sync.Mutex, seen map[string]int, stop func(), total int) {
	var c broker.Consumer
	s.persist(func() (err error) { c, err = f.Consume(s.ctx, "q", broker.ConsumeOptions{Batch: 16}); return err })
	defer func() { _ = c.Close() }()
	for {
		ds, err := c.Receive(ctx)
		if err != nil {
			if ctx.Err() == nil {
				s.Error(err)
				stop()
			}
			return
		}
		mu.Lock()
		for _, d := range ds {
			seen[d.ID]++
		}
		all := len(seen) == total
		mu.Unlock()
		if err := c.Ack(s.ctx, ds...); err != nil && !errors.Is(err, ErrInjected) {
			s.Error(err)
		}
		if all {
			stop()
		}
	}
}

func testFaultyTopics(s *suite, f *FaultyBroker) {
	var consumers []broker.Consumer
	for i := range 2 {
		var c broker.Consumer
		s.persist(func() (err error) {
			c, err = f.Consume(s.ctx, "q"+strconv.Itoa(i), broker.ConsumeOptions{Pattern: "job.#"})
			return err
		})
		consumers = append(consumers, c)
	}
	const n = 60
	for i := range n {
		s.persist(func() error { return f.PublishTopic(s.ctx, topic("job.done", strconv.Itoa(i))) })
	}
	for _, c := range consumers {
		s.collect(c, n)
	}
	s.met(f, "cut", "repeat")
}

// testFaultyValues: values go back never, and the last comes once the sender
// repeats it, which is how a level-triggered sender lives with losses.
func testFaultyValues(s *suite, f *FaultyBroker) {
	var w broker.Watcher
	s.persist(func() (err error) { w, err = f.Watch(s.ctx, "m.*"); return err })
	for i := 1; i <= 200; i++ {
		s.persist(func() error { return f.Put(s.ctx, "m.a", []byte(strconv.Itoa(i))) })
	}
	s.met(f, "lose", "cut")
	f.Calm()
	s.ok(f.Put(s.ctx, "m.a", []byte("201")))
	s.follow(w, 201, "m.a")
	s.ok(w.Close())
}

// testFaultyAsk: asks by the queue and answers by the inbox, both repeated
// until there is an answer.
func testFaultyAsk(s *suite, f *FaultyBroker) {
	var in broker.Inbox
	s.persist(func() (err error) { in, err = f.Inbox(s.ctx); return err })
	var c broker.Consumer
	s.persist(func() (err error) { c, err = f.Consume(s.ctx, "asks", broker.ConsumeOptions{}); return err })
	for i := range 20 {
		ask := broker.Message{ID: strconv.Itoa(i), ReplyTo: in.Address(), CorrelationID: strconv.Itoa(i)}
		for answered := false; !answered; {
			s.persist(func() error { return f.Publish(s.ctx, "asks", ask) })
			ds, err := c.Receive(s.ctx)
			s.ok(err)
			for _, d := range ds {
				s.persist(func() error { return f.Reply(s.ctx, d.Message, nil) })
			}
			if err := c.Ack(s.ctx, ds...); err != nil && !errors.Is(err, ErrInjected) {
				s.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(s.ctx, 20*time.Millisecond)
			answers, err := in.Receive(ctx)
			cancel()
			for _, a := range answers {
				answered = answered || a.CorrelationID == ask.CorrelationID
			}
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				s.Fatal(err)
			}
		}
	}
	s.ok(in.Close())
	s.ok(c.Close())
}
