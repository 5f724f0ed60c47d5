package matmul

import (
	"context"
	"fmt"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/workload"
)

// onGPU multiplies on a device: with NVIDIA's library where that is, and is not
// refused, else with turno's own kernel.
func onGPU[T workload.Float](ctx context.Context, env *workload.Env, p Params) (*Output, error) {
	var out *Output
	err := env.OnGPU(func(s *cuda.Session) error {
		r := &gpuRun[T]{s: s, p: p, kind: dtypes[p.DType], clock: workload.NewClock()}
		seconds, err := r.run(ctx, env)
		if err == nil {
			out, err = r.finish(ctx, env, seconds)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// gpuRun is one run.
type gpuRun[T workload.Float] struct {
	s       *cuda.Session
	p       Params
	kind    dtype
	clock   *workload.Clock
	x       *product[T]
	library string
	a, b, c driver.Ptr
}

// pitch is how many numbers a row has on the device.
func (r *gpuRun[T]) pitch(cols int) int {
	return (cols + r.kind.align - 1) / r.kind.align * r.kind.align
}

func (r *gpuRun[T]) run(ctx context.Context, env *workload.Env) ([]float64, error) {
	p := r.p
	if need, have := map[string]int{"tf32": 8, "bfloat16": 8}[p.DType], r.s.Major; have < need {
		return nil, &workload.Failure{Reason: turno.ReasonSetupFailed,
			Message: fmt.Sprintf("%s has no %s: it came with compute capability %d.0, and this device has %d.%d", r.s.Name, p.DType, need, have, r.s.Minor)}
	}
	var err error
	if r.x, err = newProduct[T](ctx, env, p); err != nil {
		return nil, err
	}
	if r.c, err = r.s.Alloc(int64(r.kind.bytes) * int64(p.M) * int64(r.pitch(p.N))); err != nil {
		return nil, err
	}
	r.clock.End("setup")
	if r.a, err = r.upload(ctx, r.x.a, p.M, p.K); err != nil {
		return nil, err
	}
	if r.b, err = r.upload(ctx, r.x.b, p.K, p.N); err != nil {
		return nil, err
	}
	if err := r.s.Synchronize(); err != nil {
		return nil, err
	}
	r.clock.End("h2d")
	multiply, err := r.multiply()
	if err != nil {
		return nil, err
	}
	r.clock.End("setup")
	seconds, err := workload.Repeat(ctx, env, r.s, p.Repeat, "multiply", multiply)
	if err != nil {
		return nil, fmt.Errorf("multiply on %s with %s: %w", r.s.Name, r.library, err)
	}
	sum := 0.0
	for _, v := range seconds {
		sum += v
	}
	r.clock.Took("kernel", sum)
	if err := r.download(ctx); err != nil {
		return nil, err
	}
	r.clock.End("d2h")
	return seconds, nil
}

// upload copies a matrix with rows as the device wants them.
func (r *gpuRun[T]) upload(ctx context.Context, from []T, rows, cols int) (driver.Ptr, error) {
	pitch := r.pitch(cols)
	if r.kind.bits == nil && pitch == cols {
		return cuda.Upload(ctx, r.s, from)
	}
	if r.kind.bits == nil {
		padded := make([]T, rows*pitch)
		for i := range rows {
			copy(padded[i*pitch:], from[i*cols:][:cols])
		}
		return cuda.Upload(ctx, r.s, padded)
	}
	packed := make([]uint16, rows*pitch)
	err := workload.Parallel(ctx, r.x.threads, rows, pieceRows(cols), func(low, high int) {
		for i := low; i < high; i++ {
			for j, v := range from[i*cols:][:cols] {
				packed[i*pitch+j] = r.kind.bits(float32(v))
			}
		}
	})
	if err != nil {
		return 0, err
	}
	return cuda.Upload(ctx, r.s, packed)
}

func (r *gpuRun[T]) download(ctx context.Context) error {
	rows, cols, pitch := r.p.M, r.p.N, r.pitch(r.p.N)
	if r.kind.bits == nil && pitch == cols {
		return cuda.Download(ctx, r.s, r.x.c, r.c)
	}
	if r.kind.bits == nil {
		padded := make([]T, rows*pitch)
		err := cuda.Download(ctx, r.s, padded, r.c)
		for i := range rows {
			copy(r.x.c[i*cols:][:cols], padded[i*pitch:])
		}
		return err
	}
	packed := make([]uint16, rows*pitch)
	if err := cuda.Download(ctx, r.s, packed, r.c); err != nil {
		return err
	}
	return workload.Parallel(ctx, r.x.threads, rows, pieceRows(cols), func(low, high int) {
		for i := low; i < high; i++ {
			for j := range cols {
				r.x.c[i*cols+j] = T(r.kind.from(packed[i*pitch+j]))
			}
		}
	})
}

// types of cuBLAS by dtype: of the numbers, and what is computed in.
var types = map[string][2]int32{
	"float64": {driver.TypeFloat64, driver.ComputeFloat64}, "float32": {driver.TypeFloat32, driver.ComputeFloat32},
	"tf32": {driver.TypeFloat32, driver.ComputeTF32}, "float16": {driver.TypeFloat16, driver.ComputeFloat32}, "bfloat16": {driver.TypeBFloat16, driver.ComputeFloat32},
}

// multiply chooses who does it.
func (r *gpuRun[T]) multiply() (func() error, error) {
	p := r.p
	if p.Library != "own" {
		t := types[p.DType]
		product, err := r.s.Product(cuda.Gemm{M: p.M, N: p.N, K: p.K, LDA: r.pitch(p.K), LDB: r.pitch(p.N), LDC: r.pitch(p.N),
			Type: t[0], Compute: t[1], Align: cuda.Aligned(r.a, r.b, r.c)})
		if err != nil {
			return nil, err
		}
		if product != nil {
			r.library = product.Library
			return func() error { return product.Run(r.c, r.a, r.b) }, nil
		}
		if p.Library == "cublas" {
			return nil, workload.NoCuBLAS()
		}
	}
	r.library = "own kernel"
	return r.own()
}

// own is turno's kernel for the dtype and the device.
func (r *gpuRun[T]) own() (func() error, error) {
	k := chooseKernel(r.p, &r.s.Info)
	f, err := workload.Kernel(r.s, k.file, k.name)
	if err != nil {
		return nil, err
	}
	if k.shared > 48<<10 {
		if err := r.s.AllowShared(f, k.shared); err != nil {
			return nil, err
		}
	}
	rows, cols := (r.p.M+k.rows-1)/k.rows, (r.p.N+k.cols-1)/k.cols
	grid := cuda.Dim{X: cols, Y: rows}
	if k.file == "mma" {
		grid = cuda.Dim{X: cols * rows} // it orders its tiles itself
	}
	a, b, c := r.pitch(r.p.K), r.pitch(r.p.N), r.pitch(r.p.N)
	return func() error {
		return r.s.Launch(f, grid, cuda.Dim{X: 256}, k.shared, r.c, r.a, r.b, int32(r.p.M), int32(r.p.N), int32(r.p.K), int32(a), int32(b), int32(c))
	}, nil
}

// own kernels: see gemm.cu and mma.cu for their tiles and their shared memory.
type ownKernel struct {
	file, name         string
	rows, cols, shared int
}

func chooseKernel(p Params, info *cuda.Info) ownKernel {
	const stages, pitch = 4, 32 + 8
	half := func(name string) ownKernel {
		wide := ownKernel{"mma", name + "_wide", 128, 256, stages * 2 * (128*pitch + 32*(256+8))}
		if wide.shared <= info.SharedBytes && p.N > 128 {
			return wide
		}
		return ownKernel{"mma", name, 128, 128, stages * 2 * (128*pitch + 32*(128+8))}
	}
	switch p.DType {
	case "float64":
		return ownKernel{"gemm", "dgemm_nn", 64, 64, 0}
	case "tf32":
		return ownKernel{"mma", "gemm_tf32", 128, 128, stages * 4 * (128*20 + 16*136)}
	case "bfloat16":
		return half("gemm_bf16")
	case "float16":
		return half("gemm_f16")
	}
	// Large tiles need four of them for each multiprocessor to pay.
	if blocks := (p.M + 127) / 128 * ((p.N + 127) / 128); blocks < info.Multiprocessors {
		return ownKernel{"gemm", "sgemm_small_nn", 32, 32, 0}
	}
	return ownKernel{"gemm", "sgemm_nn", 128, 128, 0}
}

func (r *gpuRun[T]) finish(ctx context.Context, env *workload.Env, seconds []float64) (*Output, error) {
	env.Spoil(r.x.c)
	v, sum, err := r.x.verify(ctx, r.p.Seed, r.kind.unit)
	if err != nil {
		return nil, err
	}
	r.clock.End("verify")
	o := workload.Outcome{Engine: workload.CUDAEngine(r.s, r.library), Phases: r.clock.Phases(), Verification: v, RateUnit: "GFLOP/s", Checksum: sum}
	out, err := report(env, r.p, seconds, o)
	if err != nil {
		return nil, err
	}
	out.OfPeak(r.s, r.s.PeakFLOPs(r.p.DType)/1e9)
	return out, nil
}
