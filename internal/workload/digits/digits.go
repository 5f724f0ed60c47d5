// Package digits draws pictures of handwritten-like digits, 28 by 28 pixels, as
// many as one likes: no file has to be fetched. A picture is known from its
// seed, stream and index alone, so that parts of a set can be drawn in any
// order.
//
// Each is one of several hand-made glyphs of its digit, with its points moved,
// bent by waves, turned, sheared, scaled and shifted, drawn with a pen of some
// width and ink, with specks, stray lines and noise. The amounts are such that
// a linear model gets some 85 of 100 right, a small MLP 98 and a small
// convolutional net 99; see the tests of package train.
package digits

import "math"

// The pictures.
const (
	Side    = 28
	Pixels  = Side * Side
	Classes = 10
)

// Set is an endless list of pictures. Sets of one seed with different streams
// have nothing in common.
type Set struct {
	Seed   int64
	Stream uint64
}

// Draw makes the picture of that index, row by row, black is 0 and ink up to
// 255, and returns which digit it shows.
func (s Set) Draw(index int, into []uint8) int {
	r := random{mix(mix(uint64(s.Seed)+golden)^mix(s.Stream*golden+3)) + uint64(index)*0x632be59bd9b4e019}
	for range 2 {
		r.next()
	}
	label := int(r.next() >> 33 % Classes)
	c := canvas{}
	c.clear()
	shapes := glyphs[label]
	c.draw(shapes[r.below(len(shapes))], &r)
	c.ink(&r, into)
	return label
}

// random is SplitMix64 (Steele, Lea and Flood 2014), one number after the other.
type random struct{ state uint64 }

const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio, odd

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *random) next() uint64 {
	r.state += golden
	return mix(r.state)
}

func (r *random) below(n int) int { return int(r.next() >> 33 % uint64(n)) }

// within is evenly spread over [-most, most).
func (r *random) within(most float64) float64 { return (float64(r.next()>>11)*0x1p-52 - 1) * most }

// between is evenly spread over [low, high).
func (r *random) between(low, high float64) float64 {
	return low + (high-low)*float64(r.next()>>11)*0x1p-53
}

// bell has mean 0 and that deviation, nearly normal.
func (r *random) bell(deviation float64) float64 {
	return (r.within(1) + r.within(1) + r.within(1)) * deviation
}

// canvas holds the square of the distance from each pixel to the nearest
// stroke, divided by that of half a pen's width.
type canvas struct{ near [Pixels]float64 }

const far = 1e9

func (c *canvas) clear() {
	for i := range c.near {
		c.near[i] = far
	}
}

// How much pictures differ.
const (
	jitter = 0.030 // of a glyph's points, deviation, as a part of its size
	wave   = 0.045 // amplitude of the bending, the same
	turn   = 0.19  // radians, deviation
	shear  = 0.22  // deviation
	shift  = 2.2   // pixels either way
	noise  = 14    // grey levels, deviation
)

// draw puts a glyph onto the canvas.
func (c *canvas) draw(g glyph, r *random) {
	width, height := r.between(9.5, 17), r.between(15.5, 22)
	angle, slant := r.bell(turn), r.bell(shear)
	cos, sin := math.Cos(angle), math.Sin(angle)
	x0, y0 := Side/2+r.within(shift), Side/2+r.within(shift)
	fx, fy, px, py := r.between(2, 7), r.between(2, 7), r.within(math.Pi), r.within(math.Pi)
	ax, ay := r.bell(wave), r.bell(wave)
	pen := r.between(0.85, 1.9)
	place := func(p point) point {
		x, y := p.x-.5, p.y-.5
		x, y = x+ax*math.Sin(fy*y+px), y+ay*math.Sin(fx*x+py)
		x, y = (x-slant*y)*width, y*height
		return point{x0 + cos*x - sin*y, y0 + sin*x + cos*y}
	}
	for _, s := range g {
		moved := make([]point, 0, 16)
		last := point{}
		for i, p := range s {
			if i > 0 && p == s[i-1] {
				moved = append(moved, last) // a corner stays one
				continue
			}
			last = point{p.x + r.bell(jitter), p.y + r.bell(jitter)}
			moved = append(moved, last)
		}
		c.curve(moved, pen, place)
	}
	if r.below(6) == 0 { // a stray line
		from := point{r.between(2, 26), r.between(2, 26)}
		c.line(from, point{from.x + r.within(6), from.y + r.within(6)}, pen*.6)
	}
}

// curve draws straight pieces of a curve through the points.
func (c *canvas) curve(points []point, pen float64, place func(point) point) {
	const pieces = 6
	from := place(points[0])
	for i := range len(points) - 1 {
		before, a, b, after := points[max(0, i-1)], points[i], points[i+1], points[min(len(points)-1, i+2)]
		if a == b {
			continue
		}
		for k := 1; k <= pieces; k++ {
			t := float64(k) / pieces
			to := place(point{spline(before.x, a.x, b.x, after.x, t), spline(before.y, a.y, b.y, after.y, t)})
			c.line(from, to, pen)
			from = to
		}
	}
}

// spline is Catmull and Rom's curve between a and b.
func spline(before, a, b, after, t float64) float64 {
	return .5 * (2*a + (b-before)*t + (2*before-5*a+4*b-after)*t*t + (3*a-before-3*b+after)*t*t*t)
}

// line draws a straight piece with round ends.
func (c *canvas) line(a, b point, pen float64) {
	reach := pen + 1
	left, right := int(min(a.x, b.x)-reach), int(max(a.x, b.x)+reach)+1
	top, bottom := int(min(a.y, b.y)-reach), int(max(a.y, b.y)+reach)+1
	dx, dy := b.x-a.x, b.y-a.y
	length := dx*dx + dy*dy
	if length == 0 {
		length = 1
	}
	dx, dy, thin := dx/length, dy/length, 1/(pen*pen) // divided once, not for each pixel
	for y := max(0, top); y <= min(Side-1, bottom); y++ {
		for x := max(0, left); x <= min(Side-1, right); x++ {
			px, py := float64(x)+.5-a.x, float64(y)+.5-a.y
			t := px*dx + py*dy
			if t < 0 {
				t = 0
			} else if t > 1 {
				t = 1
			}
			px, py = px-t*length*dx, py-t*length*dy
			if d := (px*px + py*py) * thin; d < c.near[y*Side+x] {
				c.near[y*Side+x] = d
			}
		}
	}
}

// ink turns distances into grey levels: full within three fifths of the pen's
// half width, none beyond 1.6 times that, with some bits missing, specks and
// noise.
func (c *canvas) ink(r *random, into []uint8) {
	full := r.between(150, 255)
	hole, gap := -1.0, 0.0
	hx, hy := 0.0, 0.0
	if r.below(4) == 0 { // the pen skipped somewhere
		hole, gap = r.between(1, 2.6), r.between(.35, .9)
		hx, hy = r.between(6, 22), r.between(6, 22)
	}
	for i, near := range c.near {
		grey := 0.0
		if near < 2.56 {
			d := math.Sqrt(near)
			grey = full * max(0, min(1, 1.6-d))
		}
		if x, y := float64(i%Side)-hx, float64(i/Side)-hy; hole > 0 && x*x+y*y < hole*hole {
			grey *= 1 - gap
		}
		bits := r.next()
		speckle := float64(bits&0xffff) + float64(bits>>16&0xffff) + float64(bits>>32&0xffff) // nearly normal
		grey += (speckle/0x1p16 - 1.5) * 2 * noise
		if bits>>48 < 200 { // three in a thousand
			grey += 110
		}
		into[i] = uint8(max(0, min(255, grey)))
	}
}
