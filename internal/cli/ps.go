package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
)

const (
	psShort = "list jobs: what waits and what runs"
	psLong  = `Lists jobs that have not ended, the newest first; with -a the others too.
Arrays stand in one line for the tasks that wait. With jobs as arguments it
lists those, and the tasks of arrays among them.`
	psHelp = `  turno ps
  turno ps -a --state failed -u eva
  turno ps -a --since 24h --search "lr team=vision"
  turno ps 42 -o json
  turno ps --watch`
)

type psOptions struct {
	format             format
	all, watch, me     bool
	states             []string
	user, queue, name  string
	typ, search        string
	since, until       string
	oldest             bool
	limit              int
	allUsers, noHeader bool
	cfg                config.Config
}

func (s *session) psCommand() *cobra.Command {
	o := &psOptions{format: format{wide: true}}
	cmd := &cobra.Command{Use: "ps [JOB...]", Aliases: []string{"queue", "list"}, Short: psShort, Long: psLong, Example: psHelp}
	fl := cmd.Flags()
	o.format.add(fl)
	fl.BoolVarP(&o.all, "all", "a", false, "also jobs that have ended")
	fl.StringSliceVar(&o.states, "state", nil, "only jobs in these `STATES` (running, failed, or R, F, …)")
	fl.StringVarP(&o.user, "user", "u", "", "only jobs of this user")
	fl.BoolVar(&o.me, "me", false, "only your own jobs")
	fl.BoolVarP(&o.allUsers, "all-users", "A", false, "jobs of all users (the default)")
	fl.StringVarP(&o.queue, "queue", "q", "", "only jobs in this queue")
	fl.StringVarP(&o.name, "name", "J", "", "only jobs whose name holds this")
	fl.StringVar(&o.typ, "type", "", "only jobs of this workload")
	fl.StringVar(&o.search, "search", "", "only jobs with each of these `WORDS` in name, user or a label (key=value), or at the beginning of the id")
	fl.StringVar(&o.since, "since", "", "only jobs submitted since `WHEN`: 24h, 7d, 2026-01-20, 2026-01-20T12:34:00")
	fl.StringVar(&o.until, "until", "", "only jobs submitted before `WHEN`")
	fl.BoolVar(&o.oldest, "oldest", false, "the oldest first")
	fl.IntVarP(&o.limit, "limit", "n", 100, "at most so many")
	fl.BoolVarP(&o.watch, "watch", "w", false, "show it again whenever something changes")
	fl.BoolVar(&o.noHeader, "no-header", false, "leave the first line out")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		svc, cfg, err := s.dial(cmd)
		if err != nil {
			return err
		}
		o.cfg = cfg
		if o.watch {
			return s.watching(ctx, svc, func() error { return s.ps(ctx, svc, o, args) })
		}
		return s.ps(ctx, svc, o, args)
	})
	return cmd
}

func (s *session) ps(ctx context.Context, svc turno.Service, o *psOptions, args []string) error {
	jobs, more, err := s.psJobs(ctx, svc, o, args)
	if err != nil {
		return err
	}
	if o.format.data() {
		if jobs == nil {
			jobs = []turno.Job{}
		}
		return o.format.write(s.io.Out, map[string]any{"items": jobs})
	}
	if o.format.kind == "name" {
		for i := range jobs {
			s.printf("%s\n", jobs[i].Display())
		}
		return nil
	}
	s.jobTable(jobs, o).write(s.io.Out)
	if len(jobs) == 0 && s.look.terminal {
		s.notef("%s\n", s.errLook.dim("No jobs. turno ps -a lists those that have ended too."))
	}
	if more {
		s.notef("%s\n", s.errLook.dim(fmt.Sprintf("Only the %s %d are shown; -n shows more.", map[bool]string{true: "oldest", false: "newest"}[o.oldest], o.limit)))
	}
	return nil
}

// psJobs reads the jobs to list; more says that there are others.
func (s *session) psJobs(ctx context.Context, svc turno.Service, o *psOptions, args []string) ([]turno.Job, bool, error) {
	if len(args) > 0 {
		jobs, err := s.psNamed(ctx, svc, o, args)
		return jobs, false, err
	}
	states, err := parseStates(o.states)
	if err != nil {
		return nil, false, err
	}
	if len(states) == 0 && !o.all {
		states = activeStates
	}
	q := turno.JobQuery{States: states, Queue: o.queue, User: o.user, Name: o.name, Type: o.typ, Search: o.search, OldestFirst: o.oldest,
		Top: o.all && len(o.states) == 0}
	for _, w := range []struct {
		flag, text string
		to         *time.Time
	}{{"since", o.since, &q.Since}, {"until", o.until, &q.Until}} {
		if w.text == "" {
			continue
		}
		if *w.to, err = parsePast(w.text, s.sys.Now()); err != nil {
			return nil, false, usage("--%s: %v", w.flag, err)
		}
	}
	if o.me {
		q.User = turno.Me
	}
	jobs, err := list(ctx, svc, q, max(1, o.limit)+1)
	if err != nil {
		return nil, false, err
	}
	more := len(jobs) > o.limit
	if more {
		jobs = jobs[:o.limit]
	}
	if !o.format.data() && len(args) == 0 && !o.all {
		jobs = slices.DeleteFunc(jobs, spent)
	}
	return jobs, more, nil
}

// spent tells of an array whose tasks all stand in lines of their own.
func spent(j turno.Job) bool {
	return j.Tasks != nil && j.Tasks.Waiting.Len() == 0 && j.Tasks.Active > 0
}

func (s *session) psNamed(ctx context.Context, svc turno.Service, o *psOptions, args []string) ([]turno.Job, error) {
	refs, err := s.refs(ctx, svc, o.cfg, args)
	if err != nil {
		return nil, err
	}
	var jobs []turno.Job
	for _, ref := range refs {
		j, err := svc.Job(ctx, ref)
		if err != nil {
			return nil, err
		}
		if j.Tasks == nil {
			jobs = append(jobs, j)
			continue
		}
		tasks, err := list(ctx, svc, turno.JobQuery{Parent: j.Number}, o.limit)
		if err != nil {
			return nil, err
		}
		if o.format.data() || j.Tasks.Waiting.Len() > 0 || len(tasks) == 0 {
			jobs = append(jobs, j) // else each of its tasks stands for itself
		}
		jobs = append(jobs, tasks...)
	}
	return jobs, nil
}

// parseStates reads states by turno's names or Slurm's short ones.
func parseStates(words []string) ([]turno.State, error) {
	var out []turno.State
	for _, w := range words {
		found := false
		for _, st := range turno.States {
			if strings.EqualFold(w, string(st)) || slices.Contains(shortStates[strings.ToUpper(w)], st) {
				out, found = append(out, st), true
			}
		}
		if !found {
			return nil, usage("%q is not a state", w).hint("use %s, or PD, R, CG, CD, F, CA, NF", stateWords())
		}
	}
	return out, nil
}

var shortStates = map[string][]turno.State{
	"PD": {turno.Held, turno.Queued}, "R": {turno.Starting, turno.Running}, "CG": {turno.Stopping}, "CD": {turno.Succeeded},
	"F": {turno.Failed}, "TO": {turno.Failed}, "OOM": {turno.Failed}, "CA": {turno.Cancelled}, "NF": {turno.Lost},
	"PENDING": {turno.Held, turno.Queued}, "ACTIVE": activeStates, "COMPLETED": {turno.Succeeded}, "CANCELED": {turno.Cancelled},
}

func stateWords() string {
	var out []string
	for _, st := range turno.States {
		out = append(out, string(st))
	}
	return strings.Join(out, ", ")
}

// jobTable is squeue's table.
func (s *session) jobTable(jobs []turno.Job, o *psOptions) *table {
	header := []string{"JOBID", "NAME", "USER", "QUEUE", "ST", "TIME", "DEVICE", "WORKER/REASON"}
	wide := o.format.kind == "wide"
	if wide {
		header = []string{"JOBID", "NAME", "TYPE", "USER", "QUEUE", "ST", "TIME", "DEVICE", "CPUS", "MEMORY", "PRIORITY", "ATTEMPT", "WAITED", "SUBMITTED", "WORKER/REASON"}
	}
	t := s.table(header...)
	t.bare = o.noHeader
	for i := range jobs {
		j := &jobs[i]
		cells := []cell{{text: jobID(j)}, {text: describe(j.Spec)}}
		if wide {
			cells = append(cells, cell{text: j.Spec.Type})
		}
		cells = append(cells, cell{text: j.Spec.User}, cell{text: j.Spec.Queue}, s.stateCell(j),
			cell{text: clock(s.ran(j))}, cell{text: device(j)})
		if wide {
			cells = append(cells, cell{text: j.Spec.CPUs.String()}, cell{text: sizeOr(j.Spec.Memory, "-")}, cell{text: fmt.Sprint(j.Spec.Priority)},
				cell{text: fmt.Sprint(j.Attempt)}, cell{text: clock(s.waited(j))}, cell{text: s.moment(j.SubmittedAt)})
		}
		t.cells(append(cells, cell{text: where(j, wide)})...)
	}
	t.align(slices.Index(header, "TIME"))
	return t
}

// jobID is 42, 42_7, or 42_[7-99%10] for the tasks that wait.
func jobID(j *turno.Job) string {
	if j.Tasks == nil || j.Spec.Array == nil {
		return j.Display()
	}
	a := turno.Array{Tasks: j.Tasks.Waiting, Limit: j.Spec.Array.Limit}
	if a.Tasks.Len() == 0 {
		a = turno.Array{Tasks: j.Spec.Array.Tasks}
	}
	text := a.String()
	if len(text) > 24 {
		text = text[:23] + "…"
	}
	return fmt.Sprintf("%d_[%s]", j.Number, text)
}

func (s *session) stateCell(j *turno.Job) cell {
	c := cell{text: turno.Short(j.State, j.Reason)}
	switch j.State {
	case turno.Starting, turno.Running:
		c.paint = s.look.green
	case turno.Failed, turno.Lost:
		c.paint = s.look.red
	case turno.Stopping:
		c.paint = s.look.yellow
	case turno.Cancelled, turno.Succeeded:
		c.paint = s.look.dim
	}
	return c
}

// ran is how long the job runs or ran.
func (s *session) ran(j *turno.Job) time.Duration {
	switch {
	case j.StartedAt.IsZero():
		return 0
	case j.State.Ended() && !j.EndedAt.IsZero():
		return j.EndedAt.Sub(j.StartedAt)
	case !j.State.Active() && j.Tasks == nil:
		return 0
	}
	return s.sys.Now().Sub(j.StartedAt)
}

// waited is how long the job waited for its first start, or waits.
func (s *session) waited(j *turno.Job) time.Duration {
	switch {
	case len(j.Attempts) > 0 && j.Attempts[0].Number == 1 && !j.Attempts[0].StartedAt.IsZero():
		return j.Attempts[0].StartedAt.Sub(j.SubmittedAt)
	case !j.StartedAt.IsZero():
		return j.StartedAt.Sub(j.SubmittedAt)
	case !j.EndedAt.IsZero():
		return j.EndedAt.Sub(j.SubmittedAt)
	}
	return s.sys.Now().Sub(j.SubmittedAt)
}

// clock writes 0:07, 1:02:03 or 2-03:04:05, as squeue.
func clock(d time.Duration) string {
	n := int64(max(0, d) / time.Second)
	days, h, m, sec := n/86400, n/3600%24, n/60%60, n%60
	switch {
	case days > 0:
		return fmt.Sprintf("%d-%02d:%02d:%02d", days, h, m, sec)
	case h > 0:
		return fmt.Sprintf("%d:%02d:%02d", h, m, sec)
	}
	return fmt.Sprintf("%d:%02d", m, sec)
}

func (s *session) moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(s.sys.Now().Location())
	if s.sys.Now().Sub(t).Abs() < 20*time.Hour {
		return t.Format("15:04:05")
	}
	return t.Format("2006-01-02 15:04")
}

// device is what the job runs on, or asks for.
func device(j *turno.Job) string {
	if a := j.Current(); a != nil && a.Device != "" && !a.AssignedAt.IsZero() && (j.State.Active() || j.State.Ended()) {
		text := string(a.Device)
		if n := len(a.GPUs); n > 1 {
			text += fmt.Sprintf(":%d", n)
		}
		if (j.Result != nil && j.Result.Simulated) || (len(a.GPUs) > 0 && strings.HasPrefix(a.GPUs[0], "SIMULATED")) {
			text += " SIM"
		}
		return text
	}
	if j.Spec.GPUs == 0 || j.Spec.Device == turno.DeviceCPU {
		return string(j.Spec.Device)
	}
	text := string(j.Spec.Device)
	if j.Spec.GPUModel != "" {
		text = j.Spec.GPUModel
	}
	if j.Spec.GPUs > 1 {
		text += fmt.Sprintf(":%d", j.Spec.GPUs)
	}
	return text
}

// where is the worker of a job that runs or ran, else (why) it waits or ended.
func where(j *turno.Job, wide bool) string {
	reason := "(" + string(j.Reason) + ")"
	if wide && j.Detail != "" {
		reason = "(" + string(j.Reason) + ": " + j.Detail + ")"
	}
	switch {
	case j.Tasks != nil && !j.State.Ended():
		return fmt.Sprintf("%s %d of %d tasks ended", reason, endedTasks(j.Tasks), j.Tasks.Total)
	case j.State == turno.Running || j.State == turno.Succeeded:
		return j.Worker()
	case j.State.Active():
		return trimmed(j.Worker(), reason)
	case j.State.Ended():
		return trimmed(j.Worker(), reason)
	}
	return reason
}

func endedTasks(t *turno.TaskCount) int {
	n := 0
	for _, c := range t.Ended {
		n += c
	}
	return n
}

func sizeOr(n int64, none string) string {
	if n == 0 {
		return none
	}
	return config.FormatBytes(n)
}

// watching shows something again at each change, until Ctrl-C.
func (s *session) watching(ctx context.Context, svc turno.Service, show func() error) error {
	c := listen(ctx, svc, nil)
	defer c.stop()
	// On a terminal TIME columns move by themselves; a burst of changes is one
	// picture.
	pause, still := 250*time.Millisecond, recheck
	if s.look.terminal {
		still = time.Second
	}
	for {
		if s.look.terminal {
			s.printf("\x1b[H\x1b[2J")
		}
		if _, err := steady(ctx, s, func() (struct{}, error) { return struct{}{}, show() }); err != nil {
			return err
		}
		if err := c.pauseFor(ctx, pause, still); err != nil {
			return err
		}
		if !s.look.terminal {
			s.printf("\n")
		}
	}
}

// pauseFor returns pause after the first change, or after still without any.
func (c *changes) pauseFor(ctx context.Context, pause, still time.Duration) error {
	timer := time.NewTimer(still)
	defer timer.Stop()
	for changed := false; ; {
		select {
		case <-c.events:
			if !changed {
				changed = true
				timer.Reset(pause)
			}
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
