package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"turno"
)

const (
	runShort = "run a command in the queue and watch it: output here, exit code as its own"
	runLong  = `Hands in a job, shows its output as it comes, and exits as the job does (128 plus
the number of a signal). Ctrl-C cancels the job, a second one kills it.`
	runUse  = "run [flags] -- COMMAND [ARGUMENT...]"
	runHelp = `  turno run -- nvidia-smi
  turno run -G 1 --mem 8G -- python train.py
  turno run --type matmul --param m=1024`
)

func (s *session) runCommand() *cobra.Command {
	sub := &submission{s: s}
	cmd := &cobra.Command{Use: runUse, Short: runShort, Long: runLong, Example: runHelp, Args: cobra.ArbitraryArgs, RunE: sub.run}
	sub.init(cmd)
	return cmd
}

func (sub *submission) run(cmd *cobra.Command, args []string) error {
	s := sub.s
	jobs, err := sub.jobs(args)
	if err != nil {
		return err
	}
	if len(jobs) != 1 || jobs[0].Spec.Array != nil {
		return usage("run watches one job").hint("turno submit takes several jobs and arrays")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	svc, cfg, err := s.dial(cmd)
	if err != nil {
		return err
	}
	if err := s.resolve(ctx, svc, cfg, jobs); err != nil {
		return err
	}
	if err := sub.attach(ctx, svc, cfg, jobs); err != nil {
		return err
	}
	done, err := s.handIn(ctx, svc, cfg, jobs)
	if err := firstRefused(done, err); err != nil {
		return err
	}
	if done[0].Warning != "" {
		s.warnf("%s", clean(done[0].Warning, false))
	}
	if s.errLook.terminal {
		s.notef("%s\n", s.errLook.dim(fmt.Sprintf("Job %s (%s)", number(done[0]), describe(jobs[0].Spec))))
	}
	return s.watchRun(ctx, cancel, svc, done[0].ID)
}

// watchRun streams a job's output while a second goroutine turns Ctrl-C into
// orders: cancel, kill, and at the third one leave.
func (s *session) watchRun(ctx context.Context, cancel context.CancelFunc, svc turno.Service, ref string) error {
	signals, stop := s.signals()
	defer stop()
	over, gone := make(chan struct{}), make(chan struct{})
	presses := 0
	go func() {
		defer close(gone)
		for {
			select {
			case <-signals:
				if presses++; presses > 2 {
					cancel()
					return
				}
				s.cancelRun(ctx, svc, ref, presses == 2)
			case <-over:
				return
			}
		}
	}()
	j, err := s.follow(ctx, svc, ref, followOptions{explain: s.errLook.terminal, out: s.logOut(false)})
	close(over)
	<-gone
	switch {
	case presses > 2:
		return failed(130, "left while the job was ending").hint("turno show %s tells how it ends", ref)
	case err != nil:
		return err
	case presses > 0 && j.State == turno.Cancelled:
		return quiet(130)
	}
	return s.ending(&j)
}

func (s *session) cancelRun(ctx context.Context, svc turno.Service, ref string, force bool) {
	if force {
		s.notef("Killing it.\n")
	} else {
		s.notef("\nCancelling (Ctrl-C again kills it).\n")
	}
	acted, err := svc.Act(ctx, turno.Action{Verb: turno.Cancel, Jobs: []string{ref}, User: userWord(s.sys.User), Force: force, Message: "Ctrl-C in turno run"})
	if err == nil && len(acted) > 0 && acted[0].Error != nil && !hasCode(acted[0].Error, turno.CodeConflict) {
		err = acted[0].Error
	}
	if err != nil {
		s.warnf("cancel: %v", err)
	}
}

// ending says how a job ended where its exit code alone does not, and exits as
// it did.
func (s *session) ending(j *turno.Job) error {
	code := exitCode(j)
	if code == exitOK {
		return nil
	}
	if j.Reason == turno.ReasonExitCode {
		return quiet(code)
	}
	text := fmt.Sprintf("job %s %s (%s)", j.Display(), j.State, j.Reason)
	switch {
	case j.Result != nil && j.Result.Message != "":
		text += ": " + j.Result.Message
	case j.Detail != "":
		text += ": " + j.Detail
	}
	return failed(code, "%s", text).hint("turno show %s", j.Display())
}

// logOut is where a job's output goes.
func (s *session) logOut(raw bool) io.Writer {
	if raw {
		return s.io.Out
	}
	return &stripper{to: s.io.Out}
}
