package nn

// kernels are the inner loops, in assembly where the machine has AVX2 and FMA
// and in Go elsewhere. Each takes a struct with everything it needs, because an
// argument of a function value escapes: the structs live in a worker's scratch.
// Slices are from the first number used on; that all reads and writes stay
// within them is their caller's business.
type kernels struct {
	name      string
	convolve  func(*convolution)
	correlate func(*correlation)
	pool      func(*pooling)
	unpool    func(*pooling)
	momentum  func(*update)
	adam      func(*update)
}

// Sizes of the kernels' tiles: 12 sums of 8 numbers in registers either way.
const (
	tileChannels = 4  // of convolve and correlate
	tilePixels   = 24 // of convolve
	tapPixels    = 8  // of correlate, at a time
)

// convolution computes four channels of output for blocks of 24 pixels each:
// out[c][p] = sum over k of weights[k][c] * in[offsets[k]/4 + p].
type convolution struct {
	in      []float32
	out     []float32 // of the first channel
	weights []float32 // four of each step
	offsets []int     // in bytes, one for each step
	stride  int       // bytes from one channel of out to the next
	blocks  int
}

// correlation sums products of output gradients and inputs over all pixels of
// some pictures: sums[c][t] = sum over i, p of grad[i][c][p] * in[i][p+t].
type correlation struct {
	grad      []float32
	in        []float32 // at the first of three taps
	stride    int       // bytes from one channel of grad to the next
	gradImage int       // bytes from one picture's grad to the next
	inImage   int
	images    int
	blocks    int // of 8 pixels
	sums      [12]float32
}

// pooling takes the largest of each 2 by 2 pixels, adds the bias, and drops
// what is negative; which says where it was (row*2+column), 4 for dropped ones.
// unpool goes back: wide gets small where which says and 0 elsewhere, and sum
// the total of what was not dropped.
type pooling struct {
	wide     []float32 // at the first pixel
	small    []float32
	which    []int32
	wideRow  int // bytes
	smallRow int
	rows     int // of small
	count    int // numbers in a row of small
	bias     float32
	sum      float32
	tail     [8]int32 // all bits for each number of the last, incomplete eight of a row
	tails    [16]int32
}

// setTails fills the masks for a row of count numbers.
func (p *pooling) setTails() {
	left := p.count % 8
	for i := range 8 {
		p.tail[i], p.tails[2*i], p.tails[2*i+1] = 0, 0, 0
		if i < left {
			p.tail[i], p.tails[2*i], p.tails[2*i+1] = -1, -1, -1
		}
	}
}

// update is a step of an optimiser on a multiple of 8 weights.
type update struct {
	weights, grads, first, second []float32

	decay    float32 // of the weights, added to the gradient
	beta1    float32 // the momentum of SGD
	beta2    float32
	rest1    float32 // 1-beta1
	rest2    float32
	unbias   float32 // 1/sqrt(1-beta2^t)
	epsilon  float32
	negative float32 // minus the rate; of Adam divided by 1-beta1^t
}

// best are the kernels to use: the quickest that run here.
var best = func() *kernels {
	if k := machineKernels(); k != nil {
		return k
	}
	return goKernels()
}()

func goKernels() *kernels {
	return &kernels{name: "go", convolve: convolveGo, correlate: correlateGo, pool: poolGo, unpool: unpoolGo, momentum: momentumGo, adam: adamGo}
}

func convolveGo(t *convolution) {
	stride := t.stride / 4
	for p := 0; p < t.blocks*tilePixels; p += tilePixels {
		var sums [tileChannels][tilePixels]float32
		for k, offset := range t.offsets {
			in := t.in[offset/4+p:][:tilePixels]
			for c := range sums {
				w := t.weights[k*tileChannels+c]
				row := &sums[c]
				for i, v := range in {
					row[i] += w * v
				}
			}
		}
		for c := range sums {
			copy(t.out[c*stride+p:], sums[c][:])
		}
	}
}

func correlateGo(t *correlation) {
	t.sums = [12]float32{}
	stride, pixels := t.stride/4, t.blocks*tapPixels
	for i := range t.images {
		in := t.in[i*t.inImage/4:][:pixels+2]
		for c := range tileChannels {
			var a, b, d float32
			for p, g := range t.grad[i*t.gradImage/4+c*stride:][:pixels] {
				a += g * in[p]
				b += g * in[p+1]
				d += g * in[p+2]
			}
			t.sums[c*3] += a
			t.sums[c*3+1] += b
			t.sums[c*3+2] += d
		}
	}
}

func poolGo(p *pooling) {
	row := p.wideRow / 4
	for y := range p.rows {
		top, bottom := p.wide[2*y*row:][:2*p.count], p.wide[(2*y+1)*row:][:2*p.count]
		small, which := p.small[y*p.smallRow/4:][:p.count], p.which[y*p.count:][:p.count]
		for x := range small {
			most, at := top[2*x], int32(0)
			if v := top[2*x+1]; v > most {
				most, at = v, 1
			}
			low, below := bottom[2*x], int32(2)
			if v := bottom[2*x+1]; v > low {
				low, below = v, 3
			}
			if low > most {
				most, at = low, below
			}
			if most += p.bias; !(most > 0) {
				most, at = 0, 4
			}
			small[x], which[x] = most, at
		}
	}
}

func unpoolGo(p *pooling) {
	row := p.wideRow / 4
	p.sum = 0
	for y := range p.rows {
		top, bottom := p.wide[2*y*row:][:2*p.count], p.wide[(2*y+1)*row:][:2*p.count]
		small, which := p.small[y*p.smallRow/4:][:p.count], p.which[y*p.count:][:p.count]
		clear(top)
		clear(bottom)
		for x, d := range small {
			switch at := which[x]; at {
			case 0, 1:
				top[2*x+int(at)] = d
			case 2, 3:
				bottom[2*x+int(at)-2] = d
			default:
				continue
			}
			p.sum += d
		}
	}
}

func momentumGo(u *update) {
	for i, g := range u.grads {
		g += u.decay * u.weights[i]
		v := u.beta1*u.first[i] + g
		u.first[i] = v
		u.weights[i] += u.negative * v
	}
}

func adamGo(u *update) {
	for i, g := range u.grads {
		g += u.decay * u.weights[i]
		m := u.beta1*u.first[i] + u.rest1*g
		v := u.beta2*u.second[i] + u.rest2*g*g
		u.first[i], u.second[i] = m, v
		u.weights[i] += u.negative * m / (sqrt(v)*u.unbias + u.epsilon)
	}
}

// Engine names the kernels that New's nets compute with, such as avx2.
func Engine() string { return best.name }
