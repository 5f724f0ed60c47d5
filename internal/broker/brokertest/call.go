package brokertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"turno/internal/broker"
)

func (s *suite) inbox(b broker.Broker) broker.Inbox {
	s.Helper()
	in, err := b.Inbox(s.ctx)
	s.ok(err)
	s.Cleanup(func() { _ = in.Close() })
	return in
}

func testReply(s *suite) {
	asker := s.open()
	in, other := s.inbox(asker), s.inbox(asker)
	if in.Address() == "" || in.Address() == other.Address() {
		s.Fatalf("addresses %q and %q", in.Address(), other.Address())
	}
	c := s.consume(s.b, "asks", broker.ConsumeOptions{})
	for i := range 3 {
		id := strconv.Itoa(i)
		s.ok(asker.Publish(s.ctx, "asks", broker.Message{ID: id, ReplyTo: in.Address(), CorrelationID: "c" + id}))
	}
	for _, d := range s.receive(c, 3) {
		s.ok(s.b.Reply(s.ctx, d.Message, []byte("answer "+d.ID)))
	}
	for i := 0; i < 3; {
		answers, err := in.Receive(s.ctx)
		s.ok(err)
		for _, m := range answers {
			if m.CorrelationID != "c"+strconv.Itoa(i) || string(m.Body) != fmt.Sprintf("answer %d", i) {
				s.Fatalf("answer %d is %q with correlation id %q", i, m.Body, m.CorrelationID)
			}
			i++
		}
	}
}

func testReplyGone(s *suite) {
	asker := s.open()
	gone := s.inbox(asker)
	live := s.inbox(s.b)
	s.ok(gone.Close())
	s.ok(asker.Close())
	s.ok(s.b.Reply(s.ctx, broker.Message{ReplyTo: gone.Address()}, []byte("lost")))
	s.ok(s.b.Reply(s.ctx, broker.Message{ReplyTo: live.Address(), CorrelationID: "x"}, []byte("found")))
	answers, err := live.Receive(s.ctx)
	s.ok(err)
	if len(answers) != 1 || answers[0].CorrelationID != "x" {
		s.Fatalf("answers %+v", answers)
	}
}

// calls is every call there is, by name. Those that wait do so for something
// that never comes.
func (s *suite) calls() map[string]func(context.Context) error {
	c := s.consume(s.b, "empty", broker.ConsumeOptions{})
	w, sub, in := s.watch(s.b, "never"), s.subscribe(s.b, "never"), s.inbox(s.b)
	return map[string]func(context.Context) error{
		"Publish":      func(ctx context.Context) error { return s.b.Publish(ctx, "q", messages(0, 1)...) },
		"PublishTopic": func(ctx context.Context) error { return s.b.PublishTopic(ctx, topic("t", "0")) },
		"Consume":      func(ctx context.Context) error { _, err := s.b.Consume(ctx, "q", broker.ConsumeOptions{}); return err },
		"Put":          func(ctx context.Context) error { return s.b.Put(ctx, "m", nil) },
		"Watch":        func(ctx context.Context) error { _, err := s.b.Watch(ctx, "m"); return err },
		"Send":         func(ctx context.Context) error { return s.b.Send(ctx, "m", nil) },
		"Subscribe":    func(ctx context.Context) error { _, err := s.b.Subscribe(ctx, "m"); return err },
		"Inbox":        func(ctx context.Context) error { _, err := s.b.Inbox(ctx); return err },
		"Reply": func(ctx context.Context) error {
			return s.b.Reply(ctx, broker.Message{ReplyTo: in.Address()}, nil)
		},
		"Ack":                func(ctx context.Context) error { return c.Ack(ctx, broker.Delivery{}) },
		"Consumer.Receive":   func(ctx context.Context) error { _, err := c.Receive(ctx); return err },
		"Watcher.Receive":    func(ctx context.Context) error { _, err := w.Receive(ctx); return err },
		"Subscriber.Receive": func(ctx context.Context) error { _, err := sub.Receive(ctx); return err },
		"Inbox.Receive":      func(ctx context.Context) error { _, err := in.Receive(ctx); return err },
	}
}

func testContext(s *suite) {
	ended, cancel := context.WithCancel(s.ctx)
	cancel()
	calls := s.calls()
	for name, call := range calls {
		if err := call(ended); !errors.Is(err, context.Canceled) {
			s.Errorf("%s with an ended context: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(s.ctx)
	var waiting sync.WaitGroup
	for _, name := range []string{"Consumer.Receive", "Watcher.Receive", "Subscriber.Receive", "Inbox.Receive"} {
		waiting.Go(func() {
			if err := calls[name](ctx); !errors.Is(err, context.Canceled) {
				s.Errorf("%s whose context ended: %v", name, err)
			}
		})
	}
	cancel()
	waiting.Wait()
	// What a context ended goes on with another.
	c := s.consume(s.b, "other", broker.ConsumeOptions{})
	if _, err := c.Receive(ended); !errors.Is(err, context.Canceled) {
		s.Error(err)
	}
	s.ok(s.b.Publish(s.ctx, "other", messages(0, 1)...))
	s.wantIDs(s.receive(c, 1), "0")
}

func testClosed(s *suite) {
	calls := s.calls()
	var waiting sync.WaitGroup
	for _, name := range []string{"Consumer.Receive", "Watcher.Receive", "Subscriber.Receive", "Inbox.Receive"} {
		waiting.Go(func() {
			if err := calls[name](s.ctx); !errors.Is(err, broker.ErrClosed) {
				s.Errorf("%s while the broker was closed: %v", name, err)
			}
		})
	}
	s.ok(s.b.Close())
	waiting.Wait()
	for name, call := range calls {
		if err := call(s.ctx); !errors.Is(err, broker.ErrClosed) {
			s.Errorf("%s after Close: %v", name, err)
		}
	}
	s.ok(s.b.Close()) // closing again is nothing
}

// bodies that are easily spoiled, and sizes that are easily refused.
func bodies() map[string][]byte {
	every := make([]byte, 512)
	for i := range every {
		every[i] = byte(i)
	}
	return map[string][]byte{
		"empty":   {},
		"every":   every,
		"newline": []byte("\r\n\r\nMSG x 1 0\r\n"),
		"1 MiB":   bytes.Repeat([]byte{0, 255, 13, 10}, 1<<18),
		"largest": bytes.Repeat([]byte("turno!!\n"), broker.MaxBody/8),
	}
}

func testBody(s *suite) {
	c := s.consume(s.b, "q", broker.ConsumeOptions{Batch: 1})
	bound := s.consume(s.b, "bound", broker.ConsumeOptions{Pattern: "t"})
	w, sub, in := s.watch(s.b, "m"), s.subscribe(s.b, "m"), s.inbox(s.b)
	for name, body := range bodies() {
		same := func(way string, got []byte, err error) {
			s.Helper()
			if err != nil || !bytes.Equal(got, body) {
				s.Errorf("%s body by %s: %d bytes came as %d, %v", name, way, len(body), len(got), err)
			}
		}
		sent := broker.Message{
			ID: "id: " + name, ReplyTo: in.Address(), CorrelationID: "c/" + name,
			ContentType: "application/json; charset=utf-8", Sender: "test 1.0",
			Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Body: body,
		}
		s.ok(s.b.Publish(s.ctx, "q", sent))
		d := s.receive(c, 1)[0]
		same("queue", d.Body, nil)
		if d.ID != sent.ID || d.ReplyTo != sent.ReplyTo || d.CorrelationID != sent.CorrelationID ||
			d.ContentType != sent.ContentType || d.Sender != sent.Sender || d.Traceparent != sent.Traceparent {
			s.Errorf("sent %+v; received %+v", sent, d.Message)
		}
		s.ok(c.Ack(s.ctx, d))
		s.ok(s.b.PublishTopic(s.ctx, broker.TopicMessage{Topic: "t", Message: sent}))
		same("topic", s.receive(bound, 1)[0].Body, nil)
		s.ok(s.b.Put(s.ctx, "m", body))
		vs, err := w.Receive(s.ctx)
		same("mailbox", vs[0].Body, err)
		s.ok(s.b.Send(s.ctx, "m", body))
		vs, err = sub.Receive(s.ctx)
		same("stream", vs[0].Body, err)
		s.ok(s.b.Reply(s.ctx, d.Message, body))
		answers, err := in.Receive(s.ctx)
		same("inbox", answers[0].Body, err)
	}
}

func testTooLarge(s *suite) {
	body := make([]byte, broker.MaxBody+1)
	small := broker.Message{ID: "small", Body: []byte("x")}
	large := broker.Message{ID: "large", Body: body}
	in := s.inbox(s.b)
	for name, err := range map[string]error{
		"Publish":      s.b.Publish(s.ctx, "q", small, large),
		"ID":           s.b.Publish(s.ctx, "q", small, broker.Message{ID: strings.Repeat("x", broker.MaxName+1)}),
		"ReplyTo":      s.b.Publish(s.ctx, "q", broker.Message{ReplyTo: strings.Repeat("x", broker.MaxName+1)}),
		"PublishTopic": s.b.PublishTopic(s.ctx, broker.TopicMessage{Topic: "t", Message: large}),
		"Put":          s.b.Put(s.ctx, "m", body),
		"Send":         s.b.Send(s.ctx, "m", body),
		"Reply":        s.b.Reply(s.ctx, broker.Message{ReplyTo: in.Address()}, body),
	} {
		if !errors.Is(err, broker.ErrTooLarge) {
			s.Errorf("%s of a body that is too large: %v", name, err)
		}
	}
	// Refused before it was sent: not even the small one is in the queue.
	s.ok(s.b.Publish(s.ctx, "q", messages(0, 1)...))
	s.wantIDs(s.receive(s.consume(s.b, "q", broker.ConsumeOptions{}), 1), "0")
}

func testConcurrent(s *suite) {
	const publishers, each, consumers = 4, 100, 3
	w := s.watch(s.b, "m.*")
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	var mu sync.Mutex
	seen := map[string]int{}
	var receiving, publishing sync.WaitGroup
	for range consumers {
		c := s.consume(s.b, "q", broker.ConsumeOptions{Batch: 16})
		receiving.Go(func() { s.drain(ctx, c, &mu, seen, stop, publishers*each) })
	}
	receiving.Go(func() {
		for ctx.Err() == nil {
			_, _ = w.Receive(ctx)
		}
	})
	for p := range publishers {
		publishing.Go(func() {
			if err := publishOneByOne(s.ctx, s.b, "q", fmt.Sprintf("%d-", p), each); err != nil {
				s.Error(err)
			}
		})
		publishing.Go(func() {
			for i := range each {
				if err := s.b.Put(s.ctx, fmt.Sprintf("m.%d", p), fmt.Append(nil, i)); err != nil {
					s.Error(err)
				}
			}
		})
	}
	publishing.Wait()
	receiving.Wait()
	for id, n := range seen {
		if n != 1 && !s.env.Repeats {
			s.Errorf("%s was delivered %d times", id, n)
		}
	}
	if len(seen) != publishers*each {
		s.Errorf("received %d of %d", len(seen), publishers*each)
	}
}

func (s *suite) drain(ctx context.Context, c broker.Consumer, mu *sync.Mutex, seen map[string]int, stop func(), total int) {
	for {
		ds, err := c.Receive(ctx)
		if err != nil {
			if ctx.Err() == nil {
				s.Error(err)
				stop()
			}
			return
		}
		if err := c.Ack(s.ctx, ds...); err != nil {
			s.Error(err)
		}
		mu.Lock()
		for _, d := range ds {
			seen[d.ID]++
		}
		all := len(seen) == total
		mu.Unlock()
		if all {
			stop()
		}
	}
}
