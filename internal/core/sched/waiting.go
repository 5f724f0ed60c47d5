package sched

import (
	"time"

	"turno"
)

// Waiting is what jobs of one queue wait for.
type Waiting struct {
	// Jobs by reason, each task of an array that is not expanded too.
	Jobs map[turno.Reason]int
	// Oldest is since when the first of those waits that wait for nothing but
	// their turn or resources; zero: there are none.
	Oldest time.Time
}

// Waiting looks at every job that waits, by queue. It takes time by the job:
// whoever asks does so now and then.
func (s *Sched) Waiting() map[string]Waiting {
	out := map[string]Waiting{}
	for _, j := range s.jobs { // order-free: summed, and the least
		if j.State != turno.Queued && j.State != turno.Held {
			continue
		}
		n, why := 1, j.Reason
		if j.Tasks != nil {
			n = j.Tasks.Waiting.Len()
			if why == turno.ReasonTasks {
				why = turno.ReasonPriority
			}
		}
		if n == 0 {
			continue
		}
		w := out[j.Spec.Queue]
		if w.Jobs == nil {
			w.Jobs = map[turno.Reason]int{}
		}
		w.Jobs[why] += n
		if could := j.mayStart(); j.State == turno.Queued && !waitsElsewhere[why] && (w.Oldest.IsZero() || could.Before(w.Oldest)) {
			w.Oldest = could
		}
		out[j.Spec.Queue] = w
	}
	return out
}

// waitsElsewhere are reasons that neither time in line nor resources end.
var waitsElsewhere = map[turno.Reason]bool{
	turno.ReasonDependency: true, turno.ReasonBeginTime: true, turno.ReasonBackoff: true, turno.ReasonArrayThrottle: true,
	turno.ReasonHeld: true,
}

// mayStart is from when a job waits for its turn.
func (j *job) mayStart() time.Time {
	could := j.SubmittedAt
	for _, t := range []time.Time{j.Spec.Begin, j.NotUntil} {
		if t.After(could) {
			could = t
		}
	}
	return could
}
