package brokertest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"turno/internal/broker"
)

func testDelivered(s *suite) {
	s.ok(s.b.Publish(s.ctx, "before", messages(0, 2)...))
	c := s.consume(s.b, "before", broker.ConsumeOptions{})
	s.wantIDs(s.receive(c, 2), "0 1")
	s.ok(s.b.Publish(s.ctx, "before", messages(2, 1)...))
	ds := s.receive(c, 1)
	s.wantIDs(ds, "2")
	if ds[0].Redelivered || ds[0].Times != 1 {
		s.Errorf("a first delivery is marked Redelivered: %t, %d times", ds[0].Redelivered, ds[0].Times)
	}
	s.ok(s.b.Publish(s.ctx, "before")) // nothing is nothing
}

func testOrder(s *suite) {
	const total = 1000
	c := s.consume(s.b, "q", broker.ConsumeOptions{Batch: 64})
	var published sync.WaitGroup
	published.Go(func() {
		for from, n := 0, 1; from < total; from, n = from+n, n%90+7 {
			if err := s.b.Publish(s.ctx, "q", messages(from, min(n, total-from))...); err != nil {
				s.Error(err)
				return
			}
		}
	})
	defer published.Wait()
	for next := 0; next < total; {
		ds, err := c.Receive(s.ctx)
		s.ok(err)
		for _, d := range ds {
			if d.ID != strconv.Itoa(next) {
				s.Fatalf("received %s, want %d", d.ID, next)
			}
			next++
		}
		s.ok(c.Ack(s.ctx, ds...))
	}
}

func testRedelivered(s *suite) {
	s.ok(s.b.Publish(s.ctx, "q", messages(0, 6)...))
	first := s.consume(s.b, "q", broker.ConsumeOptions{})
	ds := s.receive(first, 6)
	s.ok(first.Ack(s.ctx, ds[1], ds[4]))
	s.ok(first.Close())
	s.wantRedelivered(s.b, "0 2 3 5")
}

// testTimes: a consumer that is closed gives back what it holds, and the
// broker counts it.
func testTimes(s *suite) {
	s.ok(s.b.Publish(s.ctx, "q", messages(0, 1)...))
	for times := 1; times <= 4; times++ {
		c := s.consume(s.b, "q", broker.ConsumeOptions{})
		d := s.receive(c, 1)[0]
		if d.Times != times {
			s.Errorf("delivery %d says that it is the %d.", times, d.Times)
		}
		s.ok(c.Close())
	}
}

// testGivenUp: the dead queue is one as any other, and keeps what is put in it.
func testGivenUp(s *suite) {
	s.ok(s.b.Publish(s.ctx, broker.DeadQueue, messages(0, 2)...))
	c := s.consume(s.b, broker.DeadQueue, broker.ConsumeOptions{Batch: 1})
	for _, id := range []string{"0", "1"} {
		ds := s.receive(c, 1)
		s.wantIDs(ds, id)
		s.ok(c.Ack(s.ctx, ds...))
	}
}

func testRedeliveredAfterClose(s *suite) {
	s.ok(s.b.Publish(s.ctx, "q", messages(0, 3)...))
	other := s.open()
	c := s.consume(other, "q", broker.ConsumeOptions{})
	s.ok(c.Ack(s.ctx, s.receive(c, 3)[0]))
	s.ok(other.Close())
	s.wantRedelivered(s.b, "1 2")
}

func testRedeliveredAfterKill(s *suite) {
	s.need(s.env.Kill != nil, "Kill")
	s.ok(s.b.Publish(s.ctx, "q", messages(0, 3)...))
	other := s.open()
	c := s.consume(other, "q", broker.ConsumeOptions{})
	s.receive(c, 3)
	s.env.Kill(other)
	s.wantRedelivered(s.b, "0 1 2")
}

func (s *suite) wantRedelivered(b broker.Broker, ids string) {
	s.Helper()
	c := s.consume(b, "q", broker.ConsumeOptions{})
	ds := s.receive(c, len(strings.Fields(ids)))
	s.wantSet(ds, ids)
	for _, d := range ds {
		if !d.Redelivered {
			s.Errorf("%s came again without the mark Redelivered", d.ID)
		}
	}
	s.ok(c.Ack(s.ctx, ds...))
	s.ok(c.Close())
}

func testAcknowledged(s *suite) {
	s.ok(s.b.Publish(s.ctx, "q", messages(0, 10)...))
	c := s.consume(s.b, "q", broker.ConsumeOptions{})
	ds := s.receive(c, 10)
	s.ok(c.Ack(s.ctx, ds[7]))
	s.ok(c.Ack(s.ctx, ds[0], ds[1], ds[2]))
	s.ok(c.Ack(s.ctx, ds[5], ds[9], ds[3]))
	s.ok(c.Ack(s.ctx))
	s.ok(c.Close())
	c = s.consume(s.b, "q", broker.ConsumeOptions{})
	ds = s.receive(c, 3)
	s.wantSet(ds, "4 6 8")
	s.ok(c.Ack(s.ctx, ds...))
	s.ok(c.Close())
	// Were anything left it would come before what is published now.
	s.ok(s.b.Publish(s.ctx, "q", messages(10, 1)...))
	c = s.consume(s.b, "q", broker.ConsumeOptions{})
	s.wantIDs(s.receive(c, 1), "10")
}

func testKept(s *suite) {
	writer := s.open()
	s.ok(writer.Publish(s.ctx, "q", messages(0, 50)...))
	s.ok(writer.Close())
	c := s.consume(s.b, "q", broker.ConsumeOptions{})
	s.ok(c.Ack(s.ctx, s.receive(c, 50)...))
	s.ok(c.Close())
	s.ok(s.b.Publish(s.ctx, "q", messages(50, 2)...))
	c = s.consume(s.b, "q", broker.ConsumeOptions{})
	s.wantIDs(s.receive(c, 2), "50 51")
}

func testKeptAcrossRestart(s *suite) {
	s.need(s.env.Restart != nil, "Restart")
	s.ok(s.b.Publish(s.ctx, "q", messages(0, 20)...))
	bound := s.consume(s.b, "bound", broker.ConsumeOptions{Pattern: "done.#"})
	s.ok(bound.Close())
	s.ok(s.b.PublishTopic(s.ctx, broker.TopicMessage{Topic: "done.a", Message: messages(0, 1)[0]}))
	s.env.Restart()
	again := s.open()
	c := s.consume(again, "q", broker.ConsumeOptions{})
	s.receive(c, 20)
	bound = s.consume(again, "bound", broker.ConsumeOptions{})
	s.wantIDs(s.receive(bound, 1), "0")
}

func testBatch(s *suite) {
	c := s.consume(s.b, "q", broker.ConsumeOptions{Batch: 4})
	first := make(chan error, 1)
	var ds []broker.Delivery
	go func() {
		var err error
		ds, err = c.Receive(s.ctx)
		first <- err
	}()
	s.ok(s.b.Publish(s.ctx, "q", messages(0, 10)...))
	s.ok(<-first)
	if len(ds) > 4 {
		s.Fatalf("received %d, the batch is 4", len(ds))
	}
	if rest := 4 - len(ds); rest > 0 {
		ds = append(ds, s.receive(c, rest)...)
	}
	s.wantIDs(ds, "0 1 2 3")
	s.nothing("receive over the batch", func(ctx context.Context) (int, error) {
		more, err := c.Receive(ctx)
		return len(more), err
	})
	s.ok(c.Ack(s.ctx, ds[:3]...))
	next := s.receive(c, 3)
	s.wantIDs(next, "4 5 6")
	s.ok(c.Ack(s.ctx, append(next, ds[3])...))
	last := s.receive(c, 3)
	s.wantIDs(last, "7 8 9")
	s.ok(c.Ack(s.ctx, last...))
	s.nothing("receive from an empty queue", func(ctx context.Context) (int, error) {
		more, err := c.Receive(ctx)
		return len(more), err
	})
}

// collect receives and acknowledges until every one of n ids has come, and
// returns how often each did.
func (s *suite) collect(c broker.Consumer, n int) map[string]int {
	s.Helper()
	seen := map[string]int{}
	for len(seen) < n {
		ds, err := c.Receive(s.ctx)
		if err != nil {
			s.Fatalf("receive with %d of %d: %v", len(seen), n, err)
		}
		for _, d := range ds {
			if want := "body " + d.ID; string(d.Body) != want {
				s.Fatalf("message %s has body %q", d.ID, d.Body)
			}
			seen[d.ID]++
		}
		if err := c.Ack(s.ctx, ds...); err != nil {
			s.Logf("acknowledge: %v", err)
		}
	}
	return seen
}

func publishOneByOne(ctx context.Context, b broker.Broker, queue, prefix string, n int) error {
	for i := range n {
		id := prefix + strconv.Itoa(i)
		if err := b.Publish(ctx, queue, broker.Message{ID: id, Body: []byte("body " + id)}); err != nil {
			return fmt.Errorf("message %s: %w", id, err)
		}
	}
	return nil
}
