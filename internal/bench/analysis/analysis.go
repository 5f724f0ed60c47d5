// Package analysis makes of a benchmark's samples what may be said: one row for
// each case, side and phase, ratios with their intervals and tests, and what was
// left out. It is pure: the same file gives the same tables, to the last bit.
package analysis

import (
	"cmp"
	"math"
	"slices"

	"turno"
	"turno/internal/bench/record"
	"turno/internal/stats"
)

// Analysis is what one file says.
type Analysis struct {
	Rows        []Row        `json:"rows"`
	Comparisons []Comparison `json:"comparisons"`
	Overall     []Overall    `json:"overall"`
	Exclusions  []Exclusion  `json:"exclusions"`
	Queue       []QueueRow   `json:"queue"`
	GPU         bool         `json:"gpu"` // a real one was measured
	Simulated   bool         `json:"simulated"`
}

// Row is one side of one case in one phase.
type Row struct {
	Case    *record.Case `json:"case"`
	Side    *record.Side `json:"side"`
	Phase   record.Phase `json:"phase"`
	Values  []float64    `json:"values"` // seconds, in the order in which they were taken
	Summary stats.Summary
	Cold    float64 `json:"cold_s,omitempty"` // the first run of all, apart
	// Flagged values are outliers; they count all the same.
	Flagged  int  `json:"flagged"`
	Excluded int  `json:"excluded"`
	Verified bool `json:"verified"` // every sample that counts checked its answer
}

// Comparison is how many times quicker Side is than Base.
type Comparison struct {
	Case  *record.Case `json:"case"`
	Side  *record.Side `json:"side"`
	Base  *record.Side `json:"base"`
	Phase record.Phase `json:"phase"`
	// Paired ratios are within blocks; the others of all with all.
	Paired  bool        `json:"paired"`
	Ratio   stats.Ratio `json:"ratio"`
	PAdj    float64     `json:"p_adj"` // Holm, over all comparisons of the phase
	Without *stats.Ratio
	// Verified on both sides: otherwise it is no speed-up, since the sides may
	// not have done the same.
	Verified  bool      `json:"verified"`
	Simulated bool      `json:"simulated"`
	logs      []float64 // of the pairs
}

// Enough is how many values an interval of 95 % needs at least.
const Enough = 6

// Shown tells whether it is a difference that may be claimed.
func (c *Comparison) Shown() bool {
	return c.Claimable() && c.Ratio.Shown() && c.PAdj < 1-record.Confidence
}

// Claimable tells whether a speed-up may be spoken of at all.
func (c *Comparison) Claimable() bool { return c.Verified && !c.Simulated && c.Ratio.N >= Enough }

// Overall is the geometric mean over all cases that have both sides.
type Overall struct {
	Side  string         `json:"side"`
	Base  string         `json:"base"`
	Phase record.Phase   `json:"phase"`
	Cases int            `json:"cases"`
	Ratio stats.Interval `json:"ratio"`
}

// Exclusion is how many samples of a side do not count, and why.
type Exclusion struct {
	Case, Side, Reason string
	N                  int
	Detail             string // of the first
}

// QueueRow is what the queue itself took: from submit to the end, less the run.
type QueueRow struct {
	Device  string
	Values  []float64
	Summary stats.Summary
	P99     float64
}

// Of analyses a file's content, which has passed record.Read.
func Of(r *record.Results) *Analysis {
	a := &Analysis{GPU: r.HasGPU(), Simulated: r.Simulated, Rows: rows(r)}
	for _, p := range record.Phases {
		a.compare(r, p)
	}
	a.exclusions(r)
	a.queue(r)
	return a
}

// rows are those of all cases, phase by phase.
func rows(r *record.Results) (all []Row) {
	for i := range r.Cases {
		c := &r.Cases[i]
		for _, p := range record.Phases {
			for j := range c.Sides {
				if row, ok := rowOf(r, c, &c.Sides[j], p); ok {
					all = append(all, row)
				}
			}
		}
	}
	return all
}

// Row is that of a case, side and phase, or nil.
func (a *Analysis) Row(c, side string, p record.Phase) *Row {
	for i := range a.Rows {
		if r := &a.Rows[i]; r.Case.Name == c && r.Side.Name == side && r.Phase == p {
			return r
		}
	}
	return nil
}

func rowOf(r *record.Results, c *record.Case, side *record.Side, p record.Phase) (Row, bool) {
	row := Row{Case: c, Side: side, Phase: p, Verified: true}
	for i := range r.Samples {
		s := &r.Samples[i]
		if s.Case != c.Name || s.Side != side.Name {
			continue
		}
		if s.Cold && row.Cold == 0 && s.Excluded == "" {
			row.Cold = s.Time(p)
		}
		if !s.WarmUp && s.Excluded != "" {
			row.Excluded++
		}
		if !s.Counts() || s.Time(p) <= 0 {
			continue
		}
		row.Values = append(row.Values, s.Time(p))
		row.Verified = row.Verified && s.Checked
	}
	if len(row.Values) == 0 {
		return row, false
	}
	row.Summary = stats.Summarize(row.Values, record.Confidence)
	row.Flagged = stats.Flagged(row.Values)
	return row, true
}

// Base is what a side of a case is compared with: a GPU with the CPU at its
// best, an engine with turno's own, threads with the fewest. Nil: with nothing.
func Base(c *record.Case, s *record.Side) *record.Side {
	var best *record.Side
	better := func(want func(o *record.Side) bool, order func(o *record.Side) int) {
		for i := range c.Sides {
			o := &c.Sides[i]
			if o.Name != s.Name && want(o) && (best == nil || order(o) > order(best)) {
				best = o
			}
		}
	}
	switch {
	case s.Device == turno.DeviceGPU:
		own := func(o *record.Side) int {
			n := 2 * o.Threads
			if o.Engine == s.Engine {
				n++ // of equals, the one that runs the same code
			}
			return n
		}
		better(func(o *record.Side) bool { return o.Device == turno.DeviceCPU }, own)
	case s.Engine != turno.EngineNative:
		better(func(o *record.Side) bool {
			return o.Engine == turno.EngineNative && o.Device == s.Device && o.Threads == s.Threads
		}, func(*record.Side) int { return 0 })
	default:
		better(func(o *record.Side) bool {
			return o.Engine == s.Engine && o.Device == s.Device && o.Threads < s.Threads
		}, func(o *record.Side) int { return -o.Threads })
	}
	return best
}

func (a *Analysis) compare(r *record.Results, p record.Phase) {
	first := len(a.Comparisons)
	for i := range r.Cases {
		c := &r.Cases[i]
		for j := range c.Sides {
			side := &c.Sides[j]
			if base := Base(c, side); base != nil {
				if cmp, ok := a.comparison(r, c, side, base, p); ok {
					a.Comparisons = append(a.Comparisons, cmp)
				}
			}
		}
	}
	these := a.Comparisons[first:]
	ps := make([]float64, len(these))
	for i := range these {
		ps[i] = these[i].Ratio.P
	}
	for i, p := range stats.Holm(ps) {
		these[i].PAdj = p
	}
	a.overall(these, r.Settings.Seed, p)
}

func (a *Analysis) comparison(r *record.Results, c *record.Case, side, base *record.Side, p record.Phase) (Comparison, bool) {
	x := Comparison{Case: c, Side: side, Base: base, Phase: p, Simulated: side.Simulated || base.Simulated}
	under, over := a.Row(c.Name, side.Name, p), a.Row(c.Name, base.Name, p)
	if under == nil || over == nil {
		return x, false
	}
	x.Verified = under.Verified && over.Verified
	first, second := pairs(r, c.Name, base.Name, side.Name, p)
	// blocks that lost a sample are no pairs; where that leaves too few, all
	// samples are compared with all
	x.Paired = 2*len(first) >= min(len(over.Values), len(under.Values)) && len(first) > 0
	if !x.Paired {
		first, second = over.Values, under.Values
		x.Ratio = stats.Unpaired(first, second, record.Confidence)
		x.logs = []float64{math.Log(x.Ratio.Value)}
	} else {
		x.Ratio = stats.Paired(first, second, record.Confidence)
		for i := range first {
			x.logs = append(x.logs, math.Log(first[i]/second[i]))
		}
	}
	x.Without = without(first, second, x.Paired)
	return x, true
}

// without is the ratio when outliers are left aside: how much they matter. Nil:
// there are none, or too little is left.
func without(over, under []float64, paired bool) *stats.Ratio {
	fo, fu := stats.Outliers(over), stats.Outliers(under)
	var o, u []float64
	for i := range over {
		if fo[i] == stats.None && (!paired || fu[i] == stats.None) {
			o = append(o, over[i])
			if paired {
				u = append(u, under[i])
			}
		}
	}
	for i := range under {
		if !paired && fu[i] == stats.None {
			u = append(u, under[i])
		}
	}
	if len(o) < 2 || len(u) < 2 || len(o) == len(over) && len(u) == len(under) {
		return nil
	}
	ratio := stats.Unpaired
	if paired {
		ratio = stats.Paired
	}
	return new(ratio(o, u, record.Confidence))
}

// pairs are the times of blocks in which both sides count.
func pairs(r *record.Results, c, base, side string, p record.Phase) (over, under []float64) {
	type pair struct{ over, under float64 }
	blocks := map[int]*pair{}
	var order []int
	for i := range r.Samples {
		s := &r.Samples[i]
		if s.Case != c || !s.Counts() || s.Time(p) <= 0 || s.Side != base && s.Side != side {
			continue
		}
		b := blocks[s.Block]
		if b == nil {
			b = &pair{}
			blocks[s.Block] = b
			order = append(order, s.Block)
		}
		if s.Side == base {
			b.over = s.Time(p)
		} else {
			b.under = s.Time(p)
		}
	}
	for _, n := range order {
		if b := blocks[n]; b.over > 0 && b.under > 0 {
			over, under = append(over, b.over), append(under, b.under)
		}
	}
	return over, under
}

// overall takes together what compares the same two sides, case by case.
func (a *Analysis) overall(all []Comparison, seed uint64, p record.Phase) {
	type key struct{ side, base string }
	var order []key
	logs := map[key][][]float64{}
	for i := range all {
		x := &all[i]
		if !x.Claimable() {
			continue
		}
		k := key{x.Side.Name, x.Base.Name}
		if logs[k] == nil {
			order = append(order, k)
		}
		logs[k] = append(logs[k], x.logs)
	}
	for _, k := range order {
		if len(logs[k]) > 1 {
			a.Overall = append(a.Overall, Overall{Side: k.side, Base: k.base, Phase: p, Cases: len(logs[k]),
				Ratio: stats.Overall(logs[k], record.Confidence, seed)})
		}
	}
}

func (a *Analysis) exclusions(r *record.Results) {
	for i := range r.Samples {
		s := &r.Samples[i]
		if s.WarmUp || s.Excluded == "" {
			continue
		}
		at := slices.IndexFunc(a.Exclusions, func(e Exclusion) bool { return e.Case == s.Case && e.Side == s.Side && e.Reason == s.Excluded })
		if at < 0 {
			at = len(a.Exclusions)
			a.Exclusions = append(a.Exclusions, Exclusion{Case: s.Case, Side: s.Side, Reason: s.Excluded, Detail: s.Detail})
		}
		a.Exclusions[at].N++
	}
	slices.SortStableFunc(a.Exclusions, func(x, y Exclusion) int {
		return cmp.Or(cmp.Compare(x.Case, y.Case), cmp.Compare(x.Side, y.Side), cmp.Compare(x.Reason, y.Reason))
	})
}

func (a *Analysis) queue(r *record.Results) {
	for _, d := range []turno.Device{turno.DeviceCPU, turno.DeviceGPU} {
		q := QueueRow{Device: string(d)}
		for i := range r.Samples {
			s := &r.Samples[i]
			if s.Counts() && s.Queue > 0 && r.Case(s.Case).Side(s.Side).Device == d {
				q.Values = append(q.Values, s.Queue)
			}
		}
		if len(q.Values) > 0 {
			q.Summary, q.P99 = stats.Summarize(q.Values, record.Confidence), stats.Quantile(q.Values, 0.99)
			a.Queue = append(a.Queue, q)
		}
	}
}
