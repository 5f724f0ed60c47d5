package gemm

import (
	"fmt"
	"testing"
)

// The benchmarks report GFLOP/s: 2*m*n*k operations, whatever the kernel does.
// testdata/openblas.c measures OpenBLAS in the same way and says how to compare.

func BenchmarkSgemm(b *testing.B) { benchmarkSquares[float32](b) }
func BenchmarkDgemm(b *testing.B) { benchmarkSquares[float64](b) }

func benchmarkSquares[T Float](b *testing.B) {
	for _, k := range kernels[T]() {
		for _, n := range []int{256, 1024, 1536, 2048} {
			if k.rows == 4 && n > 256 {
				continue // the kernel in Go would take seconds
			}
			square := Dense(n, n, random[T](n*n))
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("kernel=%s/n=%d/threads=%d", k.name, n, threads), func(b *testing.B) {
					benchmark(b, k, [2]Matrix[T]{square, square}, threads)
				})
			}
		}
	}
}

// BenchmarkTraining multiplies in the shapes of a layer of 784 by 128 with a
// batch of 64: forward, the gradient of the weights and that of the input.
func BenchmarkTraining(b *testing.B) {
	x := Dense(64, 784, random[float32](64*784))
	w := Dense(784, 128, random[float32](784*128))
	y := Dense(64, 128, random[float32](64*128))
	k := kernels[float32]()[0]
	b.Run("forward", func(b *testing.B) { benchmark(b, k, [2]Matrix[float32]{x, w}, 1) })
	b.Run("weights", func(b *testing.B) { benchmark(b, k, [2]Matrix[float32]{x.Transpose(), y}, 1) })
	b.Run("input", func(b *testing.B) { benchmark(b, k, [2]Matrix[float32]{y, w.Transpose()}, 1) })
}

func benchmark[T Float](b *testing.B, k *kernel[T], factors [2]Matrix[T], threads int) {
	left, right := factors[0], factors[1]
	m, depth := left.shape()
	_, n := right.shape()
	c := Dense(m, n, make([]T, m*n))
	scale := Scale[T]{Alpha: 1, Threads: threads}
	multiply(k, c, left, right, scale) // fills the pools
	b.ReportAllocs()
	for b.Loop() {
		multiply(k, c, left, right, scale)
	}
	operations := 2 * float64(m) * float64(n) * float64(depth) * float64(b.N)
	b.ReportMetric(operations/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
