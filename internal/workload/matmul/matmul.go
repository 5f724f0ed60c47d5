// Package matmul multiplies two random matrices, the work that most of machine
// learning comes down to, and tests the product without computing it again.
//
// It computes on the CPU with workload/gemm. The product is cut into blocks, so
// that a cancel is seen between two of them; the cut along k is always at the
// same places, so that the answer has the same bits with any number of threads.
package matmul

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"turno"
	"turno/internal/stats"
	"turno/internal/workload"
	"turno/internal/workload/gemm"
)

//go:embed schema.json
var schema []byte

// Params are the parameters; see schema.json.
type Params struct {
	M       int    `json:"m"`
	K       int    `json:"k"`
	N       int    `json:"n"`
	DType   string `json:"dtype"`
	Library string `json:"library"`
	Repeat  int    `json:"repeat"`
	Seed    int64  `json:"seed"`
}

// maxBytes bounds the three matrices: what fits a small server and a large GPU.
const maxBytes = 32 << 30

// Output is the outcome, and the spread of the repeats.
type Output struct {
	workload.Outcome
	Bytes  int64   `json:"bytes"`          // of the three matrices
	Best   float64 `json:"gflops_best"`    // of the repeats; also Rate
	Median float64 `json:"gflops_median"`  // of the repeats
	Times  int     `json:"repeat"`         // how many there were
	FLOP   float64 `json:"flop_per_round"` // 2mkn
}

// New is the workload.
func New() workload.Workload {
	return workload.Workload{
		Name:    "matmul",
		Summary: "multiplies two random matrices and tests the product",
		Devices: []turno.Device{turno.DeviceCPU, turno.DeviceGPU},
		Schema:  schema,
		Example: json.RawMessage(`{"m": 384, "k": 256, "n": 320, "repeat": 2}`),
		Warm:    true,
		Check:   func(params json.RawMessage) *turno.Error { _, err := parse(params); return err },
		Size:    size,
		Run:     run,
	}
}

// size is the side of a cube of as many multiplications: n for three sides n.
func size(params json.RawMessage) (float64, string) {
	p, err := parse(params)
	if err != nil {
		return 0, ""
	}
	return math.Round(math.Cbrt(float64(p.M) * float64(p.K) * float64(p.N))), "n"
}

func parse(params json.RawMessage) (Params, *turno.Error) {
	p := Params{M: 1024, K: 1024, N: 1024, DType: "float32", Library: "auto", Repeat: 1}
	if err := workload.Decode(params, &p); err != nil {
		return p, err
	}
	const side = 1 << 20
	for _, c := range []struct {
		name        string
		value, most int
	}{{"m", p.M, side}, {"k", p.K, side}, {"n", p.N, side}, {"repeat", p.Repeat, 100_000}} {
		if c.value < 1 || c.value > c.most {
			return p, turno.Invalid("params."+c.name, "%d: use 1 to %d", c.value, c.most)
		}
	}
	if dtypes[p.DType].bytes == 0 {
		return p, turno.Invalid("params.dtype", "%.40q: use float32, float64, tf32, float16 or bfloat16", p.DType)
	}
	if err := workload.CheckLibrary(p.Library); err != nil {
		return p, err
	}
	if need := p.bytes(); need > maxBytes {
		return p, turno.Invalid("params.m", "the matrices of %d by %d, %d by %d and %d by %d would need %d bytes (%.1f GiB); at most %d GiB are allowed",
			p.M, p.K, p.K, p.N, p.M, p.N, need, float64(need)/(1<<30), maxBytes>>30).WithHint("make m, k or n smaller, or use float32")
	}
	return p, nil
}

// bytes of A, B and C; no side is over 2^20, so it fits.
func (p Params) bytes() int64 {
	size := int64(dtypes[p.DType].bytes)
	m, k, n := int64(p.M), int64(p.K), int64(p.N)
	return size * (m*k + k*n + m*n)
}

func (p Params) flop() float64 { return 2 * float64(p.M) * float64(p.K) * float64(p.N) }

func run(ctx context.Context, env *workload.Env, params json.RawMessage) (any, error) {
	p, bad := parse(params)
	if bad != nil {
		return nil, workload.BadParams(bad)
	}
	switch {
	case env.Device == turno.DeviceGPU && p.DType == "float64":
		return onGPU[float64](ctx, env, p)
	case env.Device == turno.DeviceGPU:
		return onGPU[float32](ctx, env, p)
	case p.DType == "float64":
		return compute[float64](ctx, env, p)
	case p.DType == "float32":
		return compute[float32](ctx, env, p)
	}
	return nil, &workload.Failure{Reason: turno.ReasonSetupFailed, Message: p.DType + " needs a GPU: submit with --device gpu, or use float32"}
}

func compute[T workload.Float](ctx context.Context, env *workload.Env, p Params) (*Output, error) {
	clock := workload.NewClock()
	x, err := newProduct[T](ctx, env, p)
	if err != nil {
		return nil, err
	}
	clock.End("setup")
	seconds := make([]float64, p.Repeat)
	for i := range seconds {
		step := func(done float64) {
			env.Progress(turno.Progress{Fraction: (float64(i) + done) / float64(p.Repeat), Message: "multiply"})
		}
		if err := x.multiply(ctx, step); err != nil {
			return nil, err
		}
		seconds[i] = clock.End("kernel")
	}
	env.Spoil(x.c)
	v, sum, err := x.verify(ctx, p.Seed, 0)
	if err != nil {
		return nil, err
	}
	clock.End("verify")
	return report(env, p, seconds, workload.Outcome{Device: turno.DeviceCPU, Engine: "go " + gemm.KernelName[T](), Threads: env.Threads,
		Phases: clock.Phases(), Verification: v, RateUnit: "GFLOP/s", Checksum: sum})
}

// report is the outcome of a run that was checked.
func report(env *workload.Env, p Params, seconds []float64, o workload.Outcome) (*Output, error) {
	slices.Sort(seconds)
	out := &Output{
		Outcome: o, Bytes: p.bytes(), Times: p.Repeat, FLOP: p.flop(),
		Best:   workload.Rate(p.flop()/1e9, seconds[0]),
		Median: workload.Rate(p.flop()/1e9, stats.Median(seconds)),
	}
	out.Rate = out.Best
	fmt.Fprintf(env.Log, "matmul %dx%dx%d %s on %s, %d threads: best %.1f GFLOP/s, median %.1f of %d; error %.3g, tolerance %.3g\n",
		p.M, p.K, p.N, p.DType, out.Engine, env.Threads, out.Best, out.Median, p.Repeat, o.Error, o.Tolerance)
	if !o.Verified {
		return nil, workload.Wrong(o.Verification)
	}
	return out, nil
}
