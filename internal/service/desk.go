package service

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"turno/internal/broker"
)

// patience bounds how often AskTimeout is granted again to one call while the
// scheduler answers others: it works through a backlog, in order.
const patience = 15

// doubted is how many times AskTimeout a submission waits where no answer means
// that nobody knows what became of it: there is nothing better to say sooner.
const doubted = 5

// desk matches answers with those who wait for them.
type desk struct {
	last atomic.Int64 // when an answer last came, in Unix nanoseconds

	mu     sync.Mutex // guards all below
	open   map[string]ticket
	serial uint64
}

// ticket is the place in a call that one answer belongs to.
type ticket struct {
	call  *call
	index int
}

// call is a number of messages sent together.
type call struct {
	ids     []string    // correlation ids, by index
	answers chan answer // has room for all: the inbox's reader never waits
}

type answer struct {
	index int
	body  []byte
}

// begin makes room for n answers.
func (d *desk) begin(n int) *call {
	c := &call{ids: make([]string, n), answers: make(chan answer, n)}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range c.ids {
		d.serial++
		c.ids[i] = strconv.FormatUint(d.serial, 10)
		d.open[c.ids[i]] = ticket{c, i}
	}
	return c
}

// end forgets a call; later answers to it are dropped.
func (d *desk) end(c *call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range c.ids {
		delete(d.open, id)
	}
}

func (d *desk) deliver(answers []broker.Message) {
	d.last.Store(time.Now().UnixNano())
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range answers {
		t, ok := d.open[a.CorrelationID]
		if !ok {
			continue // too late, or a repetition
		}
		delete(d.open, a.CorrelationID)
		t.call.answers <- answer{t.index, a.Body}
	}
}

// exchange publishes bodies and hands each answer to take, by the body's
// index. It returns nil also when answers are missing: the scheduler was
// silent for too long.
func (s *Service) exchange(ctx context.Context, queue string, bodies [][]byte, take func(int, []byte)) error {
	inbox, err := s.wait(ctx)
	if err != nil {
		return err
	}
	c := s.desk.begin(len(bodies))
	defer s.desk.end(c)
	msgs := make([]broker.Message, len(bodies))
	for i, body := range bodies {
		msgs[i] = broker.Message{
			ReplyTo: inbox, CorrelationID: c.ids[i], ContentType: "application/json", Sender: "turno", Body: body,
		}
	}
	if err := s.o.Broker.Publish(ctx, queue, msgs...); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	timeout := s.o.AskTimeout
	if queue == broker.JobsQueue && !s.o.Durable {
		timeout *= doubted
	}
	return s.collect(ctx, c, timeout, take)
}

// collect waits for all answers of a call, as long as the scheduler is heard.
func (s *Service) collect(ctx context.Context, c *call, timeout time.Duration, take func(int, []byte)) error {
	began := time.Now()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for missing := len(c.ids); missing > 0; {
		select {
		case a := <-c.answers:
			take(a.index, a.body)
			missing--
		case <-timer.C:
			silent := time.Since(time.Unix(0, s.desk.last.Load()))
			if silent >= timeout || time.Since(began) >= patience*s.o.AskTimeout {
				return nil
			}
			timer.Reset(timeout - silent)
		case <-s.ended:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("wait for the scheduler: %w", context.Cause(ctx))
		}
	}
	return nil
}
