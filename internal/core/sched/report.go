package sched

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"time"

	"turno"
)

// Report takes what a worker holds. Older ones than the newest seen, of this
// or an earlier incarnation, are ignored; but a worker that is gone may come
// back with a new disk and another clock, and nothing older is under way.
func (s *Sched) Report(now time.Time, r *turno.Report) {
	s.advance(now)
	w := s.workers[r.Worker]
	switch {
	case w == nil:
		w = s.addWorker(turno.Worker{Name: r.Worker, Incarnation: r.Incarnation})
	case r.Incarnation < w.Incarnation && w.State != turno.WorkerGone:
		return
	case r.Incarnation != w.Incarnation:
		w.Incarnation, w.reportSeq, w.record = r.Incarnation, 0, true
	case r.Seq <= w.reportSeq:
		return
	}
	w.reportSeq, w.lastReport = r.Seq, s.now
	s.present(w, r)
	held := s.holds(w, r)
	s.begun(w, r) // after the ends: they have made the room
	// Only who has heard this term knows what it was to hold: an earlier Report
	// may be from before an attempt that the term before has seen confirmed.
	if r.Term == s.cfg.Term {
		for _, j := range s.missing(w, held) {
			s.giveUp(j, "worker "+w.Name+" no longer holds it")
		}
	}
	w.answer = true
	if r.Leaving && len(r.Held)+len(w.attempts) == 0 {
		s.loseWorker(w, "")
	}
	s.touchWorker(w)
}

func (s *Sched) addWorker(record turno.Worker) *worker {
	w := &worker{Worker: record, holders: map[string]*job{}, record: true, lastReport: s.now}
	w.describe(record.Machine)
	s.workers[w.Name] = w
	i, _ := slices.BinarySearch(s.names, w.Name)
	s.names = slices.Insert(s.names, i, w.Name)
	return w
}

// present notes that a worker is there and what it is.
func (s *Sched) present(w *worker, r *turno.Report) {
	state := turno.WorkerReady
	if w.Drain != "" {
		state = turno.WorkerDrained
	}
	if r.Leaving {
		s.recall(w)
	}
	changed := !reflect.DeepEqual(w.Machine, r.Machine)
	if changed && reflect.DeepEqual(w.Machine.WithoutStatus(), r.Machine.WithoutStatus()) {
		// How devices are changes all the time, and nothing is placed by it.
		w.Machine, w.record, changed = r.Machine, true, false
	}
	if changed || w.leaving != r.Leaving || w.State != state || !w.reported {
		w.record, s.mustPlace = true, true
	}
	if w.State != state {
		w.State, w.Since = state, s.now
	}
	if changed {
		w.describe(r.Machine)
	}
	fresh := !w.reported || changed
	w.leaving, w.reported = r.Leaving, true
	if fresh {
		s.reviewVerdicts()
	}
}

// holds takes the state of each attempt that a Report names, and returns
// those that are this worker's to hold.
func (s *Sched) holds(w *worker, r *turno.Report) map[*job]bool {
	held := make(map[*job]bool, len(r.Held))
	before := w.relieved
	w.relieved = make(map[turno.AttemptKey]bool, len(before))
	for i := range r.Held {
		h := &r.Held[i]
		j := s.jobs[h.Job]
		switch {
		case j == nil || j.worker != w || j.Attempt != h.Attempt:
			s.stale(w, h, before[h.AttemptKey])
		case h.State.Ended():
			held[j] = true
			w.relieved[h.AttemptKey] = true
			s.finish(j, h)
		default:
			held[j] = true
			s.confirm(j, h)
		}
	}
	return held
}

// stale looks at an attempt that is not current here. When its end was
// accepted in this term, the worker only has not heard of it yet. When it was
// before, its result may not have been published, nor its output stored to the
// end. Anything else the next Desired ends.
func (s *Sched) stale(w *worker, h *turno.Hold, relieved bool) {
	if !h.State.Ended() {
		return
	}
	w.relieved[h.AttemptKey] = true
	if relieved {
		return
	}
	s.ended = append(s.ended, h.AttemptKey)
	if h.Result.LogBytes > 0 {
		w.ending = append(w.ending, ending{h.AttemptKey, h.Result.LogBytes, -1})
	}
}

// confirm takes over what a worker says of an attempt that has not ended.
func (s *Sched) confirm(j *job, h *turno.Hold) {
	j.confirmed = true
	a := j.Current()
	if a.StartedAt.IsZero() && !h.StartedAt.IsZero() {
		a.StartedAt = s.placed(h.StartedAt, a.AssignedAt)
		if j.StartedAt.IsZero() {
			j.StartedAt = a.StartedAt
		}
		s.touch(j)
	}
	if h.State == turno.Running && j.State == turno.Starting {
		s.set(j, turno.Running, turno.ReasonRunning, "on "+j.worker.Name)
	}
	if j.State == turno.Stopping && h.State == turno.Stopping && h.Progress != nil && h.Progress.Stuck != "" {
		s.set(j, turno.Stopping, j.Reason, "on "+j.worker.Name+": "+h.Progress.Stuck)
	}
	if j.State == turno.Running && h.Progress != nil && s.now.Sub(j.told) >= tellEvery {
		j.told = s.now
		s.plot(j, h.Progress, false)
		s.set(j, turno.Running, turno.ReasonRunning, "on "+j.worker.Name+progressText(h.Progress))
	}
}

// placed puts a time of a worker's clock, which may be hours wrong, where it can
// have been on this one: not before earliest, and not to come.
func (s *Sched) placed(t, earliest time.Time) time.Time {
	if t.After(s.now) {
		t = s.now
	}
	if t.Before(earliest) {
		return earliest
	}
	return t
}

// tellEvery is how seldom a job's progress is committed at most: a heartbeat
// apart, so that a thousand running jobs are a commit of a thousand records
// every two seconds.
const tellEvery = 2 * time.Second

// maxProgress runes of a job's own words go into its detail.
const maxProgress = 100

// progressText is ": 43 %, epoch 3 of 7", or what of it is known.
func progressText(p *turno.Progress) string {
	text := ""
	if p.Fraction >= 0 && p.Fraction <= 1 {
		text = fmt.Sprintf(": %d %%", int(100*p.Fraction))
	}
	words := []rune(p.Message)
	if len(words) > maxProgress {
		words = append(words[:maxProgress:maxProgress], '…')
	}
	switch {
	case len(words) == 0:
		return text
	case text == "":
		return ": " + string(words)
	}
	return text + ", " + string(words)
}

// missing lists the attempts that a worker was known to hold and holds no
// more, in order of job.
func (s *Sched) missing(w *worker, held map[*job]bool) []*job {
	var out []*job
	for _, j := range w.attempts {
		if j.confirmed && !held[j] {
			out = append(out, j)
		}
	}
	sort.Slice(out, func(a, b int) bool { return out[a].Number < out[b].Number })
	return out
}

// Elsewhere tells whether an attempt is, or was, on another worker than this one.
// Of a job that is not held any more nothing is known.
func (s *Sched) Elsewhere(worker string, k turno.AttemptKey) bool {
	if j := s.jobs[k.Job]; j != nil {
		for i := range j.Attempts {
			if j.Attempts[i].Number == k.Attempt {
				return j.Attempts[i].Worker != worker
			}
		}
	}
	for _, name := range s.names {
		for i := range s.workers[name].ending {
			if s.workers[name].ending[i].AttemptKey == k {
				return name != worker
			}
		}
	}
	return false
}

// LogStored tells how much of an attempt's output the store has.
func (s *Sched) LogStored(now time.Time, k turno.AttemptKey, bytes int64) {
	s.advance(now)
	if j := s.jobs[k.Job]; j != nil && j.worker != nil && j.Attempt == k.Attempt {
		j.logStored = max(j.logStored, bytes)
		j.Current().LogBytes = j.logStored
		j.worker.answer = true
		s.touchWorker(j.worker)
		return
	}
	for _, name := range s.names {
		w := s.workers[name]
		for i := range w.ending {
			if w.ending[i].AttemptKey == k {
				w.ending[i].stored = max(w.ending[i].stored, bytes)
				w.answer = true
				s.touchWorker(w)
				return
			}
		}
	}
}

// checkWorkers looks for workers that have become silent.
func (s *Sched) checkWorkers() {
	for _, name := range slices.Clone(s.names) {
		w := s.workers[name]
		if at := w.deadline(s.cfg); at.IsZero() || s.now.Before(at) {
			continue
		}
		silent := s.now.Sub(w.lastReport).Round(time.Second)
		if w.State == turno.WorkerUnreachable {
			s.loseWorker(w, fmt.Sprintf("worker %s was silent for %s", w.Name, silent))
			continue
		}
		w.State, w.Since, w.record = turno.WorkerUnreachable, s.now, true
		s.touchWorker(w)
		s.mustPlace = true
	}
}

// loseWorker gives up on a worker: its lease is out, so it has ended all it
// held, and so may others begin it.
func (s *Sched) loseWorker(w *worker, message string) {
	lost := slices.Clone(w.attempts)
	sort.Slice(lost, func(a, b int) bool { return lost[a].Number < lost[b].Number })
	for _, j := range lost {
		s.giveUp(j, message)
	}
	w.ending, w.relieved = nil, nil
	w.State, w.Since, w.record, w.reported = turno.WorkerGone, s.now, true, false
	w.answer = false
	s.touchWorker(w)
	s.reviewVerdicts()
}

// desired is everything that a worker should hold.
func (s *Sched) desired(w *worker) turno.Desired {
	s.seq++
	d := turno.Desired{
		Worker: w.Name, Incarnation: w.Incarnation, Term: s.cfg.Term, Seq: s.seq,
		SeenReport: w.reportSeq, Lease: turno.Duration(s.cfg.Lease),
		Jobs: make([]turno.Assignment, 0, len(w.attempts)+len(w.ending)),
	}
	for _, j := range w.attempts {
		a := turno.Assignment{AttemptKey: turno.AttemptKey{Job: j.Number, Attempt: j.Attempt}, Stop: j.stop, LogStored: j.logStored}
		if !j.confirmed {
			a.Task = taskOf(j)
		}
		d.Jobs = append(d.Jobs, a)
	}
	w.ending = slices.DeleteFunc(w.ending, func(e ending) bool { return e.stored >= e.bytes })
	for _, e := range w.ending {
		d.Jobs = append(d.Jobs, turno.Assignment{AttemptKey: e.AttemptKey, LogStored: max(e.stored, 0)})
	}
	return d
}

func taskOf(j *job) *turno.Task {
	t := &turno.Task{
		ID: j.ID, Display: j.Display(), Spec: j.Spec,
		Device: j.Current().Device, GPUs: j.Current().GPUs, Ahead: j.ahead,
	}
	if j.array != nil {
		t.Index, t.Array, t.ArrayOf = j.Task, j.Spec.Array, j.Parent
	}
	return t
}
