package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// distributions have the median 1 and the shapes that times have, and worse.
var distributions = map[string]func(*rand.Rand) float64{
	"normal":      func(r *rand.Rand) float64 { return 1 + 0.1*r.NormFloat64() },
	"log-normal":  func(r *rand.Rand) float64 { return math.Exp(0.5 * r.NormFloat64()) },
	"exponential": func(r *rand.Rand) float64 { return r.ExpFloat64() / math.Ln2 },
	"uniform":     func(r *rand.Rand) float64 { return 0.5 + r.Float64() },
	"two modes": func(r *rand.Rand) float64 { // every tenth run meets something else
		if r.IntN(10) == 0 {
			return 1.5 + 0.1*r.Float64()
		}
		return 0.95 + 0.09*r.Float64()
	},
}

const runs = 2000

func draw(r *rand.Rand, n int, one func(*rand.Rand) float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = one(r)
	}
	return x
}

func wantCoverage(t *testing.T, what string, inside int) {
	t.Helper()
	if c := float64(inside) / runs; c < 0.93 || c > 0.97 {
		t.Errorf("%s: the intervals of 95%% covered %.2f%% of %d runs", what, 100*c, runs)
	}
}

func TestSummarize_IntervalsCoverWhatTheySay(t *testing.T) {
	t.Parallel()
	for name, one := range distributions {
		truth := 1.0
		if name == "two modes" {
			truth = 0.95 + 0.09*5/9 // half of all lie below
		}
		for _, n := range []int{6, 7, 10, 20, 50} {
			r := rand.New(rand.NewPCG(1, uint64(n)))
			inside := 0
			for range runs {
				if s := Summarize(draw(r, n, one), 0.95); s.Lo <= truth && truth <= s.Hi {
					inside++
				}
			}
			wantCoverage(t, name, inside)
		}
	}
}

func TestPaired_IntervalsCoverWhatTheySay(t *testing.T) {
	t.Parallel()
	for name, one := range distributions {
		if name == "two modes" || name == "uniform" || name == "normal" {
			continue // the median of a ratio of two such is not that of the medians
		}
		r := rand.New(rand.NewPCG(2, 0))
		inside, alarms := 0, 0
		for range runs {
			a, b := draw(r, 20, one), draw(r, 20, one)
			x := Paired(a, b, 0.95)
			if !x.Shown() {
				inside++
			}
			if x.P < 0.05 {
				alarms++
			}
		}
		wantCoverage(t, name, inside)
		wantAlarms(t, name, alarms)
	}
}

func wantAlarms(t *testing.T, what string, alarms int) {
	t.Helper()
	// 5 % of 2,000 is 100; more than 120 comes once in 50.
	if alarms > 120 || alarms < 40 {
		t.Errorf("%s: %d of %d tests at 5%% saw a difference where there is none", what, alarms, runs)
	}
}

func TestUnpaired_IntervalsCoverWhatTheySay(t *testing.T) {
	t.Parallel()
	for name, one := range distributions {
		r := rand.New(rand.NewPCG(3, 0))
		inside, alarms := 0, 0
		for range runs {
			x := Unpaired(draw(r, 12, one), draw(r, 15, one), 0.95)
			if !x.Shown() {
				inside++
			}
			if x.P < 0.05 {
				alarms++
			}
		}
		wantCoverage(t, name, inside)
		wantAlarms(t, name, alarms)
	}
}

func TestSummarize_FewValues(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]float64{1: 0, 2: 0.5, 5: 0.9375, 6: 0.95} {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(i)
		}
		s := Summarize(x, 0.95)
		if math.Abs(s.Confidence-want) > 1e-9 || n < 6 && (s.Lo != 0 || s.Hi != float64(n-1)) {
			t.Errorf("%d values: %+v, want a confidence of %g", n, s, want)
		}
	}
}

func TestOutliers(t *testing.T) {
	t.Parallel()
	x := []float64{10, 11, 12, 13, 14, 20, 40, 10, 11, 12, 13, 14}
	want := make([]Outlier, len(x))
	want[5], want[6] = Mild, Severe
	if got := Outliers(x); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := Outliers([]float64{3, 3, 3, 3, 3, 4}); got[5] != Severe || got[0] != None {
		t.Errorf("all but one equal: %q", got)
	}
	if Flagged(nil) != 0 || Flagged(x) != 2 {
		t.Error("count is wrong")
	}
}

func TestSignedRank_IsTheCountOfAllSigns(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 0))
	for range 200 {
		d := make([]float64, 1+r.IntN(9))
		for i := range d {
			d[i] = float64(r.IntN(9) - 3) // with ties and zeros
		}
		if got, want := SignedRank(d), signsByHand(d); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%v: %g, want %g", d, got, want)
		}
	}
}

// signsByHand goes through all signs that the ranks could have had.
func signsByHand(d []float64) float64 {
	d = slices.DeleteFunc(slices.Clone(d), func(v float64) bool { return v == 0 })
	rank := func(i int) float64 {
		below, same := 0, 0
		for _, v := range d {
			if math.Abs(v) < math.Abs(d[i]) {
				below++
			}
			if math.Abs(v) == math.Abs(d[i]) {
				same++
			}
		}
		return float64(below) + float64(same+1)/2
	}
	lopsided := func(positive func(int) bool) float64 {
		sum := 0.0
		for i := range d {
			if positive(i) {
				sum += rank(i)
			} else {
				sum -= rank(i)
			}
		}
		return math.Abs(sum)
	}
	far, count := lopsided(func(i int) bool { return d[i] > 0 }), 0
	for signs := range 1 << len(d) {
		if lopsided(func(i int) bool { return signs>>i&1 == 1 }) >= far {
			count++
		}
	}
	return float64(count) / float64(int(1)<<len(d))
}

func TestRankSum_IsTheCountOfAllChoices(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 0))
	for range 200 {
		a, b := make([]float64, 1+r.IntN(5)), make([]float64, 1+r.IntN(5))
		for i := range a {
			a[i] = float64(r.IntN(6))
		}
		for i := range b {
			b[i] = float64(r.IntN(6) + 1)
		}
		if got, want := RankSum(a, b), choicesByHand(a, b); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%v, %v: %g, want %g", a, b, got, want)
		}
	}
}

// choicesByHand goes through all ways to take len(a) of the values.
func choicesByHand(a, b []float64) float64 {
	all := slices.Concat(a, b)
	wins := func(chosen int) float64 { // Mann and Whitney's U, from its middle
		u := 0.0
		for i, x := range all {
			for j, y := range all {
				if chosen>>i&1 == 1 && chosen>>j&1 == 0 {
					switch {
					case x > y:
						u++
					case x == y:
						u += 0.5
					}
				}
			}
		}
		return math.Abs(u - float64(len(a)*len(b))/2)
	}
	far, ways, extreme := wins(1<<len(a)-1), 0, 0
	for chosen := range 1 << len(all) {
		n := 0
		for c := chosen; c > 0; c >>= 1 {
			n += c & 1
		}
		if n != len(a) {
			continue
		}
		ways++
		if wins(chosen) >= far {
			extreme++
		}
	}
	return float64(extreme) / float64(ways)
}

func TestHolm(t *testing.T) {
	t.Parallel()
	got := Holm([]float64{0.01, 0.04, 0.03, 0.005, 0.9})
	want := []float64{0.04, 0.09, 0.09, 0.025, 0.9}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestOverall_GeometricMean(t *testing.T) {
	t.Parallel()
	two, eight := []float64{math.Log(2), math.Log(2), math.Log(2)}, []float64{math.Log(8), math.Log(8), math.Log(8)}
	x := Overall([][]float64{two, eight}, 0.95, 1)
	if math.Abs(x.Value-4) > 1e-9 || math.Abs(x.Lo-4) > 1e-9 || math.Abs(x.Hi-4) > 1e-9 || x.N != 2 {
		t.Errorf("of 2 and 8: %+v", x)
	}
}

func TestOverall_SameSeedSameInterval(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(6, 0))
	logs := [][]float64{draw(r, 9, distributions["normal"]), draw(r, 12, distributions["normal"])}
	if x, y := Overall(logs, 0.95, 7), Overall(logs, 0.95, 7); x != y || x.Lo >= x.Value || x.Hi <= x.Value {
		t.Errorf("%+v and %+v", x, y)
	}
}

// Values of SciPy 1.10.1: wilcoxon(mode='exact'), mannwhitneyu(method='exact'
// and 'asymptotic'), quantile, median_abs_deviation, and 1-2·binom.cdf.
func TestReference(t *testing.T) {
	t.Parallel()
	a := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	b := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.061, 3.14, 1.291}
	differences := make([]float64, len(a))
	for i := range a {
		differences[i] = a[i] - b[i]
	}
	x, y := make([]float64, 60), make([]float64, 70) // with ties, too many for the exact test
	for i := range x {
		x[i] = float64(i*37%101) / 10
	}
	for i := range y {
		y[i] = float64(i*53%97)/10 + 0.9
	}
	for what, v := range map[string][2]float64{
		"signed rank":      {SignedRank(differences), 0.0390625},
		"rank sum":         {RankSum(a, b), 0.13591114767585355},
		"rank sum, normal": {RankSum(x, y), 0.25838233547043366},
		"quantile 0.05":    {Quantile(a, 0.05), 0.82},
		"quantile 0.95":    {Quantile(a, 0.95), 2.828},
		"MAD":              {Summarize(a, 0.95).MAD, 0.2},
		"5th of 20":        {coverage(20, 5), 0.9881820678710938},
		"6th of 20":        {coverage(20, 6), 0.9586105346679688},
		"7th of 20":        {coverage(20, 7), 0.8846817016601562},
	} {
		if math.Abs(v[0]-v[1]) > 1e-12 {
			t.Errorf("%s: %v, want %v", what, v[0], v[1])
		}
	}
}
