package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"turno"
)

const (
	watchShort = "print each change of jobs as it happens, one a line"
	watchHelp  = `  turno watch
  turno watch 42 43
  turno watch -o json | jq 'select(.state == "failed")'`
)

func (s *session) watchCommand() *cobra.Command {
	var f format
	count := 0
	cmd := &cobra.Command{Use: "watch [JOB...]", Aliases: []string{"events"}, Short: watchShort, Example: watchHelp}
	f.add(cmd.Flags())
	cmd.Flags().IntVar(&count, "count", 0, "end after `N` changes")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		svc, cfg, err := s.dial(cmd)
		if err != nil {
			return err
		}
		if f.kind == "yaml" || f.kind == "jsonpath" {
			return usage("watch shows lines or -o json")
		}
		refs, err := s.refs(ctx, svc, cfg, args)
		if err != nil {
			return err
		}
		var q turno.EventQuery
		for _, ref := range refs {
			j, err := svc.Job(ctx, ref)
			if err != nil {
				return err
			}
			q.Jobs = append(q.Jobs, j.Number)
		}
		return s.events(ctx, svc, q, f, count)
	})
	return cmd
}

// events prints changes until Ctrl-C. It goes on from where it was when the
// server was away.
func (s *session) events(ctx context.Context, svc turno.Service, q turno.EventQuery, f format, count int) error {
	shown := 0
	_, err := steady(ctx, s, func() (struct{}, error) {
		for e, err := range svc.Events(ctx, q) {
			if err != nil {
				return struct{}{}, err
			}
			q.After = max(q.After, e.Revision)
			if e.Number == 0 && !e.Reset {
				continue // says only that the stream stands
			}
			s.event(&e, f)
			if shown++; shown == count {
				return struct{}{}, nil
			}
		}
		if ctx.Err() == nil {
			return struct{}{}, turno.Errorf(turno.CodeUnavailable, "the stream of changes ended")
		}
		return struct{}{}, context.Cause(ctx)
	})
	return err
}

func (s *session) event(e *turno.Event, f format) {
	if f.kind == "json" {
		line, err := json.Marshal(e)
		if err == nil {
			s.printf("%s\n", line)
		}
		return
	}
	if e.Reset {
		s.printf("%s\n", s.look.yellow("(some changes were missed)"))
		return
	}
	j := turno.Job{Number: e.Number, Parent: e.Parent, Task: e.Task, State: e.State, Reason: e.Reason}
	text := fmt.Sprintf("%s  %-8s %-10s %-18s %s", s.moment(e.At), j.Display(), e.State, "("+string(e.Reason)+")", trimmed(e.Name, "["+e.Type+"]"))
	if e.Worker != "" {
		text += " on " + e.Worker
	}
	text = clean(text, false)
	if paint := s.stateCell(&j).paint; paint != nil {
		text = paint(text)
	}
	s.printf("%s\n", text)
}
