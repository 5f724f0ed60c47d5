package train

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/workload"
	"turno/internal/workload/model"
	"turno/internal/workload/nn"
)

// Output is the outcome, and how training went.
type Output struct {
	workload.Outcome
	Net          string  `json:"net"` // its shape in words
	Weights      int     `json:"weights"`
	Samples      int     `json:"samples"`
	TestSamples  int     `json:"test_samples"`
	Epochs       int     `json:"epochs"` // how many there were, those of earlier attempts too
	Steps        int     `json:"steps"`
	Stopped      string  `json:"stopped,omitempty"` // why before the last epoch
	ResumedFrom  int     `json:"resumed_from_epoch,omitempty"`
	Loss         float64 `json:"loss"` // of the last epoch
	Accuracy     float64 `json:"accuracy"`
	TestLoss     float64 `json:"test_loss"`
	TestAccuracy float64 `json:"test_accuracy"`
	// Recomputed is the test accuracy by the second forward pass, on as many
	// samples as that took.
	Recomputed        float64 `json:"recomputed_accuracy"`
	RecomputedSamples int     `json:"recomputed_samples"`
	File              string  `json:"file,omitempty"` // in the job's output folder
	FileBytes         int     `json:"file_bytes"`
	History           []Epoch `json:"history"`
}

// Epoch is what one pass through all samples came to.
type Epoch struct {
	Epoch        int     `json:"epoch"` // from 1
	Loss         float64 `json:"loss"`  // mean over the epoch, while weights changed
	Accuracy     float64 `json:"accuracy"`
	TestLoss     float64 `json:"test_loss"`
	TestAccuracy float64 `json:"test_accuracy"`
	Rate         float64 `json:"lr"` // of its last step
	Seconds      float64 `json:"seconds"`
	Speed        float64 `json:"steps_per_second"`
}

// job is one run.
type job struct {
	Params
	env   *workload.Env
	clock *workload.Clock
	data  *samples
	model *model.Model // but for what the net and the optimiser hold
	// The net and the optimiser; while a device trains, what they were at the
	// start or at the last collect.
	net     *nn.Net
	optim   nn.Optimiser
	session *cuda.Session // nil: on the CPU
	trainer trainer

	history  []Epoch
	resumed  int                // epochs that an earlier run had done
	order    []int32            // of the epoch's samples
	values   map[string]float64 // of the last epoch, for Progress; never written to once sent
	reported time.Time
}

func setup(format string, args ...any) *workload.Failure {
	return &workload.Failure{Reason: turno.ReasonSetupFailed, Message: fmt.Sprintf(format, args...)}
}

func run(ctx context.Context, env *workload.Env, params json.RawMessage) (any, error) {
	p, bad := parse(params)
	if bad != nil {
		return nil, workload.BadParams(bad)
	}
	j := &job{Params: p, env: env, clock: workload.NewClock()}
	if env.Device != turno.DeviceGPU {
		return j.run(ctx)
	}
	var out *Output
	err := env.OnGPU(func(s *cuda.Session) (err error) {
		j.session = s
		out, err = j.run(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (j *job) run(ctx context.Context) (*Output, error) {
	if err := j.prepare(ctx); err != nil {
		return nil, err
	}
	j.clock.End("setup")
	if err := j.start(ctx); err != nil {
		return nil, err
	}
	stopped := j.stop()
	for len(j.history) < j.Epochs && stopped == "" {
		if err := j.epoch(ctx); err != nil {
			return nil, err
		}
		stopped = j.stop()
		if err := j.checkpoint(ctx, stopped != "" || len(j.history) == j.Epochs); err != nil {
			return nil, err
		}
	}
	out := &Output{Stopped: stopped}
	if err := j.finish(ctx, out); err != nil {
		return nil, err
	}
	return out, nil
}

// prepare loads the samples and makes the net, from a checkpoint where there is one.
func (j *job) prepare(ctx context.Context) error {
	from, err := j.earlier()
	if err != nil {
		return err
	}
	var names []string
	if from != nil {
		names = from.Names
	}
	j.env.Progress(turno.Progress{Fraction: 0, Message: "load samples"})
	if j.data, err = load(ctx, j.env, j.Params, names); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return setup("%v", err)
	}
	set := j.data.train
	if j.Params.Model == "mlp" && len(j.Channels) == 0 && set.Height == 1 {
		fmt.Fprintf(j.env.Log, "samples of %d numbers each, not pictures\n", set.Width)
	}
	config := j.config(set.Height, set.Width, set.Classes)
	if from != nil && from.Config.Classes > config.Classes {
		config.Classes = from.Config.Classes // the samples happen to lack some
	}
	if err := config.Check(); err != nil {
		return setup("a net for these samples: %v", err)
	}
	j.model = &model.Model{Config: config, Names: set.Names}
	j.model.Mean, j.model.Scale = set.Scaling()
	batch := j.Batch
	if j.session != nil {
		batch = 1 // it holds numbers and computes nothing
	}
	j.net = nn.New(config, batch, j.env.Threads)
	j.optim = nn.Optimiser{Method: j.Optimiser, Momentum: j.Momentum, Decay: j.Decay}
	j.optim.Prepare(j.net)
	if from == nil {
		j.net.Init(workload.NewRandom(j.Seed, weightOrder).Unit)
	} else if err := j.restore(from); err != nil {
		return err
	}
	j.data.train.Apply(j.model.Mean, j.model.Scale)
	j.data.test.Apply(j.model.Mean, j.model.Scale)
	j.order = make([]int32, set.Len())
	return nil
}

// start chooses who trains.
func (j *job) start(ctx context.Context) error {
	on := fmt.Sprintf("%d threads", j.env.Threads)
	if j.session == nil {
		j.trainer = newHost(j)
	} else {
		d, err := newDevice(ctx, j, j.session)
		if err != nil {
			return err
		}
		j.trainer, on = d, j.session.Name
		j.clock.End("h2d")
	}
	fmt.Fprintf(j.env.Log, "train %s: %d weights; %d samples, %d to test; %s lr %g, batch %d, %s, %s\n",
		model.Summary(j.model.Config), j.model.Config.Weights(), j.data.train.Len(), j.data.test.Len(), j.Optimiser, *j.Rate, j.Batch, on, j.trainer.engine())
	return nil
}

func (j *job) stepsPerEpoch() int { return (j.data.train.Len() + j.Batch - 1) / j.Batch }

// rate is the learning rate of a step, from 0 on.
func (j *job) rate(step int) float64 {
	part := float64(step) / float64(j.stepsPerEpoch()*j.Epochs)
	switch j.Schedule {
	case "cosine":
		return *j.Rate * (1 + math.Cos(math.Pi*part)) / 2
	case "linear":
		return *j.Rate * (1 - part)
	}
	return *j.Rate
}

// epoch goes through all samples once, then tests.
func (j *job) epoch(ctx context.Context) error {
	number, steps, began := len(j.history), j.stepsPerEpoch(), time.Now()
	j.shuffle(number)
	e := Epoch{Epoch: number + 1}
	sums, err := j.trainer.epoch(ctx, number)
	if err != nil {
		return err
	}
	e.Rate = j.rate(number*steps + steps - 1)
	e.Seconds = time.Since(began).Seconds()
	e.Speed = workload.Rate(float64(steps), e.Seconds)
	e.Loss = sums.Loss / float64(j.data.train.Len())
	e.Accuracy = float64(sums.Right) / float64(j.data.train.Len())
	if !sums.Finite || math.IsNaN(e.Loss) || math.IsInf(e.Loss, 0) {
		return setup("the loss became %v in epoch %d: the learning rate %g is too high", e.Loss, e.Epoch, *j.Rate)
	}
	if _, err := j.test(ctx, &e); err != nil {
		return err
	}
	j.clock.End("test")
	j.history = append(j.history, e)
	j.values = map[string]float64{"epoch": float64(e.Epoch), "loss": e.Loss, "accuracy": e.Accuracy,
		"test_loss": e.TestLoss, "test_accuracy": e.TestAccuracy, "lr": e.Rate, "steps_per_second": e.Speed}
	j.reported = time.Time{}
	message := fmt.Sprintf("epoch %d of %d: loss %.4f, accuracy %.2f %%", e.Epoch, j.Epochs, e.Loss, 100*e.TestAccuracy)
	j.tell(float64((number+1)*steps), message)
	fmt.Fprintf(j.env.Log, "epoch=%d loss=%.6f accuracy=%.4f test_loss=%.6f test_accuracy=%.4f lr=%.6g steps_per_second=%.1f\n",
		e.Epoch, e.Loss, e.Accuracy, e.TestLoss, e.TestAccuracy, e.Rate, e.Speed)
	return nil
}

// tell reports how far training is, some ten times a second.
func (j *job) tell(steps float64, message string) {
	if now := time.Now(); now.Sub(j.reported) > 100*time.Millisecond {
		j.reported = now
		j.env.Progress(turno.Progress{Fraction: steps / float64(j.stepsPerEpoch()*j.Epochs), Message: message, Values: j.values})
	}
}

// shuffle puts the samples into the epoch's order, which depends on nothing
// but the seed and its number.
func (j *job) shuffle(epoch int) {
	for i := range j.order {
		j.order[i] = int32(i)
	}
	r := workload.NewRandom(j.Seed, epochOrder+uint64(epoch))
	for i := len(j.order) - 1; i > 0; i-- {
		k := r.Bits(i) % uint64(i+1)
		j.order[i], j.order[k] = j.order[k], j.order[i]
	}
}

// test sets the epoch's test loss and accuracy, and returns all logits.
func (j *job) test(ctx context.Context, e *Epoch) ([]float32, error) {
	set, classes := j.data.test, j.model.Config.Classes
	all, err := j.trainer.test(ctx)
	if err != nil {
		return nil, err
	}
	e.TestLoss = 0
	right := 0
	for i := range set.Len() {
		row, label := all[i*classes:][:classes], int(set.Labels[i])
		e.TestLoss += nn.Loss(row, label)
		if nn.Largest(row) == label {
			right++
		}
	}
	e.TestLoss /= float64(set.Len())
	e.TestAccuracy = float64(right) / float64(set.Len())
	return all, nil
}

// stop says why to stop before the last epoch, if so.
func (j *job) stop() string {
	if len(j.history) == 0 || len(j.history) >= j.Epochs {
		return ""
	}
	last := j.history[len(j.history)-1]
	if j.Target > 0 && last.TestAccuracy >= j.Target {
		return fmt.Sprintf("the test accuracy %.4f reached its target %g", last.TestAccuracy, j.Target)
	}
	best := 0
	for i, e := range j.history {
		if e.TestLoss < j.history[best].TestLoss {
			best = i
		}
	}
	if idle := len(j.history) - 1 - best; j.EarlyStop > 0 && idle >= j.EarlyStop {
		return fmt.Sprintf("the test loss has not become better for %d epochs", idle)
	}
	return ""
}

// finish writes the model, reads it back and checks it.
func (j *job) finish(ctx context.Context, out *Output) error {
	back, size, err := j.save(ctx)
	if err != nil {
		return err
	}
	if j.env.Dir != "" {
		out.File = model.FileName
	}
	j.clock.End("save")
	last := j.history[len(j.history)-1]
	again := last
	logits, err := j.test(ctx, &again)
	if err != nil {
		return err
	}
	j.env.Spoil(logits)
	c, err := back.Compare(ctx, j.data.test.X, logits, j.data.test.Labels, j.env.Threads)
	if err != nil {
		return err
	}
	v := workload.Verification{Method: fmt.Sprintf("the saved model, read back, on %d test samples in plain loops in float64; largest difference of a logit, relative to the largest", c.Samples),
		Error: c.Error, Tolerance: model.Tolerance, Verified: c.Error <= model.Tolerance}
	if !v.Verified {
		return workload.Wrong(v)
	}
	sum, err := workload.Checksum(ctx, back.Weights, j.env.Threads)
	if err != nil {
		return err
	}
	j.clock.End("verify")
	seconds := 0.0
	for _, p := range j.clock.Phases() {
		if p.Name == "kernel" {
			seconds = p.Seconds
		}
	}
	steps := (len(j.history) - j.resumed) * j.stepsPerEpoch()
	out.Outcome = workload.Outcome{Device: turno.DeviceCPU, Engine: j.trainer.engine(), Threads: j.env.Threads, Phases: j.clock.Phases(),
		Verification: v, Checksum: sum}
	if steps > 0 {
		out.Rate, out.RateUnit = workload.Rate(float64(steps), seconds), "steps/s"
	}
	if j.session != nil {
		out.OfPeak(j.session, 0)
	}
	out.Net, out.Weights, out.FileBytes = model.Summary(j.model.Config), j.model.Config.Weights(), size
	out.Samples, out.TestSamples, out.Epochs, out.Steps, out.ResumedFrom = j.data.train.Len(), j.data.test.Len(), len(j.history), j.optim.Steps, j.resumed
	out.Loss, out.Accuracy, out.TestLoss, out.TestAccuracy = last.Loss, last.Accuracy, last.TestLoss, last.TestAccuracy
	out.Recomputed, out.RecomputedSamples, out.History = float64(c.Right)/float64(c.Samples), c.Samples, j.history
	fmt.Fprintf(j.env.Log, "test accuracy %.4f, recomputed from the file on %d samples %.4f; error %.3g, tolerance %.3g; %.1f steps/s\n",
		out.TestAccuracy, c.Samples, out.Recomputed, v.Error, v.Tolerance, out.Rate)
	return nil
}

// save writes the model to the output folder, and gives what stands there.
func (j *job) save(ctx context.Context) (*model.Model, int, error) {
	if err := j.collect(ctx); err != nil {
		return nil, 0, err
	}
	if j.env.Dir == "" {
		data := j.model.Encode()
		back, err := model.Decode(data)
		return back, len(data), err
	}
	path := filepath.Join(j.env.Dir, model.FileName)
	data, err := j.model.Save(path)
	if err != nil {
		return nil, 0, fmt.Errorf("save the model: %w", err)
	}
	back, err := model.Load(path)
	if err != nil {
		return nil, 0, fmt.Errorf("read the saved model back: %w", err)
	}
	return back, len(data), nil
}
