package main

import "math"

// stillLife is the picture: lengths are decimetres, y is up, the table's top is
// at 0, the eye looks along -z.
func stillLife() *scene {
	from, to := vector{0.45, 2.35, 9.4}, vector{0.42, 0.96, 0}
	s := &scene{lens: newLens(from, to, 36, 0.15, 8.85)}
	s.window = window{corner: vector{-9, 9.5, -4}, across: vector{2.5, 0, 8}, down: vector{0, -7, 0}, light: vector{9.6, 9.9, 10.4}}
	n := s.window.across.cross(s.window.down)
	s.window.area = math.Sqrt(n.dot(n))
	s.window.normal = n.unit()
	if s.window.normal.x < 0 {
		s.window.normal = s.window.normal.times(-1)
	}
	s.things = []thing{
		newBlock(vector{0, -0.25, -1}, vector{9, 0.25, 6.5}, 4, wood),
		// books, the orange on top of them
		newBlock(vector{-2.15, 0.22, -0.9}, vector{1.5, 0.22, 1.05}, 14, book(vector{0.10, 0.20, 0.30})),
		newBlock(vector{-2.05, 0.62, -0.95}, vector{1.32, 0.18, 0.95}, 26, book(vector{0.46, 0.10, 0.08})),
		ball{vector{-2.1, 1.42, -0.9}, 0.62, orange},
		ball{vector{-0.25, 0.66, 0.55}, 0.66, orange},
		ball{vector{1.25, 1.0, -0.55}, 1.0, plain(surface{colour: vector{0.97, 0.985, 0.98}, kind: glass})},
		ball{vector{2.8, 0.72, 0.3}, 0.72, plain(surface{colour: vector{0.95, 0.70, 0.36}, kind: metal, rough: 0.09})},
		ball{vector{0.72, 0.3, 1.75}, 0.3, plain(surface{colour: vector{0.05, 0.20, 0.42}, coat: 0.05, rough: 0.02})},
		ball{vector{-1.05, 0.24, 2.0}, 0.24, marble},
		ball{vector{1.95, 0.2, 2.15}, 0.2, plain(surface{colour: vector{0.55, 0.06, 0.05}, coat: 0.05, rough: 0.03})},
		ball{vector{4.15, 1.05, -2.6}, 1.05, plain(surface{colour: vector{0.34, 0.42, 0.36}, coat: 0.04, rough: 0.16})},
		// the wall
		newBlock(vector{0, 4, -13}, vector{30, 14, 0.1}, 0, plain(surface{colour: vector{0.12, 0.12, 0.135}})),
	}
	for _, l := range []struct{ x, y, radius, warm float64 }{ // lamps, far behind the focus
		{-4.6, 3.5, 0.10, 1}, {-3.3, 4.35, 0.08, 0.7}, {-1.9, 3.3, 0.09, 1}, {-0.7, 4.2, 0.10, 0.9}, {0.9, 3.6, 0.08, 0.8},
		{2.2, 4.5, 0.10, 1}, {3.4, 3.5, 0.09, 0.6}, {4.9, 4.1, 0.10, 1}, {6.1, 3.2, 0.08, 0.9}, {-6.0, 4.4, 0.09, 0.8},
	} {
		s.things = append(s.things, ball{vector{l.x * 1.2, l.y*0.9 - 0.75, -11}, l.radius, plain(surface{
			colour: vector{0.5, 0.5, 0.5}, glow: mix(vector{22, 22, 24}, vector{30, 16, 6}, l.warm)})})
	}
	return s
}

func plain(s surface) func(at, normal vector) surface {
	return func(_, _ vector) surface { return s }
}

// wood is boards with rings and fibres, under a satin varnish.
func wood(at, _ vector) surface {
	board := math.Floor(at.z / 1.9)
	shift := noise(vector{board * 17.3, 3, 8}) * 40
	x, z := at.x+shift, at.z-board*1.9
	warp := fractal(vector{x * 0.22, at.y, z*0.9 + board*9}, 3)
	rings := 0.5 + 0.5*math.Sin((z*3.4+warp*5.5+board)*6.5)
	fibre := fractal(vector{x * 1.3, board * 5, z * 38}, 3)
	colour := mix(vector{0.34, 0.185, 0.085}, vector{0.20, 0.098, 0.043}, 0.62*rings*rings+0.55*fibre)
	colour = colour.times(0.82 + 0.36*noise(vector{board * 3.1, 7, 1}))
	if gap := math.Min(z, 1.9-z); gap < 0.018 {
		colour = colour.times(0.25)
	}
	return surface{colour: colour, coat: 0.035, rough: 0.10 + 0.10*fibre}
}

// orange has a peel with pores.
func orange(at, normal vector) surface {
	pores := fractal(at.times(15), 2)
	colour := mix(vector{0.86, 0.34, 0.03}, vector{0.72, 0.22, 0.015}, fractal(at.times(2.2), 3))
	if pores > 0.62 {
		colour = colour.times(1 - 0.9*(pores-0.62))
	}
	if normal.y > 0.985 {
		colour = vector{0.10, 0.12, 0.03}
	}
	return surface{colour: colour, coat: 0.04, rough: 0.22}
}

// marble is white with veins.
func marble(at, _ vector) surface {
	v := math.Abs(math.Sin(at.x*9 + 7*fractal(at.times(5), 4)))
	return surface{colour: mix(vector{0.30, 0.32, 0.36}, vector{0.86, 0.85, 0.82}, math.Pow(v, 0.35)), coat: 0.05, rough: 0.03}
}

// book is cloth outside and paper at three of its sides.
func book(cloth vector) func(at, normal vector) surface {
	return func(at, normal vector) surface {
		if math.Abs(normal.y) > 0.5 || normal.x < -0.5 {
			weave := 0.88 + 0.12*math.Sin(at.x*150)*math.Sin(at.z*150)
			return surface{colour: cloth.times(weave), coat: 0.02, rough: 0.4}
		}
		if math.Abs(at.y) > 0.135 && math.Abs(at.y) > 0.8*0.18 { // the boards' edges
			return surface{colour: cloth}
		}
		return surface{colour: vector{0.80, 0.74, 0.60}.times(0.82 + 0.18*noise(vector{3, at.y * 160, 5}))}
	}
}

// noise is smooth between the points of a lattice (Perlin's value noise), 0 to 1.
func noise(p vector) float64 {
	x, y, z := math.Floor(p.x), math.Floor(p.y), math.Floor(p.z)
	u, v, w := smooth(p.x-x), smooth(p.y-y), smooth(p.z-z)
	sum := 0.0
	for i := range 8 {
		a, b, c := float64(i&1), float64(i>>1&1), float64(i>>2)
		weight := (1 - math.Abs(a-u)) * (1 - math.Abs(b-v)) * (1 - math.Abs(c-w))
		sum += weight * lattice(int64(x+a), int64(y+b), int64(z+c))
	}
	return sum
}

func smooth(t float64) float64 { return t * t * (3 - 2*t) }

func lattice(x, y, z int64) float64 {
	d := dice{uint64(x)*0x8da6b343 ^ uint64(y)*0xd8163841<<9 ^ uint64(z)*0xcb1ab31f<<21}
	d.next()
	return d.next()
}

// fractal sums noise of ever finer grain, 0 to 1.
func fractal(p vector, octaves int) float64 {
	sum, weight, all := 0.0, 0.5, 0.0
	for range octaves {
		sum += weight * noise(p)
		all += weight
		weight, p = weight/2, p.times(2.03).plus(vector{11.3, 5.7, 3.1})
	}
	return sum / all
}
