package image

import (
	"context"
	"math"
	"slices"

	"turno/internal/workload"
)

// checked is how many pixels of a picture are compared: all of a small one,
// that many of a larger one.
const checked = 1 << 17

// checkGrain pixels with the largest kernel, 65 by 65, take some 10 ms.
const checkGrain = 1 << 10

// verify compares a result with the reference. The error is relative to the
// largest value that the operation can give, 255 times the sum of the weights'
// sizes: for a blur it is a share of white. seed chooses the sample.
func (f *filter) verify(ctx context.Context, result, from *picture, seed int64, threads int) (workload.Verification, error) {
	v := workload.Verification{Method: "every pixel against a sum in float64, relative to the largest value possible", Tolerance: f.tolerance()}
	pixels := from.width * from.height
	count := pixels
	if pixels > checked {
		count, v.Method = checked, "131072 pixels by seed against a sum in float64, relative to the largest value possible"
	}
	random := workload.NewRandom(seed, 99)
	worst := make([]float64, (count+checkGrain-1)/checkGrain)
	err := workload.Parallel(ctx, threads, count, checkGrain, func(low, high int) {
		most := 0.0
		for i := low; i < high; i++ {
			pixel := i
			if count < pixels {
				pixel = int(random.Bits(i) % uint64(pixels))
			}
			for c := range result.planes {
				off := math.Abs(float64(result.planes[c][pixel]) - f.reference(from, c, pixel%from.width, pixel/from.width))
				if !(off <= most) { // also NaN
					most = off
				}
			}
			if math.IsNaN(most) {
				break
			}
		}
		worst[low/checkGrain] = most
	})
	if err != nil {
		return v, err
	}
	v.Error = slices.Max(worst) / f.largest()
	v.Verified = v.Error <= v.Tolerance
	return v, nil
}

// tolerance is the worst case of rounding to float32 (Higham 2002, "Accuracy
// and Stability of Numerical Algorithms", §3.1): u = 2^-24 for each weight, for
// each product and for each sum on the way to a number. It is at most 6e-5, a
// hundredth of a grey level for a blur.
func (f *filter) tolerance() float64 {
	const u = 0x1p-24
	switch {
	case f.kernel == nil:
		return 8 * u
	case f.across != nil:
		return float64(len(f.across)+len(f.down)+12) * u
	}
	return float64(len(f.kernel)*len(f.kernel[0])+12) * u
}

// least sum of weights that errors are related to: smaller weights would fall
// below what float32 can hold, and the result is black all the same.
const least = 1e-25

// largest value that the operation can give.
func (f *filter) largest() float64 {
	sum := 0.0
	for _, row := range f.kernel {
		for _, w := range row {
			sum += math.Abs(w)
		}
	}
	switch f.operation {
	case "grayscale":
		sum = 1
	case "sharpen":
		sum = 1 + f.amount*(1+sum)
	case "edges":
		sum *= math.Sqrt2
	}
	return 255 * max(sum, least)
}

// reference is the operation at one pixel, by its definition.
func (f *filter) reference(from *picture, c, x, y int) float64 {
	switch f.operation {
	case "grayscale":
		return grey(from, y*from.width+x)
	case "sharpen":
		value := float64(from.planes[c][y*from.width+x])
		return value + f.amount*(value-f.sum(from, c, x, y))
	case "edges":
		across, down := 0.0, 0.0
		for i, row := range f.kernel {
			for j, w := range row {
				v := 0.0
				if place := f.place(from, x+j-1, y+i-1); place >= 0 {
					v = grey(from, place)
				}
				across += w * v
				down += f.kernel[j][i] * v
			}
		}
		return math.Hypot(across, down)
	}
	return f.sum(from, c, x, y)
}

func grey(from *picture, place int) float64 {
	return red*float64(from.planes[0][place]) + green*float64(from.planes[1][place]) + blue*float64(from.planes[2][place])
}

func (f *filter) sum(from *picture, c, x, y int) float64 {
	sum := 0.0
	for i, weights := range f.kernel {
		row := f.border.index(y+i-len(f.kernel)/2, from.height)
		if row < 0 {
			continue
		}
		line := from.planes[c][row*from.width : (row+1)*from.width]
		left := x - len(weights)/2
		for j, w := range weights {
			if at := f.border.index(left+j, from.width); at >= 0 {
				sum += w * float64(line[at])
			}
		}
	}
	return sum
}

// place of a pixel that may lie beyond the picture; -1 is black.
func (f *filter) place(from *picture, x, y int) int {
	x, y = f.border.index(x, from.width), f.border.index(y, from.height)
	if x < 0 || y < 0 {
		return -1
	}
	return y*from.width + x
}
