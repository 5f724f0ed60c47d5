package sched

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"turno"
)

// How the numbers went that a job tells with its progress is kept with each
// attempt, thinned out: enough to draw a curve, and a record of some kilobytes
// at most, which is written again with each commit of the job.
const (
	maxPoints = 120 // of the current attempt
	oldPoints = 30  // of those before
	maxValues = 8   // of one point; the first by name
	maxName   = 40  // bytes
)

// plot adds what a job tells to its attempt's series. Where it has become long,
// points that come sooner than usual are left out, but for the last.
func (s *Sched) plot(j *job, p *turno.Progress, last bool) {
	a := j.Current()
	if p == nil || len(p.Values) == 0 || a.StartedAt.IsZero() {
		return
	}
	at := turno.Duration(s.now.Sub(a.StartedAt).Round(time.Millisecond))
	if n := len(a.Series); n > maxPoints/2 && !last {
		usual := (a.Series[n-1].At - a.Series[0].At) / turno.Duration(n-1)
		if at-a.Series[n-1].At < usual*9/10 {
			return
		}
	}
	values := sound(p.Values)
	if n := len(a.Series); len(values) == 0 || n > 0 && last && maps.Equal(a.Series[n-1].Values, values) {
		return
	}
	a.Series = append(slices.Clip(a.Series), turno.Point{At: at, Values: values})
	a.Series = thinned(a.Series, maxPoints)
	s.touch(j)
}

// sound are the values that can be kept: a stranger's program has named them.
func sound(values map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := values[name]
		if math.IsNaN(v) || math.IsInf(v, 0) || name == "" || len(name) > maxName ||
			!utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			continue
		}
		if out[name] = v; len(out) == maxValues {
			break
		}
	}
	return out
}

// thinned leaves out every other point while there are more than most; never
// the last. The points given stay as they are.
func thinned(points []turno.Point, most int) []turno.Point {
	for len(points) > most {
		var out []turno.Point
		for i := len(points) - 1; i >= 0; i -= 2 {
			out = append(out, points[i])
		}
		slices.Reverse(out)
		points = out
	}
	return points
}
