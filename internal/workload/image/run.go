package image

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"

	"turno"
	"turno/internal/workload"
)

// Output is the outcome, and what was filtered.
type Output struct {
	workload.Outcome
	Operation string `json:"operation"`
	Width     int    `json:"width"`
	Height    int    `json:"height"`
	Count     int    `json:"count"`
	File      string `json:"file,omitempty"` // in the job's output folder
	FileBytes int64  `json:"file_bytes,omitempty"`
}

// job is one run.
type job struct {
	Params
	env    *workload.Env
	clock  *workload.Clock
	worker worker
	device *device // nil: the CPU
	check  workload.Verification
	sums   []string
	result *picture
}

func run(ctx context.Context, env *workload.Env, params json.RawMessage) (any, error) {
	p, bad := parse(params)
	if bad != nil {
		return nil, workload.BadParams(bad)
	}
	if p.Output == "" && p.Synthetic == nil && env.Dir != "" {
		p.Output = "result.png"
	}
	if p.Output != "" && env.Dir == "" {
		return nil, setup("output: this attempt has no folder for %s", p.Output)
	}
	j := &job{Params: p, env: env, clock: workload.NewClock(), worker: worker{filter: newFilter(p), threads: env.Threads}}
	var out *Output
	var err error
	if env.Device == turno.DeviceGPU {
		out, err = j.onGPU(ctx)
	} else {
		out, err = j.all(ctx)
	}
	if err != nil {
		return nil, err // not out: it would be an output that is not nil
	}
	return out, nil
}

// all filters everything, and saves it.
func (j *job) all(ctx context.Context) (*Output, error) {
	p := j.Params
	count, err := j.pictures(ctx)
	if err != nil {
		return nil, err
	}
	out := &Output{Operation: p.Operation, Width: j.result.width, Height: j.result.height, Count: count}
	if p.Output != "" {
		if err := j.save(ctx, out); err != nil {
			return nil, err
		}
	}
	return j.report(out), nil
}

// pictures filters the file or all the synthetic pictures, and says how many.
func (j *job) pictures(ctx context.Context) (int, error) {
	if j.Synthetic == nil {
		from, err := read(ctx, j.Input, j.env.Threads)
		if err != nil {
			return 0, err
		}
		j.clock.End("setup")
		return 1, j.one(ctx, from)
	}
	from := newPicture(j.Synthetic.Width, j.Synthetic.Height, 3)
	for i := range j.Synthetic.Count {
		if err := from.synthesize(ctx, j.Seed, i, j.env.Threads); err != nil {
			return 0, err
		}
		j.clock.End("setup")
		if err := j.one(ctx, from); err != nil {
			return 0, err
		}
		j.env.Progress(turno.Progress{Fraction: float64(i+1) / float64(j.Synthetic.Count), Message: j.Operation})
	}
	return j.Synthetic.Count, nil
}

// one filters and checks one picture.
func (j *job) one(ctx context.Context, from *picture) error {
	if j.result == nil {
		j.result = newPicture(from.width, from.height, j.worker.planes())
		j.clock.End("setup")
	}
	if err := j.filter(ctx, from); err != nil {
		return err
	}
	j.env.Spoil(j.result.planes[len(j.result.planes)-1])
	v, err := j.worker.verify(ctx, j.result, from, j.Seed, j.env.Threads)
	if err != nil {
		return err
	}
	if !v.Verified {
		return workload.Wrong(v)
	}
	v.Error = max(v.Error, j.check.Error)
	j.check = v
	for _, plane := range j.result.planes {
		sum, err := workload.Checksum(ctx, plane, j.env.Threads)
		if err != nil {
			return err
		}
		j.sums = append(j.sums, sum)
	}
	j.clock.End("verify")
	return nil
}

// filter is the part that the rate is of.
func (j *job) filter(ctx context.Context, from *picture) error {
	if j.device != nil {
		return j.device.apply(ctx, j.clock, j.result, from)
	}
	err := j.worker.apply(ctx, j.result, from)
	j.clock.End("kernel")
	return err
}

func (j *job) save(ctx context.Context, out *Output) error {
	m, err := j.result.toImage(ctx, j.env.Threads)
	if err != nil {
		return err
	}
	out.File = j.Params.Output
	out.FileBytes, err = write(ctx, j.env.Dir, j.Params, m)
	j.clock.End("encode")
	return err
}

func (j *job) report(out *Output) *Output {
	all := fnv.New64a()
	for _, sum := range j.sums {
		all.Write([]byte(sum))
	}
	pixels := float64(out.Width) * float64(out.Height) * float64(out.Count)
	seconds := 0.0
	for _, p := range j.clock.Phases() {
		if p.Name == "kernel" {
			seconds = p.Seconds
		}
	}
	out.Outcome = workload.Outcome{Device: turno.DeviceCPU, Engine: "go", Threads: j.env.Threads, Phases: j.clock.Phases(),
		Verification: j.check, Rate: workload.Rate(pixels/1e6, seconds), RateUnit: "Mpixel/s", Checksum: fmt.Sprintf("%016x", all.Sum64())}
	if j.device != nil {
		j.device.describe(out)
	}
	fmt.Fprintf(j.env.Log, "image %s of %d picture(s) of %dx%d on %s, %d threads: %.1f Mpixel/s; error %.3g, tolerance %.3g\n",
		j.Operation, out.Count, out.Width, out.Height, out.Engine, j.env.Threads, out.Rate, j.check.Error, j.check.Tolerance)
	if out.File != "" {
		fmt.Fprintf(j.env.Log, "wrote %s, %d bytes\n", out.File, out.FileBytes)
	}
	return out
}
