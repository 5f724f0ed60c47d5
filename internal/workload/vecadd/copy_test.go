package vecadd

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"turno/internal/workload"
)

// rounds of each side in turn; medians of them are compared.
const rounds = 21

// BenchmarkBesideCopy adds vectors in turn with a plain copy of memory by as
// many threads, and reports the ratio of the bytes that both move a second, read
// and written: make bench-cpu.
func BenchmarkBesideCopy(b *testing.B) {
	const n = 1 << 25 // 128 MiB each: no cache holds them
	x, y, z := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range x {
		x[i], y[i], z[i] = float32(i), 1, 2
	}
	for _, threads := range slices.Compact([]int{1, runtime.NumCPU()}) {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			sides := [2]struct {
				bytes float64
				run   func() error
			}{
				{3 * 4 * n, func() error { return add(b.Context(), z, x, y, threads) }},
				{2 * 4 * n, func() error {
					return workload.Parallel(b.Context(), threads, n, piece, func(low, high int) { copy(z[low:high], x[low:high]) })
				}},
			}
			var rates [2][]float64
			for round := range rounds {
				for i := range sides {
					i ^= round & 1
					began := time.Now()
					if err := sides[i].run(); err != nil {
						b.Fatal(err)
					}
					rates[i] = append(rates[i], sides[i].bytes/1e9/time.Since(began).Seconds())
				}
			}
			ours, theirs := median(rates[0]), median(rates[1])
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ours, "GB/s")
			b.ReportMetric(theirs, "copy-GB/s")
			b.ReportMetric(ours/theirs, "ratio")
		})
	}
}

func median(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
