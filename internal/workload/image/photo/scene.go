package main

import "math"

// scene is a table in front of a dark room with lamps, lit by a window.
type scene struct {
	lens   lens
	window window
	things []thing
}

// thing is a ball or a block.
type thing interface {
	// meet is the distance along a ray to the thing and the normal there, or 0.
	meet(r ray) (t float64, normal vector)
	made(at, normal vector) surface
}

// window is a rectangle of even light.
type window struct {
	corner, across, down vector
	normal, light        vector
	area                 float64
}

// from is the window's light on a matte point, by one point of the window.
func (w window) from(s *scene, h hit, d *dice) vector {
	to := w.corner.plus(w.across.times(d.next())).plus(w.down.times(d.next())).minus(h.at)
	distance := math.Sqrt(to.dot(to))
	to = to.times(1 / distance)
	cosine, sent := to.dot(h.normal), -to.dot(w.normal)
	if cosine <= 0 || sent <= 0 {
		return vector{}
	}
	return w.light.times(s.clear(ray{h.at.plus(to.times(1e-4)), to}, distance) * cosine * sent * w.area / (math.Pi * distance * distance))
}

// clear is the share of light that passes what stands in between: glass sends
// about half of it elsewhere.
func (s *scene) clear(r ray, distance float64) float64 {
	passes := 1.0
	for _, thing := range s.things {
		if t, n := thing.meet(r); t > 1e-4 && t < distance-1e-3 {
			if thing.made(r.at(t), n).kind != glass {
				return 0
			}
			passes *= 0.5
		}
	}
	return passes
}

func (s *scene) meet(r ray) (hit, bool) {
	best, h, at := math.Inf(1), hit{}, -1
	for i, thing := range s.things {
		if t, n := thing.meet(r); t > 1e-4 && t < best {
			best, at, h.normal = t, i, n
		}
	}
	if at < 0 {
		return h, false
	}
	h.at = r.at(best)
	h.surface = s.things[at].made(h.at, h.normal)
	if h.kind != glass && h.normal.dot(r.to) > 0 {
		h.normal = h.normal.times(-1)
	}
	return h, true
}

// sky is the room behind everything, with the window where a mirror shows it.
func (s *scene) sky(to vector, direct bool) vector {
	wall := mix(vector{0.075, 0.06, 0.05}, vector{0.16, 0.19, 0.24}, min(max(0.5+to.x*-0.5+to.y*0.4, 0), 1))
	wall = wall.times(1 + 2.4*max(0, to.z)) // the bright side of the room is behind the eye
	if direct {
		if t := s.window.normal.dot(s.window.corner.minus(s.lens.from)) / s.window.normal.dot(to); t > 0 {
			p := s.lens.from.plus(to.times(t)).minus(s.window.corner)
			u, v := p.dot(s.window.across)/s.window.across.dot(s.window.across), p.dot(s.window.down)/s.window.down.dot(s.window.down)
			bar := math.Abs(u-0.5) < 0.025 || math.Abs(v-0.5) < 0.02
			if u > 0 && u < 1 && v > 0 && v < 1 && !bar {
				return s.window.light
			}
		}
	}
	return wall
}

// ball is a sphere.
type ball struct {
	centre vector
	radius float64
	skin   func(at, normal vector) surface
}

func (b ball) meet(r ray) (float64, vector) {
	o := r.from.minus(b.centre)
	half := o.dot(r.to)
	inside := half*half - o.dot(o) + b.radius*b.radius
	if inside < 0 {
		return 0, vector{}
	}
	root := math.Sqrt(inside)
	t := -half - root
	if t < 1e-4 {
		t = -half + root
	}
	return t, r.at(t).minus(b.centre).times(1 / b.radius)
}

func (b ball) made(at, normal vector) surface { return b.skin(at.minus(b.centre), normal) }

// block is a box that is turned about the vertical.
type block struct {
	centre, half vector
	cos, sin     float64
	skin         func(at, normal vector) surface
}

func newBlock(centre, half vector, degrees float64, skin func(at, normal vector) surface) block {
	return block{centre, half, math.Cos(degrees * math.Pi / 180), math.Sin(degrees * math.Pi / 180), skin}
}

func (b block) in(v vector) vector { return vector{v.x*b.cos - v.z*b.sin, v.y, v.x*b.sin + v.z*b.cos} }
func (b block) out(v vector) vector {
	return vector{v.x*b.cos + v.z*b.sin, v.y, -v.x*b.sin + v.z*b.cos}
}

func (b block) meet(r ray) (float64, vector) {
	o, d := b.in(r.from.minus(b.centre)), b.in(r.to)
	near, far, axis := math.Inf(-1), math.Inf(1), vector{}
	for _, c := range [3]struct {
		o, d, half float64
		axis       vector
	}{{o.x, d.x, b.half.x, vector{1, 0, 0}}, {o.y, d.y, b.half.y, vector{0, 1, 0}}, {o.z, d.z, b.half.z, vector{0, 0, 1}}} {
		low, high := (-c.half-c.o)/c.d, (c.half-c.o)/c.d
		if low > high {
			low, high = high, low
		}
		if low > near {
			near, axis = low, c.axis.times(-math.Copysign(1, c.d))
		}
		far = min(far, high)
	}
	if near > far || near < 1e-4 {
		return 0, vector{}
	}
	return near, b.out(axis)
}

func (b block) made(at, normal vector) surface { return b.skin(b.in(at.minus(b.centre)), b.in(normal)) }
