package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"turno"
)

const (
	whyShort = "say why a job waits, and what would start it"
	whyHelp  = `  turno why 42
  turno why last -o json`
)

func (s *session) whyCommand() *cobra.Command {
	var f format
	cmd := &cobra.Command{Use: "why JOB...", Short: whyShort, Example: whyHelp, Args: cobra.MinimumNArgs(1)}
	f.add(cmd.Flags())
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		svc, cfg, err := s.dial(cmd)
		if err != nil {
			return err
		}
		refs, err := s.refs(ctx, svc, cfg, args)
		if err != nil {
			return err
		}
		for i, ref := range refs {
			e, err := s.reason(ctx, svc, ref)
			if err != nil {
				return err
			}
			if f.data() {
				if err := f.write(s.io.Out, e); err != nil {
					return err
				}
				continue
			}
			if i > 0 {
				s.printf("\n")
			}
			s.explanation(&e)
		}
		return nil
	})
	return cmd
}

// reason asks the scheduler; of a job that has ended it says how.
func (s *session) reason(ctx context.Context, svc turno.Service, ref string) (turno.Explanation, error) {
	e, err := svc.Explain(ctx, ref)
	if !hasCode(err, turno.CodeConflict) {
		return e, err
	}
	j, jerr := svc.Job(ctx, ref)
	if jerr != nil || !j.State.Ended() {
		return e, err
	}
	summary := fmt.Sprintf("%s (%s) at %s", j.State, j.Reason, s.moment(j.EndedAt))
	if j.Result != nil && j.Result.Message != "" {
		summary += ": " + j.Result.Message
	} else if j.Detail != "" {
		summary += ": " + j.Detail
	}
	return turno.Explanation{Job: j.Display(), State: j.State, Reason: j.Reason, Summary: summary}, nil
}

func (s *session) explanation(e *turno.Explanation) {
	s.printf("%s %s\n", s.look.bold("Job "+clean(e.Job, false)+":"), clean(orDash(e.Summary), false))
	if e.Impossible {
		s.printf("%s\n", s.look.red("No worker that is known could ever run it."))
	}
	if len(e.Blocks) > 0 {
		t := s.table("REASON", "ASKED", "FREE", "MOST", "HELD BY", "WORKERS", "DETAIL")
		for _, b := range e.Blocks {
			workers := ""
			if b.Workers > 0 {
				workers = fmt.Sprintf("%d of %d", b.Workers, e.Workers)
			}
			t.row(string(b.Reason), b.Asked, b.Free, b.Limit, strings.Join(b.Holder, ", "), workers, b.Detail)
		}
		t.write(s.io.Out)
	}
	if e.Position > 0 {
		s.printf("Position %d of %d in line.\n", e.Position, e.InLine)
	}
	if e.ReservedWorker != "" {
		when := ""
		if !e.ReservedAt.IsZero() {
			when = " no later than " + s.moment(e.ReservedAt)
		}
		s.printf("It is next: %s is kept for it%s.\n", clean(e.ReservedWorker, false), when)
	}
	for _, u := range e.Unblock {
		s.printf("  %s %s\n", s.look.green("→"), clean(u, false))
	}
}
