package hold

import (
	"time"

	"turno"
)

// Kept is an attempt that an earlier incarnation held, from its journal.
type Kept struct {
	turno.Assignment
	StartedAt time.Time
	EndedAt   time.Time
	Result    *turno.Result // nil: it may still run, see Restore
}

// Restore takes over from an earlier incarnation, before any other input.
// Attempts without a Result go on: the caller has found their processes and
// will call Ended for each.
func (h *Hold) Restore(now time.Time, kept []Kept, leaseUntil time.Time) {
	h.advance(now)
	h.leaseUntil = leaseUntil
	for _, k := range kept {
		e := &entry{key: k.AttemptKey, task: k.Task, phase: running, startedAt: k.StartedAt, endedAt: k.EndedAt, result: k.Result}
		if k.Result != nil {
			e.phase = ended
		}
		h.add(e)
		if e.alive() {
			h.occupy(e)
		}
	}
}

// Started tells that an attempt's process or run began.
func (h *Hold) Started(now time.Time, k turno.AttemptKey) {
	h.advance(now)
	if e := h.entries[k]; e != nil && e.phase == starting {
		e.phase, e.startedAt = running, h.now
		h.note()
	}
}

// Ended tells that nothing of an attempt is left, neither processes nor device
// memory, and what it came to. The first end counts.
func (h *Hold) Ended(now time.Time, k turno.AttemptKey, r turno.Result) {
	h.advance(now)
	e := h.entries[k]
	if e == nil || !e.alive() {
		return
	}
	if e.leaseOut && r.State != turno.Succeeded {
		r.State, r.Reason = turno.Lost, turno.ReasonWorkerLost
		r.Message = "ended by its worker, which heard no scheduler for longer than the lease of " + h.lease.String()
	}
	if e.startedAt.IsZero() {
		e.startedAt = h.now
	}
	h.conclude(e, &r)
}

// Progress takes what a running attempt says of itself. It travels with the
// next Report and causes none.
func (h *Hold) Progress(k turno.AttemptKey, p turno.Progress) {
	if e := h.entries[k]; e != nil && e.alive() {
		e.progress = &p
	}
}

// Machine replaces the description of the worker.
func (h *Hold) Machine(m turno.Machine) {
	h.machine = m
	h.changed = true
}

// Hello asks for a Report with the next Ready.
func (h *Hold) Hello() { h.changed = true }

// Leave asks for no further jobs: the worker is shutting down.
func (h *Hold) Leave() {
	if !h.leaving {
		h.leaving, h.changed = true, true
	}
}

// Idle tells whether nothing is held.
func (h *Hold) Idle() bool { return len(h.order) == 0 }

// Alive tells whether any attempt runs or is starting.
func (h *Hold) Alive() bool { return len(h.byJob) > 0 }

// Tick tells the time.
func (h *Hold) Tick(now time.Time) {
	h.advance(now)
	if h.leaseUntil.IsZero() || h.now.Before(h.leaseUntil) {
		return
	}
	for _, e := range h.order {
		if e.alive() && !e.leaseOut && !e.doomed {
			e.leaseOut = true
			h.halt(e, turno.Stop{Reason: turno.ReasonWorkerLost})
		}
	}
}

// Lease is how long the scheduler's lease is and how much of it is left; zero
// before the first.
func (h *Hold) Lease() (whole, left time.Duration) {
	return h.lease, max(h.leaseUntil.Sub(h.now), 0)
}

// Next is when Tick and Ready must be called at the latest.
func (h *Hold) Next() time.Time {
	next := h.lastReport.Add(h.cfg.Heartbeat)
	if at := h.dueAt(); at.Before(next) {
		next = at
	}
	if len(h.byJob) > 0 && h.leaseUntil.After(h.now) && h.leaseUntil.Before(next) {
		next = h.leaseUntil
	}
	return next
}

// Ready starts what can start and hands out what there is to do.
func (h *Hold) Ready() Ready {
	h.begin()
	r := h.ready
	h.ready = Ready{}
	if h.due() {
		r.Report = h.report()
	}
	return r
}

// gather is how long changes are gathered into one Report while nothing waits
// for it: a Report costs the scheduler a commit.
const (
	gather = 8 * time.Millisecond
	// gatherAhead is a third of what a worker has at hand when some are sent ahead.
	gatherAhead = 2 * gather
)

func (h *Hold) due() bool { return !h.now.Before(h.dueAt()) }

// dueAt is when a Report must go. An end goes at once, unless enough jobs were
// sent ahead: then the worker has work without an answer. That something began
// or was forgotten can wait: with a short job it goes with the end.
func (h *Hold) dueAt() time.Time {
	at := h.lastReport.Add(h.cfg.Heartbeat)
	stocked := h.ahead > 0 && h.ahead >= len(h.byJob)
	switch {
	case h.changed && !stocked, !h.late.IsZero() && h.leaving:
		return h.lastReport
	case h.changed:
		at = h.lastReport.Add(gatherAhead)
	}
	if late := h.late.Add(gather); !h.late.IsZero() && late.Before(at) {
		at = late
	}
	return at
}

// note marks a change that can wait.
func (h *Hold) note() {
	if h.late.IsZero() {
		h.late = h.now
	}
}

// begin starts waiting attempts whose devices are free and whose job has no
// other attempt alive here. Those sent ahead come after all others, which the
// scheduler has counted: they begin when their resources are free too, and none
// before the one that came before it. Nothing starts on a lease that is out.
func (h *Hold) begin() {
	if !h.heard || !h.now.Before(h.leaseUntil) {
		return
	}
	h.ahead = 0
	for _, e := range h.order {
		switch {
		case e.phase != waiting:
		case e.task.Ahead:
			h.ahead++
		case h.room(e):
			h.launch(e)
		}
	}
	if h.ahead == 0 || h.leaving || h.unsure {
		return
	}
	for _, e := range h.order {
		if e.phase != waiting || !e.task.Ahead {
			continue
		}
		if !h.room(e) {
			return
		}
		h.launch(e)
		h.ahead--
	}
}

func (h *Hold) launch(e *entry) {
	h.occupy(e)
	e.phase = starting
	a := turno.Assignment{AttemptKey: e.key, Task: e.task}
	h.ready.Journal = append(h.ready.Journal, Record{Start: &a})
	h.ready.Start = append(h.ready.Start, a)
	h.note()
}

func (h *Hold) room(e *entry) bool {
	if h.byJob[e.key.Job] != nil {
		return false
	}
	for _, g := range e.task.GPUs {
		if h.byGPU[g] != nil {
			return false
		}
	}
	return !e.task.Ahead || h.cpus+e.task.Spec.CPUs <= h.machine.CPUs && h.memory+e.task.Spec.Memory <= h.machine.Memory
}

// report says everything that is held.
func (h *Hold) report() *turno.Report {
	h.reportSeq++
	h.lastReport, h.changed, h.late = h.now, false, time.Time{}
	if h.sent = append(h.sent, sentReport{h.reportSeq, h.now}); len(h.sent) > maxSent {
		h.sent = h.sent[1:]
	}
	r := &turno.Report{
		Worker: h.cfg.Worker, Incarnation: h.cfg.Incarnation, Seq: h.reportSeq,
		Term: h.term, SeenDesired: h.seq, Machine: h.machine, Leaving: h.leaving,
		Held: make([]turno.Hold, 0, len(h.order)),
	}
	bytes := 0
	for _, e := range h.order {
		held := turno.Hold{AttemptKey: e.key, State: stateOf(e), StartedAt: e.startedAt, EndedAt: e.endedAt, Progress: e.progress}
		if e.phase == ended {
			if bytes += len(e.result.Output) + len(e.result.Message); bytes > ResultBytes && bytes > len(e.result.Output) {
				held.State, held.EndedAt = turno.Stopping, time.Time{} // told once there is room
			} else {
				held.Result = e.result
			}
		}
		r.Held = append(r.Held, held)
	}
	return r
}

// maxSent bounds the Reports whose time of sending is remembered while no
// scheduler answers: half an hour of heartbeats is above any lease.
const maxSent = 1000

func stateOf(e *entry) turno.State {
	switch {
	case e.phase == ended:
		return e.result.State
	case e.stop != nil:
		return turno.Stopping
	case e.phase == running:
		return turno.Running
	case e.phase == waiting && e.task.Ahead:
		return turno.Queued
	}
	return turno.Starting
}
