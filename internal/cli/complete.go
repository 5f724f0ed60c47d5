package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno"
)

// completionTime bounds what a shell waits for at a Tab.
const completionTime = 2 * time.Second

type completer func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// complete adds completions from the running server to commands.
func (s *session) complete(commands []group) {
	for _, g := range commands {
		for _, cmd := range g.commands {
			switch word := strings.Fields(cmd.Use); {
			case len(word) < 2 || cmd.ValidArgsFunction != nil:
			case strings.Contains(word[1], "JOB"):
				cmd.ValidArgsFunction = s.completeJobs
			case strings.Contains(word[1], "WORKER"):
				cmd.ValidArgsFunction = s.completeWorkers
			case strings.Contains(word[1], "TYPE"):
				cmd.ValidArgsFunction = s.completeTypes
			}
			s.completeFlag(cmd, "type", s.completeTypes)
			s.completeFlag(cmd, "worker", s.completeWorkers)
			s.completeFlag(cmd, "state", completeStates)
			s.completeFlag(cmd, "output", completeFormats)
		}
	}
}

func (s *session) completeFlag(cmd *cobra.Command, name string, f completer) {
	if cmd.Flags().Lookup(name) != nil {
		// Its error says that the flag is not there, or has a completion.
		_ = cmd.RegisterFlagCompletionFunc(name, f)
	}
}

// live asks the server for completions; without a server there are none.
func (s *session) live(cmd *cobra.Command, ask func(context.Context, turno.Service) []string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(context.Background(), completionTime)
	defer cancel()
	svc, _, err := s.dial(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return ask(ctx, svc), cobra.ShellCompDirectiveNoFileComp
}

func (s *session) completeJobs(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return s.live(cmd, func(ctx context.Context, svc turno.Service) []string {
		q := turno.JobQuery{States: activeStates}
		if name := cmd.Name(); name == "show" || name == "logs" || name == "retry" || name == "wait" || name == "ps" {
			q.States = nil
		}
		jobs, err := list(ctx, svc, q, 50)
		if err != nil {
			return nil
		}
		out := []string{"last\tthe last one submitted from here"}
		for i := range jobs {
			j := &jobs[i]
			out = append(out, fmt.Sprintf("%s\t%s %s", j.Display(), j.State, clean(j.Spec.Name, false)))
		}
		return out
	})
}

func (s *session) completeWorkers(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return s.live(cmd, func(ctx context.Context, svc turno.Service) []string {
		workers, _ := svc.Workers(ctx)
		var out []string
		for i := range workers {
			out = append(out, workers[i].Name+"\t"+string(workers[i].State))
		}
		return out
	})
}

func (s *session) completeTypes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, t := range s.types() {
		out = append(out, t.Name+"\t"+t.Summary)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func completeStates(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, st := range turno.States {
		out = append(out, string(st))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func completeFormats(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"json", "yaml", "wide", "name", "jsonpath="}, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
