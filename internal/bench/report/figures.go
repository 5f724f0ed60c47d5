package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"turno"
	"turno/internal/bench/analysis"
	"turno/internal/bench/chart"
	"turno/internal/bench/record"
	"turno/internal/stats"
)

// figure is a chart with a name for its files and a caption.
type figure struct {
	name, caption string
	chart         chart.Chart
}

// files are those of all formats.
func (f *figure) files(folder string) (out []File, err error) {
	for _, format := range chart.Formats {
		data, err := f.chart.Render(format)
		if err != nil {
			return nil, err
		}
		out = append(out, File{folder + f.name + "." + format, data})
	}
	return out, nil
}

// figures are all charts that there are data for.
func (p *report) figures() (out []figure) {
	add := func(f *figure) {
		if f == nil {
			return
		}
		if p.r.Simulated {
			f.chart.Title += " (SIMULATED)"
			f.caption += " SIMULATED."
		}
		out = append(out, *f)
	}
	add(p.speedups())
	add(p.timesFigure())
	for _, t := range p.types() {
		add(p.distribution(t))
		add(p.bySize(t))
		add(p.rawSamples(t))
	}
	add(p.scaling())
	add(p.queueFigure())
	return out
}

// types are the workloads, in the order of the suite.
func (p *report) types() (out []string) {
	for _, c := range p.r.Cases {
		if !slices.Contains(out, c.Type) {
			out = append(out, c.Type)
		}
	}
	return out
}

// style of a side is the same in every chart.
func (p *report) style(side string) int {
	var names []string
	for _, c := range p.r.Cases {
		for _, s := range c.Sides {
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	return slices.Index(names, side)
}

// unit suits the median of some times: its name, and how many are in a second.
func unit(times []float64) (name string, per float64) {
	switch m := stats.Median(times); {
	case m >= 1:
		return "s", 1
	case m >= 1e-3:
		return "ms", 1e3
	}
	return "µs", 1e6
}

// wide tells whether values are spread so far that a logarithm serves better.
func wide(values []float64) bool {
	return len(values) > 0 && slices.Min(values) > 0 && slices.Max(values)/slices.Min(values) > 5
}

func (p *report) speedups() *figure {
	c := chart.Chart{Title: p.say("f speed"), X: p.say("f speed x"), Mark: 1}
	series := map[record.Phase]*chart.Series{record.Device: {Name: p.say("f device"), Style: 0}, record.EndToEnd: {Name: p.say("phase end_to_end"), Style: 1}}
	rows := map[string]int{}
	var all []float64
	for i := range p.a.Comparisons {
		x := &p.a.Comparisons[i]
		s := series[x.Phase]
		if s == nil || !x.Claimable() { // the chart claims nothing that the text does not
			continue
		}
		name := x.Case.Name + ", " + p.side(x.Side)
		at, ok := rows[name]
		if !ok {
			at = len(rows)
			rows[name] = at
			c.Rows = append(c.Rows, name)
		}
		y := float64(at) + 0.16*float64(2*s.Style-1)
		s.Points = append(s.Points, chart.Point{X: x.Ratio.Value, XLo: x.Ratio.Lo, XHi: x.Ratio.Hi, Y: y, YLo: y, YHi: y})
		all = append(all, x.Ratio.Lo, x.Ratio.Hi)
	}
	if len(all) == 0 {
		return nil
	}
	c.XLog = wide(all)
	c.Series = []chart.Series{*series[record.Device], *series[record.EndToEnd]}
	return &figure{"speedup", p.say("c speed"), c}
}

func (p *report) timesFigure() *figure {
	c := chart.Chart{Title: p.say("f times"), XLog: true}
	var values []float64
	for i := range p.a.Rows {
		values = append(values, p.a.Rows[i].Summary.Median)
	}
	if len(values) == 0 {
		return nil
	}
	name, per := unit(values)
	c.X = p.say("f time", name)
	by := map[string]*chart.Series{}
	var order []string
	for i := range p.r.Cases {
		x := &p.r.Cases[i]
		c.Rows = append(c.Rows, x.Name)
		for j := range x.Sides {
			side := &x.Sides[j]
			row := p.a.Row(x.Name, side.Name, p.primary(x))
			if row == nil {
				continue
			}
			if by[side.Name] == nil {
				by[side.Name] = &chart.Series{Name: p.side(side), Style: p.style(side.Name)}
				order = append(order, side.Name)
			}
			y := float64(i) + 0.16*(2*float64(j)/float64(max(1, len(x.Sides)-1))-1)
			m := row.Summary
			by[side.Name].Points = append(by[side.Name].Points, chart.Point{X: m.Median * per, XLo: m.Lo * per, XHi: m.Hi * per, Y: y, YLo: y, YHi: y})
		}
	}
	for _, name := range order {
		c.Series = append(c.Series, *by[name])
	}
	return &figure{"times", p.say("c times"), c}
}

// primary is the phase to show where there is room for one.
func (p *report) primary(c *record.Case) record.Phase {
	for i := range p.a.Rows {
		if r := &p.a.Rows[i]; r.Case == c && r.Phase == record.Device {
			return record.Device
		}
	}
	return record.EndToEnd
}

// ofType are the rows of a type, in the phase to show.
func (p *report) ofType(typ string) (out []*analysis.Row) {
	for i := range p.a.Rows {
		if r := &p.a.Rows[i]; r.Case.Type == typ && r.Phase == p.primary(r.Case) {
			out = append(out, r)
		}
	}
	return out
}

func (p *report) distribution(typ string) *figure {
	rows := p.ofType(typ)
	var all []float64
	for _, r := range rows {
		all = append(all, r.Values...)
	}
	if len(all) == 0 {
		return nil
	}
	name, per := unit(all)
	c := chart.Chart{Title: typ + ": " + p.say("f distribution"), X: p.say("f time", name), XLog: wide(all)}
	for i, r := range rows {
		values := make([]float64, len(r.Values))
		for j, v := range r.Values {
			values[j] = v * per
		}
		c.Rows = append(c.Rows, strings.TrimSpace(strings.TrimPrefix(r.Case.Name, typ)+" "+p.side(r.Side)))
		c.Series = append(c.Series, chart.Series{Kind: chart.Boxes, Style: p.style(r.Side.Name), Boxes: []chart.Box{{Row: float64(i), Values: values}}})
	}
	return &figure{"distribution-" + typ, p.say("c distribution", typ), c}
}

func (p *report) bySize(typ string) *figure {
	by := map[string]*chart.Series{}
	var order []string
	var all []float64
	sizes := map[float64]bool{}
	rows := slices.DeleteFunc(p.ofType(typ), func(r *analysis.Row) bool { return r.Case.Size <= 0 })
	for _, r := range rows {
		all = append(all, r.Summary.Median)
		sizes[r.Case.Size] = true
	}
	if len(sizes) < 2 {
		return nil
	}
	name, per := unit(all)
	for _, r := range rows {
		if by[r.Side.Name] == nil {
			by[r.Side.Name] = &chart.Series{Name: p.side(r.Side), Kind: chart.Line, Style: p.style(r.Side.Name)}
			order = append(order, r.Side.Name)
		}
		m, x := r.Summary, r.Case.Size
		by[r.Side.Name].Points = append(by[r.Side.Name].Points, chart.Point{X: x, XLo: x, XHi: x, Y: m.Median * per, YLo: m.Lo * per, YHi: m.Hi * per})
	}
	c := chart.Chart{Title: typ + ": " + p.say("f size"), X: rows[0].Case.SizeOf, Y: p.say("f time", name), XLog: true, YLog: true}
	for _, name := range order {
		slices.SortFunc(by[name].Points, func(a, b chart.Point) int { return cmp.Compare(a.X, b.X) })
		c.Series = append(c.Series, *by[name])
	}
	return &figure{"size-" + typ, p.say("c size", typ), c}
}

// rawSamples are all that were taken, in their order, those too that do not
// count.
func (p *report) rawSamples(typ string) *figure {
	by := map[string]*chart.Series{}
	out := &chart.Series{Name: p.say("excluded"), Kind: chart.Cross, Style: 6}
	var order []string
	var all []float64
	name, per := "", 1.0
	for pass := range 2 {
		if pass == 1 && len(all) > 0 {
			name, per = unit(all)
		}
		for i := range p.r.Samples {
			s := &p.r.Samples[i]
			c := p.r.Case(s.Case)
			t := s.Time(p.primary(c))
			if c.Type != typ || s.WarmUp || t <= 0 {
				continue
			}
			if pass == 0 {
				all = append(all, t)
				continue
			}
			into := out
			if s.Counts() {
				if by[s.Side] == nil {
					by[s.Side] = &chart.Series{Name: p.side(c.Side(s.Side)), Style: p.style(s.Side)}
					order = append(order, s.Side)
				}
				into = by[s.Side]
			}
			x, y := float64(s.Block+1), t*per
			into.Points = append(into.Points, chart.Point{X: x, XLo: x, XHi: x, Y: y, YLo: y, YHi: y})
		}
	}
	if len(all) == 0 {
		return nil
	}
	c := chart.Chart{Title: typ + ": " + p.say("f samples"), X: p.say("f block"), Y: p.say("f time", name), XWhole: true, YLog: wide(all)}
	for _, side := range order {
		c.Series = append(c.Series, *by[side])
	}
	if len(out.Points) > 0 {
		c.Series = append(c.Series, *out)
	}
	return &figure{"samples-" + typ, p.say("c samples", typ), c}
}

// scaling is how many times quicker a case is with more threads of the CPU.
func (p *report) scaling() *figure {
	c := chart.Chart{Title: p.say("f scaling"), X: p.say("f threads"), Y: p.say("ratio"), XWhole: true}
	most := 1.0
	for i := range p.r.Cases {
		x := &p.r.Cases[i]
		s := chart.Series{Name: x.Name, Kind: chart.Line, Style: i}
		for j := range p.a.Comparisons {
			y := &p.a.Comparisons[j]
			if y.Case != x || y.Phase != p.primary(x) || y.Side.Device != turno.DeviceCPU || y.Base.Threads != 1 || y.Base.Engine != y.Side.Engine || y.Side.Engine != turno.EngineNative {
				continue
			}
			n := float64(y.Side.Threads)
			most = max(most, n)
			s.Points = append(s.Points, chart.Point{X: n, XLo: n, XHi: n, Y: y.Ratio.Value, YLo: y.Ratio.Lo, YHi: y.Ratio.Hi})
		}
		if len(s.Points) > 0 {
			s.Points = append([]chart.Point{{X: 1, XLo: 1, XHi: 1, Y: 1, YLo: 1, YHi: 1}}, s.Points...)
			shift(s.Points[1:], i, len(p.r.Cases), most)
			c.Series = append(c.Series, s)
		}
	}
	if len(c.Series) == 0 {
		return nil
	}
	c.Height = 2.5 + 0.125*math.Ceil(float64(len(c.Series)+1)/2)
	c.Series = append(c.Series, chart.Series{Name: p.say("f ideal"), Kind: chart.Path, Style: 6, Points: ideal(most)})
	return &figure{"scaling", p.say("c scaling"), c}
}

// shift moves points aside a little, so that intervals at the same number of
// threads do not hide each other.
func shift(points []chart.Point, i, of int, most float64) {
	d := 0.12 * (most - 1) * (float64(i)/float64(max(1, of-1)) - 0.5)
	for j := range points {
		points[j].X, points[j].XLo, points[j].XHi = points[j].X+d, points[j].XLo+d, points[j].XHi+d
	}
}

func ideal(most float64) []chart.Point {
	return []chart.Point{{X: 1, XLo: 1, XHi: 1, Y: 1, YLo: 1, YHi: 1}, {X: most, XLo: most, XHi: most, Y: most, YLo: most, YHi: most}}
}

// queueFigure is which part of the jobs cost the queue at most so much time.
func (p *report) queueFigure() *figure {
	var all []float64
	for _, q := range p.a.Queue {
		all = append(all, q.Values...)
	}
	if len(all) == 0 {
		return nil
	}
	name, per := unit(all)
	c := chart.Chart{Title: p.say("f queue"), X: p.say("f time", name), Y: p.say("f part"), XLog: wide(all)}
	for i, q := range p.a.Queue {
		s := chart.Series{Name: strings.ToUpper(q.Device), Kind: chart.Step, Style: i}
		for j, v := range slices.Sorted(slices.Values(q.Values)) {
			x, y := v*per, float64(j+1)/float64(len(q.Values))
			s.Points = append(s.Points, chart.Point{X: x, XLo: x, XHi: x, Y: y, YLo: y, YHi: y})
		}
		c.Series = append(c.Series, s)
	}
	return &figure{"queue", p.say("c queue", fmt.Sprint(len(all))), c}
}
