// Package chart draws what a benchmark found, for paper and screen: the same
// picture as PNG at 300 dpi, SVG and PDF, with the bytes depending on nothing
// but what is drawn. It knows points and intervals, and nothing of turno.
package chart

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Width of a column of an IEEE paper, in inches.
const Width = 3.5

// Chart is one picture. Values are in the units that its labels say.
type Chart struct {
	Title, X, Y string
	XLog, YLog  bool
	XWhole      bool // X counts something: 1, 2, 3
	// Rows name the values 0, 1, 2, … of Y, from the top; none: Y has numbers.
	Rows   []string
	Series []Series
	// Mark is a value of X, or of Y where there are no Rows, with a line through
	// it; 0: none.
	Mark   float64
	Height float64 // inches; 0: by the number of rows
}

// Kind is how a series is drawn.
type Kind int

const (
	Dots  Kind = iota // with their intervals
	Line              // dots joined
	Step              // stairs, without dots
	Path              // a line without dots
	Boxes             // the values of each row as a box with whiskers
	Cross             // dots that do not count
)

// Series is what has one name in the legend; an empty name is not in it.
type Series struct {
	Name   string
	Kind   Kind
	Style  int // colour and shape; series with the same one belong together
	Points []Point
	Boxes  []Box
}

// Point is a value; the interval is drawn where Lo and Hi differ.
type Point struct{ X, Y, XLo, XHi, YLo, YHi float64 }

// Box is a set of values in a row.
type Box struct {
	Row    float64
	Values []float64
}

// Colours that also people see who confuse red and green, and that differ in
// print without colour (Okabe and Ito, "Color Universal Design", 2008).
var colours = []color.RGBA{{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {86, 180, 233, 255}, {230, 159, 0, 255}, {90, 90, 90, 255}}

var shapes = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.BoxGlyph{}, draw.TriangleGlyph{}, draw.PlusGlyph{}}

var grid = color.RGBA{222, 222, 222, 255}

const (
	textSize  = 8 // points; what IEEE wants at least
	smallSize = 7
)

func face(size float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Length(size)}
}

// plot makes the picture, without the legend.
func (c *Chart) plot() (*plot.Plot, error) {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.X, c.Y
	p.Title.Padding = vg.Points(4)
	for _, s := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle} {
		s.Font = face(textSize)
	}
	p.X.Tick.Label.Font, p.Y.Tick.Label.Font = face(smallSize), face(smallSize)
	if c.XLog {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	if c.YLog {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	if c.XWhole {
		p.X.Tick.Marker = wholeTicks{}
	}
	lines := plotter.NewGrid()
	lines.Vertical.Color, lines.Horizontal.Color = grid, grid
	lines.Vertical.Width, lines.Horizontal.Width = vg.Points(0.4), vg.Points(0.4)
	p.Add(lines)
	for i := range c.Series {
		if err := c.Series[i].add(p, c); err != nil {
			return nil, fmt.Errorf("draw %q: %w", c.Title, err)
		}
	}
	c.bounds(p)
	return p, c.mark(p)
}

// bounds leave a little room around what is drawn.
func (c *Chart) bounds(p *plot.Plot) {
	if len(c.Rows) > 0 {
		p.NominalY(c.flipped()...)
		p.X.Padding, p.Y.Min, p.Y.Max = vg.Points(2), -0.6, float64(len(c.Rows))-0.4
	}
	p.X.Min, p.X.Max = room(p.X.Min, p.X.Max, c.Mark, c.XLog, len(c.Rows) > 0)
	if len(c.Rows) == 0 {
		p.Y.Min, p.Y.Max = room(p.Y.Min, p.Y.Max, c.Mark, c.YLog, true)
	}
}

func room(lo, hi, mark float64, log, marked bool) (float64, float64) {
	if marked && mark > 0 {
		lo, hi = min(lo, mark), max(hi, mark)
	}
	if log {
		part := max(math.Pow(hi/lo, 0.06), 1.05)
		return lo / part, hi * part
	}
	part := (hi - lo) * 0.06
	if part == 0 {
		part = max(math.Abs(hi)*0.1, 1e-9)
	}
	return lo - part, hi + part
}

// flipped rows: the first one stands at the top.
func (c *Chart) flipped() []string {
	n := len(c.Rows)
	out := make([]string, n)
	for i, r := range c.Rows {
		out[n-1-i] = r
	}
	return out
}

func (c *Chart) row(y float64) float64 {
	if len(c.Rows) == 0 {
		return y
	}
	return float64(len(c.Rows)-1) - y
}

func (c *Chart) mark(p *plot.Plot) error {
	if c.Mark == 0 {
		return nil
	}
	ends := plotter.XYs{{X: p.X.Min, Y: c.Mark}, {X: p.X.Max, Y: c.Mark}}
	if len(c.Rows) > 0 {
		ends = plotter.XYs{{X: c.Mark, Y: p.Y.Min}, {X: c.Mark, Y: p.Y.Max}}
	}
	l, err := plotter.NewLine(ends)
	if err != nil {
		return err
	}
	l.Color, l.Width, l.Dashes = color.Gray{90}, vg.Points(0.8), []vg.Length{vg.Points(3), vg.Points(2)}
	p.Add(l)
	return nil
}

func (s *Series) colour() color.Color { return colours[s.Style%len(colours)] }

func (s *Series) glyph() draw.GlyphStyle {
	g := draw.GlyphStyle{Color: s.colour(), Radius: vg.Points(2), Shape: shapes[s.Style%len(shapes)]}
	if s.Kind == Cross {
		g.Shape = draw.CrossGlyph{}
	}
	return g
}

func (s *Series) line() draw.LineStyle {
	if s.Kind == Path { // a reference, no data
		return draw.LineStyle{Color: color.Black, Width: vg.Points(0.8)}
	}
	dashes := [][]vg.Length{nil, {vg.Points(4), vg.Points(2)}, {vg.Points(1), vg.Points(1.5)}}
	return draw.LineStyle{Color: s.colour(), Width: vg.Points(1), Dashes: dashes[s.Style%len(dashes)]}
}

func (s *Series) add(p *plot.Plot, c *Chart) error {
	if s.Kind == Boxes {
		return s.boxes(p, c)
	}
	e := intervals{}
	for _, v := range s.Points {
		e.XYs = append(e.XYs, plotter.XY{X: v.X, Y: c.row(v.Y)})
		e.x = append(e.x, [2]float64{v.X - v.XLo, v.XHi - v.X})
		e.y = append(e.y, [2]float64{v.Y - v.YLo, v.YHi - v.Y})
	}
	if len(e.XYs) == 0 {
		return nil
	}
	if s.Kind == Line || s.Kind == Step || s.Kind == Path {
		l, err := plotter.NewLine(e.XYs)
		if err != nil {
			return err
		}
		l.LineStyle = s.line()
		if s.Kind == Step {
			l.StepStyle = plotter.PostStep
		}
		p.Add(l)
	}
	if s.Kind == Step || s.Kind == Path {
		return nil
	}
	if slices.ContainsFunc(s.Points, func(v Point) bool { return v.XHi != v.XLo }) {
		x, err := plotter.NewXErrorBars(e)
		if err != nil {
			return err
		}
		x.LineStyle, x.CapWidth = draw.LineStyle{Color: s.colour(), Width: vg.Points(0.8)}, vg.Points(3)
		p.Add(x)
	}
	if slices.ContainsFunc(s.Points, func(v Point) bool { return v.YHi != v.YLo }) {
		y, err := plotter.NewYErrorBars(e)
		if err != nil {
			return err
		}
		y.LineStyle, y.CapWidth = draw.LineStyle{Color: s.colour(), Width: vg.Points(0.8)}, vg.Points(3)
		p.Add(y)
	}
	dots, err := plotter.NewScatter(e.XYs)
	if err != nil {
		return err
	}
	dots.GlyphStyle = s.glyph()
	p.Add(dots)
	return nil
}

func (s *Series) boxes(p *plot.Plot, c *Chart) error {
	for _, v := range s.Boxes {
		b, err := plotter.NewBoxPlot(vg.Points(7), c.row(v.Row), plotter.Values(v.Values))
		if err != nil {
			return err
		}
		thin := draw.LineStyle{Color: s.colour(), Width: vg.Points(0.8)}
		b.Horizontal, b.BoxStyle, b.WhiskerStyle, b.CapWidth = true, thin, thin, vg.Points(4)
		b.MedianStyle = draw.LineStyle{Color: s.colour(), Width: vg.Points(1.6)}
		b.GlyphStyle = draw.GlyphStyle{Color: s.colour(), Radius: vg.Points(1.4), Shape: draw.RingGlyph{}}
		p.Add(b)
	}
	return nil
}

// intervals are points with what lies below and above each.
type intervals struct {
	plotter.XYs
	x, y [][2]float64
}

func (e intervals) XError(i int) (float64, float64) { return e.x[i][0], e.x[i][1] }
func (e intervals) YError(i int) (float64, float64) { return e.y[i][0], e.y[i][1] }

// wholeTicks are at most eight whole numbers.
type wholeTicks struct{}

func (wholeTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	step := max(1, math.Ceil((hi-lo)/8))
	for v := math.Ceil(lo); v <= hi; v += step {
		ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.0f", v)})
	}
	return ticks
}

// logTicks label 1, 2 and 5 of each decade, of many decades only 1.
type logTicks struct{}

func (logTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	first, last := int(math.Floor(math.Log10(lo))), int(math.Ceil(math.Log10(hi)))
	wide := math.Log10(hi / lo)
	for e := first; e <= last; e++ {
		for i := 1; i < 10; i++ {
			v := float64(i) * math.Pow10(e)
			if v < lo || v > hi {
				continue
			}
			t := plot.Tick{Value: v}
			if i == 1 || wide < 2.2 && (i == 2 || i == 5) || wide < 0.6 {
				t.Label = fmt.Sprintf("%.4g", v)
				if v >= 1e4 && wide < 9 {
					t.Label = fmt.Sprintf("%.0f", v)
				}
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}
