// Package policy is the port of the scheduler's choices: who stands before
// whom in line, and whether others may pass while the first one waits. A
// policy is one folder and one line in all.List. Policies are pure: integers
// in, an integer out, the same on every machine.
package policy

import (
	"math/bits"
	"time"
)

// Candidate is what an order may look at.
type Candidate struct {
	Submitted time.Time
	// Estimate of one run; a job without a time limit has NoLimit.
	Estimate time.Duration
	// GPUs, or whole CPUs of a job that asks for none; at least 1.
	Width int64
}

// NoLimit is the estimate of a job that states no time limit: such a job may
// run for ever, so it counts as a long one.
const NoLimit = 24 * time.Hour

// Order puts waiting jobs of one priority in line.
type Order struct {
	Name    string
	Summary string
	// Key sorts jobs, smallest first; equal keys go by number. It depends on the
	// job alone, so that a line never has to be sorted again.
	Key func(Candidate) int64
	// Backfill lets later jobs start when that does not delay the reservation
	// of the first one that has to wait.
	Backfill bool
}

// LnMicro is the natural logarithm of x in millionths, in integer arithmetic:
// Go may fuse multiply and add on some machines, and an order that differs by
// machine could not be replayed. x below 1 counts as 1. The error is under 2
// millionths.
func LnMicro(x int64) int64 {
	if x <= 1 {
		return 0
	}
	whole := int64(bits.Len64(uint64(x)) - 1)
	m := uint64(x) << (63 - whole) // mantissa in [1, 2) as Q1.63
	frac := int64(0)
	for range fracBits {
		hi, lo := bits.Mul64(m, m) // Q2.126
		frac <<= 1
		if hi>>63 == 1 {
			frac |= 1
			m = hi
		} else {
			m = hi<<1 | lo>>63
		}
	}
	log2 := whole<<fracBits | frac
	return log2 * ln2Micro >> fracBits
}

const (
	// fracBits of the binary logarithm: 2^-24 is far below one millionth.
	fracBits = 24
	ln2Micro = 693_147 // ln 2 in millionths
)
