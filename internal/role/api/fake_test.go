package api_test

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"

	"turno"
)

// fake is a service that says yes to all, and counts what changes something.
type fake struct {
	changes atomic.Int64
	jobs    chan []turno.NewJob // not nil: Submit hands them over
	actions chan turno.Action   // not nil: Act hands it over
	job     func(ref string) (turno.Job, error)
	log     func(context.Context, turno.LogQuery) (turno.Log, error)
	events  func(context.Context, turno.EventQuery) iter.Seq2[turno.Event, error]
	workers []turno.Worker
	err     error // of Summary
}

func (f *fake) Submit(_ context.Context, jobs []turno.NewJob) ([]turno.Submitted, error) {
	f.changes.Add(1)
	if f.jobs != nil {
		f.jobs <- jobs
	}
	out := make([]turno.Submitted, len(jobs))
	for i := range out {
		out[i] = turno.Submitted{ID: jobs[i].ID, Number: int64(i + 1)}
	}
	return out, nil
}

func (f *fake) Act(_ context.Context, a turno.Action) ([]turno.Acted, error) {
	f.changes.Add(1)
	if f.actions != nil {
		f.actions <- a
	}
	out := make([]turno.Acted, 0, len(a.Jobs)+len(a.Workers))
	for _, target := range a.Targets() {
		out = append(out, turno.Acted{Target: target, State: "done"})
	}
	return out, nil
}

func (f *fake) Jobs(context.Context, turno.JobQuery) (turno.JobPage, error) {
	return turno.JobPage{}, nil
}

func (f *fake) Job(_ context.Context, ref string) (turno.Job, error) {
	if f.job != nil {
		return f.job(ref)
	}
	if _, err := turno.ParseRef(ref); err != nil {
		return turno.Job{}, err
	}
	return turno.Job{Number: 1, State: turno.Failed, Spec: &turno.Spec{Type: "noop"}}, nil
}

func (f *fake) Explain(context.Context, string) (turno.Explanation, error) {
	return turno.Explanation{Job: "1"}, nil
}

func (f *fake) Workers(context.Context) ([]turno.Worker, error) { return f.workers, nil }
func (f *fake) Types(context.Context) ([]turno.Type, error)     { return nil, nil }
func (f *fake) Summary(context.Context) (turno.Summary, error)  { return turno.Summary{}, f.err }

func (f *fake) DeadLetters(context.Context, turno.DeadLetterQuery) (turno.DeadLetterPage, error) {
	return turno.DeadLetterPage{Items: []turno.DeadLetter{{Number: 1}}, Total: 1}, nil
}

func (f *fake) Log(ctx context.Context, q turno.LogQuery) (turno.Log, error) {
	if f.log != nil {
		return f.log(ctx, q)
	}
	return turno.Log{Attempt: 1, Data: []byte("<script>alert(1)</script>"), Size: 25, Done: true}, nil
}

func (f *fake) Events(ctx context.Context, q turno.EventQuery) iter.Seq2[turno.Event, error] {
	if f.events != nil && len(q.Jobs) == 0 { // the server's own, for its figures: tests' clients name jobs
		return func(func(turno.Event, error) bool) { <-ctx.Done() }
	}
	if f.events != nil {
		return f.events(ctx, q)
	}
	return func(yield func(turno.Event, error) bool) {
		yield(turno.Event{}, errors.New("ends at once"))
	}
}

var _ turno.Service = (*fake)(nil)
