package chart

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/encoding/charmap"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Formats are the endings of the files that Render makes.
var Formats = []string{"png", "svg", "pdf"}

// dpi of a PNG, as journals ask for.
const dpi = 300

// Render draws it in one of Formats.
func (c *Chart) Render(format string) ([]byte, error) {
	p, err := c.plot()
	if err != nil {
		return nil, err
	}
	w, h := vg.Length(Width)*vg.Inch, vg.Length(c.height())*vg.Inch
	var canvas interface {
		vg.CanvasSizer
		io.WriterTo
	}
	switch format {
	case "png":
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi))}
	case "svg":
		canvas = vgsvg.New(w, h)
	case "pdf":
		timeless()
		canvas = western{vgpdf.New(w, h)}
	default:
		return nil, fmt.Errorf("draw: there is no format %q", format)
	}
	c.draw(p, draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("draw %q as %s: %w", c.Title, format, err)
	}
	if format == "png" {
		return withResolution(b.Bytes()), nil
	}
	return b.Bytes(), nil
}

// height leaves room for each row, and for the legend.
func (c *Chart) height() float64 {
	if c.Height > 0 {
		return c.Height
	}
	if len(c.Rows) == 0 {
		return 2.5
	}
	return 0.75 + 0.17*float64(len(c.Rows)) + legendLine*float64((len(c.named())+1)/2)
}

const legendLine = 0.125 // inches

func (c *Chart) named() (out []*Series) {
	seen := map[string]bool{}
	for i := range c.Series {
		if s := &c.Series[i]; s.Name != "" && !seen[s.Name] {
			seen[s.Name] = true
			out = append(out, s)
		}
	}
	return out
}

// draw puts the legend below the picture, in two columns, where it hides
// nothing.
func (c *Chart) draw(p *plot.Plot, to draw.Canvas) {
	named := c.named()
	strip := vg.Length(0)
	if len(named) > 1 {
		strip = vg.Length(legendLine*float64((len(named)+1)/2)) * vg.Inch
		for column := range 2 {
			l := plot.NewLegend()
			l.TextStyle.Font, l.ThumbnailWidth, l.Left, l.Top = face(smallSize), vg.Points(16), true, true
			for i, s := range named {
				if i%2 == column {
					l.Add(" "+s.Name, thumbnail{s})
				}
			}
			half := to.Size().X / 2
			l.Draw(draw.Crop(to, vg.Length(column)*half+vg.Points(6), vg.Length(column-1)*half, vg.Points(2), strip-to.Size().Y))
		}
	}
	p.Draw(draw.Crop(to, vg.Points(2), -vg.Points(5), strip, -vg.Points(2)))
}

type thumbnail struct{ s *Series }

func (t thumbnail) Thumbnail(c *draw.Canvas) {
	y := c.Center().Y
	bare := t.s.Kind == Step || t.s.Kind == Path
	if t.s.Kind == Line || bare {
		c.StrokeLine2(t.s.line(), c.Min.X, y, c.Max.X, y)
	}
	if !bare {
		c.DrawGlyph(t.s.glyph(), vg.Point{X: c.Center().X, Y: y})
	}
}

// western writes texts as the PDF's fonts are encoded, Windows-1252: the canvas
// below would put the bytes of UTF-8 there, and print "Ã³" for "ó".
type western struct{ *vgpdf.Canvas }

// FillString replaces what that encoding does not have.
func (w western) FillString(f font.Face, at vg.Point, text string) {
	if out, err := charmap.Windows1252.NewEncoder().String(text); err == nil {
		text = out
	} else {
		text = strings.Map(func(r rune) rune {
			if _, ok := charmap.Windows1252.EncodeRune(r); ok {
				return r
			}
			return '?'
		}, text)
		text, _ = charmap.Windows1252.NewEncoder().String(text) // each rune of it has been tried
	}
	w.Canvas.FillString(f, at, text)
}

// timeless lets a PDF tell no time and no random order: the library's own way
// to files that come out the same again, and only for all of a process.
var timeless = sync.OnceFunc(func() {
	fpdf.SetDefaultCreationDate(time.Unix(0, 0).UTC())
	fpdf.SetDefaultModificationDate(time.Unix(0, 0).UTC())
	fpdf.SetDefaultCatalogSort(true)
})

// withResolution says in a PNG how many pixels make a metre (chunk pHYs), after
// its header, which is 33 bytes with the signature.
func withResolution(png []byte) []byte {
	const header = 33
	perMetre := uint32(math.Round(dpi / 0.0254))
	chunk := []byte("pHYs")
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = append(chunk, 1) // the unit is the metre
	out := append([]byte{}, png[:header]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(chunk)-4))
	out = append(out, chunk...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
	return append(out, png[header:]...)
}
