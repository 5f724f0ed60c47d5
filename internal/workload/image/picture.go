package image

import (
	"context"
	"image"
	"image/color"

	"turno/internal/workload"
)

// picture is planes of float32 from 0 to 255, row by row: three of colour or
// one of grey. A filtered one may lie outside of that.
type picture struct {
	width, height int
	planes        [][]float32
	alpha         []uint8 // nil: opaque
}

func newPicture(width, height, planes int) *picture {
	p := &picture{width: width, height: height, planes: make([][]float32, planes)}
	for i := range p.planes {
		p.planes[i] = make([]float32, width*height)
	}
	return p
}

// rowsAtATime keeps a piece of work near a quarter of a million pixels.
func rowsAtATime(width int) int { return max(1, 1<<18/width) }

// fromImage copies what was decoded, 8 bits of each channel.
func fromImage(ctx context.Context, m image.Image, threads int) (*picture, error) {
	b := m.Bounds()
	p := newPicture(b.Dx(), b.Dy(), 3)
	if o, ok := m.(interface{ Opaque() bool }); ok && !o.Opaque() {
		p.alpha = make([]uint8, p.width*p.height)
	}
	read := pixelsOf(m)
	err := workload.Parallel(ctx, threads, p.height, rowsAtATime(p.width), func(low, high int) {
		for y := low; y < high; y++ {
			for x := range p.width {
				c := read(b.Min.X+x, b.Min.Y+y)
				i := y*p.width + x
				p.planes[0][i], p.planes[1][i], p.planes[2][i] = float32(c.R), float32(c.G), float32(c.B)
				if p.alpha != nil {
					p.alpha[i] = c.A
				}
			}
		}
	})
	return p, err
}

// pixelsOf reads the common kinds of picture without an allocation a pixel.
func pixelsOf(m image.Image) func(x, y int) color.NRGBA {
	switch m := m.(type) {
	case *image.NRGBA:
		return m.NRGBAAt
	case *image.YCbCr:
		return func(x, y int) color.NRGBA {
			c := m.YCbCrAt(x, y)
			r, g, b := color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
			return color.NRGBA{r, g, b, 255}
		}
	case *image.Gray:
		return func(x, y int) color.NRGBA { v := m.GrayAt(x, y).Y; return color.NRGBA{v, v, v, 255} }
	}
	return func(x, y int) color.NRGBA { return color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA) }
}

// toImage rounds to 8 bits and cuts off what is outside of them.
func (p *picture) toImage(ctx context.Context, threads int) (image.Image, error) {
	if len(p.planes) == 1 && p.alpha == nil {
		m := image.NewGray(image.Rect(0, 0, p.width, p.height))
		return m, workload.Parallel(ctx, threads, p.height, rowsAtATime(p.width), func(low, high int) {
			for i := low * p.width; i < high*p.width; i++ {
				m.Pix[i] = round(p.planes[0][i])
			}
		})
	}
	m := image.NewNRGBA(image.Rect(0, 0, p.width, p.height))
	last := len(p.planes) - 1
	return m, workload.Parallel(ctx, threads, p.height, rowsAtATime(p.width), func(low, high int) {
		for i := low * p.width; i < high*p.width; i++ {
			pixel := m.Pix[4*i : 4*i+4]
			for c := range 3 {
				pixel[c] = round(p.planes[min(c, last)][i])
			}
			pixel[3] = 255
			if p.alpha != nil {
				pixel[3] = p.alpha[i]
			}
		}
	})
}

func round(v float32) uint8 { return uint8(min(max(v, 0), 255) + 0.5) }

// synthesize fills a picture with a gradient, stripes and noise, so that there
// are flat parts, edges and fine grain.
func (p *picture) synthesize(ctx context.Context, seed int64, number, threads int) error {
	random := workload.NewRandom(seed, uint64(number))
	tilt := int(random.Bits(0)%7) + 1
	return workload.Parallel(ctx, threads, p.height, rowsAtATime(p.width), func(low, high int) {
		for y := low; y < high; y++ {
			for x := range p.width {
				i := y*p.width + x
				bits := random.Bits(i + 1)
				stripe := ((x*tilt + y*3) >> 5 & 1) * 64
				for c := range p.planes {
					p.planes[c][i] = float32((x*96/p.width + y*64/p.height + stripe + int(bits>>(8*c)&31)) & 255)
				}
			}
		}
	})
}

// Border is what lies beyond a picture.
type Border string

// The borders there are.
const (
	Clamp  Border = "clamp"  // a a a | a b c | c c c
	Mirror Border = "mirror" // d c b | a b c d | c b a
	Wrap   Border = "wrap"   // b c d | a b c d | a b c
	Zero   Border = "zero"   // black
)

// index is the place in [0, n) that stands for i, or -1 for black.
func (b Border) index(i, n int) int {
	if uint(i) < uint(n) {
		return i
	}
	return b.beyond(i, n)
}

func (b Border) beyond(i, n int) int {
	switch b {
	case Clamp:
		return min(max(i, 0), n-1)
	case Wrap:
		return (i%n + n) % n
	case Mirror:
		if n == 1 {
			return 0
		}
		period := 2 * (n - 1)
		i = (i%period + period) % period
		return min(i, period-i)
	}
	return -1
}
