package nn

// Reference computes one sample's logits by the definitions, in float64 and
// with loops that share nothing with the rest of this package: what it is
// compared with must not be wrong in the same way. weights are those of all
// Tensors, one after the other.
func Reference(c Config, weights, x []float64) []float64 {
	take := func(n int) []float64 {
		part := weights[:n]
		weights = weights[n:]
		return part
	}
	planes, h, w := [][]float64{x}, c.Height, c.Width
	for _, out := range c.Channels {
		kernel, bias := take(out*len(planes)*9), take(out)
		var pooled [][]float64
		for o := range out {
			sum := make([]float64, h*w)
			for i := range sum {
				sum[i] = bias[o]
			}
			for i, plane := range planes {
				correlate3x3(sum, plane, kernel[(o*len(planes)+i)*9:][:9], w)
			}
			pooled = append(pooled, pool2x2(sum, h, w))
		}
		planes, h, w = pooled, h/2, w/2
	}
	var values []float64
	for _, plane := range planes {
		values = append(values, plane...)
	}
	widths := append(c.Hidden[:len(c.Hidden):len(c.Hidden)], c.Classes)
	for layer, width := range widths {
		matrix, bias := take(width*len(values)), take(width)
		next := make([]float64, width)
		for o := range next {
			sum := bias[o]
			for i, weight := range matrix[o*len(values):][:len(values)] {
				sum += weight * values[i]
			}
			if layer < len(widths)-1 && sum < 0 {
				sum = 0
			}
			next[o] = sum
		}
		values = next
	}
	return values
}

func correlate3x3(sum, plane, kernel []float64, width int) {
	height := len(plane) / width
	for t, k := range kernel {
		down, right := t/3-1, t%3-1
		for y := max(0, -down); y < min(height, height-down); y++ {
			for x := max(0, -right); x < min(width, width-right); x++ {
				sum[y*width+x] += k * plane[(y+down)*width+x+right]
			}
		}
	}
}

// pool2x2 is the largest of four, or 0.
func pool2x2(plane []float64, h, w int) []float64 {
	var pooled []float64
	for y := 0; y+1 < h; y += 2 {
		for x := 0; x+1 < w; x += 2 {
			at := y*w + x
			pooled = append(pooled, max(plane[at], plane[at+1], plane[at+w], plane[at+w+1], 0))
		}
	}
	return pooled
}
