package report

import (
	"strconv"

	"turno/internal/bench/analysis"
	"turno/internal/bench/record"
	"turno/internal/stats"
)

// Verdict is what turno bench compare says of two runs, for a page.
type Verdict struct {
	Summary     []string         `json:"summary" doc:"in sentences"`
	Level       float64          `json:"level" doc:"at which a difference is real, for all rows together"`
	Real        int              `json:"real" doc:"how many are"`
	Rows        []VerdictRow     `json:"rows"`
	Environment []VerdictChanged `json:"environment" doc:"what the runs were not measured alike in"`
	Missing     []string         `json:"missing" doc:"what only one of them has"`
}

// VerdictRow is how many times as long something takes in B as in A.
type VerdictRow struct {
	Case      string         `json:"case"`
	Side      string         `json:"side"`
	SideName  string         `json:"side_name"`
	Phase     record.Phase   `json:"phase"`
	PhaseName string         `json:"phase_name"`
	A         Times          `json:"a"`
	B         Times          `json:"b"`
	Ratio     stats.Interval `json:"ratio"`
	PAdj      float64        `json:"p_adj"`
	Verdict   string         `json:"verdict" doc:"slower, quicker, none or few"`
	Words     string         `json:"words"`
}

// VerdictChanged is a fact that differs.
type VerdictChanged struct {
	Name string `json:"name"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// Compare holds two files of turno bench run against each other.
func Compare(a, b []byte, lang string) (*Verdict, error) {
	first, err := read(a, lang)
	if err != nil {
		return nil, err
	}
	second, err := read(b, lang)
	if err != nil {
		return nil, err
	}
	d := analysis.Compare(first.r, second.r)
	v := &Verdict{Level: analysis.Level, Rows: []VerdictRow{}, Environment: []VerdictChanged{}, Missing: listed(d.Missing)}
	few := 0
	for i := range d.Rows {
		row := first.verdict(&d.Rows[i])
		switch row.Verdict {
		case "slower", "quicker":
			v.Real++
		case "few":
			few++
		}
		v.Rows = append(v.Rows, row)
	}
	v.Summary = append(v.Summary, first.say("v real", v.Real, len(v.Rows), strconv.FormatFloat(v.Level, 'g', -1, 64)))
	if few > 0 {
		v.Summary = append(v.Summary, first.say("v rows few", few, analysis.Enough))
	}
	if d.Simulated {
		v.Summary = append(v.Summary, plain(first.say("simulated")))
	}
	for _, c := range d.Environment {
		v.Environment = append(v.Environment, VerdictChanged{fact(c.Name), c.A, c.B})
	}
	if len(v.Environment) > 0 {
		v.Summary = append(v.Summary, first.say("v environment", len(v.Environment)))
	}
	return v, nil
}

func (p *report) verdict(d *analysis.Difference) VerdictRow {
	side := p.r.Case(d.Case).Side(d.Side)
	row := VerdictRow{
		Case: d.Case, Side: d.Side, SideName: p.side(side), Phase: d.Phase, PhaseName: p.phase(d.Phase, side),
		A: Times(d.A), B: Times(d.B), Ratio: d.Ratio.Interval, PAdj: d.PAdj,
	}
	switch {
	case d.Few:
		row.Verdict, row.Words = "few", p.say("v few", d.A.N, d.B.N)
	case !d.Real():
		row.Verdict, row.Words = "none", p.say("v none")
	case d.Ratio.Value > 1:
		row.Verdict, row.Words = "slower", p.say("v slower", digits(d.Ratio.Value))
	default:
		row.Verdict, row.Words = "quicker", p.say("v quicker", digits(1/d.Ratio.Value))
	}
	return row
}
