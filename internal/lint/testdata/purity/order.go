package purity

import (
	"maps"
	"reflect"
	"slices"
)

type set map[string]bool

func order(m map[int]string, s set) (n int) {
	for range m { // want "goes through a map in random order"
		n++
	}
	for k := range s { // want "goes through a map in random order; use slices.Sorted"
		n += len(k)
	}
	for range slices.Sorted(maps.Keys(s)) {
		n++
	}
	for range slices.SortedFunc(maps.Values(m), func(a, b string) int { return len(a) - len(b) }) {
		n++
	}
	for range maps.Keys(m) { // want "goes through a map in random order"
		n++
	}
	keys := slices.Collect(maps.Keys(m)) // want "goes through a map in random order"
	slices.Sort(keys)

	// order-free: a sum does not depend on it.
	for _, v := range m {
		n += len(v)
	}
	for _, v := range m { // order-free: nor here
		n += len(v)
	}
	// order-free:
	for range m { // want:-1 "order-free without a reason" want "random order"
	}
	// order-free: a list has an order. want "order-free says nothing here"
	for range keys {
	}
	reflect.ValueOf(m).MapKeys() // want "uses reflect.Value.MapKeys"
	return n
}

func generic[M ~map[int]int](m M) {
	for range m { // want "goes through a map in random order"
	}
}
