package gpunet

import (
	"context"
	"errors"

	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/workload/nn"
)

// Trainer is a net that learns samples which are all on the device.
type Trainer struct {
	*Net
	optim         *nn.Optimiser // its state is that at the start, and after Collect
	first, second driver.Ptr

	samples      int
	data, all    driver.Ptr // samples and their labels
	x, labels    driver.Ptr // of one batch
	loss, right  driver.Ptr // of its samples
	order, rates driver.Ptr // of an epoch
	sums         driver.Ptr // total float64, hits int64, step int64: of an epoch
	partial      driver.Ptr // of a reduction

	begun  bool                // a full step was taken
	graphs map[int]*cuda.Graph // by how many full steps they take
	marks  []cuda.Mark         // of the last pieces
}

// pieceSteps is how many steps one graph takes: launching it costs the host some
// 5 µs and a little for each of its kernels, so the device, whose shortest step
// takes some 50 µs, never waits for it.
const pieceSteps = 16

// partials is how many blocks a reduction has at most.
const partials = 256

// Learn is what a Trainer learns.
type Learn struct {
	Data   []float32 // samples, one after the other, scaled
	Labels []int32
	Use
}

// NewTrainer brings the weights and the optimiser's state of a net and the
// samples to the device.
func NewTrainer(ctx context.Context, s *cuda.Session, from *nn.Net, o *nn.Optimiser, l Learn) (*Trainer, error) {
	net := newNet(s, from.Config, l.Use)
	if err := net.build(ctx, from.Weights, true); err != nil {
		return nil, err
	}
	t := &Trainer{Net: net, optim: o, samples: len(l.Labels), graphs: map[int]*cuda.Graph{}}
	r := room{s: s}
	t.x, t.labels = r.floats(int64(l.Batch)*int64(from.Inputs())), r.floats(int64(l.Batch))
	t.loss, t.right = r.floats(int64(l.Batch)), r.floats(int64(l.Batch))
	t.order, t.rates, t.sums = r.floats(int64(t.samples)), r.floats(2*int64(t.steps())), r.bytes(24)
	t.partial = r.bytes(8 * (partials + 1))
	if r.err != nil {
		return nil, r.err
	}
	var data, all, first, second error
	t.data, data = cuda.Upload(ctx, s, l.Data)
	t.all, all = cuda.Upload(ctx, s, l.Labels)
	t.first, first = cuda.Upload(ctx, s, o.First[:net.count])
	if o.Second != nil {
		t.second, second = cuda.Upload(ctx, s, o.Second[:net.count])
	}
	if err := errors.Join(data, all, first, second); err != nil {
		return nil, err
	}
	return t, t.mark()
}

func (t *Trainer) mark() error {
	for range 4 { // an epoch's begin and end, and two pieces on their way
		m, err := t.s.Mark()
		if err != nil {
			return err
		}
		t.marks = append(t.marks, m)
	}
	return nil
}

// steps of an epoch; the last one may have fewer samples.
func (t *Trainer) steps() int { return up(t.samples, t.batch) }

// Tally is what an epoch came to.
type Tally struct {
	Loss    float64 // sum over all samples, while weights changed
	Right   int
	Finite  bool    // no weight became infinite or NaN
	Seconds float64 // by the device's clock
}

// Epoch takes a step for each batch of the order, at a rate for each step. tell
// hears how many steps are done.
func (t *Trainer) Epoch(ctx context.Context, order []int32, rates []float64, tell func(steps int)) (Tally, error) {
	if err := t.begin(ctx, order, rates); err != nil {
		return Tally{}, err
	}
	full, done := len(order)/t.batch, 0
	if err := t.s.Again(t.marks[0]); err != nil {
		return Tally{}, err
	}
	for piece := 0; done < full; piece++ {
		size := pieceSteps
		if full-done < size || !t.begun {
			size = 1
		}
		if err := t.piece(ctx, piece, size); err != nil {
			return Tally{}, err
		}
		done += size
		tell(done)
	}
	if rest := len(order) % t.batch; rest > 0 {
		if err := t.step(rest); err != nil {
			return Tally{}, err
		}
	}
	if err := t.s.Again(t.marks[1]); err != nil {
		return Tally{}, err
	}
	return t.end(ctx, len(rates))
}

// begin brings what is the epoch's own to the device.
func (t *Trainer) begin(ctx context.Context, order []int32, rates []float64) error {
	pairs := make([]float32, 0, 2*len(rates))
	for i, rate := range rates {
		negative, unbias := t.optim.Factors(t.optim.Steps+1+i, rate)
		pairs = append(pairs, negative, unbias)
	}
	return errors.Join(t.s.CopyIn(ctx, t.order, driver.Bytes(order)), t.s.CopyIn(ctx, t.rates, driver.Bytes(pairs)), t.s.Zero(t.sums, 24))
}

// piece launches some full steps, once all but the piece before this one are
// done: the device always has one to go on with, and a cancel waits for two.
func (t *Trainer) piece(ctx context.Context, number, size int) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	mark := t.marks[2+number%2]
	if number >= 2 {
		if err := t.s.Wait(mark); err != nil {
			return err
		}
	}
	take, err := t.full(size)
	if err != nil {
		return err
	}
	if err := take(); err != nil {
		return err
	}
	t.begun = true
	return t.s.Again(mark)
}

// full is a way to take some full steps. The first one of all is asked for
// kernel by kernel: the driver loads a kernel's code when it is first launched,
// which it need not do within a capture.
func (t *Trainer) full(steps int) (func() error, error) {
	if !t.begun {
		return func() error { return t.step(t.batch) }, nil
	}
	if g := t.graphs[steps]; g != nil {
		return g.Launch, nil
	}
	g, err := t.s.Capture(func() error {
		for range steps {
			if err := t.step(t.batch); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t.graphs[steps] = g
	return g.Launch, nil
}

// end reads the epoch's sums.
func (t *Trainer) end(ctx context.Context, steps int) (Tally, error) {
	seconds, err := t.s.Seconds(t.marks[0], t.marks[1])
	if err != nil {
		return Tally{}, err
	}
	t.optim.Steps += steps
	total, hits, squares := make([]float64, 1), make([]int64, 1), make([]float64, 1)
	blocks := min(partials, up(t.count, 256))
	err = errors.Join(
		t.launch("reduce_squares_f32", cuda.Dim{X: blocks}, cuda.Dim{X: 256}, t.partial, t.weights, int64(t.count)),
		t.launch("reduce_sum_f64", cuda.Dim{X: 1}, cuda.Dim{X: 256}, t.partial+8*partials, t.partial, int64(blocks)),
		cuda.Download(ctx, t.s, squares, t.partial+8*partials),
		cuda.Download(ctx, t.s, total, t.sums),
		cuda.Download(ctx, t.s, hits, t.sums+8))
	return Tally{Loss: total[0], Right: int(hits[0]), Finite: squares[0]-squares[0] == 0, Seconds: seconds}, err
}

// Collect brings the weights and the optimiser's state back.
func (t *Trainer) Collect(ctx context.Context, weights []float32) error {
	err := errors.Join(cuda.Download(ctx, t.s, weights[:t.count], t.weights), cuda.Download(ctx, t.s, t.optim.First[:t.count], t.first))
	if t.optim.Second != nil {
		err = errors.Join(err, cuda.Download(ctx, t.s, t.optim.Second[:t.count], t.second))
	}
	return err
}

// step asks for one step with count samples.
func (t *Trainer) step(count int) error {
	top := t.layers[len(t.layers)-1]
	step := t.sums + 16
	err := errors.Join(
		t.each("nn_gather", int64(count)*int64(t.Inputs()), t.x, t.labels, t.data, t.all, t.order, step, int32(t.Inputs()), int32(t.batch), int32(count)),
		t.Logits(top.y, t.x, count),
		t.launch("nn_softmax", cuda.Dim{X: up(count, 8)}, cuda.Dim{X: 256}, top.dy, t.loss, t.right, top.y, t.labels, int32(count), int32(t.Classes)))
	if err == nil {
		err = t.back(count)
	}
	if err == nil {
		err = t.update(step)
	}
	if err == nil {
		err = t.launch("nn_count", cuda.Dim{X: 1}, cuda.Dim{X: 256}, t.sums, t.sums+8, step, t.loss, t.right, int32(count))
	}
	return err
}

// back asks for the gradients of all weights.
func (t *Trainer) back(count int) error {
	for i := len(t.layers) - 1; i >= 0; i-- {
		d := t.layers[i]
		x := d.x
		if i == 0 && len(t.blocks) == 0 {
			x = t.x
		}
		err := errors.Join(
			t.launch("nn_bias_back", cuda.Dim{X: up(d.out, 32)}, cuda.Dim{X: 32, Y: 8}, d.dy, t.grad(d.bias), d.y, int32(count), int32(d.out), flag(!d.last)),
			t.product("tn", matrices{c: t.grad(d.weight), a: d.dy, b: x, m: d.out, n: d.in, k: count}))
		if err == nil && d.dx != 0 {
			err = t.product("nn", matrices{c: d.dx, a: d.dy, b: t.weight(d.weight), m: count, n: d.in, k: d.out})
		}
		if err != nil {
			return err
		}
	}
	for i := len(t.blocks) - 1; i >= 0; i-- {
		if err := t.blockBack(t.blocks[i], i == 0, count); err != nil {
			return err
		}
	}
	return nil
}

func (t *Trainer) blockBack(b *block, first bool, count int) error {
	x := b.x
	if first {
		x = t.x
	}
	shape := []any{int32(count), int32(b.in), int32(b.out), int32(b.height), int32(b.width)}
	taps := 9 * b.in
	err := errors.Join(
		t.launch("conv_weights", cuda.Dim{X: up(taps+1, 32), Y: up(b.out, 32), Z: b.slices}, cuda.Dim{X: 64},
			append([]any{b.sums, b.dy, b.which, x}, append(shape, int32(b.slice))...)...),
		t.each("conv_sum", int64(b.out)*int64(taps+1), t.grad(b.weight), t.grad(b.bias), b.sums, int32(b.out), int32(taps), int32(b.slices)))
	if err == nil && b.dx != 0 {
		rows := count * b.height * b.width
		err = t.launch("conv_inputs", cuda.Dim{X: up(rows, 128), Y: up(b.in, 32)}, cuda.Dim{X: 128},
			append([]any{b.dx, b.dy, b.which, t.weight(b.weight)}, shape...)...)
	}
	return err
}

// update asks for the optimiser's step.
func (t *Trainer) update(step driver.Ptr) error {
	count, decay := int64(t.count), float32(t.optim.Decay)
	if t.optim.Method == nn.Adam {
		return t.each("nn_adam", count, t.weights, t.grads, t.first, t.second, t.rates, step, decay, float32(nn.Beta1), float32(nn.Beta2), float32(nn.Epsilon), count)
	}
	return t.each("nn_momentum", count, t.weights, t.grads, t.first, t.rates, step, decay, float32(t.optim.Momentum), count)
}
