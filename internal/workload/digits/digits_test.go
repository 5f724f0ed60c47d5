package digits

import (
	"hash/fnv"
	"testing"
)

func TestDraw_KnownFromItsPlace(t *testing.T) {
	t.Parallel()
	var a, b [Pixels]uint8
	counts := [Classes]int{}
	ink := 0
	for i := range 2000 {
		label := Set{Seed: 5, Stream: 2}.Draw(i, a[:])
		if again := (Set{Seed: 5, Stream: 2}).Draw(i, b[:]); again != label || a != b {
			t.Fatalf("picture %d differs from itself", i)
		}
		counts[label]++
		for _, v := range a {
			ink += int(v)
		}
	}
	for label, n := range counts {
		if n < 150 || n > 250 {
			t.Errorf("%d of 2000 pictures show %d", n, label)
		}
	}
	if mean := ink / 2000 / Pixels; mean < 20 || mean > 60 {
		t.Errorf("a mean grey of %d", mean)
	}
}

func TestDraw_SeedsAndStreamsDiffer(t *testing.T) {
	t.Parallel()
	var picture [Pixels]uint8
	sums := map[uint64]bool{}
	for _, s := range []Set{{}, {Seed: 1}, {Stream: 1}, {Seed: -1}, {Seed: 1 << 40}} {
		for i := range 50 {
			s.Draw(i, picture[:])
			h := fnv.New64a()
			h.Write(picture[:])
			sums[h.Sum64()] = true
		}
	}
	if len(sums) != 250 {
		t.Errorf("%d different pictures of 250", len(sums))
	}
}

func BenchmarkDraw(b *testing.B) {
	var picture [Pixels]uint8
	i := 0
	for b.Loop() {
		Set{Seed: 1}.Draw(i, picture[:])
		i++
	}
}
