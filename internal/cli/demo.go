package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno"
	"turno/internal/files"
)

const (
	demoShort = "try every workload on every device here, and check each answer"
	demoLong  = `Starts a private turno in a temporary folder, runs every workload on every device
that it finds, lets each check its own answer, shows the results, and cleans up.
Exits 1 if anything did not go as it should. With --on-server the workloads run
on the configured server instead.`
	demoTime = 5 * time.Minute
)

type demoOptions struct {
	onServer bool
	keep     string
	timeout  time.Duration
	format   format
	tour     bool // says what happens, and why
}

func (s *session) demoCommand() *cobra.Command {
	o := demoOptions{timeout: demoTime}
	cmd := &cobra.Command{Use: "demo", Short: demoShort, Long: demoLong, Args: cobra.NoArgs}
	fl := cmd.Flags()
	fl.BoolVar(&o.onServer, "on-server", false, "use the configured server instead of a private turno")
	fl.StringVar(&o.keep, "keep", "", "`DIR` for the pictures that the demo makes (default: a temporary one)")
	fl.DurationVar(&o.timeout, "timeout", demoTime, "give up after this `TIME`")
	fl.BoolVar(&o.tour, "tour", false, "explain each step as it happens")
	o.format.add(fl)
	s.addSettings(fl, "worker")
	cmd.RunE = s.command(func(ctx context.Context, cmd *cobra.Command, _ []string) error {
		cfg, err := s.settings(cmd)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, errTimeout)
		defer cancel()
		if o.onServer {
			svc, err := s.deps.Dial(cfg)
			if err != nil {
				return err
			}
			store, err := s.fileStore(cfg)
			return errors.Join(s.demo(ctx, svc, &o, store), err)
		}
		s.tourStep(&o, tourStart)
		s.notef("Starting a private turno…\n")
		p, err := s.private(ctx, cfg)
		if err != nil {
			return err
		}
		store, err := s.fileStore(p.cfg)
		return errors.Join(s.demo(ctx, p.svc, &o, store), err, p.stop())
	})
	return cmd
}

// trial is one job of the demo and what must come of it.
type trial struct {
	label    string
	device   turno.Device
	spec     *turno.Spec
	verifies bool   // its answer checks itself
	attempts int    // how many there must be; 0: any
	after    string // label of the trial that it waits for
	pretence bool   // its device is simulated
	model    string // label of the trial whose net it uses

	id  string
	job turno.Job
}

// demo runs the trials and shows what came of them.
func (s *session) demo(ctx context.Context, svc turno.Service, o *demoOptions, store files.Store) error {
	workers, err := svc.Workers(ctx)
	if err != nil {
		return err
	}
	types, err := svc.Types(ctx)
	if err != nil {
		return err
	}
	trials := plan(workers, types)
	if len(trials) == 0 {
		return failed(exitUnavailable, "no worker offers anything").hint("turno nodes shows them")
	}
	s.tourMachines(o, workers)
	s.tourStep(o, tourSubmit)
	if err := s.startTrials(ctx, svc, trials); err != nil {
		return err
	}
	s.tourStep(o, tourWatch)
	err = s.watchTrials(ctx, svc, o, trials)
	if err != nil {
		s.abandon(ctx, svc, trials)
		if context.Cause(ctx) == errTimeout {
			err = failed(exitTimeout, "the demo took longer than %s", o.timeout)
		}
	}
	s.tourStep(o, tourTable)
	rows, bad := results(s, trials)
	if o.format.data() {
		if werr := o.format.write(s.io.Out, map[string]any{"results": rows, "failed": bad}); werr != nil {
			return werr
		}
	} else {
		s.demoTable(rows)
		s.demoCurves(rows)
	}
	for _, path := range s.keepPictures(ctx, o, store, trials) {
		s.notef("Picture: %s\n", path)
	}
	if err == nil && bad > 0 {
		return failed(exitFailed, "%d of %d did not go as they should", bad, len(rows))
	}
	if err == nil && !o.format.data() {
		s.printf("%s\n", s.look.green(fmt.Sprintf("All %d went as they should.", len(rows))))
	}
	return err
}

// startTrials submits them all at once; ids made here tie dependencies.
func (s *session) startTrials(ctx context.Context, svc turno.Service, trials []*trial) error {
	ids := map[string]string{}
	var jobs []turno.NewJob
	for _, t := range trials {
		t.spec.Name = "demo " + t.label
		if t.after != "" {
			t.spec.After = []turno.Dependency{{Job: ids[t.after], When: turno.AfterOK}}
		}
		if t.model != "" {
			t.spec.Params = withModel(t.spec.Params, ids[t.model])
		}
		j := newJob(t.spec)
		t.id, ids[t.label] = j.ID, j.ID
		jobs = append(jobs, j)
	}
	done, err := svc.Submit(ctx, jobs)
	if err != nil {
		return err
	}
	for i, d := range done {
		if d.Error != nil {
			return failed(exitFailed, "%s was refused: %v", trials[i].label, d.Error)
		}
	}
	return nil
}

// withModel names the job whose net is to be used.
func withModel(params json.RawMessage, id string) json.RawMessage {
	all := map[string]any{}
	if err := json.Unmarshal(params, &all); err != nil {
		panic(fmt.Sprintf("cli: a demo's parameters: %v", err))
	}
	all["model"] = "job:" + id
	return fit(all, nil)
}

// watchTrials waits for all of them and shows how far they are.
func (s *session) watchTrials(ctx context.Context, svc turno.Service, o *demoOptions, trials []*trial) error {
	refs := make([]string, len(trials))
	for i, t := range trials {
		refs[i] = t.id
	}
	bar := s.progress("demo", int64(len(trials)))
	ended := map[string]bool{}
	jobs, err := s.await(ctx, svc, refs, false, func(j turno.Job) {
		if j.State.Ended() && !ended[j.ID] {
			ended[j.ID] = true
			if o.tour {
				s.tourEnd(&j)
				return
			}
			bar.step(1, fmt.Sprintf("%s: %s", j.Spec.Name, j.State))
		}
	})
	bar.stop()
	for i := range jobs {
		trials[i].job = jobs[i]
	}
	return err
}

// abandon ends what still runs, after Ctrl-C or the time limit.
func (s *session) abandon(ctx context.Context, svc turno.Service, trials []*trial) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	a := turno.Action{Verb: turno.Cancel, Force: true, Message: "the demo was stopped"}
	for _, t := range trials {
		if !t.job.State.Ended() {
			a.Jobs = append(a.Jobs, t.id)
		}
	}
	if len(a.Jobs) == 0 {
		return
	}
	if _, err := svc.Act(ctx, a); err != nil {
		s.warnf("cancel what still runs: %v", err)
	}
}

// plan lists what can be tried on these workers.
func plan(workers []turno.Worker, types []turno.Type) []*trial {
	offered, simulated := map[string][]turno.Device{}, false
	for i := range workers {
		m := &workers[i].Machine
		for _, o := range m.Offers {
			for _, d := range o.Devices {
				if d == turno.DeviceGPU && len(m.GPUs) == 0 {
					continue
				}
				if !slices.Contains(offered[o.Type], d) {
					offered[o.Type] = append(offered[o.Type], d)
				}
			}
		}
		simulated = simulated || m.Simulated || (len(m.GPUs) > 0 && m.GPUs[0].Simulated)
	}
	p := planner{offered: offered, schemas: map[string]json.RawMessage{}, simulated: simulated}
	for _, t := range types {
		p.schemas[t.Name] = t.Schema
	}
	for _, d := range []turno.Device{turno.DeviceCPU, turno.DeviceGPU} {
		p.compute(d)
	}
	p.commands()
	return p.trials
}

type planner struct {
	offered   map[string][]turno.Device
	schemas   map[string]json.RawMessage
	simulated bool
	trials    []*trial
}

func (p *planner) compute(d turno.Device) {
	p.add(d, "100 × nothing", "noop", map[string]any{}, func(t *trial) {
		t.spec.Array = &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 99, Step: 1}}}
	})
	if d == turno.DeviceGPU && p.simulated {
		return // a simulated device computes nothing
	}
	verify := func(t *trial) { t.verifies = true }
	p.add(d, "matrix product, float32, 1024", "matmul", map[string]any{"m": 1024, "n": 1024, "k": 1024, "dtype": "float32"}, verify)
	p.add(d, "matrix product, float64, 512", "matmul", map[string]any{"m": 512, "n": 512, "k": 512, "dtype": "float64"}, verify)
	p.add(d, "sum of vectors", "vecadd", map[string]any{"n": 1 << 22}, verify)
	p.add(d, "picture, blurred", "image", map[string]any{"operation": "blur", "output": "blurred.png"}, verify)
	p.add(d, "picture, its edges", "image", map[string]any{"operation": "edges", "output": "edges.png"}, verify)
	p.nets(d, verify)
}

// nets are small: the guide's defaults would take a minute.
func (p *planner) nets(d turno.Device, verify func(*trial)) {
	const conv = "a convolutional net, trained"
	p.add(d, "an MLP, trained", "train", map[string]any{"samples": 6000, "test_samples": 1000, "epochs": 8}, verify)
	p.add(d, conv, "train", map[string]any{"model": "conv", "channels": []int{8, 16}, "samples": 6000, "test_samples": 1000, "epochs": 5, "lr": 0.002}, verify)
	if len(p.trials) == 0 || p.trials[len(p.trials)-1].spec.Type != "train" {
		return // no worker offers it
	}
	p.add(d, "that net, at work", "infer", map[string]any{"samples": 2000}, func(t *trial) {
		verify(t)
		t.model = p.trials[len(p.trials)-1].label
	})
}

func (p *planner) commands() {
	cpu := turno.DeviceCPU
	shell := func(line string) map[string]any { return map[string]any{"command": []string{"/bin/sh", "-c", line}} }
	p.add(cpu, "a command", execType, shell("echo hello from $(uname -n)"), nil)
	p.add(cpu, "a command that fails once", execType, shell(`echo attempt $TURNO_ATTEMPT; test "$TURNO_ATTEMPT" -ge 2`), func(t *trial) {
		t.spec.Retries, t.attempts = 2, 2
		t.spec.Backoff = turno.Duration(200 * time.Millisecond)
	})
	p.add(cpu, "a pipeline, first part", execType, shell("echo prepared"), nil)
	p.add(cpu, "a pipeline, second part", execType, shell("echo the first part is done"), func(t *trial) { t.after = "a pipeline, first part" })
}

// add makes a trial if some worker offers it.
func (p *planner) add(d turno.Device, label, typ string, params map[string]any, more func(*trial)) {
	if !slices.Contains(p.offered[typ], d) {
		return
	}
	t := &trial{label: label, device: d, spec: &turno.Spec{Type: typ, Device: d, Params: fit(params, p.schemas[typ])}}
	if d == turno.DeviceGPU {
		t.label += " on a GPU"
		t.pretence = p.simulated
	}
	if more != nil {
		more(t)
	}
	p.trials = append(p.trials, t)
}

// fit leaves out parameters that the workload's schema does not have.
func fit(params map[string]any, schema json.RawMessage) json.RawMessage {
	var s struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if json.Unmarshal(schema, &s) == nil && s.Properties != nil {
		for k := range params {
			if _, ok := s.Properties[k]; !ok {
				delete(params, k)
			}
		}
	}
	data, err := json.Marshal(params)
	if err != nil {
		panic(fmt.Sprintf("cli: marshal a demo's parameters: %v", err))
	}
	return data
}

// result is a line of the demo's table.
type result struct {
	Workload  string          `json:"workload"`
	Device    string          `json:"device"`
	Simulated bool            `json:"simulated,omitempty"`
	Job       string          `json:"job"`
	State     turno.State     `json:"state"`
	Reason    turno.Reason    `json:"reason"`
	Verified  *bool           `json:"verified,omitempty"` // nil: it has no answer to check
	Error     float64         `json:"error,omitempty"`
	Tolerance float64         `json:"tolerance,omitempty"`
	Wait      turno.Duration  `json:"wait_seconds"`
	Run       turno.Duration  `json:"run_seconds"`
	Rate      float64         `json:"rate,omitempty"`
	RateUnit  string          `json:"rate_unit,omitempty"`
	Good      bool            `json:"good"` // as it should
	Why       string          `json:"why,omitempty"`
	Output    json.RawMessage `json:"output,omitempty"`
}

func results(s *session, trials []*trial) (rows []result, bad int) {
	for _, t := range trials {
		r := t.result(s)
		if !r.Good {
			bad++
		}
		rows = append(rows, r)
	}
	return rows, bad
}

func (t *trial) result(s *session) result {
	j := &t.job
	r := result{Workload: t.label, Device: string(t.device), Simulated: t.pretence, Job: j.Display(), State: j.State, Reason: j.Reason}
	if j.Spec == nil {
		r.Why = "was never seen"
		return r
	}
	r.Wait, r.Run = turno.Duration(s.waited(j)), turno.Duration(s.ran(j))
	var out outcome
	if j.Result != nil {
		r.Simulated = r.Simulated || j.Result.Simulated
		r.Output = j.Result.Output
		if json.Unmarshal(j.Result.Output, &out) == nil {
			r.Verified, r.Error, r.Tolerance, r.Rate, r.RateUnit = out.Verified, out.Error, out.Tolerance, out.Rate, out.RateUnit
		}
	}
	switch {
	case j.State != turno.Succeeded:
		r.Why = trimmed(string(j.Reason)+":", j.Detail)
	case t.attempts > 0 && j.Attempt != t.attempts:
		r.Why = fmt.Sprintf("had %d attempts, should have had %d", j.Attempt, t.attempts)
	case t.verifies && (r.Verified == nil || !*r.Verified):
		r.Why = "its answer was not verified"
	default:
		r.Good = true
	}
	return r
}

func (s *session) demoTable(rows []result) {
	t := s.table("WORKLOAD", "DEVICE", "STATE", "VERIFIED", "WAIT", "RUN", "RATE", "NOTE")
	for _, r := range rows {
		dev := r.Device
		if r.Simulated {
			dev += " SIMULATED"
		}
		state := cell{text: string(r.State), paint: s.look.green}
		if !r.Good {
			state.paint = s.look.red
		}
		verified := ""
		switch {
		case r.Verified != nil && *r.Verified:
			verified = fmt.Sprintf("yes %.2g ≤ %.2g", r.Error, r.Tolerance)
		case r.Verified != nil:
			verified = fmt.Sprintf("NO %.2g > %.2g", r.Error, r.Tolerance)
		}
		rate := ""
		if r.Rate > 0 {
			rate = fmt.Sprintf("%.4g %s", r.Rate, r.RateUnit)
		}
		t.cells(cell{text: r.Workload}, cell{text: dev}, state, cell{text: verified},
			cell{text: short(time.Duration(r.Wait))}, cell{text: short(time.Duration(r.Run))}, cell{text: rate}, cell{text: r.Why})
	}
	t.align(4, 5)
	t.write(s.io.Out)
}

// keepPictures copies the pictures that the demo made out of the file store,
// and says where they are.
func (s *session) keepPictures(ctx context.Context, o *demoOptions, store files.Store, trials []*trial) []string {
	c := &copying{s: s, store: store, o: cpOptions{force: true}}
	for _, t := range trials {
		if r := t.job.Result; r != nil && r.Artifacts != nil {
			c.files = append(c.files, r.Artifacts.List...)
		}
	}
	c.files = slices.DeleteFunc(c.files, func(f turno.File) bool {
		return !contains(pictures, strings.ToLower(path.Ext(f.Path)))
	})
	if store == nil || len(c.files) == 0 {
		return nil
	}
	dir := s.abs(o.keep)
	var err error
	if o.keep == "" {
		dir, err = os.MkdirTemp("", "turno-demo-")
	} else {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		s.warnf("keep the pictures: %v", err)
		return nil
	}
	var kept []string
	for i := range c.files {
		name := fmt.Sprintf("%d-%s", i+1, path.Base(c.files[i].Path))
		if err := c.one(ctx, &c.files[i], dir, name, &transferBar{}); err != nil {
			s.warnf("keep a picture: %v", err)
			continue
		}
		kept = append(kept, filepath.Join(dir, name))
	}
	return kept
}

var pictures = []string{".png", ".jpg", ".jpeg", ".pgm", ".ppm", ".gif"}
