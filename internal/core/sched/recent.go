package sched

import (
	"time"

	"turno"
)

// How a repeated submission is told. The store's unique id is the truth; to
// ask it for every job would cost a read each. So the core remembers the ids
// of this term for a while. A UUIDv7 carries the time it was made: one made
// after the memory begins and not in it is new. Everything else is looked up.
const (
	// rememberFor is above any client's or broker's time to try again without a
	// person in between.
	rememberFor = 15 * time.Minute
	// rememberMost bounds the memory: about 170 MB at a million ids.
	rememberMost = 1_000_000
	// skew of clients' clocks that is allowed for. A clock that is further behind
	// can at worst hide a repetition from the core: the store then refuses the
	// commit, and the scheduler begins a new term, in which it is looked up.
	skew = 2 * time.Second
)

// known is whose job has an id.
type known struct {
	number int64
	user   string
}

type remembered struct {
	id string
	at time.Time
}

type recent struct {
	since time.Time // ids made after this are known completely
	fifo  []remembered
	head  int
}

// remember keeps an id after its job may have ended.
func (s *Sched) remember(id string, job known) {
	s.ids[id] = job
	s.recent.fifo = append(s.recent.fifo, remembered{id, s.now})
	for s.recent.head < len(s.recent.fifo) {
		old := s.recent.fifo[s.recent.head]
		if len(s.recent.fifo)-s.recent.head <= rememberMost && s.now.Sub(old.at) < rememberFor {
			break
		}
		s.forget(old)
	}
	if s.recent.head > rememberMost {
		s.recent.fifo = append([]remembered(nil), s.recent.fifo[s.recent.head:]...)
		s.recent.head = 0
	}
}

func (s *Sched) forget(old remembered) {
	s.recent.fifo[s.recent.head] = remembered{}
	s.recent.head++
	if old.at.After(s.recent.since) {
		s.recent.since = old.at
	}
	if job, ok := s.ids[old.id]; ok && s.jobs[job.number] == nil {
		delete(s.ids, old.id)
	}
}

// unknown tells that an id may be in the store without the core knowing.
func (s *Sched) unknown(id string, now time.Time) bool {
	if _, ok := s.ids[id]; ok {
		return false
	}
	made, ok := turno.IDTime(id)
	return !ok || made.Before(s.recent.since.Add(skew)) || made.After(now.Add(skew))
}

// Lookups lists the jobs that Submit must be told of if they are in the store:
// possible repetitions, and dependencies that are not live.
func (s *Sched) Lookups(now time.Time, jobs []turno.NewJob) []turno.Ref {
	var refs []turno.Ref
	for i := range jobs {
		if id := jobs[i].ID; id != "" && s.unknown(id, now) {
			refs = append(refs, turno.Ref{ID: id, Task: -1})
		}
		if jobs[i].Spec != nil {
			refs = append(refs, s.lookupAfter(jobs[i].Spec)...)
		}
	}
	return refs
}

// lookupAfter lists the dependencies of a spec that the core does not know.
func (s *Sched) lookupAfter(spec *turno.Spec) []turno.Ref {
	var refs []turno.Ref
	for _, d := range spec.After {
		ref, err := turno.ParseRef(d.Job)
		if err != nil {
			continue
		}
		if j := s.find(ref); j == nil {
			refs = append(refs, ref)
		}
	}
	return refs
}

// Known are jobs from the store, ended or not.
type Known []*turno.Job

// find gives the known job of a Ref.
func (k Known) find(ref turno.Ref) *turno.Job {
	for _, j := range k {
		if j == nil {
			continue
		}
		same := ref.Task < 0 && (j.Number == ref.Number || (ref.ID != "" && j.ID == ref.ID))
		task := ref.Task >= 0 && j.Parent != 0 && j.Task == ref.Task &&
			(j.Parent == ref.Number || (ref.ID != "" && len(j.ID) > 36 && j.ID[:36] == ref.ID))
		if same || task {
			return j
		}
	}
	return nil
}
