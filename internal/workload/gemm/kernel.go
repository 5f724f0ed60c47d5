package gemm

import "sync"

// kernel computes one tile of C, and knows how large the blocks around it should
// be. Its fields are constant after construction, but for the pool.
type kernel[T Float] struct {
	name       string
	rows, cols int            // of a tile
	run        func(*tile[T]) // sets C = alpha*A*B + beta*C for one tile; at beta 0 without reading C
	blockDepth int            // of a block; a panel of B this deep fills half of the first cache
	blockRows  int            // of A in a block, which fills half of the second cache
	blockCols  int            // of B in a block, which fills a core's share of the third cache

	pool sync.Pool // of *workspace[T]
}

// tile is what a kernel works on. The assembly finds the fields by the names of
// tile32 and tile64, which have the same ones.
type tile[T Float] struct {
	a, b   []T // packed panels: depth times rows numbers, depth times cols numbers
	c      []T // from the tile's first element on
	stride int // of c
	depth  int // at least 1
	alpha  T
	beta   T
}

// workspace takes a workspace from the pool or makes one.
func (k *kernel[T]) workspace() *workspace[T] {
	if w, ok := k.pool.Get().(*workspace[T]); ok {
		return w
	}
	return &workspace[T]{edge: make([]T, k.rows*k.cols)}
}

// release gives a workspace back, without what refers to the caller's numbers.
func (k *kernel[T]) release(w *workspace[T]) {
	w.tile = tile[T]{}
	k.pool.Put(w)
}

// The kernels that run on this machine, the best one first and the one in Go
// last. Tests run them all.
var (
	kernels32 = append(machineKernels32(), goKernel[float32]())
	kernels64 = append(machineKernels64(), goKernel[float64]())
)

// kernels is kernels32 or kernels64.
func kernels[T Float]() []*kernel[T] {
	// Pointers, because a slice in an interface would be allocated.
	if list, ok := any(&kernels32).(*[]*kernel[T]); ok {
		return *list
	}
	return *any(&kernels64).(*[]*kernel[T])
}

// goKernel is the kernel for machines without a better one, and the one that the
// others are tested beside. Its tile's 16 sums and 8 factors fit the 32 registers
// of arm64. It does 3 to 4 GFLOP/s where the assembly does 40 to 90.
func goKernel[T Float]() *kernel[T] {
	return &kernel[T]{
		name: "go 4x4", rows: 4, cols: 4, run: runGo[T],
		// A panel of B is 4 or 8 KiB, blocks 128 KiB and 1 MiB, or twice that:
		// within any cache, as memory is no limit for a kernel this slow.
		blockDepth: 256,
		blockRows:  128,
		blockCols:  1024,
	}
}

// runGo is a kernel in plain Go.
func runGo[T Float](t *tile[T]) {
	var c [4][4]T
	a, b := t.a, t.b
	for len(a) >= 4 && len(b) >= 4 {
		b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
		for i := range 4 {
			c[i][0] += a[i] * b0
			c[i][1] += a[i] * b1
			c[i][2] += a[i] * b2
			c[i][3] += a[i] * b3
		}
		a, b = a[4:], b[4:]
	}
	for i := range c {
		row := t.c[i*t.stride:][:4]
		for j, sum := range c[i] {
			if t.beta == 0 {
				row[j] = t.alpha * sum
			} else {
				row[j] = t.alpha*sum + t.beta*row[j]
			}
		}
	}
}
