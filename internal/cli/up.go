package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
)

const (
	upShort = "start a whole turno on this machine: queue, worker, API"
	upLong  = `Starts scheduler, worker and API together, with a broker and a database of
their own in the data folder, and runs until Ctrl-C. Commands outlive it, as they outlive a crash: for the
length of their lease (5 minutes), within which the next turno up takes them over. With --end-jobs they end
with it. Jobs in warm runners always do; what has ended so begins again with the next turno up.`
	schedulerShort = "run only the scheduler"
	workerShort    = "run only a worker"
	apiShort       = "run only the API"
	roleLong       = `For more than one machine: the roles find each other through the broker and
the database of --broker and --store. On one machine turno up does all of it.`
)

func (s *session) upCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "up", Short: upShort, Long: upLong, Args: cobra.NoArgs, RunE: s.command(s.roles("all"))}
	cmd.Flags().BoolVar(&s.noOpen, "no-open", false, "do not open the dashboard in a browser; it is only done at a terminal with a desktop")
	s.addSettings(cmd.Flags(), "api", "role", "scheduler", "worker")
	return cmd
}

func (s *session) roleCommand(role, short string) *cobra.Command {
	cmd := &cobra.Command{Use: role, Short: short, Long: roleLong, Args: cobra.NoArgs, RunE: s.command(s.roles(role))}
	s.addSettings(cmd.Flags(), "role", role)
	return cmd
}

// leave writes a file whole or not at all: half of one, from a disk that was
// full, would keep the next turno up from starting.
func leave(file, text string) error {
	if err := os.WriteFile(file+".new", []byte(text), 0o644); err != nil {
		return errors.Join(err, os.Remove(file+".new"))
	}
	return os.Rename(file+".new", file)
}

// roles runs roles until Ctrl-C, which is their ordinary end.
func (s *session) roles(role string) func(context.Context, *cobra.Command, []string) error {
	return func(ctx context.Context, cmd *cobra.Command, _ []string) error {
		cfg, err := s.settings(cmd, role)
		if err != nil {
			return err
		}
		file := filepath.Join(cfg.Data, config.ServerName)
		left, goOn := false, func() []string { return nil }
		err = s.deps.RunRoles(ctx, cfg, []string{role}, func(info config.Info) {
			if role == "all" && info.URL != "" { // first: who reads that it is up finds it
				left = leave(file, strings.TrimSpace(info.URL+" "+info.Fingerprint)+"\n") == nil
			}
			if info.Left != nil {
				goOn = info.Left
			}
			s.announce(role, &info)
			if role == "all" && info.LoginURL != "" && !s.noOpen && s.atTerminal() {
				openBrowser(info.LoginURL)
			}
		})
		if left {
			_ = os.Remove(file)
		}
		if ctx.Err() != nil && (err == nil || strings.Contains(err.Error(), context.Canceled.Error())) {
			s.notef("%s\n", farewell(role, goOn(), cfg.Lease))
			return nil
		}
		return err
	}
}

// farewell says what becomes of the jobs.
func farewell(role string, goOn []string, lease time.Duration) string {
	const named = 10
	switch {
	case len(goOn) > 0:
		list := strings.Join(goOn[:min(named, len(goOn))], " ")
		if more := len(goOn) - named; more > 0 {
			list += fmt.Sprintf(" and %d more", more)
		}
		again := "turno up"
		if role == "worker" {
			again = "turno worker here"
		}
		return fmt.Sprintf("Stopped. Commands run on, of the jobs %s: the next %s takes them over; without one they end within %s.\n"+
			"With --end-jobs they end when it stops.", list, again, short(lease))
	case role == "all", role == "worker":
		return "Stopped. No command runs on; other jobs that ran begin again with the next start."
	}
	return "Stopped. Jobs that run go on."
}

// announce says what runs and what to do with it.
func (s *session) announce(role string, info *config.Info) {
	line := func(name, text string) {
		if text != "" {
			s.printf("  %-10s %s\n", name, clean(text, false))
		}
	}
	if role == "all" {
		s.printf("%s\n", s.look.bold("turno is up"))
	} else {
		s.printf("%s\n", s.look.bold("turno "+role+" is running"))
	}
	line("Open", info.LoginURL)
	line("API at", info.URL)
	line("Key", info.Fingerprint)
	line("Workers", joinHint(info.Workers))
	line("Joined", info.Joined)
	line("Token", info.TokenFile)
	line("Data", info.Data)
	line("Worker", info.Worker)
	if info.Worker != "" {
		line("GPUs", gpuLine(info.GPUs, info.WhyNoGPU))
	}
	for _, note := range info.Notes {
		line("Note", note)
	}
	if info.URL != "" {
		s.printf("Try in another terminal: turno run -- echo hello\n")
	}
}

// joinHint says how another machine joins.
func joinHint(address string) string {
	if address == "" {
		return ""
	}
	return "join at " + address + ", each with a line that turno token create --join prints"
}

// gpuLine counts GPUs by model.
func gpuLine(gpus []turno.GPU, why string) string {
	if len(gpus) == 0 {
		return trimmed("none:", orDash(why))
	}
	var order []string
	count := map[string]int{}
	for _, g := range gpus {
		name := g.Model
		if g.Simulated && !strings.Contains(name, "SIMULATED") {
			name = "SIMULATED " + name
		}
		if count[name]++; count[name] == 1 {
			order = append(order, name)
		}
	}
	for i, name := range order {
		order[i] = fmt.Sprintf("%d × %s", count[name], name)
	}
	return strings.Join(order, ", ")
}

func (s *session) runnerCommand() *cobra.Command {
	return &cobra.Command{
		Use: "runner CLASS", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: s.command(func(ctx context.Context, _ *cobra.Command, args []string) error {
			return s.deps.RunRunner(ctx, args[0])
		}),
	}
}
