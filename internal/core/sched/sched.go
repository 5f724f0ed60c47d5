// Package sched is the scheduler's mind: a plain struct that is told what
// happened and when, and says what to write and what to send. It has no clock,
// no I/O, no goroutine, no lock, no log and no randomness: the same inputs give
// the same outputs, so a trace replays and a failure replays from its log.
//
//	Submit, Act, Report, LogStored, Tick ──▶ Sched ──▶ Ready: records to commit,
//	                                                   then Desireds and results to send
//
// One goroutine owns a Sched. Records in a Ready stay valid, and must not be
// kept, until the next call.
package sched

import (
	"fmt"
	"time"

	"turno"
	"turno/internal/core/policy"
)

// Config is constant after New.
type Config struct {
	Term uint64 // of this scheduler's lead
	// Lease is how long a worker may go on without hearing from a scheduler.
	Lease time.Duration
	// Margin is added before the scheduler gives up on a silent worker: time for
	// the worker to have ended everything. Clocks may drift by Margin/Lease.
	Margin time.Duration
	// Silence after which a worker gets no new job.
	Silence time.Duration
	Order   policy.Order
	// Ahead is how long a job may be expected to wait on a worker for short ones
	// that are about to end; zero: jobs go where there is room, see ahead.go.
	Ahead time.Duration
	// MaxLosses is how many attempts of a job may be lost with their workers
	// before the job is taken for the cause and failed as Poison.
	MaxLosses int
	// MaxJobs and MaxUserJobs bound the jobs that have not ended, of all and of
	// each user; further ones are refused. 0: no bound.
	MaxJobs, MaxUserJobs int
}

// Defaults. A lease of five minutes lets a scheduler, a broker and a network
// be restarted without a job noticing, and a dead machine's jobs run again
// within a coffee.
const (
	DefaultLease     = 5 * time.Minute
	DefaultSilence   = 10 * time.Second // five heartbeats
	DefaultMaxLosses = 5
	DefaultAhead     = 50 * time.Millisecond // two of the longest ways there and back, and nobody notices
)

func (c *Config) fill() {
	if c.Lease == 0 {
		c.Lease = DefaultLease
	}
	if c.Margin == 0 {
		c.Margin = c.Lease/10 + time.Second
	}
	if c.Silence == 0 {
		c.Silence = DefaultSilence
	}
	if c.MaxLosses == 0 {
		c.MaxLosses = DefaultMaxLosses
	}
}

// Sched is all jobs that have not ended, and the workers.
type Sched struct {
	cfg Config
	now time.Time // of the latest input; never goes back

	next    int64 // number of the next job
	jobs    map[int64]*job
	ids     map[string]known // of live jobs and of recent ones: see recent.go
	recent  recent
	quota   quota
	line    line
	timers  timers
	waiting map[depKey][]int64 // jobs that wait for an end

	workers map[string]*worker
	names   []string // of workers, sorted

	reserved  [pools]*reservation
	attempts  int    // those of a job are numbered above this
	assigned  uint64 // counts assignments; orders them against reservations
	mustPlace bool   // something changed that may let a job start
	restoring bool   // between Restore and the end of Resume
	seq       uint64 // of Desireds

	dirtyJobs    []*job
	dirtyWorkers []*worker
	gone         []string
	ended        []turno.AttemptKey
}

// job is a job that has not ended, or has since the last Ready.
type job struct {
	turno.Job

	// As of the last Ready.
	oldState   turno.State
	oldWaiting int
	dirty      bool

	// In line: place is its index in its shape's heap, -1 outside.
	shape *shape
	key   int64
	place int

	array   *job // that this is a task of
	tasks   []*job
	taskPos int          // index in array.tasks
	deps    []dependency // that were open at admission
	open    int          // of them still

	// While an attempt is active.
	worker    *worker
	workerPos int // index in worker.attempts
	confirmed bool
	ahead     bool // on its worker's list of that name, nothing is booked for it
	stop      *turno.Stop
	logStored int64
	told      time.Time // when its progress was taken last
	need      need      // what it holds on the worker
	order     uint64    // value of Sched.assigned at its assignment
}

// New begins with no jobs and no workers; Restore adds those of the store.
// The first number is 1.
func New(cfg Config) *Sched {
	cfg.fill()
	return &Sched{
		cfg: cfg, next: 1,
		jobs: map[int64]*job{}, ids: map[string]known{}, waiting: map[depKey][]int64{},
		workers: map[string]*worker{}, line: newLine(), quota: quota{users: map[string]int{}},
	}
}

// advance takes the time of an input. Time that goes back is held: leases and
// limits never shrink.
func (s *Sched) advance(now time.Time) {
	if now.After(s.now) {
		s.now = now
	}
}

// set is the only place where a job's state and reason change.
func (s *Sched) set(j *job, st turno.State, r turno.Reason, detail string) {
	if j.State.Ended() {
		panic(fmt.Sprintf("sched: job %d ended as %s %s and would become %s %s", j.Number, j.State, j.Reason, st, r))
	}
	if r == "" {
		panic(fmt.Sprintf("sched: job %d would be %s without a reason", j.Number, st))
	}
	if j.State == st && j.Reason == r && j.Detail == detail {
		return
	}
	if j.State != st || j.Reason != r {
		j.Since = s.now
	}
	j.State, j.Reason, j.Detail = st, r, detail
	s.touch(j)
}

func (s *Sched) touch(j *job) {
	if !j.dirty {
		j.dirty = true
		s.dirtyJobs = append(s.dirtyJobs, j)
	}
}

func (s *Sched) touchWorker(w *worker) {
	if !w.dirty {
		w.dirty = true
		s.dirtyWorkers = append(s.dirtyWorkers, w)
	}
}

// Change is a job as it now is; From and Waiting tell from what: see
// store.Change.
type Change struct {
	Job     *turno.Job
	From    turno.State
	Waiting int
}

// Ready is what became of the inputs since the last one: first commit, then
// send.
type Ready struct {
	Jobs    []Change
	Workers []turno.Worker
	Gone    []string
	Next    int64
	// Desired and Results must not be sent before the commit.
	Desired []turno.Desired
	Results []turno.ResultMessage
	// Ended are attempts that a worker holds and whose end was accepted before
	// this term, if at all: publish their results again, and tell with LogStored
	// how much of their output is stored.
	Ended []turno.AttemptKey
}

// Empty tells that there is nothing to do.
func (r *Ready) Empty() bool {
	return len(r.Jobs)+len(r.Workers)+len(r.Gone)+len(r.Desired)+len(r.Ended) == 0
}

// Commits tells that there is something to write.
func (r *Ready) Commits() bool { return len(r.Jobs)+len(r.Workers)+len(r.Gone) > 0 }

// Ready places what can be placed and hands out everything that changed.
func (s *Sched) Ready() Ready {
	s.schedule()
	r := Ready{Next: s.next, Gone: s.gone, Ended: s.ended}
	s.gone, s.ended = nil, nil
	for _, j := range s.dirtyJobs {
		r.Jobs = append(r.Jobs, s.flush(j))
		if j.State.Ended() {
			r.Results = append(r.Results, ResultMessage(&j.Job))
		}
	}
	s.dirtyJobs = s.dirtyJobs[:0]
	for _, w := range s.dirtyWorkers {
		w.dirty = false
		if w.record {
			r.Workers = append(r.Workers, w.view(s, 0))
			w.record = false
		}
		if w.answer {
			r.Desired = append(r.Desired, s.desired(w))
			w.answer = false
		}
	}
	s.dirtyWorkers = s.dirtyWorkers[:0]
	return r
}

// flush makes the Change of a dirty job and forgets jobs that ended.
func (s *Sched) flush(j *job) Change {
	c := Change{Job: &j.Job, From: j.oldState}
	if j.Tasks != nil {
		left := j.Tasks.Waiting.Len()
		c.Waiting = left - j.oldWaiting
		j.oldWaiting = left
	}
	j.oldState, j.dirty = j.State, false
	if j.State.Ended() {
		delete(s.jobs, j.Number)
		s.quota.count(&j.Job, -1)
		if !j.SubmittedAt.After(s.recent.since) {
			delete(s.ids, j.ID)
		}
	}
	return c
}

// ResultMessage is what is published of an ended job.
func ResultMessage(j *turno.Job) turno.ResultMessage {
	return turno.ResultMessage{
		Version: turno.ProtocolVersion, ID: j.ID, Number: j.Number, Display: j.Display(),
		Name: j.Spec.Name, Queue: j.Spec.Queue, User: j.Spec.User, Type: j.Spec.Type,
		State: j.State, Reason: j.Reason, Detail: j.Detail, Attempt: j.Attempt, Worker: j.Worker(),
		SubmittedAt: j.SubmittedAt, StartedAt: j.StartedAt, EndedAt: j.EndedAt, Result: j.Result,
	}
}

// Next is when Tick must be called at the latest; zero: never, unless there is
// another input first.
func (s *Sched) Next() time.Time {
	next := s.timers.next()
	for _, name := range s.names {
		w := s.workers[name]
		for _, at := range []time.Time{w.deadline(s.cfg), w.recallAt()} {
			if !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
	}
	return next
}

// Tick tells the time.
func (s *Sched) Tick(now time.Time) {
	s.advance(now)
	for {
		t, due := s.timers.due(s.now)
		if !due {
			break
		}
		if j := s.jobs[t.job]; j != nil && !j.State.Ended() {
			s.wake(j, t.kind)
		}
	}
	s.checkWorkers()
	s.recallOld()
}

// wake acts on a job's timer. Timers are not taken back when they have become
// pointless: wake looks at the job as it is.
func (s *Sched) wake(j *job, k timerKind) {
	switch k {
	case timerStart:
		s.enqueue(j)
	case timerDeadline:
		if !j.Spec.Deadline.IsZero() && !s.now.Before(j.Spec.Deadline) {
			s.expire(j)
		}
	}
}

// expire ends a job whose deadline has come.
func (s *Sched) expire(j *job) {
	detail := "its deadline " + j.Spec.Deadline.UTC().Format(time.RFC3339) + " has passed"
	if j.Tasks != nil {
		s.endTasks(j, turno.Failed)
		for _, t := range append([]*job(nil), j.tasks...) {
			s.expire(t)
		}
		s.settle(j)
		return
	}
	if j.State.Active() {
		s.order(j, turno.Stop{Reason: turno.ReasonDeadline, Grace: j.Spec.Grace}, detail)
		return
	}
	s.end(j, turno.Failed, turno.ReasonDeadline, detail)
}
