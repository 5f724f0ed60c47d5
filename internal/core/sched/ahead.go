package sched

import (
	"slices"
	"time"

	"turno"
)

// Jobs sent ahead. A job that is shorter than the way from a worker to the
// scheduler and back would leave its place empty for most of the time. So a
// worker whose attempts are short gets some more than it has room for, and
// begins them by itself as the others end. Nothing is booked for them until a
// Report shows them begun; while some wait, the worker gets no others but
// behind them. They keep the order of the line: only its first job is sent
// ahead. One that waits for long after all is called back.

const (
	// maxAhead bounds what waits on one worker: a few milliseconds of work for
	// the way there and back, at the pace of the shortest jobs.
	maxAhead = 256
	// callBackAfter is when one that has not begun is called back. Twenty times
	// what it was expected to wait at most: its worker has become slow.
	callBackAfter = time.Second
	// paceWindow is over how many ends the pace is averaged, about.
	paceWindow = 8
)

// startAhead sends the first job in line to a worker without room that will
// have some in a moment.
func (s *Sched) startAhead(sh *shape) bool {
	if s.reserved[sh.pool()] != nil {
		return false
	}
	for _, n := range sh.needs {
		w := s.chooseAhead(sh, n)
		if w == nil {
			continue
		}
		s.startOn(sh, place{w, n, true})
		return true
	}
	return false
}

// chooseAhead finds the worker with the fewest of them; then by name.
func (s *Sched) chooseAhead(sh *shape, n need) *worker {
	var best *worker
	if s.cfg.Ahead == 0 || n.gpus > 0 {
		return nil // a device is worth being chosen when it is free
	}
	for _, name := range s.names {
		w := s.workers[name]
		if len(w.ahead) >= w.mostAhead(s.cfg.Ahead) || w.closed().reason != "" || w.never(sh, n).reason != "" || !w.enough(sh, n) || s.reservedOn(w) {
			continue
		}
		if best == nil || len(w.ahead) < len(best.ahead) {
			best = w
		}
	}
	return best
}

func (s *Sched) reservedOn(w *worker) bool {
	return slices.ContainsFunc(s.reserved[:], func(r *reservation) bool { return r != nil && r.worker == w })
}

// mostAhead is how many may wait on a worker so that the last of them begins
// within the time allowed, at the worker's pace.
func (w *worker) mostAhead(allowed time.Duration) int {
	busy := len(w.attempts) - len(w.ahead)
	if w.pace == 0 || w.pace > allowed {
		return 0
	}
	return min(int(allowed*time.Duration(busy)/w.pace), maxAhead)
}

// keepPace takes how long an attempt ran into the worker's pace.
func (w *worker) keepPace(a *turno.Attempt) {
	if a.StartedAt.IsZero() {
		return // it never began
	}
	a.Ahead = false
	ran := min(max(a.EndedAt.Sub(a.StartedAt), time.Microsecond), callBackAfter)
	if w.pace == 0 {
		w.pace = ran
	}
	w.pace += (ran - w.pace) / paceWindow
}

// begun books what a Report shows to have begun.
func (s *Sched) begun(w *worker, r *turno.Report) {
	if len(w.ahead) == 0 {
		return
	}
	for i := range r.Held {
		h := &r.Held[i]
		j := s.jobs[h.Job]
		if j == nil || j.worker != w || j.Attempt != h.Attempt || !j.ahead || h.State == turno.Queued {
			continue
		}
		w.unqueue(j)
		j.Current().Ahead = false
		w.book(j, nil)
		if j.stop != nil && j.stop.Unbegun {
			j.stop = nil
		}
		s.touch(j)
	}
	s.mustPlace = true
}

func (w *worker) unqueue(j *job) {
	i := slices.Index(w.ahead, j)
	w.ahead = slices.Delete(w.ahead, i, i+1)
	j.ahead = false
}

// recall takes back what has not begun on a worker.
func (s *Sched) recall(w *worker) {
	for _, j := range w.ahead {
		if j.stop == nil {
			j.stop = &turno.Stop{Reason: turno.ReasonRequeuing, Unbegun: true}
			w.answer = true
		}
	}
	s.touchWorker(w)
}

// recallAt is when the first of those ahead has waited for too long.
func (w *worker) recallAt() time.Time {
	if len(w.ahead) == 0 || w.ahead[0].stop != nil {
		return time.Time{}
	}
	return w.ahead[0].Current().AssignedAt.Add(callBackAfter)
}

func (s *Sched) recallOld() {
	for _, name := range s.names {
		w := s.workers[name]
		if at := w.recallAt(); !at.IsZero() && !s.now.Before(at) {
			w.pace = callBackAfter // until many have been short again
			s.recall(w)
		}
	}
}
