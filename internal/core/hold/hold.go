// Package hold is the worker's mind: a plain struct that is told what the
// scheduler wants held and what became of the attempts, and says what to start,
// to stop, to note down and to report. Like sched it has no clock, no I/O, no
// goroutine, no lock and no randomness.
//
//	Desired, Started, Ended, Progress, Tick ──▶ Hold ──▶ Ready: journal first,
//	                                                     then start, stop, forget, report
//
// One goroutine owns a Hold.
package hold

import (
	"slices"
	"time"

	"turno"
)

// Config is constant after New.
type Config struct {
	Worker      string
	Incarnation string // sorts after that of every earlier start
	// Heartbeat is the longest time between two Reports.
	Heartbeat time.Duration
}

// ResultBytes bounds the results in one Report; the others are told later.
const ResultBytes = 1 << 20

// Hold is all attempts that this worker holds.
type Hold struct {
	cfg     Config
	machine turno.Machine
	now     time.Time

	entries map[turno.AttemptKey]*entry
	order   []*entry // in order of arrival
	byGPU   map[string]*entry
	byJob   map[int64]*entry // the attempt of a job that is alive here
	cpus    turno.MilliCPU   // of what is alive here
	memory  int64
	ahead   int // waiting that were sent ahead, as of the last Ready
	// unsure: the newest Desired names an attempt that was lost here. It is
	// booked, so what room there is for those ahead is not known.
	unsure bool

	term, seq  uint64 // of the newest Desired
	heard      bool   // a Desired came in this incarnation
	lease      time.Duration
	leaseUntil time.Time
	noted      time.Time // leaseUntil as last journalled
	leaving    bool

	reportSeq  uint64
	sent       []sentReport // not yet seen by the scheduler
	lastReport time.Time
	changed    bool      // something is to be told
	late       time.Time // since when something is that can wait; zero: nothing

	ready Ready
}

type sentReport struct {
	seq uint64
	at  time.Time
}

// phase of an attempt here.
type phase uint8

const (
	waiting  phase = iota // for its device, for room, or for an older attempt of its job
	starting              // start was ordered
	running
	ended // the result waits for relief
)

type entry struct {
	key       turno.AttemptKey
	task      *turno.Task
	phase     phase
	stop      *turno.Stop
	doomed    bool // not wanted any more: forget it as soon as it has ended
	leaseOut  bool // ended because no scheduler was heard
	forgotten bool

	startedAt, endedAt time.Time
	result             *turno.Result
	progress           *turno.Progress
	stored             int64
}

func (e *entry) alive() bool { return e.phase == starting || e.phase == running }

// New holds nothing.
func New(cfg Config, m turno.Machine) *Hold {
	return &Hold{
		cfg: cfg, machine: m, changed: true, ready: Ready{Journal: []Record{{Began: &Began{cfg.Incarnation}}}},
		entries: map[turno.AttemptKey]*entry{}, byGPU: map[string]*entry{}, byJob: map[int64]*entry{},
	}
}

// Record is a line of the journal: exactly one field is set.
type Record struct {
	Start  *turno.Assignment `json:"start,omitempty"`
	End    *End              `json:"end,omitempty"`
	Forget *turno.AttemptKey `json:"forget,omitempty"`
	Lease  *Lease            `json:"lease,omitempty"`
	Began  *Began            `json:"began,omitempty"`
}

// Began notes an agent's start.
type Began struct {
	Incarnation string `json:"incarnation"`
}

// End of an attempt, in the journal.
type End struct {
	turno.AttemptKey
	StartedAt time.Time     `json:"started_at,omitzero"`
	EndedAt   time.Time     `json:"ended_at"`
	Result    *turno.Result `json:"result"`
}

// Order to end an attempt: TERM, and KILL after Grace.
type Order struct {
	turno.AttemptKey
	Grace  time.Duration
	Reason turno.Reason
}

// Stored tells how much of an attempt's output is safe.
type Stored struct {
	turno.AttemptKey
	Bytes int64
}

// Ready is what to do, in this order. Report is nil when there is nothing new
// to say.
type Ready struct {
	Journal []Record
	Start   []turno.Assignment
	Stop    []Order
	Forget  []turno.AttemptKey
	Stored  []Stored
	Report  *turno.Report
}

func (h *Hold) advance(now time.Time) {
	if now.After(h.now) {
		h.now = now
	}
}

func (h *Hold) add(e *entry) {
	h.order = append(h.order, e)
	h.entries[e.key] = e
	h.note()
}

// forget drops an entry that is not alive. compact must follow.
func (h *Hold) forget(e *entry) {
	delete(h.entries, e.key)
	e.forgotten = true
	key := e.key
	h.ready.Journal = append(h.ready.Journal, Record{Forget: &key})
	h.ready.Forget = append(h.ready.Forget, key)
	h.note()
}

// compact takes forgotten entries out of the order, all at once: one by one
// would cost a walk each.
func (h *Hold) compact() {
	h.order = slices.DeleteFunc(h.order, func(e *entry) bool { return e.forgotten })
}

// occupy and vacate book an attempt's devices.
func (h *Hold) occupy(e *entry) {
	h.byJob[e.key.Job] = e
	h.cpus += e.task.Spec.CPUs
	h.memory += e.task.Spec.Memory
	for _, g := range e.task.GPUs {
		if other := h.byGPU[g]; other != nil {
			panic("hold: GPU " + g + " is held by " + other.key.String() + " and would go to " + e.key.String())
		}
		h.byGPU[g] = e
	}
}

func (h *Hold) vacate(e *entry) {
	if h.byJob[e.key.Job] == e {
		delete(h.byJob, e.key.Job)
	}
	h.cpus -= e.task.Spec.CPUs
	h.memory -= e.task.Spec.Memory
	for _, g := range e.task.GPUs {
		if h.byGPU[g] == e {
			delete(h.byGPU, g)
		}
	}
}

// Desired takes what the scheduler wants held. Those of other incarnations, and
// older ones than the newest seen, are ignored.
func (h *Hold) Desired(now time.Time, d *turno.Desired) {
	h.advance(now)
	if d.Worker != h.cfg.Worker || d.Incarnation != h.cfg.Incarnation {
		return
	}
	if d.Term < h.term || (d.Term == h.term && d.Seq <= h.seq) {
		return
	}
	newTerm := d.Term > h.term
	h.term, h.seq, h.heard = d.Term, d.Seq, true
	h.renew(d)
	wanted := make(map[turno.AttemptKey]bool, len(d.Jobs))
	for i := range d.Jobs {
		wanted[d.Jobs[i].AttemptKey] = true
	}
	for _, e := range h.order {
		if !wanted[e.key] {
			h.relieve(e)
		}
	}
	h.compact()
	h.unsure = false
	for i := range d.Jobs {
		h.want(&d.Jobs[i])
	}
	if newTerm {
		h.changed = true // a scheduler that is new wants to know
	}
}

// renew counts the lease from when the newest Report that the scheduler had
// seen was sent: the scheduler counts from when it received it, which is
// later.
func (h *Hold) renew(d *turno.Desired) {
	h.lease = time.Duration(d.Lease)
	at := time.Time{}
	for len(h.sent) > 0 && h.sent[0].seq <= d.SeenReport {
		if h.sent[0].seq == d.SeenReport {
			at = h.sent[0].at
		}
		h.sent = h.sent[1:]
	}
	if at.IsZero() {
		return
	}
	if until := at.Add(h.lease); until.After(h.leaseUntil) {
		h.leaseUntil = until
	}
	// Journalled in steps of a tenth: never later than true, so never too long.
	if h.leaseUntil.Sub(h.noted) > h.lease/10 {
		h.noted = h.leaseUntil
		h.ready.Journal = append(h.ready.Journal, Record{Lease: &Lease{Until: h.leaseUntil}})
	}
}

// relieve ends what is not wanted any more.
func (h *Hold) relieve(e *entry) {
	if !e.alive() {
		h.forget(e)
		return
	}
	if !e.doomed {
		e.doomed = true
		h.halt(e, turno.Stop{Reason: turno.ReasonCancelling})
	}
}

// want takes one assignment.
func (h *Hold) want(a *turno.Assignment) {
	e := h.entries[a.AttemptKey]
	if e == nil {
		if a.Task == nil {
			h.unsure = true
			return // lost here: its absence from the Report says so
		}
		e = &entry{key: a.AttemptKey, task: a.Task}
		h.add(e)
	}
	if a.LogStored > e.stored {
		e.stored = a.LogStored
		h.ready.Stored = append(h.ready.Stored, Stored{e.key, e.stored})
	}
	if a.Stop != nil && a.Stop.Unbegun && e.phase != waiting {
		return
	}
	if a.Stop != nil && e.phase != ended && (e.stop == nil || *e.stop != *a.Stop) {
		h.halt(e, *a.Stop)
	}
}

// halt orders an attempt's end; one that has not begun ends at once.
func (h *Hold) halt(e *entry, stop turno.Stop) {
	e.stop = &stop
	h.note()
	if e.phase == waiting {
		h.conclude(e, &turno.Result{State: turno.Cancelled, Reason: stop.Reason, Message: "ended before it began"})
		return
	}
	h.ready.Stop = append(h.ready.Stop, Order{e.key, time.Duration(stop.Grace), stop.Reason})
}

// conclude notes an attempt's end.
func (h *Hold) conclude(e *entry, r *turno.Result) {
	if e.alive() {
		h.vacate(e)
	}
	e.phase, e.result, e.endedAt = ended, r, h.now
	h.ready.Journal = append(h.ready.Journal, Record{End: &End{e.key, e.startedAt, e.endedAt, r}})
	h.changed = true
	if e.doomed {
		h.forget(e)
		h.compact()
	}
}
