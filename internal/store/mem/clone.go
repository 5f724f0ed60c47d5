package mem

import (
	"maps"
	"slices"
	"time"

	"turno"
)

// micro is a time as every adapter gives it back: in microseconds, UTC.
func micro(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMicro(t.UnixMicro()).UTC()
}

// cloneJob copies all but the spec, which nobody writes to.
func cloneJob(j *turno.Job) *turno.Job {
	c := *j
	c.Since, c.SubmittedAt = micro(j.Since), micro(j.SubmittedAt)
	c.StartedAt, c.EndedAt, c.NotUntil = micro(j.StartedAt), micro(j.EndedAt), micro(j.NotUntil)
	c.Result = cloneResult(j.Result)
	if j.Tasks != nil {
		c.Tasks = new(*j.Tasks)
		c.Tasks.Waiting = slices.Clone(j.Tasks.Waiting)
		c.Tasks.Ended = maps.Clone(j.Tasks.Ended)
	}
	c.Attempts = slices.Clone(j.Attempts)
	for i := range c.Attempts {
		a := &c.Attempts[i]
		a.AssignedAt, a.StartedAt, a.EndedAt = micro(a.AssignedAt), micro(a.StartedAt), micro(a.EndedAt)
		a.GPUs = slices.Clone(a.GPUs)
		a.Result = cloneResult(a.Result)
	}
	return &c
}

func cloneResult(r *turno.Result) *turno.Result {
	if r == nil {
		return nil
	}
	c := *r
	c.Output = slices.Clone(r.Output)
	return &c
}

func cloneWorker(w turno.Worker) turno.Worker {
	w.Since, w.SeenAt = micro(w.Since), micro(w.SeenAt)
	w.GPUsUsed, w.Jobs = slices.Clone(w.GPUsUsed), slices.Clone(w.Jobs)
	w.Machine.GPUs = slices.Clone(w.Machine.GPUs)
	w.Machine.Offers = slices.Clone(w.Machine.Offers)
	w.Machine.Runners = slices.Clone(w.Machine.Runners)
	for i := range w.Machine.Offers {
		w.Machine.Offers[i].Devices = slices.Clone(w.Machine.Offers[i].Devices)
	}
	return w
}
