package vecadd

import (
	"testing"

	"turno/internal/workload"
)

func TestAddPiece_IsTheSumAtEachLengthAndOffset(t *testing.T) {
	t.Parallel()
	eachLength[float32](t)
	eachLength[float64](t)
}

func eachLength[T workload.Float](t *testing.T) {
	const most, beyond = 100, -7
	for n := range most {
		for offset := range 4 { // assembly is not told how its numbers are aligned
			a, b, c := make([]T, offset+n), make([]T, offset+n), make([]T, offset+n+1)
			for i := range a {
				a[i], b[i] = T(i)+0.25, T(3*i)-100
			}
			c[offset+n] = beyond
			addPiece(c[offset:offset+n], a[offset:], b[offset:])
			for i := offset; i < offset+n; i++ {
				if c[i] != a[i]+b[i] {
					t.Fatalf("%T, %d numbers from %d: number %d is %v, want %v", c[i], n, offset, i, c[i], a[i]+b[i])
				}
			}
			if c[offset+n] != beyond {
				t.Fatalf("%T, %d numbers from %d: wrote beyond them", c[0], n, offset)
			}
		}
	}
}
