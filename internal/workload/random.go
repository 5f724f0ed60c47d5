package workload

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
)

// Float is what workloads compute with.
type Float interface{ float32 | float64 }

// Random is a sequence of numbers, each known from its place alone: parts of it
// can be made in any order by any number of threads. It is SplitMix64 (Steele,
// Lea and Flood 2014, "Fast Splittable Pseudorandom Number Generators"): the
// finalizer of a counter times the golden gamma. Good for test data, not for
// secrets.
type Random struct{ base uint64 }

// NewRandom is one of many sequences of a seed: different streams have nothing
// to do with each other.
func NewRandom(seed int64, stream uint64) Random {
	return Random{mix(mix(uint64(seed)+golden) ^ mix(stream*golden+1))}
}

const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio, odd

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Bits are the 64 random bits at a place.
func (r Random) Bits(place int) uint64 { return mix(r.base + uint64(place)*golden) }

// Unit is the number at a place, evenly spread over [-1, 1) in steps of 2^-23:
// exact as float32 and as float64.
func (r Random) Unit(place int) float64 { return float64(int64(r.Bits(place))>>40) * 0x1p-23 }

// pieceNumbers is what Fill and Checksum do at a time: some 50 µs.
const pieceNumbers = 1 << 16

// Fill sets into[i] = r.Unit(i).
func Fill[T Float](ctx context.Context, into []T, r Random, threads int) error {
	return Parallel(ctx, threads, len(into), pieceNumbers, func(low, high int) {
		part := into[low:high]
		for i := range part {
			part[i] = T(float32(int64(r.Bits(low+i))>>40) * 0x1p-23)
		}
	})
}

// Checksum tells two answers apart by their bits and places, the same with any
// number of threads: the sum of every number's bits, mixed with its place. It
// is no proof against a forger.
func Checksum[T Float](ctx context.Context, values []T, threads int) (string, error) {
	var sum atomic.Uint64
	err := Parallel(ctx, threads, len(values), pieceNumbers, func(low, high int) {
		var part uint64
		for i, v := range values[low:high] {
			part += mix(bitsOf(v) ^ uint64(low+i)*golden)
		}
		sum.Add(part)
	})
	return fmt.Sprintf("%016x", sum.Load()), err
}

func bitsOf[T Float](v T) uint64 {
	if f, ok := any(v).(float32); ok {
		return uint64(math.Float32bits(f))
	}
	return math.Float64bits(float64(v))
}
