// Package train trains a small net on digits that it draws or on a user's
// samples: the workload that people know a GPU queue for, on the CPU or a GPU.
//
// After each epoch it tells loss, accuracy and speed, and writes a checkpoint
// with all that is needed to go on: a run that was interrupted comes to the
// same weights, bit for bit, as one that was not. At the end the model is read
// back from its file, and the test samples go through a second forward pass
// that shares no code with the first.
package train

import (
	_ "embed"
	"encoding/json"

	"turno"
	"turno/internal/workload"
	"turno/internal/workload/model"
	"turno/internal/workload/nn"
)

//go:embed schema.json
var schema []byte

// Params are the parameters; see schema.json.
type Params struct {
	Model       string   `json:"model"`
	Channels    []int    `json:"channels"`
	Hidden      *[]int   `json:"hidden"`
	Epochs      int      `json:"epochs"`
	Batch       int      `json:"batch"`
	Optimiser   string   `json:"optimiser"`
	Rate        *float64 `json:"lr"`
	Momentum    float64  `json:"momentum"`
	Decay       float64  `json:"weight_decay"`
	Schedule    string   `json:"schedule"`
	Seed        int64    `json:"seed"`
	Data        string   `json:"data"`
	Labels      string   `json:"labels"`
	Column      string   `json:"label_column"`
	TestData    string   `json:"test_data"`
	TestLabels  string   `json:"test_labels"`
	Samples     int      `json:"samples"`
	TestSamples int      `json:"test_samples"`
	Resume      string   `json:"resume"`
	EarlyStop   int      `json:"early_stop"`
	Target      float64  `json:"target_accuracy"`
	Every       int      `json:"checkpoint_every"`
	Library     string   `json:"library"`
}

// drawn is the data that stands for package digits.
const drawn = "digits"

// Samples that are taken where nothing is said.
const (
	drawnSamples = 20000
	drawnTests   = 4000
)

// New is the workload.
func New() workload.Workload {
	return workload.Workload{
		Name:      "train",
		Summary:   "trains a small neural net and saves it",
		Devices:   []turno.Device{turno.DeviceCPU, turno.DeviceGPU},
		Schema:    schema,
		Example:   json.RawMessage(`{"hidden": [16], "epochs": 2, "samples": 600, "test_samples": 200}`),
		Warm:      true,
		Normalize: normalize,
		Check:     func(params json.RawMessage) *turno.Error { _, err := parse(params); return err },
		Run:       run,
	}
}

// normalize lets the job wait for one that it goes on from.
func normalize(spec *turno.Spec) {
	var p struct {
		Resume string `json:"resume"`
	}
	if json.Unmarshal(spec.Params, &p) == nil {
		model.TakeFrom(spec, p.Resume)
	}
}

func parse(params json.RawMessage) (Params, *turno.Error) {
	p := Params{Model: "mlp", Epochs: 6, Batch: 64, Optimiser: nn.Adam, Momentum: 0.9, Schedule: "cosine", Data: drawn, Every: 1, Library: "auto"}
	if err := workload.Decode(params, &p); err != nil {
		return p, err
	}
	for _, check := range []func() *turno.Error{p.checkChoices, p.checkNumbers, p.checkFiles} {
		if err := check(); err != nil {
			return p, err
		}
	}
	if p.Hidden == nil {
		p.Hidden = &[]int{256}
		if p.Model == "conv" {
			p.Hidden = &[]int{128}
		}
	}
	if p.Rate == nil {
		p.Rate = new(0.001)
		if p.Optimiser == nn.SGD {
			p.Rate = new(0.05)
		}
	}
	if p.Channels == nil && p.Model == "conv" {
		p.Channels = []int{16, 32}
	}
	if p.Data == drawn {
		c := p.config(28, 28, 10)
		if err := c.Check(); err != nil {
			return p, turno.Invalid("params.hidden", "this net cannot be: %v", err)
		}
	}
	return p, nil
}

func (p *Params) config(height, width, classes int) nn.Config {
	return nn.Config{Height: height, Width: width, Channels: p.Channels, Hidden: *p.Hidden, Classes: max(2, classes)}
}

func (p *Params) checkChoices() *turno.Error {
	switch {
	case p.Model != "mlp" && p.Model != "conv":
		return turno.Invalid("params.model", "%.40q: use mlp or conv", p.Model)
	case p.Channels != nil && p.Model != "conv":
		return turno.Invalid("params.channels", "is for the model conv; the model is mlp").WithHint(`add "model": "conv"`)
	case p.Optimiser != nn.Adam && p.Optimiser != nn.SGD:
		return turno.Invalid("params.optimiser", "%.40q: use adam or sgd", p.Optimiser)
	case p.Schedule != "cosine" && p.Schedule != "linear" && p.Schedule != "constant":
		return turno.Invalid("params.schedule", "%.40q: use cosine, linear or constant", p.Schedule)
	}
	return workload.CheckLibrary(p.Library)
}

func (p *Params) checkNumbers() *turno.Error {
	for _, c := range []struct {
		name             string
		value, low, high int
	}{
		{"epochs", p.Epochs, 1, 100_000}, {"batch", p.Batch, 1, 4096}, {"samples", p.Samples, 0, 1_000_000},
		{"test_samples", p.TestSamples, 0, 1_000_000}, {"early_stop", p.EarlyStop, 0, 100_000}, {"checkpoint_every", p.Every, 0, 100_000},
	} {
		if c.value < c.low || c.value > c.high {
			return turno.Invalid("params."+c.name, "%d: use %d to %d", c.value, c.low, c.high)
		}
	}
	switch {
	case p.Rate != nil && !(*p.Rate > 0 && *p.Rate <= 10):
		return turno.Invalid("params.lr", "%v: use a number above 0, up to 10", *p.Rate)
	case !(p.Momentum >= 0 && p.Momentum < 1):
		return turno.Invalid("params.momentum", "%v: use 0 to 0.9999", p.Momentum)
	case !(p.Decay >= 0 && p.Decay <= 1):
		return turno.Invalid("params.weight_decay", "%v: use 0 to 1", p.Decay)
	case !(p.Target >= 0 && p.Target <= 1):
		return turno.Invalid("params.target_accuracy", "%v: use 0 to 1, such as 0.97", p.Target)
	}
	const most = 300_000 // pictures that fit into dataset.Most
	if p.Data == drawn && p.Samples+p.TestSamples > most {
		return turno.Invalid("params.samples", "%d digits to train and %d to test on; use %d in all", p.Samples, p.TestSamples, most)
	}
	return nil
}

func (p *Params) checkFiles() *turno.Error {
	for _, f := range []struct{ name, path string }{
		{"data", p.Data}, {"labels", p.Labels}, {"test_data", p.TestData}, {"test_labels", p.TestLabels}, {"resume", p.Resume},
	} {
		if f.path == "" {
			continue
		}
		if err := model.CheckRef("params."+f.name, f.path, f.name == "resume"); err != nil {
			return err
		}
	}
	switch {
	case p.Data == drawn && (p.Labels != "" || p.Column != "" || p.TestData != ""):
		return turno.Invalid("params.data", "is %s, but files of labels or tests are given too: use the path of your samples", drawn)
	case p.TestData == "" && p.TestLabels != "":
		return turno.Invalid("params.test_labels", "is given without test_data: use both")
	}
	return nil
}
