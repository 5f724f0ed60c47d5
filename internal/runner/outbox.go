package runner

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// maxWaiting bounds the bytes that wait to be written. It is room for a few
// lines of the largest size; noop lines are about 200 bytes.
const maxWaiting = 16 << 20

// errStuck is that the other end does not read.
var errStuck = fmt.Errorf("%d bytes wait to be read by the other end", maxWaiting)

// errShut is a line after close.
var errShut = errors.New("the stream to the other end is closed")

// outbox gathers lines from many goroutines; one writer, run, writes all that
// have gathered at once, so that a busy stream costs one system call for many
// lines and an idle one waits for nothing.
type outbox struct {
	to   io.Writer
	wake chan struct{} // capacity 1: a signal that is not lost while run writes
	guarded
}

type guarded struct {
	mu    sync.Mutex
	space sync.Cond // signalled when waiting was taken, or err was set
	// guarded by mu
	waiting []byte
	err     error // set once: nothing is written any more
	closed  bool  // nothing is added any more
}

func newOutbox(to io.Writer) *outbox {
	o := &outbox{to: to, wake: make(chan struct{}, 1)}
	o.space.L = &o.mu
	return o
}

// put adds a line, which it copies, and waits for space first.
func (o *outbox) put(line []byte) error { return o.add(line, true) }

// try adds a line or returns errStuck, and waits for nothing.
func (o *outbox) try(line []byte) error { return o.add(line, false) }

func (o *outbox) add(line []byte, wait bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil && !o.closed && len(o.waiting) > 0 && len(o.waiting)+len(line) > maxWaiting {
		if !wait {
			return errStuck
		}
		o.space.Wait()
	}
	switch {
	case o.err != nil:
		return o.err
	case o.closed:
		return errShut
	}
	o.waiting = append(append(o.waiting, line...), '\n')
	o.signal()
	return nil
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// close lets run return once everything added before is written.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.space.Broadcast()
	o.signal()
}

// run writes until close or until writing fails, and returns why it failed.
func (o *outbox) run() error {
	var lines []byte
	for range o.wake {
		var last bool
		lines, last = o.take(lines)
		if len(lines) > 0 {
			if _, err := o.to.Write(lines); err != nil {
				return o.fail(fmt.Errorf("write to the other end: %w", err))
			}
		}
		if last {
			return nil
		}
	}
	return nil
}

// take exchanges what waits for an empty buffer.
func (o *outbox) take(empty []byte) (lines []byte, last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if cap(empty) > 1<<20 {
		empty = nil // one huge line should not be kept for ever
	}
	lines, o.waiting = o.waiting, empty[:0]
	o.space.Broadcast()
	return lines, o.closed
}

func (o *outbox) fail(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
	o.waiting = nil
	o.space.Broadcast()
	return err
}
