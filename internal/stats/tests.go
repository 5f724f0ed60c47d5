package stats

import (
	"cmp"
	"math"
	"slices"
)

// SignedRank is the two-sided p-value of Wilcoxon's signed-rank test: how
// probable differences at least as lopsided are if neither side is the larger.
// Zeros count for nothing, ties share their ranks, and the distribution is
// exact, given those. No difference at all is 1.
func SignedRank(differences []float64) float64 {
	d := slices.DeleteFunc(slices.Clone(differences), func(v float64) bool { return v == 0 })
	if len(d) == 0 {
		return 1
	}
	sizes := make([]float64, len(d))
	for i, v := range d {
		sizes[i] = math.Abs(v)
	}
	ranks := doubledRanks(sizes)
	positive, total := 0, 0
	for i, r := range ranks {
		total += r
		if d[i] > 0 {
			positive += r
		}
	}
	// ways[s] is the probability that ranks with random signs sum to s.
	ways := make([]float64, total+1)
	ways[0] = 1
	reach := 0
	for _, r := range ranks {
		for s := reach; s >= 0; s-- {
			half := ways[s] / 2
			ways[s] = half
			ways[s+r] += half
		}
		reach += r
	}
	return twoSided(ways, min(positive, total-positive), total)
}

// twoSided doubles the lower tail of a symmetric distribution over 0 to total.
func twoSided(p []float64, at, total int) float64 {
	if 2*at == total {
		return 1
	}
	tail := 0.0
	for _, v := range p[:at+1] {
		tail += v
	}
	return min(1, 2*tail)
}

// doubledRanks are twice the ranks from 1, so that those shared by ties are
// whole numbers.
func doubledRanks(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks := make([]int, len(values))
	for first := 0; first < len(order); {
		last := first
		for last+1 < len(order) && values[order[last+1]] == values[order[first]] {
			last++
		}
		for _, i := range order[first : last+1] {
			ranks[i] = first + last + 2
		}
		first = last + 1
	}
	return ranks
}

// exactUpTo bounds the work of the exact rank-sum test (n·m·(n+m)² steps); a
// normal approximation is good to three digits by then.
const exactUpTo = 50

// RankSum is the two-sided p-value of the Mann-Whitney test (Wilcoxon's
// rank-sum test): how probable two samples at least as far apart are if both
// come from one distribution. It is exact, ties included, up to 50 values a
// side; with more it is the normal approximation, corrected for ties and
// continuity. An empty side is 1.
func RankSum(a, b []float64) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 1
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	ranks := doubledRanks(slices.Concat(a, b))
	sum := 0
	for _, r := range ranks[:len(a)] {
		sum += r
	}
	if len(b) <= exactUpTo {
		return exactRankSum(ranks, len(a), sum)
	}
	return normalRankSum(ranks, len(a), sum)
}

// exactRankSum counts the choices of n ranks that lie at least as far from the
// middle as sum does.
func exactRankSum(ranks []int, n, sum int) float64 {
	ways, all := rankSums(ranks, n)
	middle := float64(n) * float64(len(ways)-1) / float64(len(ranks))
	far, extreme := math.Abs(float64(sum)-middle), 0.0
	for s, w := range ways {
		if math.Abs(float64(s)-middle) >= far-1e-9 {
			extreme += w
		}
	}
	return min(1, extreme/all)
}

// rankSums counts, by their sum, the choices of n ranks; and all of them.
func rankSums(ranks []int, n int) (ways []float64, all float64) {
	total := 0
	for _, r := range ranks {
		total += r
	}
	counts := make([][]float64, n+1) // by how many were chosen
	for k := range counts {
		counts[k] = make([]float64, total+1)
	}
	counts[0][0] = 1
	reach := make([]int, n+1) // the greatest sum of k so far
	for i, r := range ranks {
		for k := min(i+1, n); k >= 1; k-- {
			from := counts[k-1][:reach[k-1]+1]
			to := counts[k][r:][:len(from)]
			for s, w := range from {
				to[s] += w
			}
			reach[k] = max(reach[k], reach[k-1]+r)
		}
	}
	for _, w := range counts[n] {
		all += w
	}
	return counts[n], all
}

func normalRankSum(ranks []int, n, sum int) float64 {
	size, first := float64(len(ranks)), float64(n)
	second := size - first
	counts := map[int]float64{}
	for _, r := range ranks {
		counts[r]++
	}
	ties := 0.0
	for _, c := range counts { // order-free: a sum of whole numbers
		ties += c*c*c - c
	}
	variance := first * second / 12 * (size + 1 - ties/(size*(size-1)))
	if variance == 0 {
		return 1
	}
	far := math.Abs(float64(sum)/2 - first*(size+1)/2)
	z := max(0, far-0.5) / math.Sqrt(variance)
	return math.Erfc(z / math.Sqrt2)
}

// Holm adjusts p-values of several tests so that the chance of one false alarm
// among all stays what it is for one (Holm, 1979). The order is kept.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	adjusted := make([]float64, len(p))
	worst := 0.0
	for i, at := range order {
		worst = max(worst, min(1, p[at]*float64(len(p)-i)))
		adjusted[at] = worst
	}
	return adjusted
}
