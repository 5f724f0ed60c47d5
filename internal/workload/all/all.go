// Package all lists the workloads that turno ships, finds them by name, and
// checks a job's parameters against theirs. Adding a workload is its folder and
// its line in List, which also enrols it in the tests (see workloadtest), the
// documents and the forms.
//
// It runs nothing, and knows nothing of what runners of other makes offer.
package all

import (
	"encoding/json"
	"sync"

	"turno"
	"turno/internal/workload"
	"turno/internal/workload/exec"
	"turno/internal/workload/image"
	"turno/internal/workload/infer"
	"turno/internal/workload/kernel"
	"turno/internal/workload/matmul"
	"turno/internal/workload/noop"
	"turno/internal/workload/train"
	"turno/internal/workload/vecadd"
)

// List is every workload, in the order that people see them.
func List() []workload.Workload {
	return []workload.Workload{
		exec.New(),
		image.New(),
		infer.New(),
		kernel.New(),
		matmul.New(),
		noop.New(),
		train.New(),
		vecadd.New(),
	}
}

// shipped is compiled once, at the first use: a schema that does not compile is
// a mistake in this repository, which the tests find.
var shipped = sync.OnceValue(func() *Catalog {
	c, err := NewCatalog(List())
	if err != nil {
		panic("workload/all: " + err.Error())
	}
	return c
})

// Find returns the shipped workload of that name.
func Find(name string) (workload.Workload, bool) { return shipped().Find(name) }

// Size is what the time of a run of a shipped type grows with; 0: not known.
func Size(typ string, params json.RawMessage) (float64, string) {
	w, known := Find(typ)
	if !known || w.Size == nil {
		return 0, ""
	}
	return w.Size(params)
}

// CheckShipped is Check for a spec of a type that is shipped. Whether others
// exist only the scheduler knows, from its workers: see Announced.
func CheckShipped(spec *turno.Spec) *turno.Error {
	if _, known := Find(spec.Type); !known && spec.Type != "" {
		return nil
	}
	return Check(spec)
}

// Check is Catalog.Check on the shipped workloads.
func Check(spec *turno.Spec) *turno.Error { return shipped().Check(spec) }

// Normalize is Catalog.Normalize on the shipped workloads.
func Normalize(spec *turno.Spec) { shipped().Normalize(spec) }
