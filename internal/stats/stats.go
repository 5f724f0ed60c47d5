// Package stats says what a set of measured times allows to be said: medians
// with intervals, ratios of them, and whether two sets differ. It assumes
// nothing about how times are distributed (they are skewed, with a long tail),
// so it ranks and resamples and never takes a mean of them.
//
// All functions are pure: resampling is seeded by the caller. Samples are in
// any unit, and must be finite. Nothing is ever left out of a sample here:
// which ones do not count is decided before, and told.
package stats

import (
	"math"
	"slices"
)

// Summary describes one sample.
type Summary struct {
	N      int     `json:"n"`
	Median float64 `json:"median"`
	// Lo and Hi bound the median with probability Confidence, which is below
	// what was asked for where N is too small for that (under 6 for 0.95): then
	// they are the least and the greatest value.
	Lo         float64 `json:"ci_lo"`
	Hi         float64 `json:"ci_hi"`
	Confidence float64 `json:"confidence"`
	MAD        float64 `json:"mad"` // median distance from the median
	Min        float64 `json:"min"`
	Max        float64 `json:"max"`
	P95        float64 `json:"p95"`
}

// Summarize needs at least one value.
func Summarize(sample []float64, confidence float64) Summary {
	x := slices.Sorted(slices.Values(sample))
	s := Summary{N: len(x), Median: quantile(x, 0.5), Min: x[0], Max: x[len(x)-1], P95: quantile(x, 0.95)}
	s.Lo, s.Hi, s.Confidence = medianInterval(x, confidence)
	s.MAD = mad(x, s.Median)
	return s
}

// Median needs at least one value.
func Median(sample []float64) float64 {
	return quantile(slices.Sorted(slices.Values(sample)), 0.5)
}

// Quantile interpolates between the two nearest values (type 7 of Hyndman and
// Fan, "Sample Quantiles in Statistical Packages", 1996).
func Quantile(sample []float64, q float64) float64 {
	return quantile(slices.Sorted(slices.Values(sample)), q)
}

func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-2)
	if i < 0 {
		return sorted[0]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

func mad(x []float64, median float64) float64 {
	distances := make([]float64, len(x))
	for i, v := range x {
		distances[i] = math.Abs(v - median)
	}
	return Median(distances)
}

// medianInterval interpolates between two pairs of order statistics, whose
// coverage is known exactly, to the coverage that was asked for: Hettmansperger
// and Sheather, "Confidence Intervals Based on Interpolated Order Statistics",
// 1986. The pairs alone would cover up to 98 % where 95 % is meant.
func medianInterval(sorted []float64, confidence float64) (lo, hi, covered float64) {
	n := len(sorted)
	k, outer := 1, coverage(n, 1)
	if outer <= confidence {
		return sorted[0], sorted[n-1], outer
	}
	inner := coverage(n, 2)
	for inner > confidence {
		k, outer, inner = k+1, inner, coverage(n, k+2)
	}
	part := (outer - confidence) / (outer - inner)
	weight := float64(n-k) * part / (float64(k) + float64(n-2*k)*part)
	lo = (1-weight)*sorted[k-1] + weight*sorted[k]
	hi = (1-weight)*sorted[n-k] + weight*sorted[n-k-1]
	return lo, hi, confidence
}

// coverage is how probably a median lies between the k-th smallest and the
// k-th largest of n values.
func coverage(n, k int) float64 {
	tail := 0.0
	for i := range k {
		tail += math.Exp(lnChoose(n, i) - float64(n)*math.Ln2)
	}
	return max(0, 1-2*tail)
}

func lnChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// Outlier is how far a value lies from the others.
type Outlier string

// A value is mild or severe by Tukey's fences (1.5 and 3 times the
// interquartile range beyond the quartiles, "Exploratory Data Analysis", 1977).
const (
	None   Outlier = ""
	Mild   Outlier = "mild"
	Severe Outlier = "severe"
)

// Outliers tells it for each value of a sample. They are flagged, not removed:
// a queue's slow jobs are its users' jobs too.
func Outliers(sample []float64) []Outlier {
	flags := make([]Outlier, len(sample))
	if len(sample) == 0 {
		return flags
	}
	x := slices.Sorted(slices.Values(sample))
	low, high := quantile(x, 0.25), quantile(x, 0.75)
	for i, v := range sample {
		switch beyond := max(low-v, v-high) / (high - low); {
		case beyond > 3: // also where all but some are equal: x/0 is +Inf
			flags[i] = Severe
		case beyond > 1.5:
			flags[i] = Mild
		}
	}
	return flags
}

// Flagged is how many values are outliers of either kind.
func Flagged(sample []float64) int {
	n := 0
	for _, f := range Outliers(sample) {
		if f != None {
			n++
		}
	}
	return n
}
