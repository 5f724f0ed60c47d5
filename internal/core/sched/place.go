package sched

import (
	"container/heap"
	"fmt"
	"slices"
	"time"

	"turno"
)

// A pool is the jobs that compete for the same kind of device: each has one
// reservation.
const (
	poolCPU = iota
	poolGPU
	pools
)

func (sh *shape) pool() int {
	if sh.key.device == turno.DeviceGPU {
		return poolGPU
	}
	return poolCPU
}

// schedule starts every job that can start: shapes in the order of their
// first jobs; a shape that does not fit is passed over whole.
func (s *Sched) schedule() {
	if !s.mustPlace {
		return
	}
	s.mustPlace = false
	queue := shapeHeap(s.line.sorted())
	was := s.reserved
	s.reserved = [pools]*reservation{}
	var shut [pools]bool
	for len(queue) > 0 {
		sh := queue[0]
		if p := sh.pool(); !shut[p] {
			if s.startFirst(sh) {
				if len(sh.jobs) == 0 {
					heap.Pop(&queue)
				} else {
					heap.Fix(&queue, 0)
				}
				continue
			}
			if s.reserved[p] == nil && s.reserve(sh, was[p]) {
				shut[p] = !s.cfg.Order.Backfill
			}
		}
		heap.Pop(&queue)
	}
	s.stepDown(was)
}

// stepDown gives jobs that are no longer first in line their old reason.
func (s *Sched) stepDown(was [pools]*reservation) {
	for p, r := range was {
		if r == nil || (s.reserved[p] != nil && s.reserved[p].job == r.job) {
			continue
		}
		if j := r.job; j.place >= 0 && j.State == turno.Queued && j.Reason == turno.ReasonResources {
			s.setWaiting(j, turno.ReasonPriority, "others stand before it")
		}
	}
}

// startFirst starts the first job of a shape if it fits anywhere.
func (s *Sched) startFirst(sh *shape) bool {
	for _, n := range sh.needs {
		w := s.choose(sh, n)
		if w == nil {
			continue
		}
		s.spend(w, sh, n)
		s.startOn(sh, place{w, n, false})
		return true
	}
	return s.startAhead(sh)
}

// choose finds the worker that a job fits best: the one that has least left
// over, so that large holes stay for large jobs; then by name.
func (s *Sched) choose(sh *shape, n need) *worker {
	var best *worker
	var bestLeft [2]int64
	for _, name := range s.names {
		w := s.workers[name]
		if len(w.ahead) > 0 || w.closed().reason != "" || !w.fits(sh, n) || w.never(sh, n).reason != "" {
			continue
		}
		if !s.leavesReserved(w, sh, n) {
			continue
		}
		_, free := w.matching(&shapeKey{})
		left := [2]int64{int64(free - n.gpus), int64(w.Machine.CPUs - w.cpus - n.cpus)}
		if best == nil || left[0] < bestLeft[0] || (left[0] == bestLeft[0] && left[1] < bestLeft[1]) {
			best, bestLeft = w, left
		}
	}
	return best
}

// place is where a job starts, and what it takes there.
type place struct {
	*worker
	need  need
	ahead bool
}

// startOn starts the first job of a shape.
func (s *Sched) startOn(sh *shape, at place) {
	if j := sh.jobs[0]; j.Tasks != nil {
		s.startTask(j, at)
	} else {
		s.line.remove(j)
		s.start(j, sh, at)
	}
}

// start begins an attempt.
func (s *Sched) start(j *job, sh *shape, at place) {
	w, n := at.worker, at.need
	j.ahead = at.ahead
	var gpus []string
	if n.gpus > 0 {
		gpus = w.pick(&sh.key, n.gpus)
	}
	w.take(j, n, gpus)
	s.assigned++
	j.order = s.assigned
	j.logStored, j.confirmed, j.stop = 0, false, nil
	j.Attempt = max(j.Attempt, s.attempts) + 1
	j.NotUntil = time.Time{}
	if len(j.Attempts) >= keepAttempts {
		j.Attempts = slices.Delete(j.Attempts, 0, 1)
	}
	if a := j.Current(); a != nil {
		a.Series = thinned(a.Series, oldPoints)
	}
	j.Attempts = append(j.Attempts, turno.Attempt{
		Number: j.Attempt, Worker: w.Name, Incarnation: w.Incarnation, Device: n.device, GPUs: gpus, AssignedAt: s.now, Ahead: j.ahead,
	})
	detail := "on " + w.Name
	if j.ahead {
		detail = "next " + detail
	}
	s.set(j, turno.Starting, turno.ReasonAssigned, detail)
	w.answer = true
	s.touchWorker(w)
}

// keepAttempts bounds a job's record: the last ones tell enough.
const keepAttempts = 20

// reservation keeps a place for the first job of a pool that has to wait.
type reservation struct {
	job    *job
	worker *worker
	need   need
	since  uint64    // Sched.assigned when it was made
	at     time.Time // when limits let it start at the latest; zero: not known
	// spare is what later jobs may take on the worker for longer than until at.
	spare need
}

// reserve makes or renews the reservation for a shape's first job. It reports
// false when no worker could ever take it: then it holds up nobody.
func (s *Sched) reserve(sh *shape, old *reservation) bool {
	j := sh.jobs[0]
	r := &reservation{job: j, since: s.assigned}
	if old != nil && old.job == j && s.workers[old.worker.Name] == old.worker && s.could(old.worker, sh, old.need) {
		r.worker, r.need, r.since = old.worker, old.need, old.since
		r.at = s.freeAt(r.worker, sh, r.need)
	} else if !s.seek(r, sh) {
		v := s.verdictOf(sh)
		s.setWaiting(j, v.reason, v.detail)
		return false
	}
	r.measure(s.now)
	s.reserved[sh.pool()] = r
	s.setWaiting(j, turno.ReasonResources, s.resourceDetail(sh))
	return true
}

func (s *Sched) could(w *worker, sh *shape, n need) bool {
	return w.never(sh, n).reason == "" && w.closed().reason == "" && w.enough(sh, n)
}

// seek finds the worker where a job could start earliest.
func (s *Sched) seek(r *reservation, sh *shape) bool {
	for _, n := range sh.needs {
		for _, name := range s.names {
			w := s.workers[name]
			if !s.could(w, sh, n) {
				continue
			}
			at := s.freeAt(w, sh, n)
			better := r.worker == nil || (r.at.IsZero() && !at.IsZero()) || (!at.IsZero() && at.Before(r.at))
			if better {
				r.worker, r.need, r.at = w, n, at
			}
		}
	}
	return r.worker != nil
}

// limitOf is when an attempt's time limit ends it; zero: never.
func limitOf(j *job) time.Time {
	if j.Spec.TimeLimit == 0 {
		return time.Time{}
	}
	from := j.Current().StartedAt
	if from.IsZero() {
		from = j.Current().AssignedAt
	}
	return from.Add(time.Duration(j.Spec.TimeLimit) + time.Duration(j.Spec.Grace))
}

// freeAt is when a worker has room for a need by the limits of what runs
// there; zero: no limit says so.
func (s *Sched) freeAt(w *worker, sh *shape, n need) time.Time {
	if len(w.ahead) > 0 {
		return time.Time{} // they go first, and when they begin is not known
	}
	var ends []*job
	for _, j := range w.attempts {
		if !limitOf(j).IsZero() {
			ends = append(ends, j)
		}
	}
	slices.SortFunc(ends, func(a, b *job) int {
		if c := limitOf(a).Compare(limitOf(b)); c != 0 {
			return c
		}
		return int(a.Number - b.Number)
	})
	_, gpus := w.matching(&sh.key)
	cpus, memory := w.Machine.CPUs-w.cpus, w.Machine.Memory-w.memory
	for _, j := range ends {
		cpus += j.need.cpus
		memory += j.need.memory
		gpus += j.need.gpus
		if gpus >= n.gpus && cpus >= n.cpus && memory >= n.memory {
			return limitOf(j)
		}
	}
	return time.Time{}
}

// measure finds what is to spare beside the reservation when it comes true.
func (r *reservation) measure(now time.Time) {
	gpus, _ := r.worker.matching(&shapeKey{})
	r.spare = need{
		gpus: gpus - r.need.gpus, cpus: r.worker.Machine.CPUs - r.need.cpus,
		memory: r.worker.Machine.Memory - r.need.memory,
	}
	for _, j := range r.worker.attempts {
		stays := j.order > r.since
		if !r.at.IsZero() {
			end := limitOf(j)
			stays = end.IsZero() || end.After(r.at)
		}
		if stays {
			r.spare.subtract(j.need)
		}
	}
}

func (n *need) subtract(m need) {
	n.gpus -= m.gpus
	n.cpus -= m.cpus
	n.memory -= m.memory
}

// passes tells whether a job that starts now ends before the reservation.
func (r *reservation) passes(sh *shape, now time.Time) bool {
	limit := time.Duration(sh.key.limit) + time.Duration(sh.spec.Grace)
	return sh.key.limit > 0 && !r.at.IsZero() && !now.Add(limit).After(r.at)
}

// leavesReserved tells whether a job may start on a worker without delaying
// who has a reservation there.
func (s *Sched) leavesReserved(w *worker, sh *shape, n need) bool {
	for _, r := range s.reserved {
		if r == nil || r.worker != w || r.passes(sh, s.now) {
			continue
		}
		if n.gpus > r.spare.gpus || n.cpus > r.spare.cpus || n.memory > r.spare.memory {
			return false
		}
	}
	return true
}

// spend takes from what is to spare.
func (s *Sched) spend(w *worker, sh *shape, n need) {
	for _, r := range s.reserved {
		if r != nil && r.worker == w && !r.passes(sh, s.now) {
			r.spare.subtract(n)
		}
	}
}

type shapeHeap []*shape

func (h shapeHeap) Len() int           { return len(h) }
func (h shapeHeap) Less(a, b int) bool { return before(h[a].jobs[0], h[b].jobs[0]) }
func (h shapeHeap) Swap(a, b int)      { h[a], h[b] = h[b], h[a] }
func (h *shapeHeap) Push(x any)        { *h = append(*h, x.(*shape)) }
func (h *shapeHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// resourceDetail says what the first job in line waits for.
func (s *Sched) resourceDetail(sh *shape) string {
	var best obstacle
	var name string
	for _, n := range sh.needs {
		for _, wn := range s.names {
			w := s.workers[wn]
			if !s.could(w, sh, n) {
				continue
			}
			if ob := w.busy(sh, n); ob.reason != "" && (name == "" || ob.free > best.free) {
				best, name = ob, wn
			}
		}
	}
	if name == "" {
		return "first in line; its place is reserved"
	}
	return fmt.Sprintf("first in line: asks for %s, most free is %s of %s on %s",
		amount(best.what, best.asked), amount(best.what, best.free), amount(best.what, best.limit), name)
}

// amount is a number of something for people.
func amount(what string, n int64) string {
	switch what {
	case "cpus":
		if n == int64(turno.CPU) {
			return "1 CPU"
		}
		return turno.MilliCPU(n).String() + " CPUs"
	case "memory":
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case "gpus":
		if n == 1 {
			return "1 GPU"
		}
		return fmt.Sprintf("%d GPUs", n)
	}
	return fmt.Sprint(n)
}
