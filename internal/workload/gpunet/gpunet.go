// Package gpunet is workload/nn on a device: the same nets, weights in the same
// places, and the same steps, with kernels of turno's own (gpu/cuda/kernel/nn.cu); the dense
// layers' products are cuBLAS's where that is.
//
//	samples, order, rates ─▶ device ─▶ graph of some steps, launched again and again ─▶ sums of an epoch
//
// Determinism: the same run on the same model of device gives the same bits; its
// sums have another order than nn's, so the two agree to rounding.
//
// A Net and a Trainer belong to the session that they were made in, and to its
// goroutine; the session's End frees what they hold.
package gpunet

import (
	"context"
	"errors"
	"fmt"
	"math"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/workload"
	"turno/internal/workload/nn"
)

// Net is a net on a device, with room for batches of one size.
type Net struct {
	nn.Config
	s     *cuda.Session
	batch int
	count int // of weights

	weights, grads driver.Ptr // grads: 0 in a net that only infers
	blocks         []*block
	layers         []*dense
	kernels        map[string]*cuda.Function

	library  string                  // of Use
	products map[shape]*cuda.Product // nil: turno's own kernel does it
	done     string                  // the library that does some
}

// Use is how a net is used.
type Use struct {
	Batch   int    // samples at once, at most
	Library string // what does the dense layers' products: cublas, own, or auto, cublas where there is one
}

// shape of a product: how A and B lie, its sizes, and how the addresses do.
type shape struct {
	which          string
	m, n, k, align int
}

// block is a convolution with bias, ReLU and pooling.
type block struct {
	in, out, height, width int
	weight, bias           int64 // places among the weights

	x, y, which  driver.Ptr // x of the first one is the caller's
	dy, dx, sums driver.Ptr // dx of the first one: none
	slices       int        // of the sum over all spots that makes the weights' gradient
	slice        int        // spots of each
}

// dense is a layer y = x·Wᵀ + b.
type dense struct {
	in, out      int
	last         bool
	weight, bias int64

	x, y   driver.Ptr
	dy, dx driver.Ptr
}

const number = 4 // bytes of a float32

// New is a net that only infers. The shape must have passed Check.
func New(ctx context.Context, s *cuda.Session, c nn.Config, weights []float32, u Use) (*Net, error) {
	n := newNet(s, c, u)
	return n, n.build(ctx, weights, false)
}

func newNet(s *cuda.Session, c nn.Config, u Use) *Net {
	return &Net{Config: c, s: s, batch: u.Batch, count: c.Weights(), kernels: map[string]*cuda.Function{}, library: u.Library, products: map[shape]*cuda.Product{}}
}

func (n *Net) build(ctx context.Context, weights []float32, train bool) error {
	c := n.Config
	if most := n.batch * max(c.Inputs(), 4); most > math.MaxInt32 {
		return &workload.Failure{Reason: turno.ReasonSetupFailed,
			Message: fmt.Sprintf("a batch of %d samples of %d numbers; on a GPU at most %d numbers are taken at once: make batch smaller", n.batch, c.Inputs(), math.MaxInt32)}
	}
	var err error
	if n.weights, err = cuda.Upload(ctx, n.s, weights[:n.count]); err != nil {
		return err
	}
	if err := n.load(train); err != nil {
		return err
	}
	r := room{s: n.s}
	at := int64(0)
	take := func(count int) int64 { at += int64(count); return at - int64(count) }
	in, h, w := 1, c.Height, c.Width
	for _, out := range c.Channels {
		b := &block{in: in, out: out, height: h, width: w, weight: take(9 * in * out), bias: take(out)}
		n.blocks = append(n.blocks, b)
		in, h, w = out, h/2, w/2
	}
	in *= h * w
	for i, out := range append(c.Hidden[:len(c.Hidden):len(c.Hidden)], c.Classes) {
		n.layers = append(n.layers, &dense{in: in, out: out, last: i == len(c.Hidden), weight: take(in * out), bias: take(out)})
		in = out
	}
	n.join(&r, train)
	if r.err != nil {
		return r.err
	}
	return n.ask()
}

// ask tries whether a library does the products of a whole batch: who starts
// the net is told which one, or that there is none.
func (n *Net) ask() error {
	for _, d := range n.layers {
		if _, err := n.plan(shape{"nt", n.batch, d.out, d.in, cuda.Aligned(d.y, d.x, n.weight(d.weight))}); err != nil {
			return err
		}
	}
	return nil
}

// room allocates numbers until the first error.
type room struct {
	s   *cuda.Session
	err error
}

func (r *room) floats(count int64) driver.Ptr { return r.bytes(number * count) }

func (r *room) bytes(count int64) driver.Ptr {
	if r.err != nil {
		return 0
	}
	p, err := r.s.Alloc(count)
	r.err = err
	return p
}

// join gives the layers their memory: what one puts out, the next one takes.
func (n *Net) join(r *room, train bool) {
	batch := int64(n.batch)
	var x, dx driver.Ptr // of what comes next
	for _, b := range n.blocks {
		pooled := batch * int64(b.out) * int64(b.windows())
		b.x, b.dx = x, dx
		b.y, b.which = r.floats(pooled), r.bytes(pooled)
		if train {
			b.dy = r.floats(pooled)
			b.cut(n.batch)
			b.sums = r.floats(int64(b.slices) * int64(b.out) * int64(9*b.in+1))
		}
		x, dx = b.y, b.dy
	}
	for _, d := range n.layers {
		d.x, d.dx = x, dx
		d.y = r.floats(batch * int64(d.out))
		if train {
			d.dy = r.floats(batch * int64(d.out))
		}
		x, dx = d.y, d.dy
	}
	if train {
		n.grads = r.floats(int64(n.count))
	}
}

func (b *block) windows() int { return (b.height / 2) * (b.width / 2) }

// cut decides how many slices the weights' gradient is summed up in. It depends
// on the shape alone, so that every device sums in the same order: enough to
// keep a large device busy, and no more than 64 MiB of sums.
func (b *block) cut(batch int) {
	const most, room, least = 128, 16 << 20, 512
	spots := 4 * batch * b.windows()
	each := b.out * (9*b.in + 1)
	b.slices = max(1, min(spots/least, most, room/each))
	b.slice = (spots + b.slices - 1) / b.slices
}

// names of the kernels by their files.
var inferring = map[string][]string{
	"gemm": {"sgemm_nt", "sgemm_small_nt"},
	"nn":   {"nn_bias", "conv_forward"},
}

var training = map[string][]string{
	"gemm": {"sgemm_nn", "sgemm_tn", "sgemm_small_nn", "sgemm_small_tn"},
	"nn": {"nn_gather", "nn_bias_back", "nn_softmax", "nn_count", "nn_momentum", "nn_adam",
		"conv_weights", "conv_sum", "conv_inputs"},
	"reduce": {"reduce_squares_f32", "reduce_sum_f64"},
}

func (n *Net) load(train bool) error {
	lists := []map[string][]string{inferring}
	if train {
		lists = append(lists, training)
	}
	for _, list := range lists {
		for file, names := range list {
			for _, name := range names {
				f, err := workload.Kernel(n.s, file, name)
				if err != nil {
					return err
				}
				n.kernels[name] = f
			}
		}
	}
	return nil
}

// launch starts a kernel with one block of so many threads at each place of the
// grid.
func (n *Net) launch(name string, grid cuda.Dim, threads cuda.Dim, arguments ...any) error {
	return n.s.Launch(n.kernels[name], grid, threads, 0, arguments...)
}

// each starts a kernel that goes through count numbers.
func (n *Net) each(name string, count int64, arguments ...any) error {
	return n.launch(name, workload.Grid(n.s, count, 256), cuda.Dim{X: 256}, arguments...)
}

// matrices of a product.
type matrices struct {
	c, a, b driver.Ptr
	m, n, k int
}

// product is C = A·B. which says how A and B lie: n as they are, t transposed.
func (n *Net) product(which string, x matrices) error {
	key := shape{which, x.m, x.n, x.k, cuda.Aligned(x.c, x.a, x.b)}
	p, err := n.plan(key)
	if err != nil {
		return err
	}
	if p == nil {
		return n.own(which, x)
	}
	err = p.Run(x.c, x.a, x.b)
	if n.library == "cublas" || !errors.Is(err, cuda.ErrRefused) {
		return err
	}
	n.products[key] = nil
	return n.own(which, x)
}

// plan is how a library does a product; nil: none does.
func (n *Net) plan(key shape) (*cuda.Product, error) {
	if n.library == "own" {
		return nil, nil
	}
	if p, known := n.products[key]; known {
		return p, nil
	}
	lda, ldb := pitches(key.which, key.m, key.n, key.k)
	p, err := n.s.Product(cuda.Gemm{M: key.m, N: key.n, K: key.k, LDA: lda, LDB: ldb, LDC: key.n, TurnA: key.which[0] == 't', TurnB: key.which[1] == 't',
		Type: driver.TypeFloat32, Compute: driver.ComputeFloat32, Align: key.align})
	if err != nil {
		return nil, err
	}
	if p == nil && n.library == "cublas" {
		return nil, workload.NoCuBLAS()
	}
	if p != nil {
		n.done = p.Library
	}
	n.products[key] = p
	return p, nil
}

// pitches are how many numbers a row of A has, and one of B.
func pitches(which string, m, n, k int) (lda, ldb int) {
	lda, ldb = k, n
	if which[0] == 't' {
		lda = m
	}
	if which[1] == 't' {
		ldb = k
	}
	return lda, ldb
}

// own is a product by turno's kernel.
func (n *Net) own(which string, x matrices) error {
	name, size := "sgemm_small_"+which, 32
	if up(x.m, 128)*up(x.n, 128) >= n.s.Multiprocessors { // else most of the device would idle
		name, size = "sgemm_"+which, 128
	}
	lda, ldb := pitches(which, x.m, x.n, x.k)
	return n.launch(name, cuda.Dim{X: up(x.n, size), Y: up(x.m, size)}, cuda.Dim{X: 256}, x.c, x.a, x.b,
		int32(x.m), int32(x.n), int32(x.k), int32(lda), int32(ldb), int32(x.n))
}

func up(n, by int) int { return (n + by - 1) / by }

func (n *Net) weight(at int64) driver.Ptr { return n.weights + driver.Ptr(number*at) }
func (n *Net) grad(at int64) driver.Ptr   { return n.grads + driver.Ptr(number*at) }

func flag(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

// Logits asks for the outputs of count samples at x, sample by sample, to be
// written to y.
func (n *Net) Logits(y, x driver.Ptr, count int) error {
	if count < 1 || count > n.batch {
		panic(fmt.Sprintf("gpunet: %d samples, the batch is %d", count, n.batch))
	}
	for i, b := range n.blocks {
		if i > 0 {
			x = b.x
		}
		rows := 4 * count * b.windows()
		err := n.launch("conv_forward", cuda.Dim{X: up(rows, 128), Y: up(b.out, 32)}, cuda.Dim{X: 128}, b.y, b.which, x, n.weight(b.weight), n.weight(b.bias),
			int32(count), int32(b.in), int32(b.out), int32(b.height), int32(b.width))
		if err != nil {
			return err
		}
	}
	for i, d := range n.layers {
		if i > 0 || len(n.blocks) > 0 {
			x = d.x
		}
		to := d.y
		if d.last {
			to = y
		}
		if err := n.product("nt", matrices{c: to, a: x, b: n.weight(d.weight), m: count, n: d.out, k: d.in}); err != nil {
			return err
		}
		if err := n.each("nn_bias", int64(count)*int64(d.out), to, n.weight(d.bias), int32(count*d.out), int32(d.out), flag(!d.last)); err != nil {
			return err
		}
	}
	return nil
}

// Engine names the code that computes.
func (n *Net) Engine() string {
	if n.done == "" {
		return workload.CUDAEngine(n.s, "own kernel")
	}
	return workload.CUDAEngine(n.s, n.done+" and own kernels")
}
