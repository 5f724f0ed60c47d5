package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// heartbeat: a peer that vanished is noticed within two of them.
	heartbeat = 10 * time.Second
	// dialTimeout bounds TCP, TLS and AMQP's handshake together.
	dialTimeout = 10 * time.Second
	// closeTimeout is how long a polite end may take.
	closeTimeout = 2 * time.Second
	// retryLongest is the slowest pace of attempts: a broker that is back is
	// found within seconds.
	retryLongest = 2 * time.Second
)

// retryDelay doubles from 20 ms and has half its length of jitter, so that a
// hundred workers do not come back at once.
func retryDelay(failures int) time.Duration {
	d := retryLongest
	if failures < 7 {
		d = min(d, 20*time.Millisecond<<failures)
	}
	return d/2 + rand.N(d/2+1)
}

// sleep waits, or returns false because ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// link is a connection that comes back. run owns it.
type link struct {
	b       *Broker
	name    string
	blocked atomic.Bool // the broker told us to stop publishing

	mu   sync.Mutex
	conn *amqp.Connection // nil while there is none
	raw  net.Conn         // under conn: ends it without asking
	up   chan struct{}    // closed while there is one
}

func newLink(b *Broker, name string) *link {
	return &link{b: b, name: name, up: make(chan struct{})}
}

// connect dials once.
func (l *link) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var raw net.Conn
	config := amqp.Config{
		Heartbeat:       heartbeat,
		TLSClientConfig: l.b.opts.TLS,
		Properties:      amqp.Table{"connection_name": "turno " + l.name, "product": "turno"},
		Dial: func(network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			deadline, _ := ctx.Deadline()
			if err := conn.SetDeadline(deadline); err != nil { // amqp lifts it after the handshake
				_ = conn.Close()
				return nil, err
			}
			raw = conn
			return conn, nil
		},
	}
	conn, err := amqp.DialConfig(l.b.opts.URL, config)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	if err := l.prepare(conn); err != nil {
		_ = conn.CloseDeadline(time.Now().Add(closeTimeout))
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.raw = conn, raw
	close(l.up)
	l.tell(true)
	return nil
}

// first connects for the first time. The client library takes the end of a
// connection during the handshake for a wrong password, but a broker that is
// killed then ends it too: a second try tells.
func (l *link) first(ctx context.Context) error {
	err := l.connect(ctx)
	if errors.Is(err, amqp.ErrCredentials) || errors.Is(err, amqp.ErrVhost) {
		err = l.connect(ctx)
	}
	return err
}

func (l *link) prepare(conn *amqp.Connection) error {
	ch, err := conn.Channel()
	if err != nil {
		return fmt.Errorf("open a channel: %w", err)
	}
	if l.b.ready(ch) == nil {
		return ch.Close()
	}
	if ch, err = conn.Channel(); err != nil { // a question that is denied ends its channel
		return fmt.Errorf("open a channel: %w", err)
	}
	if err := l.b.topology(ch); err != nil {
		return err
	}
	return ch.Close()
}

// run keeps the link connected until ctx ends.
func (l *link) run(ctx context.Context) {
	defer l.close()
	for again := false; ; again = true {
		conn, err := l.reach(ctx, again)
		if err != nil {
			return
		}
		if !l.attend(ctx, conn) {
			return
		}
		l.drop()
	}
}

// reach returns the connection there is or dials until there is one.
func (l *link) reach(ctx context.Context, again bool) (*amqp.Connection, error) {
	for failures := 0; ; failures++ {
		l.mu.Lock()
		conn := l.conn
		l.mu.Unlock()
		if conn != nil {
			return conn, nil
		}
		if (again || failures > 0) && !sleep(ctx, retryDelay(failures)) {
			return nil, context.Cause(ctx)
		}
		err := l.connect(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			l.b.opts.Logger.Debug("broker could not be reached", "connection", l.name, "err", err)
		case again:
			l.b.opts.Logger.Info("connection to the broker came back", "connection", l.name)
		}
	}
}

// attend watches a connection until it is lost; false: until ctx ended.
func (l *link) attend(ctx context.Context, conn *amqp.Connection) bool {
	lost := conn.NotifyClose(make(chan *amqp.Error, 1))
	blocking := conn.NotifyBlocked(make(chan amqp.Blocking, 8)) // one never blocks amqp's reader
	for {
		select {
		case <-ctx.Done():
			return false
		case s, ok := <-blocking:
			if !ok {
				blocking = nil
				continue
			}
			l.blocked.Store(s.Active)
			l.b.opts.Logger.Warn("broker changed whether it takes messages", "blocked", s.Active, "reason", s.Reason)
		case err := <-lost:
			l.b.opts.Logger.Warn("connection to the broker was lost", "connection", l.name, "err", err)
			return true
		}
	}
}

// drop forgets a connection that is lost.
func (l *link) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.raw != nil {
		_ = l.raw.Close()
	}
	if l.conn != nil {
		l.conn, l.raw, l.up = nil, nil, make(chan struct{})
		l.tell(false)
	}
	l.blocked.Store(false)
}

func (l *link) tell(up bool) {
	if l.b.opts.OnLink != nil {
		l.b.opts.OnLink(up)
	}
}

// cut ends a connection without asking; another one comes.
func (l *link) cut(conn *amqp.Connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == conn && l.raw != nil {
		_ = l.raw.Close()
	}
}

// close ends the connection, politely if the broker answers.
func (l *link) close() {
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn != nil {
		_ = conn.CloseDeadline(time.Now().Add(closeTimeout))
	}
	l.drop()
}

// wait returns the connection, when there is one.
func (l *link) wait(ctx context.Context) (*amqp.Connection, error) {
	for {
		l.mu.Lock()
		conn, up := l.conn, l.up
		l.mu.Unlock()
		if conn != nil {
			return conn, nil
		}
		select {
		case <-up:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (l *link) connected() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn != nil && !l.conn.IsClosed()
}
