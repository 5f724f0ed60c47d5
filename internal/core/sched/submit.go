package sched

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"turno"
	"turno/internal/core/policy"
)

// depKey names an end that can be waited for: a job, or one task of an array.
type depKey struct {
	number int64
	task   int // -1: the job itself
}

// Submit takes jobs in, or refuses them, one answer each. Specs must be
// normalized and valid, and must not be written to afterwards. known are the
// jobs that Lookups asked for, as far as the store has them.
func (s *Sched) Submit(now time.Time, jobs []turno.NewJob, known Known) []turno.Submitted {
	s.advance(now)
	answers := make([]turno.Submitted, len(jobs))
	for i := range jobs {
		answers[i] = s.submit(&jobs[i], known)
	}
	s.mustPlace = true
	return answers
}

func (s *Sched) submit(n *turno.NewJob, known Known) turno.Submitted {
	answer := turno.Submitted{ID: n.ID}
	if old, ok := s.ids[n.ID]; ok {
		if j := s.jobs[old.number]; j != nil {
			return repeated(&j.Job, n)
		}
		if old.user != n.Spec.User {
			return taken(n)
		}
		answer.Number = old.number
		return answer
	}
	if old := known.find(turno.Ref{ID: n.ID, Task: -1}); old != nil {
		return repeated(old, n)
	}
	if answer.Error = s.room(n.Spec.User); answer.Error != nil {
		return answer
	}
	deps, err := s.resolve(n.Spec, known)
	if err != nil {
		answer.Error = err
		return answer
	}
	j := s.accept(n)
	answer.Number = j.Number
	s.admit(j, deps)
	if !j.State.Ended() && j.Reason == turno.ReasonNoSuchResource {
		answer.Warning = j.Detail
	}
	return answer
}

// repeated answers to an id that is known: with its job's number, unless it
// comes with another job.
func repeated(old *turno.Job, n *turno.NewJob) turno.Submitted {
	if old.Spec.User != n.Spec.User {
		return taken(n)
	}
	had, err := json.Marshal(old.Spec)
	has, err2 := json.Marshal(old.Changes.Apply(n.Spec))
	if err == nil && err2 == nil && bytes.Equal(had, has) {
		return turno.Submitted{ID: n.ID, Number: old.Number}
	}
	return turno.Submitted{ID: n.ID, Error: turno.Invalid("id", "%s is job %s, which asks for something else", n.ID, old.Display()).
		WithHint("a repeated request must be the same; give another job another id")}
}

// taken refuses the id of somebody else's job, and says nothing of that.
func taken(n *turno.NewJob) turno.Submitted {
	return turno.Submitted{ID: n.ID, Error: turno.Invalid("id", "%s is taken", n.ID).WithHint("give the job another id")}
}

// accept gives the job its number.
func (s *Sched) accept(n *turno.NewJob) *job {
	j := &job{place: -1, Job: turno.Job{
		ID: n.ID, Number: s.next, Spec: n.Spec, SubmittedAt: s.now, RetryOf: n.RetryOf,
	}}
	s.next++
	if a := n.Spec.Array; a != nil {
		j.Tasks = &turno.TaskCount{Total: a.Tasks.Len(), Waiting: a.Tasks, Ended: map[turno.State]int{}}
	}
	s.jobs[j.Number] = j
	s.quota.count(&j.Job, 1)
	s.remember(j.ID, known{j.Number, j.Spec.User})
	return j
}

// admit gives an accepted or restored job its place: with those that are
// held, that wait for an end or a time, or in line.
func (s *Sched) admit(j *job, deps []dependency) {
	s.prepare(j)
	for _, d := range deps {
		if d.ended == "" {
			s.waiting[d.key] = append(s.waiting[d.key], j.Number)
			j.deps = append(j.deps, d)
			j.open++
			continue
		}
		if !met(d.when, d.ended) {
			s.failDependency(j, d)
			return
		}
	}
	s.queue(j)
}

// prepare sets what depends on the spec alone.
func (s *Sched) prepare(j *job) {
	if !j.Spec.Deadline.IsZero() {
		s.timers.add(j.Spec.Deadline, timerDeadline, j.Number)
	}
	j.key = s.cfg.Order.Key(candidate(&j.Job))
}

// dependency is one that was looked at: ended is empty while its job lives.
type dependency struct {
	text  string
	key   depKey
	when  turno.Condition
	ended turno.State
}

func met(when turno.Condition, end turno.State) bool {
	switch when {
	case turno.AfterOK:
		return end == turno.Succeeded
	case turno.AfterNotOK:
		return end != turno.Succeeded
	}
	return true
}

// resolve finds what a spec depends on.
func (s *Sched) resolve(spec *turno.Spec, known Known) ([]dependency, *turno.Error) {
	var deps []dependency
	for _, d := range spec.After {
		ref, err := turno.ParseRef(d.Job)
		if err != nil {
			return nil, turno.Invalid("after", "%v", err)
		}
		dep := dependency{text: d.Job, when: d.When}
		if dep.key, dep.ended, err = s.look(ref, known); err != nil {
			return nil, turno.Invalid("after", "job %s: %v", d.Job, err)
		}
		deps = append(deps, dep)
	}
	return deps, nil
}

// look tells how a job that is depended on ended, or by which key to wait.
func (s *Sched) look(ref turno.Ref, known Known) (depKey, turno.State, error) {
	if j := s.find(ref); j != nil {
		if j.State.Ended() {
			return depKey{}, j.State, nil
		}
		return depKey{j.Number, -1}, "", nil
	}
	if ref.Task >= 0 { // a task that is not expanded, of an array that lives
		whole := ref
		whole.Task = -1
		if a := s.find(whole); a != nil && a.Tasks != nil && a.Tasks.Waiting.Has(ref.Task) {
			return depKey{a.Number, ref.Task}, "", nil
		}
	}
	if old := known.find(ref); old != nil && old.State.Ended() {
		return depKey{}, old.State, nil
	}
	return depKey{}, "", fmt.Errorf("there is no such job")
}

// find gives a live job, or nil.
func (s *Sched) find(ref turno.Ref) *job {
	number := ref.Number
	if ref.ID != "" {
		number = s.ids[ref.ID].number
	}
	j := s.jobs[number]
	if j == nil || ref.Task < 0 {
		return j
	}
	for _, t := range j.tasks {
		if t.Task == ref.Task {
			return t
		}
	}
	return nil
}

// failDependency ends a job that can never run.
func (s *Sched) failDependency(j *job, d dependency) {
	s.finishWaiting(j, turno.Failed, turno.ReasonDependencyFailed,
		fmt.Sprintf("it was to start %s job %s, which ended as %s", d.when, d.text, d.ended))
}

// queue puts a job without open dependencies, holds and delays in line;
// others wait with their reason.
func (s *Sched) queue(j *job) {
	spec := j.Spec
	if j.Tasks != nil && j.Tasks.Waiting.Len() == 0 {
		return
	}
	switch {
	case j.State == turno.Held || (j.State == "" && spec.Hold):
		s.set(j, turno.Held, turno.ReasonHeld, "held; release it to let it run")
	case j.open > 0:
		s.set(j, turno.Queued, turno.ReasonDependency, fmt.Sprintf("waits for %d other jobs to end", j.open))
	case s.now.Before(spec.Begin):
		s.set(j, turno.Queued, turno.ReasonBeginTime, "not before "+spec.Begin.UTC().Format(time.RFC3339))
		s.timers.add(spec.Begin, timerStart, j.Number)
	case s.now.Before(j.NotUntil):
		reason := turno.ReasonBackoff
		s.set(j, turno.Queued, reason, "tries again at "+j.NotUntil.UTC().Format(time.RFC3339))
		s.timers.add(j.NotUntil, timerStart, j.Number)
	default:
		s.stand(j)
	}
}

// enqueue is queue for a job whose wait may be over.
func (s *Sched) enqueue(j *job) {
	if j.State == turno.Queued && j.place < 0 {
		s.queue(j)
	}
}

// stand puts a job in line.
func (s *Sched) stand(j *job) {
	j.shape = s.line.shapeOf(j.Spec)
	if j.Tasks != nil && s.throttled(j) {
		s.setWaiting(j, turno.ReasonArrayThrottle, fmt.Sprintf("%d of at most %d tasks run", j.Tasks.Active, j.Spec.Array.Limit))
		return
	}
	if j.place < 0 {
		s.line.add(j)
	}
	s.mustPlace = true
	if s.restoring && j.State == turno.Queued && j.Reason != turno.ReasonDependency {
		return // no worker has reported yet: the reason of before is the better one
	}
	v := s.verdictOf(j.shape)
	s.setWaiting(j, v.reason, v.detail)
}

// setWaiting is set for jobs that wait; an array of which tasks are active is
// Running.
func (s *Sched) setWaiting(j *job, r turno.Reason, detail string) {
	if j.Tasks != nil && j.Tasks.Active > 0 {
		s.set(j, turno.Running, turno.ReasonTasks, "")
		return
	}
	s.set(j, turno.Queued, r, detail)
}

func (s *Sched) throttled(array *job) bool {
	limit := array.Spec.Array.Limit
	return limit > 0 && array.Tasks.Active >= limit
}

func candidate(j *turno.Job) policy.Candidate {
	c := policy.Candidate{Submitted: j.SubmittedAt, Estimate: policy.NoLimit, Width: int64(j.Spec.GPUs)}
	if j.Spec.TimeLimit > 0 {
		c.Estimate = time.Duration(j.Spec.TimeLimit)
	}
	if c.Width == 0 {
		c.Width = int64(j.Spec.CPUs.Whole())
	}
	return c
}

// release tells those who waited for an end of it.
func (s *Sched) release(key depKey, end turno.State) {
	waiters := s.waiting[key]
	delete(s.waiting, key)
	for _, number := range waiters {
		j := s.jobs[number]
		if j == nil || j.State.Ended() {
			continue
		}
		j.open--
		if d, broken := j.broken(key, end); broken {
			s.failDependency(j, d)
			continue
		}
		if j.open == 0 && j.State == turno.Queued {
			s.queue(j)
		} else {
			s.queueDetail(j)
		}
	}
}

// queueDetail renews the number in the detail of a job that waits on.
func (s *Sched) queueDetail(j *job) {
	if j.State == turno.Queued && j.open > 0 {
		s.set(j, turno.Queued, turno.ReasonDependency, fmt.Sprintf("waits for %d other jobs to end", j.open))
	}
}

// broken finds the dependency that an end makes unmeetable.
func (j *job) broken(key depKey, end turno.State) (dependency, bool) {
	for _, d := range j.deps {
		if d.key == key && !met(d.when, end) {
			d.ended = end
			return d, true
		}
	}
	return dependency{}, false
}

// sortedNumbers is for walks over live jobs that must not depend on a map.
func (s *Sched) sortedNumbers() []int64 {
	out := make([]int64, 0, len(s.jobs))
	// order-free: sorted below
	for n := range s.jobs {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
