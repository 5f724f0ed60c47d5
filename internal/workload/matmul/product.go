package matmul

import (
	"context"

	"turno/internal/workload"
	"turno/internal/workload/gemm"
)

// product is C = A*B, row by row.
type product[T workload.Float] struct {
	m, k, n int
	a, b, c []T
	threads int
}

func newProduct[T workload.Float](ctx context.Context, env *workload.Env, p Params) (*product[T], error) {
	x := &product[T]{m: p.M, k: p.K, n: p.N, threads: env.Threads,
		a: make([]T, p.M*p.K), b: make([]T, p.K*p.N), c: make([]T, p.M*p.N)}
	if err := workload.Fill(ctx, x.a, workload.NewRandom(p.Seed, 1), env.Threads); err != nil {
		return nil, err
	}
	if err := workload.Fill(ctx, x.b, workload.NewRandom(p.Seed, 2), env.Threads); err != nil {
		return nil, err
	}
	round := dtypes[p.DType].round
	if round == nil {
		return x, nil
	}
	for _, matrix := range [][]T{x.a, x.b} {
		err := workload.Parallel(ctx, env.Threads, len(matrix), 1<<16, func(low, high int) {
			for i, v := range matrix[low:high] {
				matrix[low+i] = T(round(float32(v)))
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return x, nil
}

// Blocks of the product: 8.6 GFLOP per thread, about 0.1 s of the assembly
// kernel, which is how soon a cancel is seen; large enough that packing A and B
// anew for each costs less than a hundredth.
const (
	blockRows  = 1024 // of each thread
	blockCols  = 2048
	blockDepth = 2048 // fixed: it decides in which order the sums are rounded
)

// multiply sets C = A*B and tells which part is done, from 0 to 1.
func (x *product[T]) multiply(ctx context.Context, step func(done float64)) error {
	rows := blockRows * x.threads
	total := float64(x.m) * float64(x.n) * float64(x.k)
	done := 0.0
	for row := 0; row < x.m; row += rows {
		for col := 0; col < x.n; col += blockCols {
			for deep := 0; deep < x.k; deep += blockDepth {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				done += x.block(row, min(x.m, row+rows), col, min(x.n, col+blockCols), deep, min(x.k, deep+blockDepth))
				step(done / total)
			}
		}
	}
	return nil
}

// block adds the part of A and B between deep and end to a block of C, or sets
// it, and returns its number of multiplications.
func (x *product[T]) block(row, rowEnd, col, colEnd, deep, end int) float64 {
	view := func(data []T, stride, row, rowEnd, col, colEnd int) gemm.Matrix[T] {
		return gemm.Matrix[T]{Rows: rowEnd - row, Cols: colEnd - col, Stride: stride, Data: data[row*stride+col:]}
	}
	scale := gemm.Scale[T]{Alpha: 1, Beta: 1, Threads: x.threads}
	if deep == 0 {
		scale.Beta = 0
	}
	gemm.MultiplyScaled(view(x.c, x.n, row, rowEnd, col, colEnd),
		view(x.a, x.k, row, rowEnd, deep, end), view(x.b, x.n, deep, end, col, colEnd), scale)
	return float64(rowEnd-row) * float64(colEnd-col) * float64(end-deep)
}
