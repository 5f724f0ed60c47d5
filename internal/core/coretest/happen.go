package coretest

import (
	"fmt"
	"slices"
	"time"

	"turno"
)

// happen carries out an event of the plan. What it breaks it also mends, after
// a while.
func (s *Season) happen(ev Event) {
	s.Seen["event "+ev.Kind]++
	switch ev.Kind {
	case "cancel", "hold", "release", "requeue":
		s.person(ev)
	case "drain", "maintenance", "leave", "quarantine":
		s.operator(ev)
	case "kill-scheduler", "take-over":
		s.breakScheduler(ev)
	case "kill-agent", "power-cut", "new-disk", "kill-shim", "kill-keeper":
		s.breakMachine(ev)
	case "cut", "storm", "set-clock":
		s.breakLink(ev)
	case "nothing":
	default:
		s.handInJobs(ev)
	}
}

// span is a duration from low to high, most of them short.
func (s *Season) span(ev Event, low, high time.Duration) time.Duration {
	x := float64(s.roll('s', uint64(ev.A), uint64(ev.B))%10_000) / 10_000
	return low + time.Duration(x*x*x*float64(high-low))
}

func (s *Season) one(ev Event) *agent { return s.workers[int(ev.A)%len(s.workers)] }

// person does something with a job of theirs, mostly a recent one.
func (s *Season) person(ev Event) {
	verb := map[string]turno.Verb{"cancel": turno.Cancel, "hold": turno.HoldJob, "release": turno.Release, "requeue": turno.Requeue}[ev.Kind]
	var fit []string
	for n := s.store.next - 1; n > 0 && len(fit) < 20; n-- {
		j := s.store.jobs[n]
		if j == nil || j.State.Ended() || (verb == turno.Release) != (j.State == turno.Held) {
			continue
		}
		if verb == turno.Requeue && !j.State.Active() || verb == turno.HoldJob && j.State != turno.Queued {
			continue
		}
		fit = append(fit, j.Display())
	}
	if len(fit) == 0 || s.core == nil {
		return
	}
	target := fit[int(ev.A)%len(fit)]
	if ev.B%10 == 0 { // a task of an array, perhaps one that has not started
		target += fmt.Sprintf("_%d", ev.B/10%20)
	}
	s.act(&turno.Action{User: "user", Verb: verb, Jobs: []string{target}, Force: ev.B%7 == 0})
}

func (s *Season) act(a *turno.Action) {
	if s.core == nil {
		return
	}
	for _, r := range s.scheduler().Act(s.now, a) {
		if r.Error == nil {
			s.Seen["act "+string(a.Verb)]++
		}
	}
}

// operator looks after the machines.
func (s *Season) operator(ev Event) {
	a := s.one(ev)
	switch ev.Kind {
	case "drain":
		s.drain(a, "looked at")
		s.after(s.span(ev, 10*time.Minute, 6*time.Hour), func() { s.undrain(a) })
	case "maintenance":
		s.drain(a, "maintenance")
		s.after(4*time.Hour, func() {
			s.Totals.fault("machine off for maintenance")
			s.wrecked(a)
			s.after(time.Hour, func() {
				s.machineUp(a)
				s.undrain(a)
			})
		})
	case "leave":
		if a.core != nil {
			a.core.Leave()
			s.run(a)
			s.after(s.span(ev, time.Minute, 8*time.Hour), func() {
				s.Totals.fault("agent restarted by its operator")
				s.stopAgent(a)
				s.after(5*time.Second, func() { s.agentUp(a) })
			})
		}
	case "quarantine":
		if len(a.machine.GPUs) > 0 {
			s.Totals.fault("device quarantined")
			g := int(ev.B) % len(a.machine.GPUs)
			s.setGPU(a, g, "memory is not free")
			s.after(s.span(ev, time.Hour, 24*time.Hour), func() { s.setGPU(a, g, "") })
		}
	}
}

func (s *Season) drain(a *agent, why string) {
	s.act(&turno.Action{User: "operator", Verb: turno.Drain, Workers: []string{a.name}, Message: why})
}

// undrain is tried again while no scheduler is there.
func (s *Season) undrain(a *agent) {
	if s.core == nil {
		s.after(time.Minute, func() { s.undrain(a) })
		return
	}
	s.act(&turno.Action{User: "operator", Verb: turno.Undrain, Workers: []string{a.name}})
}

// setGPU changes what an agent says of a device. Reports under way keep the
// older description.
func (s *Season) setGPU(a *agent, g int, quarantine string) {
	a.machine.GPUs = slices.Clone(a.machine.GPUs)
	a.machine.GPUs[g].Quarantine = quarantine
	if a.core != nil {
		a.core.Machine(a.machine)
		s.run(a)
	}
}

func (s *Season) breakScheduler(ev Event) {
	if s.core == nil {
		return
	}
	if ev.Kind == "kill-scheduler" {
		s.crash, s.downFor = beforeCommit+step(ev.A)%(steps-beforeCommit), s.span(ev, 2*time.Second, 30*time.Minute)
		return
	}
	s.Totals.fault("scheduler replaced")
	s.zombie = &zombie{core: s.core, until: s.now.Add(s.span(ev, time.Second, 10*time.Second))}
	s.schedulerDown(0)
	s.schedulerUp()
}

func (s *Season) breakMachine(ev Event) {
	a := s.one(ev)
	down := s.span(ev, 2*time.Second, 20*time.Minute)
	switch ev.Kind {
	case "kill-agent":
		if a.core != nil {
			s.Totals.fault("agent killed")
			s.stopAgent(a)
			s.shimsAlone(a)
			s.after(down, func() { s.agentUp(a) })
		}
	case "power-cut", "new-disk":
		s.Totals.fault("machine lost power")
		s.wrecked(a)
		// The journal is not synced: its end may be lost with the power.
		a.journal = a.journal[:max(0, len(a.journal)-int(ev.B%4))]
		if ev.Kind == "new-disk" {
			s.Totals.fault("disk replaced")
			a.journal, a.output = nil, nil
			a.offset = between(s.roll('o', uint64(ev.B)), -10*24*time.Hour, 0) // its battery was empty
			clear(a.exits)
		}
		s.after(down+time.Minute, func() { s.machineUp(a) })
	case "kill-shim", "kill-keeper":
		for i, p := range slices.Clone(a.procs) {
			if !p.warm && (ev.Kind == "kill-keeper" && len(p.gpus) == 0 || i == int(ev.B)%len(a.procs)) {
				s.Totals.fault("shim or keeper killed")
				s.exit(a, p, turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost, Message: "the process that watched over it was killed"})
			}
		}
	}
}

// shimsAlone has commands end when no agent comes back within their lease.
func (s *Season) shimsAlone(a *agent) {
	for _, p := range a.procs {
		at := p.dies
		s.at(at, func() {
			if !p.gone && p.dies.Equal(at) {
				s.Totals.fault("command ended by its shim")
				s.exit(a, p, turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost, Message: "its worker was gone for longer than the lease"})
			}
		})
	}
}

func (s *Season) wrecked(a *agent) {
	for _, p := range a.procs {
		s.Totals.ran(p, s.now, false)
	}
	a.powerOff()
}

func (s *Season) machineUp(a *agent) { s.agentUp(a) }

func (s *Season) agentUp(a *agent) {
	if a.core == nil {
		s.startAgent(a)
	}
}

func (s *Season) breakLink(ev Event) {
	a := s.one(ev)
	switch ev.Kind {
	case "cut":
		s.Totals.fault("worker cut off")
		a.cutUntil = later(a.cutUntil, s.now.Add(s.span(ev, 5*time.Second, 25*time.Minute)))
	case "storm":
		s.Totals.fault("bad network")
		s.storm = later(s.storm, s.now.Add(s.span(ev, time.Minute, 2*time.Hour)))
	case "set-clock":
		if a.core == nil {
			return
		}
		s.Totals.fault("clock set while its agent is down")
		s.stopAgent(a)
		s.setClock(a, s.roll(uint64(ev.B)))
		s.shimsAlone(a)
		s.after(s.span(ev, 2*time.Second, 10*time.Minute), func() { s.agentUp(a) })
		if ev.B%2 == 0 { // and its network is not there at once
			a.cutUntil = later(a.cutUntil, s.now.Add(s.span(ev, 10*time.Minute, 40*time.Minute)))
		}
	}
}

// setClock puts a clock up to two hours wrong.
func (s *Season) setClock(a *agent, chance uint64) {
	a.offset = between(s.roll('o', chance), -2*time.Hour, 2*time.Hour)
}

// rest ends all faults and lets the world go on until every job has ended, and
// nothing of any is left anywhere.
func (s *Season) rest() error {
	s.fair, s.crash = true, nowhere
	s.schedulerUp()
	for _, a := range s.workers {
		a.cutUntil = time.Time{}
		s.agentUp(a)
		s.undrain(a)
		for g := range a.machine.GPUs {
			s.setGPU(a, g, "")
		}
	}
	const patience = 10 * 24 * time.Hour // longer than the work that is left
	end := s.now.Add(patience)
	for s.now.Before(end) {
		s.letGo()
		quiet := func() bool { return s.core != nil && s.core.Live() == 0 && s.allTaken() }
		if err := s.until(s.now.Add(time.Hour), quiet); err != nil {
			return err
		}
		if quiet() {
			break
		}
	}
	if s.core == nil || s.core.Live() > 0 {
		return fmt.Errorf("I8: %d jobs have not ended: %s", s.core.Live(), s.unfinished())
	}
	if err := s.until(s.now.Add(10*time.Minute), nil); err != nil {
		return err
	}
	return s.checkQuiet()
}

func (s *Season) allTaken() bool {
	return !slices.ContainsFunc(s.queue, func(q *submission) bool { return !q.taken })
}

// checkHeard is I14. A new disk knows no earlier incarnation; with a wrong clock
// it may have to wait until the worker that it was is given up.
func (s *Season) checkHeard() error {
	calm := later(s.led, s.storm)
	for _, a := range s.workers {
		patience := 4 * s.times.Heartbeat
		if a.blank {
			patience += s.times.Lease + s.times.Margin
		}
		since := later(calm, later(a.up, a.cutUntil))
		if s.core == nil || a.core == nil || s.now.Sub(since) < patience {
			continue
		}
		if known := s.store.workers[a.name]; known.Incarnation != a.incarnation {
			return fmt.Errorf("%s: I14: %s reports as %s since %s and is known as %s, which is %s",
				s.day(), a.name, a.incarnation, a.up.Format(time.DateTime), known.Incarnation, known.State)
		}
	}
	return nil
}

// letGo releases what is held and cancels what can never run.
func (s *Season) letGo() {
	for n := int64(1); n < s.store.next; n++ {
		switch j := s.store.jobs[n]; {
		case j == nil || j.State.Ended():
		case j.State == turno.Held:
			s.act(&turno.Action{Verb: turno.Release, Jobs: []string{j.Display()}})
		case impossible(j):
			s.act(&turno.Action{Verb: turno.Cancel, Jobs: []string{j.Display()}})
		}
	}
}

// checkQuiet is for when all has ended: nothing runs, is held or booked.
func (s *Season) checkQuiet() error {
	for _, a := range s.workers {
		kept, _, _ := a.replay(s.now)
		if len(a.procs)+len(kept)+len(a.output) > 0 || !a.core.Idle() {
			return fmt.Errorf("%s still has %d processes, %d attempts in its journal, output of %d; its core is idle: %t",
				a.name, len(a.procs), len(kept), len(a.output), a.core.Idle())
		}
	}
	for _, x := range s.core.Workers(s.now) {
		if x.CPUsUsed != 0 || x.MemoryUsed != 0 || len(x.GPUsUsed) != 0 || x.JobCount != 0 || x.State != turno.WorkerReady {
			return fmt.Errorf("%s is %s and has %s CPUs, %d bytes, GPUs %v and %d jobs booked", x.Name, x.State, x.CPUsUsed, x.MemoryUsed, x.GPUsUsed, x.JobCount)
		}
	}
	for id := range s.jobs {
		if !s.answered[id] {
			return fmt.Errorf("whoever handed in %s was never answered", id)
		}
	}
	return s.checkTold()
}
