package infer

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/workload"
	"turno/internal/workload/dataset"
	"turno/internal/workload/digits"
	"turno/internal/workload/model"
	"turno/internal/workload/nn"
)

// Output is the outcome, and how quick and how right the net was.
type Output struct {
	workload.Outcome
	Net         string   `json:"net"` // its shape in words
	ModelCached bool     `json:"model_cached"`
	Samples     int      `json:"samples"`
	Batch       int      `json:"batch"`
	Accuracy    *float64 `json:"accuracy,omitempty"` // absent without labels
	// Latency of a batch, in milliseconds.
	Latency Latency `json:"latency_ms"`
	File    string  `json:"file,omitempty"` // of the predictions, in the job's output folder
	First   []Guess `json:"first"`          // some of the predictions
}

// Latency of the batches; the first one, which warms up, is not among them
// unless it is the only one.
type Latency struct {
	P50     float64 `json:"p50"`
	P95     float64 `json:"p95"`
	P99     float64 `json:"p99"`
	Batches int     `json:"batches"`
}

// Guess is what the net says of a sample.
type Guess struct {
	Sample     int     `json:"sample"` // from 0
	File       string  `json:"file,omitempty"`
	Label      string  `json:"label,omitempty"`
	Predicted  string  `json:"predicted"`
	Confidence float64 `json:"confidence"` // softmax
}

// job is one run.
type job struct {
	Params
	env     *workload.Env
	clock   *workload.Clock
	model   *model.Model
	session *cuda.Session // nil: on the CPU
	engine  string        // that computed, on a device
	data    *dataset.Set
	logits  []float32
	times   []float64 // of the batches, in milliseconds
}

func setup(format string, args ...any) *workload.Failure {
	return &workload.Failure{Reason: turno.ReasonSetupFailed, Message: fmt.Sprintf(format, args...)}
}

func (c *cache) run(ctx context.Context, env *workload.Env, params json.RawMessage) (any, error) {
	p, bad := parse(params)
	if bad != nil {
		return nil, workload.BadParams(bad)
	}
	j := &job{Params: p, env: env, clock: workload.NewClock()}
	if env.Device != turno.DeviceGPU {
		return c.infer(ctx, j)
	}
	var out *Output
	err := env.OnGPU(func(s *cuda.Session) (err error) {
		j.session = s
		out, err = c.infer(ctx, j)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *cache) infer(ctx context.Context, j *job) (*Output, error) {
	out := &Output{Batch: j.Batch}
	path := j.Model
	var err error
	if path != sampleName {
		path, err = model.Find(j.env, j.Model)
	}
	if err == nil {
		j.model, out.ModelCached, err = c.find(path)
	}
	if err != nil {
		return nil, setup("model: %v", err)
	}
	j.clock.End("load")
	if err = j.locate(); err != nil {
		return nil, setup("data: %v", err)
	}
	if err := j.load(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, setup("data: %v", err)
	}
	j.clock.End("setup")
	compute := j.compute
	if j.session != nil {
		compute = j.computeOnGPU
	}
	if err := compute(ctx); err != nil {
		return nil, err
	}
	if err := j.finish(ctx, out); err != nil {
		return nil, err
	}
	return out, nil
}

// locate makes paths of inputs those of files.
func (j *job) locate() error {
	if j.Data == drawn {
		return nil
	}
	var err error
	if j.Data, err = model.Find(j.env, j.Data); err == nil && j.Labels != "" {
		j.Labels, err = model.Find(j.env, j.Labels)
	}
	return err
}

// load brings the samples into memory, scaled as the model wants them.
func (j *job) load(ctx context.Context) error {
	c := j.model.Config
	var err error
	switch {
	case j.Data == drawn && c.Inputs() != digits.Pixels:
		return fmt.Errorf("the model takes %d numbers, a digit has %d", c.Inputs(), digits.Pixels)
	case j.Data == drawn:
		count := j.Samples
		if count == 0 {
			count = drawnSamples
		}
		j.data, err = dataset.Digits(ctx, digits.Set{Seed: j.Seed, Stream: drawnStream}, 0, count, j.env.Threads)
	case dataset.IsPicture(j.Data) || isFolder(j.Data):
		if c.Height < 2 {
			return fmt.Errorf("the model was not trained on pictures, but on %d numbers", c.Width)
		}
		j.data, err = dataset.Pictures(ctx, j.Data, c.Height, c.Width, j.Samples)
	default:
		j.data, err = dataset.Read(ctx, j.Data, dataset.Options{Labels: j.Labels, Column: j.Column, Limit: j.Samples, Names: j.model.Names, Inputs: c.Inputs()})
	}
	if err != nil {
		return err
	}
	if j.data.Inputs() != c.Inputs() {
		return fmt.Errorf("samples of %d numbers, the model takes %d", j.data.Inputs(), c.Inputs())
	}
	j.data.Apply(j.model.Mean, j.model.Scale)
	return nil
}

// compute lets all samples through the net, as often as is asked.
func (j *job) compute(ctx context.Context) error {
	net := j.model.Net(min(j.Batch, j.data.Len()), j.env.Threads)
	classes, inputs, count := j.model.Config.Classes, j.data.Inputs(), j.data.Len()
	j.logits = make([]float32, count*classes)
	for round := range j.Repeat {
		for b := range j.batches() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			low, began := b*j.Batch, time.Now()
			size := min(j.Batch, count-low)
			copy(j.logits[low*classes:], net.Logits(j.data.X[low*inputs:], size))
			j.took(round, b, time.Since(began))
		}
	}
	j.clock.End("kernel")
	return nil
}

func (j *job) batches() int { return (j.data.Len() + j.Batch - 1) / j.Batch }

// took notes how long a batch was on its way, and tells how far all are.
func (j *job) took(round, batch int, d time.Duration) {
	if len(j.times) < mostTimes {
		j.times = append(j.times, 1000*d.Seconds())
	}
	if batch%16 == 0 {
		j.env.Progress(turno.Progress{Fraction: (float64(round) + float64(batch)/float64(j.batches())) / float64(j.Repeat), Message: "infer"})
	}
}

// mostTimes are kept, 8 MB.
const mostTimes = 1 << 20

// finish checks the logits, and writes what they say.
func (j *job) finish(ctx context.Context, out *Output) error {
	j.env.Spoil(j.logits)
	c, err := j.model.Compare(ctx, j.data.X, j.logits, nil, j.env.Threads)
	if err != nil {
		return err
	}
	v := workload.Verification{Method: fmt.Sprintf("%d samples in plain loops in float64; largest difference of a logit, relative to the largest", c.Samples),
		Error: c.Error, Tolerance: model.Tolerance, Verified: c.Error <= model.Tolerance}
	if !v.Verified {
		return workload.Wrong(v)
	}
	sum, err := workload.Checksum(ctx, j.logits, j.env.Threads)
	if err != nil {
		return err
	}
	j.clock.End("verify")
	if err := j.write(out); err != nil {
		return err
	}
	j.clock.End("save")
	seconds := 0.0
	for _, p := range j.clock.Phases() {
		if p.Name == "kernel" {
			seconds = p.Seconds
		}
	}
	out.Samples, out.Net, out.Latency = j.data.Len(), j.model.Summary(), latency(j.times)
	out.Outcome = workload.Outcome{Device: turno.DeviceCPU, Engine: "go " + nn.Engine(), Threads: j.env.Threads, Phases: j.clock.Phases(),
		Verification: v, Checksum: sum, Rate: workload.Rate(float64(j.data.Len())*float64(j.Repeat), seconds), RateUnit: "samples/s"}
	if j.session != nil {
		out.Engine = j.engine
		out.OfPeak(j.session, 0)
	}
	accuracy := ""
	if out.Accuracy != nil {
		accuracy = fmt.Sprintf("accuracy %.4f, ", *out.Accuracy)
	}
	fmt.Fprintf(j.env.Log, "infer %s on %d samples: %s%.0f samples/s; batches of %d: p50 %.3g ms, p95 %.3g, p99 %.3g; error %.3g, tolerance %.3g\n",
		out.Net, out.Samples, accuracy, out.Rate, out.Batch, out.Latency.P50, out.Latency.P95, out.Latency.P99, v.Error, v.Tolerance)
	return nil
}

// latency of batches in milliseconds, by nearest rank.
func latency(times []float64) Latency {
	if len(times) > 1 {
		times = times[1:]
	}
	sorted := slices.Sorted(slices.Values(times))
	rank := func(part float64) float64 { return sorted[max(0, int(math.Ceil(part*float64(len(sorted))))-1)] }
	return Latency{P50: rank(.50), P95: rank(.95), P99: rank(.99), Batches: len(sorted)}
}
