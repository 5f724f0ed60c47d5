package nats

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"turno/internal/broker"
)

// What is sent to a message's reply address.
var (
	acknowledged = []byte("+ACK")
	refused      = []byte("-NAK") // deliver it again now
	inProgress   = []byte("+WPI") // begin AckWait anew
)

const (
	// heartbeat is how often the server says that a request still waits. Two
	// that are missed mean that it has forgotten it.
	heartbeat = 10 * time.Second
	// askExpires is when a request that waits must be renewed: the longer, the
	// less idle traffic; a request that was lost is found by its heartbeat.
	askExpires = 5 * time.Minute
)

// leg is one durable consumer of a stream that a consumer pulls from. The
// server sends as many messages as were asked for, as soon as there are some:
// no round trip lies between a message's arrival and its delivery.
type leg struct {
	// constant after begin
	c       *consumer
	stream  string
	durable string
	filter  string                    // "" for all of the stream
	pattern string                    // "" for a queue's own stream
	accept  func(subject string) bool // nil: the filter is exact
	ensure  func(context.Context) error
	inbox   string
	sub     *nats.Subscription
	ended   chan struct{} // closed after the last callback

	// guarded by c.mu
	held  map[*tag]struct{}
	asked int       // asked for and not yet delivered
	heard time.Time // when the server last sent anything
}

func (l *leg) begin() error {
	l.inbox = l.c.broker.nc.NewInbox()
	l.held = map[*tag]struct{}{}
	l.ended = make(chan struct{})
	sub, err := l.c.broker.nc.Subscribe(l.inbox, func(m *nats.Msg) { l.c.receive(l, m) })
	if err != nil {
		return err
	}
	l.sub = sub
	sub.SetClosedHandler(func(string) { close(l.ended) })
	return sub.SetPendingLimits(-1, -1) // what was asked for bounds it
}

// end stops the server's sending and waits for what was under way.
func (l *leg) end(ctx context.Context) {
	if l.sub == nil {
		return
	}
	if err := l.sub.Drain(); err != nil {
		_ = l.sub.Unsubscribe()
		return
	}
	select {
	case <-l.ended:
	case <-ctx.Done():
		_ = l.sub.Unsubscribe()
	}
}

// tidy has the server drop requests that nobody waits for any more, as it does
// when asked for a consumer's state. One that is left over confuses what is
// given back: 2.15 hands it out in another order, 2.9 passes over a message
// until AckWait and hands out another twice.
func (l *leg) tidy(ctx context.Context) {
	b := l.c.broker
	ctx, cancel := b.request(ctx)
	defer cancel()
	if b.nc.IsConnected() {
		_, _ = b.js.Consumer(ctx, l.stream, l.durable)
	}
}

// ask requests as many messages as the batch has room for, unless half of that
// is already asked for: one request for many acknowledgements.
func (l *leg) ask() {
	c := l.c
	c.mu.Lock()
	room := c.batch - len(l.held) - l.asked
	if c.closed || room <= 0 || l.asked > 0 && room < (c.batch+1)/2 {
		c.mu.Unlock()
		return
	}
	l.asked += room
	l.heard = time.Now()
	c.mu.Unlock()
	request, err := json.Marshal(map[string]int64{
		"batch": int64(room), "expires": int64(askExpires), "idle_heartbeat": int64(heartbeat),
	})
	if err != nil {
		panic(err) // numbers
	}
	subject := "$JS.API.CONSUMER.MSG.NEXT." + l.stream + "." + l.durable
	if c.broker.nc.PublishRequest(subject, l.inbox, request) != nil {
		signal(c.recover) // which waits for the connection
	}
}

// arrived takes one delivery in, nil for one that was not ours. It refuses one
// that comes after Close.
func (l *leg) arrived(d *broker.Delivery) bool {
	c := l.c
	c.mu.Lock()
	l.asked = max(0, l.asked-1)
	l.heard = time.Now()
	if d != nil {
		if c.closed {
			c.mu.Unlock()
			return false
		}
		l.held[d.Tag.(*tag)] = struct{}{}
		c.ready = append(c.ready, *d)
		signal(c.wake)
	}
	again := l.asked == 0
	c.mu.Unlock()
	if again {
		l.ask()
	}
	return true
}

// status handles what is not a message: 100 a heartbeat; 404, 408 a request
// that ended; 409 one that was ended by the server; 503 nobody to ask.
func (l *leg) status(m *nats.Msg) {
	c := l.c
	code := m.Header.Get("Status")
	c.mu.Lock()
	l.heard = time.Now()
	if code == "100" {
		c.mu.Unlock()
		return
	}
	if n, err := strconv.Atoi(m.Header.Get("Nats-Pending-Messages")); err == nil {
		l.asked = max(0, l.asked-n)
	} else {
		l.asked = 0
	}
	c.mu.Unlock()
	if code == "404" || code == "408" {
		l.ask()
		return
	}
	c.broker.opts.Logger.Debug("request for messages was ended", "queue", c.queue, "status", code,
		"reason", m.Header.Get("Description"))
	c.broker.unknow(l.stream)
	signal(c.recover)
}

// unknow makes the next use of a stream look whether it exists.
func (b *Broker) unknow(stream string) {
	b.mu.Lock()
	delete(b.mu.known, stream)
	b.mu.Unlock()
}
