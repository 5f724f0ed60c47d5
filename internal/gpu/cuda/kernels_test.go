package cuda_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/gpu/cuda/driver/drivertest"
	"turno/internal/gpu/cuda/kernel"
)

// bench runs single kernels on a SIMULATED device.
type bench struct {
	*testing.T
	s *cuda.Session
}

func newBench(t *testing.T) *bench {
	s, _ := begin(t, drivertest.Options{})
	b := &bench{t, s}
	t.Cleanup(func() { b.must(s.End()) })
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) launch(file, name string, grid, block cuda.Dim, arguments ...any) {
	b.Helper()
	m, err := b.s.Module(file, kernel.PTX(file))
	b.must(err)
	f, err := b.s.Function(m, name)
	b.must(err)
	b.must(b.s.Launch(f, grid, block, 0, arguments...))
}

func up[T cuda.Number](b *bench, values []T) driver.Ptr {
	b.Helper()
	p, err := cuda.Upload(b.Context(), b.s, values)
	b.must(err)
	return p
}

func room[T cuda.Number](b *bench, count int) driver.Ptr { return up(b, make([]T, count)) }

func down[T cuda.Number](b *bench, from driver.Ptr, count int) []T {
	b.Helper()
	into := make([]T, count)
	b.must(cuda.Download(b.Context(), b.s, into, from))
	return into
}

// block of 256 threads, what all these kernels are launched with.
var block = cuda.Dim{X: 256}

// TestPhilox_KnownAnswers are the authors' own (Random123, kat_vectors).
func TestPhilox_KnownAnswers(t *testing.T) {
	t.Parallel()
	zeros := [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}
	pi := [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}
	if got := philox(0, 0, 0); got != zeros {
		t.Fatalf("the reference of this test is wrong: %x", got)
	}
	if got := philox(0x85a308d3_243f6a88, 0x03707344_13198a2e, 0x299f31d0_a4093822); got != pi {
		t.Fatalf("the reference of this test is wrong: %x", got)
	}
	b := newBench(t)
	for _, n := range []int{0, 1, 5, 1027} {
		to := room[uint32](b, n)
		b.launch("random", "philox_u32", cuda.Dim{X: 2}, block, to, int64(n), uint64(0), uint64(0))
		for i, got := range down[uint32](b, to, n) {
			if want := philox(uint64(i/4), 0, 0)[i%4]; got != want {
				t.Fatalf("word %d of %d is %x, not %x", i, n, got, want)
			}
		}
	}
	to := room[uint32](b, 4)
	b.launch("random", "philox_u32", cuda.Dim{X: 1}, block, to, int64(4), uint64(0x299f31d0_a4093822), uint64(0x03707344_13198a2e))
	want := philox(0, 0x03707344_13198a2e, 0x299f31d0_a4093822)
	if got := down[uint32](b, to, 4); !slices.Equal(got, want[:]) {
		t.Errorf("%x, not %x", got, want)
	}
}

// philox is Philox 4x32-10 by its definition.
func philox(place, stream, seed uint64) [4]uint32 {
	c := [4]uint32{uint32(place), uint32(place >> 32), uint32(stream), uint32(stream >> 32)}
	k := [2]uint32{uint32(seed), uint32(seed >> 32)}
	for range 10 {
		a, b := uint64(0xd2511f53)*uint64(c[0]), uint64(0xcd9e8d57)*uint64(c[2])
		c = [4]uint32{uint32(b>>32) ^ c[1] ^ k[0], uint32(b), uint32(a>>32) ^ c[3] ^ k[1], uint32(a)}
		k[0] += 0x9e3779b9
		k[1] += 0xbb67ae85
	}
	return c
}

func TestPhilox_Distributions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const n = 40001
	to := room[float32](b, n)
	for _, c := range []struct {
		name                string
		mean, variance, low float64
	}{{"philox_uniform_f32", 0.5, 1.0 / 12, 0}, {"philox_normal_f32", 0, 1, -6}} {
		b.launch("random", c.name, cuda.Dim{X: 3}, block, to, int64(n), uint64(7), uint64(1))
		sum, squares := 0.0, 0.0
		for _, v := range down[float32](b, to, n) {
			if !(float64(v) >= c.low) || c.low == 0 && v >= 1 || v > 6 {
				t.Fatalf("%s makes %g", c.name, v)
			}
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		mean := sum / n
		// Five standard errors of either.
		if math.Abs(mean-c.mean) > 5*math.Sqrt(c.variance/n) || math.Abs(squares/n-mean*mean-c.variance) > 5*c.variance*math.Sqrt(2.0/n) {
			t.Errorf("%s: mean %g, variance %g", c.name, mean, squares/n-mean*mean)
		}
	}
}

func TestReduce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 255, 256, 257, 70001} {
		from := make([]float32, n)
		sum, squares, most := 0.0, 0.0, math.Inf(-1)
		for i := range from {
			from[i] = float32(r.NormFloat64())
			if i == n/2 {
				from[i] = math.MaxFloat32 // its square is no float32
			}
			v := float64(from[i])
			sum, squares, most = sum+v, squares+v*v, max(most, v)
		}
		x, part, last, largest := up(b, from), room[float64](b, 7), room[float64](b, 1), room[float32](b, 8)
		for name, want := range map[string]float64{"reduce_sum_f32": sum, "reduce_squares_f32": squares} {
			b.launch("reduce", name, cuda.Dim{X: 7}, block, part, x, int64(n))
			b.launch("reduce", "reduce_sum_f64", cuda.Dim{X: 1}, block, last, part, int64(7))
			if got := down[float64](b, last, 1)[0]; math.Abs(got-want) > 1e-12*math.Abs(want) {
				t.Errorf("%s of %d numbers is %g, not %g", name, n, got, want)
			}
		}
		b.launch("reduce", "reduce_max_f32", cuda.Dim{X: 7}, block, largest, x, int64(n))
		b.launch("reduce", "reduce_max_f32", cuda.Dim{X: 1}, block, largest+28, largest, int64(7))
		if got := float64(down[float32](b, largest+28, 1)[0]); got != most {
			t.Errorf("the largest of %d numbers is %g, not %g", n, got, most)
		}
	}
}

// TestReduce_WhatIsNoNumber: a NaN or an infinity among the numbers is seen.
func TestReduce_WhatIsNoNumber(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
		from := make([]float32, 1000)
		from[777] = bad
		x, part, largest := up(b, from), room[float64](b, 1), room[float32](b, 1)
		b.launch("reduce", "reduce_squares_f32", cuda.Dim{X: 1}, block, part, x, int64(1000))
		if got := down[float64](b, part, 1)[0]; got-got == 0 {
			t.Errorf("%g among the numbers: squares %g", bad, got)
		}
		b.launch("reduce", "reduce_max_f32", cuda.Dim{X: 1}, block, largest, x, int64(1000))
		if got := down[float32](b, largest, 1)[0]; bad != bad && got == got {
			t.Errorf("the largest beside a NaN is %g", got)
		}
	}
}

// TestSoftmax beside the definition in float64: one class and many, logits that
// exp of float32 cannot hold, equal ones.
func TestSoftmax(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		count, classes int
		scale          float64
	}{{1, 2, 1}, {9, 10, 3}, {8, 31, 1}, {17, 33, 1000}, {3, 4096, 1e4}, {5, 64, 0}} {
		t.Run(fmt.Sprintf("%dx%d", c.count, c.classes), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			r := rand.New(rand.NewPCG(3, uint64(c.classes)))
			logits, labels := make([]float32, c.count*c.classes), make([]int32, c.count)
			for i := range logits {
				logits[i] = float32(r.NormFloat64() * c.scale)
			}
			for i := range labels {
				labels[i] = int32(r.IntN(c.classes))
			}
			labels[0] = 0 // of equal ones the first is the largest
			grad, loss, right := room[float32](b, len(logits)), room[float32](b, c.count), room[int32](b, c.count)
			b.launch("nn", "nn_softmax", cuda.Dim{X: (c.count + 7) / 8}, block, grad, loss, right, up(b, logits), up(b, labels), int32(c.count), int32(c.classes))
			checkSoftmax(b, logits, labels, softmaxed{down[float32](b, grad, len(logits)), down[float32](b, loss, c.count), down[int32](b, right, c.count)})
		})
	}
}

type softmaxed struct {
	grad, loss []float32
	right      []int32
}

func checkSoftmax(t *bench, logits []float32, labels []int32, got softmaxed) {
	classes := len(logits) / len(labels)
	for i, label := range labels {
		row := logits[i*classes:][:classes]
		most := 0
		for j, v := range row {
			if v > row[most] {
				most = j
			}
		}
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(float64(v) - float64(row[most]))
		}
		loss := math.Log(sum) + float64(row[most]) - float64(row[label])
		if off := math.Abs(float64(got.loss[i]) - loss); off > 1e-5*max(1, loss) || (got.right[i] == 1) != (most == int(label)) {
			t.Errorf("sample %d: loss %g, right %d; want %g, %t", i, got.loss[i], got.right[i], loss, most == int(label))
		}
		for j, v := range row {
			want := math.Exp(float64(v)-float64(row[most])) / sum
			if j == int(label) {
				want--
			}
			want /= float64(len(labels))
			if off := math.Abs(float64(got.grad[i*classes+j]) - want); !(off <= 2e-6) {
				t.Fatalf("sample %d: gradient %d is %g, not %g", i, j, got.grad[i*classes+j], want)
			}
		}
	}
}
