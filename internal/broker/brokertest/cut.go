package brokertest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"turno/internal/broker"
)

// putAgain is how long untilSeen waits for a value before it puts the next.
const putAgain = 200 * time.Millisecond

func testCut(s *suite) {
	s.need(s.env.Cut != nil, "Cut")
	s.goesOn(s.env.Cut, 3)
}

func testRestart(s *suite) {
	s.need(s.env.Restart != nil, "Restart")
	s.goesOn(s.env.Restart, 1)
}

// goesOn breaks the connection several times under a publisher and a consumer
// of the same queue, a watcher, a subscriber and an inbox.
func (s *suite) goesOn(fail func(), times int) {
	c := s.consume(s.b, "q", broker.ConsumeOptions{Batch: 8})
	w, sub, in := s.watch(s.b, "m"), s.subscribe(s.b, "m"), s.inbox(s.b)
	for round := range times {
		p := s.publishUntil(fmt.Sprintf("%d-", round))
		p.confirmed(1)
		fail()
		p.confirmed(p.count() + 3) // some after it came back
		ids := p.stop()
		seen := map[string]int{}
		for missing := ids; len(missing) > 0; {
			ds, err := c.Receive(s.ctx)
			if err != nil {
				s.Fatalf("round %d: %d confirmed messages never came, first %s: %v", round, len(missing), missing[0], err)
			}
			for _, d := range ds {
				seen[d.ID]++
			}
			if err := c.Ack(s.ctx, ds...); err != nil {
				s.Logf("round %d: acknowledge: %v", round, err)
			}
			for len(missing) > 0 && seen[missing[0]] > 0 {
				missing = missing[1:]
			}
		}
		base := (round + 1) * 1000
		s.untilSeen(w, base, func(ctx context.Context, v []byte) error { return s.b.Put(ctx, "m", v) })
		s.untilSeen(sub, base, func(ctx context.Context, v []byte) error { return s.b.Send(ctx, "m", v) })
		s.untilAnswered(in)
	}
}

// publisher publishes one message after the other and keeps what was confirmed.
type publisher struct {
	s      *suite
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu   sync.Mutex
	more *sync.Cond
	ids  []string
}

func (s *suite) publishUntil(prefix string) *publisher {
	ctx, cancel := context.WithCancel(s.ctx)
	p := &publisher{s: s, cancel: cancel}
	p.more = sync.NewCond(&p.mu)
	p.done.Go(func() {
		defer p.more.Broadcast()
		for i := 0; ctx.Err() == nil; i++ {
			id := prefix + strconv.Itoa(i)
			err := s.b.Publish(ctx, "q", broker.Message{ID: id, Body: []byte("body " + id)})
			if err != nil {
				// Taken or not, nobody knows: the next try is another message.
				s.Logf("publish %s: %v", id, err)
				pause(ctx, 5*time.Millisecond)
				continue
			}
			p.mu.Lock()
			p.ids = append(p.ids, id)
			p.mu.Unlock()
			p.more.Broadcast()
		}
	})
	s.Cleanup(func() { p.stop() })
	return p
}

// pause is a publisher's backoff.
func pause(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}

func (p *publisher) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.ids)
}

// confirmed waits until n messages were confirmed.
func (p *publisher) confirmed(n int) {
	p.s.Helper()
	stop := context.AfterFunc(p.s.ctx, p.more.Broadcast)
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.ids) < n {
		if p.s.ctx.Err() != nil {
			p.s.Fatalf("%d of %d messages were confirmed: %v", len(p.ids), n, context.Cause(p.s.ctx))
		}
		p.more.Wait()
	}
}

func (p *publisher) stop() []string {
	p.cancel()
	p.done.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ids
}

// untilAnswered asks the inbox until an answer comes. Its address may be
// another after a cut.
func (s *suite) untilAnswered(in broker.Inbox) {
	s.Helper()
	for n := 0; ; n++ {
		if s.ctx.Err() != nil {
			s.Fatalf("the inbox never answered again: %v", context.Cause(s.ctx))
		}
		ctx, cancel := context.WithTimeout(s.ctx, putAgain)
		err := s.b.Reply(ctx, broker.Message{ReplyTo: in.Address(), CorrelationID: strconv.Itoa(n)}, nil)
		if err != nil {
			<-ctx.Done()
			cancel()
			continue
		}
		_, err = in.Receive(ctx)
		cancel()
		if err == nil {
			return
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			s.Fatal(err)
		}
	}
}
