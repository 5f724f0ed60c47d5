// Package shell is what the loops around both cores need: a clock that does not
// jump, and a goroutine whose panic ends the process. It knows neither core.
package shell

import "time"

// Clock gives times that never go back and do not jump with the wall clock: its
// start by that one, plus what has passed since by the monotonic one. In UTC, to
// the microsecond, as stores keep them. Safe for concurrent use.
type Clock struct{ start time.Time }

// NewClock starts a clock.
func NewClock() Clock { return Clock{time.Now()} }

// Now is the time.
func (c Clock) Now() time.Time { return c.At(time.Now()) }

// At is a time that was taken before by time.Now, on this clock.
func (c Clock) At(t time.Time) time.Time {
	return c.start.Add(t.Sub(c.start)).Round(time.Microsecond).UTC()
}

// Alone calls f on a goroutine of its own. If a core panics there, the process
// ends at once and prints the state; on the caller's goroutine what it has
// deferred would first wait for what nobody ends any more.
func Alone(f func() error) error {
	done := make(chan error)
	go func() { done <- f() }()
	return <-done
}
