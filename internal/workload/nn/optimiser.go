package nn

import "math"

// Optimiser changes weights by their gradients. It owns its state, whose places
// are those of the weights.
type Optimiser struct {
	Method   string  // SGD or Adam
	Momentum float64 // of SGD
	Decay    float64 // weight decay, added to the gradient as PyTorch's SGD and Adam do

	// First is SGD's velocity or Adam's mean of gradients, Second Adam's mean of
	// their squares, Steps how many there were.
	First, Second []float32
	Steps         int

	net    *Net
	pieces []update
	one    func(worker, i int)
}

// Methods of an Optimiser.
const (
	SGD  = "sgd"
	Adam = "adam"
)

// Adam's constants are the usual ones (Kingma and Ba 2015, "Adam: A Method for
// Stochastic Optimization"), which PyTorch has too.
const (
	Beta1   = 0.9
	Beta2   = 0.999
	Epsilon = 1e-8
)

// piece is how many weights one goroutine updates at a time: some 20 µs, a
// multiple of 8.
const piece = 1 << 15

// Prepare gives the optimiser its state for a net's weights.
func (o *Optimiser) Prepare(n *Net) {
	o.net = n
	o.First = make([]float32, len(n.Weights))
	if o.Method == Adam {
		o.Second = make([]float32, len(n.Weights))
	}
	o.pieces = make([]update, (len(n.Weights)+piece-1)/piece)
	for i := range o.pieces {
		low, high := i*piece, min((i+1)*piece, len(n.Weights))
		u := &o.pieces[i]
		u.weights, u.grads, u.first = n.Weights[low:high], n.Grads[low:high], o.First[low:high]
		if o.Method == Adam {
			u.second = o.Second[low:high]
		}
	}
	o.one = func(_, i int) {
		if o.Method == Adam {
			n.kernels.adam(&o.pieces[i])
		} else {
			n.kernels.momentum(&o.pieces[i])
		}
	}
}

// Step moves the weights against Grads at a learning rate.
func (o *Optimiser) Step(rate float64) {
	o.Steps++
	u := update{decay: float32(o.Decay), beta1: float32(o.Momentum)}
	u.negative, u.unbias = o.Factors(o.Steps, rate)
	if o.Method == Adam {
		u.beta1, u.beta2, u.rest1, u.rest2, u.epsilon = Beta1, Beta2, 1-Beta1, 1-Beta2, Epsilon
	}
	for i := range o.pieces {
		p := &o.pieces[i]
		u.weights, u.grads, u.first, u.second = p.weights, p.grads, p.first, p.second
		*p = u
	}
	parallel(o.net.threads, len(o.pieces), o.one)
}

// Factors of a step, from 1 on: what the update is multiplied with, and of Adam
// the root of its second mean.
func (o *Optimiser) Factors(step int, rate float64) (negative, unbias float32) {
	if o.Method != Adam {
		return float32(-rate), 0
	}
	t := float64(step)
	return float32(-rate / (1 - math.Pow(Beta1, t))), float32(1 / math.Sqrt(1-math.Pow(Beta2, t)))
}
