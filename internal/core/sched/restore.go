package sched

import (
	"strings"
	"time"

	"turno"
)

// Restore takes over what the store has: workers, and every job that has not
// ended, in order of number. It must come before any other input. Worker
// leases begin anew: nobody can have given their jobs away while no scheduler
// led.
func (s *Sched) Restore(now time.Time, next int64, workers []turno.Worker, jobs []*turno.Job) {
	s.advance(now)
	s.next = max(next, 1)
	s.recent.since = now
	for i := range workers {
		w := s.addWorker(workers[i])
		w.lastReport = now
		w.record = false
		if w.State != turno.WorkerGone {
			w.answer = true
			s.touchWorker(w)
		}
	}
	for _, record := range jobs {
		s.adopt(record)
	}
}

// NumberAbove has attempts numbered above n: numbers up to that may have been
// given by a store that this one is an older copy of. Before any other input.
func (s *Sched) NumberAbove(n int) { s.attempts = n }

// Void gives up every attempt that is under way, and tells how many there were:
// the store was restored from an older copy, and what became of them since is
// not known. That is no fault of a job's. After Resume.
func (s *Sched) Void(now time.Time, message string) (n int) {
	s.advance(now)
	for _, number := range s.sortedNumbers() {
		j := s.jobs[number]
		if j == nil || j.worker == nil {
			continue
		}
		j.Losses-- // giveUp counts one
		s.giveUp(j, message)
		n++
	}
	return n
}

// adopt makes a record a live job; its place comes with Resume.
func (s *Sched) adopt(record *turno.Job) {
	j := &job{Job: *record, place: -1, oldState: record.State}
	s.jobs[j.Number] = j
	if j.Tasks != nil {
		j.oldWaiting = j.Tasks.Waiting.Len()
		j.Tasks.Active = 0 // counted again as its tasks are adopted
		if j.Tasks.Ended == nil {
			j.Tasks.Ended = map[turno.State]int{}
		}
	}
	if array := s.jobs[j.Parent]; j.Parent != 0 && array != nil {
		j.array, j.taskPos = array, len(array.tasks)
		if j.Changes == nil && array.Changes == nil {
			j.Spec = array.Spec // one for all of them
		}
		array.tasks = append(array.tasks, j)
		array.Tasks.Active++
	}
	s.quota.count(&j.Job, 1)
	if j.Parent == 0 {
		s.ids[j.ID] = known{j.Number, j.Spec.User}
	}
}

// RestoreLookups lists the ended jobs that Resume must be told of.
func (s *Sched) RestoreLookups() []turno.Ref {
	var refs []turno.Ref
	for _, n := range s.sortedNumbers() {
		if j := s.jobs[n]; !j.State.Active() && j.Attempt == 0 {
			refs = append(refs, s.lookupAfter(j.Spec)...)
		}
	}
	return refs
}

// Resume gives every restored job its place again.
func (s *Sched) Resume(now time.Time, known Known) {
	s.advance(now)
	s.restoring = true
	for _, n := range s.sortedNumbers() {
		j := s.jobs[n]
		switch {
		case j.State.Active() && j.Tasks == nil:
			s.resumeActive(j)
		case j.array != nil || j.Attempt > 0:
			s.prepare(j)
			s.queue(j)
		default:
			s.resumeWaiting(j, known)
		}
	}
	for _, n := range s.sortedNumbers() {
		if j := s.jobs[n]; j.Tasks != nil && !j.State.Ended() {
			s.settle(j)
		}
	}
	s.restoring, s.mustPlace = false, true
}

// resumeActive puts a job back on its worker.
func (s *Sched) resumeActive(j *job) {
	s.prepare(j)
	a := j.Current()
	w := s.workers[a.Worker]
	if w == nil {
		w = s.addWorker(turno.Worker{Name: a.Worker, Incarnation: a.Incarnation, State: turno.WorkerUnreachable})
		w.Since = s.now
	}
	n := need{device: a.Device, gpus: len(a.GPUs), cpus: j.Spec.CPUs, memory: j.Spec.Memory}
	j.ahead = a.Ahead
	w.take(j, n, a.GPUs)
	s.assigned++
	j.order = s.assigned
	j.logStored = a.LogBytes
	j.confirmed = j.State == turno.Running || (j.State == turno.Stopping && !a.StartedAt.IsZero())
	if j.State == turno.Stopping {
		j.stop = &turno.Stop{Reason: j.Reason, Grace: j.Spec.Grace}
	}
}

// resumeWaiting puts a job that never ran back where it waited.
func (s *Sched) resumeWaiting(j *job, known Known) {
	deps, err := s.resolve(j.Spec, known)
	if err != nil { // a job that it waited for is gone from the store
		s.finishWaiting(j, turno.Failed, turno.ReasonDependencyFailed, strings.TrimPrefix(err.Error(), "after: "))
		return
	}
	s.admit(j, deps)
}
