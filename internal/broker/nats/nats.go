// Package nats carries turno's messages over NATS: an outside server, or one
// that runs inside this process.
//
//	queue   ──▶ a JetStream work-queue stream, one durable pull consumer
//	results ──▶ one interest stream, one durable consumer for each bound queue
//	mailbox, stream, inbox ──▶ plain subjects
//
// Prefix is "turno." unless another is given. Subjects, words escaped by encode:
//
//	<Prefix>queue.<name>  <Prefix>topic.<topic>._  <Prefix>mail.<name>  <Prefix>stream.<name>
//
// JetStream confirms before it syncs, unless the server syncs always: after a
// power cut confirmed messages may be missing. What turno promises rests on
// the store. It needs a server of 2.9 or newer whose max_payload is at least
// MinPayload.
package nats

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"turno/internal/broker"
)

// MinPayload is what the server's max_payload must allow: a body and 64 KiB
// for its headers.
const MinPayload = broker.MaxBody + 64<<10

const (
	// callTimeout bounds one request to the server whose caller gave no
	// earlier deadline. A healthy server answers in milliseconds; one whose
	// disk is full never does.
	callTimeout = 15 * time.Second
	// reconnectLongest is the slowest pace of attempts to reconnect: a broker
	// that is back is found within seconds.
	reconnectLongest = 2 * time.Second
	// pingInterval times two is when a dead peer is noticed without traffic.
	pingInterval = 10 * time.Second
)

var (
	errDown   = errors.New("no connection to the broker")
	errSilent = fmt.Errorf("the broker did not answer within %s", callTimeout)
)

// Options say how to reach an outside server.
type Options struct {
	URL             string // nats://host:4222, tls://…; several separated by commas
	Token           string
	CredentialsFile string // of nsc, "" for none
	TLS             *tls.Config
	Guest           *GuestOptions // nil: URL says where it is
	Prefix          string        // of all subjects and streams; "" is "turno."
	Replicas        int           // of each stream, 1 unless a cluster has more
	// AckWait is after how long the messages of a consumer that died come
	// again; one that lives renews them. 0 is 10 s.
	AckWait time.Duration
	Logger  *slog.Logger // nil: silent
	// OnLink is told when the connection stands, and when it was lost; nil: nobody
	// wants to know.
	OnLink func(up bool)
}

const defaultPrefix = "turno."

func (o *Options) setDefaults() {
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	if o.Replicas == 0 {
		o.Replicas = 1
	}
	if o.AckWait == 0 {
		o.AckWait = 10 * time.Second
	}
	if o.OnLink == nil {
		o.OnLink = func(bool) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Broker is a connection to a NATS server.
type Broker struct {
	// constant after construction
	opts     Options
	nc       *nats.Conn
	js       jetstream.JetStream
	acks     acks
	embedded *embedded // nil: an outside server, or not ours to stop
	health   *health   // of an embedded one, for all connections to it

	healing  sync.WaitGroup // heal, if the server is ours; Close waits for it
	stopHeal context.CancelFunc

	gone chan struct{} // closed once nc is closed

	mu struct {
		sync.Mutex
		closed bool
		up     chan struct{}       // closed while connected
		known  map[string]struct{} // streams that exist, as far as we know
		parts  map[part]struct{}
		asking map[*context.CancelCauseFunc]struct{} // requests that go down with a connection
	}
}

// part is what Close closes too, and what hears of a new connection.
type part interface {
	Close() error
	reconnected()
}

var (
	_ broker.Broker  = (*Broker)(nil)
	_ broker.Replier = (*Broker)(nil)
)

// Open connects to an outside server.
func Open(ctx context.Context, o Options) (*Broker, error) {
	if o.Guest != nil {
		o.URL = guestURL
	}
	b, err := connect(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", o.URL, err)
	}
	b.opts.OnLink(true)
	return b, nil
}

func connect(ctx context.Context, o Options, more ...nats.Option) (*Broker, error) {
	o.setDefaults()
	if err := checkPrefix(o.Prefix); err != nil {
		return nil, err
	}
	b := &Broker{opts: o, gone: make(chan struct{})}
	b.mu.up = make(chan struct{})
	b.mu.asking = map[*context.CancelCauseFunc]struct{}{}
	b.mu.known = map[string]struct{}{}
	b.mu.parts = map[part]struct{}{}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	nc, err := nats.Connect(o.URL, append(b.natsOptions(ctx), more...)...)
	if err != nil {
		return nil, err
	}
	b.nc = nc
	if err := b.begin(ctx); err != nil {
		nc.Close()
		<-b.gone
		return nil, err
	}
	return b, nil
}

func (b *Broker) begin(ctx context.Context) error {
	if got := b.nc.MaxPayload(); got < MinPayload {
		return fmt.Errorf("the server's max_payload is %d, turno needs %d: set max_payload: 8MB", got, MinPayload)
	}
	var err error
	if b.js, err = jetstream.New(b.nc, jetstream.WithDefaultTimeout(callTimeout)); err != nil {
		return err
	}
	if err := b.acks.begin(b.nc); err != nil {
		return err
	}
	if err := b.flush(ctx, b.connection()); err != nil {
		return err
	}
	b.mu.Lock()
	close(b.mu.up)
	b.mu.Unlock()
	return nil
}

func (b *Broker) natsOptions(ctx context.Context) []nats.Option {
	timeout := 5 * time.Second
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline))
	}
	o := []nats.Option{
		nats.Name("turno"),
		nats.Timeout(timeout),
		nats.MaxReconnects(-1),
		nats.ReconnectBufSize(-1), // while it is down a publisher gets an error, never silence
		nats.CustomReconnectDelay(reconnectDelay),
		nats.PingInterval(pingInterval),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { b.disconnected(err) }),
		nats.ReconnectHandler(func(*nats.Conn) { b.reconnected() }),
		nats.ClosedHandler(func(*nats.Conn) { close(b.gone) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			b.opts.Logger.Warn("nats reported an error", "err", err)
		}),
	}
	if b.opts.Token != "" {
		o = append(o, nats.Token(b.opts.Token))
	}
	if b.opts.CredentialsFile != "" {
		o = append(o, nats.UserCredentials(b.opts.CredentialsFile))
	}
	if b.opts.TLS != nil {
		o = append(o, nats.Secure(b.opts.TLS))
	}
	if b.opts.Guest != nil {
		o = append(o, (&dialer{guest: *b.opts.Guest}).options()...)
	}
	return o
}

// reconnectDelay doubles from 10 ms and has half its length of jitter, so that
// a hundred workers do not come back at once.
func reconnectDelay(attempts int) time.Duration {
	d := reconnectLongest
	if attempts < 8 {
		d = min(d, 10*time.Millisecond<<attempts)
	}
	return d/2 + rand.N(d/2+1)
}

func (b *Broker) disconnected(err error) {
	b.mu.Lock()
	closed := b.mu.closed
	if isClosed(b.mu.up) {
		b.mu.up = make(chan struct{})
	}
	for lost := range b.mu.asking {
		(*lost)(errDown)
	}
	b.mu.Unlock()
	b.acks.fail(fmt.Errorf("%w before the confirm: the outcome is unknown", errDown))
	if !closed {
		b.opts.Logger.Warn("connection to the broker was lost", "err", err)
		b.opts.OnLink(false)
	}
}

func (b *Broker) reconnected() {
	b.mu.Lock()
	clear(b.mu.known) // it may be another server, or one whose disk was lost
	if !isClosed(b.mu.up) {
		close(b.mu.up)
	}
	parts := make([]part, 0, len(b.mu.parts))
	for p := range b.mu.parts {
		parts = append(parts, p)
	}
	b.mu.Unlock()
	for _, p := range parts {
		p.reconnected()
	}
	b.opts.Logger.Info("connection to the broker came back")
	b.opts.OnLink(true)
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Close ends everything that was made with this Broker, and the server if it
// is embedded.
func (b *Broker) Close() error {
	b.mu.Lock()
	again := b.mu.closed
	b.mu.closed = true
	parts := b.mu.parts
	b.mu.parts = map[part]struct{}{}
	b.mu.Unlock()
	var errs []error
	if !again {
		for p := range parts {
			errs = append(errs, p.Close())
		}
		if b.stopHeal != nil {
			b.stopHeal()
			b.healing.Wait()
		}
		b.nc.Close()
		b.acks.fail(broker.ErrClosed)
		if b.embedded != nil {
			b.embedded.stop()
		}
	}
	<-b.gone
	return errors.Join(errs...)
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

// connected is usable, and waits for a lost connection to come back.
func (b *Broker) connected(ctx context.Context) error {
	for {
		if err := b.usable(ctx); err != nil {
			return err
		}
		b.mu.Lock()
		up := b.mu.up
		b.mu.Unlock()
		if isClosed(up) {
			return nil
		}
		select {
		case <-up:
		case <-b.gone:
		case <-ctx.Done():
		case <-time.After(callTimeout):
			return errDown
		}
	}
}

// request bounds one question to the server: nats.go waits for an answer even
// if the question went down with a connection.
func (b *Broker) request(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, errSilent)
	ctx, lost := context.WithCancelCause(ctx)
	b.mu.Lock()
	b.mu.asking[&lost] = struct{}{}
	b.mu.Unlock()
	return ctx, func() {
		b.mu.Lock()
		delete(b.mu.asking, &lost)
		b.mu.Unlock()
		lost(nil)
		cancel()
	}
}

// flush waits until the server has read all that was sent to it on this
// connection, counted by its number.
func (b *Broker) flush(ctx context.Context, number uint64) error {
	bounded, cancel := context.WithTimeoutCause(ctx, callTimeout, errSilent)
	defer cancel()
	err := b.nc.FlushWithContext(bounded)
	if err == nil && b.connection() != number {
		err = errDown
	}
	if err != nil && bounded.Err() != nil {
		err = context.Cause(bounded)
	}
	return b.explain(ctx, err)
}

// connection numbers the connections we have had.
func (b *Broker) connection() uint64 { return b.nc.Stats().Reconnects }

// explain makes of nats' errors the port's.
func (b *Broker) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if usable := b.usable(ctx); usable != nil {
		return usable
	}
	if errors.Is(err, nats.ErrReconnectBufExceeded) || errors.Is(err, nats.ErrConnectionReconnecting) ||
		errors.Is(err, nats.ErrDisconnected) || errors.Is(err, nats.ErrConnectionClosed) {
		return errDown
	}
	return err
}

// add registers a part; it closes the part if the Broker is closed already.
func (b *Broker) add(p part) error {
	b.mu.Lock()
	closed := b.mu.closed
	if !closed {
		b.mu.parts[p] = struct{}{}
	}
	b.mu.Unlock()
	if closed {
		_ = p.Close()
		return broker.ErrClosed
	}
	return nil
}

func (b *Broker) forget(p part) {
	b.mu.Lock()
	delete(b.mu.parts, p)
	b.mu.Unlock()
}
