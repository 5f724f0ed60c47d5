package sched

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"turno"
)

// startTask expands the first waiting task of an array into a job and starts
// it.
func (s *Sched) startTask(array *job, at place) {
	index := array.Tasks.Waiting.First()
	t := s.expand(array, index)
	sh := array.shape
	if array.StartedAt.IsZero() {
		array.StartedAt = s.now
	}
	if array.Tasks.Waiting.Len() == 0 || s.throttled(array) {
		s.line.remove(array)
	}
	s.setWaiting(array, turno.ReasonTasks, "")
	s.start(t, sh, at)
}

// expand makes a waiting task a job of its own.
func (s *Sched) expand(array *job, index int) *job {
	if array.Tasks.Waiting.First() == index {
		array.Tasks.Waiting = array.Tasks.Waiting.Rest()
	} else {
		array.Tasks.Waiting = array.Tasks.Waiting.Without(index)
	}
	t := &job{place: -1, array: array, key: array.key, taskPos: len(array.tasks), Job: turno.Job{
		ID: array.ID + "_" + strconv.Itoa(index), Number: s.next, Parent: array.Number, Task: index,
		Spec: array.Spec, SubmittedAt: array.SubmittedAt, RetryOf: array.RetryOf,
		Changes: array.Changes, Revision: array.Revision,
	}}
	s.next++
	s.jobs[t.Number] = t
	array.tasks = append(array.tasks, t)
	array.Tasks.Active++
	s.touch(array)
	return t
}

// endTasks ends all tasks of an array that are not expanded. Each is counted
// in the array's record and gets none of its own.
func (s *Sched) endTasks(array *job, st turno.State) {
	waiting := array.Tasks.Waiting
	if n := waiting.Len(); n > 0 {
		array.Tasks.Ended[st] += n
	}
	array.Tasks.Waiting = nil
	s.line.remove(array)
	s.touch(array)
	var keys []depKey
	// order-free: sorted below
	for k := range s.waiting {
		if k.number == array.Number && waiting.Has(k.task) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b depKey) int { return a.task - b.task })
	for _, k := range keys {
		s.release(k, st)
	}
}

// finishWaiting ends a job that holds nothing, with all of its tasks.
func (s *Sched) finishWaiting(j *job, st turno.State, r turno.Reason, detail string) {
	if j.Tasks != nil {
		s.endTasks(j, st)
	}
	s.end(j, st, r, detail)
}

// end is the one way to a job's end.
func (s *Sched) end(j *job, st turno.State, r turno.Reason, detail string) {
	s.line.remove(j)
	j.EndedAt = s.now
	if a := j.Current(); a != nil {
		j.Result = a.Result
	}
	s.set(j, st, r, detail)
	s.release(depKey{j.Number, -1}, st)
	if j.array == nil {
		return
	}
	array := j.array
	last := len(array.tasks) - 1
	array.tasks[j.taskPos] = array.tasks[last]
	array.tasks[j.taskPos].taskPos = j.taskPos
	array.tasks = array.tasks[:last]
	array.Tasks.Active--
	array.Tasks.Ended[st]++
	s.touch(array)
	s.release(depKey{array.Number, j.Task}, st)
	s.settle(array)
}

// settle ends an array that has nothing left, or lets its next tasks go.
func (s *Sched) settle(array *job) {
	t := array.Tasks
	if t.Waiting.Len() > 0 {
		switch {
		case array.State == turno.Held || array.open > 0:
		case array.place < 0:
			s.queue(array)
		case t.Active == 0:
			v := s.verdictOf(array.shape)
			s.setWaiting(array, v.reason, v.detail)
		}
		return
	}
	if t.Active > 0 || array.State.Ended() {
		return
	}
	done := t.Ended[turno.Succeeded]
	detail := fmt.Sprintf("%d of %d tasks succeeded", done, t.Total)
	switch {
	case t.Ended[turno.Failed] > 0:
		s.end(array, turno.Failed, turno.ReasonTaskFailed, detail)
	case t.Ended[turno.Lost] > 0:
		s.end(array, turno.Lost, turno.ReasonWorkerLost, detail)
	case t.Ended[turno.Cancelled] > 0:
		s.end(array, turno.Cancelled, turno.ReasonCancelled, detail)
	default:
		s.end(array, turno.Succeeded, turno.ReasonCompleted, detail)
	}
}

// order tells the worker to end an attempt. A cancel outranks a deadline, and
// that a requeue; an order that is there is only ever made stronger.
func (s *Sched) order(j *job, stop turno.Stop, detail string) {
	rank := func(r turno.Reason) int {
		return slices.Index([]turno.Reason{turno.ReasonRequeuing, turno.ReasonDeadline, turno.ReasonCancelling}, r)
	}
	if j.stop != nil && !j.stop.Unbegun {
		stop.Grace = min(stop.Grace, j.stop.Grace)
		if rank(j.stop.Reason) > rank(stop.Reason) {
			stop.Reason, detail = j.stop.Reason, j.Detail
		}
	}
	j.stop = &stop
	s.set(j, turno.Stopping, stop.Reason, detail)
	j.worker.answer = true
	s.touchWorker(j.worker)
}

// finish accepts the end of a job's current attempt, once.
func (s *Sched) finish(j *job, h *turno.Hold) {
	res, stop, w := *h.Result, j.stop, j.worker
	a := j.Current()
	a.Result, a.LogBytes = &res, res.LogBytes
	s.time(a, h)
	s.plot(j, h.Progress, true)
	if stop != nil && stop.Unbegun && !a.StartedAt.IsZero() {
		stop = nil // it came too late
	}
	if j.StartedAt.IsZero() {
		j.StartedAt = a.StartedAt
	}
	if res.LogBytes > j.logStored {
		w.ending = append(w.ending, ending{h.AttemptKey, res.LogBytes, j.logStored})
	}
	w.keepPace(a)
	s.free(j)
	switch {
	case res.State == turno.Succeeded:
		s.end(j, turno.Succeeded, turno.ReasonCompleted, res.Message)
	case stop != nil && stop.Reason == turno.ReasonCancelling:
		s.end(j, turno.Cancelled, turno.ReasonCancelled, res.Message)
	case stop != nil && stop.Reason == turno.ReasonDeadline:
		s.end(j, turno.Failed, turno.ReasonDeadline, res.Message)
	case stop != nil && stop.Reason == turno.ReasonRequeuing, a.StartedAt.IsZero() && res.Reason == turno.ReasonRequeuing:
		s.queueAgain(j, s.now)
	case res.State == turno.Failed:
		s.failed(j, &res)
	default:
		s.lose(j, res.Message)
	}
}

// time takes over when an attempt began and ended. How long it ran is what its
// worker measured, though the worker's clock may show another time.
func (s *Sched) time(a *turno.Attempt, h *turno.Hold) {
	if a.StartedAt.IsZero() && !h.StartedAt.IsZero() {
		a.StartedAt = s.placed(h.StartedAt, a.AssignedAt)
	}
	switch {
	case h.EndedAt.IsZero():
		a.EndedAt = s.now
	case h.StartedAt.IsZero():
		a.EndedAt = s.placed(h.EndedAt, a.AssignedAt)
	default:
		a.EndedAt = s.placed(h.EndedAt.Add(a.StartedAt.Sub(h.StartedAt)), a.StartedAt)
	}
}

// free gives a job's resources back to its worker.
func (s *Sched) free(j *job) {
	w := j.worker
	w.give(j)
	w.answer = true
	s.touchWorker(w)
	s.mustPlace = true
}

// failed retries an attempt that failed, or ends its job.
func (s *Sched) failed(j *job, res *turno.Result) {
	j.Failures++
	if !res.Retryable || j.Failures > j.Spec.Retries {
		s.end(j, turno.Failed, res.Reason, res.Message)
		return
	}
	s.queueAgain(j, s.now.Add(backoff(time.Duration(j.Spec.Backoff), j.Failures)))
}

// backoff doubles with every failure, up to maxBackoff.
func backoff(first time.Duration, failures int) time.Duration {
	d := first
	for range min(failures-1, 30) {
		d = min(2*d, max(first, maxBackoff))
	}
	return d
}

// maxBackoff between attempts: an hour is long enough for any outage that
// heals by itself.
const maxBackoff = time.Hour

// lose takes an attempt for lost with its worker: no fault of the job's,
// unless it happens again and again.
func (s *Sched) lose(j *job, message string) {
	j.Losses++
	switch {
	case j.Spec.NoRequeue:
		s.end(j, turno.Lost, turno.ReasonWorkerLost, message)
	case j.Losses > s.cfg.MaxLosses:
		s.end(j, turno.Failed, turno.ReasonPoison,
			fmt.Sprintf("%d attempts were lost with their workers: the job may be the cause", j.Losses))
	default:
		s.queueAgain(j, s.now.Add(backoff(time.Second, j.Losses)-time.Second))
	}
}

// queueAgain waits for the next attempt.
func (s *Sched) queueAgain(j *job, at time.Time) {
	j.NotUntil = at
	j.confirmed, j.stop = false, nil
	s.queue(j)
}

// giveUp declares the attempt of a silent worker lost.
func (s *Sched) giveUp(j *job, message string) {
	a := j.Current()
	a.EndedAt = s.now
	a.Result = &turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost, Message: message}
	stop, unbegun := j.stop, j.ahead
	s.free(j)
	switch {
	case stop != nil && stop.Reason == turno.ReasonCancelling:
		s.end(j, turno.Cancelled, turno.ReasonCancelled, message)
	case stop != nil && stop.Reason == turno.ReasonDeadline:
		s.end(j, turno.Failed, turno.ReasonDeadline, message)
	case unbegun:
		s.queueAgain(j, s.now)
	default:
		s.lose(j, message)
	}
}
