package cli

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"turno"
	"turno/client"
	sessions "turno/internal/session"
)

const (
	execShort = "run a command inside a job that runs: same machine, folder, environment, limits"
	execLong  = `Runs a command inside a running job, and exits as it does. It sees what the job
sees, counts against its limits, and ends with it. Leaving ends the command.`
	execHelp = `  turno exec 42 -- nvidia-smi
  turno exec -it last -- bash
  tar c data | turno exec -i 42 -- tar x`
	attachShort = "sit at the terminal of a job that was started with run -it"
	attachLong  = `Shows a job's terminal and hands your keys to it, as turno run -it did. Ctrl-P
Ctrl-Q leaves again, and the job goes on.`
)

type execOptions struct {
	input, tty bool
	dir        string
	env        words
}

func (s *session) execCommand() *cobra.Command {
	var o execOptions
	cmd := &cobra.Command{Use: "exec JOB -- COMMAND [ARGUMENT...]", Short: execShort, Long: execLong, Example: execHelp, Args: cobra.MinimumNArgs(1)}
	fl := cmd.Flags()
	fl.SetInterspersed(false)
	fl.BoolVarP(&o.input, "interactive", "i", false, "hand standard input to it")
	fl.BoolVarP(&o.tty, "tty", "t", false, "give it a terminal")
	fl.StringVarP(&o.dir, "dir", "D", "", "working `DIR` (default: the job's)")
	fl.Var(&o.env, "env", "variable beside the job's own: `NAME=VALUE`, or NAME to take its value from here")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		words := args[1:]
		if len(words) > 0 && words[0] == "--" {
			words = words[1:]
		}
		if len(words) == 0 {
			return usage("there is no command to run in job %s", args[0]).hint("such as: turno exec -it %s -- bash", args[0])
		}
		open := sessions.Open{Command: words, Dir: o.dir}
		var err error
		if open.Env, err = s.entryEnv(o); err != nil {
			return err
		}
		svc, cfg, err := s.dial(cmd)
		if err != nil {
			return err
		}
		ref, err := s.oneRef(ctx, svc, cfg, args[0])
		if err != nil {
			return err
		}
		return s.execIn(ctx, svc, ref, open, o)
	})
	return cmd
}

// entryEnv is what a command inside a job has beside the job's variables.
func (s *session) entryEnv(o execOptions) (map[string]string, error) {
	b := &builder{s: s, f: &specFlags{}, spec: &turno.Spec{}}
	for _, text := range o.env {
		b.variable("env", text)
	}
	if value := s.env("TERM"); o.tty && value != "" && b.spec.Env["TERM"] == "" {
		b.setenv("TERM", value)
	}
	return b.spec.Env, b.err
}

func (s *session) execIn(ctx context.Context, svc turno.Service, ref string, open sessions.Open, o execOptions) error {
	if j, err := svc.Job(ctx, ref); err == nil && j.State == turno.Starting {
		if _, err := s.awaitState(ctx, svc, ref, turno.Running); err != nil {
			return err
		}
	}
	if o.tty {
		if _, ok := s.terminal(); !ok {
			return usage("-t needs a terminal, and standard input is none").hint("leave -t out; -i hands the input over")
		}
		open.Size = s.size()
	}
	conn, err := s.enter(ctx, svc, ref, open)
	if start, ok := errors.AsType[*client.NotStarted](err); ok {
		return failed(start.Exit.Code, "%s", start.Exit.Message)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	t := &talk{s: s, conn: conn, tty: o.tty, out: s.runOut(), errs: s.errOut()}
	if o.tty {
		t.out = s.io.Out
	}
	if o.input || o.tty {
		t.in = s.io.In
	}
	switch err := t.run(ctx); {
	case err != nil:
		return err
	case t.exit == nil:
		return failed(exitFailed, "the job has ended, and the command with it")
	default:
		return quiet(t.exit.Code)
	}
}

// errOut is where the error stream of a job goes.
func (s *session) errOut() io.Writer {
	if !s.errLook.terminal {
		return s.io.Err
	}
	return &stripper{to: s.io.Err}
}

func (s *session) attachCommand() *cobra.Command {
	return &cobra.Command{Use: "attach JOB", Short: attachShort, Long: attachLong, Example: "  turno attach last", Args: cobra.ExactArgs(1),
		RunE: s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
			svc, cfg, err := s.dial(cmd)
			if err != nil {
				return err
			}
			ref, err := s.oneRef(ctx, svc, cfg, args[0])
			if err != nil {
				return err
			}
			j, err := svc.Job(ctx, ref)
			if err != nil {
				return err
			}
			if j.Spec == nil || j.Spec.Interactive == nil || !j.Spec.Interactive.TTY {
				return failed(exitRefused, "job %s has no terminal", j.Display()).
					hint("turno logs -f %[1]s follows its output; turno exec -it %[1]s -- bash enters it", j.Display())
			}
			if _, ok := s.terminal(); !ok {
				return usage("attach needs a terminal, and standard input is none").hint("turno logs -f %s follows the output", j.Display())
			}
			j, err = s.sit(ctx, svc, ref)
			if err != nil {
				return s.detached(err, &j)
			}
			return s.ending(&j)
		})}
}

// detached says so; any other error it returns.
func (s *session) detached(err error, j *turno.Job) error {
	if !errors.Is(err, errDetached) {
		return err
	}
	s.notef("\r\nDetached. turno attach %s comes back.\n", j.Display())
	return nil
}

// sit is at a job's terminal from when it runs until it has ended.
func (s *session) sit(ctx context.Context, svc turno.Service, ref string) (turno.Job, error) {
	j, err := s.awaitState(ctx, svc, ref, turno.Running)
	if err != nil || j.State.Ended() {
		return j, err
	}
	conn, err := s.enter(ctx, svc, ref, sessions.Open{Size: s.size()})
	if err != nil && !hasCode(err, turno.CodeConflict) {
		return j, err
	}
	if err == nil {
		t := &talk{s: s, conn: conn, in: s.io.In, tty: true, detach: true, out: s.io.Out, errs: s.io.Err}
		err = t.run(ctx)
		_ = conn.Close()
	} else if now, jobErr := svc.Job(ctx, ref); jobErr == nil && now.State.Ended() {
		// It was over before anybody could sit down.
		return now, s.dump(ctx, svc, turno.LogQuery{Job: ref, Max: logPiece}, s.logOut(false))
	}
	if err != nil {
		return j, err
	}
	return s.awaitState(ctx, svc, ref, "")
}

// awaitState waits until a job is in a state, or has ended, and says why it
// waits.
func (s *session) awaitState(ctx context.Context, svc turno.Service, ref string, state turno.State) (turno.Job, error) {
	j, err := steady(ctx, s, func() (turno.Job, error) { return patientJob(ctx, svc, ref) })
	if err != nil {
		return j, err
	}
	c := listen(ctx, svc, []int64{j.Number})
	defer c.stop()
	t := &teller{s: s, on: s.errLook.terminal && state != ""}
	for j.State != state && !j.State.Ended() {
		t.tell(&j)
		if j, err = s.change(ctx, svc, c, ref); err != nil {
			return j, err
		}
	}
	return j, nil
}

// feed hands standard input to a job from when it runs.
func (s *session) feed(ctx context.Context, svc turno.Service, ref string) error {
	j, err := s.awaitState(ctx, svc, ref, turno.Running)
	if err != nil || j.State.Ended() {
		return err
	}
	conn, err := s.enter(ctx, svc, ref, sessions.Open{})
	if err == nil {
		defer conn.Close()
		return (&talk{s: s, conn: conn, in: s.io.In, out: io.Discard, errs: io.Discard}).run(ctx)
	}
	if now, jobErr := svc.Job(ctx, ref); jobErr == nil && now.State.Ended() {
		return nil // it did not want any
	}
	return err
}

// hasInput tells whether standard input holds something for the job: a file or
// a pipe that is not at its end. A terminal must be asked for (-i).
func (s *session) hasInput() bool {
	f, ok := s.io.In.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return false
	case info.Mode().IsRegular():
		at, err := f.Seek(0, io.SeekCurrent)
		return err == nil && at < info.Size()
	}
	return info.Mode()&os.ModeNamedPipe != 0 && !drained(f)
}

// runArgs makes -it of docker's users two flags: in turno run, as in sbatch,
// -t alone is the time limit.
func runArgs(args []string) []string {
	for i, a := range args {
		if a == "--" {
			break
		}
		if a == "-it" || a == "-ti" {
			out := append([]string(nil), args[:i]...)
			return append(append(out, "--interactive", "--tty"), args[i+1:]...)
		}
	}
	return args
}

// interactive is what turno run asks for beside the job itself.
type interactive struct {
	input, tty bool
}

// ask notes in the spec what the command's streams are to be.
func (i *interactive) ask(s *session, cmd *cobra.Command, spec *turno.Spec) error {
	if !i.tty && !cmd.Flags().Changed("interactive") && spec.Type == execType && spec.Retries == 0 {
		i.input = s.hasInput()
	}
	if !i.tty && !i.input {
		return nil
	}
	if spec.Type != execType {
		return usage("-i and --tty are for commands, not for %s", spec.Type)
	}
	if spec.Retries > 0 {
		return usage("a job that reads from here cannot be tried again: leave --retries out, or say -i=false")
	}
	spec.NoRequeue = true // what it has read cannot be read again
	spec.Interactive = &turno.Interactive{Stdin: i.input}
	if !i.tty {
		return nil
	}
	if _, ok := s.terminal(); !ok {
		return usage("--tty needs a terminal, and standard input is none").hint("leave it out; -i hands the input over")
	}
	size := s.size()
	*spec.Interactive = turno.Interactive{TTY: true, Rows: size.Rows, Cols: size.Cols}
	if value := s.env("TERM"); value != "" && spec.Env["TERM"] == "" {
		if spec.Env == nil {
			spec.Env = map[string]string{}
		}
		spec.Env["TERM"] = value
	}
	return nil
}
