package nn

import "turno/internal/workload/gemm"

// dense is y = x·Wᵀ + b, and a ReLU unless it is the last layer.
type dense struct {
	net          *Net
	in, out      int
	last         bool
	weight, bias tensor

	x  []float32 // batch by in: the output of the layer before, or the caller's
	y  []float32 // batch by out
	dy []float32 // the gradient of y
	dx []float32 // where the gradient of x goes; nil: nowhere
}

func newDense(n *Net, in, out int) *dense {
	return &dense{net: n, in: in, out: out, y: make([]float32, n.batch*out+8), dy: make([]float32, n.batch*out+8)}
}

func (d *dense) forward(count int) {
	y := gemm.Dense(count, d.out, d.y)
	gemm.Multiply(y, gemm.Dense(count, d.in, d.x), gemm.Dense(d.out, d.in, d.weight.value).Transpose(), d.net.threads)
	bias := d.bias.value
	for i := range count {
		row := d.y[i*d.out:][:len(bias)]
		if d.last {
			for j, b := range bias {
				row[j] += b
			}
			continue
		}
		for j, b := range bias {
			row[j] = max(row[j]+b, 0)
		}
	}
}

// backward needs dy, and leaves the gradients of the weights and of x.
func (d *dense) backward(count int) {
	sums := d.bias.grad
	clear(sums)
	for i := range count {
		dy := d.dy[i*d.out:][:len(sums)]
		if !d.last {
			for j, y := range d.y[i*d.out:][:len(sums)] {
				if y == 0 {
					dy[j] = 0
				}
			}
		}
		for j, v := range dy {
			sums[j] += v
		}
	}
	dy, x := gemm.Dense(count, d.out, d.dy), gemm.Dense(count, d.in, d.x)
	gemm.Multiply(gemm.Dense(d.out, d.in, d.weight.grad), dy.Transpose(), x, d.net.threads)
	if d.dx != nil {
		gemm.Multiply(gemm.Dense(count, d.in, d.dx), dy, gemm.Dense(d.out, d.in, d.weight.value), d.net.threads)
	}
}
