package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"turno/internal/broker"
)

// publisher owns the one channel that publishes on a link. Its goroutine
// writes, because a write waits without a context when the broker slows us
// down; callers wait for the goroutine, with theirs.
type publisher struct {
	b        *Broker
	link     *link
	confirms bool
	requests chan *request
}

// request is one round: all of its messages are written before their confirms
// are awaited.
type request struct {
	messages []outgoing
	queue    string // declared first and required to exist; "" for none
	written  chan written
}

type outgoing struct {
	exchange, key string
	publishing    amqp.Publishing
}

// written is how far a request got.
type written struct {
	session  *publishing
	confirms []*amqp.DeferredConfirmation
	returned int // of the queue's messages, before this request
	err      error
}

// publishing is one life of the publisher's channel.
type publishing struct {
	ch    *amqp.Channel
	conn  *amqp.Connection
	known map[string]int // queues that exist, with their returned when they were declared; owned by session
	gone  chan struct{}  // closed when the channel is
	sync  chan struct{}  // see countReturns

	mu       sync.Mutex
	returned map[string]int // how many messages found no queue, by queue
}

func newPublisher(b *Broker, l *link, confirms bool) *publisher {
	return &publisher{b: b, link: l, confirms: confirms, requests: make(chan *request)}
}

// run opens a channel, serves requests with it until it closes, and begins anew.
func (p *publisher) run(ctx context.Context) {
	for failures := 0; ; failures++ {
		conn, err := p.link.wait(ctx)
		if err != nil {
			return
		}
		served, err := p.session(ctx, conn)
		if ctx.Err() != nil {
			return
		}
		p.b.opts.Logger.Debug("publishing channel was closed", "connection", p.link.name, "err", err)
		if served {
			failures = 0
		}
		if !sleep(ctx, retryDelay(failures)) {
			return
		}
	}
}

// session is one life of the channel; served says whether it was of use.
func (p *publisher) session(ctx context.Context, conn *amqp.Connection) (served bool, err error) {
	ch, err := conn.Channel()
	if err != nil {
		return false, err
	}
	defer func() { _ = ch.Close() }()
	if p.confirms {
		if err := ch.Confirm(false); err != nil {
			return false, err
		}
	}
	s := &publishing{
		ch: ch, conn: conn,
		known:    map[string]int{},
		gone:     make(chan struct{}),
		sync:     make(chan struct{}),
		returned: map[string]int{},
	}
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	returns := ch.NotifyReturn(make(chan amqp.Return))
	var counting sync.WaitGroup
	defer counting.Wait()
	counting.Go(func() { s.countReturns(returns) })
	defer func() { _ = ch.Close() }() // also ends returns
	defer close(s.gone)
	for {
		select {
		case <-ctx.Done():
			return served, nil
		case err := <-closed:
			return served, err
		case r := <-p.requests:
			served = true
			r.written <- p.write(s, r)
		}
	}
}

// countReturns ends when amqp closes returns. The broker returns a message
// before it confirms it, and amqp's reader hands both on in that order: who has
// seen the confirm and then speaks to sync finds the return counted.
func (s *publishing) countReturns(returns <-chan amqp.Return) {
	for {
		select {
		case r, ok := <-returns:
			if !ok {
				return
			}
			s.mu.Lock()
			s.returned[r.RoutingKey]++
			s.mu.Unlock()
		case <-s.sync:
		}
	}
}

func (s *publishing) returnsOf(queue string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.returned[queue]
}

func (p *publisher) write(s *publishing, r *request) written {
	w := written{session: s}
	if r.queue != "" {
		w.returned = s.returnsOf(r.queue)
		if at, known := s.known[r.queue]; !known || at != w.returned {
			// On a channel of its own: a refusal would close this one.
			if w.err = p.b.declareQueue(s.conn, r.queue); w.err != nil {
				return w
			}
			s.known[r.queue] = w.returned
		}
	}
	w.confirms = make([]*amqp.DeferredConfirmation, 0, len(r.messages))
	for _, m := range r.messages {
		c, err := s.ch.PublishWithDeferredConfirm(m.exchange, m.key, r.queue != "", false, m.publishing)
		if err != nil {
			w.err = err
			return w
		}
		if c != nil {
			w.confirms = append(w.confirms, c)
		}
	}
	return w
}

// do hands a request to run and waits for its confirms.
func (p *publisher) do(ctx context.Context, r *request) error {
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, errSilent)
	defer cancel()
	if err := p.b.usable(ctx); err != nil {
		return err
	}
	r.written = make(chan written, 1) // run never waits for a caller that left
	select {
	case p.requests <- r:
	case <-p.b.done:
		return broker.ErrClosed
	case <-ctx.Done():
		if !p.link.connected() {
			return fmt.Errorf("%w: %w", errDown, context.Cause(ctx))
		}
		return context.Cause(ctx)
	}
	select {
	case w := <-r.written:
		if w.err != nil {
			return p.explain(w)
		}
		return p.confirmed(ctx, r, w)
	case <-p.b.done:
		return broker.ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *publisher) explain(w written) error {
	switch {
	case p.b.usable(context.Background()) != nil:
		return broker.ErrClosed
	case errors.Is(w.err, amqp.ErrClosed):
		return errUnknown // some may have been written before
	}
	return w.err
}

func (p *publisher) confirmed(ctx context.Context, r *request, w written) error {
	for _, c := range w.confirms {
		select {
		case <-c.Done():
		case <-p.b.done:
			return broker.ErrClosed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if c.Acked() {
			continue
		}
		if w.session.ch.IsClosed() { // amqp ends what waits with a no
			return errUnknown
		}
		return errRefused
	}
	if r.queue == "" {
		return nil
	}
	select {
	case w.session.sync <- struct{}{}:
	case <-w.session.gone:
	}
	if w.session.returnsOf(r.queue) != w.returned {
		return errMissing
	}
	return nil
}
