package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"turno"
	"turno/internal/config"
)

// maxRefs bounds what 1-1000000000 expands to: an order about more jobs than
// this is better given by filter.
const maxRefs = 10_000

// everyJob stands for every job that a command can act on.
const everyJob = "all"

// refs reads what people call jobs: 42, 42_7, 42_[1-5], 1-5,9, last, an id, or
// the name of a job. The result holds turno.Ref texts, and perhaps everyJob.
func (s *session) refs(ctx context.Context, svc turno.Service, cfg config.Config, args []string) ([]string, error) {
	var out []string
	for _, arg := range args {
		more, err := s.ref(ctx, svc, cfg, arg)
		if err != nil {
			return nil, err
		}
		if out = append(out, more...); len(out) > maxRefs {
			return nil, usage("these are more than %d jobs", maxRefs).hint("give a filter, such as --state or --user")
		}
	}
	return out, nil
}

func (s *session) ref(ctx context.Context, svc turno.Service, cfg config.Config, arg string) ([]string, error) {
	switch {
	case arg == everyJob:
		return []string{everyJob}, nil
	case arg == "last" || strings.HasPrefix(arg, "last_"):
		number, ok := s.last(cfg)
		if !ok {
			return nil, failed(exitNotFound, "no job was submitted to %s from here", cfg.Server).hint("turno ps lists the jobs")
		}
		arg = strconv.FormatInt(number, 10) + strings.TrimPrefix(arg, "last")
	}
	if r, err := turno.ParseRef(arg); err == nil {
		return []string{r.String()}, nil
	}
	if number, tasks, ok := strings.Cut(arg, "_["); ok && strings.HasSuffix(tasks, "]") {
		return taskRefs(arg, number, strings.TrimSuffix(tasks, "]"))
	}
	if rs, err := turno.ParseRanges(arg); err == nil && rs.First() > 0 {
		return numberRefs(arg, "", rs)
	}
	return named(ctx, svc, arg)
}

func taskRefs(arg, number, tasks string) ([]string, error) {
	rs, err := turno.ParseRanges(tasks)
	if n, bad := strconv.ParseInt(number, 10, 64); err != nil || bad != nil || n < 1 {
		return nil, usage("%q is not a job or its tasks: use 42, 42_7 or 42_[1-5]", arg)
	}
	return numberRefs(arg, number+"_", rs)
}

func numberRefs(arg, prefix string, rs turno.Ranges) ([]string, error) {
	if rs.Len() > maxRefs {
		return nil, usage("%s: these are more than %d jobs", arg, maxRefs).hint("give a filter, such as --state or --user")
	}
	var out []string
	for _, r := range rs {
		for i := r.First; i <= r.Last; i += r.Step {
			out = append(out, prefix+strconv.Itoa(i))
		}
	}
	return out, nil
}

// named finds the one job of a name, the newest active ones first.
func named(ctx context.Context, svc turno.Service, name string) ([]string, error) {
	for _, states := range [][]turno.State{activeStates, nil} {
		jobs, err := list(ctx, svc, turno.JobQuery{Name: name, States: states, Top: true}, 100)
		if err != nil {
			return nil, err
		}
		var found []string
		for _, j := range jobs {
			if j.Spec.Name == name {
				found = append(found, j.Display())
			}
		}
		if len(found) == 1 {
			return found, nil
		}
		if len(found) > 1 {
			return nil, usage("%d jobs are called %q: %s", len(found), name, strings.Join(found, ", ")).hint("say which by its number")
		}
	}
	return nil, failed(exitNotFound, "there is no job %q", name).
		hint("use a number (42), a task (42_7), a range (1-5,9), last, or a job's name")
}

// activeStates are those of jobs that have not ended.
var activeStates = []turno.State{turno.Held, turno.Queued, turno.Starting, turno.Running, turno.Stopping}

// list reads pages until it has as many jobs as are wanted, or all.
func list(ctx context.Context, svc turno.Service, q turno.JobQuery, want int) ([]turno.Job, error) {
	var out []turno.Job
	for {
		q.Limit = min(1000, want-len(out))
		page, err := svc.Jobs(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Items...)
		if q.Cursor = page.NextCursor; q.Cursor == "" || len(out) >= want {
			return out, nil
		}
	}
}

// lastFile remembers the last job of each server, a line "URL number" each.
func (s *session) lastFile() string {
	dir := s.env("XDG_STATE_HOME")
	if dir == "" {
		dir = filepath.Join(s.sys.Config.Home, ".local", "state")
	}
	return filepath.Join(dir, "turno", "last")
}

func (s *session) last(cfg config.Config) (int64, bool) {
	data, _ := os.ReadFile(s.lastFile())
	for line := range strings.Lines(string(data)) {
		var server string
		var number int64
		if n, _ := fmt.Sscan(line, &server, &number); n == 2 && server == cfg.Server {
			return number, true
		}
	}
	return 0, false
}

// remember is best effort: without it only "last" does not work.
func (s *session) remember(cfg config.Config, number int64) {
	path := s.lastFile()
	var lines strings.Builder
	lines.WriteString(fmt.Sprintf("%s %d\n", cfg.Server, number))
	data, _ := os.ReadFile(path)
	kept := 0
	for line := range strings.Lines(string(data)) {
		// A dozen servers are more than anybody works with.
		if kept++; kept < 12 && !strings.HasPrefix(line, cfg.Server+" ") {
			lines.WriteString(line)
		}
	}
	if os.MkdirAll(filepath.Dir(path), 0o700) == nil {
		_ = os.WriteFile(path, []byte(lines.String()), 0o600)
	}
}
