package session

import (
	"encoding/binary"
	"errors"
	"time"
)

// A packet: version, flags, the number expected next, the limit, and frames:
// number, kind, length, data. One with flagReset has a text instead.

const (
	version   = 1
	flagAsk   = 1 // answer at once: the sender waits for room, or for a sign of life
	flagReset = 2
	// maxReason bounds a reset's text.
	maxReason = 1 << 10
)

var errMalformed = errors.New("malformed packet")

type packet struct {
	ask, reset      bool
	reason          string
	expected, limit uint64
	frames          []numbered
}

type numbered struct {
	number uint64
	Frame
}

func resetPacket(reason string) []byte {
	return append([]byte{version, flagReset}, reason[:min(len(reason), maxReason)]...)
}

// ResetPacket refuses a session that is not known here.
func ResetPacket(reason string) []byte { return resetPacket(reason) }

// First tells whether a packet may begin a session: it holds the first frame,
// and nothing has come back yet.
func First(data []byte) bool {
	p, err := decode(data)
	return err == nil && !p.reset && p.expected == 0 && len(p.frames) > 0 && p.frames[0].number == 0
}

// IsReset tells whether a packet ends a session: it wants no answer.
func IsReset(data []byte) bool {
	p, err := decode(data)
	return err != nil || p.reset
}

func decode(data []byte) (packet, error) {
	var p packet
	if len(data) < 2 || data[0] != version {
		return p, errMalformed
	}
	p.ask, p.reset = data[1]&flagAsk != 0, data[1]&flagReset != 0
	if p.reset {
		p.reason = string(data[2:min(len(data), 2+maxReason)])
		return p, nil
	}
	rest := data[2:]
	number := func() uint64 {
		n, size := binary.Uvarint(rest)
		if size <= 0 {
			rest = nil
			return 1 << 63 // never a length that fits
		}
		rest = rest[size:]
		return n
	}
	p.expected, p.limit = number(), number()
	for len(rest) > 0 {
		f := numbered{number: number()}
		if len(rest) == 0 {
			return p, errMalformed
		}
		f.Kind, rest = rest[0], rest[1:]
		n := number()
		if n > MaxFrame || n > uint64(len(rest)) {
			return p, errMalformed
		}
		f.Data = append([]byte(nil), rest[:n]...)
		rest = rest[n:]
		p.frames = append(p.frames, f)
	}
	return p, nil
}

// Receive takes a packet from the carrier. What is none is ignored.
func (c *Conn) Receive(data []byte) {
	p, err := decode(data)
	if err != nil {
		return
	}
	if p.reset {
		c.end(&Reset{p.reason})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.reset {
		c.left = true // nobody is there to be answered
		c.poke()
		return
	}
	c.heard = time.Now()
	c.owes = c.owes || p.ask
	c.acknowledged(&p)
	for _, f := range p.frames {
		if f.number < c.room() { // else it was told not to send that
			c.take(f)
		}
	}
	c.change()
	c.poke()
}

// acknowledged drops what the other side has. Callers hold mu.
func (c *Conn) acknowledged(p *packet) {
	if p.expected > c.base && p.expected <= c.base+uint64(len(c.out)) {
		n := p.expected - c.base
		clear(c.out[:n])
		c.out = c.out[n:]
		c.base = p.expected
		c.sent = max(c.sent, c.base)
		c.resend, c.sentAt = resendFirst, time.Now()
	}
	c.limit = max(c.limit, min(p.limit, c.base+window))
}

// take puts a frame where it belongs. Callers hold mu.
func (c *Conn) take(f numbered) {
	c.owes = true
	if f.number < c.expected {
		return // again: its acknowledgement was lost
	}
	c.in[f.number] = f.Frame
	for {
		next, ok := c.in[c.expected]
		if !ok {
			return
		}
		delete(c.in, c.expected)
		c.expected++
		if c.closed = c.closed || next.Kind == kindClose; !c.closed {
			c.ready = append(c.ready, next)
		}
	}
}

// due makes the packets that are to be sent now, and tells when to look again.
func (c *Conn) due(now time.Time) (packets [][]byte, next time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.complete && c.err == nil && c.closed && c.closing && len(c.out) == 0 {
		c.complete, c.err, c.owes = true, ErrEnded, true
		close(c.over)
		c.change()
	}
	switch {
	case c.complete:
		return c.linger(now)
	case c.err != nil:
		return nil, 0, c.err
	case now.Sub(c.heard) >= c.o.Lost:
		return nil, 0, ErrLost
	}
	next = min(keepAlive, c.o.Lost-now.Sub(c.heard))
	end := min(c.base+uint64(len(c.out)), c.limit)
	from := c.sent
	again := c.sent > c.base && now.Sub(c.sentAt) >= c.resend
	if again {
		from = c.base
		c.resend = min(2*c.resend, resendLast)
	}
	if c.sent == c.base || again { // the oldest is sent now
		c.sentAt = now
	}
	for from < end {
		var frames []numbered
		for size := 0; from < end && (size == 0 || size+len(c.out[from-c.base].Data) <= packetBytes); from++ {
			f := c.out[from-c.base]
			frames = append(frames, numbered{from, f})
			size += len(f.Data) + 16
		}
		packets = append(packets, c.encode(frames, false))
	}
	c.sent = max(c.sent, end)
	blocked := c.sent < c.base+uint64(len(c.out))
	idle := now.Sub(c.spoke) >= keepAlive || blocked && now.Sub(c.spoke) >= resendFirst
	if len(packets) == 0 && (c.owes || idle) {
		packets = append(packets, c.encode(nil, idle))
	}
	if len(packets) > 0 {
		c.spoke, c.owes = now, false
	}
	if c.sent > c.base {
		next = min(next, c.sentAt.Add(c.resend).Sub(now))
	}
	if blocked {
		next = min(next, resendFirst)
	}
	return packets, max(next, 0), nil
}

// linger answers until the other side must have given up. Callers hold mu.
func (c *Conn) linger(now time.Time) (packets [][]byte, next time.Duration, err error) {
	if c.owes {
		packets, c.owes = append(packets, c.encode(nil, false)), false
	}
	if next = c.o.Lost - now.Sub(c.heard); next <= 0 || c.left {
		next = -1
	}
	return packets, next, nil
}

// encode makes a packet. Callers hold mu.
func (c *Conn) encode(frames []numbered, ask bool) []byte {
	c.told = c.room()
	flags := byte(0)
	if ask {
		flags = flagAsk
	}
	b := []byte{version, flags}
	b = binary.AppendUvarint(b, c.expected)
	b = binary.AppendUvarint(b, c.told)
	for _, f := range frames {
		b = binary.AppendUvarint(b, f.number)
		b = append(b, f.Kind)
		b = binary.AppendUvarint(b, uint64(len(f.Data)))
		b = append(b, f.Data...)
	}
	return b
}
