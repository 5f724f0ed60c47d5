package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno/internal/config"
	"turno/internal/stats"
)

const (
	benchShort      = "measure turno"
	benchQueueShort = "measure the queue itself, on jobs that do nothing"
	benchQueueLong  = `Measures, in alternation and several times over:

  bulk      jobs a second, from the first submit until the last end is known
  array     the same for one array
  command   commands (/bin/true) a second, against bare loops that start them
            without a queue: one after the other, and as many at once
  latency   submit until the result is known, one job at a time: one that does
            nothing, and a command
  loaded    the same while jobs come in at half the rate of bulk
  scaling   bulk and command with 1, 2, 4 and 8 workers on this machine; only
            when asked for, with --broker and --store, which workers share

Without a server it starts a private turno in a temporary folder; --broker and
--store let that one use RabbitMQ and PostgreSQL. Jobs stand in a queue of their
own. Say what else ran on the machine when you quote the figures.`
)

type benchOptions struct {
	jobs, commands, samples, repeat, parallel, batch int
	modes                                            []string
	workers                                          []int
	json, embedded                                   bool
}

func (s *session) benchCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Short: benchShort, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	o := &benchOptions{}
	queue := &cobra.Command{Use: "queue", Short: benchQueueShort, Long: benchQueueLong, Args: cobra.NoArgs}
	fl := queue.Flags()
	fl.IntVar(&o.jobs, "jobs", 20000, "jobs of bulk, and tasks of array")
	fl.IntVar(&o.commands, "commands", 1000, "commands of command")
	fl.IntVar(&o.samples, "samples", 200, "jobs of latency")
	fl.IntVar(&o.repeat, "repeat", 3, "times that everything is measured; medians are shown")
	fl.IntVar(&o.parallel, "parallel", runtime.NumCPU(), "commands at once")
	fl.IntVar(&o.batch, "batch", 0, "jobs of a request; 0: as many as the client puts into one")
	fl.IntSliceVar(&o.workers, "workers", []int{1, 2, 4, 8}, "how many workers scaling has")
	fl.StringSliceVar(&o.modes, "mode", benchModes, "what to measure")
	fl.BoolVar(&o.json, "json", false, "all samples as JSON")
	fl.BoolVar(&o.embedded, "embedded", false, "a private turno, also if a server is configured")
	s.addSettings(fl, "role", "worker", "scheduler")
	queue.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, _ []string) error { return s.benchQueue(ctx, cmd, o) })
	cmd.AddCommand(s.benchRunCommand(), s.benchReportCommand(), s.benchCompareCommand(), queue, s.benchRunnerCommand())
	cmd.AddCommand(s.benchKeepCommands()...)
	return cmd
}

func (s *session) benchQueue(ctx context.Context, cmd *cobra.Command, o *benchOptions) (err error) {
	cfg, err := s.settings(cmd)
	if err != nil {
		return err
	}
	own := o.embedded || !cfg.Explicit("server") || cfg.Explicit("broker") || cfg.Explicit("store")
	if err := o.check(own && cfg.Explicit("broker") && cfg.Explicit("store")); err != nil {
		return err
	}
	b := &bench{s: s, o: o, where: cfg.Server}
	if own {
		s.notef("Starting a private turno…\n")
		p, perr := s.private(ctx, cfg)
		if perr != nil {
			return perr
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		b.svc, b.own, b.where = p.svc, p, "private"
		b.report.Conditions = conditions(p.cfg, b.where)
	} else {
		if b.svc, err = s.deps.Dial(cfg); err != nil {
			return err
		}
		b.report.Conditions = conditions(cfg, b.where)
	}
	if err := b.run(ctx); err != nil {
		return err
	}
	b.report.Conditions.LoadAfter = loadAverage()
	if o.json {
		f := format{kind: "json"}
		return f.write(s.io.Out, b.report)
	}
	b.show()
	return nil
}

// check finds what cannot be measured; apart: workers of our own can join.
func (o *benchOptions) check(apart bool) error {
	known := append(slices.Clone(benchModes), benchScaling)
	for _, m := range o.modes {
		if !contains(known, m) {
			return usage("--mode %q: use %s", m, strings.Join(known, ", "))
		}
	}
	if contains(o.modes, benchScaling) && !apart {
		return usage("--mode scaling: workers share a broker and a store").hint("give it --broker and --store of servers that are there for it alone")
	}
	if len(o.workers) == 0 || min(o.jobs, o.commands, o.samples, o.repeat, o.parallel, slices.Min(o.workers)) < 1 || o.batch < 0 {
		return usage("counts must be at least 1")
	}
	return nil
}

// benchConditions are what a figure is worth nothing without.
type benchConditions struct {
	Turno      string  `json:"turno"`
	Where      string  `json:"where"`
	Broker     string  `json:"broker,omitempty"`
	Store      string  `json:"store,omitempty"`
	BrokerSync bool    `json:"broker_sync,omitempty"`
	Go         string  `json:"go"`
	Cores      int     `json:"cores"`
	CPU        string  `json:"cpu,omitempty"`
	LoadBefore string  `json:"load_before"`
	LoadAfter  string  `json:"load_after"`
	FsyncP50   float64 `json:"fsync_p50_seconds,omitempty"`
	At         string  `json:"at"`
}

func conditions(cfg config.Config, where string) benchConditions {
	c := benchConditions{
		Turno: thisVersion().String(), Where: where, Go: runtime.Version(), Cores: runtime.NumCPU(), CPU: cpuModel(),
		LoadBefore: loadAverage(), At: time.Now().UTC().Format(time.RFC3339),
	}
	if where == "private" {
		c.Broker, c.Store, c.BrokerSync = config.Redact(cfg.Broker), config.Redact(cfg.Store), cfg.BrokerSync
		if p50, _, err := fsyncTimes(cfg.Data, 25); err == nil {
			c.FsyncP50 = p50.Seconds()
		}
	}
	return c
}

// loadAverage is that of the last minute, where the system says it.
func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(data), " ")
	return one
}

func cpuModel() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, " \t:\n")
		}
	}
	return ""
}

// benchReport is the JSON of a run: every sample, not only the medians.
type benchReport struct {
	SchemaVersion int             `json:"schema_version"`
	Conditions    benchConditions `json:"conditions"`
	Jobs          int             `json:"jobs"`
	Commands      int             `json:"commands"`
	Parallel      int             `json:"parallel"`
	Batch         int             `json:"batch,omitempty"`
	Series        []*benchSeries  `json:"series"`
}

// benchSeries is one quantity, a value a repetition.
type benchSeries struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Values []float64 `json:"values"`
	Median float64   `json:"median"`
}

func (r *benchReport) add(name, unit string, value float64) {
	i := slices.IndexFunc(r.Series, func(s *benchSeries) bool { return s.Name == name })
	if i < 0 {
		i = len(r.Series)
		r.Series = append(r.Series, &benchSeries{Name: name, Unit: unit})
	}
	r.Series[i].Values = append(r.Series[i].Values, value)
	r.Series[i].Median = stats.Median(r.Series[i].Values)
}

// median of a quantity; 0: it was not measured.
func (r *benchReport) median(name string) float64 {
	i := slices.IndexFunc(r.Series, func(s *benchSeries) bool { return s.Name == name })
	if i < 0 {
		return 0
	}
	return r.Series[i].Median
}

func (b *bench) show() {
	s, c := b.s, &b.report.Conditions
	t := s.table("MEASURED", "MEDIAN", "LEAST", "MOST", "UNIT", "N")
	for _, x := range b.report.Series {
		f := func(v float64) string { return fmt.Sprintf("%.4g", v) }
		t.row(x.Name, f(x.Median), f(slices.Min(x.Values)), f(slices.Max(x.Values)), x.Unit, fmt.Sprint(len(x.Values)))
	}
	t.align(1, 2, 3, 5)
	t.write(s.io.Out)
	s.printf("%d jobs, %d commands, %d at once. %s\n", b.report.Jobs, b.report.Commands, b.report.Parallel, c.Turno)
	s.printf("%s: broker %s, store %s. %d cores (%s), load %s before, %s after, fsync p50 %s.\n", c.Where, orDash(c.Broker), orDash(c.Store),
		c.Cores, orDash(c.CPU), c.LoadBefore, c.LoadAfter, short(time.Duration(c.FsyncP50*1e9)))
}
