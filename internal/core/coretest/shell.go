package coretest

import (
	"fmt"
	"slices"
	"time"

	"turno"
	"turno/internal/core/policy/all"
	"turno/internal/core/sched"
)

// store is what was committed.
type store struct {
	next    int64
	jobs    map[int64]*turno.Job
	ids     map[string]int64
	tasks   map[task]int64
	workers map[string]turno.Worker
	output  map[turno.AttemptKey]int64 // bytes
}

// task names a task of an array.
type task struct {
	array int64
	index int
}

func newStore() store {
	return store{
		next: 1, jobs: map[int64]*turno.Job{}, ids: map[string]int64{}, tasks: map[task]int64{},
		workers: map[string]turno.Worker{}, output: map[turno.AttemptKey]int64{},
	}
}

// find gives the committed jobs that are asked for, as far as there are any.
func (s *store) find(refs []turno.Ref) sched.Known {
	var known sched.Known
	for _, ref := range refs {
		n := ref.Number
		if ref.ID != "" {
			n = s.ids[ref.ID]
		}
		if ref.Task >= 0 {
			n = s.tasks[task{n, ref.Task}]
		}
		if j := s.jobs[n]; j != nil {
			known = append(known, j)
		}
	}
	return known
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

// post is what a scheduler may tell once it has committed.
type post struct {
	answers []turno.Submitted
	taken   func() // acknowledges what they are answers to
}

func (p *post) empty() bool { return len(p.answers) == 0 && p.taken == nil }

// step is where a scheduler dies on its way from a commit to the last
// acknowledgement.
type step int

const (
	nowhere step = iota
	beforeCommit
	afterCommit
	afterAnswers
	afterResults
	amidDesireds
	beforeTaken
	steps
)

// startScheduler begins a new term from the store.
func (w *World) startScheduler(order string) {
	o, _ := all.Find(order)
	w.term++
	t := w.times
	w.core = sched.New(sched.Config{Term: w.term, Lease: t.Lease, Margin: t.Margin, Silence: t.Silence, Order: o, Ahead: t.Ahead})
	w.post = post{}
	var jobs []*turno.Job
	for n := int64(1); n < w.store.next; n++ {
		if j := w.store.jobs[n]; j != nil && !j.State.Ended() {
			jobs = append(jobs, clone(j))
		}
	}
	var records []turno.Worker
	for _, a := range w.workers {
		if r, ok := w.store.workers[a.name]; ok {
			records = append(records, r)
		}
	}
	w.scheduler().Restore(w.now, w.store.next, records, jobs)
	w.scheduler().Resume(w.now, w.store.find(w.core.RestoreLookups()))
}

// flush lets the scheduler commit and send, in the order of package
// role/scheduler; crash is where it dies meanwhile.
func (w *World) flush(crash step) {
	for w.core != nil {
		r := w.core.Ready()
		p := w.post
		w.post = post{}
		if r.Empty() && p.empty() {
			return
		}
		if !w.carryOut(&r, &p, crash) {
			w.core = nil
		}
	}
}

// carryOut tells whether the scheduler lived to its end.
func (w *World) carryOut(r *sched.Ready, p *post, crash step) bool {
	if crash == beforeCommit {
		return false
	}
	w.commit(r)
	if crash == afterCommit {
		return false
	}
	w.answer(p.answers)
	if crash == afterAnswers {
		return false
	}
	w.publish(r.Results)
	if crash == afterResults {
		return false
	}
	for i := range r.Desired {
		if crash == amidDesireds && i == len(r.Desired)/2 {
			return false
		}
		d := r.Desired[i]
		w.nature.carry(message{to: w.agent(d.Worker), desired: &d})
	}
	for _, k := range r.Ended {
		w.scheduler().LogStored(w.now, k, w.store.output[k])
	}
	if crash == beforeTaken {
		return false
	}
	if p.taken != nil {
		p.taken()
	}
	return true
}

func (w *World) commit(r *sched.Ready) {
	w.store.next = r.Next
	for _, c := range r.Jobs {
		j := c.Job
		old := w.store.jobs[j.Number]
		if old == nil {
			if n, twice := w.store.ids[j.ID]; twice {
				panic(fmt.Sprintf("I2: job %d has the id %s of job %d", j.Number, j.ID, n))
			}
			w.store.ids[j.ID] = j.Number
			if j.Parent != 0 {
				w.store.tasks[task{j.Parent, j.Task}] = j.Number
			}
		}
		if j.State == turno.Starting && j.Attempt == 1 && j.Parent == 0 {
			w.depends = append(w.depends, j.Number)
		}
		w.sawAhead(old, j)
		w.held[j.Number] = w.held[j.Number] || j.State == turno.Held
		w.store.jobs[j.Number] = clone(j)
		w.changed = append(w.changed, j.Number)
		w.Seen["state "+string(j.State)]++
		w.Seen["reason "+string(j.Reason)]++
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

// answer tells who handed jobs in.
func (w *World) answer(answers []turno.Submitted) {
	for _, x := range answers {
		w.answered[x.ID] = true
		if x.Error != nil {
			w.Seen["refused"]++
			continue
		}
		if j := w.store.jobs[x.Number]; j == nil || j.ID != x.ID {
			panic(fmt.Sprintf("I7: job %d (%s) was accepted and is not in the store", x.Number, x.ID))
		}
		if n, again := w.told[x.ID]; again && n != x.Number {
			panic(fmt.Sprintf("I7: %s was job %d and is job %d", x.ID, n, x.Number))
		}
		w.told[x.ID] = x.Number
	}
}

// publish is I13.
func (w *World) publish(results []turno.ResultMessage) {
	for i := range results {
		r := &results[i]
		j := w.store.jobs[r.Number]
		if j == nil || j.State != r.State || j.Reason != r.Reason || j.Attempt != r.Attempt {
			panic(fmt.Sprintf("I13: the result of job %d was published as %s %s of attempt %d; in the store is %+v",
				r.Number, r.State, r.Reason, r.Attempt, j))
		}
	}
}

// handIn gives the scheduler new jobs; its next flush answers.
func (w *World) handIn(jobs []turno.NewJob) {
	known := w.store.find(w.core.Lookups(w.now, jobs))
	w.post.answers = append(w.post.answers, w.scheduler().Submit(w.now, jobs, known)...)
}

// due is the time of day, for the text of an error.
func (w *World) day() string {
	d := w.now.Sub(epoch)
	return fmt.Sprintf("day %d %s", int(d/(24*time.Hour)), w.now.Format("15:04:05.000"))
}
