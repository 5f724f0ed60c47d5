package coretest

import (
	"fmt"
	"strings"
	"time"

	"turno"
)

// Check tells which invariant is broken.
func (w *World) Check() error {
	if err := w.checkProcesses(); err != nil {
		return err
	}
	if w.core != nil {
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
	whole := w.store.jobs[ref.Number]
	if ref.Task < 0 {
		return whole.State
	}
	for n := int64(1); n < w.store.next; n++ {
		if j := w.store.jobs[n]; j != nil && j.Parent == ref.Number && j.Task == ref.Task {
			return j.State
		}
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

func (w *World) checkProcesses() error {
	devices := map[string]turno.AttemptKey{}
	jobs := map[int64]turno.AttemptKey{}
	for _, a := range w.workers {
		for _, p := range a.procs {
			if other, twice := jobs[p.key.Job]; twice {
				return fmt.Errorf("I2: job %d is alive as %s and as %s on %s", p.key.Job, other, p.key, a.name)
			}
			jobs[p.key.Job] = p.key
			for _, g := range p.gpus {
				if other, twice := devices[g]; twice {
					return fmt.Errorf("I1: device %s is used by %s and by %s", g, other, p.key)
				}
				devices[g] = p.key
			}
		}
	}
	return nil
}

func (w *World) checkJob(j *turno.Job) error {
	if j == nil {
		return nil // a number whose commit never came
	}
	if j.State == "" || j.Reason == "" || j.Since.IsZero() {
		return fmt.Errorf("I6: job %d is %q %q since %s", j.Number, j.State, j.Reason, j.Since)
	}
	if !j.State.Ended() {
		if old, ended := w.ends[j.Number]; ended {
			return fmt.Errorf("I3: job %d had ended as %s and is %s", j.Number, old, j.State)
		}
		return nil
	}
	end := fmt.Sprint(j.State, j.Reason, j.Detail, j.EndedAt, j.Attempt, j.Result)
	if old, ended := w.ends[j.Number]; ended && old != end {
		return fmt.Errorf("I3: job %d had ended as %s and has as %s", j.Number, old, end)
	}
	w.ends[j.Number] = end
	if a := j.Current(); a != nil && (j.Result != a.Result || a.Number != j.Attempt) {
		return fmt.Errorf("I5: job %d ended with a result that is not its last attempt's", j.Number)
	}
	if j.State == turno.Succeeded && j.Tasks == nil && (j.Result == nil || j.Result.State != turno.Succeeded) {
		return fmt.Errorf("I5: job %d succeeded without a result", j.Number)
	}
	return nil
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
			w.core.Act(w.now, &turno.Action{Verb: turno.Release, Jobs: []string{fmt.Sprint(n)}})
		}
		if j := w.store.jobs[n]; j != nil && impossible(j) {
			w.core.Act(w.now, &turno.Action{Verb: turno.Cancel, Jobs: []string{fmt.Sprint(n)}})
		}
	}
	for _, a := range w.workers {
		w.core.Act(w.now, &turno.Action{Verb: turno.Undrain, Workers: []string{a.name}})
	}
	w.flush(0)
	for len(w.wire) > 0 {
		w.network(Op{Kind: Deliver, B: 1})
		w.flush(0)
		if err := w.Check(); err != nil {
			return fmt.Errorf("while healing: %w", err)
		}
	}
	for i := range uint16(8) {
		w.process(Op{Kind: End, A: i, B: 4})
		w.flush(0)
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
