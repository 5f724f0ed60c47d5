// Package gemm multiplies matrices on the CPU: C = alpha*A*B + beta*C for
// row-major float32 and float64, each operand transposed or not. It is what
// turno's CPU workloads spend their time in.
//
//	Multiply ─▶ grid: one rectangle of C per goroutine ─▶ blocks of the rectangle
//	         ─▶ pack B and A into panels ─▶ kernel: one tile of C in registers
//
// The blocking is Goto's and BLIS's (Goto and van de Geijn 2008, "Anatomy of
// High-Performance Matrix Multiplication"; Van Zee and van de Geijn 2015). The
// kernel is assembly where the CPU has AVX2 and FMA, and plain Go elsewhere.
//
// It is not a BLAS: there is one operation, no vectors, no complex numbers, no
// triangles. A product with a side of a few rows works, but is bound by packing.
//
// Concurrency: every call owns the goroutines it starts and has waited for them
// when it returns. Calls may run at the same time as long as none writes what
// another one uses. No state but pooled buffers survives a call.
//
// Determinism: the same kernel and operands give the same bits, whatever the
// number of threads; another kernel may round differently.
package gemm

import (
	"fmt"
	"sync"
)

// Float is what a matrix holds.
type Float interface{ float32 | float64 }

// Matrix is a view of numbers stored row by row: element (row, column) as
// stored is Data[row*Stride+column]. The view may be a part of a larger matrix.
type Matrix[T Float] struct {
	Rows, Cols int // as stored, before Transposed is applied
	Stride     int // numbers from one row's start to the next's, at least Cols
	Data       []T // at least (Rows-1)*Stride+Cols numbers, unless it is empty
	Transposed bool
}

// Dense is the matrix whose rows follow each other in data without gaps.
func Dense[T Float](rows, cols int, data []T) Matrix[T] {
	return Matrix[T]{Rows: rows, Cols: cols, Stride: cols, Data: data}
}

// Transpose is the same numbers, read with rows and columns exchanged. It
// copies no numbers.
func (m Matrix[T]) Transpose() Matrix[T] {
	m.Transposed = !m.Transposed
	return m
}

// shape is the number of rows and columns after transposition.
func (m Matrix[T]) shape() (rows, cols int) {
	if m.Transposed {
		return m.Cols, m.Rows
	}
	return m.Rows, m.Cols
}

// check panics unless the view lies inside its data.
func (m Matrix[T]) check(name string) {
	if m.Rows < 0 || m.Cols < 0 || m.Stride < m.Cols {
		panic(fmt.Sprintf("gemm: %s has %d rows, %d columns and stride %d", name, m.Rows, m.Cols, m.Stride))
	}
	if m.Rows == 0 || m.Cols == 0 {
		return
	}
	// By division, because (Rows-1)*Stride may overflow.
	spare := len(m.Data) - m.Cols
	if spare < 0 || m.Rows-1 > spare/m.Stride {
		panic(fmt.Sprintf("gemm: %s has %d rows and %d columns with stride %d, but only %d numbers",
			name, m.Rows, m.Cols, m.Stride, len(m.Data)))
	}
}

// Scale is how a product meets what C held before, and what it may use.
type Scale[T Float] struct {
	Alpha   T   // factor of A*B; at 0, A and B are not read
	Beta    T   // factor of what C held; at 0, C is not read, so its NaNs vanish
	Threads int // goroutines at most, at least 1; small products use fewer
}

// Multiply sets C = A*B. See MultiplyScaled.
func Multiply[T Float](c, a, b Matrix[T], threads int) {
	MultiplyScaled(c, a, b, Scale[T]{Alpha: 1, Threads: threads})
}

// MultiplyScaled sets C = Alpha*A*B + Beta*C, where A is m by k, B is k by n and
// C is m by n after transposition; any of m, n, k may be 0. C must not overlap A
// or B. With one thread it allocates nothing once its buffers are pooled; with
// more, a few hundred bytes per goroutine.
//
// It panics if the shapes do not fit, if a matrix reaches beyond its data, or if
// Threads is less than 1: these are mistakes of the caller, like an index out of
// range. Check sizes that come from outside before calling.
func MultiplyScaled[T Float](c, a, b Matrix[T], scale Scale[T]) {
	multiply(kernels[T]()[0], c, a, b, scale)
}

// KernelName says which kernel multiplies numbers of type T on this machine,
// and its tile of C in rows by columns, such as "avx2 6x16" or "go 4x4".
func KernelName[T Float]() string { return kernels[T]()[0].name }

// multiply is MultiplyScaled on a given kernel: the seam for tests.
func multiply[T Float](k *kernel[T], c, a, b Matrix[T], scale Scale[T]) {
	check(c, a, b, scale.Threads)
	if c.Transposed { // Cᵀ = Bᵀ·Aᵀ
		c, a, b = c.Transpose(), b.Transpose(), a.Transpose()
	}
	_, depth := a.shape()
	if c.Rows == 0 || c.Cols == 0 {
		return
	}
	if depth == 0 || scale.Alpha == 0 {
		scaleRows(c, scale.Beta)
		return
	}
	p := product[T]{
		kernel: k, c: c, depth: depth, alpha: scale.Alpha, beta: scale.Beta,
		a: operand[T]{data: a.Data, stride: a.Stride, deep: !a.Transposed},
		b: operand[T]{data: b.Data, stride: b.Stride, deep: b.Transposed},
	}
	grid := p.split(scale.Threads)
	if grid.parts() == 1 {
		p.run(rectangle{rows: c.Rows, cols: c.Cols})
		return
	}
	p.runAll(grid)
}

// runAll computes every part of the grid, the first one on the caller's
// goroutine, and returns when all are done.
func (p product[T]) runAll(grid grid) {
	var wait sync.WaitGroup
	for i := 1; i < grid.parts(); i++ {
		wait.Go(func() { p.run(grid.part(i)) })
	}
	p.run(grid.part(0))
	wait.Wait()
}

// check panics unless the three matrices make a product.
func check[T Float](c, a, b Matrix[T], threads int) {
	a.check("A")
	b.check("B")
	c.check("C")
	m, k := a.shape()
	depth, n := b.shape()
	rows, cols := c.shape()
	if k != depth || m != rows || n != cols {
		panic(fmt.Sprintf("gemm: A is %d by %d, B is %d by %d, C is %d by %d", m, k, depth, n, rows, cols))
	}
	if threads < 1 {
		panic(fmt.Sprintf("gemm: %d threads", threads))
	}
}

// scaleRows sets C = beta*C, without reading C at beta 0.
func scaleRows[T Float](c Matrix[T], beta T) {
	for i := range c.Rows {
		row := c.Data[i*c.Stride:][:c.Cols]
		switch beta {
		case 0:
			clear(row)
		case 1:
		default:
			for j := range row {
				row[j] *= beta
			}
		}
	}
}
