package bench

import (
	"math/rand/v2"

	"turno/internal/bench/record"
	"turno/internal/stats"
)

// What is measured when follows from the seed alone, so that a run that was
// broken off goes on with the same plan.

// blockOrder is in which order the sides of a case are run in a block. Blocks
// come in twos, the second in the reverse order of the first (A B B A): what
// drifts evenly meanwhile weighs the same on each side.
func blockOrder(seed uint64, c, block, sides int) []int {
	random := rand.New(rand.NewPCG(seed, uint64(c)<<32|uint64(block/2)))
	order := random.Perm(sides)
	if block%2 == 1 {
		for i, j := 0, len(order)-1; i < j; i, j = i+1, j-1 {
			order[i], order[j] = order[j], order[i]
		}
	}
	return order
}

// roundOrder is in which order the cases come in a round. In each round every
// case that is not done gets two blocks: no case has a time of day of its own.
func roundOrder(seed uint64, round, cases int) []int {
	return rand.New(rand.NewPCG(^seed, uint64(round))).Perm(cases)
}

// primary is the phase whose precision decides: the device's, where it is known.
func primary(r *record.Results, c string) record.Phase {
	for i := range r.Samples {
		if s := &r.Samples[i]; s.Case == c && s.Device > 0 {
			return record.Device
		}
	}
	return record.EndToEnd
}

// progressOf is how many whole blocks of a case count, and how wide the widest
// of its sides' intervals is; 1 while there are too few.
func progressOf(r *record.Results, c *record.Case) (blocks int, width float64) {
	phase := primary(r, c.Name)
	values := map[string][]float64{}
	counted := map[int]int{}
	for i := range r.Samples {
		s := &r.Samples[i]
		if s.Case != c.Name || !s.Counts() {
			continue
		}
		values[s.Side] = append(values[s.Side], s.Time(phase))
		if counted[s.Block]++; counted[s.Block] == len(c.Sides) {
			blocks++
		}
	}
	for _, side := range c.Sides {
		v := values[side.Name]
		if len(v) < 2 {
			return blocks, 1
		}
		s := stats.Summarize(v, record.Confidence)
		if s.Confidence < record.Confidence || s.Median <= 0 {
			return blocks, 1
		}
		width = max(width, (s.Hi-s.Lo)/2/s.Median)
	}
	return blocks, width
}

// enough tells whether a case is done, and why.
func enough(set *record.Settings, blocks int, width float64) (reason string, done bool) {
	switch {
	case set.Fixed > 0:
		return record.StopFixed, blocks >= set.Fixed
	case blocks >= set.Start && width <= set.Precision:
		return record.StopPrecise, true
	case blocks >= set.Most:
		return record.StopMost, true
	}
	return "", false
}

// expected is how many blocks a case will have needed in all, as far as can be
// seen: an interval narrows with the root of their number.
func expected(set *record.Settings, blocks int, width float64) int {
	if set.Fixed > 0 {
		return max(blocks, set.Fixed)
	}
	n := set.Start
	if blocks >= set.Min && width > set.Precision {
		factor := width / set.Precision
		n = max(n, int(float64(blocks)*factor*factor))
	}
	return max(blocks, min(n, set.Most))
}

// nextBlock is the number of the next block of a case: one that was broken off
// is not completed later, for its samples would not stand beside each other.
func nextBlock(r *record.Results, c string) int {
	next := 0
	for i := range r.Samples {
		if s := &r.Samples[i]; s.Case == c && !s.WarmUp {
			next = max(next, s.Block+1)
		}
	}
	return next
}
