package bench

import (
	"cmp"
	"slices"
	"time"

	"turno/internal/bench/record"
	"turno/internal/stats"
)

// Progress is how far a run is.
type Progress struct {
	Case   string
	Blocks int     // of that case, which count
	Width  float64 // of its intervals; 1: not known yet
	Done   int
	Total  int // blocks of all cases, as far as can be seen
	Left   time.Duration
}

// ProgressOf is what a run's results say of it, whoever has them: its last
// sample's case, and what is left, by the times of the samples so far.
func ProgressOf(r *record.Results) Progress {
	p := Progress{Width: 1}
	if len(r.Samples) > 0 {
		c := r.Case(r.Samples[len(r.Samples)-1].Case)
		p.Case = c.Name
		p.Blocks, p.Width = progressOf(r, c)
	}
	spent, typical := 0.0, cost(r, r.Case(p.Case))
	for i := range r.Sessions {
		spent += r.Sessions[i].Seconds
	}
	left := 0.0
	for i := range r.Cases {
		c := &r.Cases[i]
		blocks, width := progressOf(r, c)
		total, block := blocks, cmp.Or(cost(r, c), typical)
		_, done := enough(&r.Settings, blocks, width)
		if !done && !slices.ContainsFunc(r.Stops, func(s record.Stop) bool { return s.Case == c.Name }) {
			total = expected(&r.Settings, blocks, width)
		}
		p.Done, p.Total = p.Done+blocks, p.Total+total
		left += float64(total-blocks) * block
		if total > blocks && !warmed(r, c) {
			left += float64(len(c.Sides)) * max(r.Settings.WarmUp, float64(r.Settings.WarmUps)*block/2)
		}
	}
	if r.Settings.Budget > 0 {
		left = min(left, r.Settings.Budget-spent)
	}
	p.Left = time.Duration(max(0, left) * float64(time.Second))
	return p
}

// warmed tells whether a case has begun in the last session.
func warmed(r *record.Results, c *record.Case) bool {
	began := r.Sessions[len(r.Sessions)-1].At
	for _, s := range slices.Backward(r.Samples) {
		if s.At.Before(began) {
			return false
		}
		if s.Case == c.Name {
			return true
		}
	}
	return false
}

// cost of a block in seconds, by the samples so far; 0: nothing is known.
func cost(r *record.Results, c *record.Case) float64 {
	if c == nil {
		return 0
	}
	total := 0.0
	for _, side := range c.Sides {
		var v []float64
		for i := range r.Samples {
			if s := &r.Samples[i]; s.Case == c.Name && s.Side == side.Name && !s.Cold && s.EndToEnd > 0 {
				v = append(v, s.EndToEnd)
			}
		}
		if len(v) > 0 {
			total += stats.Median(v)
		}
	}
	return total
}
