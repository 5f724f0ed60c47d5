package child

import (
	"context"
	"errors"
	"fmt"
)

// Stream is a connection to a job's own terminal or input, or to a command
// that was started inside it. Send may be called from any goroutine, Receive
// from one.
type Stream struct{ wire *wire }

// ErrOver is Open's error for an attempt that has ended.
var ErrOver = errors.New("the job has ended")

// Open connects to the job's own desk, or with an entry starts a command
// inside it. Closing the stream of an entry ends its command; closing the
// other leaves the job as it is.
func (p *Process) Open(ctx context.Context, e *Entry) (*Stream, error) {
	if _, over := p.ended(); over || p.link == nil {
		return nil, ErrOver
	}
	w, err := dial(p.link.control)
	if err != nil {
		return nil, fmt.Errorf("reach the job: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = w.conn.Close() })
	var ready event
	var first Talk
	err = w.decoder.Decode(&ready)
	if err == nil {
		err = w.send(request{Op: opOpen, ID: p.id, Entry: e})
	}
	if err == nil {
		err = w.decoder.Decode(&first)
	}
	if !stop() {
		err = context.Cause(ctx)
	}
	switch {
	case err != nil:
	case first.Exit != nil && first.Exit.Setup != "":
		err = &SetupFailed{Message: first.Exit.Setup, Code: first.Exit.Code}
	case first.Error != "":
		err = errors.New(first.Error)
	default:
		return &Stream{w}, nil
	}
	return nil, errors.Join(err, w.conn.Close())
}

// Send hands something to the job; it waits while the job does not take it.
func (s *Stream) Send(t Talk) error { return s.wire.sendPatiently(t) }

// Receive waits for what comes of the job. An error is the end.
func (s *Stream) Receive() (Talk, error) {
	var t Talk
	err := s.wire.decoder.Decode(&t)
	return t, err
}

// Close ends the stream.
func (s *Stream) Close() error { return s.wire.conn.Close() }
