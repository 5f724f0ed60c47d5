package worker

import (
	"sync"
	"time"

	"turno"
)

// event is something that happened: one of the fields after started is set, or
// none and then the attempt has started.
type event struct {
	key      turno.AttemptKey
	started  time.Time // of an attempt, if it is known better than by the event
	desired  *turno.Desired
	speaks   turno.Versions // the scheduler of desired
	progress *turno.Progress
	result   *turno.Result
	broken   error // the worker cannot go on
	hello    bool  // a scheduler asks for a Report
	engine   *engineNews
	gpus     []turno.GPU // how they are

	ward      *wardNews // what was found of devices; with a result too
	stuck     string    // why it cannot be killed
	silent    bool      // with a result: nothing was written to its log
	staged    bool      // its files are there, unless there is a result
	cleaned   bool      // its devices were looked at since
	collected bool      // what the attempt of the result left is stored
}

// inbox collects events for the loop, which takes all there are at once: a
// thousand ends make one report. Safe for concurrent use.
type inbox struct {
	wake chan struct{} // 1: holds that there is something

	box *box
}

type box struct {
	mu     sync.Mutex
	events []event
}

func newInbox() inbox { return inbox{wake: make(chan struct{}, 1), box: &box{}} }

func (in inbox) put(events ...event) {
	in.box.mu.Lock()
	in.box.events = append(in.box.events, events...)
	in.box.mu.Unlock()
	select {
	case in.wake <- struct{}{}:
	default:
	}
}

func (in inbox) take() []event {
	in.box.mu.Lock()
	defer in.box.mu.Unlock()
	events := in.box.events
	in.box.events = nil
	return events
}
