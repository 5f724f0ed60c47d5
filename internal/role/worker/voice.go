package worker

import (
	"time"

	"turno"
	"turno/internal/wire"
)

// voice is the version in which a worker reports: the newest that its scheduler
// speaks too. Until it has heard one, and when it hears it no more, it is the
// oldest: the next scheduler may be an older turno.
type voice struct {
	speaks turno.Versions // of the scheduler heard last
	until  time.Time      // it counts
}

// deaf is for how many heartbeats a scheduler that is silent still counts: it
// answers each.
const deaf = 3

// heard takes what a scheduler says that it speaks.
func (v *voice) heard(now time.Time, speaks turno.Versions, heartbeat time.Duration) {
	*v = voice{speaks, now.Add(deaf * heartbeat)}
}

// version is that of the next Report. Without a common one it is the oldest
// too: then the scheduler can say in its list what is wrong.
func (v *voice) version(now time.Time) int {
	if n, ok := wire.Common(v.speaks); ok && now.Before(v.until) {
		return n
	}
	return wire.Speaks.Oldest
}
