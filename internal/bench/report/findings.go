package report

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"turno/internal/bench/analysis"
	"turno/internal/bench/record"
	"turno/internal/stats"
)

// Findings are what a page shows of a run: the report's tables as numbers, and
// its sentences in one language.
type Findings struct {
	Summary     []string     `json:"summary" doc:"what may be said, in sentences"`
	Notes       []string     `json:"notes" doc:"what a reader has to know first"`
	Rows        []FoundRow   `json:"rows" doc:"one for each case, side and phase"`
	Exclusions  []FoundOut   `json:"exclusions" doc:"samples that do not count, and why"`
	LeftOut     []string     `json:"left_out" doc:"what the suite asks for and the worker cannot do"`
	Stops       []string     `json:"stops" doc:"how each case ended"`
	Queue       []FoundQueue `json:"queue" doc:"what the queue itself took"`
	Environment []FoundFact  `json:"environment"`
	Method      []string     `json:"method"`
	Threats     []string     `json:"threats" doc:"what a reader should doubt"`
	Sessions    []string     `json:"sessions"`
	Command     string       `json:"command"`
	Charts      []FoundChart `json:"charts" doc:"those of the report, which can be fetched as files"`
}

// FoundRow is a side of a case in one phase. Times are seconds.
type FoundRow struct {
	Case      string        `json:"case"`
	Type      string        `json:"type"`
	Size      float64       `json:"size,omitempty"`
	SizeOf    string        `json:"size_name,omitempty"`
	Side      string        `json:"side"`
	SideName  string        `json:"side_name" doc:"for people"`
	Device    string        `json:"device"`
	Phase     record.Phase  `json:"phase"`
	PhaseName string        `json:"phase_name"`
	Times     Times         `json:"times"`
	Cold      float64       `json:"cold,omitempty"`
	Verified  bool          `json:"verified"`
	Values    []float64     `json:"values" doc:"that count, in the order in which they were taken"`
	Badges    []Badge       `json:"badges"`
	SpeedUp   *FoundSpeedUp `json:"speed_up,omitempty"`
}

// Times are what samples say in seconds: the median with its interval, and how
// they are spread.
type Times stats.Summary

// Badge says something of the quality of a row.
type Badge struct {
	Code string `json:"code" doc:"simulated, few, wide, excluded, throttled, contended, outliers, unverified, unpaired or verified"`
	N    int    `json:"n,omitempty"`
}

// FoundSpeedUp is how many times quicker a side is than another one.
type FoundSpeedUp struct {
	Against     string  `json:"against"`
	AgainstName string  `json:"against_name"`
	Ratio       float64 `json:"ratio"`
	Lo          float64 `json:"ci_lo"`
	Hi          float64 `json:"ci_hi"`
	N           int     `json:"n"`
	PAdj        float64 `json:"p_adj"`
	Claimable   bool    `json:"claimable" doc:"it may be spoken of at all"`
	Shown       bool    `json:"shown" doc:"it is a difference that may be claimed"`
	Sentence    string  `json:"sentence"`
}

// FoundOut is how many samples do not count.
type FoundOut struct {
	Case   string `json:"case"`
	Side   string `json:"side"`
	Reason string `json:"reason"`
	Words  string `json:"words"`
	N      int    `json:"n"`
	Detail string `json:"detail,omitempty" doc:"of the first"`
}

// FoundQueue is what the queue took of jobs on a device.
type FoundQueue struct {
	Device   string `json:"device"`
	Times    Times  `json:"times"`
	Sentence string `json:"sentence"`
}

// FoundFact is a line of the environment.
type FoundFact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// FoundChart is a chart of the report.
type FoundChart struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Caption string `json:"caption"`
}

// Find makes the findings of a file of turno bench run, finished or not.
func Find(data []byte, lang string) (*Findings, error) {
	p, err := read(data, lang)
	if err != nil {
		return nil, err
	}
	f := &Findings{
		Summary: listed(p.overalls()), Notes: []string{}, Rows: []FoundRow{}, Exclusions: []FoundOut{}, LeftOut: listed(p.r.Left), Stops: []string{}, Queue: []FoundQueue{},
		Environment: []FoundFact{}, Method: listed(p.method()), Threats: listed(p.threats()), Sessions: []string{}, Command: p.command(), Charts: []FoundChart{},
	}
	if p.r.Simulated {
		f.Notes = append(f.Notes, plain(p.say("simulated")))
	}
	if !p.a.GPU {
		f.Notes = append(f.Notes, plain(p.say("no gpu")))
	}
	for _, c := range p.told() {
		f.Summary = append(f.Summary, c.Case.Name+": "+p.sentence(c))
	}
	for i := range p.a.Rows {
		f.Rows = append(f.Rows, p.foundRow(&p.a.Rows[i]))
	}
	p.found(f)
	return f, nil
}

// found fills in what lists of the record become.
func (p *report) found(f *Findings) {
	for _, e := range p.a.Exclusions {
		f.Exclusions = append(f.Exclusions, FoundOut{Case: e.Case, Side: p.side(p.r.Case(e.Case).Side(e.Side)), Reason: e.Reason, Words: p.say(e.Reason), N: e.N, Detail: e.Detail})
	}
	for i := range p.r.Stops {
		f.Stops = append(f.Stops, p.stop(&p.r.Stops[i]))
	}
	for _, q := range p.a.Queue {
		s := q.Summary
		f.Queue = append(f.Queue, FoundQueue{q.Device, Times(s), p.say("queue line", strings.ToUpper(q.Device), seconds(s.Median), seconds(s.Lo), seconds(s.Hi), seconds(s.P95), seconds(q.P99), s.N)})
	}
	for _, e := range p.environment() {
		f.Environment = append(f.Environment, FoundFact{e[0], e[1]})
	}
	for i := range p.r.Sessions {
		f.Sessions = append(f.Sessions, p.session(i))
	}
	for _, c := range p.figures() {
		f.Charts = append(f.Charts, FoundChart{c.name, c.chart.Title, c.caption})
	}
}

// listed is a list that is never null as JSON: a page goes through it.
func listed[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// plain is a sentence without Markdown.
func plain(text string) string { return strings.ReplaceAll(text, "**", "") }

func (p *report) foundRow(row *analysis.Row) FoundRow {
	out := FoundRow{
		Case: row.Case.Name, Type: row.Case.Type, Size: row.Case.Size, SizeOf: row.Case.SizeOf, Side: row.Side.Name, SideName: p.side(row.Side), Device: string(row.Side.Device),
		Phase: row.Phase, PhaseName: p.phase(row.Phase, row.Side), Times: Times(row.Summary), Cold: row.Cold, Verified: row.Verified, Values: listed(row.Values),
	}
	c := p.comparison(row)
	out.Badges = p.badges(row, c)
	if c != nil {
		out.SpeedUp = &FoundSpeedUp{
			Against: c.Base.Name, AgainstName: p.side(c.Base), Ratio: c.Ratio.Value, Lo: c.Ratio.Lo, Hi: c.Ratio.Hi, N: c.Ratio.N,
			PAdj: c.PAdj, Claimable: c.Claimable(), Shown: c.Shown(), Sentence: p.sentence(c),
		}
	}
	return out
}

// badges are what a reader should know of a row, the worst first.
func (p *report) badges(row *analysis.Row, c *analysis.Comparison) []Badge {
	out := []Badge{}
	add := func(code string, n int, when bool) {
		if when {
			out = append(out, Badge{code, n})
		}
	}
	add("simulated", 0, row.Side.Simulated)
	add("unverified", 0, !row.Verified)
	add("few", row.Summary.N, row.Summary.N < analysis.Enough)
	for _, e := range p.a.Exclusions {
		if e.Case == row.Case.Name && e.Side == row.Side.Name {
			code := e.Reason
			if !slices.Contains([]string{record.Throttled, record.Contended}, code) {
				code = "excluded"
			}
			add(code, e.N, true)
		}
	}
	half := (row.Summary.Hi - row.Summary.Lo) / 2
	add("wide", int(100*half/row.Summary.Median+0.5), row.Summary.N >= analysis.Enough && half > 2*p.r.Settings.Precision*row.Summary.Median)
	add("unpaired", 0, c != nil && !c.Paired)
	add("outliers", row.Flagged, row.Flagged > 0)
	add("verified", 0, row.Verified)
	return out
}

// Bundle is the name of the file that holds all others.
const Bundle = "report.zip"

// ErrNoFile says that a report has no file of that name.
var ErrNoFile = errors.New("the report has no such file")

// One is a single file of the report, by its name in Full; or Bundle: all of
// them, the paper and the results.
func One(data []byte, lang, name string) ([]byte, error) {
	p, err := read(data, lang)
	if err != nil {
		return nil, err
	}
	switch {
	case name == Bundle:
		return bundle(p, lang)
	case name == "performance_comparison.csv":
		return p.csv(), nil
	case strings.HasPrefix(name, "BENCHMARK_REPORT"):
		return p.markdown(p.figures()), nil
	}
	for _, f := range p.figures() {
		if format := strings.TrimPrefix(path.Ext(name), "."); name == "charts/"+f.name+"."+format {
			return f.chart.Render(format)
		}
	}
	return nil, fmt.Errorf("%.80q: %w", name, ErrNoFile)
}

// bundle is a ZIP that comes out the same again: files stand in it without times.
func bundle(p *report, lang string) ([]byte, error) {
	files, err := Full(p.data, lang)
	if err != nil {
		return nil, err
	}
	paper, err := IEEE(p.data, lang)
	if err != nil {
		return nil, err
	}
	for i := range paper {
		paper[i].Name = "ieee/" + paper[i].Name
	}
	files = append(append(files, paper...), File{"job_results.json", p.data})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: time.Time{}})
		if err != nil {
			return nil, fmt.Errorf("pack the report: %w", err)
		}
		if _, err := w.Write(f.Data); err != nil {
			return nil, fmt.Errorf("pack the report: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack the report: %w", err)
	}
	return b.Bytes(), nil
}
