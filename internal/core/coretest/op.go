package coretest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"turno"
)

// Op is one operation. A and B choose among what there is, modulo its number,
// so that every list of operations is a run.
type Op struct {
	Kind Kind
	A, B uint16
}

// Kind of an operation.
type Kind uint8

// What can happen.
const (
	Submit Kind = iota
	Deliver
	Drop
	Repeat
	Act
	End     // a process ends by itself
	Begin   // an agent learns that a process runs
	Advance // time passes
	Flush   // the scheduler commits and sends
	CrashScheduler
	StartScheduler
	CrashAgent // kill -9 of the agent alone
	CrashMachine
	StartAgent
	WipeJournal // of an agent that is down, with its processes: a new disk
	Cut         // nothing reaches or leaves a worker for a while
	Update      // of what a job asks for
	kinds
)

var kindNames = []string{
	"submit", "deliver", "drop", "repeat", "act", "end", "begin", "advance", "flush", "crash-scheduler",
	"start-scheduler", "crash-agent", "crash-machine", "start-agent", "wipe-journal", "cut", "update",
}

func (o Op) String() string { return fmt.Sprintf("%s %d %d", kindNames[o.Kind], o.A, o.B) }

// ParseOps reads a scenario: one operation a line; # begins a comment.
func ParseOps(text string) ([]Op, error) {
	var ops []Op
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		var name string
		var o Op
		if _, err := fmt.Sscan(line, &name, &o.A, &o.B); err != nil {
			return nil, fmt.Errorf("%q is not an operation: %w", strings.TrimSpace(line), err)
		}
		i := slices.Index(kindNames, name)
		if i < 0 {
			return nil, fmt.Errorf("%q is not an operation", name)
		}
		o.Kind = Kind(i)
		ops = append(ops, o)
	}
	return ops, nil
}

// Do carries out one operation and checks the invariants.
func (w *World) Do(o Op) error {
	w.Events++
	w.Seen["op "+kindNames[o.Kind]]++
	w.do(o)
	if o.Kind != Flush && o.Kind != CrashScheduler && o.B%3 != 0 {
		w.flush(nowhere)
	}
	if err := w.Check(); err != nil {
		return fmt.Errorf("after %s: %w", o, err)
	}
	return nil
}

func (w *World) do(o Op) {
	switch o.Kind {
	case Submit:
		w.submit(o)
	case Deliver, Drop, Repeat:
		w.network(o)
	case Act:
		w.act(o)
	case Update:
		w.update(o)
	case End, Begin:
		w.process(o)
	case Advance:
		// Mostly short; one in eight crosses silences and leases.
		d := time.Duration(o.A%2000) * time.Millisecond
		if o.B%8 == 0 {
			d = time.Duration(o.A%20) * time.Second
		}
		w.advance(d)
	case Flush:
		w.flush(nowhere)
	case CrashScheduler:
		w.flush(step(o.A % 3))
		w.core = nil
	case StartScheduler:
		if w.core == nil {
			w.startScheduler([]string{"fair", "fifo"}[o.A%2])
		}
	default:
		w.machines(o)
	}
}

func (w *World) machines(o Op) {
	a := w.workers[int(o.A)%len(w.workers)]
	switch o.Kind {
	case CrashAgent:
		w.stopAgent(a)
	case CrashMachine:
		a.powerOff()
	case StartAgent:
		if a.core == nil {
			w.startAgent(a)
		}
	case WipeJournal:
		if a.core == nil {
			a.powerOff()
			a.journal = nil
			clear(a.exits)
		}
	case Cut:
		a.cutUntil = w.now.Add(time.Duration(o.B%40) * time.Second)
	}
}

// maxLive bounds the world, so that its checks stay cheap.
const maxLive = 16

func (w *World) submit(o Op) {
	if w.core == nil || w.core.Live() >= maxLive {
		return
	}
	w.ids++
	spec := w.spec(o)
	id := fmt.Sprintf("00000000-0000-7000-8000-%012d", w.ids)
	if o.B%11 == 10 && w.ids > 1 { // the same again
		w.ids--
		if o.A%5 != 0 { // else another job by the same id
			spec = w.last
		}
		id = fmt.Sprintf("00000000-0000-7000-8000-%012d", w.ids)
	}
	w.last = spec
	w.handIn([]turno.NewJob{{ID: id, Spec: spec}})
	crash := nowhere
	if o.B%13 == 12 {
		crash = step(o.A % 3)
	}
	w.flush(crash)
}

// spec makes a job of many kinds.
func (w *World) spec(o Op) *turno.Spec {
	s := &turno.Spec{
		Type: []string{"exec", "warm"}[o.A%2], CPUs: turno.MilliCPU(o.A/2%5+1) * turno.CPU, Priority: int(o.A / 16 % 3),
		Retries: int(o.A / 64 % 3), Backoff: turno.Duration(time.Second), NoRequeue: o.A%7 == 0, Hold: o.B%19 == 1,
	}
	switch o.B % 5 {
	case 1:
		s.Device, s.GPUs = turno.DeviceGPU, int(o.A%2)+1
	case 2:
		s.Device = turno.DeviceAny
	}
	if s.Type == "warm" && s.Device == "" && o.B%11 == 3 {
		s.Engine = "torch"
	}
	switch o.B / 5 % 8 {
	case 1:
		s.Array = &turno.Array{Tasks: turno.Ranges{{First: 0, Last: int(o.A % 5), Step: 1}}, Limit: int(o.A % 3)}
	case 2, 3:
		if n := w.store.next - 1; n > 0 {
			ref := fmt.Sprint(1 + int64(o.A)%n)
			if o.A%5 == 0 {
				ref += "_1"
			}
			s.After = []turno.Dependency{{Job: ref, When: []turno.Condition{turno.AfterOK, turno.AfterAny, turno.AfterNotOK}[o.A%3]}}
		}
	case 4:
		s.TimeLimit = turno.Duration(time.Duration(o.A%30+1) * time.Second)
	case 5:
		s.Begin = w.now.Add(time.Duration(o.A%5) * time.Second)
	case 6:
		s.Deadline = w.now.Add(time.Duration(o.A%20+1) * time.Second)
	}
	s.Normalize()
	s.Grace = turno.Duration(o.A%3) * turno.Duration(time.Second)
	return s
}

func (w *World) network(o Op) {
	if len(w.wire) == 0 {
		return
	}
	i := int(o.A) % len(w.wire)
	if o.B%4 != 0 {
		i = 0 // mostly in order
	}
	m := w.wire[i]
	if o.Kind != Repeat {
		w.wire = slices.Delete(w.wire, i, i+1)
	}
	if o.Kind != Drop {
		w.deliver(m)
	}
}

func (w *World) act(o Op) {
	if w.core == nil {
		return
	}
	a := &turno.Action{User: "test", Force: o.B%5 == 0}
	verbs := []turno.Verb{turno.Cancel, turno.HoldJob, turno.Release, turno.Requeue, turno.Drain, turno.Undrain}
	a.Verb = verbs[int(o.B/5)%len(verbs)]
	if a.Verb == turno.Drain || a.Verb == turno.Undrain {
		a.Workers = []string{w.workers[int(o.A)%len(w.workers)].name}
	} else {
		ref := fmt.Sprint(max(1, w.store.next-1-int64(o.A%12)))
		if o.A%9 == 0 {
			ref += fmt.Sprintf("_%d", o.A%4)
		}
		a.Jobs = []string{ref}
	}
	for _, r := range w.scheduler().Act(w.now, a) {
		if r.Error == nil {
			w.Seen["act "+string(a.Verb)]++
		}
	}
}

// update changes a job, mostly one of the newest, or a task.
func (w *World) update(o Op) {
	if w.core == nil {
		return
	}
	c, n := &turno.SpecChange{}, int(o.B/8)
	switch o.B % 7 {
	case 0:
		c.Priority = new(n % 3)
	case 1:
		c.CPUs = new(turno.MilliCPU(n%5+1) * turno.CPU)
	case 2:
		c.TimeLimit = new(turno.Duration(time.Duration(n%30) * time.Second))
	case 3:
		c.Begin = new(w.now.Add(time.Duration(n%5) * time.Second))
	case 4:
		c.Begin, c.Deadline = new(time.Time), new(w.now.Add(time.Duration(n%40+1)*time.Second))
	case 5:
		c.Limit = new(n % 3)
	default:
		c.Retries, c.Deadline = new(n%3), new(time.Time)
	}
	ref := fmt.Sprint(max(1, w.store.next-1-int64(o.A%12)))
	if o.A%7 == 0 {
		ref += fmt.Sprintf("_%d", o.A%4)
	}
	for _, r := range w.scheduler().Act(w.now, &turno.Action{Verb: turno.Update, User: "test", Jobs: []string{ref}, Change: c}) {
		if r.Error == nil {
			w.Seen["act update"]++
		}
	}
}

func (w *World) process(o Op) {
	var all []*proc
	var at []*agent
	for _, a := range w.workers {
		for _, p := range a.procs {
			all, at = append(all, p), append(at, a)
		}
	}
	if len(all) == 0 {
		return
	}
	i := int(o.A) % len(all)
	p, a := all[i], at[i]
	if o.Kind == Begin {
		if a.core != nil && !p.started {
			p.started = true
			a.core.Started(a.local(w.now), p.key)
			w.run(a)
		}
		return
	}
	r := turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted, ExitCode: int(o.B)}
	switch o.B % 4 {
	case 1:
		r.State, r.Reason, r.Retryable = turno.Failed, turno.ReasonExitCode, true
	case 2:
		r.State, r.Reason = turno.Failed, turno.ReasonSetupFailed
	}
	if o.B%7 == 0 {
		r.LogBytes = 10
	}
	w.die(a, p, r)
}
