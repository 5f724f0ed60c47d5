package nn

import "testing"

// BenchmarkStep is a training step of 64 samples with Adam, on one thread.
func BenchmarkStep(b *testing.B) {
	for name, c := range map[string]Config{
		"mlp":  {Height: 28, Width: 28, Hidden: []int{128}, Classes: 10},
		"conv": {Height: 28, Width: 28, Channels: []int{16, 32}, Hidden: []int{128}, Classes: 10},
	} {
		b.Run(name, func(b *testing.B) {
			n := New(c, 64, 1)
			s := random(n, 1, 64)
			o := Optimiser{Method: Adam}
			o.Prepare(n)
			b.ReportAllocs()
			for b.Loop() {
				n.Gradients(s.x, s.labels)
				o.Step(0.001)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
