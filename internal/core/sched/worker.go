package sched

import (
	"slices"
	"strings"
	"time"

	"turno"
)

// worker is a machine that has reported, or that the store knows.
type worker struct {
	turno.Worker // the record; the fields of use are filled by view

	leaving    bool
	reportSeq  uint64 // newest Report of this incarnation
	lastReport time.Time
	reported   bool // in this term

	attempts []*job   // active on it, in no order that is shown
	ending   []ending // ended and accepted, their output not yet stored
	// relieved are attempts that the newest Report showed ended and whose end is
	// known: the worker holds them until it hears so.
	relieved map[turno.AttemptKey]bool
	ahead    []*job        // of the attempts, those that wait there, in order
	pace     time.Duration // how long attempts lately ran: see keepPace
	cpus     turno.MilliCPU
	memory   int64
	holders  map[string]*job // by GPU
	models   []string        // of its GPUs, in lower case

	dirty  bool
	record bool // the record is to be written
	answer bool // a Desired is to be sent
}

// ending is an attempt whose end is accepted but whose output is not stored
// to its end: the worker keeps it until then.
type ending struct {
	turno.AttemptKey
	bytes  int64
	stored int64 // -1: not known yet
}

// view is the record with its use; most bounds the list of jobs.
func (w *worker) view(s *Sched, most int) turno.Worker {
	v := w.Worker
	v.CPUsUsed, v.MemoryUsed, v.JobCount, v.SeenAt = w.cpus, w.memory, len(w.attempts), w.lastReport
	v.GPUsUsed, v.Jobs = nil, nil
	for _, g := range w.Machine.GPUs {
		if w.holders[g.UUID] != nil {
			v.GPUsUsed = append(v.GPUsUsed, g.UUID)
		}
	}
	for _, j := range w.attempts[:min(most, len(w.attempts))] {
		v.Jobs = append(v.Jobs, j.Display())
	}
	return v
}

// take gives the worker an attempt, and books what it needs if there is room;
// gpus are chosen by pick.
func (w *worker) take(j *job, n need, gpus []string) {
	j.worker, j.need, j.workerPos = w, n, len(w.attempts)
	w.attempts = append(w.attempts, j)
	if j.ahead {
		w.ahead = append(w.ahead, j)
		return
	}
	w.book(j, gpus)
}

func (w *worker) book(j *job, gpus []string) {
	w.cpus += j.need.cpus
	w.memory += j.need.memory
	for _, g := range gpus {
		if w.holders[g] != nil {
			panic("sched: GPU " + g + " is held by job " + w.holders[g].Display() + " and would go to " + j.Display())
		}
		w.holders[g] = j
	}
}

// give frees what an attempt held.
func (w *worker) give(j *job) {
	if j.ahead {
		w.unqueue(j)
	} else {
		w.cpus -= j.need.cpus
		w.memory -= j.need.memory
		for _, g := range j.Current().GPUs {
			delete(w.holders, g)
		}
	}
	last := len(w.attempts) - 1
	w.attempts[j.workerPos] = w.attempts[last]
	w.attempts[j.workerPos].workerPos = j.workerPos
	w.attempts[last] = nil
	w.attempts = w.attempts[:last]
	j.worker, j.stop, j.confirmed = nil, nil, false
}

// deadline is when the worker's silence next means something.
func (w *worker) deadline(c Config) time.Time {
	switch w.State {
	case turno.WorkerGone:
		return time.Time{}
	case turno.WorkerUnreachable:
		return w.lastReport.Add(c.Lease + c.Margin)
	}
	return w.lastReport.Add(c.Silence)
}

// obstacle is one thing that keeps a shape from a worker, with numbers.
type obstacle struct {
	reason             turno.Reason // "" : none
	what               string       // type, engine, name, device, gpus, cpus, memory, drained, unreachable, leaving
	asked, free, limit int64
}

// never tells why a worker could not run a shape even if it were empty.
func (w *worker) never(sh *shape, n need) obstacle {
	ob := obstacle{reason: turno.ReasonNoSuchResource}
	switch {
	case !listed(sh.spec.Workers, w.Name, true) || listed(sh.spec.Exclude, w.Name, false):
		ob.what = "name"
		return ob
	case !w.offers(sh.key.typ, "", n.device):
		ob.what = "type"
		return ob
	case !w.offers(sh.key.typ, sh.key.engine, n.device):
		ob.what = "engine"
		return ob
	}
	if n.gpus > 0 {
		if total := w.like(&sh.key); total < n.gpus {
			ob.what, ob.asked, ob.limit = "gpus", int64(n.gpus), int64(total)
			return ob
		}
	}
	if n.cpus > w.Machine.CPUs {
		ob.what, ob.asked, ob.limit = "cpus", int64(n.cpus), int64(w.Machine.CPUs)
		return ob
	}
	if n.memory > w.Machine.Memory {
		ob.what, ob.asked, ob.limit = "memory", n.memory, w.Machine.Memory
		return ob
	}
	return obstacle{}
}

// closed tells why a worker takes no job at all now.
func (w *worker) closed() obstacle {
	switch {
	case w.Drain != "":
		return obstacle{reason: turno.ReasonDrained, what: "drained"}
	case w.leaving:
		return obstacle{reason: turno.ReasonDrained, what: "leaving"}
	case !w.reported || w.State == turno.WorkerUnreachable || w.State == turno.WorkerGone:
		return obstacle{reason: turno.ReasonDrained, what: "unreachable"}
	}
	return obstacle{}
}

// quarantined tells whether a worker that could run a shape has too many of the
// devices for it in quarantine: they may come back.
func (w *worker) quarantined(sh *shape) obstacle {
	for _, n := range sh.needs {
		if w.never(sh, n).reason != "" {
			continue
		}
		if w.enough(sh, n) {
			return obstacle{}
		}
	}
	return obstacle{reason: turno.ReasonDrained, what: "quarantined"}
}

// enough tells whether so many devices for a shape are not in quarantine.
func (w *worker) enough(sh *shape, n need) bool {
	if n.gpus == 0 {
		return true
	}
	total, _ := w.matching(&sh.key)
	return n.gpus <= total
}

// busy tells what a worker that could run a shape has not free now.
func (w *worker) busy(sh *shape, n need) obstacle {
	ob := obstacle{reason: turno.ReasonResources}
	if n.gpus > 0 {
		if total, free := w.matching(&sh.key); free < n.gpus {
			ob.what, ob.asked, ob.free, ob.limit = "gpus", int64(n.gpus), int64(free), int64(total)
			return ob
		}
	}
	if free := w.Machine.CPUs - w.cpus; n.cpus > free {
		ob.what, ob.asked, ob.free, ob.limit = "cpus", int64(n.cpus), int64(free), int64(w.Machine.CPUs)
		return ob
	}
	if free := w.Machine.Memory - w.memory; n.memory > free {
		ob.what, ob.asked, ob.free, ob.limit = "memory", n.memory, free, w.Machine.Memory
		return ob
	}
	return obstacle{}
}

func listed(names []string, name string, ifEmpty bool) bool {
	if len(names) == 0 {
		return ifEmpty
	}
	return slices.Contains(names, name)
}

func (w *worker) offers(typ, engine string, d turno.Device) bool {
	for i := range w.Machine.Offers {
		if w.Machine.Offers[i].Serves(typ, engine, d) {
			return true
		}
	}
	return false
}

// startsRunner tells whether a runner of the engine, or any for no engine, has
// not said yet what it offers.
func (w *worker) startsRunner(engine string) bool {
	return slices.ContainsFunc(w.Machine.Runners, func(r turno.Runner) bool {
		return r.State == turno.RunnerStarting && (engine == "" || engine == r.Engine)
	})
}

// describe takes over what a machine says of itself.
func (w *worker) describe(m turno.Machine) {
	w.Machine, w.models = m, make([]string, len(m.GPUs))
	for i := range m.GPUs {
		w.models[i] = strings.ToLower(m.GPUs[i].Model)
	}
}

// accepts tells whether a shape can use the worker's i-th GPU.
func (k *shapeKey) accepts(w *worker, i int) bool {
	return w.Machine.GPUs[i].Quarantine == "" && k.likes(w, i)
}

// likes is accepts for a GPU that may be in quarantine.
func (k *shapeKey) likes(w *worker, i int) bool {
	return w.Machine.GPUs[i].Memory >= k.gpuMem && (k.model == "" || strings.Contains(w.models[i], k.model))
}

// fits tells whether a need is free on a worker that could run its shape; busy
// says what is not.
func (w *worker) fits(sh *shape, n need) bool {
	if n.cpus > w.Machine.CPUs-w.cpus || n.memory > w.Machine.Memory-w.memory {
		return false
	}
	if n.gpus == 0 {
		return true
	}
	_, free := w.matching(&sh.key)
	return free >= n.gpus
}

// like counts the GPUs that a shape could use, those in quarantine too.
func (w *worker) like(k *shapeKey) (total int) {
	for i := range w.Machine.GPUs {
		if k.likes(w, i) {
			total++
		}
	}
	return total
}

// matching counts the GPUs that a shape can use, and the free ones of them.
func (w *worker) matching(k *shapeKey) (total, free int) {
	for i := range w.Machine.GPUs {
		if !k.accepts(w, i) {
			continue
		}
		total++
		if w.holders[w.Machine.GPUs[i].UUID] == nil {
			free++
		}
	}
	return total, free
}

// pick chooses n free GPUs: the smallest memory that does, then PCI order, so
// that large devices stay free for who needs them.
func (w *worker) pick(k *shapeKey, n int) []string {
	var out []string
	for len(out) < n {
		best := -1
		for i := range w.Machine.GPUs {
			g := &w.Machine.GPUs[i]
			if !k.accepts(w, i) || w.holders[g.UUID] != nil || listed(out, g.UUID, false) {
				continue
			}
			if best < 0 || g.Memory < w.Machine.GPUs[best].Memory {
				best = i
			}
		}
		if best < 0 {
			panic("sched: fewer free GPUs on " + w.Name + " than were counted")
		}
		out = append(out, w.Machine.GPUs[best].UUID)
	}
	return out
}
