// Package mem is a store in memory: the oracle that the other adapters are
// compared with, and the store of tests. It is plain before it is fast: each
// answer is computed from the jobs themselves. It remembers nothing beyond the
// process and is not for production.
//
// One mutex guards everything; nothing blocks while it is held.
package mem

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"turno"
	"turno/internal/store"
)

// keep is how many events are remembered, as in the other adapters.
const keep = 100_000

// Store is a store in memory.
type Store struct {
	now func() time.Time // constant after construction

	mu      sync.Mutex // guards all below
	lead    store.Lead
	until   time.Time
	next    int64
	jobs    map[int64]*turno.Job
	ids     map[string]int64
	order   []int64 // numbers, ascending
	workers map[string]turno.Worker
	logs    map[turno.AttemptKey][]byte
	dead    deadLetters
	access  access
	// benchmarks are by id; a write replaces the map.
	benchmarks map[string]store.BenchmarkRecord
	webhooks   map[int64]turno.Webhook // by job
	events     []turno.Event           // the newest, ascending
	rev        uint64
	changed    chan struct{} // closed by the next commit
}

var _ store.Store = (*Store)(nil)

// New makes an empty store.
func New() *Store { return NewAt(time.Now) }

// NewAt makes one whose leads run out by the clock now.
func NewAt(now func() time.Time) *Store {
	return &Store{
		now:     now,
		next:    1,
		jobs:    map[int64]*turno.Job{},
		ids:     map[string]int64{},
		workers: map[string]turno.Worker{},
		logs:    map[turno.AttemptKey][]byte{},
		rev:     1, // so that 0 always means "from now on"
		changed: make(chan struct{}),
	}
}

// Close does nothing; it is there because other adapters have it.
func (s *Store) Close() error { return nil }

// Lead implements store.Store.
func (s *Store) Lead(ctx context.Context, holder string, ttl time.Duration) (store.Lead, error) {
	if err := ctx.Err(); err != nil {
		return store.Lead{}, fmt.Errorf("take the lead: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	held := s.lead.Holder != "" && now.Before(s.until)
	mine := held && s.lead.Holder == holder
	switch {
	case ttl <= 0:
		if mine {
			s.lead.Holder = ""
		}
		return store.Lead{}, nil
	case held && !mine:
		lead := s.lead
		lead.For = s.until.Sub(now)
		return lead, store.ErrHeld
	case !mine:
		s.lead.Term++
	}
	s.lead.Holder, s.lead.For, s.until = holder, ttl, now.Add(ttl)
	return s.lead, nil
}

// Commit implements store.Store: first everything is checked, then everything
// is done.
func (s *Store) Commit(ctx context.Context, b store.Batch) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("commit batch: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.check(b); err != nil {
		return fmt.Errorf("commit batch: %w", err)
	}
	for _, c := range b.Jobs {
		s.put(c.Job)
	}
	for _, w := range b.Workers {
		s.workers[w.Name] = cloneWorker(w)
	}
	for _, name := range b.Gone {
		delete(s.workers, name)
	}
	for _, c := range b.Logs {
		if stored := int64(len(s.logs[c.AttemptKey])); c.Offset+int64(len(c.Data)) > stored {
			s.logs[c.AttemptKey] = append(s.logs[c.AttemptKey], c.Data[stored-c.Offset:]...)
		}
	}
	s.dead.commit(b.Dead)
	s.keepWebhooks(b.Webhooks)
	s.next = max(s.next, b.Next)
	if len(b.Jobs) > 0 {
		close(s.changed)
		s.changed = make(chan struct{})
	}
	return nil
}

func (s *Store) check(b store.Batch) error {
	if b.Term == 0 || b.Term != s.lead.Term {
		return store.ErrFenced
	}
	ids := map[string]int64{}
	for _, c := range b.Jobs {
		old, there := s.jobs[c.Job.Number]
		number, taken := s.ids[c.Job.ID]
		if !taken {
			number, taken = ids[c.Job.ID]
		}
		switch {
		case taken && number != c.Job.Number:
			return fmt.Errorf("job %d: %w as %d", c.Job.Number, store.ErrDuplicate, number)
		case there != (c.From != ""), there && old.State != c.From:
			return fmt.Errorf("job %d is not %q: %w", c.Job.Number, c.From, store.ErrConflict)
		}
		ids[c.Job.ID] = c.Job.Number
	}
	sizes := map[turno.AttemptKey]int64{}
	for _, c := range b.Logs {
		size := max(sizes[c.AttemptKey], int64(len(s.logs[c.AttemptKey])))
		if c.Offset < 0 || c.Offset > size {
			return fmt.Errorf("log of %v at %d: %w after %d", c.AttemptKey, c.Offset, store.ErrLogGap, size)
		}
		sizes[c.AttemptKey] = max(size, c.Offset+int64(len(c.Data)))
	}
	return nil
}

func (s *Store) put(j *turno.Job) {
	j = cloneJob(j)
	if _, there := s.jobs[j.Number]; !there {
		at, _ := slices.BinarySearch(s.order, j.Number)
		s.order = slices.Insert(s.order, at, j.Number)
		s.ids[j.ID] = j.Number
	}
	s.jobs[j.Number] = j
	s.rev++
	s.events = append(s.events, store.EventOf(j, s.rev))
	if len(s.events) >= 2*keep {
		s.events = slices.Clone(s.events[len(s.events)-keep:])
	}
}

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, each func(*turno.Job) error) (store.State, error) {
	s.mu.Lock()
	state := store.State{Next: s.next}
	var jobs []*turno.Job
	for _, n := range s.order {
		if j := s.jobs[n]; !j.State.Ended() {
			jobs = append(jobs, j)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.workers)) {
		state.Workers = append(state.Workers, cloneWorker(s.workers[name]))
	}
	s.mu.Unlock() // what is stored is replaced, never written to
	for _, j := range jobs {
		if err := ctx.Err(); err != nil {
			return store.State{}, fmt.Errorf("load: %w", err)
		}
		if err := each(cloneJob(j)); err != nil {
			return store.State{}, err
		}
	}
	return state, nil
}

// Find implements store.Store.
func (s *Store) Find(ctx context.Context, refs ...turno.Ref) ([]*turno.Job, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("find jobs: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := make([]*turno.Job, len(refs))
	for i, r := range refs {
		number := r.Number
		switch {
		case r.ID != "":
			number = s.ids[r.String()]
		case r.Task >= 0:
			number = 0
			if array := s.jobs[r.Number]; array != nil {
				number = s.ids[turno.Ref{ID: array.ID, Task: r.Task}.String()]
			}
		}
		if j := s.jobs[number]; j != nil {
			found[i] = cloneJob(j)
		}
	}
	return found, nil
}

// Summary implements store.Store.
func (s *Store) Summary(ctx context.Context) (turno.Summary, error) {
	if err := ctx.Err(); err != nil {
		return turno.Summary{}, fmt.Errorf("count jobs: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := turno.Summary{States: map[turno.State]int64{}, Queues: map[string]map[turno.State]int64{}, Users: map[string]map[turno.State]int64{}}
	for _, j := range s.jobs {
		state, n := store.Counted(j)
		if n == 0 {
			continue
		}
		sum.States[state] += n
		for to, key := range map[*map[string]map[turno.State]int64]string{&sum.Queues: j.Spec.Queue, &sum.Users: j.Spec.User} {
			if (*to)[key] == nil {
				(*to)[key] = map[turno.State]int64{}
			}
			(*to)[key][state] += n
		}
	}
	return sum, nil
}

// ReadLog implements store.Store.
func (s *Store) ReadLog(ctx context.Context, k turno.AttemptKey, offset int64, limit int) ([]byte, int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, fmt.Errorf("read log: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	log := s.logs[k]
	size := int64(len(log))
	from := min(max(offset, 0), size)
	to := min(from+int64(max(limit, 0)), size)
	return slices.Clone(log[from:to]), size, nil
}

// Changes implements store.Store.
func (s *Store) Changes(ctx context.Context, after uint64) ([]turno.Event, uint64, error) {
	for {
		events, rev, changed, err := s.since(after)
		if err != nil || len(events) > 0 || after == 0 {
			return events, rev, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, after, fmt.Errorf("wait for changes: %w", context.Cause(ctx))
		}
	}
}

func (s *Store) since(after uint64) ([]turno.Event, uint64, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.rev + 1
	if len(s.events) > 0 {
		first = s.events[0].Revision
	}
	switch {
	case after == 0:
		return nil, s.rev, nil, nil
	case after+1 < first || after > s.rev:
		return nil, s.rev, nil, store.ErrReset
	}
	return slices.Clone(s.events[after+1-first:]), s.rev, s.changed, nil
}
