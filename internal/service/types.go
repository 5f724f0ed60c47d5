package service

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"turno"
)

// Types implements turno.Service. What workers offer beside turno's own types
// the scheduler knows; while it is silent those are left out.
func (s *Service) Types(ctx context.Context) ([]turno.Type, error) {
	types := slices.Clone(s.o.Types)
	workers, err := s.Workers(ctx)
	if err != nil {
		s.log.Warn("lists no types of runners: the scheduler did not tell its workers", "err", err)
		return types, ctx.Err()
	}
	return withOffers(types, workers), nil
}

// withOffers adds the engines of each type, and the types that only runners
// offer, by name.
func withOffers(types []turno.Type, workers []turno.Worker) []turno.Type {
	own := len(types)
	for i := range types {
		types[i].Engines = nil
	}
	for i := range workers {
		for _, o := range workers[i].Machine.Offers {
			at := slices.IndexFunc(types, func(t turno.Type) bool { return t.Name == o.Type })
			if at < 0 {
				if o.Engine == "" {
					continue // of a newer turno
				}
				at = len(types)
				types = append(types, turno.Type{Name: o.Type, Summary: o.Summary, Schema: schemaOf(&o)})
			}
			note(&types[at], &o)
		}
	}
	slices.SortFunc(types[own:], func(a, b turno.Type) int { return cmp.Compare(a.Name, b.Name) })
	return types
}

func note(t *turno.Type, o *turno.Offer) {
	engine := cmp.Or(o.Engine, turno.EngineNative)
	if !slices.Contains(t.Engines, engine) {
		t.Engines = append(t.Engines, engine)
		slices.Sort(t.Engines)
	}
	for _, d := range o.Devices {
		if !slices.Contains(t.Devices, d) {
			t.Devices = append(slices.Clone(t.Devices), d)
		}
	}
}

// schemaOf a runner that announced none: anything.
func schemaOf(o *turno.Offer) json.RawMessage {
	if len(o.Schema) == 0 {
		return json.RawMessage(`{}`)
	}
	return o.Schema
}
