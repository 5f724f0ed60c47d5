package gpunet_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver/drivertest"
	"turno/internal/workload"
	"turno/internal/workload/gpunet"
	"turno/internal/workload/nn"
)

// on gives do a session on a SIMULATED device: the kernels are turno's own, run
// on the CPU.
func on(t *testing.T, do func(s *cuda.Session) error) {
	t.Helper()
	fake := drivertest.New(t, drivertest.Options{})
	env := &workload.Env{Device: turno.DeviceGPU, GPU: drivertest.UUID, CUDA: cuda.New(cuda.Loader{CUDA: fake.CUDA, BLASLt: fake.BLASLt})}
	if err := env.OnGPU(do); err != nil {
		t.Fatal(err)
	}
}

// shapes have sides, channels and widths around the tiles' edges and beyond,
// sides of one and odd ones, where a row and a column are in no window.
var shapes = []nn.Config{
	{Height: 1, Width: 1, Classes: 2},
	{Height: 1, Width: 13, Hidden: []int{7}, Classes: 3},
	{Height: 6, Width: 4, Hidden: []int{33, 130}, Classes: 70},
	{Height: 2, Width: 2, Channels: []int{1}, Classes: 2},
	{Height: 9, Width: 7, Channels: []int{3}, Classes: 3},
	{Height: 13, Width: 15, Channels: []int{4, 6}, Hidden: []int{8}, Classes: 5},
	{Height: 16, Width: 17, Channels: []int{33, 2, 5}, Hidden: []int{4}, Classes: 10},
}

// libraries that do the dense layers' products.
var libraries = []string{"own", "cublas"}

type samples struct {
	x      []float32
	labels []int32
}

func random(n *nn.Net, count int) samples {
	r := rand.New(rand.NewPCG(uint64(count), 1))
	n.Init(func(int) float64 { return 2*r.Float64() - 1 })
	for _, p := range n.Params() {
		if len(p.Shape) == 1 {
			for i := p.Low; i < p.High; i++ {
				n.Weights[i] = float32(r.NormFloat64() / 4)
			}
		}
	}
	s := samples{x: make([]float32, count*n.Inputs()), labels: make([]int32, count)}
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

func TestLogits_AreTheReference(t *testing.T) {
	t.Parallel()
	for i, c := range shapes {
		for _, count := range []int{1, 9} {
			library := libraries[(i+count)%2]
			t.Run(fmt.Sprintf("%dx%d_%v_%v/%d_%s", c.Height, c.Width, c.Channels, c.Hidden, count, library), func(t *testing.T) {
				t.Parallel()
				host := nn.New(c, 1, 1)
				in := random(host, count)
				got := make([]float32, count*c.Classes)
				on(t, func(s *cuda.Session) error {
					net, err := gpunet.New(t.Context(), s, c, host.Weights, gpunet.Use{Batch: count, Library: library})
					if err != nil {
						return err
					}
					x, err := cuda.Upload(t.Context(), s, in.x)
					if err != nil {
						return err
					}
					y, err := s.Alloc(int64(4 * len(got)))
					if err != nil {
						return err
					}
					if err := net.Logits(y, x, count); err != nil {
						return err
					}
					return cuda.Download(t.Context(), s, got, y)
				})
				for i := range count {
					for j, want := range nn.Reference(c, wide(host.Weights), wide(in.x[i*c.Inputs():][:c.Inputs()])) {
						if off := math.Abs(want - float64(got[i*c.Classes+j])); !(off <= 1e-5*max(1, math.Abs(want))) {
							t.Fatalf("logit %d of sample %d is %g, not %g", j, i, got[i*c.Classes+j], want)
						}
					}
				}
			})
		}
	}
}

// TestEpoch_IsThatOfTheCPU: whole epochs with a last batch that is smaller,
// beside package nn, whose gradients are held against finite differences: the
// weights, the optimiser's state, the losses and the hits.
func TestEpoch_IsThatOfTheCPU(t *testing.T) {
	t.Parallel()
	for i, c := range shapes {
		for _, method := range []string{nn.SGD, nn.Adam} {
			t.Run(fmt.Sprintf("%dx%d_%v_%v/%s", c.Height, c.Width, c.Channels, c.Hidden, method), func(t *testing.T) {
				t.Parallel()
				e := epochs{Config: c, samples: 7 + 4*i, batch: 3 + i, method: method, library: libraries[(i+len(method))%2]}
				want := e.onCPU()
				got := e.onGPU(t)
				if got.right != want.right || math.Abs(got.loss-want.loss) > 1e-4*math.Abs(want.loss) {
					t.Errorf("loss %g, %d right; want %g, %d", got.loss, got.right, want.loss, want.right)
				}
				for _, part := range []struct {
					name      string
					got, want []float32
				}{{"weights", got.weights, want.weights}, {"first", got.first, want.first}, {"second", got.second, want.second}} {
					if at, off := furthest(part.got, part.want); off > 2e-4 {
						t.Errorf("%s[%d] of %d is %g, not %g", part.name, at, len(part.want), part.got[at], part.want[at])
					}
				}
				if again := e.onGPU(t); !slices.Equal(again.weights, got.weights) || again.loss != got.loss {
					t.Error("a second run came to other bits")
				}
			})
		}
	}
}

// furthest is where two differ most, relative to the largest number.
func furthest(got, want []float32) (int, float64) {
	at, off, scale := 0, 0.0, 1e-3
	for _, v := range want {
		scale = max(scale, math.Abs(float64(v)))
	}
	for i := range want {
		if d := math.Abs(float64(got[i]-want[i])) / scale; !(d <= off) {
			at, off = i, d
		}
	}
	return at, off
}

type epochs struct {
	nn.Config
	samples, batch int
	method         string
	library        string // empty: own
}

func (e epochs) use() gpunet.Use {
	return gpunet.Use{Batch: e.batch, Library: cmp.Or(e.library, "own")}
}

type trained struct {
	weights, first, second []float32
	loss                   float64
	right                  int
}

const rounds = 2

func (e epochs) start(batch int) (*nn.Net, *nn.Optimiser, samples) {
	net := nn.New(e.Config, batch, 1)
	o := &nn.Optimiser{Method: e.method, Momentum: 0.9, Decay: 0.01}
	o.Prepare(net)
	return net, o, random(net, e.samples)
}

// order goes through the samples backwards.
func (e epochs) order() []int32 {
	order := make([]int32, e.samples)
	for i := range order {
		order[i] = int32(e.samples - 1 - i)
	}
	return order
}

func (e epochs) rates() []float64 {
	rates := make([]float64, (e.samples+e.batch-1)/e.batch)
	for i := range rates {
		rates[i] = 0.002 / float64(i+1)
	}
	return rates
}

func (e epochs) onCPU() trained {
	net, o, in := e.start(e.batch)
	out := trained{}
	for range rounds {
		out.loss, out.right = 0, 0
		for i, rate := range e.rates() {
			var x []float32
			var labels []int32
			for _, at := range e.order()[i*e.batch : min(e.samples, (i+1)*e.batch)] {
				x = append(x, in.x[int(at)*e.Inputs():][:e.Inputs()]...)
				labels = append(labels, in.labels[at])
			}
			loss, right := net.Gradients(x, labels)
			out.loss += loss
			out.right += right
			o.Step(rate)
		}
	}
	out.weights, out.first, out.second = net.Weights, o.First, o.Second
	return out
}

func (e epochs) onGPU(t *testing.T) trained {
	net, o, in := e.start(1)
	out := trained{}
	on(t, func(s *cuda.Session) error {
		g, err := gpunet.NewTrainer(t.Context(), s, net, o, gpunet.Learn{Data: in.x, Labels: in.labels, Use: e.use()})
		if err != nil {
			return err
		}
		for range rounds {
			tally, err := g.Epoch(t.Context(), e.order(), e.rates(), func(int) {})
			if err != nil {
				return err
			}
			if !tally.Finite {
				t.Error("weights are not finite")
			}
			out.loss, out.right = tally.Loss, tally.Right
		}
		return g.Collect(t.Context(), net.Weights)
	})
	out.weights, out.first, out.second = net.Weights, o.First, o.Second
	return out
}

// TestEpoch_ManySteps goes beyond one graph, and counts its steps: the first is
// taken without one.
func TestEpoch_ManySteps(t *testing.T) {
	t.Parallel()
	e := epochs{Config: nn.Config{Height: 1, Width: 3, Classes: 2}, samples: 75, batch: 2, method: nn.Adam, library: "cublas"}
	net, o, in := e.start(1)
	var told []int
	on(t, func(s *cuda.Session) error {
		g, err := gpunet.NewTrainer(t.Context(), s, net, o, gpunet.Learn{Data: in.x, Labels: in.labels, Use: e.use()})
		if err == nil {
			_, err = g.Epoch(t.Context(), e.order(), e.rates(), func(steps int) { told = append(told, steps) })
			if e := g.Engine(); e != "cuda sm_80 cuBLASLt 130000 and own kernels" {
				t.Error(e)
			}
		}
		return err
	})
	if want := []int{1, 17, 33, 34, 35, 36, 37}; !slices.Equal(told, want) || o.Steps != 38 {
		t.Errorf("told %v, want %v; %d steps", told, want, o.Steps)
	}
}

// TestEpoch_TooHighARate is told by the weights, not by the loss alone.
func TestEpoch_TooHighARate(t *testing.T) {
	t.Parallel()
	e := epochs{Config: nn.Config{Height: 1, Width: 3, Classes: 2}, samples: 8, batch: 8, method: nn.SGD}
	net, o, in := e.start(1)
	on(t, func(s *cuda.Session) error {
		g, err := gpunet.NewTrainer(t.Context(), s, net, o, gpunet.Learn{Data: in.x, Labels: in.labels, Use: e.use()})
		if err != nil {
			return err
		}
		tally, err := g.Epoch(t.Context(), e.order(), []float64{math.MaxFloat32}, func(int) {})
		if tally.Finite {
			tally, err = g.Epoch(t.Context(), e.order(), []float64{math.MaxFloat32}, func(int) {})
		}
		if err == nil && tally.Finite {
			t.Error("weights are said to be finite")
		}
		return err
	})
}

// TestLibrary_IsNotThere: auto does without, cublas says so.
func TestLibrary_IsNotThere(t *testing.T) {
	t.Parallel()
	c := shapes[1]
	env := &workload.Env{Device: turno.DeviceGPU, GPU: drivertest.UUID, CUDA: cuda.New(cuda.Loader{CUDA: drivertest.New(t, drivertest.Options{}).CUDA})}
	for library, want := range map[string]string{"auto": "", "own": "", "cublas": "cuBLAS is not on this machine"} {
		err := env.OnGPU(func(s *cuda.Session) error {
			n, err := gpunet.New(t.Context(), s, c, nn.New(c, 1, 1).Weights, gpunet.Use{Batch: 3, Library: library})
			if err == nil && n.Engine() != "cuda sm_80 own kernel" {
				t.Error(n.Engine())
			}
			return err
		})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", library, err)
		}
	}
}
