package rabbitmq_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"turno/internal/broker"
	"turno/internal/broker/rabbitmq"
	"turno/internal/testenv"
)

// foreign is an AMQP client that is not turno's, beside a Broker.
type foreign struct {
	*testing.T
	b      *rabbitmq.Broker
	conn   *amqp.Connection
	ch     *amqp.Channel
	prefix string
	url    string
}

func newForeign(t *testing.T) *foreign {
	url, prefix := testenv.SharedRabbitMQ(t)
	f := &foreign{T: t, prefix: prefix, url: url}
	var err error
	f.b, err = rabbitmq.Open(t.Context(), rabbitmq.Options{URL: url, Prefix: prefix})
	f.ok(err)
	t.Cleanup(func() { f.ok(f.b.Close()) })
	f.conn, err = amqp.Dial(url)
	f.ok(err)
	t.Cleanup(func() { _ = f.conn.Close() })
	f.ch, err = f.conn.Channel()
	f.ok(err)
	return f
}

func (f *foreign) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *foreign) ctx() context.Context {
	ctx, cancel := context.WithTimeout(f.Context(), 10*time.Second)
	f.Cleanup(cancel)
	return ctx
}

func (f *foreign) next(ds <-chan amqp.Delivery) amqp.Delivery {
	f.Helper()
	select {
	case d := <-ds:
		return d
	case <-f.ctx().Done():
		f.Fatal("nothing came")
		panic("unreachable")
	}
}

// ask submits as any AMQP client may, and returns what turno received.
func (f *foreign) ask(c broker.Consumer, replyTo string) broker.Delivery {
	f.Helper()
	f.ok(f.ch.PublishWithContext(f.ctx(), "", f.prefix+broker.JobsQueue, false, false, amqp.Publishing{
		ReplyTo: replyTo, CorrelationId: "c1", MessageId: "m1", Body: []byte("{}"),
	}))
	ds, err := c.Receive(f.ctx())
	f.ok(err)
	f.ok(c.Ack(f.ctx(), ds...))
	return ds[0]
}

// B13 for clients that are not turno's: an answer reaches them, and one to
// a client that is gone, or to an address that never was, closes no channel.
func TestReply_ForeignClients(t *testing.T) {
	t.Parallel()
	f := newForeign(t)
	c, err := f.b.Consume(f.ctx(), broker.JobsQueue, broker.ConsumeOptions{})
	f.ok(err)

	direct, err := f.ch.Consume("amq.rabbitmq.reply-to", "", true, false, false, false, nil)
	f.ok(err)
	asked := f.ask(c, "amq.rabbitmq.reply-to")
	f.ok(f.b.Reply(f.ctx(), asked.Message, []byte("direct")))
	if d := f.next(direct); string(d.Body) != "direct" || d.CorrelationId != "c1" {
		t.Errorf("direct answer %q, correlation id %q", d.Body, d.CorrelationId)
	}

	own, err := f.ch.QueueDeclare("", false, true, true, false, nil)
	f.ok(err)
	answers, err := f.ch.Consume(own.Name, "", true, false, false, false, nil)
	f.ok(err)
	f.ok(f.b.Reply(f.ctx(), f.ask(c, own.Name).Message, []byte("own")))
	if d := f.next(answers); string(d.Body) != "own" {
		t.Errorf("answer to an own queue: %q", d.Body)
	}

	live, err := f.b.Inbox(f.ctx())
	f.ok(err)
	f.ok(f.conn.Close())
	for _, address := range []string{
		asked.ReplyTo, // of a client that is gone
		own.Name,
		"amq.rabbitmq.reply-to",
		"amq.rabbitmq.reply-to.nonsense",
		"amq.rabbitmq.reply-to.g1h2AA==.AA==",
		"no such queue",
	} {
		if err := f.b.Reply(f.ctx(), broker.Message{ReplyTo: address}, []byte("lost")); err != nil {
			t.Logf("reply to %s: %v", address, err) // after one that ended the connection for such
		}
		// The others' channel still works.
		f.ok(f.b.Reply(f.ctx(), broker.Message{ReplyTo: live.Address(), CorrelationID: address}, nil))
		got, err := live.Receive(f.ctx())
		if err != nil {
			t.Fatalf("after a reply to %s: %v", address, err)
		}
		if got[0].CorrelationID != address {
			t.Errorf("after %s: answer to %q", address, got[0].CorrelationID)
		}
	}
	for _, address := range []string{"", f.prefix + broker.JobsQueue, f.prefix + broker.DeadQueue} {
		if err := f.b.Reply(f.ctx(), broker.Message{ReplyTo: address}, nil); err == nil {
			t.Errorf("replied to %q", address)
		}
	}
}

// A queue deleted under a publisher is an error, not a loss in silence; the
// next publish makes it again.
func TestPublish_QueueDeleted(t *testing.T) {
	t.Parallel()
	f := newForeign(t)
	f.ok(f.b.Publish(f.ctx(), "q", broker.Message{ID: "1"}))
	_, err := f.ch.QueueDelete(f.prefix+"q", false, false, false)
	f.ok(err)
	if err := f.b.Publish(f.ctx(), "q", broker.Message{ID: "2"}); err == nil {
		t.Fatal("published to a queue that is gone")
	}
	f.ok(f.b.Publish(f.ctx(), "q", broker.Message{ID: "3"}))
}

// A queue that somebody declared otherwise is used as it is.
func TestConsume_QueueOfOtherArguments(t *testing.T) {
	t.Parallel()
	f := newForeign(t)
	_, err := f.ch.QueueDeclare(f.prefix+"q", true, false, false, false, nil)
	f.ok(err)
	f.ok(f.b.Publish(f.ctx(), "q", broker.Message{ID: "1"}))
	c, err := f.b.Consume(f.ctx(), "q", broker.ConsumeOptions{})
	f.ok(err)
	ds, err := c.Receive(f.ctx())
	f.ok(err)
	f.ok(c.Ack(f.ctx(), ds...))
}

// What comes back too often ends in the dead queue.
func TestDeadQueue_TakesWhatComesBackTooOften(t *testing.T) {
	t.Parallel()
	f := newForeign(t)
	f.ok(f.b.Publish(f.ctx(), "q", broker.Message{ID: "poison"}))
	f.ok(f.ch.Qos(1, 0, false))
	poisoned, err := f.ch.Consume(f.prefix+"q", "", false, false, false, false, nil)
	f.ok(err)
	dead, err := f.b.Consume(f.ctx(), broker.DeadQueue, broker.ConsumeOptions{})
	f.ok(err)
	go func() { // ends with the connection
		for d := range poisoned {
			_ = d.Reject(true)
		}
	}()
	ds, err := dead.Receive(f.ctx())
	f.ok(err)
	if ds[0].ID != "poison" || ds[0].Origin != "q" {
		t.Errorf("received %q from %q", ds[0].ID, ds[0].Origin)
	}
	f.ok(dead.Ack(f.ctx(), ds...))
}

// TestForeign_QueueThatDeliversNothing: somebody else is the only one whom a
// queue delivers to, and takes no more. Whatever the reason, a consumer to which
// nothing comes although there is something begins anew, until something comes.
func TestForeign_QueueThatDeliversNothing(t *testing.T) {
	t.Parallel()
	f := newForeign(t)
	watch := 50 * time.Millisecond
	var log syncedLog
	b, err := rabbitmq.Open(t.Context(), rabbitmq.Options{
		URL: f.url, Prefix: f.prefix, WatchEvery: watch, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	f.ok(err)
	t.Cleanup(func() { f.ok(b.Close()) })
	_, err = f.ch.QueueDeclare(f.prefix+"q", true, false, false, false, amqp.Table{
		amqp.QueueTypeArg: amqp.QueueTypeQuorum, "x-single-active-consumer": true,
	})
	f.ok(err)
	f.ok(f.ch.Qos(1, 0, false))
	theirs, err := f.ch.Consume(f.prefix+"q", "", false, false, false, false, nil)
	f.ok(err)
	c, err := b.Consume(f.ctx(), "q", broker.ConsumeOptions{})
	f.ok(err)
	defer func() { f.ok(c.Close()) }()
	f.ok(f.b.Publish(f.ctx(), "q", broker.Message{ID: "1"}, broker.Message{ID: "2"}))
	f.next(theirs) // and it does not acknowledge it
	f.ok(log.await(f.ctx(), "consumes anew"))
	f.ok(f.ch.Close())
	for got := 0; got < 2; {
		ds, err := c.Receive(f.ctx())
		f.ok(err)
		f.ok(c.Ack(f.ctx(), ds...))
		got += len(ds)
	}
}

// syncedLog is what a logger writes, for who waits for it.
type syncedLog struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func (l *syncedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	return l.text.Write(p)
}

func (l *syncedLog) await(ctx context.Context, text string) error {
	for {
		l.mu.Lock()
		found := strings.Contains(l.text.String(), text)
		if l.more == nil {
			l.more = make(chan struct{})
		}
		more := l.more
		l.mu.Unlock()
		if found {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
