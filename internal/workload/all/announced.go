package all

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"turno"
	"turno/internal/workload"
)

// Announced is a catalog with the types that runners of workers offer beside
// it. A type that several workers offer with different schemas passes if one of
// them takes it: placement does not tell them apart. Safe for concurrent use.
type Announced struct {
	catalog *Catalog

	mu      sync.RWMutex
	workers map[string]announcement // guarded by mu
}

// announcement is what one worker offers beside the catalog.
type announcement struct {
	offers   []*offer
	starting []string // engines that have not said yet what they offer
}

type offer struct {
	turno.Offer
	entry *entry
}

// NewAnnounced begins with no worker, on the shipped workloads.
func NewAnnounced() *Announced {
	return &Announced{catalog: shipped(), workers: map[string]announcement{}}
}

// CheckSchema tells what is wrong with the schema of a runner's type.
func CheckSchema(name string, schema []byte) error {
	_, err := compile(name, schema)
	return err
}

// Update takes what workers say of themselves. One whose schema does not
// compile is left out: its worker should have done so.
func (a *Announced) Update(changed []turno.Worker, gone []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range changed {
		w := &changed[i]
		old := a.workers[w.Name]
		var now announcement
		for _, o := range w.Machine.Offers {
			if o.Engine == "" {
				continue
			}
			if known := old.find(&o); known != nil {
				now.offers = append(now.offers, known)
			} else if schema, err := compile(o.Type, o.Schema); err == nil {
				now.offers = append(now.offers, &offer{o, &entry{Workload: workload.Workload{Name: o.Type}, schema: schema}})
			}
		}
		for _, r := range w.Machine.Runners {
			if r.State == turno.RunnerStarting {
				now.starting = append(now.starting, r.Engine+" on "+w.Name)
			}
		}
		a.workers[w.Name] = now
	}
	for _, name := range gone {
		delete(a.workers, name)
	}
}

// find returns the same offer, whose schema is compiled.
func (n *announcement) find(o *turno.Offer) *offer {
	for _, known := range n.offers {
		if known.Type == o.Type && known.Engine == o.Engine && bytes.Equal(known.Schema, o.Schema) && slices.Equal(known.Devices, o.Devices) {
			return known
		}
	}
	return nil
}

// Check is Catalog.Check that knows the workers' types too.
func (a *Announced) Check(spec *turno.Spec) *turno.Error {
	shipped := a.catalog.byName[spec.Type] != nil
	if shipped {
		if err := a.catalog.Check(spec); err != nil || spec.Engine == "" || spec.Engine == turno.EngineNative {
			return err
		}
	}
	offers := a.offers(spec.Type, spec.Engine)
	if len(offers) == 0 {
		if shipped {
			return nil // the scheduler says that no worker has the engine now
		}
		return a.unknown(spec)
	}
	var first *turno.Error
	for _, o := range offers {
		err := o.check(spec)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (o *offer) check(spec *turno.Spec) *turno.Error {
	if d := spec.Device; d != "" && d != turno.DeviceAny && !slices.Contains(o.Devices, d) {
		return turno.Invalid("device", "is %s, but %s runs on %s only with the engine %s", d, o.Type, join(o.Devices), o.Engine)
	}
	return o.entry.passes(spec.Params)
}

// offers of a type, by worker's name.
func (a *Announced) offers(typ, engine string) []*offer {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var out []*offer
	for _, name := range slices.Sorted(maps.Keys(a.workers)) {
		for _, o := range a.workers[name].offers {
			if o.Type == typ && (engine == "" || engine == o.Engine) {
				out = append(out, o)
			}
		}
	}
	return out
}

// unknown is the refusal of a type that is not the catalog's and that no worker
// offers with the engine.
func (a *Announced) unknown(spec *turno.Spec) *turno.Error {
	var engines []string
	for _, o := range a.offers(spec.Type, "") {
		engines = append(engines, o.Engine)
	}
	if len(engines) > 0 {
		slices.Sort(engines)
		return turno.Invalid("engine", "is %s, but %s is offered with %s only", spec.Engine, spec.Type, strings.Join(slices.Compact(engines), " and "))
	}
	names, starting := a.names()
	err := turno.Invalid("type", "no workload is called %.64q", spec.Type)
	if spec.Type == "" {
		err = turno.Invalid("type", "must be given")
	}
	hint := "known are " + strings.Join(names, ", ")
	if near := nearest(spec.Type, names); near != "" {
		hint = fmt.Sprintf("did you mean %s? Known are %s", near, strings.Join(names, ", "))
	}
	if len(starting) > 0 {
		hint += "; these runners are starting and may offer more, try again: " + strings.Join(starting, ", ")
	}
	return err.WithHint("%s", hint)
}

// names of all types that are known, and the runners that are starting.
func (a *Announced) names() (names, starting []string) {
	names = a.catalog.names()
	a.mu.RLock()
	defer a.mu.RUnlock()
	var more []string
	for _, worker := range slices.Sorted(maps.Keys(a.workers)) {
		for _, o := range a.workers[worker].offers {
			if !slices.Contains(names, o.Type) {
				more = append(more, o.Type)
			}
		}
		starting = append(starting, a.workers[worker].starting...)
	}
	slices.Sort(more)
	return append(names, slices.Compact(more)...), starting
}
