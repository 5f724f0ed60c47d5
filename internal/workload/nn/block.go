package nn

// block is a 3 by 3 convolution with a border of zeros, a bias, ReLU, and 2 by
// 2 max-pooling; an odd last row or column is dropped, as PyTorch does.
//
// A picture's channel lies in a plane with a border of one zero on each side,
// so that each of the nine taps is the same plane read from another place on. A
// run over all pixels also computes two numbers of border per row, which nobody
// reads. Planes have spare numbers at their end, because kernels read and write
// whole blocks.
type block struct {
	net                     *Net
	inChannels, outChannels int
	height, width           int // of the input
	row, plane              int // numbers in a row, in a plane
	weight, bias            tensor

	in    []float32 // batch by inChannels planes
	din   []float32 // batch by inChannels, rounded up, planes; nil: not needed
	which []int32   // batch by outChannels by pooled pixels
	to    place     // where the output goes
	from  place     // where its gradient comes from

	forwardWeights  []float32 // in the order of the kernel, four channels at a time
	backwardWeights []float32
	forwardTaps     []int
	backwardTaps    []int
	sums            []float32 // gradients of the weights and the biases, by group
	scratch         []*scratch

	count                   int       // samples of this call
	pictures                []float32 // of this call, for the first block
	forwardOne, backwardOne func(worker, i int)
}

// place is how pooled numbers lie somewhere.
type place struct {
	data                      []float32
	image, plane, row, origin int
}

// group is how many pictures make one sum of weight gradients: their planes
// stay in the second cache, and a usual batch makes enough groups for 16 threads.
const group = 4

// scratch is one worker's.
type scratch struct {
	out  []float32 // outChannels planes of one picture
	grad []float32 // the same of a group; zero but for what unpool writes
	convolution
	correlation
	pooling
}

func newBlock(n *Net, in, out, height, width int) *block {
	b := &block{net: n, inChannels: in, outChannels: out, height: height, width: width, row: width + 2}
	b.plane = (height+2)*b.row + tilePixels
	b.in = make([]float32, n.batch*in*b.plane)
	b.which = make([]int32, n.batch*out*(height/2)*(width/2)+8)
	b.forwardWeights = make([]float32, roundUp(out, tileChannels)*9*in)
	b.backwardWeights = make([]float32, roundUp(in, tileChannels)*9*out)
	b.sums = make([]float32, (n.batch+group-1)/group*(9*in+1)*out)
	for c := range in {
		for t := range 9 {
			b.forwardTaps = append(b.forwardTaps, 4*(c*b.plane+t/3*b.row+t%3))
		}
	}
	for c := range out {
		for t := range 9 {
			b.backwardTaps = append(b.backwardTaps, 4*(c*b.plane+(2-t/3)*b.row+2-t%3))
		}
	}
	for range n.threads {
		planes := roundUp(out, tileChannels) * b.plane
		b.scratch = append(b.scratch, &scratch{out: make([]float32, planes+tilePixels), grad: make([]float32, group*planes+tilePixels)})
	}
	b.forwardOne, b.backwardOne = b.forwardImage, b.backwardGroup
	return b
}

func (b *block) imageIn() int { return b.inChannels * b.plane }

// run is how many pixels a kernel goes through, from the first to the last one
// that is not border.
func (b *block) run() int { return (b.height-1)*b.row + b.width }

func (b *block) forward(count int) {
	b.pack()
	b.count = count
	parallel(b.net.threads, count, b.forwardOne)
}

// pack brings the weights into the kernel's order.
func (b *block) pack() {
	w, in := b.weight.value, b.inChannels
	for c := range b.outChannels {
		to := b.forwardWeights[c/tileChannels*tileChannels*9*in+c%tileChannels:]
		for k, v := range w[c*9*in:][:9*in] {
			to[k*tileChannels] = v
		}
	}
	if b.din == nil {
		return
	}
	for c := range in {
		to := b.backwardWeights[c/tileChannels*tileChannels*9*b.outChannels+c%tileChannels:]
		for o := range b.outChannels {
			for t, v := range w[(o*in+c)*9:][:9] {
				to[(o*9+t)*tileChannels] = v
			}
		}
	}
}

func (b *block) forwardImage(worker, i int) {
	s := b.scratch[worker]
	in := b.in[i*b.imageIn():][:b.imageIn()]
	if b.pictures != nil {
		for y := range b.height {
			copy(in[(y+1)*b.row+1:][:b.width], b.pictures[(i*b.height+y)*b.width:])
		}
	}
	c := &s.convolution
	c.in, c.offsets, c.stride = in, b.forwardTaps, 4*b.plane
	c.blocks = (b.run() + tilePixels - 1) / tilePixels
	for panel := 0; panel < b.outChannels; panel += tileChannels {
		c.weights = b.forwardWeights[panel*9*b.inChannels:]
		c.out = s.out[panel*b.plane+b.row+1:]
		b.net.kernels.convolve(c)
	}
	p := &s.pooling
	for c := range b.outChannels {
		b.setPooling(p, b.to, i, c)
		p.wide, p.bias = s.out[c*b.plane+b.row+1:], b.bias.value[c]
		b.net.kernels.pool(p)
	}
}

// setPooling is for channel c of picture i.
func (b *block) setPooling(p *pooling, at place, i, c int) {
	h, w := b.height/2, b.width/2
	if p.count != w {
		p.count, p.rows, p.wideRow = w, h, 4*b.row
		p.setTails()
	}
	p.small, p.smallRow = at.data[i*at.image+c*at.plane+at.origin:], 4*at.row
	p.which = b.which[(i*b.outChannels+c)*h*w:]
}

// backward needs the output's gradient, and leaves those of the weights and,
// unless this is the first block, of the input.
func (b *block) backward(count int) {
	b.count = count
	groups := (count + group - 1) / group
	parallel(b.net.threads, groups, b.backwardOne)
	size := len(b.weight.grad)
	clear(b.weight.grad)
	clear(b.bias.grad)
	for g := range groups {
		sums := b.sums[g*(size+b.outChannels):]
		for i, v := range sums[:size] {
			b.weight.grad[i] += v
		}
		for i, v := range sums[size:][:b.outChannels] {
			b.bias.grad[i] += v
		}
	}
}

func (b *block) backwardGroup(worker, g int) {
	s := b.scratch[worker]
	first, count := g*group, min(group, b.count-g*group)
	planes := roundUp(b.outChannels, tileChannels) * b.plane
	sums := b.sums[g*(len(b.weight.grad)+b.outChannels):][:len(b.weight.grad)+b.outChannels]
	biases := sums[len(b.weight.grad):]
	clear(biases)
	p := &s.pooling
	for i := range count {
		for c := range b.outChannels {
			b.setPooling(p, b.from, first+i, c)
			p.wide = s.grad[i*planes+c*b.plane+b.row+1:]
			b.net.kernels.unpool(p)
			biases[c] += p.sum
		}
		if b.din != nil {
			b.inputGradient(s, s.grad[i*planes:], first+i)
		}
	}
	b.weightGradient(s, sums, first, count)
}

func (b *block) inputGradient(s *scratch, grad []float32, i int) {
	c := &s.convolution
	c.in, c.offsets, c.stride = grad, b.backwardTaps, 4*b.plane
	c.blocks = (b.run() + tilePixels - 1) / tilePixels
	out := b.din[i*roundUp(b.inChannels, tileChannels)*b.plane:]
	for panel := 0; panel < b.inChannels; panel += tileChannels {
		c.weights = b.backwardWeights[panel*9*b.outChannels:]
		c.out = out[panel*b.plane+b.row+1:]
		b.net.kernels.convolve(c)
	}
}

func (b *block) weightGradient(s *scratch, sums []float32, first, count int) {
	t := &s.correlation
	t.stride, t.gradImage, t.inImage = 4*b.plane, 4*roundUp(b.outChannels, tileChannels)*b.plane, 4*b.imageIn()
	t.images, t.blocks = count, (b.run()+tapPixels-1)/tapPixels
	for panel := 0; panel < b.outChannels; panel += tileChannels {
		t.grad = s.grad[panel*b.plane+b.row+1:]
		for c := range b.inChannels {
			for y := range 3 {
				t.in = b.in[first*b.imageIn()+c*b.plane+y*b.row:]
				b.net.kernels.correlate(t)
				for o := range min(tileChannels, b.outChannels-panel) {
					copy(sums[((panel+o)*b.inChannels+c)*9+3*y:][:3], t.sums[3*o:])
				}
			}
		}
	}
}
