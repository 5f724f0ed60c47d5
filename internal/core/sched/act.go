package sched

import (
	"fmt"
	"time"

	"turno"
)

// Act carries out an order on each of its targets.
func (s *Sched) Act(now time.Time, a *turno.Action) []turno.Acted {
	s.advance(now)
	acted := make([]turno.Acted, 0, len(a.Jobs)+len(a.Workers))
	for _, target := range a.Jobs {
		acted = append(acted, s.actOnJob(a, target))
	}
	for _, name := range a.Workers {
		acted = append(acted, s.actOnWorker(a, name))
	}
	return acted
}

func (s *Sched) actOnJob(a *turno.Action, target string) turno.Acted {
	out := turno.Acted{Target: target}
	ref, err := turno.ParseRef(target)
	if err != nil {
		out.Error = turno.Errorf(turno.CodeMalformed, "%v", err)
		return out
	}
	j := s.find(ref)
	if j == nil && ref.Task >= 0 {
		j = s.expandForAct(ref)
	}
	if j == nil || j.State.Ended() {
		out.Error = s.noJob(ref)
		return out
	}
	switch a.Verb {
	case turno.Cancel:
		s.cancel(j, a)
	case turno.HoldJob:
		out.Error = s.hold(j)
	case turno.Release:
		out.Error = s.unhold(j)
	case turno.Requeue:
		out.Error = s.requeue(j, a)
	case turno.Update:
		out.Error = s.update(j, a)
	default:
		out.Error = turno.Errorf(turno.CodeMalformed, "%q is not something to do with a job", a.Verb)
	}
	out.State = string(j.State)
	return out
}

// expandForAct makes a waiting task of an array a job of its own, so that
// something can be done with it alone.
func (s *Sched) expandForAct(ref turno.Ref) *job {
	whole := ref
	whole.Task = -1
	array := s.find(whole)
	if array == nil || array.Tasks == nil || !array.Tasks.Waiting.Has(ref.Task) {
		return nil
	}
	t := s.expand(array, ref.Task)
	if array.State == turno.Held {
		t.State = turno.Held
	}
	s.queue(t)
	if array.Tasks.Waiting.Len() == 0 || s.throttled(array) {
		s.line.remove(array)
	}
	if array.State != turno.Held || array.Tasks.Waiting.Len() == 0 {
		s.setWaiting(array, turno.ReasonTasks, "")
	}
	return t
}

func (s *Sched) cancel(j *job, a *turno.Action) {
	detail := "cancelled"
	if a.User != "" {
		detail += " by " + a.User
	}
	if a.Message != "" {
		detail += ": " + a.Message
	}
	if j.Tasks != nil {
		s.endTasks(j, turno.Cancelled)
		for _, t := range append([]*job(nil), j.tasks...) {
			s.cancel(t, a)
		}
		s.settle(j)
		return
	}
	if !j.State.Active() {
		s.end(j, turno.Cancelled, turno.ReasonCancelled, detail)
		return
	}
	grace := j.Spec.Grace
	if a.Grace > 0 {
		grace = a.Grace
	}
	if a.Force {
		grace = 0
	}
	s.order(j, turno.Stop{Reason: turno.ReasonCancelling, Grace: grace}, detail)
}

func (s *Sched) hold(j *job) *turno.Error {
	if j.State.Active() {
		return turno.Errorf(turno.CodeConflict, "job %s is %s; only waiting jobs can be held", j.Display(), j.State).
			WithHint("put it back in line first: turno requeue %s", j.Display())
	}
	if j.Tasks != nil && j.Tasks.Waiting.Len() == 0 {
		return turno.Errorf(turno.CodeConflict, "job %s has no task left that waits", j.Display())
	}
	s.line.remove(j)
	s.set(j, turno.Held, turno.ReasonHeld, "held; release it to let it run")
	return nil
}

func (s *Sched) unhold(j *job) *turno.Error {
	if j.State != turno.Held {
		return turno.Errorf(turno.CodeConflict, "job %s is not held: it is %s", j.Display(), j.State)
	}
	s.set(j, turno.Queued, turno.ReasonPriority, "released")
	s.queue(j)
	return nil
}

func (s *Sched) requeue(j *job, a *turno.Action) *turno.Error {
	if j.Tasks != nil {
		for _, t := range append([]*job(nil), j.tasks...) {
			if t.State.Active() {
				s.order(t, turno.Stop{Reason: turno.ReasonRequeuing, Grace: t.Spec.Grace}, "requeued by "+a.User)
			}
		}
		return nil
	}
	if !j.State.Active() {
		return turno.Errorf(turno.CodeConflict, "job %s is in line already: it is %s", j.Display(), j.State)
	}
	s.order(j, turno.Stop{Reason: turno.ReasonRequeuing, Grace: j.Spec.Grace}, "requeued by "+a.User)
	return nil
}

func (s *Sched) actOnWorker(a *turno.Action, name string) turno.Acted {
	out := turno.Acted{Target: name}
	w := s.workers[name]
	if w == nil {
		out.Error = turno.Errorf(turno.CodeNotFound, "there is no worker %q", name).WithHint("list them with: turno nodes")
		return out
	}
	switch a.Verb {
	case turno.Drain:
		w.Drain = a.Message
		if w.Drain == "" {
			w.Drain = "drained by " + a.User
		}
		s.recall(w)
	case turno.Undrain:
		w.Drain = ""
	default:
		out.Error = turno.Errorf(turno.CodeMalformed, "%q is not something to do with a worker", a.Verb)
		return out
	}
	switch {
	case w.Drain != "" && w.State == turno.WorkerReady:
		w.State, w.Since = turno.WorkerDrained, s.now
	case w.Drain == "" && w.State == turno.WorkerDrained:
		w.State, w.Since = turno.WorkerReady, s.now
	}
	w.record = true
	s.touchWorker(w)
	s.reviewVerdicts()
	out.State = string(w.State)
	return out
}

// Workers lists the workers by name, with what they hold.
func (s *Sched) Workers(now time.Time) []turno.Worker {
	s.advance(now)
	out := make([]turno.Worker, 0, len(s.names))
	for _, name := range s.names {
		out = append(out, s.workers[name].view(s, jobsShown))
	}
	return out
}

// jobsShown bounds the jobs that a worker's view names.
const jobsShown = 20

// Live counts the jobs that have not ended, for logs and health.
func (s *Sched) Live() int { return len(s.jobs) }

func (j *job) String() string { return fmt.Sprintf("%s %s %s", j.Display(), j.State, j.Reason) }
