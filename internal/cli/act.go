package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"turno"
	"turno/internal/config"
	sessions "turno/internal/session"
)

const (
	cancelShort = "cancel jobs: TERM, time to end, then KILL"
	cancelHelp  = `  turno cancel 42
  turno cancel 1-5,9 42_7
  turno cancel all --yes               your own jobs that have not ended
  turno cancel --state queued -u eva
  turno cancel --signal USR1 42        the job goes on`
	holdShort    = "hold jobs back: they stay where they are in line and do not start"
	releaseShort = "let held jobs start"
	requeueShort = "stop jobs that run, and let them start again"
	drainShort   = "let workers take no new job; those that run go on"
	undrainShort = "let drained workers take jobs again"
)

type actOptions struct {
	verb   turno.Verb
	format format
	grace  string
	force  bool
	signal string
	yes    bool
	reason string
	states []string
	user   string
	queue  string
	name   string
}

// actCommand makes a command that orders something of jobs.
func (s *session) actCommand(verb turno.Verb, short, example string) *cobra.Command {
	o := &actOptions{verb: verb}
	cmd := &cobra.Command{Use: string(verb) + " JOB...", Short: short, Example: example}
	fl := cmd.Flags()
	o.format.add(fl)
	fl.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	fl.StringSliceVar(&o.states, "state", nil, "all jobs in these `STATES`")
	fl.StringVarP(&o.user, "user", "u", "", "all jobs of this user")
	fl.StringVarP(&o.queue, "queue", "q", "", "all jobs in this queue")
	fl.StringVarP(&o.name, "name", "J", "", "all jobs whose name holds this")
	fl.StringVar(&o.reason, "reason", "", "why, for those who look")
	if verb == turno.Cancel || verb == turno.Requeue {
		fl.StringVar(&o.grace, "grace", "", "`TIME` between TERM and KILL, instead of the job's own")
	}
	if verb == turno.Cancel {
		fl.BoolVarP(&o.force, "force", "f", false, "KILL at once")
		fl.StringVar(&o.signal, "signal", "", "only send this `SIGNAL` (such as USR1) to jobs that run, and let them go on")
	}
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		svc, cfg, err := s.dial(cmd)
		if err != nil {
			return err
		}
		a := turno.Action{Verb: verb, Message: o.reason, Force: o.force}
		if o.grace != "" {
			d, err := parseSeconds(o.grace)
			if err != nil {
				return usage("--grace: %v", err)
			}
			a.Grace = turno.Duration(d)
		}
		if a.Jobs, err = s.targets(ctx, svc, cfg, o, args); err != nil || len(a.Jobs) == 0 {
			return err
		}
		if o.signal != "" {
			return s.sendSignal(ctx, svc, a.Jobs, o.signal)
		}
		return s.act(ctx, svc, a, o.format)
	})
	return cmd
}

// sendSignal sends a signal to each job; the first error counts.
func (s *session) sendSignal(ctx context.Context, svc turno.Service, refs []string, name string) error {
	var first error
	for _, ref := range refs {
		conn, err := s.enter(ctx, svc, ref, sessions.Open{Signal: name})
		if err == nil {
			err = conn.Close()
			s.printf("%s %s sent\n", ref, strings.ToUpper(name))
		} else if first == nil {
			first = err
		}
		if err != nil && len(refs) > 1 {
			s.notef("%s: %v\n", ref, err)
		}
	}
	return first
}

func (o *actOptions) filtered() bool {
	return len(o.states) > 0 || o.user != "" || o.queue != "" || o.name != ""
}

// targets are the jobs to act on: those named, or those of the filter; all is
// those of this user.
func (s *session) targets(ctx context.Context, svc turno.Service, cfg config.Config, o *actOptions, args []string) ([]string, error) {
	if len(args) == 0 && !o.filtered() {
		return nil, usage("name the jobs to %s", o.verb).hint("turno %s 42, 1-5,9, last, all, or a filter such as --state queued", o.verb)
	}
	refs, err := s.refs(ctx, svc, cfg, args)
	if err != nil || (!contains(refs, everyJob) && !o.filtered()) {
		return refs, err
	}
	if len(refs) > 1 || (len(refs) == 1 && refs[0] != everyJob) {
		return nil, usage("give jobs or a filter, not both")
	}
	states, err := parseStates(o.states)
	if err != nil {
		return nil, err
	}
	if len(states) == 0 {
		states = actStates[o.verb]
	}
	q := turno.JobQuery{States: states, User: o.user, Queue: o.queue, Name: o.name, Top: true}
	if q.User == "" && len(refs) == 1 {
		q.User = turno.Me
	}
	jobs, err := list(ctx, svc, q, maxRefs)
	if err != nil {
		return nil, err
	}
	if len(jobs) == 0 {
		s.notef("No job to %s.\n", o.verb)
		return nil, nil
	}
	if !o.yes {
		if err := s.ask(fmt.Sprintf("%s %d jobs?", o.verb, len(jobs))); err != nil {
			return nil, err
		}
	}
	refs = refs[:0]
	for i := range jobs {
		refs = append(refs, jobs[i].Display())
	}
	return refs, nil
}

// actStates are the states in which a job can be acted on.
var actStates = map[turno.Verb][]turno.State{
	turno.Cancel:  activeStates,
	turno.HoldJob: {turno.Queued},
	turno.Release: {turno.Held},
	turno.Requeue: {turno.Starting, turno.Running},
	turno.Update:  {turno.Held, turno.Queued},
}

// ask waits for a yes at the terminal; without one it refuses.
func (s *session) ask(question string) error {
	in, ok := s.io.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return usage("%s there is nobody to ask", question).hint("say --yes")
	}
	s.notef("%s [y/N] ", question)
	answer, _ := bufio.NewReader(in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "s", "si", "sí":
		return nil
	}
	return usage("not done")
}

// act orders it in batches and says what became of each target.
func (s *session) act(ctx context.Context, svc turno.Service, a turno.Action, f format) error {
	jobs := a.Jobs
	var done []turno.Acted
	for {
		n := min(batch, len(jobs))
		a.Jobs, jobs = jobs[:n], jobs[n:]
		more, err := svc.Act(ctx, a)
		if err != nil {
			return err
		}
		if done = append(done, more...); len(jobs) == 0 {
			break
		}
	}
	if f.data() {
		if err := f.write(s.io.Out, map[string]any{"items": done}); err != nil {
			return err
		}
	}
	var first error
	good := 0
	for _, d := range done {
		if d.Error != nil {
			if first == nil {
				first = d.Error
			}
			if len(done) > 1 {
				s.notef("%s %s\n", clean(d.Target, false)+":", clean(d.Error.Error(), false))
			}
			continue
		}
		if good++; !f.data() && len(done) <= 20 {
			s.printf("%s %s\n", clean(d.Target, false), clean(d.State, false))
		}
	}
	if !f.data() && len(done) > 20 {
		s.printf("%s: %d of %d\n", a.Verb, good, len(done))
	}
	return first
}

// workerCommand makes drain and undrain.
func (s *session) workerCommand(verb turno.Verb, short string) *cobra.Command {
	var f format
	var reason string
	cmd := &cobra.Command{Use: string(verb) + " WORKER...", Short: short, Args: cobra.MinimumNArgs(1)}
	f.add(cmd.Flags())
	if verb == turno.Drain {
		cmd.Flags().StringVar(&reason, "reason", "", "why, for those whose jobs wait")
	}
	cmd.RunE = s.service(func(ctx context.Context, svc turno.Service, args []string) error {
		return s.act(ctx, svc, turno.Action{Verb: verb, Workers: args, Message: reason}, f)
	})
	return cmd
}
