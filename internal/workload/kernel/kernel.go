// Package kernel runs a user's own CUDA kernel: source that is compiled on the
// worker with NVRTC, PTX or a cubin; numbers and buffers as arguments; outputs
// to files.
//
// turno does not know what the kernel should compute. With check it is launched
// twice from the same buffers, and every byte is compared: the error is the
// part of bytes that differ, and the tolerance is 0. Without, the result says
// that nothing was verified.
package kernel

import (
	_ "embed"
	"encoding/json"
	"math"
	"path/filepath"
	"regexp"
	"strings"

	"turno"
	"turno/internal/workload"
)

//go:embed schema.json
var schema []byte

// Params are the parameters; see schema.json.
type Params struct {
	File      string     `json:"file"`
	Source    string     `json:"source"`
	Kernel    string     `json:"kernel"`
	Grid      []int      `json:"grid"`
	Block     []int      `json:"block"`
	Shared    int        `json:"shared"`
	Options   []string   `json:"options"`
	Arguments []Argument `json:"arguments"`
	Repeat    int        `json:"repeat"`
	Check     bool       `json:"check"`
	Seed      int64      `json:"seed"`
}

// Argument is one of the kernel's.
type Argument struct {
	Type   string      `json:"type"`
	Value  json.Number `json:"value"`
	Bytes  int64       `json:"bytes"`
	File   string      `json:"file"`
	Fill   string      `json:"fill"`
	Output string      `json:"output"`
	Width  int         `json:"width"`
}

const buffer = "buffer"

// New is the workload.
func New() workload.Workload {
	return workload.Workload{
		Name:    "kernel",
		Summary: "runs a CUDA kernel of your own",
		Devices: []turno.Device{turno.DeviceGPU},
		Schema:  schema,
		Example: json.RawMessage(`{
			"source": "extern \"C\" __global__ void saxpy(float a, const float *x, float *y, int n) {\n  int i = blockIdx.x * blockDim.x + threadIdx.x;\n  if (i < n) y[i] = a * x[i] + y[i];\n}\n",
			"kernel": "saxpy", "grid": [4], "block": [256], "check": true, "arguments": [
				{"type": "float32", "value": 2}, {"type": "buffer", "bytes": 4000, "fill": "random"},
				{"type": "buffer", "bytes": 4000, "fill": "index", "output": "y.bin"}, {"type": "int32", "value": 1000}]}`),
		Warm: true,
		Normalize: func(spec *turno.Spec) {
			if spec.Device == "" {
				spec.Device = turno.DeviceGPU // it has no other
			}
		},
		Check: func(params json.RawMessage) *turno.Error { _, err := parse(params); return err },
		Run:   run,
	}
}

// plain is a file in the output folder itself.
var plain = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// maxBuffers bounds what a job may ask a device for: the largest has 300 GB.
const maxBuffers = 1 << 40

func parse(params json.RawMessage) (Params, *turno.Error) {
	p := Params{Grid: []int{1}, Block: []int{256}, Repeat: 1}
	if err := workload.Decode(params, &p); err != nil {
		return p, err
	}
	end := filepath.Ext(p.File)
	switch {
	case (p.File == "") == (p.Source == ""):
		return p, turno.Invalid("params.file", "give the code as a file or as source, and not both")
	case p.File != "" && end != ".cu" && end != ".ptx" && end != ".cubin":
		return p, turno.Invalid("params.file", "%.80q: its name must end in .cu, .ptx or .cubin", p.File)
	case p.Kernel == "" || strings.ContainsRune(p.Kernel, 0) || strings.ContainsRune(p.Source, 0):
		return p, turno.Invalid("params.kernel", "a kernel's name and its source are text without NUL")
	case p.Repeat < 1 || p.Repeat > 100_000:
		return p, turno.Invalid("params.repeat", "%d: use 1 to 100000", p.Repeat)
	case p.Shared < 0 || p.Shared > 228<<10:
		return p, turno.Invalid("params.shared", "%d: use 0 to %d", p.Shared, 228<<10)
	}
	threads := 1
	for name, size := range map[string][]int{"grid": p.Grid, "block": p.Block} {
		if len(size) < 1 || len(size) > 3 {
			return p, turno.Invalid("params."+name, "has %d numbers; use 1 to 3", len(size))
		}
		for i, n := range size {
			most := map[string]int{"grid": 65535, "block": 1024}[name]
			if name == "grid" && i == 0 {
				most = math.MaxInt32
			}
			if n < 1 || n > most {
				return p, turno.Invalid("params."+name, "%d: use 1 to %d", n, most)
			}
			if name == "block" {
				threads *= n
			}
		}
	}
	if threads > 1024 {
		return p, turno.Invalid("params.block", "%d threads; a block has at most 1024", threads)
	}
	return p, p.checkArguments()
}

func (p *Params) checkArguments() *turno.Error {
	total, names := int64(0), map[string]bool{}
	for i := range p.Arguments {
		a := &p.Arguments[i]
		if a.Type != buffer {
			if _, err := a.number(); err != nil || a.Bytes != 0 || a.File != "" || a.Fill != "" || a.Output != "" || a.Width != 0 {
				return turno.Invalid("params.arguments", "argument %d, a %.20s: needs a value that fits it, and nothing else: %v", i, a.Type, err)
			}
			continue
		}
		if a.Fill == "" {
			a.Fill = "zero"
		}
		total += a.Bytes
		switch {
		case a.Value != "":
			return turno.Invalid("params.arguments", "argument %d: a buffer has no value", i)
		case a.Bytes < 0 || a.Bytes > maxBuffers || total > maxBuffers:
			return turno.Invalid("params.arguments", "argument %d: buffers of %d bytes; at most %d are allowed", i, total, int64(maxBuffers))
		case a.Bytes == 0 && a.File == "":
			return turno.Invalid("params.arguments", "argument %d: a buffer needs bytes or a file", i)
		case a.Fill != "zero" && a.Fill != "random" && a.Fill != "index":
			return turno.Invalid("params.arguments", "argument %d: fill %.20q: use zero, random or index", i, a.Fill)
		case a.Output != "" && (!plain.MatchString(a.Output) || len(a.Output) > 128 || names[a.Output]):
			return turno.Invalid("params.arguments", "argument %d: output %.80q is not a plain name of a file, or stands twice", i, a.Output)
		case filepath.Ext(a.Output) == ".png" && (a.Width < 1 || a.Width > 1<<16 || a.Bytes%int64(a.Width) != 0):
			return turno.Invalid("params.arguments", "argument %d: a picture needs bytes, and a width that divides them", i)
		}
		names[a.Output] = a.Output != ""
	}
	return nil
}
