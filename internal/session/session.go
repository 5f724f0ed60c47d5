// Package session is a reliable, ordered stream of frames both ways between
// two programs that can only send each other packets which may be lost,
// repeated or reordered: the best-effort streams of a broker, with connections
// on the way that break and come back.
//
//	Write ─▶ window ─▶ packets ─▶ carrier ─▶ Receive ─▶ in order ─▶ Read
//	            ▲                                          │
//	            └───────── acknowledged, room ◀────────────┘
//
// Each frame has a number; the receiver says which one it expects next and how
// far the sender may go. What is not acknowledged is sent again. It knows
// nothing of jobs, and the meaning of a frame's kind is its users' affair.
package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// MaxFrame bounds the data of one frame: so that a character typed does not
	// wait long behind a flood, and far below every broker's limit.
	MaxFrame = 16 << 10
	// window is how many frames may be under way: with MaxFrame 256 KiB, which
	// lets 25 MB/s through at a round trip of 10 ms.
	window = 16
	// packetBytes is about what one packet holds.
	packetBytes = 48 << 10

	// resendFirst and resendLast bound the wait for an acknowledgement, which
	// doubles: above the round trip of a busy broker, below what annoys.
	resendFirst = 250 * time.Millisecond
	resendLast  = 2 * time.Second
	// keepAlive is how often a side that has nothing to say is heard.
	keepAlive = 5 * time.Second
	// DefaultLost is after how long without a word the other side is given up:
	// a laptop that changes its network is back by then.
	DefaultLost = 30 * time.Second
)

// kindClose ends one direction; users' kinds are above it.
const kindClose = 0

// Frame is one message. Kind is not 0.
type Frame struct {
	Kind byte
	Data []byte
}

// Reset is the end of a session by the other side, with its reason.
type Reset struct{ Reason string }

func (r *Reset) Error() string { return r.Reason }

var (
	// ErrLost: nothing was heard of the other side for too long.
	ErrLost = errors.New("the connection to the other side was lost")
	// ErrEnded is returned by calls on a session that has ended.
	ErrEnded = errors.New("the session has ended")
)

// Options of a Conn. Send is required.
type Options struct {
	// Send hands a packet to the carrier; it may be lost. One call at a time.
	Send func(ctx context.Context, packet []byte)
	// Lost is how long the other side may be silent; 0: DefaultLost.
	Lost time.Duration
}

// Conn is one side of a session. It works while Run runs. One goroutine reads;
// any may write.
type Conn struct {
	o    Options
	wake chan struct{} // capacity 1: the token says "look again"
	over chan struct{} // closed with err set

	mu      sync.Mutex    // guards all below; never held while sending
	changed chan struct{} // closed and made anew on each change

	// what is sent
	out     []Frame // not acknowledged; the first has the number base
	base    uint64
	sent    uint64 // numbers below were sent at least once
	limit   uint64 // numbers below may be sent
	closing bool   // kindClose was written
	resend  time.Duration
	sentAt  time.Time // when the oldest unacknowledged one was last sent
	spoke   time.Time // when the last packet was sent

	// what is received
	in       map[uint64]Frame
	expected uint64  // the lowest number not yet here
	ready    []Frame // in order, not yet read
	told     uint64  // the limit that the other side was last told
	owes     bool    // an acknowledgement
	closed   bool    // kindClose has come
	heard    time.Time

	complete bool  // both sides have closed, and this one has heard so
	left     bool  // the other side has reset
	err      error // once over
}

// New makes a side. Both begin alike.
func New(o Options) *Conn {
	if o.Lost == 0 {
		o.Lost = DefaultLost
	}
	return &Conn{
		o: o, wake: make(chan struct{}, 1), over: make(chan struct{}), changed: make(chan struct{}),
		limit: window, told: window, resend: resendFirst, in: map[uint64]Frame{}, heard: time.Now(), spoke: time.Now(),
	}
}

func (c *Conn) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// change tells waiting calls to look again. Callers hold mu.
func (c *Conn) change() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Write sends a frame. It waits while the other side has no room; an error
// means that the session has ended.
func (c *Conn) Write(ctx context.Context, kind byte, data []byte) error {
	if kind == kindClose || len(data) > MaxFrame {
		return fmt.Errorf("write a frame: kind %d with %d bytes; at most %d are allowed", kind, len(data), MaxFrame)
	}
	return c.put(ctx, Frame{Kind: kind, Data: append([]byte(nil), data...)})
}

// CloseWrite says that nothing more will be written. It does not wait.
func (c *Conn) CloseWrite() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		c.closing = true
		c.out = append(c.out, Frame{Kind: kindClose})
		c.poke()
	}
}

func (c *Conn) put(ctx context.Context, f Frame) error {
	for {
		c.mu.Lock()
		switch {
		case c.err != nil || c.closing:
			err := c.err
			c.mu.Unlock()
			if err == nil {
				err = ErrEnded
			}
			return err
		case len(c.out) < window:
			c.out = append(c.out, f)
			c.mu.Unlock()
			c.poke()
			return nil
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Read returns the next frame; io.EOF once the other side has closed its
// direction and all was read.
func (c *Conn) Read(ctx context.Context) (Frame, error) {
	for {
		c.mu.Lock()
		if len(c.ready) > 0 {
			f := c.ready[0]
			c.ready[0] = Frame{}
			c.ready = c.ready[1:]
			if c.room()-c.told >= window/2 {
				c.owes = true
				c.poke()
			}
			c.mu.Unlock()
			return f, nil
		}
		changed, err, closed := c.changed, c.err, c.closed
		c.mu.Unlock()
		switch {
		case closed:
			return Frame{}, io.EOF
		case err != nil:
			return Frame{}, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Frame{}, context.Cause(ctx)
		}
	}
}

// room is the limit for the other side. Callers hold mu.
func (c *Conn) room() uint64 { return c.expected - uint64(len(c.ready)) + window }

// Done is closed when the session has ended.
func (c *Conn) Done() <-chan struct{} { return c.over }

// Run sends and times until the session has ended: nil after both sides have
// closed and all was acknowledged. It then still answers for a while, since
// the other side may not have heard that; who cannot wait so long leaves at
// Done. When ctx ends before, the other side is told the cause, best effort.
func (c *Conn) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			if !c.finished() {
				c.Abort(context.Cause(ctx).Error())
				return context.Cause(ctx)
			}
			return nil
		case <-c.wake:
		case <-timer.C:
		}
		packets, next, err := c.due(time.Now())
		for _, p := range packets {
			c.o.Send(ctx, p)
		}
		if err != nil {
			c.end(err)
			return err
		}
		if next < 0 {
			return nil
		}
		timer.Reset(next)
	}
}

// finished tells whether both sides have closed and heard so.
func (c *Conn) finished() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.complete
}

// Abort ends the session at once and tells the other side why, best effort.
func (c *Conn) Abort(reason string) {
	if c.end(ErrEnded) {
		ctx, cancel := context.WithTimeout(context.Background(), resendLast)
		defer cancel()
		c.o.Send(ctx, resetPacket(reason))
	}
}

// end sets the error of all calls; the first one counts.
func (c *Conn) end(err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return false
	}
	c.err = err
	close(c.over)
	c.change()
	c.poke()
	return true
}
