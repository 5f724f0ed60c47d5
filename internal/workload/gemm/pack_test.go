package gemm

import (
	"slices"
	"testing"
)

// TestPack shows the order in which kernels read: here panels of 4 and of 6
// lines, 2 numbers deep, from 7 lines of which the first is left out. Number 31
// is number 1 of line 3.
func TestPack(t *testing.T) {
	t.Parallel()
	deep := operand[float64]{stride: 3, deep: true, data: []float64{
		0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62, 70, 71, 72,
	}}
	wide := operand[float64]{stride: 8, data: []float64{
		0, 10, 20, 30, 40, 50, 60, 70,
		1, 11, 21, 31, 41, 51, 61, 71,
		2, 12, 22, 32, 42, 52, 62, 72,
	}}
	four := []float64{11, 21, 31, 41, 12, 22, 32, 42, 51, 61, 71, 0, 52, 62, 72, 0}
	six := []float64{11, 21, 31, 41, 51, 61, 12, 22, 32, 42, 52, 62, 71, 0, 0, 0, 0, 0, 72, 0, 0, 0, 0, 0}
	for _, from := range []operand[float64]{deep, wide} {
		for width, want := range map[int][]float64{4: four, 6: six} {
			stale := slices.Repeat([]float64{-1}, 30)
			part := panels{first: 1, count: 7, width: width, start: 1, depth: 2}
			if got := pack(stale, from, part); !slices.Equal(got, want) {
				t.Errorf("panels of %d, deep %v:\n%v, want\n%v", width, from.deep, got, want)
			}
		}
	}
}
