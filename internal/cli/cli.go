// Package cli is turno's command line: it reads arguments and settings, speaks
// to a running turno through turno.Service, and shows what it learns. It
// decides nothing about jobs and knows no broker, store or GPU: what it needs
// of those comes in through Deps.
//
//	args ─▶ config.Load ─▶ Deps.Dial ─▶ turno.Service ─▶ table, JSON, exit code
//	     └▶ up, scheduler, worker, api ─▶ Deps.RunRoles
//
// One call of Main owns everything it starts and waits for it. There is no
// state between calls but the number of the last job submitted, in a file.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
	"turno/internal/files"
)

// Stdio is where a command reads and writes. Terminals are recognized when
// they are *os.File.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// Deps is what the command line needs of the rest of turno.
type Deps struct {
	// Dial makes the Service of the server that the settings name.
	Dial func(cfg config.Config) (turno.Service, error)
	// RunRoles runs roles ("all", "scheduler", "worker", "api") until ctx is done
	// or one of them fails. It calls ready once, when all of them answer.
	RunRoles func(ctx context.Context, cfg config.Config, roles []string, ready func(config.Info)) error
	// RunRunner serves the runner protocol on the standard streams.
	RunRunner func(ctx context.Context, class string) error
	// Shim serves the hidden commands that hold jobs. It is asked first, with
	// the raw arguments; served says that it was meant.
	Shim func(args []string) (code int, served bool)
	// Types are the workloads of this binary.
	Types func() []turno.Type
	// Machine says what a worker would say of this machine, and why there is no
	// GPU, if there is none.
	Machine func(ctx context.Context, cfg config.Config) (m turno.Machine, whyNoGPU string, err error)
	// Probe connects to the broker or the store of the settings ("broker",
	// "store"), says what it found and disconnects.
	Probe func(ctx context.Context, cfg config.Config, part string) (found string, err error)
	// Backup writes the configured store to a file, Restore puts one in its place.
	Backup, Restore func(ctx context.Context, cfg config.Config, file string) (config.Backup, error)
	// Join has this machine's worker join the turno at an address, with a word of
	// it, and keeps in the data folder whom it joined.
	Join func(ctx context.Context, cfg config.Config, address, word string) (config.Joined, error)
	// Files is the file store of the configured server.
	Files func(cfg config.Config) (files.Store, error)

	// System is what this process sees of the machine; nil: the real one.
	System *System
}

// System is what the command line sees of the machine: a test gives its own.
type System struct {
	Config  config.Input
	Dir     string // the current folder, absolute
	Now     func() time.Time
	Signals <-chan os.Signal // nil: those of the process
}

func realSystem() *System {
	sys := &System{Config: config.System(), Now: time.Now}
	sys.Dir, _ = os.Getwd()
	return sys
}

// session is one call of Main.
type session struct {
	io   Stdio
	deps Deps
	sys  *System
	args []string // as typed

	configFile string
	noOpen     bool // of turno up
	look       look // of Out
	errLook    look // of Err
}

const (
	rootShort = "your turn on the GPU: a job queue in one program"
	rootLong  = `turno queues jobs for GPUs, places them on machines that can run them, runs
them, and shows what happened.

  turno up                      a queue on this machine
  turno run -- nvidia-smi       run a command and watch it
  turno submit -G 1 -- python train.py
  turno ps                      what waits and what runs
  turno why 42                  why a job waits`
)

// Main runs one command line, without the program's name, and returns its exit
// code.
func Main(args []string, stdio Stdio, deps Deps) int {
	if deps.Shim != nil {
		if code, served := deps.Shim(args); served {
			return code
		}
	}
	s := &session{io: stdio, deps: deps, sys: deps.System, args: args}
	if s.sys == nil {
		s.sys = realSystem()
	}
	s.look, s.errLook = s.lookOf(stdio.Out), s.lookOf(stdio.Err)
	root := s.root()
	if len(args) > 0 && args[0] == "run" {
		args = runArgs(args)
	}
	root.SetArgs(args)
	cmd, err := root.ExecuteC()
	return s.finish(cmd, err)
}

func (s *session) root() *cobra.Command {
	root := &cobra.Command{
		Use: "turno", Short: rootShort, Long: rootLong,
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownCommand(cmd, args[0])
		},
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetIn(s.io.In)
	root.SetOut(s.io.Out)
	root.SetErr(s.io.Err)
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().StringVar(&s.configFile, "config", "", "configuration `FILE`")
	s.addSettings(root.PersistentFlags(), "all")
	groups := s.groups()
	s.complete(groups)
	for _, group := range groups {
		root.AddGroup(&cobra.Group{ID: group.id, Title: group.title})
		for _, cmd := range group.commands {
			cmd.GroupID = group.id
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(s.runnerCommand(), s.digitsCommand())
	return root
}

type group struct {
	id, title string
	commands  []*cobra.Command
}

func (s *session) groups() []group {
	return []group{
		{"jobs", "Jobs:", []*cobra.Command{
			s.submitCommand(), s.runCommand(), s.sbatchCommand(), s.psCommand(), s.showCommand(), s.whyCommand(), s.logsCommand(), s.cpCommand(), s.waitCommand(), s.execCommand(), s.attachCommand(),
			s.actCommand(turno.Cancel, cancelShort, cancelHelp), s.actCommand(turno.HoldJob, holdShort, ""),
			s.actCommand(turno.Release, releaseShort, ""), s.actCommand(turno.Requeue, requeueShort, ""), s.updateCommand(), s.retryCommand(), s.watchCommand(),
		}},
		{"machines", "Machines:", []*cobra.Command{
			s.nodesCommand(), s.gpusCommand(), s.topCommand(), s.workerCommand(turno.Drain, drainShort), s.workerCommand(turno.Undrain, undrainShort), s.typesCommand(),
			s.deadLettersCommand(),
		}},
		{"users", "Users:", []*cobra.Command{s.whoamiCommand(), s.tokenCommand(), s.auditCommand()}},
		{"services", "A turno of your own:", []*cobra.Command{
			s.upCommand(), s.roleCommand("scheduler", schedulerShort), s.roleCommand("worker", workerShort), s.roleCommand("api", apiShort), s.joinCommand(), s.installCommand(), s.backupCommand(), s.restoreCommand(),
		}},
		{"about", "About:", []*cobra.Command{
			s.openCommand(), s.doctorCommand(), s.healthCommand(), s.demoCommand(), s.benchCommand(), s.grafanaCommand(), s.configCommand(), s.versionCommand(),
		}},
	}
}

// command wraps what a command does: fn's ctx ends at the first Ctrl-C, with
// the signal as its cause; the second one ends the program at once.
func (s *session) command(fn func(ctx context.Context, cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		signals, stop := s.signals()
		defer stop()
		ctx, cancel := context.WithCancelCause(context.Background())
		defer cancel(nil)
		done := make(chan struct{})
		defer close(done)
		go func() {
			select {
			case sig := <-signals:
				cancel(&interrupted{sig})
				stop()
			case <-done:
			}
		}()
		err := fn(ctx, cmd, args)
		if it := (*interrupted)(nil); err != nil && errors.As(context.Cause(ctx), &it) {
			return it
		}
		return err
	}
}

func (s *session) signals() (<-chan os.Signal, func()) {
	if s.sys.Signals != nil {
		return s.sys.Signals, func() {}
	}
	ch := make(chan os.Signal, 1) // as signal.Notify wants it
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(ch, syscall.SIGHUP)
	}
	return ch, func() { signal.Stop(ch) }
}

// settings loads the configuration with the flags of cmd.
func (s *session) settings(cmd *cobra.Command, roles ...string) (config.Config, error) {
	in := s.sys.Config
	in.Flags = s.settingFlags(cmd)
	in.File = s.configFile
	cfg, err := config.Load(in)
	if err == nil {
		err = cfg.Validate(roles...)
	}
	if err != nil {
		return cfg, usage("the settings cannot be used:\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  ")).
			hint("turno config shows each setting and where it comes from")
	}
	return cfg, nil
}

// dial is the Service of the configured server.
func (s *session) dial(cmd *cobra.Command) (turno.Service, config.Config, error) {
	cfg, err := s.settings(cmd)
	if err != nil {
		return nil, cfg, err
	}
	svc, err := s.deps.Dial(cfg)
	return svc, cfg, err
}

// service wraps commands that speak to the server.
func (s *session) service(fn func(ctx context.Context, svc turno.Service, args []string) error) func(*cobra.Command, []string) error {
	return s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		svc, _, err := s.dial(cmd)
		if err != nil {
			return err
		}
		return fn(ctx, svc, args)
	})
}

func (s *session) printf(format string, args ...any) { fmt.Fprintf(s.io.Out, format, args...) }

// notef writes to the error stream: what a person should know and a pipe
// should not.
func (s *session) notef(format string, args ...any) { fmt.Fprintf(s.io.Err, format, args...) }

func (s *session) warnf(format string, args ...any) {
	s.notef("%s %s\n", s.errLook.yellow("warning:"), fmt.Sprintf(format, args...))
}

// env is a variable of this process.
func (s *session) env(name string) string {
	if s.sys.Config.Env == nil {
		return ""
	}
	v, _ := s.sys.Config.Env(name)
	return v
}
