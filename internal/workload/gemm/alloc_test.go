//go:build !race

// Under the race detector sync.Pool drops buffers on purpose, so that there is
// nothing to count.

package gemm

import "testing"

func TestMultiply_OneThreadAllocatesNothing(t *testing.T) {
	const n = 65 // with tiles at the edges
	c, a, b := Dense(n, n, make([]float32, n*n)), Dense(n, n, random[float32](n*n)), Dense(n, n, random[float32](n*n))
	if count := testing.AllocsPerRun(100, func() { Multiply(c, a, b, 1) }); count != 0 {
		t.Errorf("%v allocations per product", count)
	}
}
