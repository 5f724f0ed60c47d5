package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// problem is one product to try, in sizes and factors.
type problem struct {
	m, n, k    int
	alpha      float64
	beta       float64
	transposed [3]bool // C, A, B
	gap        int     // numbers between rows
	threads    int
}

// variants goes through every combination of everything but the sizes, which
// stay as they are: variant i of as many as there are.
func (p problem) variant(i int) problem {
	const factors = 3
	values := [factors]float64{0, 1, -0.5}
	next := func(n int) int { digit := i % n; i /= n; return digit }
	p.threads = 1 + next(4)
	p.alpha, p.beta = values[next(factors)], values[next(factors)]
	for operand := range p.transposed {
		p.transposed[operand] = next(2) == 1
	}
	p.gap = 3 * next(2)
	return p
}

const variants = 4 * 3 * 3 * 8 * 2

// poison fills what must not be read or written: a NaN, so that one read of it
// spoils the result, and one number written over it shows.
func poison[T Float]() T { return T(math.NaN()) }

// shape is what matrix needs to know.
type shape struct {
	rows, cols int // after transposition
	transposed bool
	gap        int // numbers between rows
}

// matrix makes a random matrix, with poison in the gaps between its rows.
func matrix[T Float](r *rand.Rand, s shape) Matrix[T] {
	if s.transposed {
		s.rows, s.cols = s.cols, s.rows
	}
	m := Matrix[T]{Rows: s.rows, Cols: s.cols, Stride: s.cols + s.gap, Transposed: s.transposed}
	m.Data = slices.Repeat([]T{poison[T]()}, m.Rows*m.Stride)
	for i := range m.Rows {
		for j := range m.Cols {
			m.Data[i*m.Stride+j] = T(r.Float64() - 0.5)
		}
	}
	return m
}

func random[T Float](count int) []T {
	return matrix[T](rand.New(rand.NewPCG(1, uint64(count))), shape{rows: 1, cols: count}).Data
}

func (m Matrix[T]) at(row, col int) float64 {
	if m.Transposed {
		row, col = col, row
	}
	return float64(m.Data[row*m.Stride+col])
}

// lines are the rows of m after transposition.
func (m Matrix[T]) lines() [][]float64 {
	rows, cols := m.shape()
	lines := make([][]float64, rows)
	for i := range lines {
		lines[i] = make([]float64, cols)
		for j := range lines[i] {
			lines[i][j] = m.at(i, j)
		}
	}
	return lines
}

func (m Matrix[T]) clone() Matrix[T] {
	m.Data = slices.Clone(m.Data)
	return m
}

// epsilon is the distance from 1 to the next number.
func epsilon[T Float]() float64 {
	if T(1)+T(1e-10) == 1 {
		return 0x1p-23
	}
	return 0x1p-52
}

// trial is a product done, or about to be.
type trial[T Float] struct {
	problem
	c, before, a, b Matrix[T] // before: what C held, or would hold without beta 0
}

// try multiplies on a kernel and compares C with plain sums.
func try[T Float](t *testing.T, kernel *kernel[T], p problem) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(p.m), uint64(p.n*1000+p.k)))
	done := trial[T]{
		problem: p,
		a:       matrix[T](r, shape{p.m, p.k, p.transposed[1], p.gap}),
		b:       matrix[T](r, shape{p.k, p.n, p.transposed[2], p.gap}),
		before:  matrix[T](r, shape{p.m, p.n, p.transposed[0], p.gap}),
	}
	c := done.before.clone()
	if p.beta == 0 {
		for i := range c.Data {
			c.Data[i] = poison[T]()
		}
	}
	multiply(kernel, c, done.a, done.b, Scale[T]{Alpha: T(p.alpha), Beta: T(p.beta), Threads: p.threads})
	for i, v := range c.Data {
		if i%c.Stride >= c.Cols && v == v {
			t.Fatalf("%+v: wrote %v to the gap behind row %d", p, v, i/c.Stride)
		}
	}
	done.c = c
	if err := done.compare(); err != nil {
		t.Fatalf("%+v: %v", p, err)
	}
}

// compare compares each element with a sum in float64. It may be off by what
// rounding can do: half an epsilon of the sum of the magnitudes for each
// operation, in the kernel and in the sum here.
//
// It is most of these tests' time under the race detector, which has seen C read
// by then: try reads all of it first.
//
//go:norace
func (d trial[T]) compare() error {
	rows, cols := d.a.lines(), d.b.Transpose().lines()
	for i, row := range rows {
		for j, col := range cols {
			sum, size := 0.0, 0.0
			for l, v := range row {
				sum, size = sum+v*col[l], size+math.Abs(v*col[l])
			}
			old := d.beta * d.before.at(i, j)
			want := d.alpha*sum + old
			bound := float64(d.k+3) * epsilon[T]() * (math.Abs(d.alpha)*size + math.Abs(old))
			if got := d.c.at(i, j); !(math.Abs(got-want) <= bound) {
				return fmt.Errorf("C[%d,%d] is %v, want %v within %v", i, j, got, want, bound)
			}
		}
	}
	return nil
}

// eachKernel runs a test on every kernel of this machine, also with blocks so
// small that small matrices have several.
func eachKernel(t *testing.T, single func(*testing.T, *kernel[float32]), double func(*testing.T, *kernel[float64])) {
	t.Parallel()
	t.Run("float32", func(t *testing.T) { eachKernelOf(t, single) })
	t.Run("float64", func(t *testing.T) { eachKernelOf(t, double) })
}

func eachKernelOf[T Float](t *testing.T, test func(*testing.T, *kernel[T])) {
	t.Parallel()
	for _, k := range kernels[T]() {
		small := &kernel[T]{
			name: k.name + " in small blocks", rows: k.rows, cols: k.cols, run: k.run,
			blockDepth: 5, blockRows: 2 * k.rows, blockCols: 2 * k.cols,
		}
		for _, k := range []*kernel[T]{k, small} {
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				test(t, k)
			})
		}
	}
}

func TestMultiply_AllSmallSizes(t *testing.T) { eachKernel(t, allSmallSizes, allSmallSizes) }

func allSmallSizes[T Float](t *testing.T, k *kernel[T]) {
	i := 0
	for m := range 21 {
		for n := range 21 {
			for depth := range 21 {
				// The 9261 sizes pass each of the 576 variants 16 times; 5 is prime
				// to 576, so that neighbouring sizes differ in more than one thing.
				try(t, k, problem{m: m, n: n, k: depth}.variant(5*i%variants))
				i++
			}
		}
	}
}

func TestMultiply_AllVariants(t *testing.T) { eachKernel(t, allVariants, allVariants) }

func allVariants[T Float](t *testing.T, k *kernel[T]) {
	for i := range variants {
		try(t, k, problem{m: 13, n: 35, k: 11}.variant(i))
	}
}

// TestMultiply_AroundEdges has sizes just below, at and above multiples of tiles
// and blocks, large enough for several goroutines.
func TestMultiply_AroundEdges(t *testing.T) { eachKernel(t, aroundEdges, aroundEdges) }

func aroundEdges[T Float](t *testing.T, k *kernel[T]) {
	sizes := [][3]int{
		{5, 15, 255}, {6, 16, 256}, {7, 17, 257}, {193, 17, 257}, {191, 193, 9}, {192, 96, 33},
		{95, 97, 66}, {97, 95, 65}, {128, 64, 129}, {1, 193, 513}, {193, 1, 511}, {7, 1025, 3},
		{6, 2049, 5}, {385, 31, 2},
	}
	for i, s := range sizes {
		for _, step := range []int{0, 131} {
			p := problem{m: s[0], n: s[1], k: s[2]}.variant((37*i + step) % variants)
			p.threads = 1 + i%4
			if p.alpha == 0 {
				p.alpha = 1 // AllVariants has tried 0
			}
			try(t, k, p)
		}
	}
}

func TestMultiply_SameBitsForAnyThreads(t *testing.T) { eachKernel(t, sameBits, sameBits) }

func sameBits[T Float](t *testing.T, k *kernel[T]) {
	r := rand.New(rand.NewPCG(7, 7))
	a, b := matrix[T](r, shape{rows: 151, cols: 70}), matrix[T](r, shape{rows: 70, cols: 203})
	start := matrix[T](r, shape{rows: 151, cols: 203})
	var want []T
	for threads := 1; threads <= 8; threads++ {
		c := start.clone()
		multiply(k, c, a, b, Scale[T]{Alpha: 0.7, Beta: -0.3, Threads: threads})
		if threads == 1 {
			want = c.Data
		} else if !slices.Equal(c.Data, want) {
			t.Errorf("%d threads give other bits than one", threads)
		}
	}
}

func TestMultiply_NotANumber(t *testing.T) { eachKernel(t, notANumber, notANumber) }

// notANumber is about what beta and alpha of 0 hide and what nothing may hide.
// That beta 0 hides a NaN in C, and that no gap is read, try tests everywhere.
func notANumber[T Float](t *testing.T, k *kernel[T]) {
	nan, minusZero := T(math.NaN()), T(math.Copysign(0, -1))
	ones, nans := slices.Repeat([]T{1}, 40*40), slices.Repeat([]T{nan}, 40*40)
	cases := []struct {
		name        string
		a, c        []T
		alpha, beta T
		want        T
	}{
		{"alpha 0 does not read A", nans, ones, 0, 1, 1},
		{"alpha 0 and beta 0 read nothing", nans, nans, 0, 0, 0},
		{"beta -0 does not read C", ones, nans, 1, minusZero, 40},
		{"beta NaN is not 0", ones, ones, 1, nan, nan},
		{"alpha NaN is not 0", ones, ones, nan, 1, nan},
		{"a NaN in A arrives", nans, ones, 1, 0, nan},
		{"a NaN in C stays at beta 1", ones, nans, 1, 1, nan},
	}
	for _, test := range cases {
		c := Dense(40, 40, slices.Clone(test.c))
		multiply(k, c, Dense(40, 40, test.a), Dense(40, 40, ones), Scale[T]{test.alpha, test.beta, 1})
		for i, got := range c.Data {
			if got != test.want && (got == got || test.want == test.want) {
				t.Errorf("%s: number %d is %v, want %v", test.name, i, got, test.want)
				break
			}
		}
	}
}

func TestMultiply_ManyAtOnce(t *testing.T) {
	t.Parallel()
	const n = 80
	a, b := Dense(n, n, random[float32](n*n)), Dense(n, n, random[float32](n*n + 1)[:n*n])
	want := Dense(n, n, make([]float32, n*n))
	Multiply(want, a, b, 1)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			got := Dense(n, n, make([]float32, n*n))
			Multiply(got, a, b, 2)
			if !slices.Equal(got.Data, want.Data) {
				t.Error("products at the same time disturb each other")
			}
		})
	}
	wait.Wait()
}

func TestMultiply_Panics(t *testing.T) {
	t.Parallel()
	four := make([]float64, 4)
	ok := Dense(2, 2, four)
	cases := []struct {
		name    string
		c, a, b Matrix[float64]
		threads int
		want    string
	}{
		{"inner sizes differ", ok, Dense(2, 1, four), ok, 1, "A is 2 by 1, B is 2 by 2, C is 2 by 2"},
		{"rows differ", Dense(1, 2, four), ok, ok, 1, "C is 1 by 2"},
		{"columns differ", ok, ok, Dense(2, 1, four), 1, "B is 2 by 1"},
		{"differ once transposed", ok, ok, Dense(2, 1, four).Transpose(), 1, "B is 1 by 2"},
		{"negative rows", ok, Dense(-1, 2, four), ok, 1, "A has -1 rows"},
		{"negative columns", ok, ok, Dense(2, -1, four), 1, "B has 2 rows, -1 columns"},
		{"stride below columns", Matrix[float64]{2, 2, 1, four, false}, ok, ok, 1, "C has 2 rows, 2 columns and stride 1"},
		{"too few numbers", ok, ok, Dense(2, 2, four[:3]), 1, "B has 2 rows and 2 columns with stride 2, but only 3"},
		{"fewer than a row", ok, Dense(1, 5, four), ok, 1, "only 4 numbers"},
		{"sizes that overflow", ok, Matrix[float64]{math.MaxInt, 2, math.MaxInt / 2, four, false}, ok, 1, "only 4 numbers"},
		{"no threads", ok, ok, ok, 0, "0 threads"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, "gemm: ") || !strings.Contains(got, test.want) {
					t.Errorf("panic %q, want %q", got, test.want)
				}
			}()
			Multiply(test.c, test.a, test.b, test.threads)
		})
	}
}

func TestKernelName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{KernelName[float32](), KernelName[float64]()} {
		if name != "go 4x4" && name != "avx2 6x16" && name != "avx2 6x8" {
			t.Errorf("kernel %q is not documented", name)
		}
	}
}
