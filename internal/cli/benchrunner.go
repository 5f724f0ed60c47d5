package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/config"
	"turno/internal/runner"
	"turno/internal/stats"
)

const (
	benchRunnerShort = "measure what a job costs inside a worker, warm and cold"
	benchRunnerLong  = `Runs a product of two 256 by 256 matrices, one job at a time, on turno's own
code and on each runner that is set and offers matmul.

  run    at the worker's end of a warm runner's pipes: from the request until the end
  cold   the same with a fresh process, from its start
  queue  in a private turno: from when the scheduler gives a job away until the
         worker has its end

Then many small products go through one process of each runner, whose memory is
looked at before and after. Say what else ran on the machine when you quote the
figures.`
	// coldMost: each takes seconds.
	coldMost = 5
	// settled is after how many jobs a process's memory is first looked at: its
	// caches are filled then.
	settled = 200
	// engineTime is what all runners may take to start.
	engineTime = 2 * time.Minute
)

type benchRunnerOptions struct {
	samples, jobs int
	json          bool
}

func (s *session) benchRunnerCommand() *cobra.Command {
	o := &benchRunnerOptions{}
	cmd := &cobra.Command{Use: "runner", Short: benchRunnerShort, Long: benchRunnerLong, Args: cobra.NoArgs}
	fl := cmd.Flags()
	fl.IntVar(&o.samples, "samples", 200, "jobs that are timed, of each engine")
	fl.IntVar(&o.jobs, "jobs", 10000, "jobs through one process; 0 leaves that out")
	fl.BoolVar(&o.json, "json", false, "all samples as JSON")
	s.addSettings(fl, "worker")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, _ []string) error { return s.benchRunner(ctx, cmd, o) })
	return cmd
}

func (s *session) benchRunner(ctx context.Context, cmd *cobra.Command, o *benchRunnerOptions) (err error) {
	cfg, err := s.settings(cmd)
	if err != nil {
		return err
	}
	if o.samples < 1 || o.jobs < 0 {
		return usage("--samples must be at least 1, --jobs at least 0")
	}
	engines, err := endless(&cfg)
	if err != nil {
		return err
	}
	if len(engines) == 0 {
		s.notef("No runner is set: only turno's own code is measured. Such as: --runner 'torch=python3 runners/python/torch_workloads.py'\n")
	}
	p, err := s.private(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	b := &runnerBench{s: s, o: o, svc: p.svc}
	b.report.Conditions = conditions(p.cfg, "private")
	offered, err := b.await(ctx)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	engines = append([]config.Runner{{Engine: turno.EngineNative, Mode: "warm", Command: []string{self, "runner", "compute"}}}, engines...)
	for _, e := range engines {
		if !slices.Contains(offered, e.Engine) {
			s.warnf("the runner %s does not offer matmul", e.Engine)
			continue
		}
		if err := b.engine(ctx, e); err != nil {
			return fmt.Errorf("measure %s: %w", e.Engine, err)
		}
	}
	b.report.Conditions.LoadAfter = loadAverage()
	if o.json {
		f := format{kind: "json"}
		return f.write(s.io.Out, b.report)
	}
	b.show()
	return nil
}

// endless lets each runner's process run without end, and returns the runners.
func endless(cfg *config.Config) ([]config.Runner, error) {
	runners, err := cfg.ParseRunners()
	if err != nil {
		return nil, usage("--runner: %v", err)
	}
	var texts []string
	for _, r := range runners {
		texts = append(texts, fmt.Sprintf("%s(%s,jobs=0)=%s", r.Engine, r.Mode, quoteAll(r.Command)))
	}
	cfg.Runners = texts
	return runners, nil
}

// runnerBench measures a private turno.
type runnerBench struct {
	s      *session
	o      *benchRunnerOptions
	svc    turno.Service
	report runnerReport
}

// runnerReport is the JSON of a run.
type runnerReport struct {
	SchemaVersion int             `json:"schema_version"`
	Conditions    benchConditions `json:"conditions"`
	Series        []*benchSeries  `json:"series"`
	Memory        []runnerMemory  `json:"memory"`
}

// runnerMemory is that of one runner's process.
type runnerMemory struct {
	Engine string  `json:"engine"`
	Jobs   int     `json:"jobs"`
	Before int64   `json:"bytes_before"` // after the first few jobs
	After  int64   `json:"bytes_after"`
	Rate   float64 `json:"jobs_per_second"`
	PIDs   []int   `json:"pids"` // one, if all jobs went through one process
}

// await waits until all runners have said what they offer, and returns the
// engines that offer matmul.
func (b *runnerBench) await(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, engineTime, fmt.Errorf("the runners did not start within %s", engineTime))
	defer cancel()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		workers, err := b.svc.Workers(ctx)
		if err != nil {
			return nil, err
		}
		m := workers[0].Machine
		starting := slices.ContainsFunc(m.Runners, func(r turno.Runner) bool { return r.State == turno.RunnerStarting })
		if !starting {
			offered := []string{turno.EngineNative}
			for _, o := range m.Offers {
				if o.Type == "matmul" && o.Engine != "" {
					offered = append(offered, o.Engine)
				}
			}
			for _, r := range m.Runners {
				if r.State == turno.RunnerFailed {
					b.s.warnf("the runner %s did not start: %s", r.Engine, r.Reason)
				}
			}
			return offered, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (b *runnerBench) engine(ctx context.Context, e config.Runner) error {
	if err := b.direct(ctx, e); err != nil {
		return err
	}
	for i := range warmUp + b.o.samples {
		a, err := b.one(ctx, matmul(e.Engine, 256))
		if err != nil {
			return err
		}
		if i >= warmUp {
			b.add(e.Engine+": queue", a.EndedAt.Sub(a.AssignedAt))
		}
	}
	if e.Engine == turno.EngineNative || e.Mode == "cold" || b.o.jobs == 0 {
		return nil
	}
	return b.memory(ctx, e.Engine)
}

// warmUp jobs are not timed.
const warmUp = 5

// direct speaks with processes of the runner itself.
func (b *runnerBench) direct(ctx context.Context, e config.Runner) error {
	for range min(b.o.samples, coldMost) {
		began := time.Now()
		c, err := startBare(ctx, e)
		if err != nil {
			return err
		}
		_, err = c.run(ctx)
		b.add(e.Engine+": cold", time.Since(began))
		if err := errors.Join(err, c.stop()); err != nil {
			return err
		}
	}
	if e.Mode == "cold" {
		return nil
	}
	c, err := startBare(ctx, e)
	if err != nil {
		return err
	}
	for i := range warmUp + b.o.samples {
		took, err := c.run(ctx)
		if err != nil {
			return errors.Join(err, c.stop())
		}
		if i >= warmUp {
			b.add(e.Engine+": run", took)
		}
	}
	return c.stop()
}

// bare is a runner's process without a worker around it.
type bare struct {
	cmd  *exec.Cmd
	conn *runner.Conn
	done chan runner.Done // 1: of the one run there is
	runs int
}

func startBare(ctx context.Context, e config.Runner) (*bare, error) {
	cmd := exec.CommandContext(ctx, e.Command[0], e.Command[1:]...)
	cmd.Env = append(os.Environ(), "TURNO_RUNNER_MODE="+e.Mode)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &bare{cmd: cmd, done: make(chan runner.Done, 1)}
	c.conn, err = runner.Dial(ctx, out, in, runner.DialOptions{OnEvents: func(events []runner.Event) {
		for _, e := range events {
			if e.Done != nil {
				c.done <- *e.Done
			}
		}
	}})
	if err != nil {
		_ = cmd.Process.Kill() // it may have ended
		return nil, errors.Join(err, cmd.Wait())
	}
	return c, nil
}

// run is one job, and how long it took.
func (c *bare) run(ctx context.Context) (time.Duration, error) {
	c.runs++
	spec := matmul("", 256)
	began := time.Now()
	if err := c.conn.Run(runner.Run{Key: strconv.Itoa(c.runs) + ".1", Type: spec.Type, Params: spec.Params, Device: turno.DeviceCPU, Threads: 1}); err != nil {
		return 0, err
	}
	select {
	case d := <-c.done:
		if d.Error != nil {
			return 0, fmt.Errorf("%s: %s", d.Error.Reason, d.Error.Message)
		}
		return time.Since(began), nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

func (c *bare) stop() error {
	c.conn.Close()
	<-c.conn.Done()
	return c.cmd.Wait()
}

func (b *runnerBench) add(name string, d time.Duration) {
	r := benchReport{Series: b.report.Series}
	r.add(name, "ms", float64(d)/1e6)
	b.report.Series = r.Series
}

func matmul(engine string, side int) *turno.Spec {
	params := fmt.Sprintf(`{"m":%d,"k":%d,"n":%d}`, side, side, side)
	return &turno.Spec{Type: "matmul", Engine: engine, Params: json.RawMessage(params)}
}

// one submits a job and waits for its end.
func (b *runnerBench) one(ctx context.Context, spec *turno.Spec) (*turno.Attempt, error) {
	done, err := b.svc.Submit(ctx, []turno.NewJob{newJob(spec)})
	if err := firstRefused(done, err); err != nil {
		return nil, err
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		j, err := b.svc.Job(ctx, done[0].ID)
		if err != nil {
			return nil, err
		}
		if j.State.Ended() {
			if j.State != turno.Succeeded {
				return nil, fmt.Errorf("a job ended as %s (%s): %s", j.State, j.Reason, j.Detail)
			}
			return j.Current(), nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// memory sends many jobs through one process: each asks for all CPUs, so they
// run one after the other.
func (b *runnerBench) memory(ctx context.Context, engine string) error {
	workers, err := b.svc.Workers(ctx)
	if err != nil {
		return err
	}
	batch := &bench{s: b.s, svc: b.svc}
	through := func(n int) (timing, error) {
		spec := matmul(engine, 32)
		spec.CPUs = workers[0].Machine.CPUs
		jobs := make([]turno.NewJob, n)
		for i := range jobs {
			jobs[i] = newJob(spec)
		}
		return batch.batch(ctx, engine, jobs)
	}
	if _, err := through(settled); err != nil {
		return err
	}
	m := runnerMemory{Engine: engine, Jobs: b.o.jobs}
	before := runnerProcesses(engine)
	t, err := through(b.o.jobs)
	if err != nil {
		return err
	}
	after := runnerProcesses(engine)
	for pid, bytes := range after {
		m.PIDs = append(m.PIDs, pid)
		m.Before, m.After = max(m.Before, before[pid]), max(m.After, bytes)
	}
	slices.Sort(m.PIDs)
	m.Rate = float64(b.o.jobs) / t.ended.Seconds()
	b.report.Memory = append(b.report.Memory, m)
	return nil
}

// runnerProcesses are those of an engine on this machine, with their memory;
// none where the system does not say.
func runnerProcesses(engine string) map[int]int64 {
	found := map[int]int64{}
	mark := []byte("TURNO_RUNNER=" + engine)
	paths, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range paths {
		env, err := os.ReadFile(path) // of others' processes: refused
		if err != nil || !slices.ContainsFunc(bytes.Split(env, []byte{0}), func(v []byte) bool { return bytes.Equal(v, mark) }) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		statm, err := os.ReadFile(filepath.Join(filepath.Dir(path), "statm"))
		if fields := strings.Fields(string(statm)); err == nil && len(fields) > 1 {
			pages, _ := strconv.ParseInt(fields[1], 10, 64)
			found[pid] = pages * int64(os.Getpagesize())
		}
	}
	return found
}

func (b *runnerBench) show() {
	s, c := b.s, &b.report.Conditions
	t := s.table("MATMUL 256x256", "P50", "P95", "LEAST", "MOST", "UNIT", "N")
	for _, x := range b.report.Series {
		f := func(v float64) string { return fmt.Sprintf("%.4g", v) }
		t.row(x.Name, f(x.Median), f(stats.Quantile(x.Values, .95)), f(slices.Min(x.Values)), f(slices.Max(x.Values)), x.Unit, fmt.Sprint(len(x.Values)))
	}
	t.align(1, 2, 3, 4, 6)
	t.write(s.io.Out)
	for _, m := range b.report.Memory {
		s.printf("%s: %d jobs at %.0f jobs/s through %d process(es): memory %s before, %s after\n", m.Engine, m.Jobs, m.Rate, len(m.PIDs),
			config.FormatBytes(m.Before), config.FormatBytes(m.After))
	}
	s.printf("run: a warm runner; cold: a process for the job; queue: from the scheduler's word to the end. 1 thread, one job at a time.\n")
	s.printf("%s. %d cores (%s), load %s before, %s after.\n", c.Turno, c.Cores, orDash(c.CPU), c.LoadBefore, c.LoadAfter)
}
