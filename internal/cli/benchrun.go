package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno"
	measure "turno/internal/bench"
	"turno/internal/bench/analysis"
	"turno/internal/bench/record"
	"turno/internal/config"
)

const (
	benchRunShort = "measure workloads on each device of a worker"
	benchRunLong  = `Runs the cases of a suite one job at a time, in random order, and writes every
sample with the conditions to one file. On a worker with a GPU it holds that
against its CPU; without one it holds all threads of the CPU against one.

  turno bench run                                   the suite quick: under 3 minutes
  turno bench run --suite full --server URL         half an hour to two hours
  turno bench run --suite mine.yaml
  turno bench report                                tables, charts and sentences of it

Without a server it starts a private turno in a temporary folder. Ctrl-C keeps
what was measured; --resume goes on. docs/benchmarking.md says how to read it.`

	resultsFile = "job_results.json"
	// lineEvery is between two lines of progress where there is no terminal.
	lineEvery = 5 * time.Second
)

type benchRunOptions struct {
	suite, out, worker      string
	seed                    uint64
	fixed                   int
	precision               float64
	budget                  time.Duration
	types                   []string
	resume, force, embedded bool
	keepOut                 bool
}

func (s *session) benchRunCommand() *cobra.Command {
	o := &benchRunOptions{}
	cmd := &cobra.Command{Use: "run", Short: benchRunShort, Long: benchRunLong, Args: cobra.NoArgs}
	fl := cmd.Flags()
	fl.StringVar(&o.suite, "suite", "quick", strings.Join(measure.BuiltIn, ", ")+", or a `FILE`")
	fl.StringVarP(&o.out, "output", "o", resultsFile, "`FILE` to write")
	fl.StringVar(&o.worker, "on", "", "the `WORKER` to measure; otherwise one with a GPU, or with most CPUs")
	fl.Uint64Var(&o.seed, "seed", 0, "decides every order; 0 takes a random one and notes it")
	fl.IntVar(&o.fixed, "fixed-n", 0, "measure so many blocks of each case, instead of stopping when it is precise")
	fl.Float64Var(&o.precision, "precision", 0, "half of the interval of 95 %, as a part of the median, at which a case is done (the suite's)")
	fl.DurationVar(&o.budget, "budget", 0, "time for the whole run (the suite's)")
	fl.BoolVar(&o.resume, "resume", false, "go on with the run in the output file")
	fl.BoolVar(&o.force, "force", false, "replace the output file")
	fl.BoolVar(&o.embedded, "embedded", false, "a private turno, also if a server is configured")
	fl.StringSliceVar(&o.types, "type", nil, "only these `TYPES` of the suite's")
	fl.BoolVar(&o.keepOut, "no-hand-in", false, "do not hand the run in to the server that is measured")
	s.addSettings(fl, "role", "worker", "scheduler")
	cmd.MarkFlagsMutuallyExclusive("resume", "force")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, _ []string) error { return s.benchRun(ctx, cmd, o) })
	return cmd
}

func (s *session) benchRun(ctx context.Context, cmd *cobra.Command, o *benchRunOptions) (err error) {
	cfg, err := s.settings(cmd)
	if err != nil {
		return err
	}
	o.out = s.abs(o.out)
	suite, old, err := o.open(s)
	if err != nil {
		return err
	}
	svc, where := turno.Service(nil), cfg.Server
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var hand *handIn
	if o.embedded || !cfg.Explicit("server") || cfg.Explicit("broker") || cfg.Explicit("store") {
		s.notef("Starting a private turno…\n")
		p, perr := s.private(ctx, cfg)
		if perr != nil {
			return perr
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		svc, where = p.svc, "private"
	} else if svc, err = s.deps.Dial(cfg); err != nil {
		return err
	} else if !o.keepOut {
		hand = newHandIn(s, svc, stop)
	}
	results, worker, err := o.prepare(ctx, s, svc, suite, old)
	if err != nil {
		return err
	}
	host := s.sys.Config.Host
	began := measure.Start(results, worker, thisVersion().String(), config.Redact(where), host, append([]string{"turno"}, s.args...))
	r := &measure.Run{Service: svc, Results: results, Sensors: measure.SensorsOf(worker, began), Save: o.saver(ctx, hand)}
	s.introduce(results, worker)
	bar := s.progress("bench", 1)
	last := time.Time{}
	r.Told = func(p measure.Progress) { s.showBench(bar, p, &last) }
	err = r.Do(ctx)
	bar.stop()
	s.conclude(results, o.out, err)
	hand.tell(results, cfg.Server)
	return err
}

// saver writes the file, and hands it in.
func (o *benchRunOptions) saver(ctx context.Context, hand *handIn) func(*record.Results) error {
	return func(r *record.Results) error {
		data, err := saveResults(o.out, r)
		if err == nil {
			hand.now(ctx, r, data)
		}
		return err
	}
}

// open reads the suite, and the results to go on with, if any.
func (o *benchRunOptions) open(s *session) (*measure.Suite, *record.Results, error) {
	data, err := os.ReadFile(o.out)
	exists := !errors.Is(err, fs.ErrNotExist)
	switch {
	case exists && err != nil:
		return nil, nil, fmt.Errorf("read %s: %w", o.out, err)
	case o.resume && !exists:
		return nil, nil, failed(exitNotFound, "there is no %s to go on with", o.out)
	case o.resume:
		old, err := record.Read(data)
		return nil, old, err
	case exists && !o.force:
		return nil, nil, usage("%s is there already", o.out).hint("--resume goes on with it, --force replaces it, -o names another file")
	}
	name := o.suite
	if !slices.Contains(measure.BuiltIn, name) {
		name = s.abs(name)
	}
	suite, err := measure.Load(name)
	if err != nil {
		return nil, nil, usage("%v", err)
	}
	if o.fixed == 1 || o.fixed < 0 || o.precision < 0 || o.precision >= 1 || o.budget < 0 {
		return nil, nil, usage("--fixed-n must be 2 or more, --precision a part such as 0.025, --budget a time such as 5m")
	}
	if err := suite.Only(o.types); err != nil {
		return nil, nil, usage("%v", err)
	}
	if o.fixed > 0 {
		suite.Samples.Fixed = o.fixed
	}
	if o.precision > 0 {
		suite.Samples.Precision = o.precision
	}
	if o.budget > 0 {
		suite.Budget = o.budget.String()
	}
	return suite, nil, nil
}

// prepare makes the results of a new run, or checks that an old one can go on.
func (o *benchRunOptions) prepare(ctx context.Context, s *session, svc turno.Service, suite *measure.Suite, old *record.Results) (*record.Results, *turno.Worker, error) {
	workers, err := svc.Workers(ctx)
	if err != nil {
		return nil, nil, err
	}
	if old == nil {
		w, err := measure.Choose(workers, o.worker)
		if err != nil {
			return nil, nil, failed(exitNotFound, "%v", err)
		}
		for o.seed == 0 {
			o.seed = rand.Uint64() >> 12 // so that every reader of JSON keeps it
		}
		results, err := measure.Prepare(suite, w, o.seed)
		if err != nil {
			return nil, nil, failed(exitFailed, "%v", err)
		}
		return results, w, nil
	}
	w, err := measure.Choose(workers, old.Worker)
	if err != nil {
		return nil, nil, failed(exitNotFound, "go on with %s: %v", o.out, err)
	}
	last := old.Sessions[len(old.Sessions)-1]
	if last.Machine.Hostname != w.Machine.Hostname || last.Machine.CPUs != w.Machine.CPUs || len(last.Machine.GPUs) != len(w.Machine.GPUs) {
		return nil, nil, failed(exitRefused, "%s was measured on another machine: %s with %s CPUs and %d GPUs; this is %s with %s and %d", o.out,
			last.Machine.Hostname, last.Machine.CPUs, len(last.Machine.GPUs), w.Machine.Hostname, w.Machine.CPUs, len(w.Machine.GPUs))
	}
	if o.budget > 0 {
		old.Settings.Budget = o.budget.Seconds()
		for i := range old.Sessions {
			old.Settings.Budget += old.Sessions[i].Seconds // the new time is for what is left
		}
	}
	return old, w, nil
}

// saveResults replaces the file as a whole, and gives what stands in it: a kill
// leaves the one before.
func saveResults(path string, r *record.Results) ([]byte, error) {
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		return nil, err
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, b.Bytes(), 0o644); err != nil {
		return nil, fmt.Errorf("save results: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return nil, fmt.Errorf("save results: %w", err)
	}
	return b.Bytes(), nil
}

func (s *session) introduce(r *record.Results, w *turno.Worker) {
	s.notef("Suite %s on the worker %s: %d cases, seed %d.\n", r.Suite, w.Name, len(r.Cases), r.Settings.Seed)
	switch {
	case r.Simulated:
		s.notef("SIMULATED: this worker's GPUs are not real. What is measured on them says nothing about any GPU.\n")
	case !r.HasGPU():
		s.notef("No GPU: this measures how the CPU scales, all its threads against one.\n")
	}
	for _, l := range r.Left {
		s.notef("Left out: %s.\n", l)
	}
}

// showBench says how far it is, on a terminal at once, elsewhere now and then.
func (s *session) showBench(bar *progress, p measure.Progress, last *time.Time) {
	width := ""
	if p.Width < 1 {
		width = fmt.Sprintf(", ±%.1f %%", 100*p.Width)
	}
	text := fmt.Sprintf("%s: %d blocks%s; %d of about %d in all, %s left", p.Case, p.Blocks, width, p.Done, p.Total, p.Left.Round(time.Second))
	if bar.lines && time.Since(*last) < lineEvery {
		return
	}
	*last = time.Now()
	bar.at(int64(p.Done), int64(p.Total), text)
}

// conclude says what came of it in a few lines: the rest is the report's.
func (s *session) conclude(r *record.Results, path string, err error) {
	n := s.benchFindings(r)
	if rel, rerr := filepath.Rel(s.sys.Dir, path); rerr == nil && !strings.HasPrefix(rel, "..") {
		path = rel
	}
	s.printf("%d samples that count in %s\n", n, path)
	flag := ""
	if path != resultsFile {
		flag = " " + path
	}
	if err != nil {
		s.notef("Not finished. turno bench run --resume%s goes on.\n", strings.Replace(flag, " ", " -o ", 1))
		return
	}
	s.notef("turno bench report%s makes tables and charts of it.\n", flag)
}

// benchFindings shows the table of a run, and tells how many samples count.
func (s *session) benchFindings(r *record.Results) (n int) {
	a := analysis.Of(r)
	if len(a.Rows) > 0 {
		s.benchTable(r, a)
	}
	for i := range r.Samples {
		if r.Samples[i].Counts() {
			n++
		}
	}
	return n
}

func (s *session) benchTable(r *record.Results, a *analysis.Analysis) {
	t := s.table("CASE", "SIDE", "TIME", "MEDIAN", "95 %", "N", "QUICKER", "95 %", "STOPPED")
	for i := range a.Rows {
		row := &a.Rows[i]
		if row.Phase != record.EndToEnd && a.Row(row.Case.Name, row.Side.Name, record.Device) != row {
			continue // the kernel's own time is in the report
		}
		stop, by, between := "", "-", "-"
		if at := slices.IndexFunc(r.Stops, func(s record.Stop) bool { return s.Case == row.Case.Name }); at >= 0 {
			stop = r.Stops[at].Reason
		}
		for _, c := range a.Comparisons {
			if c.Case == row.Case && c.Side == row.Side && c.Phase == row.Phase && c.Claimable() {
				by, between = fmt.Sprintf("%.2fx", c.Ratio.Value), fmt.Sprintf("%.2f-%.2f", c.Ratio.Lo, c.Ratio.Hi)
			}
		}
		name := row.Side.Name
		if row.Side.Simulated {
			name += " SIMULATED"
		}
		m := row.Summary
		t.row(row.Case.Name, name, strings.ReplaceAll(string(row.Phase), "_", " "), benchTime(m.Median), benchTime(m.Lo)+"-"+benchTime(m.Hi), fmt.Sprint(m.N), by, between, stop)
	}
	t.align(3, 5, 6)
	t.write(s.io.Out)
	for _, e := range a.Exclusions {
		s.printf("left out: %d of %s on %s: %s\n", e.N, e.Case, e.Side, strings.TrimSuffix(e.Reason+", "+e.Detail, ", "))
	}
}

// benchTime is a time with three digits.
func benchTime(seconds float64) string {
	switch {
	case seconds >= 1:
		return fmt.Sprintf("%.3gs", seconds)
	case seconds >= 1e-3:
		return fmt.Sprintf("%.3gms", seconds*1e3)
	}
	return fmt.Sprintf("%.3gµs", seconds*1e6)
}
