package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"turno"
)

const (
	runShort = "run a command in the queue and watch it: output here, exit code as its own"
	runLong  = `Hands in a job, shows its output as it comes, and exits as the job does: its exit
code, 128 plus the number of a signal, 124 at its time limit. Ctrl-C (or TERM)
cancels the job, a second one kills it, a third leaves. When the terminal is
closed (HUP) the job is cancelled.

Standard input goes to the job when it is a file or a pipe (and there are no
--retries), or with -i; -i=false keeps it. -it gives the job a terminal: all keys go there, Ctrl-C too; Ctrl-P
Ctrl-Q leaves and lets it go on.`
	runUse  = "run [flags] -- COMMAND [ARGUMENT...]"
	runHelp = `  turno run -- nvidia-smi
  turno run -G 1 --mem 8G -- python train.py
  turno run -it -G 1 -- bash
  turno run -- wc -l < data.csv
  turno run --type matmul --param m=1024`
)

// running is one call of run.
type running struct {
	submission
	interactive
}

func (s *session) runCommand() *cobra.Command {
	r := &running{submission: submission{s: s}}
	cmd := &cobra.Command{Use: runUse, Short: runShort, Long: runLong, Example: runHelp, Args: cobra.ArbitraryArgs, RunE: r.run}
	r.init(cmd)
	cmd.Flags().BoolVarP(&r.input, "interactive", "i", false, "hand standard input to the job (default for a file or a pipe)")
	cmd.Flags().BoolVar(&r.tty, "tty", false, "give the job a terminal; -it for short")
	cmd.Flags().BoolVar(&r.tty, "pty", false, "as srun's: --tty")
	_ = cmd.Flags().MarkHidden("pty")
	return cmd
}

func (r *running) run(cmd *cobra.Command, args []string) error {
	s := r.s
	if r.flags.timeLimit == "--" { // docker's -t
		return usage("-t is the time limit here, as in sbatch").hint("for a terminal say -it or --tty")
	}
	jobs, err := r.jobs(args)
	if err != nil {
		return err
	}
	if len(jobs) != 1 || jobs[0].Spec.Array != nil {
		return usage("run watches one job").hint("turno submit takes several jobs and arrays")
	}
	if err := r.ask(s, cmd, jobs[0].Spec); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	svc, cfg, err := s.dial(cmd)
	if err != nil {
		return err
	}
	if err := s.resolve(ctx, svc, cfg, jobs); err != nil {
		return err
	}
	if err := r.attach(ctx, svc, cfg, jobs); err != nil {
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
	return s.watchRun(ctx, cancel, svc, done[0].ID, r.interactive)
}

// show is how a job is followed to its end.
func (s *session) show(ctx context.Context, svc turno.Service, ref string, how interactive) (turno.Job, error) {
	if how.tty {
		return s.sit(ctx, svc, ref)
	}
	o := followOptions{explain: s.errLook.terminal, out: s.runOut()}
	if !how.input {
		return s.follow(ctx, svc, ref, o)
	}
	own, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() {
		if err := s.feed(own, svc, ref); err != nil && own.Err() == nil {
			s.warnf("the job does not get its input: %v", err)
			s.cancelRun(ctx, svc, ref, false)
		}
	})
	defer group.Wait()
	defer cancel()
	return s.follow(ctx, svc, ref, o)
}

// watchRun follows a job while a second goroutine turns signals into orders:
// cancel, kill, and at the third one leave.
func (s *session) watchRun(ctx context.Context, cancel context.CancelCauseFunc, svc turno.Service, ref string, how interactive) error {
	signals, stop := s.signals()
	defer stop()
	over, gone := make(chan struct{}), make(chan struct{})
	presses := 0
	go func() {
		defer close(gone)
		for {
			select {
			case sig := <-signals:
				if presses++; presses > 2 {
					cancel(errLeft)
					return
				}
				s.cancelRun(ctx, svc, ref, presses == 2)
				if sig == syscall.SIGHUP { // nobody is there to see the end
					cancel(&interrupted{sig})
					return
				}
			case <-over:
				return
			}
		}
	}()
	j, err := s.show(ctx, svc, ref, how)
	close(over)
	<-gone
	cause := context.Cause(ctx)
	switch {
	case cause == errLeft:
		return failed(130, "left while the job was ending").hint("turno show %s tells how it ends", ref)
	case cause != nil:
		return cause
	case err != nil:
		return s.detached(err, &j)
	case presses > 0 && j.State == turno.Cancelled:
		return quiet(130)
	}
	return s.ending(&j)
}

var errLeft = errors.New("left")

func (s *session) cancelRun(ctx context.Context, svc turno.Service, ref string, force bool) {
	if force {
		s.notef("Killing it.\n")
	} else {
		s.notef("\nCancelling (Ctrl-C again kills it).\n")
	}
	acted, err := svc.Act(ctx, turno.Action{Verb: turno.Cancel, Jobs: []string{ref}, Force: force, Message: "Ctrl-C in turno run"})
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

// runOut is where the output of a command goes that was typed here: to a file or
// a pipe byte by byte, to a terminal without what could act on it.
func (s *session) runOut() io.Writer {
	_, file := s.io.Out.(*os.File)
	return s.logOut(file && !s.look.terminal)
}

// logOut is where a job's output goes.
func (s *session) logOut(raw bool) io.Writer {
	if raw {
		return s.io.Out
	}
	return &stripper{to: s.io.Out}
}
