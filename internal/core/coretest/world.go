// Package coretest puts both cores into a small world with a faulty network, a
// store, processes, and restarts of everything, and checks after every event
// what must always hold. A run is a list of operations; every part of a list
// is a run too, so a failure shrinks to a few lines that anyone can replay.
//
// The invariants, each checked after every operation:
//
//	I1 No device is used by two live attempts.
//	I2 No job is alive twice, wherever.
//	I3 A job that has ended stays as it ended.
//	I4 What is booked on a worker is what its attempts hold (Sched.Check).
//	I5 An ended job's result is that of its last attempt.
//	I6 No state is without a reason.
//	I7 A job whose acceptance was told is in the store.
//	I8 After the faults have stopped, every job ends.
//	I9 No job starts before what it depends on has ended as it must.
//	I10 Nothing that fits and may start is left waiting (Sched.Check).
//	I11 No attempt is on a worker that does not offer its type with its engine.
//	I12 The times of a job and of its attempts are in order, and none is to come.
//	I13 A result that was published is in the store.
//	I14 A worker that reports is heard (in a Season).
//
// A walk is short and wild: any operation may follow any other. A Season is
// long and as a lab is: a month of jobs, people, nights and faults.
package coretest

import (
	"fmt"
	"slices"
	"time"

	"turno"
	"turno/internal/core/hold"
	"turno/internal/core/sched"
)

// Times of a world.
type Times struct {
	Lease, Margin, Silence, Heartbeat, Ahead time.Duration
	// Dying is how long an agent needs at most to end a tree after its grace:
	// what Margin is there for.
	Dying time.Duration
}

// quick is for walks: a lease of some heartbeats, so that they cross it often.
// Jobs wait ahead on workers, though they run for a second here.
var quick = Times{
	Lease: 10 * time.Second, Margin: 3 * time.Second, Silence: 3 * time.Second, Heartbeat: time.Second,
	Ahead: 2 * time.Second, Dying: time.Second,
}

// World is one run. Not safe for concurrent use.
type World struct {
	times  Times
	nature nature

	now   time.Time
	term  uint64
	store store
	core  *sched.Sched // nil: the scheduler is down
	asked bool         // it had an input since it was checked
	post  post         // of the scheduler, for its next flush

	workers []*agent
	starts  uint64    // of agents
	wire    []message // of a walk
	ids     uint64
	last    *turno.Spec // handed in

	answered map[string]bool     // those who handed in a job, by its id
	told     map[string]int64    // of them, those who were told that it is accepted
	ends     map[int64]turno.Job // how each ended job was first seen to end
	// changed are the jobs committed since the last check.
	changed []int64
	depends []int64        // of them, those that have just started
	newborn []*proc        // since the last check
	held    map[int64]bool // that were held at any time

	Events int // operations carried out
	Seen   map[string]int
}

// nature is what decides when things come to pass that parts of a world have
// set off.
type nature interface {
	// carry takes a message under way.
	carry(m message)
	// born is told of a new process, doomed of one that is ordered to end.
	born(a *agent, p *proc)
	doomed(a *agent, p *proc, o hold.Order)
}

// message is under way: a report, a desired, or output for the store.
type message struct {
	from    *agent
	to      *agent // nil: to the scheduler
	report  *turno.Report
	desired *turno.Desired
	output  []hold.Stored
}

// newWorld has no workers and no scheduler yet.
func newWorld(t Times) *World {
	return &World{
		times: t, now: epoch, answered: map[string]bool{}, told: map[string]int64{}, ends: map[int64]turno.Job{}, Seen: map[string]int{}, held: map[int64]bool{},
		store: newStore(),
	}
}

// epoch is when a world begins: a Monday, at midnight.
var epoch = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// New is a world with workers of some CPUs and GPUs and no job, where things
// happen when an operation says so.
func New(workers int, order string) *World {
	w := newWorld(quick)
	w.nature = w
	for i := range workers {
		name := fmt.Sprintf("w%d", i)
		m := turno.Machine{Hostname: name, CPUs: 4 * turno.CPU, Memory: 8 << 30, Offers: []turno.Offer{
			{Type: "exec", Devices: []turno.Device{turno.DeviceCPU, turno.DeviceGPU}},
			{Type: "warm", Devices: []turno.Device{turno.DeviceCPU, turno.DeviceGPU}},
		}}
		if i%2 == 0 { // of the first, too, so that each job has a place
			m.Offers = append(m.Offers, turno.Offer{Type: "warm", Engine: "torch", Devices: []turno.Device{turno.DeviceCPU}})
		}
		for g := range i % 3 {
			m.GPUs = append(m.GPUs, turno.GPU{Index: g, UUID: fmt.Sprintf("%s-gpu%d", name, g), Model: "model", Memory: 16 << 30})
		}
		w.workers = append(w.workers, newAgent(uint64(i), name, m))
	}
	w.startScheduler(order)
	for _, a := range w.workers {
		w.startAgent(a)
	}
	return w
}

// scheduler is the core for an input.
func (w *World) scheduler() *sched.Sched {
	w.asked = true
	return w.core
}

// freshSeed is another number each time.
func (w *World) freshSeed() uint64 {
	w.starts++
	return w.starts
}

func (w *World) agent(name string) *agent {
	i := slices.IndexFunc(w.workers, func(a *agent) bool { return a.name == name })
	return w.workers[i]
}

// maxWire bounds what is under way; more is dropped, as a full queue does.
const maxWire = 24

// carry lays a message on the wire of a walk, until an operation takes it up.
func (w *World) carry(m message) {
	a := m.to
	if a == nil {
		a = m.from
	}
	if w.now.Before(a.cutUntil) {
		return
	}
	if len(w.wire) < maxWire {
		w.wire = append(w.wire, m)
	}
}

// born leaves a process of a walk to its operations.
func (w *World) born(*agent, *proc) {}

// doomed lets a process of a walk be gone when its grace is over.
func (w *World) doomed(a *agent, p *proc, o hold.Order) {
	if at := w.now.Add(o.Grace + w.times.Dying); p.dies.IsZero() || at.Before(p.dies) {
		p.dies = at
	}
}

func (w *World) deliver(m message) {
	switch {
	case m.to != nil && m.to.core != nil:
		m.to.core.Desired(m.to.local(w.now), m.desired)
		w.run(m.to)
	case m.to != nil || w.core == nil:
	case m.report != nil:
		w.scheduler().Report(w.now, m.report)
	default:
		for _, o := range m.output {
			w.store.output[o.AttemptKey] = max(w.store.output[o.AttemptKey], o.Bytes)
			w.scheduler().LogStored(w.now, o.AttemptKey, o.Bytes)
		}
	}
}

// advance lets time pass in a walk, in steps that stop wherever something is
// due.
func (w *World) advance(d time.Duration) {
	end := w.now.Add(d)
	for w.now.Before(end) {
		step := w.now.Add(w.times.Heartbeat / 2)
		if step.After(end) {
			step = end
		}
		w.now = step
		for _, a := range w.workers {
			for _, p := range slices.Clone(a.procs) {
				if !p.dies.IsZero() && !p.dies.After(w.now) {
					w.die(a, p, ended)
				}
			}
			if a.core != nil {
				a.core.Tick(a.local(w.now))
				w.run(a)
			}
		}
		if w.core != nil {
			w.scheduler().Tick(w.now)
			w.flush(nowhere)
		}
	}
}

// ended is what comes of a process that was ordered to end.
var ended = turno.Result{State: turno.Cancelled, Reason: turno.ReasonCancelled, Message: "ended"}
