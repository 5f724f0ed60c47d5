package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// shapes have sides, channels and widths that are no multiple of any tile, odd
// pictures, one block and two, and dense layers of any number.
var shapes = []Config{
	{Height: 1, Width: 5, Classes: 2},
	{Height: 1, Width: 13, Hidden: []int{7}, Classes: 3},
	{Height: 6, Width: 4, Hidden: []int{9, 5}, Classes: 4},
	{Height: 9, Width: 7, Channels: []int{3}, Classes: 3},
	{Height: 6, Width: 21, Channels: []int{5}, Hidden: []int{6}, Classes: 3},
	{Height: 12, Width: 14, Channels: []int{4, 6}, Hidden: []int{8}, Classes: 5},
	{Height: 28, Width: 28, Channels: []int{2, 5, 3}, Hidden: []int{4}, Classes: 10},
}

func allKernels() []*kernels {
	list := []*kernels{goKernels()}
	if best.name != "go" {
		list = append(list, best)
	}
	return list
}

type sample struct {
	x      []float32
	labels []int32
}

func random(n *Net, seed uint64, count int) sample {
	r := rand.New(rand.NewPCG(seed, 1))
	n.Init(func(int) float64 { return 2*r.Float64() - 1 })
	for _, p := range n.params { // biases too
		if p.fanIn == 0 {
			for i := p.Low; i < p.High; i++ {
				n.Weights[i] = float32(r.NormFloat64() / 4)
			}
		}
	}
	s := sample{x: make([]float32, count*n.Inputs()), labels: make([]int32, count)}
	for i := range s.x {
		s.x[i] = float32(r.NormFloat64())
	}
	for i := range s.labels {
		s.labels[i] = int32(r.IntN(n.Classes))
	}
	return s
}

func wide(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

// meanLoss by Reference.
func meanLoss(c Config, weights []float64, s sample) float64 {
	total := 0.0
	for i, label := range s.labels {
		logits := Reference(c, weights, wide(s.x[i*c.Inputs():][:c.Inputs()]))
		sum := 0.0
		for _, v := range logits {
			sum += math.Exp(v - logits[label])
		}
		total += math.Log(sum)
	}
	return total / float64(len(s.labels))
}

func TestLogits_AreTheReference(t *testing.T) {
	t.Parallel()
	for _, k := range allKernels() {
		for _, c := range shapes {
			n := newNet(c, 11, 2, k)
			s := random(n, 3, 11)
			for _, count := range []int{11, 1, 6} {
				logits := n.Logits(s.x, count)
				for i := range count {
					want := Reference(c, wide(n.Weights), wide(s.x[i*c.Inputs():][:c.Inputs()]))
					for j, w := range want {
						if off := math.Abs(w - float64(logits[i*c.Classes+j])); off > 1e-4*max(1, math.Abs(w)) {
							t.Fatalf("%s, %+v: logit %d of sample %d of %d is %g, not %g", k.name, c, j, i, count, logits[i*c.Classes+j], w)
						}
					}
				}
			}
		}
	}
}

// TestGradients_AreFiniteDifferences differentiates the reference's loss by
// each weight, or by some hundred of many, with central differences in float64:
// their error is some 1e-9, so what remains is float32's. A weight at which a
// ReLU or a maximum changes between the two points has no derivative there;
// two widths of the difference that disagree tell.
func TestGradients_AreFiniteDifferences(t *testing.T) {
	t.Parallel()
	for _, k := range allKernels() {
		for _, c := range shapes {
			t.Run(fmt.Sprintf("%s/%dx%d_%v_%v", k.name, c.Height, c.Width, c.Channels, c.Hidden), func(t *testing.T) {
				t.Parallel()
				n := newNet(c, 9, 1, k)
				s := random(n, 5, 6)
				loss, _ := n.Gradients(s.x, s.labels)
				weights := wide(n.Weights)
				if want := meanLoss(c, weights, s); math.Abs(loss/6-want) > 1e-5 {
					t.Fatalf("mean loss %g, not %g", loss/6, want)
				}
				checked, kinks := 0, 0
				for i := 0; i < c.Weights(); i += 1 + c.Weights()/300 {
					slope := func(eps float64) float64 {
						at := weights[i]
						defer func() { weights[i] = at }()
						weights[i] = at + eps
						up := meanLoss(c, weights, s)
						weights[i] = at - eps
						return (up - meanLoss(c, weights, s)) / (2 * eps)
					}
					want := slope(1e-5)
					if math.Abs(want-slope(3e-6)) > 1e-6 {
						kinks++
						continue
					}
					checked++
					if got := float64(n.Grads[i]); math.Abs(got-want) > 2e-5*max(1, math.Abs(want)) {
						t.Fatalf("the gradient of weight %d is %g, not %g", i, got, want)
					}
				}
				if kinks*20 > checked {
					t.Errorf("%d kinks beside %d weights checked", kinks, checked)
				}
			})
		}
	}
}

func TestTraining_ThreadsDoNotMatter(t *testing.T) {
	t.Parallel()
	for _, method := range []string{SGD, Adam} {
		for _, c := range shapes {
			var want []float32
			for _, threads := range []int{1, 2, 5} {
				n := New(c, 21, threads)
				o := Optimiser{Method: method, Momentum: 0.9, Decay: 1e-3}
				o.Prepare(n)
				s := random(n, 8, 21)
				for range 5 {
					n.Gradients(s.x, s.labels)
					o.Step(0.01)
				}
				if want == nil {
					want = slices.Clone(n.Weights)
				}
				if !slices.Equal(want, n.Weights) {
					t.Fatalf("%s, %+v: %d threads give other weights than one", method, c, threads)
				}
			}
		}
	}
}

func TestOptimiser_IsTheFormula(t *testing.T) {
	t.Parallel()
	for _, k := range allKernels() {
		for _, method := range []string{SGD, Adam} {
			n := newNet(Config{Height: 1, Width: 13, Hidden: []int{7}, Classes: 3}, 1, 1, k)
			random(n, 1, 1)
			o := Optimiser{Method: method, Momentum: 0.9, Decay: 0.01}
			o.Prepare(n)
			w := wide(n.Weights)
			m, v := make([]float64, len(w)), make([]float64, len(w))
			for step := 1; step <= 4; step++ {
				for i := range n.Grads {
					n.Grads[i] = float32(math.Sin(float64(i * step)))
				}
				o.Step(0.05)
				for i := range w {
					g := float64(n.Grads[i]) + 0.01*w[i]
					if method == SGD {
						m[i] = 0.9*m[i] + g
						w[i] -= 0.05 * m[i]
						continue
					}
					m[i] = 0.9*m[i] + 0.1*g
					v[i] = 0.999*v[i] + 0.001*g*g
					w[i] -= 0.05 * m[i] / (1 - math.Pow(0.9, float64(step))) / (math.Sqrt(v[i]/(1-math.Pow(0.999, float64(step)))) + 1e-8)
				}
			}
			for i := range w {
				if math.Abs(w[i]-float64(n.Weights[i])) > 1e-5 {
					t.Errorf("%s %s: weight %d is %g, not %g", k.name, method, i, n.Weights[i], w[i])
				}
			}
		}
	}
}

func TestKernels_AgreeInPooling(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for count := 1; count < 20; count++ {
		const rows = 3
		wideRow := 2*count + 3
		in := make([]float32, 2*rows*wideRow+32)
		for i := range in {
			in[i] = float32(r.IntN(5)) - 2 // with equals
		}
		type out struct {
			small, wide []float32
			which       []int32
			sum         float32
		}
		var outs []out
		for _, k := range allKernels() {
			o := out{make([]float32, rows*(count+1)+8), make([]float32, len(in)), make([]int32, rows*count+8), 0}
			p := pooling{wide: in, small: o.small, which: o.which, wideRow: 4 * wideRow, smallRow: 4 * (count + 1), rows: rows, count: count, bias: 0.5}
			p.setTails()
			k.pool(&p)
			p.wide = o.wide
			k.unpool(&p)
			o.sum = p.sum
			outs = append(outs, o)
		}
		for _, o := range outs[1:] {
			if !slices.Equal(o.small, outs[0].small) || !slices.Equal(o.which, outs[0].which) || !slices.Equal(o.wide, outs[0].wide) || o.sum != outs[0].sum {
				t.Errorf("%d numbers in a row: kernels disagree", count)
			}
		}
	}
}

func TestCheck_RefusesNonsense(t *testing.T) {
	t.Parallel()
	good := Config{Height: 28, Width: 28, Channels: []int{4}, Hidden: []int{5}, Classes: 10}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(*Config){
		func(c *Config) { c.Height = 0 },
		func(c *Config) { c.Width = -28 },
		func(c *Config) { c.Height, c.Width = 1<<62, 4 },
		func(c *Config) { c.Classes = 1 },
		func(c *Config) { c.Classes = 1 << 40 },
		func(c *Config) { c.Channels = []int{0} },
		func(c *Config) { c.Channels = []int{1 << 50} },
		func(c *Config) { c.Channels = []int{2, 2, 2, 2, 2} },
		func(c *Config) { c.Height, c.Channels = 1, []int{2} },
		func(c *Config) { c.Hidden = []int{8192, 8192, 8192, 8192} },
		func(c *Config) { c.Hidden = []int{-1} },
	} {
		c := good
		change(&c)
		if err := c.Check(); err == nil {
			t.Errorf("%+v passes", c)
		}
	}
}
