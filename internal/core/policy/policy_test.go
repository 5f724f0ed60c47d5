package policy_test

import (
	"math"
	"testing"
	"time"

	"turno/internal/core/policy"
	"turno/internal/core/policy/all"
)

func TestLnMicro_AgreesWithMath(t *testing.T) {
	t.Parallel()
	for x := int64(1); x < math.MaxInt64/3; x = x*3/2 + 1 {
		got, want := policy.LnMicro(x), math.Log(float64(x))*1e6
		// ln 2 is rounded to a millionth: the error grows with the exponent.
		if math.Abs(float64(got)-want) > 20 {
			t.Errorf("ln(%d) = %d millionths, want %.1f", x, got, want)
		}
	}
	if policy.LnMicro(0) != 0 || policy.LnMicro(-5) != 0 {
		t.Error("numbers below 1 must count as 1")
	}
}

func TestFair_OvertakingIsBounded(t *testing.T) {
	t.Parallel()
	fair, _ := all.Find("fair")
	start := time.Unix(1_800_000_000, 0)
	big := policy.Candidate{Submitted: start, Estimate: 7 * 24 * time.Hour, Width: 64}
	small := policy.Candidate{Estimate: time.Minute, Width: 1}
	bound := time.Duration(12 * math.Log(7*24*60*64) * float64(time.Hour))
	small.Submitted = start.Add(bound - time.Minute)
	if fair.Key(small) >= fair.Key(big) {
		t.Error("a small job within the bound must go first")
	}
	small.Submitted = start.Add(bound + time.Minute)
	if fair.Key(small) <= fair.Key(big) {
		t.Error("a small job beyond the bound must not pass")
	}
}

func TestFIFO_IsOrderOfSubmission(t *testing.T) {
	t.Parallel()
	fifo, _ := all.Find("fifo")
	now := time.Unix(1_800_000_000, 0)
	long := policy.Candidate{Submitted: now, Estimate: 1000 * time.Hour, Width: 8}
	short := policy.Candidate{Submitted: now.Add(time.Millisecond), Estimate: time.Second, Width: 1}
	if fifo.Key(long) >= fifo.Key(short) || fifo.Backfill {
		t.Error("fifo must look at nothing but submission, and must not backfill")
	}
}

func TestFind_UnknownIsRefused(t *testing.T) {
	t.Parallel()
	if _, ok := all.Find("nonsense"); ok {
		t.Error("found an order that is not there")
	}
}
