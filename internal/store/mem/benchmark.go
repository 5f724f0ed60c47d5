package mem

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"turno"
	"turno/internal/store"
)

// WriteBenchmarks implements store.Benchmarks.
func (s *Store) WriteBenchmarks(ctx context.Context, b store.BenchmarkBatch) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write benchmarks: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := maps.Clone(s.benchmarks)
	if all == nil {
		all = map[string]store.BenchmarkRecord{}
	}
	if err := writeBenchmarks(all, b); err != nil {
		return fmt.Errorf("write benchmarks: %w", err)
	}
	s.benchmarks = all
	return nil
}

func writeBenchmarks(all map[string]store.BenchmarkRecord, b store.BenchmarkBatch) error {
	for _, r := range b.Put {
		old, there := all[r.ID]
		switch {
		case !there && !r.Fresh:
			return fmt.Errorf("benchmark %s: %w", r.ID, store.ErrNotFound)
		case there && (old.User != r.User || old.Order > r.Order):
			return fmt.Errorf("benchmark %s: %w", r.ID, store.ErrTaken)
		}
		r.Stopping, r.File = old.Stopping, slices.Clone(r.File)
		r.At, r.UpdatedAt = micro(r.At), micro(r.UpdatedAt)
		if r.Progress != nil {
			r.Progress = new(*r.Progress)
		}
		all[r.ID] = r
	}
	for _, id := range b.Stop {
		r, there := all[id]
		if !there {
			return fmt.Errorf("benchmark %s: %w", id, store.ErrNotFound)
		}
		r.Stopping = true
		all[id] = r
	}
	for _, id := range b.Gone {
		if _, there := all[id]; !there {
			return fmt.Errorf("benchmark %s: %w", id, store.ErrNotFound)
		}
		delete(all, id)
	}
	return nil
}

// Benchmarks implements store.Benchmarks.
func (s *Store) Benchmarks(ctx context.Context, q store.BenchmarkQuery) ([]turno.Benchmark, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read benchmarks: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []turno.Benchmark
	for _, r := range s.benchmarks {
		if q.ID != "" && q.ID != r.ID || q.User != "" && q.User != r.User {
			continue
		}
		b := r.Benchmark
		if b.Progress != nil {
			b.Progress = new(*b.Progress)
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b turno.Benchmark) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return out, nil
}

// BenchmarkFile implements store.Benchmarks.
func (s *Store) BenchmarkFile(ctx context.Context, id string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read the file of benchmark %s: %w", id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, there := s.benchmarks[id]
	if !there {
		return nil, fmt.Errorf("read the file of benchmark %s: %w", id, store.ErrNotFound)
	}
	return slices.Clone(r.File), nil
}
