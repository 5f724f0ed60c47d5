package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"turno"
)

const (
	waitShort = "wait for the end of jobs, and exit as they did"
	waitHelp  = `  turno wait 42 && echo done
  turno wait --any --timeout 10m 42-45`
)

type waitOptions struct {
	any, quiet bool
	timeout    time.Duration
	format     format
}

func (s *session) waitCommand() *cobra.Command {
	var o waitOptions
	var timeout string
	cmd := &cobra.Command{Use: "wait JOB...", Short: waitShort, Example: waitHelp, Args: cobra.MinimumNArgs(1)}
	cmd.Flags().BoolVar(&o.any, "any", false, "until the first of them has ended")
	cmd.Flags().StringVar(&timeout, "timeout", "", "at most this `TIME`, such as 90s or 10m; then exit code 124")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "say nothing")
	o.format.add(cmd.Flags())
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		if timeout != "" {
			d, err := parseSeconds(timeout)
			if err != nil {
				return usage("--timeout: %v", err)
			}
			o.timeout = d
		}
		svc, cfg, err := s.dial(cmd)
		if err != nil {
			return err
		}
		refs, err := s.refs(ctx, svc, cfg, args)
		if err != nil {
			return err
		}
		return s.waitFor(ctx, svc, refs, o)
	})
	return cmd
}

// waitFor exits as the job did; of several, with the highest exit code.
func (s *session) waitFor(ctx context.Context, svc turno.Service, refs []string, o waitOptions) error {
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.timeout, errTimeout)
		defer cancel()
	}
	jobs, err := s.await(ctx, svc, refs, o.any, func(j turno.Job) {
		if j.State.Ended() && !o.quiet && !o.format.data() {
			s.printf("%s\n", s.endLine(&j))
		}
	})
	if err != nil && context.Cause(ctx) == errTimeout {
		return failed(exitTimeout, "the time to wait is over; %d of %d jobs have ended", countEnded(jobs), len(jobs)).
			hint("the jobs go on; turno ps shows them")
	}
	if err != nil {
		return err
	}
	if o.format.data() {
		if err := o.format.write(s.io.Out, map[string]any{"items": jobs}); err != nil {
			return err
		}
	}
	code := exitOK
	for i := range jobs {
		if jobs[i].State.Ended() {
			code = max(code, exitCode(&jobs[i]))
		}
	}
	return quiet(code)
}

func countEnded(jobs []turno.Job) int {
	n := 0
	for i := range jobs {
		if jobs[i].State.Ended() {
			n++
		}
	}
	return n
}

// endLine is a sentence on a job's end.
func (s *session) endLine(j *turno.Job) string {
	text := fmt.Sprintf("Job %s %s", j.Display(), s.stateCell(j).with(string(j.State)))
	if j.State != turno.Succeeded {
		text += fmt.Sprintf(" (%s)", j.Reason)
		if j.Result != nil && j.Result.ExitCode != 0 {
			text += fmt.Sprintf(", exit code %d", j.Result.ExitCode)
		}
	}
	if !j.StartedAt.IsZero() {
		text += fmt.Sprintf(" after %s", short(s.ran(j)))
	}
	return text
}

// with paints another text in the same way.
func (c cell) with(text string) string {
	if c.paint == nil {
		return text
	}
	return c.paint(text)
}
