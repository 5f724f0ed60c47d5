// Package image filters pictures: PNG or JPEG in and out, blur, sharpen, edges,
// grey values or any kernel, with rows in parallel and float32 in between.
//
// The result is compared with a reference that knows no shortcut: for every
// pixel of a small picture, and for a sample chosen by the seed of a large one,
// the sum over the whole kernel in float64. A picture from a file is read with
// 8 bits per channel; its transparency passes through unchanged.
package image

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"

	"turno"
	"turno/internal/workload"
)

//go:generate go run ./photo -o sample.jpg

//go:embed sample.jpg
var sample []byte

//go:embed schema.json
var schema []byte

// Bounds. A picture of maxPixels takes 6.4 GB while it is filtered; one that
// says it is larger is refused before its pixels are read.
const (
	maxPixels = 200_000_000
	maxKernel = 31
	maxRadius = 32
)

// Params are the parameters; see schema.json.
type Params struct {
	Input     string      `json:"input"`
	Output    string      `json:"output"`
	Quality   int         `json:"quality"`
	Operation string      `json:"operation"`
	Sigma     float64     `json:"sigma"`
	Radius    int         `json:"radius"`
	Amount    float64     `json:"amount"`
	Kernel    [][]float64 `json:"kernel"`
	Border    Border      `json:"border"`
	Synthetic *Synthetic  `json:"synthetic"`
	Seed      int64       `json:"seed"`
}

// Synthetic asks for pictures that are made instead of read.
type Synthetic struct {
	Width  int `json:"width"`
	Height int `json:"height"`
	Count  int `json:"count"`
}

// UnmarshalJSON fills in the defaults.
func (s *Synthetic) UnmarshalJSON(text []byte) error {
	type plain Synthetic
	p := plain{Width: 1920, Height: 1080, Count: 1}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return err
	}
	*s = Synthetic(p)
	return nil
}

// sampleName is the input that stands for the embedded photograph.
const sampleName = "sample"

// New is the workload.
func New() workload.Workload {
	return workload.Workload{
		Name:    "image",
		Summary: "filters a picture and compares the result with a reference",
		Devices: devices,
		Schema:  schema,
		Example: json.RawMessage(`{"operation": "blur", "sigma": 1.2, "synthetic": {"width": 120, "height": 80, "count": 2}}`),
		Warm:    true,
		Check:   func(params json.RawMessage) *turno.Error { _, err := parse(params); return err },
		Size:    size,
		Run:     run,
	}
}

// size is in pixels, of pictures that are made; what a file holds is not known
// before it is read.
func size(params json.RawMessage) (float64, string) {
	p, err := parse(params)
	if err != nil || p.Synthetic == nil {
		return 0, ""
	}
	return float64(p.Synthetic.Width) * float64(p.Synthetic.Height) * float64(p.Synthetic.Count), "pixels"
}

func parse(params json.RawMessage) (Params, *turno.Error) {
	p := Params{Input: sampleName, Quality: 90, Operation: "blur", Sigma: 2, Amount: 1, Border: Mirror}
	if err := workload.Decode(params, &p); err != nil {
		return p, err
	}
	for _, check := range []func() *turno.Error{p.checkFiles, p.checkFilter, p.checkKernel, p.checkSynthetic} {
		if err := check(); err != nil {
			return p, err
		}
	}
	return p, nil
}

var plainFile = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func (p *Params) checkFiles() *turno.Error {
	switch {
	case strings.ContainsRune(p.Input, 0):
		return turno.Invalid("params.input", "holds a NUL byte")
	case p.Input != sampleName && !filepath.IsAbs(p.Input):
		return turno.Invalid("params.input", "%.80q: use %q or an absolute path", p.Input, sampleName).
			WithHint("a job has no folder of its own before it runs: say where the file is on the worker")
	case p.Quality < 1 || p.Quality > 100:
		return turno.Invalid("params.quality", "%d: use 1 to 100", p.Quality)
	case p.Output == "":
		return nil
	case len(p.Output) > 128 || !plainFile.MatchString(p.Output) || format(p.Output) == "":
		return turno.Invalid("params.output", "%.80q: use a file name without folders that ends in .png, .jpg or .jpeg", p.Output)
	}
	return nil
}

// format of a file, by its name.
func format(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png":
		return "png"
	case ".jpg", ".jpeg":
		return "jpeg"
	}
	return ""
}

func (p *Params) checkFilter() *turno.Error {
	switch {
	case p.Operation != "blur" && p.Operation != "sharpen" && p.Operation != "edges" && p.Operation != "grayscale" && p.Operation != "kernel":
		return turno.Invalid("params.operation", "%.40q: use blur, sharpen, edges, grayscale or kernel", p.Operation)
	case p.Border != Clamp && p.Border != Mirror && p.Border != Wrap && p.Border != Zero:
		return turno.Invalid("params.border", "%.40q: use clamp, mirror, wrap or zero", p.Border)
	case !(p.Sigma >= 0.1 && p.Sigma <= 32):
		return turno.Invalid("params.sigma", "%v: use 0.1 to 32", p.Sigma)
	case p.Radius < 0 || p.Radius > maxRadius:
		return turno.Invalid("params.radius", "%d: use 0 to %d", p.Radius, maxRadius)
	case !(p.Amount >= 0 && p.Amount <= 10):
		return turno.Invalid("params.amount", "%v: use 0 to 10", p.Amount)
	}
	return nil
}

func (p *Params) checkKernel() *turno.Error {
	if (p.Operation == "kernel") != (p.Kernel != nil) {
		return turno.Invalid("params.kernel", "is for the operation kernel, which needs it; the operation is %s", p.Operation).
			WithHint(`such as {"operation": "kernel", "kernel": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]}`)
	}
	if p.Kernel == nil {
		return nil
	}
	rows, cols := len(p.Kernel), 0
	if rows > 0 {
		cols = len(p.Kernel[0])
	}
	for _, row := range p.Kernel {
		if len(row) != cols {
			return turno.Invalid("params.kernel", "has rows of %d and of %d weights; use rows of the same length", cols, len(row))
		}
		for _, w := range row {
			if !(w >= -1e6 && w <= 1e6) {
				return turno.Invalid("params.kernel", "%v: use weights from -1e6 to 1e6", w)
			}
		}
	}
	if rows%2 == 0 || cols%2 == 0 || rows > maxKernel || cols > maxKernel {
		return turno.Invalid("params.kernel", "has %d rows of %d weights; use odd numbers up to %d, so that it has a middle", rows, cols, maxKernel)
	}
	return nil
}

func (p *Params) checkSynthetic() *turno.Error {
	s := p.Synthetic
	switch {
	case s == nil:
		return nil
	case p.Input != sampleName:
		return turno.Invalid("params.synthetic", "is given beside an input; use one of them")
	case s.Width < 1 || s.Width > 65535 || s.Height < 1 || s.Height > 65535:
		return turno.Invalid("params.synthetic", "%d by %d pixels: use 1 to 65535 each", s.Width, s.Height)
	case s.Width*s.Height > maxPixels:
		return turno.Invalid("params.synthetic", "%d by %d are %d pixels; use %d at most", s.Width, s.Height, s.Width*s.Height, maxPixels)
	case s.Count < 1 || s.Count > 100_000:
		return turno.Invalid("params.synthetic.count", "%d: use 1 to 100000", s.Count)
	}
	return nil
}
