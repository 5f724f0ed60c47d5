package hold

import (
	"strconv"
	"time"

	"turno"
)

// Lease notes until when the held attempts may run. A wall clock may be set
// while no agent runs, so the end is also noted by the machine's uptime, where
// that is known.
type Lease struct {
	Until time.Time      `json:"until"`
	Up    turno.Duration `json:"up_seconds,omitzero"`
	Boot  string         `json:"boot,omitempty"` // names the start of the machine that Up counts from
}

// Moment is what the clocks of a machine show at once.
type Moment struct {
	Now  time.Time
	Up   time.Duration // since the machine was started
	Boot string        // names that start; empty: Up is not known
}

// Note gives a lease its end by uptime.
func (m Moment) Note(l *Lease) {
	l.Up, l.Boot = turno.Duration(m.Up+l.Until.Sub(m.Now)), m.Boot
}

// End is when a noted lease ends, as the wall clock is now. It is zero when the
// machine was started anew: nothing that it held is left.
func (m Moment) End(l Lease) time.Time {
	switch {
	case l.Boot == "" || m.Boot == "":
		return l.Until
	case l.Boot != m.Boot:
		return time.Time{}
	}
	return m.Now.Add(time.Duration(l.Up) - m.Up)
}

// After gives an incarnation that sorts after the last one: the fresh one, a
// UUIDv7, unless the clock was set back since the last was made.
func After(last, fresh string) string {
	if fresh > last {
		return fresh
	}
	const stamp = len("01234567-89ab") // of a UUIDv7: milliseconds
	if len(last) < stamp || len(fresh) < stamp {
		return fresh
	}
	ms, err := strconv.ParseUint(last[:8]+last[9:stamp], 16, 64)
	if err != nil {
		return fresh
	}
	next := strconv.FormatUint(1<<48|ms+1, 16)[1:]
	return next[:8] + "-" + next[8:] + fresh[stamp:]
}
