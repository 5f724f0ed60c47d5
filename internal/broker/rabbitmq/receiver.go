package rabbitmq

import (
	"context"
	"errors"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"turno/internal/broker"
)

// errLost ends a session whose channel or connection was closed.
var errLost = errors.New("channel was closed")

// receiver is a channel on the receive connection that comes back: what
// consumers, watchers and inboxes have in common. It has one goroutine.
type receiver struct {
	b       *Broker
	what    string // for the log
	autoAck bool
	batch   int // prefetch; 0: none
	// declare makes what the session needs and returns the queue to consume.
	declare func(*amqp.Connection, *amqp.Channel) (string, error)
	began   func(*amqp.Channel) // a session began; nil: does not matter
	ended   func()              // and ended
	hungry  func() bool         // it could take more; nil: nobody watches over the queue
	take    func(amqp.Delivery)
	closed  func() // told by close, before it waits

	stop    context.CancelFunc
	running sync.WaitGroup
	first   chan error // capacity 1: how the first session began
}

// open starts the goroutine and waits for its first session.
func (r *receiver) open(ctx context.Context) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = stop
	r.first = make(chan error, 1)
	r.b.mu.Lock()
	closed := r.b.mu.closed
	if !closed {
		r.b.mu.receivers[r] = struct{}{}
		r.running.Go(func() { r.run(running) })
	}
	r.b.mu.Unlock()
	if closed {
		stop()
		return broker.ErrClosed
	}
	var err error
	select {
	case err = <-r.first:
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-r.b.done:
		err = broker.ErrClosed
	}
	if err != nil {
		r.close()
	}
	return err
}

// close ends the sessions and waits for the goroutine. What was not
// acknowledged goes back with the channel.
func (r *receiver) close() {
	r.b.mu.Lock()
	delete(r.b.mu.receivers, r)
	r.b.mu.Unlock()
	r.closed()
	r.stop()
	r.running.Wait()
}

func (r *receiver) run(ctx context.Context) {
	for failures := 0; ; failures++ {
		conn, err := r.b.recv.wait(ctx)
		if err != nil {
			return
		}
		began, err := r.session(ctx, conn)
		if ctx.Err() != nil {
			return
		}
		if began {
			failures = 0
		}
		var refused *amqp.Error
		if !began && errors.As(err, &refused) && !conn.IsClosed() {
			select {
			case r.first <- err: // to whom opens it; later nobody asks
			default:
			}
		}
		r.b.opts.Logger.Debug("receiving channel was closed", "what", r.what, "err", err)
		if !sleep(ctx, retryDelay(failures)) {
			return
		}
	}
}

// stuckAfter is how long a call may be without an answer when nobody wants it
// any more. RabbitMQ answers a consumer of a queue that has no leader after 60 s,
// with the end of the connection.
const stuckAfter = 2 * time.Second

// abandon ends the connection if the session that waits for it does not end.
func (r *receiver) abandon(conn *amqp.Connection, ended <-chan struct{}) {
	late := time.NewTimer(stuckAfter)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		r.b.recv.cut(conn)
	}
}

// unanswered bounds a call on the receive connection: RabbitMQ answers a
// consumer of a queue without a leader after 60 s, and was seen not to answer
// one at all after a node of its cluster had been killed.
const unanswered = 75 * time.Second

// bounded makes calls, and ends the connection under one that is not answered.
func (r *receiver) bounded(conn *amqp.Connection, calls func() error) error {
	late := time.AfterFunc(unanswered, func() {
		r.b.opts.Logger.Warn("RabbitMQ does not answer; connects anew", "what", r.what)
		r.b.recv.cut(conn)
	})
	defer late.Stop()
	return calls()
}

// session is one life of the channel; it returns when that or ctx ends.
func (r *receiver) session(ctx context.Context, conn *amqp.Connection) (began bool, err error) {
	ended := make(chan struct{})
	defer close(ended) // after the channel was closed, which may be stuck too
	defer context.AfterFunc(ctx, func() { r.abandon(conn, ended) })()
	var ch *amqp.Channel
	var queue string
	var deliveries <-chan amqp.Delivery
	err = r.bounded(conn, func() (err error) {
		if ch, err = conn.Channel(); err != nil {
			return err
		}
		if queue, err = r.declare(conn, ch); err != nil {
			return err
		}
		if r.batch > 0 {
			if err := ch.Qos(r.batch, 0, false); err != nil { // per consumer: 4.3 has no other
				return err
			}
		}
		if r.began != nil {
			r.began(ch)
		}
		deliveries, err = ch.Consume(queue, "", r.autoAck, false, false, false, nil)
		return err
	})
	if ch != nil {
		defer func() { _ = ch.Close() }()
	}
	if r.ended != nil {
		defer r.ended()
	}
	if err != nil {
		return false, err
	}
	select {
	case r.first <- nil:
	default:
	}
	return true, r.serve(ctx, conn, queue, deliveries)
}

// serve takes what comes until the channel or ctx ends, or nothing comes
// although there is something.
func (r *receiver) serve(ctx context.Context, conn *amqp.Connection, queue string, deliveries <-chan amqp.Delivery) error {
	look := time.NewTicker(r.b.watchEvery)
	defer look.Stop()
	if r.hungry == nil {
		look.Stop()
	}
	for dry := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case d, ok := <-deliveries:
			if !ok {
				return errLost
			}
			dry = -1 // something came since the last look
			r.take(d)
		case <-look.C:
			if dry < 0 || !r.hungry() {
				dry = 0
				continue
			}
			switch waits, err := r.waiting(conn, queue); {
			case err != nil:
				return err
			case waits == 0 || !r.hungry(): // it may have become full meanwhile
				dry = 0
			case dry > 0:
				r.b.opts.Logger.Warn("nothing comes from a queue that holds something; consumes anew", "queue", queue, "messages", waits)
				return errLost
			default:
				dry++
			}
		}
	}
}

// waiting asks how many messages a queue could deliver now.
func (r *receiver) waiting(conn *amqp.Connection, queue string) (n int, err error) {
	err = r.bounded(conn, func() error {
		return onChannel(conn, func(ch *amqp.Channel) error {
			q, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
			n = q.Messages
			return err
		})
	})
	return n, err
}
