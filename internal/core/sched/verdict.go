package sched

import (
	"fmt"
	"slices"
	"strings"

	"turno"
)

// verdict is why a shape's jobs wait, apart from their order.
type verdict struct {
	reason turno.Reason
	detail string
}

// reviewMost bounds how many jobs of a shape get a new reason written when the
// workers change; Explain is right for all of them, and each is written again
// when it becomes first in line.
const reviewMost = 1000

// verdictOf looks at all workers for a shape, once until they change.
func (s *Sched) verdictOf(sh *shape) verdict {
	if sh.verdict.reason == "" {
		sh.verdict = s.judge(sh)
	}
	return sh.verdict
}

func (s *Sched) judge(sh *shape) verdict {
	if len(s.names) == 0 {
		return verdict{turno.ReasonNoWorkers, "no worker has reported yet; start one with: turno worker"}
	}
	f := s.funnel(sh)
	switch {
	case f.could == 0 && f.starting > 0:
		return verdict{turno.ReasonNoSuchResource, "no worker can run it yet: " + f.why()}
	case f.could == 0:
		return verdict{turno.ReasonNoSuchResource, "no worker could ever run it: " + f.why()}
	case f.open == 0:
		return verdict{turno.ReasonDrained, "the workers that could run it take no jobs now: " + strings.Join(f.shut, ", ")}
	}
	return verdict{turno.ReasonPriority, "others stand before it"}
}

// reviewVerdicts looks again at every shape in line after the workers changed.
func (s *Sched) reviewVerdicts() {
	s.mustPlace = true
	for _, sh := range s.line.sorted() {
		old := sh.verdict
		sh.verdict = s.judge(sh)
		if old == sh.verdict {
			continue
		}
		jobs := slices.Clone(sh.jobs[:min(len(sh.jobs), reviewMost)])
		for _, j := range jobs {
			s.setWaiting(j, sh.verdict.reason, sh.verdict.detail)
		}
	}
}

// funnel is what becomes of all workers when a shape is held against them.
type funnel struct {
	typ     string // of the shape, for texts
	engine  string
	which   string // GPUs it asks for, for texts
	workers int
	could   int            // have what it takes
	open    int            // of these, take jobs now
	free    int            // of these, have room now
	lacks   map[string]int // what the others lack: by what, how many
	most    map[string]int64
	shut    []string
	// starting workers have a runner that has not said what it offers.
	starting int
	busy     map[string]int
	free1    map[string]int64 // the most that is free anywhere
	limit    map[string]int64
	holders  []string
}

// funnel holds a shape against every worker, in each way it can run; a worker
// counts by the way that gets furthest.
func (s *Sched) funnel(sh *shape) funnel {
	f := funnel{
		typ: sh.key.typ, engine: sh.key.engine, which: sh.key.ofWhich(), workers: len(s.names), lacks: map[string]int{}, most: map[string]int64{},
		busy: map[string]int{}, free1: map[string]int64{}, limit: map[string]int64{},
	}
	for _, name := range s.names {
		f.add(s.workers[name], sh)
	}
	return f
}

func (f *funnel) add(w *worker, sh *shape) {
	var lack obstacle
	can := false
	for _, n := range sh.needs {
		if lack = w.never(sh, n); lack.reason == "" {
			can = true
			break
		}
	}
	if !can {
		f.lacks[lack.what]++
		f.most[lack.what] = max(f.most[lack.what], lack.limit)
		if (lack.what == "type" || lack.what == "engine") && w.startsRunner(f.engine) {
			f.starting++
		}
		return
	}
	f.could++
	c := w.closed()
	if c.reason == "" {
		c = w.quarantined(sh)
	}
	if c.reason != "" {
		f.shut = append(f.shut, w.Name+closedText(w, c))
		return
	}
	f.open++
	var ob obstacle
	for _, n := range sh.needs {
		if w.never(sh, n).reason != "" {
			continue
		}
		if ob = w.busy(sh, n); ob.reason == "" {
			f.free++
			return
		}
	}
	f.busy[ob.what]++
	f.free1[ob.what] = max(f.free1[ob.what], ob.free)
	f.limit[ob.what] = max(f.limit[ob.what], ob.limit)
	f.hold(w, ob.what)
}

// holdersMost bounds the holders that are named.
const holdersMost = 5

func (f *funnel) hold(w *worker, what string) {
	jobs := slices.Clone(w.attempts)
	slices.SortFunc(jobs, func(a, b *job) int { return int(a.Number - b.Number) })
	for _, j := range jobs {
		if len(f.holders) >= holdersMost {
			return
		}
		uses := map[string]bool{"gpus": j.need.gpus > 0, "cpus": j.need.cpus > 0, "memory": j.need.memory > 0}
		if uses[what] {
			f.holders = append(f.holders, j.Display()+" on "+w.Name)
		}
	}
}

func closedText(w *worker, c obstacle) string {
	switch c.what {
	case "drained":
		return " is drained (" + w.Drain + ")"
	case "leaving":
		return " is shutting down"
	case "quarantined":
		var list []string
		for _, g := range w.Machine.GPUs {
			if g.Quarantine != "" {
				list = append(list, fmt.Sprintf("GPU %d in quarantine (%s)", g.Index, g.Quarantine))
			}
		}
		return " has " + strings.Join(list, " and ")
	}
	return " is not answering"
}

// lackOrder is the order in which lacking things are told.
var lackOrder = []string{"type", "engine", "gpus", "cpus", "memory", "name"}

// why says in words what the workers lack.
func (f *funnel) why() string {
	var parts []string
	for _, what := range lackOrder {
		if f.lacks[what] > 0 {
			parts = append(parts, f.lackText(what))
		}
	}
	if f.starting > 0 {
		parts = append(parts, f.startingText())
	}
	return strings.Join(parts, "; ")
}

func (f *funnel) startingText() string {
	return fmt.Sprintf("%d of %d workers still start a runner that may offer it", f.starting, f.workers)
}

func (f *funnel) lackText(what string) string {
	n := f.lacks[what]
	who, has, is := fmt.Sprintf("%d of %d workers", n, f.workers), "have", "are"
	if n == 1 {
		has, is = "has", "is"
	}
	if f.workers == 1 {
		who = "the only worker"
	}
	switch what {
	case "type":
		return who + " cannot run this type on this device"
	case "engine":
		return fmt.Sprintf("%s cannot run %s with the engine %s", who, f.typ, f.engine)
	case "name":
		return who + " " + is + " excluded by name"
	case "gpus":
		if f.most[what] == 0 {
			return fmt.Sprintf("%s %s none%s", who, has, f.which)
		}
		return fmt.Sprintf("%s %s too few: the most is %s%s", who, has, amount(what, f.most[what]), f.which)
	}
	return fmt.Sprintf("%s %s too little: the most is %s", who, has, amount(what, f.most[what]))
}
