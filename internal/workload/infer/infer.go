// Package infer lets a trained net class samples: digits that it draws, or a
// user's files. It writes the predictions to a file and tells throughput and
// latency by batch.
//
// Logits of many samples, spread over all, are compared with a second forward
// pass that shares no code with the first. Models stay loaded in the runner
// child, so that a further job on the same one starts at once.
package infer

import (
	_ "embed"
	"encoding/json"

	"turno"
	"turno/internal/workload"
	"turno/internal/workload/model"
)

//go:generate go run ./sample -o sample.safetensors

//go:embed sample.safetensors
var sample []byte

//go:embed schema.json
var schema []byte

// Params are the parameters; see schema.json.
type Params struct {
	Model   string `json:"model"`
	Data    string `json:"data"`
	Labels  string `json:"labels"`
	Column  string `json:"label_column"`
	Samples int    `json:"samples"`
	Batch   int    `json:"batch"`
	Repeat  int    `json:"repeat"`
	Seed    int64  `json:"seed"`
	Library string `json:"library"`
}

const (
	sampleName   = "sample" // the model that stands for the embedded one
	drawn        = "digits" // the data that stands for package digits
	drawnSamples = 10000
	drawnStream  = 3 // of the seed; train uses 1 and 2
)

// New is the workload. The models that it keeps loaded are this value's own.
func New() workload.Workload {
	return workload.Workload{
		Name:      "infer",
		Summary:   "classes samples with a trained neural net",
		Devices:   []turno.Device{turno.DeviceCPU, turno.DeviceGPU},
		Schema:    schema,
		Example:   json.RawMessage(`{"samples": 200, "batch": 50}`),
		Warm:      true,
		Normalize: normalize,
		Check:     func(params json.RawMessage) *turno.Error { _, err := parse(params); return err },
		Run:       new(cache).run,
	}
}

// normalize lets the job wait for the one that trains its model.
func normalize(spec *turno.Spec) {
	var p struct {
		Model string `json:"model"`
	}
	if json.Unmarshal(spec.Params, &p) == nil {
		model.TakeFrom(spec, p.Model)
	}
}

func parse(params json.RawMessage) (Params, *turno.Error) {
	p := Params{Model: sampleName, Data: drawn, Batch: 64, Repeat: 1, Library: "auto"}
	if err := workload.Decode(params, &p); err != nil {
		return p, err
	}
	for _, c := range []struct {
		name             string
		value, low, high int
	}{{"samples", p.Samples, 0, 300_000}, {"batch", p.Batch, 1, 4096}, {"repeat", p.Repeat, 1, 1_000_000}} {
		if c.value < c.low || c.value > c.high {
			return p, turno.Invalid("params."+c.name, "%d: use %d to %d", c.value, c.low, c.high)
		}
	}
	if err := model.CheckRef("params.model", p.Model, true); err != nil {
		return p, err
	}
	if err := workload.CheckLibrary(p.Library); err != nil {
		return p, err
	}
	if err := model.CheckRef("params.data", p.Data, false); err != nil {
		return p, err
	}
	if p.Labels != "" {
		if err := model.CheckRef("params.labels", p.Labels, false); err != nil {
			return p, err
		}
	}
	if p.Data == drawn && (p.Labels != "" || p.Column != "") {
		return p, turno.Invalid("params.data", "is %s, but labels are given too: use the path of your samples", drawn)
	}
	return p, nil
}
