//go:build !race

// Under the race detector gemm's pools drop buffers on purpose.

package nn

import "testing"

func TestStep_AllocatesNothing(t *testing.T) {
	for _, c := range shapes {
		n := New(c, 8, 1)
		s := random(n, 1, 8)
		o := Optimiser{Method: Adam}
		o.Prepare(n)
		step := func() {
			n.Gradients(s.x, s.labels)
			o.Step(0.001)
		}
		if count := testing.AllocsPerRun(20, step); count != 0 {
			t.Errorf("%+v: %v allocations in a step", c, count)
		}
	}
}
