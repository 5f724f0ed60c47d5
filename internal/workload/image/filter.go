package image

import (
	"context"
	"math"

	"turno/internal/workload"
)

// filter is what an operation comes to: a kernel where it has one, and what is
// done with the sum.
type filter struct {
	operation string
	border    Border
	amount    float64
	kernel    [][]float64 // the whole, for the reference; nil for grayscale
	across    []float64   // kernel = down × across, where it is such a product
	down      []float64
}

func newFilter(p Params) *filter {
	f := &filter{operation: p.Operation, border: p.Border, amount: p.Amount}
	switch p.Operation {
	case "blur", "sharpen":
		g := gaussian(p.Sigma, p.Radius)
		f.across, f.down = g, g
		f.kernel = make([][]float64, len(g))
		for i := range g {
			f.kernel[i] = make([]float64, len(g))
			for j := range g {
				f.kernel[i][j] = g[i] * g[j]
			}
		}
	case "edges":
		f.kernel = sobel
	case "kernel":
		f.kernel = p.Kernel
		f.across, f.down = factor(p.Kernel)
	}
	return f
}

// gaussian is cut off at the radius and sums up to 1.
func gaussian(sigma float64, radius int) []float64 {
	if radius == 0 {
		radius = min(maxRadius, int(math.Ceil(3*sigma)))
	}
	g, sum := make([]float64, 2*radius+1), 0.0
	for i := range g {
		x := float64(i-radius) / sigma
		g[i] = math.Exp(-x * x / 2)
		sum += g[i]
	}
	for i := range g {
		g[i] /= sum
	}
	return g
}

// sobel is the horizontal gradient; the vertical one is its transpose.
var sobel = [][]float64{{-1, 0, 1}, {-2, 0, 2}, {-1, 0, 1}}

// factor finds two vectors whose product is the kernel, or nothing. What is
// neglected is far below float32.
func factor(kernel [][]float64) (across, down []float64) {
	row, col := 0, 0
	for i := range kernel {
		for j := range kernel[i] {
			if math.Abs(kernel[i][j]) > math.Abs(kernel[row][col]) {
				row, col = i, j
			}
		}
	}
	pivot := kernel[row][col]
	if pivot == 0 || len(kernel) == 1 || len(kernel[0]) == 1 {
		return nil, nil // one pass will do
	}
	across = kernel[row]
	for i := range kernel {
		down = append(down, kernel[i][col]/pivot)
	}
	for i := range kernel {
		for j := range kernel[i] {
			if math.Abs(kernel[i][j]-down[i]*across[j]) > 1e-13*math.Abs(pivot) {
				return nil, nil
			}
		}
	}
	return across, down
}

// worker holds what filtering a picture of one size needs, for the next one.
type worker struct {
	*filter
	threads        int
	padded, middle []float32
	grey           []float32
}

// planes that the result has.
func (f *filter) planes() int {
	if f.operation == "edges" || f.operation == "grayscale" {
		return 1
	}
	return 3
}

// apply filters from one picture into another one of the same size.
func (w *worker) apply(ctx context.Context, to, from *picture) error {
	to.alpha = from.alpha
	switch w.operation {
	case "grayscale":
		return w.luma(ctx, to.planes[0], from)
	case "edges":
		w.grey = resize(w.grey, from.width*from.height)
		if err := w.luma(ctx, w.grey, from); err != nil {
			return err
		}
		return w.edges(ctx, to.planes[0], w.grey, from.width, from.height)
	}
	for c := range to.planes {
		if err := w.convolve(ctx, to.planes[c], from.planes[c], from.width, from.height); err != nil {
			return err
		}
		if w.operation == "sharpen" {
			if err := w.unsharp(ctx, to.planes[c], from.planes[c]); err != nil {
				return err
			}
		}
	}
	return nil
}

func resize(plane []float32, n int) []float32 {
	if cap(plane) < n {
		return make([]float32, n)
	}
	return plane[:n]
}

// Weights of grey: Rec. 601, on the values as stored.
const red, green, blue = 0.299, 0.587, 0.114

func (w *worker) luma(ctx context.Context, to []float32, from *picture) error {
	return workload.Parallel(ctx, w.threads, len(to), 1<<18, func(low, high int) {
		to, r, g, b := to[low:high], from.planes[0][low:high], from.planes[1][low:high], from.planes[2][low:high]
		for i := range to {
			to[i] = red*r[i] + green*g[i] + blue*b[i]
		}
	})
}

// unsharp adds what the blur took away: v + amount·(v − blurred).
func (w *worker) unsharp(ctx context.Context, blurred, from []float32) error {
	amount := float32(w.amount)
	return workload.Parallel(ctx, w.threads, len(from), 1<<18, func(low, high int) {
		blurred, from := blurred[low:high], from[low:high]
		for i, v := range from {
			blurred[i] = v + amount*(v-blurred[i])
		}
	})
}

// pad copies a plane with a border of the kernel's reach around it, so that no
// later step needs to ask where it is. It returns the padded width.
func (w *worker) pad(ctx context.Context, from []float32, width, height, side, top int) (int, error) {
	wide := width + 2*side
	w.padded = resize(w.padded, wide*(height+2*top))
	return wide, workload.Parallel(ctx, w.threads, height+2*top, rowsAtATime(wide), func(low, high int) {
		for y := low; y < high; y++ {
			row := w.padded[y*wide : (y+1)*wide]
			source := w.border.index(y-top, height)
			if source < 0 {
				clear(row)
				continue
			}
			line := from[source*width : (source+1)*width]
			copy(row[side:], line)
			for x := range side {
				row[x] = at(line, w.border.index(x-side, width))
				row[side+width+x] = at(line, w.border.index(width+x, width))
			}
		}
	})
}

func at(line []float32, x int) float32 {
	if x < 0 {
		return 0
	}
	return line[x]
}

// tap is a row, moved so that its first number belongs to the first pixel, and
// its weight.
type tap struct {
	row    []float32
	weight float32
}

// convolve sums up each pixel's neighbours by the kernel's weights: in two
// passes where the kernel is a product, in one otherwise.
func (w *worker) convolve(ctx context.Context, to, from []float32, width, height int) error {
	rows, cols := len(w.kernel), len(w.kernel[0])
	wide, err := w.pad(ctx, from, width, height, cols/2, rows/2)
	if err != nil {
		return err
	}
	grain := max(1, rowsAtATime(width)/(1+rows*cols/16))
	if w.across == nil {
		return workload.Parallel(ctx, w.threads, height, grain, func(low, high int) {
			var taps []tap
			for y := low; y < high; y++ {
				taps = taps[:0]
				for i, weights := range w.kernel {
					for j, weight := range weights {
						taps = append(taps, tap{w.padded[(y+i)*wide+j:], float32(weight)})
					}
				}
				weigh(to[y*width:(y+1)*width], taps)
			}
		})
	}
	tall := height + rows - 1
	w.middle = resize(w.middle, width*tall)
	err = workload.Parallel(ctx, w.threads, tall, grain, func(low, high int) {
		var taps []tap
		for y := low; y < high; y++ {
			taps = taps[:0]
			for j, weight := range w.across {
				taps = append(taps, tap{w.padded[y*wide+j:], float32(weight)})
			}
			weigh(w.middle[y*width:(y+1)*width], taps)
		}
	})
	if err != nil {
		return err
	}
	return workload.Parallel(ctx, w.threads, height, grain, func(low, high int) {
		var taps []tap
		for y := low; y < high; y++ {
			taps = taps[:0]
			for i, weight := range w.down {
				taps = append(taps, tap{w.middle[(y+i)*width:], float32(weight)})
			}
			weigh(to[y*width:(y+1)*width], taps)
		}
	})
}

// weigh sets to to the weighted sum of rows, six at a time, which keeps the sums
// in registers for longer than one at a time would.
func weigh(to []float32, taps []tap) {
	clear(to)
	n := len(to)
	for len(taps) >= 6 {
		a, b, c, d, e, f := taps[0].row[:n], taps[1].row[:n], taps[2].row[:n], taps[3].row[:n], taps[4].row[:n], taps[5].row[:n]
		u, v, w, x, y, z := taps[0].weight, taps[1].weight, taps[2].weight, taps[3].weight, taps[4].weight, taps[5].weight
		for i := range to {
			to[i] += (u*a[i] + v*b[i]) + (w*c[i] + x*d[i]) + (y*e[i] + z*f[i])
		}
		taps = taps[6:]
	}
	for _, t := range taps {
		row, weight := t.row[:n], t.weight
		for i := range to {
			to[i] += weight * row[i]
		}
	}
}

// edges is the length of Sobel's gradient.
func (w *worker) edges(ctx context.Context, to, grey []float32, width, height int) error {
	wide, err := w.pad(ctx, grey, width, height, 1, 1)
	if err != nil {
		return err
	}
	return workload.Parallel(ctx, w.threads, height, rowsAtATime(width), func(low, high int) {
		for y := low; y < high; y++ {
			a, b, c := w.padded[y*wide:(y+1)*wide], w.padded[(y+1)*wide:(y+2)*wide], w.padded[(y+2)*wide:(y+3)*wide]
			line := to[y*width : (y+1)*width]
			for x := range line {
				across := (a[x+2] - a[x]) + 2*(b[x+2]-b[x]) + (c[x+2] - c[x])
				down := (c[x] - a[x]) + 2*(c[x+1]-a[x+1]) + (c[x+2] - a[x+2])
				line[x] = float32(math.Sqrt(float64(across*across + down*down)))
			}
		}
	})
}
