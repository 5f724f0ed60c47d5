// Package broker is the port to whatever carries messages between clients,
// scheduler and workers. Adapters: mem (tests), nats (embedded by default) and
// rabbitmq. It is not a store: what turno promises rests on the store's
// commit, never on a broker's confirm.
//
//	Publish ──▶ durable queue ──▶ Consume, Ack          at least once
//	Publish ──▶ results topics ──▶ bound durable queues  at least once
//	Put     ──▶ mailbox ──▶ Watch                        newest value wins
//	Send    ──▶ stream  ──▶ Subscribe                    best effort
//
// The contract, each sentence a subtest of brokertest:
//
//	B1 A message published to a queue and confirmed is delivered to one of its consumers.
//	B2 One consumer alone receives a queue's messages in the order of publication.
//	B3 What was delivered and not acknowledged is delivered again after its consumer is gone, marked Redelivered, in any order;
//	   Times counts the deliveries, never too many, and too few only after a restart of the broker.
//	B4 What was acknowledged is never delivered again, unless the connection is lost within the round trip of the Ack.
//	B5 A queue keeps its messages while nobody consumes, and across a restart of the broker.
//	B6 Receive waits without polling, and returns all that has arrived up to the consumer's batch.
//	B7 A message to the results topics reaches each bound queue whose pattern matches, once; none bound: it is dropped, without error.
//	B8 Patterns are AMQP's: words between dots, * for one word, # for any number.
//	B9 A watcher receives the newest value that was put after it began; older unread values may be skipped, never the last,
//	   except what is put while its connection is cut.
//	B10 Values of one mailbox are received in the order they were put.
//	B11 A watcher of a pattern receives every mailbox that matches.
//	B12 A stream's message reaches every subscriber there is at that time, in order; with none it is dropped without error.
//	   Of a subscriber that is slow the oldest are dropped.
//	B13 Reply reaches the inbox whose address the message carried, with its correlation id; an inbox that is gone is no error.
//	B14 Every call ends when its context ends; after Close every call returns ErrClosed.
//	B15 After the connection was cut and came back, consumers, watchers and subscribers go on by themselves; a publisher gets an error or a confirm, never silence.
//	   An Ack of what was received before may fail: it comes again. Put, Send and Reply fail at once; Publish waits a while.
//	B16 A body comes out as it went in: any bytes, up to MaxBody; more is refused with an error before it is sent. So are
//	   the other fields, up to MaxName bytes.
//	B17 Everything is safe for concurrent use.
//	B18 An adapter may give up on a message only after GiveUp deliveries of it, and then moves it to DeadQueue, which can be
//	   consumed as any other; Origin then tells where it was.
package broker

import (
	"context"
	"errors"
)

// MaxBody bounds a message's body: below every adapter's own limit, and
// enough for a thousand jobs of usual size.
const MaxBody = 4 << 20

var (
	// ErrClosed is returned by every call after Close.
	ErrClosed = errors.New("broker is closed")
	// ErrTooLarge refuses a body over MaxBody.
	ErrTooLarge = errors.New("message body is over the broker's limit")
)

// Names of turno's own queues and addresses.
const (
	JobsQueue    = "turno.jobs"    // submissions: public
	DeadQueue    = "turno.dead"    // what an adapter gave up on: public
	ControlQueue = "turno.control" // asks of the API to the scheduler
	ReportBox    = "report."       // + worker: mailbox of its Reports
	DesiredBox   = "desired."      // + worker: mailbox of its Desireds
	LogStream    = "log."          // + worker: stream of its log chunks
	HelloStream  = "hello"         // a scheduler that begins asks all workers to report

	SessionStream = "session." // + worker: packets of clients' sessions with its jobs
	ClientStream  = "client."  // + id of a session: packets back to its client
)

// GiveUp is how many deliveries a message has at least before an adapter gives
// up on it. Each death of a consumer counts for all that it held, so this is far
// above what a scheduler that restarts in a circle does within minutes: what is
// poisoned is the scheduler's to say, long before.
const GiveUp = 100

// Message is what travels. Only Body is required.
type Message struct {
	ID            string // for the receiver to tell a repetition by; not interpreted here
	ReplyTo       string // address of an inbox, see Inbox
	CorrelationID string
	ContentType   string
	Sender        string // who sent it, in its own words
	Traceparent   string // its sender's trace, as the W3C writes it
	Body          []byte
}

// Delivery is a message that was received from a queue.
type Delivery struct {
	Message
	Redelivered bool
	Times       int    // it was delivered, with this one
	Origin      string // in DeadQueue: the queue that it was in before
	// Tag is the adapter's: Ack takes the Delivery back as it was given.
	Tag any
}

// Broker is safe for concurrent use. Who opened an adapter closes it.
type Broker interface {
	// Publish appends to a durable queue and returns once the broker holds all
	// of it. On an error any part may have been taken.
	Publish(ctx context.Context, queue string, msgs ...Message) error
	// PublishTopic hands to the results topics; topic is words between dots.
	PublishTopic(ctx context.Context, msgs ...TopicMessage) error
	// Consume begins to receive from a durable queue, which it makes if need be.
	// A pattern that is not empty binds the queue to the results topics.
	Consume(ctx context.Context, queue string, o ConsumeOptions) (Consumer, error)
	// Put replaces a mailbox's value. It may return before anyone has it.
	Put(ctx context.Context, mailbox string, value []byte) error
	// Watch receives mailboxes; pattern is a name, or a prefix followed by *.
	Watch(ctx context.Context, pattern string) (Watcher, error)
	// Send is best effort to a stream's subscribers of the moment.
	Send(ctx context.Context, stream string, body []byte) error
	// Subscribe receives streams; pattern as in Watch.
	Subscribe(ctx context.Context, pattern string) (Watcher, error)
	// Inbox makes an address for answers; Reply sends to one.
	Inbox(ctx context.Context) (Inbox, error)
}

// Replier answers a message. Every Broker is one; it stands apart because
// only the scheduler answers.
type Replier interface {
	// Reply sends body to the inbox of a message that was received. The address
	// comes from a stranger: one that is a queue or an order of the broker's own
	// is refused with an error.
	Reply(ctx context.Context, to Message, body []byte) error
}

// TopicMessage is a message with its topic.
type TopicMessage struct {
	Topic string
	Message
}

// ConsumeOptions: Batch is the most that Receive returns and that may be
// unacknowledged at a time (0: 256).
// A queue has one pattern. Without one, a queue that was bound stays bound;
// with another, whether the first still counts is the adapter's affair.
type ConsumeOptions struct {
	Batch   int
	Pattern string
}

// BatchOrDefault is Batch, or what 0 stands for.
func (o ConsumeOptions) BatchOrDefault() int {
	if o.Batch <= 0 {
		return 256
	}
	return o.Batch
}

// Consumer receives from one queue. One goroutine at a time calls Receive;
// Ack and Close may be called from others meanwhile.
type Consumer interface {
	// Receive waits for at least one message and returns what is there.
	Receive(ctx context.Context) ([]Delivery, error)
	// Ack ends deliveries, in one round for all of them.
	Ack(ctx context.Context, ds ...Delivery) error
	// Close stops; what was not acknowledged goes back to the queue.
	Close() error
}

// Value is what a Watcher receives.
type Value struct {
	Name string // of the mailbox or stream
	Body []byte
}

// Watcher receives mailboxes or streams. One goroutine at a time.
type Watcher interface {
	// Receive waits for at least one value and returns what is there: of a
	// mailbox only the newest.
	Receive(ctx context.Context) ([]Value, error)
	Close() error
}

// Inbox receives answers. One goroutine at a time receives; Address is for
// Message.ReplyTo, and stays the same as long as the Inbox is open.
type Inbox interface {
	Address() string
	Receive(ctx context.Context) ([]Message, error)
	Close() error
}
