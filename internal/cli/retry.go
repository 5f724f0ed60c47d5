package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
)

const (
	retryShort = "hand in jobs that have ended once more, as new jobs"
	retryLong  = `Hands in jobs that have ended once more, with the same specification, as new
jobs. Of an array only the tasks that failed are repeated, unless --whole.`
	retryHelp = `  turno retry 42
  turno retry --failed                 your own jobs that failed`
)

type retryOptions struct {
	failed, whole, yes, quiet bool
	format                    format
}

func (s *session) retryCommand() *cobra.Command {
	var o retryOptions
	cmd := &cobra.Command{Use: "retry JOB...", Short: retryShort, Long: retryLong, Example: retryHelp}
	fl := cmd.Flags()
	fl.BoolVar(&o.failed, "failed", false, "all your jobs that failed or were lost and have not been repeated")
	fl.BoolVar(&o.whole, "whole", false, "of an array every task, not only those that failed")
	fl.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	fl.BoolVarP(&o.quiet, "quiet", "q", false, "print the numbers only")
	o.format.add(fl)
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		svc, cfg, err := s.dial(cmd)
		if err != nil {
			return err
		}
		jobs, err := s.toRetry(ctx, svc, cfg, &o, args)
		if err != nil || len(jobs) == 0 {
			return err
		}
		done, err := s.handIn(ctx, svc, cfg, jobs)
		if err != nil {
			return err
		}
		sub := &submission{s: s, quiet: o.quiet}
		if o.format.data() {
			return firstRefused(done, o.format.write(s.io.Out, map[string]any{"items": done}))
		}
		return sub.report(jobs, done)
	})
	return cmd
}

func (s *session) toRetry(ctx context.Context, svc turno.Service, cfg config.Config, o *retryOptions, args []string) ([]turno.NewJob, error) {
	var old []turno.Job
	switch {
	case o.failed && len(args) > 0:
		return nil, usage("give jobs or --failed, not both")
	case o.failed:
		jobs, err := s.failedJobs(ctx, svc)
		if err != nil {
			return nil, err
		}
		if old = jobs; len(old) == 0 {
			s.notef("No job to retry.\n")
			return nil, nil
		}
		if !o.yes {
			if err := s.ask(retryQuestion(len(old))); err != nil {
				return nil, err
			}
		}
	case len(args) == 0:
		return nil, usage("name the jobs to retry").hint("turno retry 42, or turno retry --failed")
	}
	refs, err := s.refs(ctx, svc, cfg, args)
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		j, err := svc.Job(ctx, ref)
		if err != nil {
			return nil, err
		}
		old = append(old, j)
	}
	var out []turno.NewJob
	for i := range old {
		j, err := s.again(ctx, svc, &old[i], o)
		if err != nil {
			return nil, err
		}
		out = append(out, j)
	}
	return out, nil
}

func retryQuestion(n int) string {
	if n == 1 {
		return "retry 1 job?"
	}
	return "retry " + number(turno.Submitted{Number: int64(n)}) + " jobs?"
}

// failedJobs are this user's that failed and that no later job repeats.
func (s *session) failedJobs(ctx context.Context, svc turno.Service) ([]turno.Job, error) {
	jobs, err := list(ctx, svc, turno.JobQuery{User: turno.Me, Top: true}, maxRefs)
	if err != nil {
		return nil, err
	}
	repeated := map[int64]bool{}
	for i := range jobs {
		repeated[jobs[i].RetryOf] = true
	}
	var out []turno.Job
	for i := len(jobs) - 1; i >= 0; i-- {
		j := jobs[i]
		if (j.State == turno.Failed || j.State == turno.Lost) && !repeated[j.Number] {
			out = append(out, j)
		}
	}
	return out, nil
}

// again makes a new job of an old one. What belonged to the first time (when
// to begin, whom to wait for, a hold, a deadline that has passed) is left out.
func (s *session) again(ctx context.Context, svc turno.Service, old *turno.Job, o *retryOptions) (turno.NewJob, error) {
	if !old.State.Ended() {
		return turno.NewJob{}, failed(exitRefused, "job %s is %s, it has not ended", old.Display(), old.State).
			hint("turno requeue %s stops it and starts it again", old.Display())
	}
	spec := old.Spec.Clone()
	spec.Begin, spec.After, spec.Hold = time.Time{}, nil, false
	if !spec.Deadline.IsZero() && spec.Deadline.Before(s.sys.Now()) {
		spec.Deadline = time.Time{}
	}
	switch {
	case old.Parent > 0:
		spec.Array = &turno.Array{Tasks: turno.Ranges{{First: old.Task, Last: old.Task, Step: 1}}}
	case spec.Array != nil && !o.whole:
		failed, err := failedTasks(ctx, svc, old)
		if err != nil {
			return turno.NewJob{}, err
		}
		if failed.Len() > 0 {
			spec.Array = &turno.Array{Tasks: failed, Limit: spec.Array.Limit}
		}
	}
	j := newJob(spec)
	j.RetryOf = old.Number
	return j, nil
}

func failedTasks(ctx context.Context, svc turno.Service, array *turno.Job) (turno.Ranges, error) {
	bad := []turno.State{turno.Failed, turno.Lost, turno.Cancelled}
	tasks, err := list(ctx, svc, turno.JobQuery{Parent: array.Number, States: bad}, turno.MaxTasks)
	if err != nil {
		return nil, err
	}
	var rs turno.Ranges
	for i := range tasks {
		rs = rs.With(tasks[i].Task) // newest first, so that they join into ranges
	}
	return rs, nil
}
