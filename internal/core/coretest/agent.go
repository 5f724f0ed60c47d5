package coretest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"turno"
	"turno/internal/core/hold"
)

// agent is a worker's machine, with all that outlives its agent.
type agent struct {
	number      uint64
	name        string
	machine     turno.Machine
	core        *hold.Hold // nil: the agent is down
	boots       int
	incarnation string
	// Since when it is up, or its network is; and whether its disk was new then.
	up      time.Time
	blank   bool
	journal []hold.Record
	procs   []*proc
	// exits are what shims have written of processes that ended while no agent
	// was there.
	exits map[turno.AttemptKey]turno.Result
	// output of attempts that have ended: how much there is, until it is stored.
	output []hold.Stored

	// cutUntil is when its messages get through again.
	cutUntil time.Time
	// Its clock: so far off at the epoch, and so many millionths too fast.
	offset time.Duration
	drift  time.Duration
}

// proc is a live process tree.
type proc struct {
	key  turno.AttemptKey
	task *turno.Task
	gpus []string
	warm bool // ends with its agent
	// dies is when it is gone at the latest; zero: not ordered.
	dies    time.Time
	started bool // its agent has been told
	began   time.Time
	gone    bool
}

func newAgent(number uint64, name string, m turno.Machine) *agent {
	return &agent{number: number, name: name, machine: m, exits: map[turno.AttemptKey]turno.Result{}}
}

// local is what the agent's clock shows.
func (a *agent) local(t time.Time) time.Time {
	d := t.Sub(epoch)
	return t.Add(a.offset + d/million*a.drift)
}

// when is the time at which the agent's clock shows that, or a little later.
func (a *agent) when(local time.Time) time.Time {
	d := local.Sub(epoch) - a.offset
	return epoch.Add(d/(million+a.drift)*million + time.Millisecond)
}

const million = 1_000_000

// startAgent begins a new incarnation from the journal.
func (w *World) startAgent(a *agent) {
	now := a.local(w.now)
	kept, until, last := a.replay(w.now)
	a.up, a.blank = w.now, last == ""
	a.incarnation = hold.After(last, uuid7(now, w.freshSeed()))
	a.core = hold.New(hold.Config{Worker: a.name, Incarnation: a.incarnation, Heartbeat: w.times.Heartbeat}, a.machine)
	a.core.Restore(now, kept, until)
	for _, k := range kept {
		if k.Result != nil || a.find(k.AttemptKey) != nil {
			continue
		}
		exit, written := a.exits[k.AttemptKey]
		if !written {
			exit = turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost, Message: "gone"}
		}
		a.core.Ended(now, k.AttemptKey, exit)
	}
	clear(a.exits)
	for _, p := range a.procs {
		p.dies = time.Time{} // an agent is back: the shim's own end is off
	}
	w.run(a)
}

// replay reads the journal as the worker's shell does.
func (a *agent) replay(at time.Time) (kept []hold.Kept, until time.Time, incarnation string) {
	find := func(k turno.AttemptKey) int {
		return slices.IndexFunc(kept, func(x hold.Kept) bool { return x.AttemptKey == k })
	}
	for _, r := range a.journal {
		switch {
		case r.Start != nil:
			kept = append(kept, hold.Kept{Assignment: *r.Start})
		case r.End != nil:
			if i := find(r.End.AttemptKey); i >= 0 {
				kept[i].StartedAt, kept[i].EndedAt, kept[i].Result = r.End.StartedAt, r.End.EndedAt, r.End.Result
			}
		case r.Forget != nil:
			if i := find(*r.Forget); i >= 0 {
				kept = slices.Delete(kept, i, i+1)
			}
		case r.Lease != nil:
			until = a.moment(at).End(*r.Lease)
		case r.Began != nil:
			incarnation = r.Began.Incarnation
		}
	}
	return kept, until, incarnation
}

// note appends to the journal, and writes it anew when it has become long.
func (a *agent) note(records []hold.Record, at time.Time) {
	for _, r := range records {
		if r.Lease != nil {
			a.moment(at).Note(r.Lease)
		}
	}
	const most = 500 // records; the worker's shell counts bytes
	if a.journal = append(a.journal, records...); len(a.journal) <= most {
		return
	}
	kept, until, incarnation := a.replay(at)
	lease := hold.Lease{Until: until}
	a.moment(at).Note(&lease)
	a.journal = []hold.Record{{Began: &hold.Began{Incarnation: incarnation}}, {Lease: &lease}}
	for i := range kept {
		k := &kept[i]
		a.journal = append(a.journal, hold.Record{Start: &k.Assignment})
		if k.Result != nil {
			end := &hold.End{AttemptKey: k.AttemptKey, StartedAt: k.StartedAt, EndedAt: k.EndedAt, Result: k.Result}
			a.journal = append(a.journal, hold.Record{End: end})
		}
	}
}

// moment is what the machine's clocks show. Its uptime runs as wrong as its
// clock, but nobody sets it.
func (a *agent) moment(at time.Time) hold.Moment {
	local := a.local(at)
	return hold.Moment{Now: local, Up: local.Sub(epoch) - a.offset, Boot: fmt.Sprint("boot ", a.boots)}
}

// run carries out what a worker's core has ready.
func (w *World) run(a *agent) {
	if a.core == nil {
		return
	}
	r := a.core.Ready()
	a.note(r.Journal, w.now)
	for _, s := range r.Start {
		if !slices.ContainsFunc(a.machine.Offers, func(o turno.Offer) bool { return o.Serves(s.Task.Spec.Type, s.Task.Spec.Engine, s.Task.Device) }) {
			panic(fmt.Sprintf("I11: %s of type %s with engine %q is on %s, which does not offer that", s.AttemptKey, s.Task.Spec.Type, s.Task.Spec.Engine, a.name))
		}
		w.Seen["engine "+s.Task.Spec.Engine]++
		p := &proc{key: s.AttemptKey, task: s.Task, gpus: s.Task.GPUs, warm: s.Task.Spec.Type == "warm", began: w.now}
		a.procs = append(a.procs, p)
		w.newborn = append(w.newborn, p)
		w.nature.born(a, p)
	}
	for _, o := range r.Stop {
		if p := a.find(o.AttemptKey); p != nil {
			w.nature.doomed(a, p, o)
		}
	}
	for _, s := range r.Stored {
		a.output = slices.DeleteFunc(a.output, func(o hold.Stored) bool { return o.AttemptKey == s.AttemptKey && o.Bytes <= s.Bytes })
	}
	for _, k := range r.Forget {
		a.output = slices.DeleteFunc(a.output, func(o hold.Stored) bool { return o.AttemptKey == k })
	}
	if r.Report != nil {
		w.nature.carry(message{from: a, report: r.Report})
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

// die ends a process and tells its agent, if there is one. The result names the
// attempt that it is of.
func (w *World) die(a *agent, p *proc, r turno.Result) {
	p.gone = true
	a.procs = slices.DeleteFunc(a.procs, func(x *proc) bool { return x == p })
	r.Output = json.RawMessage(`"` + p.key.String() + `"`)
	if r.LogBytes > 0 {
		a.output = append(a.output, hold.Stored{AttemptKey: p.key, Bytes: r.LogBytes})
	}
	switch {
	case a.core != nil:
		a.core.Ended(a.local(w.now), p.key, r)
		w.run(a)
	case !p.warm:
		a.exits[p.key] = r
	}
}

// stopAgent kills an agent. Warm attempts end with it; commands go on until
// the lease that their shims know of is out.
func (w *World) stopAgent(a *agent) {
	if a.core == nil {
		return
	}
	a.core = nil
	_, until, _ := a.replay(w.now)
	for _, p := range slices.Clone(a.procs) {
		if p.warm {
			w.die(a, p, turno.Result{})
			continue
		}
		if end := a.when(until); p.dies.IsZero() || end.Before(p.dies) {
			p.dies = end.Add(w.times.Dying)
		}
	}
}

// powerOff takes an agent and all of its processes away.
func (a *agent) powerOff() {
	for _, p := range a.procs {
		p.gone = true
	}
	a.core, a.procs = nil, nil
	a.boots++
}
