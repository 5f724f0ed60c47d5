package main

import "math"

// vector is a point, a direction or light of three colours.
type vector struct{ x, y, z float64 }

func (a vector) plus(b vector) vector   { return vector{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vector) minus(b vector) vector  { return vector{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vector) times(f float64) vector { return vector{a.x * f, a.y * f, a.z * f} }
func (a vector) filter(b vector) vector { return vector{a.x * b.x, a.y * b.y, a.z * b.z} }
func (a vector) dot(b vector) float64   { return a.x*b.x + a.y*b.y + a.z*b.z }
func (a vector) cross(b vector) vector {
	return vector{a.y*b.z - a.z*b.y, a.z*b.x - a.x*b.z, a.x*b.y - a.y*b.x}
}
func (a vector) unit() vector            { return a.times(1 / math.Sqrt(a.dot(a))) }
func (a vector) mirror(n vector) vector  { return a.minus(n.times(2 * a.dot(n))) }
func (a vector) atMost(f float64) vector { return vector{min(a.x, f), min(a.y, f), min(a.z, f)} }
func mix(a, b vector, f float64) vector  { return a.times(1 - f).plus(b.times(f)) }

// dice are random numbers (SplitMix64), one sequence for each pixel.
type dice struct{ state uint64 }

// newDice scrambles the seed: sequences of neighbours must not be each other's,
// moved by one.
func newDice(seed uint64) *dice {
	d := &dice{seed ^ 0x5851f42d4c957f2d}
	for range 2 {
		d.state = math.Float64bits(d.next()) * 0xd1342543de82ef95
	}
	return d
}

func (d *dice) next() float64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) * 0x1p-53
}

// disc is an even point of the unit disc.
func (d *dice) disc() (x, y float64) {
	r, a := math.Sqrt(d.next()), 2*math.Pi*d.next()
	return r * math.Cos(a), r * math.Sin(a)
}

// around is a direction near the unit vector n: spread 1 is Lambert's cosine,
// smaller ones are a sharper lobe.
func (d *dice) around(n vector, spread float64) vector {
	side := vector{0, 1, 0}
	if math.Abs(n.y) > 0.9 {
		side = vector{1, 0, 0}
	}
	u := side.cross(n).unit()
	v := n.cross(u)
	x, y := d.disc()
	x, y = x*spread, y*spread
	return u.times(x).plus(v.times(y)).plus(n.times(math.Sqrt(max(0, 1-x*x-y*y))))
}

type ray struct{ from, to vector } // to has length 1

func (r ray) at(t float64) vector { return r.from.plus(r.to.times(t)) }

// lens is a thin one, so that only what is at the distance focus is sharp.
type lens struct {
	from, forward, right, up vector
	scale                    float64 // half the picture's width at distance 1
	aperture, focus          float64
}

func newLens(from, to vector, degrees, aperture, focus float64) lens {
	forward := to.minus(from).unit()
	right := forward.cross(vector{0, 1, 0}).unit()
	return lens{from, forward, right, right.cross(forward), math.Tan(degrees * math.Pi / 360), aperture, focus}
}

func (l lens) ray(x, y float64, d *dice) ray {
	to := l.forward.plus(l.right.times(x * l.scale)).plus(l.up.times(y * l.scale))
	sharp := l.from.plus(to.times(l.focus))
	a, b := d.disc()
	from := l.from.plus(l.right.times(a * l.aperture)).plus(l.up.times(b * l.aperture))
	return ray{from, sharp.minus(from).unit()}
}

// surface is what a point of a thing is made of.
type surface struct {
	colour vector
	glow   vector
	kind   kind
	rough  float64 // 0 is polished
	coat   float64 // share of light that a varnish mirrors, seen head on
}

type kind int

const (
	matte kind = iota
	metal
	glass
)

type hit struct {
	at, normal vector
	surface
}

// trace follows a path back from the eye. The window is aimed at from every
// matte point, so a path that meets it by chance counts only after a mirror or
// a glass, and is held back where it would leave a speck.
func (s *scene) trace(r ray, d *dice) vector {
	light, filter := vector{}, vector{1, 1, 1}
	direct, most := true, math.Inf(1)
	for depth := range 9 {
		h, ok := s.meet(r)
		if !ok {
			return light.plus(filter.filter(s.sky(r.to, direct).atMost(most)))
		}
		if direct && math.IsInf(most, 1) { // lamps are seen, but too small to light anything
			light = light.plus(filter.filter(h.glow))
		}
		if depth > 3 { // Russian roulette
			keep := min(1, max(filter.x, filter.y, filter.z))
			if d.next() > keep {
				return light
			}
			filter = filter.times(1 / keep)
		}
		switch {
		case h.kind == glass:
			r, direct = bend(r, h, d), true
			filter = filter.filter(h.colour)
		case h.kind == metal || d.next() < fresnel(h.coat, -r.to.dot(h.normal)):
			if h.kind == metal {
				filter = filter.filter(mix(h.colour, vector{1, 1, 1}, fresnel(0, -r.to.dot(h.normal))))
			}
			r, direct = ray{h.at, d.around(r.to.mirror(h.normal).unit(), h.rough)}, true
			if r.to.dot(h.normal) <= 0 {
				return light
			}
		default:
			filter = filter.filter(h.colour)
			light = light.plus(filter.filter(s.window.from(s, h, d)))
			r, direct, most = ray{h.at, d.around(h.normal, 1)}, false, 2
		}
		r.from = r.from.plus(r.to.times(1e-4))
	}
	return light
}

// fresnel is Schlick's approximation (1994).
func fresnel(head, cosine float64) float64 {
	c := 1 - min(max(cosine, 0), 1)
	return head + (1-head)*c*c*c*c*c
}

// bend refracts or mirrors a ray at glass.
func bend(r ray, h hit, d *dice) ray {
	const index = 1.5
	cosine, normal, ratio := -r.to.dot(h.normal), h.normal, 1/index
	if cosine < 0 {
		cosine, normal, ratio = -cosine, normal.times(-1), index
	}
	inside := 1 - ratio*ratio*(1-cosine*cosine)
	if inside < 0 || d.next() < fresnel(0.04, min(cosine, math.Sqrt(max(inside, 0)))) {
		return ray{h.at, r.to.mirror(normal).unit()}
	}
	return ray{h.at, r.to.times(ratio).plus(normal.times(ratio*cosine - math.Sqrt(inside))).unit()}
}
