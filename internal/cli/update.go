package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"turno"
	"turno/internal/config"
)

const (
	updateShort = "change what waiting jobs ask for"
	updateLong  = `Changes jobs that were handed in, as scontrol update does. What no flag names
stays as it is. While a job runs only its name, labels, priority, retries,
deadline, requeuing and the limit of an array can be changed. Tasks of an array
that have not started change with it.`
	updateHelp = `  turno update 42 --priority 10
  turno update 42 --time 2:00:00 --begin now+1hour
  turno update 42 --begin now --deadline none --label team=vision --no-label draft
  turno update --state queued -u eva --priority -5 --yes`
)

// updateFlags are those of a change, by name: each writes what it says.
type updateFlags struct {
	change turno.SpecChange
	bad    error
}

func (s *session) updateCommand() *cobra.Command {
	o := &actOptions{verb: turno.Update}
	cmd := &cobra.Command{Use: "update JOB...", Aliases: []string{"modify"}, Short: updateShort, Long: updateLong, Example: updateHelp}
	fl := cmd.Flags()
	o.format.add(fl)
	fl.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	fl.StringSliceVar(&o.states, "state", nil, "all jobs in these `STATES`")
	fl.StringVarP(&o.user, "user", "u", "", "all jobs of this user")
	fl.StringVarP(&o.queue, "queue", "q", "", "all jobs in this queue")
	var f updateFlags
	f.add(fl, s.sys.Now)
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, args []string) error {
		if f.bad != nil {
			return f.bad
		}
		if err := f.change.Check(); err != nil {
			return usage("say what to change").hint("turno update --help lists what can be")
		}
		svc, cfg, err := s.dial(cmd)
		if err != nil {
			return err
		}
		a := turno.Action{Verb: turno.Update, Change: &f.change}
		if a.Jobs, err = s.targets(ctx, svc, cfg, o, args); err != nil || len(a.Jobs) == 0 {
			return err
		}
		return s.act(ctx, svc, a, o.format)
	})
	return cmd
}

func (f *updateFlags) add(fl *pflag.FlagSet, now func() time.Time) {
	c := &f.change
	set := func(name, help string, take func(text string) error) {
		fl.Func(name, help, func(text string) error {
			if err := take(text); err != nil && f.bad == nil {
				f.bad = usage("--%s: %v", name, err)
			}
			return nil
		})
	}
	number := func(name, help string, to **int) {
		set(name, help, func(text string) error {
			n, err := strconv.Atoi(text)
			if err != nil {
				return fmt.Errorf("%q is not a whole number", text)
			}
			*to = &n
			return nil
		})
	}
	set("name", "`NAME` of the job, for listings", func(text string) error { c.Name = &text; return nil })
	set("label", "`KEY=VALUE` to find the job by", func(text string) error { return f.label(text, true) })
	set("no-label", "take the label `KEY` away", func(text string) error { return f.label(text, false) })
	number("priority", "`N`: higher goes first", &c.Priority)
	number("retries", "`N` further attempts after a failure", &c.Retries)
	number("gpus", "`N` GPUs of each task", &c.GPUs)
	number("array-limit", "at most `N` tasks of an array at once; 0: all", &c.Limit)
	set("cpus", "`N` CPUs of each task, also 0.5", func(text string) error {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || !(x > 0) || x > 65536 {
			return fmt.Errorf("%q is not a number of CPUs, such as 4 or 0.5", text)
		}
		c.CPUs = new(turno.MilliCPU(x * float64(turno.CPU)))
		return nil
	})
	set("mem", "`SIZE` of the memory of each task, such as 32G", func(text string) error {
		n, err := config.ParseBytes(text, 1<<20)
		c.Memory = &n
		return err
	})
	f.addTimes(set, now)
	set("worker", "run only on these workers: `NAME,NAME`; any: on any", func(text string) error { c.Workers = new(namesOrAny(text)); return nil })
	set("exclude", "do not run on these workers: `NAME,NAME`; none: on any", func(text string) error { c.Exclude = new(namesOrAny(text)); return nil })
	fl.BoolFunc("requeue", "start again if the worker is lost", func(string) error { c.NoRequeue = new(false); return nil })
	fl.BoolFunc("no-requeue", "do not start again if the worker is lost", func(string) error { c.NoRequeue = new(true); return nil })
}

func (f *updateFlags) addTimes(set func(name, help string, take func(string) error), now func() time.Time) {
	for _, d := range []struct {
		name, help string
		to         **turno.Duration
		parse      func(string) (time.Duration, error)
	}{
		{"time", "limit of each attempt: `TIME` as 30 (minutes), 1:30:00, 90m; none", &f.change.TimeLimit, parseTime},
		{"grace", "`TIME` between TERM and KILL, such as 30s", &f.change.Grace, parseSeconds},
	} {
		set(d.name, d.help, func(text string) error {
			if text == "none" {
				*d.to = new(turno.Duration(0))
				return nil
			}
			v, err := d.parse(text)
			*d.to = new(turno.Duration(v))
			return err
		})
	}
	for _, m := range []struct {
		name, help string
		to         **time.Time
	}{
		{"begin", "not before `WHEN`: now+1hour, 16:30, 2026-01-20T12:34:00; now: at once", &f.change.Begin},
		{"deadline", "ended by `WHEN`, or failed; none", &f.change.Deadline},
	} {
		set(m.name, m.help, func(text string) error {
			if text == "none" || text == "now" && m.name == "begin" {
				*m.to = new(time.Time)
				return nil
			}
			t, err := parseMoment(text, now())
			*m.to = new(t.UTC())
			return err
		})
	}
}

func (f *updateFlags) label(text string, put bool) error {
	key, value, has := strings.Cut(text, "=")
	if key == "" || has != put {
		return fmt.Errorf("%q: use %s", text, map[bool]string{true: "KEY=VALUE", false: "the KEY alone"}[put])
	}
	if f.change.Labels == nil {
		f.change.Labels = map[string]*string{}
	}
	f.change.Labels[key] = nil
	if put {
		f.change.Labels[key] = &value
	}
	return nil
}

// namesOrAny is a list of workers; none of them for any and none.
func namesOrAny(text string) []string {
	if text == "any" || text == "none" {
		return []string{}
	}
	return commaList(text)
}
