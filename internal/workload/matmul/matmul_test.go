package matmul

import (
	"fmt"
	"math"
	"testing"

	"turno"
	"turno/internal/workload"
)

func quiet(threads int) *workload.Env {
	return &workload.Env{Device: turno.DeviceCPU, Threads: threads, Log: discard{}, Progress: func(turno.Progress) {}}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// TestMultiply_AgainstPlainLoops uses sizes around the blocks' edges.
func TestMultiply_AgainstPlainLoops(t *testing.T) {
	t.Parallel()
	for _, s := range []struct{ m, k, n int }{{1, 1, 1}, {3, 5, 7}, {2, 2049, 3}, {1025, 3, 2}, {2, 3, 2050}} {
		p := Params{M: s.m, K: s.k, N: s.n, Seed: 7}
		x, err := newProduct[float64](t.Context(), quiet(1), p)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.multiply(t.Context(), func(float64) {}); err != nil {
			t.Fatal(err)
		}
		for i := range s.m {
			for j := range s.n {
				want := 0.0
				for l := range s.k {
					want += x.a[i*s.k+l] * x.b[l*s.n+j]
				}
				if math.Abs(want-x.c[i*s.n+j]) > 1e-12*float64(s.k) {
					t.Fatalf("%+v: c[%d][%d] is %g, want %g", s, i, j, x.c[i*s.n+j], want)
				}
			}
		}
	}
}

// TestVerify_Margin shows that right answers stay far below the tolerance, and
// that a wrong number much smaller than any in C is seen.
func TestVerify_Margin(t *testing.T) {
	t.Parallel()
	t.Run("float32", margin[float32])
	t.Run("float64", margin[float64])
}

func margin[T workload.Float](t *testing.T) {
	t.Parallel()
	for _, s := range []struct{ m, k, n int }{{64, 1, 64}, {1, 300, 1}, {300, 200, 100}, {50, 3000, 60}, {700, 64, 900}} {
		x, err := newProduct[T](t.Context(), quiet(2), Params{M: s.m, K: s.k, N: s.n, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := x.multiply(t.Context(), func(float64) {}); err != nil {
			t.Fatal(err)
		}
		v, _, err := x.verify(t.Context(), 1, 0)
		if err != nil || !v.Verified || v.Error > v.Tolerance/4 {
			t.Errorf("%+v: error %.3g, tolerance %.3g, %v", s, v.Error, v.Tolerance, err)
		}
		t.Logf("%+v: error %.2f units", s, v.Error/unit[T]())
		norm := math.Sqrt(float64(s.k)/3) * math.Sqrt(float64(s.k*s.n)/3)
		for _, wrong := range []T{T(norm * v.Tolerance * 4), T(math.NaN()), T(math.Inf(1))} {
			place := len(x.c) / 2
			right := x.c[place]
			x.c[place] += wrong
			if v, _, _ := x.verify(t.Context(), 1, 0); v.Verified {
				t.Errorf("%+v: a number that is wrong by %g passed: error %.3g", s, wrong, v.Error)
			}
			x.c[place] = right
		}
	}
}

func BenchmarkMultiply(b *testing.B) {
	for _, threads := range []int{1, 2} {
		for _, size := range []int{256, 1024, 2048} {
			b.Run(fmt.Sprintf("%d/threads=%d", size, threads), func(b *testing.B) {
				x, err := newProduct[float32](b.Context(), quiet(threads), Params{M: size, K: size, N: size})
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if err := x.multiply(b.Context(), func(float64) {}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(2*math.Pow(float64(size), 3)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	x, err := newProduct[float32](b.Context(), quiet(2), Params{M: 1024, K: 1024, N: 1024})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := x.verify(b.Context(), 0, 0); err != nil {
			b.Fatal(err)
		}
	}
}
