package cli

import (
	"context"
	"errors"
	"iter"
	"time"

	"turno"
)

const (
	// settle is when a state that was read before the stream of changes surely
	// stood is read once more.
	settle = time.Second
	// recheck is how often it is read even if no change is heard of: the stream
	// may have died without a word.
	recheck = 10 * time.Second
	// reconnect is between two attempts to reach a server that went away.
	reconnect = time.Second
	// patience is how long a command waits for such a server. A restart takes
	// seconds; jobs run on meanwhile.
	patience = 2 * time.Minute
)

// changes hears of changes of jobs. One goroutine owns the stream; stop ends it
// and waits for it.
type changes struct {
	events chan turno.Event
	cancel context.CancelFunc
	done   chan struct{}
	reads  int // how often next has returned
}

// listen starts to hear of the jobs of these numbers, of all when there are
// none. After an interruption it goes on by itself, with an event that says
// Reset.
func listen(ctx context.Context, svc turno.Service, numbers []int64) *changes {
	ctx, cancel := context.WithCancel(ctx)
	c := &changes{events: make(chan turno.Event), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		for ctx.Err() == nil {
			if !c.pump(ctx, svc.Events(ctx, turno.EventQuery{Jobs: numbers})) {
				return
			}
			select {
			case <-time.After(reconnect):
			case <-ctx.Done():
				return
			}
			if !c.send(ctx, turno.Event{Reset: true}) {
				return
			}
		}
	}()
	return c
}

// pump passes on one stream; false when nobody listens any more.
func (c *changes) pump(ctx context.Context, stream iter.Seq2[turno.Event, error]) bool {
	for e, err := range stream {
		if err != nil {
			return ctx.Err() == nil
		}
		if !c.send(ctx, e) {
			return false
		}
	}
	return true
}

func (c *changes) send(ctx context.Context, e turno.Event) bool {
	select {
	case c.events <- e:
		return true
	case <-ctx.Done():
		return false
	}
}

// next waits for a change, or for the time to look again all the same.
func (c *changes) next(ctx context.Context) (turno.Event, error) {
	after := recheck
	if c.reads++; c.reads == 1 {
		after = settle
	}
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case e := <-c.events:
		return e, nil
	case <-timer.C:
		return turno.Event{Reset: true}, nil
	case <-ctx.Done():
		return turno.Event{}, context.Cause(ctx)
	}
}

func (c *changes) stop() {
	c.cancel()
	<-c.done
}

// about tells whether an event may concern a job.
func about(e turno.Event, j *turno.Job) bool {
	return e.Reset || e.Number == 0 || e.Number == j.Number || e.Parent == j.Number
}

// steady calls the server until it answers: it may be restarting. Other errors
// than that are returned at once. A call that lasted is a new beginning.
func steady[T any](ctx context.Context, s *session, call func() (T, error)) (T, error) {
	first, told := s.sys.Now(), false
	for {
		began := s.sys.Now()
		v, err := call()
		now := s.sys.Now()
		if now.Sub(began) > 5*reconnect {
			first, told = now, false
		}
		if err == nil || !temporary(err) || ctx.Err() != nil || now.Sub(first) > patience {
			return v, err
		}
		if !told {
			s.warnf("the server does not answer (%v); jobs run on, trying again for %s", err, patience)
			told = true
		}
		select {
		case <-time.After(reconnect):
		case <-ctx.Done():
			return v, context.Cause(ctx)
		}
	}
}

// await reads the jobs until each has ended, and tells each whenever one of
// them changed. With any it returns when the first has ended.
func (s *session) await(ctx context.Context, svc turno.Service, refs []string, any bool, each func(turno.Job)) ([]turno.Job, error) {
	jobs := make([]turno.Job, len(refs))
	var numbers []int64
	for i, ref := range refs {
		j, err := steady(ctx, s, func() (turno.Job, error) { return patientJob(ctx, svc, ref) })
		if err != nil {
			return jobs, err
		}
		jobs[i] = j
		numbers = append(numbers, j.Number)
		if j.Parent > 0 {
			numbers = append(numbers, j.Parent)
		}
		each(j)
	}
	c := listen(ctx, svc, numbers)
	defer c.stop()
	for !ended(jobs, any) {
		e, err := c.next(ctx)
		if err != nil {
			return jobs, err
		}
		for i := range jobs {
			if jobs[i].State.Ended() || !about(e, &jobs[i]) || onlyTasks(e, &jobs[i]) {
				continue
			}
			j, err := steady(ctx, s, func() (turno.Job, error) { return svc.Job(ctx, refs[i]) })
			if err != nil {
				return jobs, err
			}
			if j.State != jobs[i].State || j.Reason != jobs[i].Reason || j.Attempt != jobs[i].Attempt {
				each(j)
			}
			jobs[i] = j
		}
	}
	return jobs, nil
}

// onlyTasks tells that an event is about tasks of an array, which goes on: of
// ten thousand of them each has several.
func onlyTasks(e turno.Event, array *turno.Job) bool {
	return array.Tasks != nil && !e.Reset && (e.Parent != 0 || e.State == array.State && e.Reason == array.Reason)
}

func ended(jobs []turno.Job, any bool) bool {
	for i := range jobs {
		if jobs[i].State.Ended() == any {
			return any
		}
	}
	return !any
}

// patientJob waits a little for a job that was accepted by the broker and is
// not yet known by the scheduler.
func patientJob(ctx context.Context, svc turno.Service, ref string) (turno.Job, error) {
	j, err := svc.Job(ctx, ref)
	if !hasCode(err, turno.CodeNotFound) || !turno.ValidID(ref) {
		return j, err
	}
	made, _ := turno.IDTime(ref)
	c := listen(ctx, svc, nil)
	defer c.stop()
	for hasCode(err, turno.CodeNotFound) && time.Since(made) < patience {
		if _, err := c.next(ctx); err != nil {
			return j, err
		}
		j, err = svc.Job(ctx, ref)
	}
	return j, err
}

// exitCode is the exit code that says how a job ended, as a shell would.
func exitCode(j *turno.Job) int {
	if j.State == turno.Succeeded {
		return exitOK
	}
	if j.Reason == turno.ReasonTimeout || j.Reason == turno.ReasonDeadline {
		return exitTimeout
	}
	r := j.Result
	switch {
	case r != nil && signalNumbers[r.Signal] > 0:
		return exitSignal + signalNumbers[r.Signal]
	case r != nil && r.ExitCode != 0:
		return r.ExitCode
	case j.State == turno.Cancelled:
		return exitSignal + signalNumbers["TERM"]
	}
	return exitFailed
}

// signalNumbers are Linux's, where jobs run, whatever this machine's are.
var signalNumbers = map[string]int{
	"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10,
	"SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "XCPU": 24, "XFSZ": 25, "SYS": 31,
}

var errTimeout = errors.New("the time to wait is over")
