package analysis

import (
	"bytes"
	"encoding/json"
	"slices"

	"turno/internal/bench/record"
	"turno/internal/stats"
)

// Differences are what two files say of each other.
type Differences struct {
	Rows []Difference `json:"rows"`
	// Environment is what the files were not measured alike in: a difference of
	// times may then be one of machines.
	Environment []Changed `json:"environment,omitempty"`
	Missing     []string  `json:"missing,omitempty"` // what only one of them has
	Simulated   bool      `json:"simulated"`
}

// Difference is how many times as long something takes in B as in A.
type Difference struct {
	Case  string       `json:"case"`
	Side  string       `json:"side"`
	Phase record.Phase `json:"phase"`
	A     stats.Summary
	B     stats.Summary
	Ratio stats.Ratio `json:"ratio"`
	PAdj  float64     `json:"p_adj"` // Holm, over all rows
	Few   bool        `json:"few"`   // too few samples to show anything
}

// Level is how probable it may be, at most, that chance alone makes any row of a
// comparison a difference. It is stricter than 1-Confidence: a run stops when
// its intervals are narrow, which makes chance look like more than it is.
const Level = 0.01

// Real tells whether the difference is one that chance does not explain.
func (d *Difference) Real() bool { return !d.Few && d.PAdj < Level }

// Changed is one fact that differs.
type Changed struct{ Name, A, B string }

// Compare holds two files against each other, case by case. They were measured
// apart, so nothing is paired.
func Compare(a, b *record.Results) *Differences {
	d := &Differences{Simulated: a.Simulated || b.Simulated}
	x, y := &Analysis{Rows: rows(a)}, &Analysis{Rows: rows(b)}
	for i := range x.Rows {
		row := &x.Rows[i]
		other := y.Row(row.Case.Name, row.Side.Name, row.Phase)
		if other == nil || !same(row.Case, other.Case) {
			d.Missing = append(d.Missing, "only A: "+rowName(row))
			continue
		}
		if copied(x, row) && copied(y, other) {
			continue
		}
		d.Rows = append(d.Rows, Difference{
			Case: row.Case.Name, Side: row.Side.Name, Phase: row.Phase, A: row.Summary, B: other.Summary,
			Ratio: stats.Unpaired(other.Values, row.Values, record.Confidence),
			Few:   row.Summary.N < Enough || other.Summary.N < Enough,
		})
	}
	for i := range y.Rows {
		if row := &y.Rows[i]; x.Row(row.Case.Name, row.Side.Name, row.Phase) == nil {
			d.Missing = append(d.Missing, "only B: "+rowName(row))
		}
	}
	ps := make([]float64, len(d.Rows))
	for i := range d.Rows {
		ps[i] = d.Rows[i].Ratio.P
	}
	for i, p := range stats.Holm(ps) {
		d.Rows[i].PAdj = p
	}
	d.Environment = changed(&a.Sessions[0], &b.Sessions[0])
	return d
}

// copied tells that a row of the device's time only repeats the kernel's, as
// where nothing is copied to a device: asking twice would weaken every answer.
func copied(a *Analysis, row *Row) bool {
	kernel := a.Row(row.Case.Name, row.Side.Name, record.Kernel)
	return row.Phase == record.Device && kernel != nil && slices.Equal(kernel.Values, row.Values)
}

func rowName(r *Row) string { return r.Case.Name + ", " + r.Side.Name + ", " + string(r.Phase) }

// same tells whether two cases are the same problem.
func same(a, b *record.Case) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a.Params) != nil || json.Compact(&y, b.Params) != nil {
		return len(a.Params) == len(b.Params)
	}
	return a.Type == b.Type && bytes.Equal(x.Bytes(), y.Bytes())
}

// passing facts differ from minute to minute by their nature.
var passing = map[string]bool{"load_1m": true, "uptime_s": true, "mem_available_kb": true, "gpu_temperature_c": true, "gpu_clock_mhz": true}

func changed(a, b *record.Session) []Changed {
	var out []Changed
	add := func(name, x, y string) {
		if x != y {
			out = append(out, Changed{name, x, y})
		}
	}
	add("turno", a.Version, b.Version)
	add("go", a.Go, b.Go)
	add("server", a.Server, b.Server)
	for _, f := range a.Environment {
		if !passing[f.Name] {
			add(f.Name, f.Value, b.Fact(f.Name))
		}
	}
	add("load before", a.LoadBefore, b.LoadBefore)
	return out
}
