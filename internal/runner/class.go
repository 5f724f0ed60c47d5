package runner

import (
	"fmt"

	"turno/internal/workload"
)

// Class is a kind of runner child that turno starts of itself.
type Class string

const (
	// Light runs what waits more than it computes, many at once in one child.
	Light Class = "light"
	// Compute runs one at a time, so that each has the device to itself and a
	// fault or a leak is that one's.
	Compute Class = "compute"
)

// Classes there are.
var Classes = []Class{Compute, Light}

// lightRuns at once in a light runner: each is a goroutine and a few hundred
// bytes of protocol, so this is a bound on a flood, not on memory.
const lightRuns = 4096

// ClassOf is the class of runner that a workload belongs to; none for one that
// is not warm.
func ClassOf(w workload.Workload) (Class, bool) {
	switch {
	case !w.Warm:
		return "", false
	case w.Light:
		return Light, true
	}
	return Compute, true
}

// OptionsOf are Serve's options for a class, with those of the workloads that
// belong to it.
func OptionsOf(class Class, list []workload.Workload) (Options, error) {
	o := Options{Name: "turno " + string(class), Concurrent: 1}
	switch class {
	case Light:
		o.Concurrent = lightRuns
	case Compute:
	default:
		return o, fmt.Errorf("no class of runner is called %q; use light or compute", class)
	}
	for _, w := range list {
		if c, warm := ClassOf(w); warm && c == class {
			o.Workloads = append(o.Workloads, w)
		}
	}
	return o, nil
}
