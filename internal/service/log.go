package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"turno"
	"turno/internal/store"
)

const (
	// defaultLog is what one answer holds when nothing is said; maxLog at most.
	defaultLog = 256 << 10
	maxLog     = 4 << 20
	// deliverWithin the end of an attempt its worker has delivered its output,
	// or will hardly ever: whoever follows the log is let go.
	deliverWithin = time.Minute
)

// Log implements turno.Service.
func (s *Service) Log(ctx context.Context, q turno.LogQuery) (turno.Log, error) {
	switch {
	case q.Offset < 0:
		return turno.Log{}, turno.Invalid("offset", "%d: must not be negative", q.Offset)
	case q.Attempt < 0:
		return turno.Log{}, turno.Invalid("attempt", "%d: attempts count from 1", q.Attempt)
	case q.Max < 0:
		return turno.Log{}, turno.Invalid("max", "%d: must not be negative", q.Max)
	case q.Max == 0:
		q.Max = defaultLog
	}
	q.Max = min(q.Max, maxLog)
	r, err := s.readLog(ctx, q)
	if err != nil || q.Wait <= 0 || r.enough() {
		return r.Log, err
	}
	return s.waitLog(ctx, q)
}

// reading is a piece of output and the job that it is of.
type reading struct {
	turno.Log
	job turno.Job
}

func (r *reading) key() turno.AttemptKey {
	return turno.AttemptKey{Job: r.job.Number, Attempt: r.Attempt}
}

func (r *reading) enough() bool { return len(r.Data) > 0 || r.Done }

// concerns tells whether an event is of the reading's job.
func (r *reading) concerns(e turno.Event) bool {
	if r.job.Number != 0 {
		return e.Number == r.job.Number
	}
	return e.Parent == r.job.Parent && e.Task == r.job.Task
}

// readLog reads what is stored.
func (s *Service) readLog(ctx context.Context, q turno.LogQuery) (reading, error) {
	job, err := s.Job(ctx, q.Job)
	if err != nil {
		return reading{}, err
	}
	if job.Tasks != nil {
		return reading{}, turno.Errorf(turno.CodeConflict, "job %s is an array: each of its tasks has a log of its own", job.Display()).
			WithHint("name one of them: %s_%d", job.Display(), job.Spec.Array.Tasks.First())
	}
	r := reading{Log: turno.Log{Attempt: q.Attempt, Offset: q.Offset}, job: job}
	switch {
	case q.Attempt == 0:
		r.Attempt = job.Attempt
	case q.Attempt > job.Attempt:
		return reading{}, turno.Errorf(turno.CodeNotFound, "job %s has had %d attempts, there is no attempt %d",
			job.Display(), job.Attempt, q.Attempt)
	}
	if r.Attempt == 0 {
		r.Done = job.State.Ended()
		return r, nil
	}
	r.Data, r.Size, err = s.o.Store.ReadLog(ctx, r.key(), q.Offset, q.Max)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return reading{}, fmt.Errorf("read the log of job %s: %w", job.Display(), err)
	}
	r.finish()
	return r, nil
}

// finish sets Done: the attempt has ended and all that it printed was read.
func (r *reading) finish() {
	promised, ended := int64(0), r.Attempt < r.job.Attempt || r.job.State.Ended()
	var at time.Time
	for i := range r.job.Attempts {
		a := &r.job.Attempts[i]
		if a.Number != r.Attempt {
			continue
		}
		ended = ended || a.Result != nil
		at = a.EndedAt
		if a.Result != nil {
			promised = a.Result.LogBytes
		}
	}
	to := r.Offset + int64(len(r.Data))
	late := !at.IsZero() && time.Since(at) > deliverWithin
	r.Done = ended && to >= r.Size && (to >= promised || late)
}

// waitLog reads until there is something, or nothing more will come, or the
// wait is over. Output that a worker has sent is handed out also before it is
// stored.
func (s *Service) waitLog(ctx context.Context, q turno.LogQuery) (turno.Log, error) {
	waiting, cancel := context.WithTimeout(ctx, q.Wait)
	defer cancel()
	_, revision, err := s.o.Store.Changes(waiting, 0)
	if err != nil {
		return turno.Log{}, fmt.Errorf("follow changes: %w", err)
	}
	f := s.tails.follow()
	defer s.tails.leave(f)
	r, err := s.readLog(waiting, q)
	if err != nil {
		return turno.Log{}, err
	}
	changed := s.changesOf(waiting, r, revision)
	defer func() {
		cancel()
		for range changed { // until its goroutine has ended
		}
	}()
	for {
		s.tails.attend(f, r.key())
		if data := f.take(q.Offset, q.Max); !r.enough() && len(data) > 0 {
			r.Data = data
			r.finish()
		}
		if r.enough() {
			return r.Log, nil
		}
		select {
		case <-f.wake:
			if len(f.take(q.Offset, 1)) > 0 {
				continue
			}
		case <-changed:
		case <-waiting.Done():
			return r.Log, ctx.Err()
		}
		if r, err = s.readLog(ctx, q); err != nil || waiting.Err() != nil {
			return r.Log, err
		}
	}
}

// changesOf signals changes of a job until ctx is done, and closes then.
func (s *Service) changesOf(ctx context.Context, r reading, after uint64) <-chan struct{} {
	changed := make(chan struct{}, 1) // the token says "look again"
	go func() {
		defer close(changed)
		for {
			events, next, err := s.o.Store.Changes(ctx, after)
			news := errors.Is(err, store.ErrReset)
			if news {
				_, next, err = s.o.Store.Changes(ctx, 0)
			}
			if err != nil {
				return
			}
			after = next
			for _, e := range events {
				news = news || r.concerns(e)
			}
			if !news {
				continue
			}
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	}()
	return changed
}
