package sched

import (
	"slices"
	"strings"
	"time"

	"turno"
)

// update changes what a job asks for: of one that waits anything that a change
// may say, of one that is active what its attempt was not started with. Tasks
// of an array that have not started change with it, those that have do not.
func (s *Sched) update(j *job, a *turno.Action) *turno.Error {
	if a.Change == nil {
		return turno.Invalid("change", "must be given")
	}
	if a.IfRevision != nil && *a.IfRevision != j.Revision {
		return turno.Errorf(turno.CodeStale, "job %s was changed meanwhile: it has revision %d, not %d", j.Display(), j.Revision, *a.IfRevision).
			WithHint("read it again, and change what you then see")
	}
	if err := s.changeable(j, a.Change); err != nil {
		return err
	}
	changes := j.Changes.And(a.Change)
	spec := changes.Apply(j.Spec)
	if err := spec.Validate(); err != nil {
		return err
	}
	was := j.Spec
	s.change(j, changes, spec)
	for _, t := range slices.Clone(j.tasks) {
		own, its := t.Changes.And(a.Change), spec
		if t.Spec != was { // it was changed by itself, or before a restart
			its = own.Apply(t.Spec)
		}
		if !t.State.Active() && its.Validate() == nil {
			s.change(t, own, its)
		}
	}
	s.mustPlace = true
	return nil
}

// changeable tells why a job cannot be changed so.
func (s *Sched) changeable(j *job, c *turno.SpecChange) *turno.Error {
	if err := c.Check(); err != nil {
		return err
	}
	if c.Limit != nil && j.Tasks == nil {
		return turno.Invalid("array_limit", "job %s is not an array", j.Display())
	}
	if early := c.Early(); len(early) > 0 && j.State.Active() && j.Tasks == nil {
		return turno.Errorf(turno.CodeConflict, "job %s is %s: %s can be changed only while it waits", j.Display(), j.State, strings.Join(early, ", ")).
			WithHint("put it back in line first: turno requeue %s", j.Display())
	}
	if c.Deadline != nil && !c.Deadline.IsZero() && !c.Deadline.After(s.now) {
		return turno.Invalid("deadline_at", "%s has passed", c.Deadline.UTC().Format(time.RFC3339)).WithHint("to end it: turno cancel %s", j.Display())
	}
	return nil
}

// change gives a job another spec, and the place that it then has.
func (s *Sched) change(j *job, changes *turno.SpecChange, spec *turno.Spec) {
	stood := j.State == turno.Queued || j.Tasks != nil && j.State == turno.Running
	s.line.remove(j) // it stands by what its spec was
	for p, r := range s.reserved {
		if r != nil && r.job == j { // room for what its spec was
			s.reserved[p] = nil
		}
	}
	j.Spec, j.Changes = spec, changes
	j.Revision++
	s.prepare(j)
	s.touch(j)
	if stood {
		s.queue(j)
	}
}
