package gemm

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/ebitengine/purego"

	"turno/internal/testenv"
)

// rounds of each side in turn; medians of them are compared.
const rounds = 11

// openBLAS multiplies two square matrices with OpenBLAS.
type openBLAS struct {
	sgemm   func(order, left, right, m, n, k int32, alpha float32, a *float32, lda int32, b *float32, ldb int32, beta float32, c *float32, ldc int32)
	threads func(n int32)
}

func loadOpenBLAS(b *testing.B) (o openBLAS) {
	testenv.Need(b, testenv.OpenBLASNeed)
	lib, err := purego.Dlopen("libopenblas.so.0", purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		b.Fatal(err)
	}
	purego.RegisterLibFunc(&o.sgemm, lib, "cblas_sgemm")
	purego.RegisterLibFunc(&o.threads, lib, "openblas_set_num_threads")
	return o
}

// BenchmarkBesideOpenBLAS multiplies in turn with OpenBLAS, in float32, and
// reports the ratio of the two: make bench-cpu.
func BenchmarkBesideOpenBLAS(b *testing.B) {
	const rowMajor, noTranspose = 101, 111
	o := loadOpenBLAS(b)
	for _, n := range []int{1024, 2048} {
		left, right := random[float32](n*n), random[float32](n*n)
		ours, theirs := make([]float32, n*n), make([]float32, n*n)
		for _, threads := range slices.Compact([]int{1, runtime.NumCPU()}) {
			b.Run(fmt.Sprintf("n=%d/threads=%d", n, threads), func(b *testing.B) {
				o.threads(int32(threads))
				size := int32(n)
				sides := [2]func(){
					func() { Multiply(Dense(n, n, ours), Dense(n, n, left), Dense(n, n, right), threads) },
					func() {
						o.sgemm(rowMajor, noTranspose, noTranspose, size, size, size, 1, &left[0], size, &right[0], size, 0, &theirs[0], size)
					},
				}
				rates := beside(sides, 2*float64(n)*float64(n)*float64(n)/1e9)
				for i, v := range ours {
					if d := v - theirs[i]; d > 1e-2 || d < -1e-2 {
						b.Fatalf("they differ at %d: %v and %v", i, v, theirs[i])
					}
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(median(rates[0]), "GFLOP/s")
				b.ReportMetric(median(rates[1]), "openblas-GFLOP/s")
				b.ReportMetric(median(rates[0])/median(rates[1]), "ratio")
			})
		}
	}
}

// beside runs two sides in turn, in alternating order, and says how much of
// amount each did a second.
func beside(sides [2]func(), amount float64) (rates [2][]float64) {
	sides[0]()
	sides[1]()
	for round := range rounds {
		for i := range sides {
			i ^= round & 1
			began := time.Now()
			sides[i]()
			rates[i] = append(rates[i], amount/time.Since(began).Seconds())
		}
	}
	return rates
}

func median(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
