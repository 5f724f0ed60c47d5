package service

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"turno"
	"turno/internal/store"
)

const (
	// maxFilter bounds a text to search for: longer than any name.
	maxFilter = 256
	// maxWords bounds what each row is looked at for.
	maxWords = 8
)

// Jobs implements turno.Service.
func (s *Service) Jobs(ctx context.Context, q turno.JobQuery) (turno.JobPage, error) {
	if err := checkQuery(q); err != nil {
		return turno.JobPage{}, err
	}
	page, err := s.o.Store.Jobs(ctx, q)
	if err != nil {
		return turno.JobPage{}, fmt.Errorf("list jobs: %w", err)
	}
	for i := range page.Items {
		for k := range page.Items[i].Attempts {
			page.Items[i].Attempts[k].Series = nil // some kilobytes each
		}
	}
	return page, nil
}

func checkQuery(q turno.JobQuery) *turno.Error {
	for _, state := range q.States {
		if !slices.Contains(turno.States, state) {
			return turno.Invalid("state", "%.40q is not a state of a job", state).
				WithHint("states are %s", turno.States)
		}
	}
	if q.Limit < 0 || q.Limit > store.MaxLimit {
		return turno.Invalid("limit", "%d: use 1 to %d", q.Limit, store.MaxLimit)
	}
	if q.Parent < 0 {
		return turno.Invalid("parent", "%d is not a job's number", q.Parent)
	}
	for _, f := range []struct{ field, text string }{
		{"queue", q.Queue}, {"user", q.User}, {"type", q.Type}, {"name", q.Name}, {"cursor", q.Cursor}, {"q", q.Search},
	} {
		if len(f.text) > maxFilter {
			return turno.Invalid(f.field, "has %d bytes; at most %d are allowed", len(f.text), maxFilter)
		}
	}
	if words := store.Words(q.Search); len(words) > maxWords {
		return turno.Invalid("q", "has %d words; at most %d are searched for", len(words), maxWords)
	}
	return nil
}

var _ turno.Counter = (*Service)(nil)

// Facets implements turno.Counter.
func (s *Service) Facets(ctx context.Context, q turno.CountQuery) (turno.Facets, error) {
	if err := checkQuery(q.JobQuery); err != nil {
		return turno.Facets{}, err
	}
	f, err := s.o.Store.Facets(ctx, q)
	if err != nil {
		return turno.Facets{}, fmt.Errorf("count jobs: %w", err)
	}
	return f, nil
}

// Job implements turno.Service.
func (s *Service) Job(ctx context.Context, ref string) (turno.Job, error) {
	r, err := turno.ParseRef(ref)
	if err != nil {
		return turno.Job{}, err
	}
	refs := []turno.Ref{r}
	if r.Task >= 0 {
		whole := r
		whole.Task = -1
		refs = append(refs, whole)
	}
	found, err := s.o.Store.Find(ctx, refs...)
	if err != nil {
		return turno.Job{}, fmt.Errorf("find job %s: %w", r, err)
	}
	if found[0] != nil {
		return s.withWebhook(ctx, *found[0])
	}
	if r.Task >= 0 && found[1] != nil {
		return waitingTask(found[1], r)
	}
	return turno.Job{}, turno.NoJob(r)
}

// withWebhook says what became of telling a job's end, if it is to be told.
func (s *Service) withWebhook(ctx context.Context, j turno.Job) (turno.Job, error) {
	if j.Spec.Webhook == "" || !j.State.Ended() || j.Parent != 0 {
		return j, nil
	}
	w, err := s.o.Store.Webhook(ctx, j.Number)
	switch {
	case err == nil:
		j.Webhook = &w
	case !errors.Is(err, store.ErrNotFound):
		return j, fmt.Errorf("read what became of a webhook: %w", err)
	}
	return j, nil
}

// waitingTask is a task that has no record of its own yet, seen through its
// array's. It has no number.
func waitingTask(array *turno.Job, r turno.Ref) (turno.Job, error) {
	if array.Tasks == nil {
		return turno.Job{}, turno.Errorf(turno.CodeNotFound, "job %s is not an array: it has no task %d", array.Display(), r.Task)
	}
	if !array.Tasks.Waiting.Has(r.Task) {
		problem := turno.Errorf(turno.CodeNotFound, "array %s has no task %d", array.Display(), r.Task)
		if array.Spec.Array != nil {
			problem = problem.WithHint("its tasks are %s", array.Spec.Array)
		}
		return turno.Job{}, problem
	}
	task := turno.Job{
		ID:     turno.Ref{ID: array.ID, Task: r.Task}.String(),
		Parent: array.Number, Task: r.Task, Spec: array.Spec,
		State: array.State, Reason: array.Reason, Detail: array.Detail, Since: array.Since,
		SubmittedAt: array.SubmittedAt, NotUntil: array.NotUntil,
		Changes: array.Changes, Revision: array.Revision,
	}
	if array.State.Ended() {
		task.EndedAt = array.EndedAt
		return task, nil
	}
	if array.State != turno.Held && array.Reason == turno.ReasonTasks {
		task.State, task.Reason = turno.Queued, turno.ReasonPriority
		task.Detail = fmt.Sprintf("one of %d tasks of array %s that wait", array.Tasks.Waiting.Len(), array.Display())
		if limit := array.Spec.Array.Limit; limit > 0 && array.Tasks.Active >= limit {
			task.Reason = turno.ReasonArrayThrottle
			task.Detail = fmt.Sprintf("%d of at most %d tasks run", array.Tasks.Active, limit)
		}
	}
	return task, nil
}

// Summary implements turno.Service.
func (s *Service) Summary(ctx context.Context) (turno.Summary, error) {
	sum, err := s.o.Store.Summary(ctx)
	if err != nil {
		return turno.Summary{}, fmt.Errorf("count jobs: %w", err)
	}
	return sum, nil
}

// Events implements turno.Service. Without a revision to go on from it begins
// with a Reset that carries the revision of now: whoever reads jobs after that
// one has missed nothing.
func (s *Service) Events(ctx context.Context, q turno.EventQuery) iter.Seq2[turno.Event, error] {
	return func(yield func(turno.Event, error) bool) {
		after := q.After
		for {
			events, next, err := s.o.Store.Changes(ctx, after)
			if errors.Is(err, store.ErrReset) {
				events, next, err = s.o.Store.Changes(ctx, 0)
				after = 0
			}
			if err != nil {
				if ctx.Err() == nil {
					yield(turno.Event{}, fmt.Errorf("follow changes: %w", err))
				}
				return
			}
			if after == 0 && !yield(turno.Event{Revision: next, Reset: true}, nil) {
				return
			}
			after = next
			for _, e := range events {
				if selects(q.Jobs, e) && !yield(e, nil) {
					return
				}
			}
		}
	}
}

func selects(jobs []int64, e turno.Event) bool {
	if len(jobs) == 0 {
		return true
	}
	return slices.Contains(jobs, e.Number) || e.Parent != 0 && slices.Contains(jobs, e.Parent)
}
