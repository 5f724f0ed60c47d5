package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is how many times larger one quantity is than another.
type Interval struct {
	N     int     `json:"n"` // pairs, values of the smaller side, or ratios
	Value float64 `json:"value"`
	// Lo and Hi bound it with probability Confidence; see Summary.
	Lo         float64 `json:"ci_lo"`
	Hi         float64 `json:"ci_hi"`
	Confidence float64 `json:"confidence"`
}

// Shown tells whether it leaves 1 out: a difference was shown.
func (i Interval) Shown() bool { return i.Lo > 1 || i.Hi < 1 }

// Ratio is an interval with its test.
type Ratio struct {
	Interval
	P float64 `json:"p"` // of no difference; not adjusted
}

// resamples of a bootstrap: its own error is then below 1 % of the interval.
const resamples = 10_000

// Paired is the median of over[i]/under[i], pairs that were measured one right
// after the other. All values are positive. Its interval is exact, as that of
// a median: a bootstrap of a median only imitates it.
func Paired(over, under []float64, confidence float64) Ratio {
	logs := make([]float64, len(over))
	for i := range over {
		logs[i] = math.Log(over[i] / under[i])
	}
	s := Summarize(logs, confidence)
	return Ratio{Interval{
		N: s.N, Value: math.Exp(s.Median), Lo: math.Exp(s.Lo), Hi: math.Exp(s.Hi), Confidence: s.Confidence,
	}, SignedRank(logs)}
}

// Unpaired is the median of all over[i]/under[j], of samples taken apart: how
// many times larger a value of the one typically is than one of the other
// (Hodges and Lehmann, 1963, on logarithms). Its interval inverts RankSum, so
// that the two never contradict each other, and covers at least confidence
// wherever the samples are large enough for that. All values are positive.
func Unpaired(over, under []float64, confidence float64) Ratio {
	logs := make([]float64, 0, len(over)*len(under))
	for _, a := range over {
		for _, b := range under {
			logs = append(logs, math.Log(a/b))
		}
	}
	slices.Sort(logs)
	cut, covered := trim(len(over), len(under), confidence)
	return Ratio{Interval{
		N: min(len(over), len(under)), Value: math.Exp(quantile(logs, 0.5)), Confidence: covered,
		Lo: math.Exp(logs[cut]), Hi: math.Exp(logs[len(logs)-1-cut]),
	}, RankSum(over, under)}
}

// trim is how many of the n·m pairs, in order, lie outside of the interval on
// each side, and what it then covers: Mann and Whitney's U counts such pairs.
func trim(n, m int, confidence float64) (cut int, covered float64) {
	tail := (1 - confidence) / 2
	if max(n, m) > exactUpTo {
		pairs := float64(n * m)
		z := math.Sqrt2 * math.Erfinv(confidence)
		return max(0, int(pairs/2-z*math.Sqrt(pairs*float64(n+m+1)/12))), confidence
	}
	ranks := make([]int, n+m)
	for i := range ranks {
		ranks[i] = 2 * (i + 1)
	}
	ways, all := rankSums(ranks, min(n, m))
	least := min(n, m) * (min(n, m) + 1) // that sum, doubled
	below := ways[least] / all           // of U = 0
	covered = 1 - 2*below
	for u := 1; ; u++ {
		below += ways[least+2*u] / all
		if below > tail {
			return cut, covered
		}
		cut, covered = u, 1-2*below
	}
}

func resampledMedian(random *rand.Rand, from, into []float64) float64 {
	for i := range into {
		into[i] = from[random.IntN(len(from))]
	}
	slices.Sort(into)
	return quantile(into, 0.5)
}

// Overall is the geometric mean of several ratios' medians, each given by the
// logarithms of its pairs; its interval resamples pairs within each. An
// arithmetic mean of ratios would depend on which side is called 1.
func Overall(logs [][]float64, confidence float64, seed uint64) Interval {
	random := rand.New(rand.NewPCG(seed, 1))
	mean := func(one func([]float64) float64) float64 {
		sum := 0.0
		for _, l := range logs {
			sum += one(l)
		}
		return sum / float64(len(logs))
	}
	scratch := map[int][]float64{}
	drawn := make([]float64, resamples)
	for i := range drawn {
		drawn[i] = mean(func(l []float64) float64 {
			if scratch[len(l)] == nil {
				scratch[len(l)] = make([]float64, len(l))
			}
			return resampledMedian(random, l, scratch[len(l)])
		})
	}
	return percentiles(drawn, len(logs), math.Exp(mean(Median)), confidence)
}

// percentiles makes an interval of resampled logarithms.
func percentiles(logs []float64, n int, value, confidence float64) Interval {
	slices.Sort(logs)
	tail := (1 - confidence) / 2
	return Interval{
		N: n, Value: value, Confidence: confidence,
		Lo: math.Exp(quantile(logs, tail)), Hi: math.Exp(quantile(logs, 1-tail)),
	}
}
