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
package coretest

import (
	"fmt"
	"slices"
	"time"

	"turno"
	"turno/internal/core/hold"
	"turno/internal/core/policy/all"
	"turno/internal/core/sched"
)

// Times of the world: a lease of some heartbeats, so that walks cross it
// often.
const (
	lease     = 10 * time.Second
	margin    = 3 * time.Second
	silence   = 3 * time.Second
	heartbeat = time.Second
	// ahead lets jobs wait on workers, though they run for a second here.
	ahead = 2 * time.Second
	// dying is how long an agent needs at most to end a tree after its grace:
	// what Margin is there for.
	dying = time.Second
)

// World is one run. Not safe for concurrent use.
type World struct {
	now   time.Time
	term  uint64
	store store
	core  *sched.Sched // nil: the scheduler is down

	workers []*agent
	wire    []message
	ids     uint64
	last    *turno.Spec // handed in

	told map[string]int64 // accepted and told
	ends map[int64]string // how each ended job was first seen to end
	// changed are the jobs committed since the last check.
	changed []int64
	depends []int64 // of them, those that have just started

	Events int // operations carried out
	Seen   map[string]int
}

// message is under way: a report or a desired.
type message struct {
	to      *agent // nil: to the scheduler
	report  *turno.Report
	desired *turno.Desired
}

// store is what was committed.
type store struct {
	next    int64
	jobs    map[int64]*turno.Job
	workers map[string]turno.Worker
}

// agent is a worker's machine.
type agent struct {
	name    string
	machine turno.Machine
	starts  int
	core    *hold.Hold // nil: the agent is down
	journal []hold.Record
	procs   []*proc
	// cutUntil is when its messages get through again.
	cutUntil time.Time
}

// proc is a live process tree.
type proc struct {
	key  turno.AttemptKey
	gpus []string
	warm bool // ends with its agent
	// dies is when it is gone at the latest; zero: not ordered.
	dies    time.Time
	started bool // its agent has been told
}

// New is a world with workers of some CPUs and GPUs and no job.
func New(workers int, order string) *World {
	w := &World{
		now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), told: map[string]int64{}, ends: map[int64]string{},
		store: store{next: 1, jobs: map[int64]*turno.Job{}, workers: map[string]turno.Worker{}},
		Seen:  map[string]int{},
	}
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
		w.workers = append(w.workers, &agent{name: name, machine: m})
	}
	w.startScheduler(order)
	for _, a := range w.workers {
		w.startAgent(a)
	}
	return w
}

// startScheduler begins a new term from the store.
func (w *World) startScheduler(order string) {
	o, _ := all.Find(order)
	w.term++
	w.core = sched.New(sched.Config{Term: w.term, Lease: lease, Margin: margin, Silence: silence, Order: o, Ahead: ahead})
	var jobs []*turno.Job
	var known sched.Known
	for n := int64(1); n < w.store.next; n++ {
		j := w.store.jobs[n]
		if j == nil {
			continue
		}
		if j.State.Ended() {
			known = append(known, j)
		} else {
			jobs = append(jobs, clone(j))
		}
	}
	var records []turno.Worker
	for _, a := range w.workers {
		if r, ok := w.store.workers[a.name]; ok {
			records = append(records, r)
		}
	}
	w.core.Restore(w.now, w.store.next, records, jobs)
	w.core.Resume(w.now, known)
}

// clone copies what the core writes to.
func clone(j *turno.Job) *turno.Job {
	c := *j
	c.Attempts = slices.Clone(j.Attempts)
	if j.Tasks != nil {
		t := *j.Tasks
		t.Ended = map[turno.State]int{}
		for _, st := range turno.States {
			if n := j.Tasks.Ended[st]; n > 0 {
				t.Ended[st] = n
			}
		}
		c.Tasks = &t
	}
	return &c
}

// flush lets the scheduler commit and send; crash is where it dies meanwhile:
// 0 nowhere, 1 before the commit, 2 after it and before anything is sent.
func (w *World) flush(crash int) {
	if w.core == nil {
		return
	}
	for {
		r := w.core.Ready()
		if r.Empty() {
			return
		}
		if crash == 1 {
			w.core = nil
			return
		}
		w.commit(&r)
		if crash == 2 {
			w.core = nil
			return
		}
		for i := range r.Desired {
			d := r.Desired[i]
			w.send(message{to: w.agent(d.Worker), desired: &d})
		}
		for _, k := range r.Ended {
			w.core.LogStored(w.now, k, 1<<40)
		}
	}
}

func (w *World) commit(r *sched.Ready) {
	w.store.next = r.Next
	for _, c := range r.Jobs {
		if c.Job.State == turno.Starting && c.Job.Attempt == 1 && c.Job.Parent == 0 {
			w.depends = append(w.depends, c.Job.Number)
		}
		w.sawAhead(w.store.jobs[c.Job.Number], c.Job)
		w.store.jobs[c.Job.Number] = clone(c.Job)
		w.changed = append(w.changed, c.Job.Number)
		w.Seen["state "+string(c.Job.State)]++
		w.Seen["reason "+string(c.Job.Reason)]++
	}
	for _, x := range r.Workers {
		w.store.workers[x.Name] = x
	}
}

// sawAhead counts what becomes of jobs that are sent ahead of the room for them.
func (w *World) sawAhead(old, j *turno.Job) {
	a := j.Current()
	switch {
	case a == nil:
	case a.Ahead && j.State == turno.Starting:
		w.Seen["ahead sent"]++
	case old != nil && old.Current() != nil && old.Current().Ahead && !a.Ahead && a.Number == old.Attempt:
		w.Seen["ahead begun"]++
	case a.Ahead && j.State == turno.Queued:
		w.Seen["ahead back in line"]++
	}
}

func (w *World) agent(name string) *agent {
	i := slices.IndexFunc(w.workers, func(a *agent) bool { return a.name == name })
	return w.workers[i]
}

// maxWire bounds what is under way; more is dropped, as a full queue does.
const maxWire = 24

func (w *World) send(m message) {
	a := m.to
	if a == nil {
		a = w.agent(m.report.Worker)
	}
	if w.now.Before(a.cutUntil) {
		return
	}
	if len(w.wire) < maxWire {
		w.wire = append(w.wire, m)
	}
}

func (w *World) deliver(m message) {
	switch {
	case m.to == nil && w.core != nil:
		w.core.Report(w.now, m.report)
	case m.to != nil && m.to.core != nil:
		m.to.core.Desired(w.now, m.desired)
		w.run(m.to)
	}
}

// startAgent begins a new incarnation from the journal.
func (w *World) startAgent(a *agent) {
	a.starts++
	a.core = hold.New(hold.Config{Worker: a.name, Incarnation: fmt.Sprintf("%06d", a.starts), Heartbeat: heartbeat}, a.machine)
	kept, until := replay(a.journal)
	a.core.Restore(w.now, kept, until)
	for _, k := range kept {
		if k.Result == nil && a.find(k.AttemptKey) == nil {
			a.core.Ended(w.now, k.AttemptKey, turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost, Message: "gone"})
		}
	}
	for _, p := range a.procs {
		p.dies = time.Time{} // an agent is back: the shim's own end is off
	}
	w.run(a)
}

// replay reads a journal as the worker's shell does.
func replay(records []hold.Record) ([]hold.Kept, time.Time) {
	var kept []hold.Kept
	var until time.Time
	at := func(k turno.AttemptKey) int {
		return slices.IndexFunc(kept, func(x hold.Kept) bool { return x.AttemptKey == k })
	}
	for _, r := range records {
		switch {
		case r.Start != nil:
			kept = append(kept, hold.Kept{Assignment: *r.Start})
		case r.End != nil:
			if i := at(r.End.AttemptKey); i >= 0 {
				kept[i].StartedAt, kept[i].EndedAt, kept[i].Result = r.End.StartedAt, r.End.EndedAt, r.End.Result
			}
		case r.Forget != nil:
			if i := at(*r.Forget); i >= 0 {
				kept = slices.Delete(kept, i, i+1)
			}
		case r.Lease != nil:
			until = r.Lease.Until
		}
	}
	return kept, until
}

// run carries out what a worker's core has ready.
func (w *World) run(a *agent) {
	if a.core == nil {
		return
	}
	r := a.core.Ready()
	a.journal = append(a.journal, r.Journal...)
	for _, s := range r.Start {
		if !slices.ContainsFunc(a.machine.Offers, func(o turno.Offer) bool { return o.Serves(s.Task.Spec.Type, s.Task.Spec.Engine, s.Task.Device) }) {
			panic(fmt.Sprintf("I11: %s of type %s with engine %q is on %s, which does not offer that", s.AttemptKey, s.Task.Spec.Type, s.Task.Spec.Engine, a.name))
		}
		w.Seen["engine "+s.Task.Spec.Engine]++
		a.procs = append(a.procs, &proc{key: s.AttemptKey, gpus: s.Task.GPUs, warm: s.Task.Spec.Type == "warm"})
	}
	for _, o := range r.Stop {
		if p := a.find(o.AttemptKey); p != nil {
			if at := w.now.Add(o.Grace + dying); p.dies.IsZero() || at.Before(p.dies) {
				p.dies = at
			}
		}
	}
	if r.Report != nil {
		w.send(message{report: r.Report})
	}
}

func (a *agent) find(k turno.AttemptKey) *proc {
	for _, p := range a.procs {
		if p.key == k {
			return p
		}
	}
	return nil
}

// die ends a process and tells its agent, if there is one.
func (w *World) die(a *agent, p *proc, r turno.Result) {
	a.procs = slices.DeleteFunc(a.procs, func(x *proc) bool { return x == p })
	if a.core != nil {
		a.core.Ended(w.now, p.key, r)
		w.run(a)
	}
}

// stopAgent kills an agent. Warm attempts end with it; commands go on until
// the lease that their shims know of is out.
func (w *World) stopAgent(a *agent) {
	if a.core == nil {
		return
	}
	a.core = nil
	_, until := replay(a.journal)
	for _, p := range slices.Clone(a.procs) {
		if p.warm {
			w.die(a, p, turno.Result{})
			continue
		}
		if p.dies.IsZero() || until.Before(p.dies) {
			p.dies = until.Add(dying)
		}
	}
}

// advance lets time pass, in steps that stop wherever something is due.
func (w *World) advance(d time.Duration) {
	end := w.now.Add(d)
	for w.now.Before(end) {
		step := w.now.Add(heartbeat / 2)
		if step.After(end) {
			step = end
		}
		w.now = step
		for _, a := range w.workers {
			for _, p := range slices.Clone(a.procs) {
				if !p.dies.IsZero() && !p.dies.After(w.now) {
					w.die(a, p, turno.Result{State: turno.Cancelled, Reason: turno.ReasonCancelled, Message: "ended"})
				}
			}
			if a.core != nil {
				a.core.Tick(w.now)
				w.run(a)
			}
		}
		if w.core != nil {
			w.core.Tick(w.now)
			w.flush(0)
		}
	}
}
