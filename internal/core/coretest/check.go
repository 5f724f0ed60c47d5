package coretest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"turno"
)

// Check tells which invariant is broken.
func (w *World) Check() error {
	if err := w.checkProcesses(); err != nil {
		return err
	}
	if w.core != nil && w.asked {
		w.asked = false
		if err := w.core.Check(); err != nil {
			return fmt.Errorf("I4 or I10: %w", err)
		}
	}
	for _, n := range w.changed {
		if err := w.checkJob(w.store.jobs[n]); err != nil {
			return err
		}
	}
	w.changed = w.changed[:0]
	for _, n := range w.depends {
		if err := w.checkStart(w.store.jobs[n]); err != nil {
			return err
		}
	}
	w.depends = w.depends[:0]
	return nil
}

// checkStart is I9.
func (w *World) checkStart(j *turno.Job) error {
	for _, d := range j.Spec.After {
		ref, err := turno.ParseRef(d.Job)
		if err != nil {
			return fmt.Errorf("I9: job %d: %w", j.Number, err)
		}
		end := w.endOf(ref)
		ok := end.Ended() && (d.When == turno.AfterAny || (end == turno.Succeeded) == (d.When == turno.AfterOK))
		if !ok {
			return fmt.Errorf("I9: job %d started %s job %s, which is %q", j.Number, d.When, d.Job, end)
		}
	}
	return nil
}

// endOf is how a job or task stands in the store. A task that was never
// expanded has no record; its array's says how it ended.
func (w *World) endOf(ref turno.Ref) turno.State {
	if ref.ID != "" {
		ref.Number, ref.ID = w.store.ids[ref.ID], ""
	}
	whole := w.store.jobs[ref.Number]
	if ref.Task < 0 {
		return whole.State
	}
	if n := w.store.tasks[task{ref.Number, ref.Task}]; n != 0 {
		return w.store.jobs[n].State
	}
	for st, n := range whole.Tasks.Ended {
		if n > 0 && st != turno.Succeeded && !whole.Tasks.Waiting.Has(ref.Task) {
			return st // all that end unexpanded end the same way, and never well
		}
	}
	return ""
}

// checkTold is I7: once told, and again when all is over.
func (w *World) checkTold() error {
	for id, n := range w.told {
		if j := w.store.jobs[n]; j == nil || j.ID != id {
			return fmt.Errorf("I7: job %d (%s) was accepted and is not in the store", n, id)
		}
	}
	return nil
}

// checkProcesses is I1 and I2: they can only be broken by a process that begins.
func (w *World) checkProcesses() error {
	for _, p := range w.newborn {
		for _, a := range w.workers {
			for _, other := range a.procs {
				if other == p || p.gone {
					continue
				}
				if other.key.Job == p.key.Job {
					return fmt.Errorf("I2: job %d is alive as %s and as %s on %s", p.key.Job, p.key, other.key, a.name)
				}
				for _, g := range p.gpus {
					if slices.Contains(other.gpus, g) {
						return fmt.Errorf("I1: device %s is used by %s and by %s", g, p.key, other.key)
					}
				}
			}
		}
	}
	w.newborn = w.newborn[:0]
	return nil
}

func (w *World) checkJob(j *turno.Job) error {
	if j == nil {
		return nil // a number whose commit never came
	}
	if j.State == "" || j.Reason == "" || j.Since.IsZero() {
		return fmt.Errorf("I6: job %d is %q %q since %s", j.Number, j.State, j.Reason, j.Since)
	}
	if err := w.checkTimes(j); err != nil {
		return err
	}
	old, ended := w.ends[j.Number]
	if !j.State.Ended() {
		if ended {
			return fmt.Errorf("I3: job %d had ended as %s and is %s", j.Number, old.State, j.State)
		}
		return nil
	}
	if ended && !sameEnd(&old, j) {
		return fmt.Errorf("I3: job %d had ended as %+v and has as %+v", j.Number, old, *j)
	}
	w.ends[j.Number] = *j
	if a := j.Current(); a != nil && (j.Result != a.Result || a.Number != j.Attempt) {
		return fmt.Errorf("I5: job %d ended with a result that is not its last attempt's", j.Number)
	}
	if j.State == turno.Succeeded && j.Tasks == nil && (j.Result == nil || j.Result.State != turno.Succeeded) {
		return fmt.Errorf("I5: job %d succeeded without a result", j.Number)
	}
	return checkOutput(j)
}

// checkTimes is I12: workers' clocks may be wrong, what is told of them is not.
func (w *World) checkTimes(j *turno.Job) error {
	times := []time.Time{j.SubmittedAt}
	for i := range j.Attempts {
		a := &j.Attempts[i]
		times = append(times, a.AssignedAt, a.StartedAt, a.EndedAt)
	}
	times = append(times, j.EndedAt, w.now)
	last := times[0]
	for _, t := range times {
		if t.IsZero() {
			continue
		}
		if t.Before(last) {
			return fmt.Errorf("I12: job %d has times that are not in order, or to come: %s", j.Number, times)
		}
		last = t
	}
	return nil
}

// checkOutput compares the attempt that a job's output is of with its last.
func checkOutput(j *turno.Job) error {
	if j.Result == nil || j.Result.Output == nil {
		return nil
	}
	k := turno.AttemptKey{Job: j.Number, Attempt: j.Attempt}
	if of := strings.Trim(string(j.Result.Output), `"`); of != k.String() {
		return fmt.Errorf("I5: job %d ended with attempt %d and has the result of %s", j.Number, j.Attempt, of)
	}
	return nil
}

func sameEnd(a, b *turno.Job) bool {
	return a.State == b.State && a.Reason == b.Reason && a.Detail == b.Detail && a.Attempt == b.Attempt &&
		a.EndedAt.Equal(b.EndedAt) && a.Result == b.Result
}

// Heal stops all faults and lets the world go on until every job has ended:
// everything runs, every message arrives, every process ends, nothing is held
// or drained.
func (w *World) Heal() error {
	if w.core == nil {
		w.startScheduler("fair")
	}
	for _, a := range w.workers {
		a.cutUntil = time.Time{}
		if a.core == nil {
			w.startAgent(a)
		}
	}
	const rounds = 400 // of virtual seconds; backoffs and leases are far shorter
	for range rounds {
		if err := w.healRound(); err != nil {
			return err
		}
		if w.core.Live() == 0 {
			return w.checkTold()
		}
	}
	return fmt.Errorf("I8: %d jobs have not ended: %s", w.core.Live(), w.unfinished())
}

func (w *World) healRound() error {
	for n := int64(1); n < w.store.next; n++ {
		if j := w.store.jobs[n]; j != nil && j.State == turno.Held {
			w.scheduler().Act(w.now, &turno.Action{Verb: turno.Release, Jobs: []string{fmt.Sprint(n)}})
		}
		if j := w.store.jobs[n]; j != nil && impossible(j) {
			w.scheduler().Act(w.now, &turno.Action{Verb: turno.Cancel, Jobs: []string{fmt.Sprint(n)}})
		}
	}
	for _, a := range w.workers {
		w.scheduler().Act(w.now, &turno.Action{Verb: turno.Undrain, Workers: []string{a.name}})
	}
	w.flush(nowhere)
	for len(w.wire) > 0 {
		w.network(Op{Kind: Deliver, B: 1})
		w.flush(nowhere)
		if err := w.Check(); err != nil {
			return fmt.Errorf("while healing: %w", err)
		}
	}
	for i := range uint16(8) {
		w.process(Op{Kind: End, A: i, B: 4})
		w.flush(nowhere)
	}
	w.advance(time.Second)
	return w.Check()
}

func impossible(j *turno.Job) bool {
	return !j.State.Ended() && j.Reason == turno.ReasonNoSuchResource
}

func (w *World) unfinished() string {
	var text strings.Builder
	for n := int64(1); n < w.store.next; n++ {
		if j := w.store.jobs[n]; j != nil && !j.State.Ended() {
			text.WriteString(fmt.Sprintf("\n  %s %s %s %q attempt %d on %q tasks %+v", j.Display(), j.State, j.Reason, j.Detail, j.Attempt, j.Worker(), j.Tasks))
		}
	}
	return text.String()
}
