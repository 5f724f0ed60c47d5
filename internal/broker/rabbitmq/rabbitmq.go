// Package rabbitmq carries turno's messages over RabbitMQ, 3.10 and newer.
//
//	publish connection ──confirms──▶ quorum queues, exchange turno.results
//	fast connection    ──────────▶ exchanges turno.mail, turno.stream; replies
//	receive connection ◀── one channel for each consumer, watcher and inbox
//	direct connection  ──────────▶ amq.rabbitmq.reply-to of foreign clients
//
// Several connections, because RabbitMQ slows a whole connection down when it
// publishes faster than a queue can take, and ends one that names a direct
// reply address which somebody made up; the last is opened on first use. Every name has Options.Prefix before
// it. Each goroutine here belongs to a Broker, whose Close waits for it.
package rabbitmq

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"turno/internal/broker"
)

// Names of what all of turno shares; documented for other AMQP clients.
const (
	ResultsExchange = "turno.results" // topic, durable: bind a queue of your own
	MailExchange    = "turno.mail"    // topic, durable; its messages are not
	StreamExchange  = "turno.stream"  // topic, durable; its messages are not
	inboxNames      = "turno.inbox."
)

// callTimeout bounds a publisher whose caller gave no earlier deadline: a
// quorum queue without its majority never confirms.
const callTimeout = 30 * time.Second

var (
	errDown    = errors.New("no connection to the broker")
	errBlocked = errors.New("the broker takes no messages now: it is short of memory or disk")
	errUnknown = errors.New("connection was lost before the confirm: the outcome is unknown")
	errSilent  = fmt.Errorf("no confirm within %s: the outcome is unknown", callTimeout)
	errRefused = errors.New("refused by the broker: the queue is full or has lost its majority")
	errMissing = errors.New("the queue had been deleted")
)

// Options say how to reach the broker.
type Options struct {
	URL    string      // amqp:// or amqps://user:password@host:5672/vhost
	TLS    *tls.Config // nil: the system's roots, for amqps
	Prefix string      // of every queue and exchange; "" in production
	Logger *slog.Logger
	// WatchEvery is how often a consumer to which nothing came looks whether
	// there is something; 0: 10 s. At the second time it consumes anew.
	WatchEvery time.Duration
	// OnLink is told when one of the connections stands, and when it was lost; nil:
	// nobody wants to know.
	OnLink func(up bool)
}

// Broker is a few connections to RabbitMQ.
type Broker struct {
	opts   Options
	send   *link // confirmed
	fast   *link // not confirmed
	recv   *link
	out    *publisher
	fastly *publisher
	direct *publisher // runs once wanted

	watchEvery time.Duration

	want   sync.Once
	wanted chan struct{} // closed by want

	stop    context.CancelFunc
	running sync.WaitGroup
	done    chan struct{} // closed when Close begins

	mu struct {
		sync.Mutex
		closed    bool
		receivers map[*receiver]struct{}
	}
}

var (
	_ broker.Broker  = (*Broker)(nil)
	_ broker.Replier = (*Broker)(nil)
)

// Open connects. Later the connections come back by themselves.
func Open(ctx context.Context, o Options) (*Broker, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	uri, err := amqp.ParseURI(o.URL)
	if err != nil {
		return nil, fmt.Errorf("read the broker's URL: %w", err)
	}
	where := fmt.Sprintf("%s:%d", uri.Host, uri.Port) // the URL holds a password
	b := &Broker{opts: o, done: make(chan struct{}), wanted: make(chan struct{})}
	b.mu.receivers = map[*receiver]struct{}{}
	b.watchEvery = cmp.Or(o.WatchEvery, 10*time.Second)
	b.send, b.fast, b.recv = newLink(b, "publish"), newLink(b, "fast"), newLink(b, "receive")
	b.out = newPublisher(b, b.send, true)
	b.fastly = newPublisher(b, b.fast, false)
	b.direct = newPublisher(b, newLink(b, "direct"), false)

	links := []*link{b.send, b.fast, b.recv}
	for _, l := range links {
		if err := l.first(ctx); err != nil {
			for _, l := range links {
				l.close()
			}
			return nil, fmt.Errorf("connect to %s: %w", where, err)
		}
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stop = stop
	for _, l := range links {
		b.running.Go(func() { l.run(running) })
	}
	b.running.Go(func() { b.out.run(running) })
	b.running.Go(func() { b.fastly.run(running) })
	b.running.Go(func() { b.runDirect(running) })
	return b, nil
}

// ready asks whether the exchanges are there, which needs no permission: who may
// make them may delete them too, and a worker's user should not.
func (b *Broker) ready(ch *amqp.Channel) error {
	for _, name := range []string{ResultsExchange, MailExchange, StreamExchange} {
		if err := ch.ExchangeDeclarePassive(b.opts.Prefix+name, amqp.ExchangeTopic, true, false, false, false, nil); err != nil {
			return err
		}
	}
	return nil
}

// topology is what every connection makes sure of before it is used.
func (b *Broker) topology(ch *amqp.Channel) error {
	for _, name := range []string{ResultsExchange, MailExchange, StreamExchange} {
		if err := ch.ExchangeDeclare(b.opts.Prefix+name, amqp.ExchangeTopic, true, false, false, false, nil); err != nil {
			return fmt.Errorf("declare exchange %s: %w", b.opts.Prefix+name, err)
		}
	}
	return nil
}

// runDirect opens the connection for direct replies when the first is wanted.
func (b *Broker) runDirect(ctx context.Context) {
	select {
	case <-b.wanted:
	case <-ctx.Done():
		return
	}
	var linked sync.WaitGroup
	linked.Go(func() { b.direct.link.run(ctx) })
	b.direct.run(ctx)
	linked.Wait()
}

// Close ends everything that was made with this Broker.
func (b *Broker) Close() error {
	b.mu.Lock()
	again := b.mu.closed
	b.mu.closed = true
	receivers := b.mu.receivers
	b.mu.receivers = nil
	b.mu.Unlock()
	if !again {
		close(b.done)
		for r := range receivers {
			r.close()
		}
		b.stop()
	}
	b.running.Wait()
	return nil
}

// usable says why no call may begin.
func (b *Broker) usable(ctx context.Context) error {
	b.mu.Lock()
	closed := b.mu.closed
	b.mu.Unlock()
	switch {
	case closed:
		return broker.ErrClosed
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return nil
}
