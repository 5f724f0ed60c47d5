package coretest

import (
	"fmt"
	"math/rand/v2"
)

// weights make walks that get somewhere: messages and processes move often,
// crashes are rare and are mended.
var weights = []int{
	Submit: 10, Deliver: 40, Drop: 4, Repeat: 4, Act: 5, End: 10, Begin: 8, Advance: 14, Flush: 4,
	CrashScheduler: 1, StartScheduler: 6, CrashAgent: 2, CrashMachine: 1, StartAgent: 6, WipeJournal: 1, Cut: 1, Update: 4,
}

// Walk makes a list of operations from a seed.
func Walk(seed uint64, length int) []Op {
	r := rand.New(rand.NewPCG(seed, 0x7475726e6f))
	total := 0
	for _, n := range weights {
		total += n
	}
	ops := make([]Op, length)
	for i := range ops {
		n := r.IntN(total)
		k := 0
		for n >= weights[k] {
			n -= weights[k]
			k++
		}
		ops[i] = Op{Kind: Kind(k), A: uint16(r.Uint32()), B: uint16(r.Uint32())}
	}
	return ops
}

// Run carries out operations in a new world, then heals it. A panic of a core
// is a failure like any other.
func Run(workers int, ops []Op) (w *World, err error) {
	w = New(workers, "fair")
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	for i, o := range ops {
		if err := w.Do(o); err != nil {
			return w, fmt.Errorf("operation %d: %w", i, err)
		}
	}
	return w, w.Heal()
}

// Shrink takes operations away while the run still fails.
func Shrink(workers int, ops []Op) []Op {
	return shrink(ops, func(less []Op) bool {
		_, err := Run(workers, less)
		return err != nil
	})
}

// shrink takes ever smaller pieces out of a list that fails.
func shrink[T any](list []T, fails func([]T) bool) []T {
	for size := len(list) / 2; size >= 1; {
		smaller := false
		for from := 0; from+size <= len(list); {
			less := append(append([]T(nil), list[:from]...), list[from+size:]...)
			if fails(less) {
				list, smaller = less, true
			} else {
				from += size
			}
		}
		if !smaller || size > len(list) {
			size = min(size, len(list)) / 2
		}
	}
	return list
}
