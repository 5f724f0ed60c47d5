package vecadd

import (
	"context"
	"fmt"

	"turno/internal/gpu/cuda"
	"turno/internal/workload"
)

// onGPU is compute with the sums made on the device. Copies to it and back are
// phases of their own, not part of the rate.
func onGPU[T workload.Float](ctx context.Context, env *workload.Env, p Params) (*Output, error) {
	var out *Output
	err := env.OnGPU(func(s *cuda.Session) error {
		var err error
		out, err = sum[T](ctx, env, p, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func sum[T workload.Float](ctx context.Context, env *workload.Env, p Params, s *cuda.Session) (*Output, error) {
	clock := workload.NewClock()
	a, b, c := make([]T, p.N), make([]T, p.N), make([]T, p.N)
	if err := workload.Fill(ctx, a, workload.NewRandom(p.Seed, 1), env.Threads); err != nil {
		return nil, err
	}
	if err := workload.Fill(ctx, b, workload.NewRandom(p.Seed, 2), env.Threads); err != nil {
		return nil, err
	}
	name := "vec_add_f32"
	if p.DType == "float64" {
		name = "vec_add_f64"
	}
	add, err := workload.Kernel(s, "vec", name)
	if err != nil {
		return nil, err
	}
	onto, err := s.Alloc(p.bytes() / 3)
	if err != nil {
		return nil, err
	}
	clock.End("setup")
	x, err := cuda.Upload(ctx, s, a)
	if err != nil {
		return nil, err
	}
	y, err := cuda.Upload(ctx, s, b)
	if err != nil {
		return nil, err
	}
	if err := s.Synchronize(); err != nil {
		return nil, err
	}
	clock.End("h2d")
	seconds, err := repeat(ctx, env, p, s, func() error {
		return s.Launch(add, workload.Grid(s, int64(p.N+3)/4, 256), cuda.Dim{X: 256}, 0, onto, x, y, int64(p.N))
	})
	if err != nil {
		return nil, err
	}
	clock.Took("kernel", total(seconds))
	if err := cuda.Download(ctx, s, c, onto); err != nil {
		return nil, err
	}
	clock.End("d2h")
	return check(ctx, env, p, s, sums[T]{a, b, c, seconds, clock})
}

type sums[T workload.Float] struct {
	a, b, c []T
	seconds []float64
	clock   *workload.Clock
}

func check[T workload.Float](ctx context.Context, env *workload.Env, p Params, s *cuda.Session, x sums[T]) (*Output, error) {
	env.Spoil(x.c)
	v, err := verify(ctx, x.c, x.a, x.b, env.Threads)
	if err != nil {
		return nil, err
	}
	sum, err := workload.Checksum(ctx, x.c, env.Threads)
	if err != nil {
		return nil, err
	}
	x.clock.End("verify")
	out, err := finish(env, p, x.seconds, workload.Outcome{Engine: workload.CUDAEngine(s, "own kernel"),
		Phases: x.clock.Phases(), Verification: v, RateUnit: "GB/s", Checksum: sum})
	if err != nil {
		return nil, err
	}
	out.OfPeak(s, s.PeakBandwidth()/1e9)
	return out, nil
}

func repeat(ctx context.Context, env *workload.Env, p Params, s *cuda.Session, work func() error) ([]float64, error) {
	seconds, err := workload.Repeat(ctx, env, s, p.Repeat, "add", work)
	if err != nil {
		return nil, fmt.Errorf("add on %s: %w", s.Name, err)
	}
	return seconds, nil
}

func total(seconds []float64) (sum float64) {
	for _, v := range seconds {
		sum += v
	}
	return sum
}
