package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
)

const (
	upShort = "start a whole turno on this machine: queue, worker, API"
	upLong  = `Starts scheduler, worker and API together, with a broker and a database of
their own in the data folder, and runs until Ctrl-C. Jobs that run then are
ended, and begin again with the next turno up; after a crash they run on, and it takes them over.`
	schedulerShort = "run only the scheduler"
	workerShort    = "run only a worker"
	apiShort       = "run only the API"
	roleLong       = `For more than one machine: the roles find each other through the broker and
the database of --broker and --store. On one machine turno up does all of it.`
)

func (s *session) upCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "up", Short: upShort, Long: upLong, Args: cobra.NoArgs, RunE: s.command(s.roles("all"))}
	s.addSettings(cmd.Flags(), "api", "role", "scheduler", "worker")
	return cmd
}

func (s *session) roleCommand(role, short string) *cobra.Command {
	cmd := &cobra.Command{Use: role, Short: short, Long: roleLong, Args: cobra.NoArgs, RunE: s.command(s.roles(role))}
	s.addSettings(cmd.Flags(), "role", role)
	return cmd
}

// roles runs roles until Ctrl-C, which is their ordinary end.
func (s *session) roles(role string) func(context.Context, *cobra.Command, []string) error {
	return func(ctx context.Context, cmd *cobra.Command, _ []string) error {
		cfg, err := s.settings(cmd, role)
		if err != nil {
			return err
		}
		file := filepath.Join(cfg.Data, config.ServerName)
		left := false
		err = s.deps.RunRoles(ctx, cfg, []string{role}, func(info config.Info) {
			if role == "all" && info.URL != "" { // first: who reads that it is up finds it
				left = os.WriteFile(file, []byte(strings.TrimSpace(info.URL+" "+info.Fingerprint)+"\n"), 0o644) == nil
			}
			s.announce(role, &info)
		})
		if left {
			_ = os.Remove(file)
		}
		if ctx.Err() != nil && (err == nil || strings.Contains(err.Error(), context.Canceled.Error())) {
			s.notef("%s\n", farewell(role))
			return nil
		}
		return err
	}
}

// farewell says what becomes of the jobs.
func farewell(role string) string {
	switch role {
	case "all":
		return "Stopped. Jobs that ran were ended, and begin again with the next turno up."
	case "worker":
		return "Stopped. Commands run on for the length of their lease; the next turno worker here takes them over."
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
