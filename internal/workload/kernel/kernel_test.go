package kernel

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/gpu/cuda/driver/drivertest"
	"turno/internal/workload"
)

func simulated(t *testing.T) *workload.Env {
	fake := drivertest.New(t, drivertest.Options{})
	return &workload.Env{Device: turno.DeviceGPU, GPU: drivertest.UUID, CUDA: cuda.New(cuda.Loader{CUDA: fake.CUDA, NVRTC: fake.NVRTC}), Threads: 1,
		Dir: t.TempDir(), Log: t.Output(), Progress: func(turno.Progress) {}}
}

func params(t *testing.T, p map[string]any) json.RawMessage {
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestRun_SourceFileAndFiles: a source among the job's inputs, a buffer of a
// file, three launches that each begin with the same, an output to a file.
func TestRun_SourceFileAndFiles(t *testing.T) {
	t.Parallel()
	env := simulated(t)
	env.Inputs = t.TempDir()
	x := make([]byte, 4*100)
	for i := range 100 {
		binary.LittleEndian.PutUint32(x[4*i:], math.Float32bits(float32(10*i)))
	}
	source := `extern "C" __global__ void saxpy(float a, const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = a * x[i] + y[i] + SHIFT;
}`
	for name, text := range map[string]string{"saxpy.cu": source, "x.bin": string(x)} {
		if err := os.WriteFile(filepath.Join(env.Inputs, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := run(t.Context(), env, params(t, map[string]any{"file": "saxpy.cu", "kernel": "saxpy", "options": []string{"-DSHIFT=0.5f"}, "block": []int{32}, "grid": []int{4},
		"repeat": 3, "check": true, "arguments": []any{
			map[string]any{"type": "float32", "value": 2}, map[string]any{"type": "buffer", "file": "x.bin"},
			map[string]any{"type": "buffer", "bytes": 400, "fill": "index", "output": "y.bin"}, map[string]any{"type": "int32", "value": 100}}}))
	if err != nil {
		t.Fatal(err)
	}
	if o := out.(*Output); !o.Verified || o.Times != 3 || o.Code != "ptx compute_80" || len(o.Files) != 1 {
		t.Errorf("%+v", o)
	}
	y, err := os.ReadFile(filepath.Join(env.Dir, "y.bin"))
	if err != nil || len(y) != 400 {
		t.Fatal(len(y), err)
	}
	for i := range 100 {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(y[4*i:])); got != float32(21*i)+0.5 {
			t.Fatalf("y[%d] is %g", i, got)
		}
	}
}

// TestRun_PTXAndPicture needs no compiler on the machine: PTX goes to the driver.
func TestRun_PTXAndPicture(t *testing.T) {
	t.Parallel()
	env := simulated(t)
	source, err := os.ReadFile("../../../examples/cuda/mandelbrot.cu")
	if err != nil {
		t.Fatal(err)
	}
	out, err := run(t.Context(), env, params(t, map[string]any{"source": string(source), "kernel": "mandelbrot", "block": []int{16, 16}, "grid": []int{4, 3},
		"arguments": []any{map[string]any{"type": "buffer", "bytes": 64 * 48 * 4, "output": "m.png", "width": 64},
			map[string]any{"type": "int32", "value": 64}, map[string]any{"type": "int32", "value": 48},
			map[string]any{"type": "float32", "value": -0.6}, map[string]any{"type": "float32", "value": 0}, map[string]any{"type": "float32", "value": 3.2}}}))
	if err != nil {
		t.Fatal(err)
	}
	if o := out.(*Output); o.Verified || !strings.HasPrefix(o.Method, "none") {
		t.Errorf("an answer that nobody checked: %+v", o.Verification)
	}
	file, err := os.Open(filepath.Join(env.Dir, "m.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m, err := png.Decode(file)
	if err != nil || m.Bounds().Dx() != 64 || m.Bounds().Dy() != 48 {
		t.Fatal(err)
	}
	if r, g, b, _ := m.At(38, 24).RGBA(); r+g+b != 0 {
		t.Errorf("the middle of the set is %d %d %d, not black", r, g, b)
	}
}

func TestRun_Reduction(t *testing.T) {
	t.Parallel()
	env := simulated(t)
	source, err := os.ReadFile("../../../examples/cuda/reduction.cu")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Context(), env, params(t, map[string]any{"source": string(source), "kernel": "sum", "grid": []int{3}, "arguments": []any{
		map[string]any{"type": "buffer", "bytes": 4, "output": "sum.bin"}, map[string]any{"type": "buffer", "bytes": 4000, "fill": "index"}, map[string]any{"type": "int32", "value": 1000}}})); err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(env.Dir, "sum.bin"))
	if got := math.Float32frombits(binary.LittleEndian.Uint32(sum)); err != nil || got != 999*1000/2 {
		t.Errorf("%g, %v", got, err)
	}
}

func TestRun_WhatGoesWrong(t *testing.T) {
	t.Parallel()
	good := `extern "C" __global__ void f(float *p, int n) { for (int i = 0; i < n; i++) p[i] = 1; }`
	one := []any{map[string]any{"type": "buffer", "bytes": 64}, map[string]any{"type": "int32", "value": 16}}
	for name, c := range map[string]struct {
		params   map[string]any
		reason   turno.Reason
		want     string
		poisoned bool
	}{
		"does not compile": {map[string]any{"source": "extern \"C\" __global__ void f(int n) {\n  m = 1;\n}", "kernel": "f", "arguments": []any{}}, turno.ReasonSetupFailed, "source.cu:2:3: error", false},
		"other name":       {map[string]any{"source": good, "kernel": "g", "arguments": one}, turno.ReasonSetupFailed, "has no kernel called g", false},
		"no file":          {map[string]any{"file": "/nonexistent/f.cu", "kernel": "f", "arguments": one}, turno.ReasonSetupFailed, "no such file", false},
		"not an input":     {map[string]any{"file": "f.cu", "kernel": "f", "arguments": one}, turno.ReasonSetupFailed, "--input", false},
		"behind the end":   {map[string]any{"source": good, "kernel": "f", "block": []int{1}, "arguments": []any{one[0], map[string]any{"type": "int32", "value": 17}}}, turno.ReasonGPUFault, "illegal memory address", true},
		"out of memory":    {map[string]any{"source": good, "kernel": "f", "arguments": []any{map[string]any{"type": "buffer", "bytes": 2 << 30}, one[1]}}, turno.ReasonGPUOOM, "2147483648 bytes were asked for", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := run(t.Context(), simulated(t), params(t, c.params))
			f, ok := errors.AsType[*workload.Failure](err)
			if !ok || f.Reason != c.reason || f.Poisoned != c.poisoned || !strings.Contains(f.Message, c.want) {
				t.Errorf("%+v", err)
			}
		})
	}
	env := simulated(t)
	env.CUDA = cuda.New(cuda.Loader{CUDA: drivertest.New(t, drivertest.Options{}).CUDA, NVRTC: driver.Open{Paths: []string{"/nonexistent"}}.NVRTC})
	_, err := run(t.Context(), env, params(t, map[string]any{"source": good, "kernel": "f", "arguments": one}))
	if f, ok := errors.AsType[*workload.Failure](err); !ok || !strings.Contains(f.Message, "submit PTX") {
		t.Errorf("without a compiler: %v", err)
	}
}

func TestParse_Nonsense(t *testing.T) {
	t.Parallel()
	for text, field := range map[string]string{
		`{"kernel":"f","arguments":[]}`:                                                            "params.file",
		`{"file":"/a.cu","source":"x","kernel":"f","arguments":[]}`:                                "params.file",
		`{"file":"/a.c","kernel":"f","arguments":[]}`:                                              "params.file",
		`{"file":"/a.cu","kernel":"f","block":[1024,2],"arguments":[]}`:                            "params.block",
		`{"file":"/a.cu","kernel":"f","grid":[1,70000],"arguments":[]}`:                            "params.grid",
		`{"file":"/a.cu","kernel":"f","arguments":[{"type":"int32","value":3000000000}]}`:          "params.arguments",
		`{"file":"/a.cu","kernel":"f","arguments":[{"type":"int32","value":1.5}]}`:                 "params.arguments",
		`{"file":"/a.cu","kernel":"f","arguments":[{"type":"int32"}]}`:                             "params.arguments",
		`{"file":"/a.cu","kernel":"f","arguments":[{"type":"buffer"}]}`:                            "params.arguments",
		`{"file":"/a.cu","kernel":"f","arguments":[{"type":"buffer","bytes":8,"output":"../x"}]}`:  "params.arguments",
		`{"file":"/a.cu","kernel":"f","arguments":[{"type":"buffer","bytes":8,"output":"x.png"}]}`: "params.arguments",
		`{"file":"/a.cu","kernel":"f","arguments":[{"type":"float16","value":1}]}`:                 "params.arguments",
	} {
		if _, err := parse([]byte(text)); err == nil || err.Field != field {
			t.Errorf("%s: %v", text, err)
		}
	}
}
