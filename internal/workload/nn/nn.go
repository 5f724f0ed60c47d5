// Package nn trains small neural nets on the CPU: blocks of a 3 by 3
// convolution, ReLU and 2 by 2 max-pooling, then dense layers with ReLU between
// them, softmax and cross-entropy at the end; SGD with momentum and Adam;
// float32. Dense layers multiply with workload/gemm, convolutions have kernels
// of their own, which read the picture where it lies instead of unfolding it.
//
//	x ─▶ block ─▶ … ─▶ dense ─▶ … ─▶ logits ─▶ loss
//	      ▲             ▲                        │
//	      └── gradients ┴────────────────────────┘ ─▶ Optimiser ─▶ weights
//
// It is not a tensor library: there are these layers and no graph. It knows
// nothing of jobs, files or data.
//
// Concurrency: a Net belongs to one goroutine at a time; it starts up to
// Threads of them for one call and has waited for them when the call returns.
// With one thread, no call allocates.
//
// Determinism: the same weights and inputs give the same bits on one machine,
// whatever the number of threads: a batch is always cut at the same places, and
// sums are added in a fixed order.
package nn

import (
	"fmt"
	"math"
	"strconv"
)

// Config is the shape of a net.
type Config struct {
	Height   int   `json:"height"` // of a picture; 1 for inputs that are none
	Width    int   `json:"width"`
	Channels []int `json:"channels"` // of each convolutional block's output; none: an MLP
	Hidden   []int `json:"hidden"`   // width of each dense layer but the last
	Classes  int   `json:"classes"`
}

// Bounds that Check keeps: what trains in minutes on a CPU, and no product of
// them overflows.
const (
	MaxInputs  = 1 << 20
	MaxWidth   = 8192 // of a layer
	MaxBlocks  = 4
	MaxDense   = 8
	MaxClasses = 4096
	MaxWeights = 1 << 27
)

// Inputs is how many numbers a sample has.
func (c Config) Inputs() int { return c.Height * c.Width }

// Check tells what is wrong with a shape, which may come from a stranger's file.
func (c Config) Check() error {
	switch {
	case c.Height < 1 || c.Width < 1 || c.Height > MaxInputs || c.Width > MaxInputs || c.Inputs() > MaxInputs:
		return fmt.Errorf("inputs of %d by %d; at most %d in all are allowed", c.Height, c.Width, MaxInputs)
	case len(c.Channels) > MaxBlocks || len(c.Hidden) > MaxDense:
		return fmt.Errorf("%d convolutional and %d hidden layers; at most %d and %d are allowed", len(c.Channels), len(c.Hidden), MaxBlocks, MaxDense)
	case c.Classes < 2 || c.Classes > MaxClasses:
		return fmt.Errorf("%d classes; use 2 to %d", c.Classes, MaxClasses)
	}
	h, w := c.Height, c.Width
	for _, n := range c.Channels {
		if n < 1 || n > 1024 {
			return fmt.Errorf("%d channels; use 1 to 1024", n)
		}
		if h, w = h/2, w/2; h < 1 || w < 1 {
			return fmt.Errorf("pictures of %d by %d are too small for %d times 2 by 2 pooling", c.Height, c.Width, len(c.Channels))
		}
	}
	for _, n := range c.Hidden {
		if n < 1 || n > MaxWidth {
			return fmt.Errorf("%d hidden units; use 1 to %d", n, MaxWidth)
		}
	}
	if n := c.Weights(); n > MaxWeights {
		return fmt.Errorf("%d weights; at most %d are allowed", n, MaxWeights)
	}
	return nil
}

// Tensor is the name and shape of one set of weights. Names and shapes are
// those of PyTorch's Linear and Conv2d: conv1.weight [out, in, 3, 3],
// conv1.bias [out], …, fc1.weight [out, in], fc1.bias [out], ….
type Tensor struct {
	Name  string
	Shape []int
	fanIn int // numbers that an output is made from; 0 for a bias
}

// Len is the number of weights.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Tensors of a net of this shape, in the order in which the weights lie.
func (c Config) Tensors() []Tensor {
	var list []Tensor
	add := func(name string, fanIn int, shape ...int) {
		list = append(list, Tensor{name + ".weight", shape, fanIn}, Tensor{name + ".bias", shape[:1], 0})
	}
	in, h, w := 1, c.Height, c.Width
	for i, out := range c.Channels {
		add("conv"+strconv.Itoa(i+1), 9*in, out, in, 3, 3)
		in, h, w = out, h/2, w/2
	}
	in *= h * w
	for i, out := range append(c.Hidden[:len(c.Hidden):len(c.Hidden)], c.Classes) {
		add("fc"+strconv.Itoa(i+1), in, out, in)
		in = out
	}
	return list
}

// Weights is how many there are, biases included.
func (c Config) Weights() int {
	n := 0
	for _, t := range c.Tensors() {
		n += t.Len()
	}
	return n
}

// Net is a net with its weights, and room for batches of one size.
type Net struct {
	Config
	batch, threads int
	kernels        *kernels

	// Weights of all tensors, in their order, then zeros up to a multiple of 8;
	// Grads in the same places.
	Weights, Grads []float32

	blocks []*block
	layers []*dense
	params []Param
}

// Param is one tensor of a net, in place.
type Param struct {
	Tensor
	Low, High int // its place in Weights and Grads
}

// New makes a net of zeros that takes batches of up to batch samples. The
// shape must have passed Check.
func New(c Config, batch, threads int) *Net { return newNet(c, batch, threads, best) }

func newNet(c Config, batch, threads int, k *kernels) *Net {
	n := &Net{Config: c, batch: batch, threads: max(1, threads), kernels: k}
	at := 0
	for _, t := range c.Tensors() {
		n.params = append(n.params, Param{t, at, at + t.Len()})
		at += t.Len()
	}
	n.Weights = make([]float32, (at+7)/8*8)
	n.Grads = make([]float32, len(n.Weights))
	next := 0
	take := func() (w, b tensor) {
		w, b = n.tensor(next), n.tensor(next+1)
		next += 2
		return w, b
	}
	in, h, w := 1, c.Height, c.Width
	for _, out := range c.Channels {
		b := newBlock(n, in, out, h, w)
		b.weight, b.bias = take()
		n.blocks = append(n.blocks, b)
		in, h, w = out, h/2, w/2
	}
	in *= h * w
	for i := range len(c.Hidden) + 1 {
		d := newDense(n, in, append(c.Hidden[:len(c.Hidden):len(c.Hidden)], c.Classes)[i])
		d.weight, d.bias = take()
		d.last = i == len(c.Hidden)
		n.layers = append(n.layers, d)
		in = d.out
	}
	n.join()
	return n
}

// tensor is a set of weights beside its gradient.
type tensor struct{ value, grad []float32 }

func (n *Net) tensor(i int) tensor {
	p := n.params[i]
	return tensor{n.Weights[p.Low:p.High:p.High], n.Grads[p.Low:p.High:p.High]}
}

// join tells each layer where its output goes and its gradient comes from.
func (n *Net) join() {
	for i, b := range n.blocks {
		if i+1 < len(n.blocks) {
			next := n.blocks[i+1]
			b.to = place{next.in, next.imageIn(), next.plane, next.row, next.row + 1}
			next.din = make([]float32, n.batch*roundUp(next.inChannels, tileChannels)*next.plane)
			b.from = place{next.din, roundUp(next.inChannels, tileChannels) * next.plane, next.plane, next.row, next.row + 1}
			continue
		}
		first := n.layers[0]
		first.x = make([]float32, n.batch*first.in+8)
		first.dx = make([]float32, n.batch*first.in+8)
		h, w := b.height/2, b.width/2
		b.to = place{first.x, first.in, h * w, w, 0}
		b.from = place{first.dx, first.in, h * w, w, 0}
	}
	for i, d := range n.layers[1:] {
		d.x = n.layers[i].y
		d.dx = n.layers[i].dy
	}
}

// Params are the tensors and where they lie.
func (n *Net) Params() []Param { return n.params }

// Batch is the largest number of samples of a call.
func (n *Net) Batch() int { return n.batch }

// Engine names the code that computes.
func (n *Net) Engine() string { return n.kernels.name }

// Init sets the weights by He's rule (He and others 2015, "Delving Deep into
// Rectifiers"): normal numbers with variance 2/fan-in; biases are 0. The last
// layer, which no ReLU follows, gets half the variance. unit gives numbers
// evenly spread over [-1, 1), each known from its place.
func (n *Net) Init(unit func(place int) float64) {
	for i, p := range n.params {
		values := n.Weights[p.Low:p.High]
		if p.fanIn == 0 {
			clear(values)
			continue
		}
		scale := math.Sqrt(2 / float64(p.fanIn))
		if i == len(n.params)-2 {
			scale = math.Sqrt(1 / float64(p.fanIn))
		}
		for j := range values {
			values[j] = float32(scale * normal(unit, p.Low+j))
		}
	}
}

// normal is a number of mean 0 and variance 1 (Box and Muller 1958).
func normal(unit func(int) float64, place int) float64 {
	u, v := 1-(unit(2*place)+1)/2, unit(2*place+1) // u in (0, 1]
	return math.Sqrt(-2*math.Log(u)) * math.Cos(math.Pi*v)
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
