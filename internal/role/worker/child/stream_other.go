//go:build !linux

package child

import (
	"context"
	"errors"
)

// Stream is a connection to a job's terminal: there is none here.
type Stream struct{}

// ErrOver is Open's error for an attempt that has ended.
var ErrOver = errors.New("the job has ended")

var errNoStreams = errors.New("jobs cannot be entered on this system: only workers on Linux can do that")

// Open fails on this system.
func (*Process) Open(context.Context, *Entry) (*Stream, error) { return nil, errNoStreams }

// Send fails.
func (*Stream) Send(Talk) error { return errNoStreams }

// Receive fails.
func (*Stream) Receive() (Talk, error) { return Talk{}, errNoStreams }

// Close does nothing.
func (*Stream) Close() error { return nil }
