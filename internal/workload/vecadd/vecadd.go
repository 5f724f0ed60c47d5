// Package vecadd adds two random vectors: the "hello world" of GPU computing,
// and a measure of memory bandwidth, since it does one addition for every three
// numbers that it moves.
//
// Every number of the answer is compared with a plain sum in float64. A correct
// addition is that sum rounded to the vector's type (IEEE 754), so the error
// relative to the sum may be half the distance between 1 and the next number,
// 2^-24 for float32 and 2^-53 for float64, and no more.
package vecadd

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"turno"
	"turno/internal/workload"
)

//go:embed schema.json
var schema []byte

// Params are the parameters; see schema.json.
type Params struct {
	N      int    `json:"n"`
	DType  string `json:"dtype"`
	Repeat int    `json:"repeat"`
	Seed   int64  `json:"seed"`
}

// maxBytes bounds the three vectors: what fits a small server and a large GPU.
const maxBytes = 32 << 30

// Output is the outcome, and the spread of the repeats.
type Output struct {
	workload.Outcome
	Bytes  int64   `json:"bytes"`      // of the three vectors, moved in each repeat
	Best   float64 `json:"gbs_best"`   // 1e9 bytes/s, of the repeats; also Rate
	Median float64 `json:"gbs_median"` // of the repeats
	Times  int     `json:"repeat"`     // how many there were
}

// New is the workload.
func New() workload.Workload {
	return workload.Workload{
		Name:    "vecadd",
		Summary: "adds two random vectors and compares every number",
		Devices: []turno.Device{turno.DeviceCPU, turno.DeviceGPU},
		Schema:  schema,
		Example: json.RawMessage(`{"n": 200000, "repeat": 3}`),
		Warm:    true,
		Check:   func(params json.RawMessage) *turno.Error { _, err := parse(params); return err },
		Size:    size,
		Run:     run,
	}
}

// size is the length of the vectors.
func size(params json.RawMessage) (float64, string) {
	p, err := parse(params)
	if err != nil {
		return 0, ""
	}
	return float64(p.N), "n"
}

func parse(params json.RawMessage) (Params, *turno.Error) {
	p := Params{N: 1 << 24, DType: "float32", Repeat: 1}
	if err := workload.Decode(params, &p); err != nil {
		return p, err
	}
	switch {
	case p.N < 1 || p.N > 1<<31:
		return p, turno.Invalid("params.n", "%d: use 1 to %d", p.N, 1<<31)
	case p.Repeat < 1 || p.Repeat > 100_000:
		return p, turno.Invalid("params.repeat", "%d: use 1 to 100000", p.Repeat)
	case p.DType != "float32" && p.DType != "float64":
		return p, turno.Invalid("params.dtype", "%.40q: use float32 or float64", p.DType)
	case p.bytes() > maxBytes:
		return p, turno.Invalid("params.n", "three vectors of %d %s would need %d bytes (%.1f GiB); at most %d GiB are allowed",
			p.N, p.DType, p.bytes(), float64(p.bytes())/(1<<30), maxBytes>>30).WithHint("make n smaller, or use float32")
	}
	return p, nil
}

func (p Params) bytes() int64 {
	if p.DType == "float64" {
		return 3 * 8 * int64(p.N)
	}
	return 3 * 4 * int64(p.N)
}

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
	}
	return compute[float32](ctx, env, p)
}

func compute[T workload.Float](ctx context.Context, env *workload.Env, p Params) (*Output, error) {
	clock := workload.NewClock()
	a, b, c := make([]T, p.N), make([]T, p.N), make([]T, p.N)
	if err := workload.Fill(ctx, a, workload.NewRandom(p.Seed, 1), env.Threads); err != nil {
		return nil, err
	}
	if err := workload.Fill(ctx, b, workload.NewRandom(p.Seed, 2), env.Threads); err != nil {
		return nil, err
	}
	clear(c) // its pages are the kernel's to hand out now, not in the measured part
	clock.End("setup")
	seconds := make([]float64, p.Repeat)
	for i := range seconds {
		if err := add(ctx, c, a, b, env.Threads); err != nil {
			return nil, err
		}
		seconds[i] = clock.End("kernel")
		env.Progress(turno.Progress{Fraction: float64(i+1) / float64(p.Repeat), Message: "add"})
	}
	env.Spoil(c)
	v, err := verify(ctx, c, a, b, env.Threads)
	if err != nil {
		return nil, err
	}
	sum, err := workload.Checksum(ctx, c, env.Threads)
	if err != nil {
		return nil, err
	}
	clock.End("verify")
	return finish(env, p, seconds, workload.Outcome{Device: turno.DeviceCPU, Engine: "go", Threads: env.Threads,
		Phases: clock.Phases(), Verification: v, RateUnit: "GB/s", Checksum: sum})
}

func finish(env *workload.Env, p Params, seconds []float64, o workload.Outcome) (*Output, error) {
	slices.Sort(seconds)
	n := len(seconds)
	out := &Output{Outcome: o, Bytes: p.bytes(), Times: p.Repeat,
		Best:   workload.Rate(float64(p.bytes())/1e9, seconds[0]),
		Median: workload.Rate(float64(p.bytes())/1e9, (seconds[(n-1)/2]+seconds[n/2])/2),
	}
	out.Rate = out.Best
	fmt.Fprintf(env.Log, "vecadd of %d %s on %s, %d threads: best %.1f GB/s, median %.1f of %d; error %.3g, tolerance %.3g\n",
		p.N, p.DType, o.Engine, env.Threads, out.Best, out.Median, p.Repeat, o.Error, o.Tolerance)
	if !o.Verified {
		return nil, workload.Wrong(o.Verification)
	}
	return out, nil
}

// piece is what is added at a time: 768 KiB of float32, about 0.1 ms.
const piece = 1 << 16

func add[T workload.Float](ctx context.Context, c, a, b []T, threads int) error {
	return workload.Parallel(ctx, threads, len(c), piece, func(low, high int) { addPiece(c[low:high], a[low:high], b[low:high]) })
}

// addPiece adds float32 by assembly, which keeps more of the memory busy than
// a loop that adds one number at a time; and float64, twice as long, by a loop
// without a check of bounds for each.
func addPiece[T workload.Float](c, a, b []T) {
	if c32, ok := any(c).([]float32); ok {
		done := addMany(c32, any(a).([]float32), any(b).([]float32))
		a, b, c = a[done:], b[done:], c[done:]
	}
	for len(c) >= 8 && len(a) >= 8 && len(b) >= 8 {
		x, y, z := (*[8]T)(a), (*[8]T)(b), (*[8]T)(c)
		z[0], z[1], z[2], z[3] = x[0]+y[0], x[1]+y[1], x[2]+y[2], x[3]+y[3]
		z[4], z[5], z[6], z[7] = x[4]+y[4], x[5]+y[5], x[6]+y[6], x[7]+y[7]
		a, b, c = a[8:], b[8:], c[8:]
	}
	for i := range c {
		c[i] = a[i] + b[i]
	}
}

// verify compares every number of c with a+b in float64.
func verify[T workload.Float](ctx context.Context, c, a, b []T, threads int) (workload.Verification, error) {
	v := workload.Verification{Method: "every number against a sum in float64, relative", Tolerance: unit[T]()}
	worst := make([]float64, (len(c)+piece-1)/piece)
	err := workload.Parallel(ctx, threads, len(c), piece, func(low, high int) {
		most := 0.0
		for i := low; i < high; i++ {
			want := float64(a[i]) + float64(b[i])
			off := math.Abs(float64(c[i]) - want)
			if off != 0 {
				off /= math.Abs(want)
			}
			if !(off <= most) {
				most = off
			}
			if math.IsNaN(most) {
				break
			}
		}
		worst[low/piece] = most
	})
	if err != nil {
		return v, err
	}
	v.Error = slices.Max(worst) // NaN where one is
	v.Verified = v.Error <= v.Tolerance
	return v, nil
}

// unit is half the distance between 1 and the next number.
func unit[T workload.Float]() float64 {
	if _, single := any(T(0)).(float32); single {
		return 0x1p-24
	}
	return 0x1p-53
}
