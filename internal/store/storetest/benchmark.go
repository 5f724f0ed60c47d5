package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"turno"
	"turno/internal/store"
)

// benchmark makes a run; equal numbers are equal runs.
func benchmark(n int) store.BenchmarkRecord {
	return store.BenchmarkRecord{Fresh: true, Order: int64(n), File: fmt.Appendf(nil, "file %d\x00\xff", n), Benchmark: turno.Benchmark{
		ID: fmt.Sprintf("run-%d", n), User: fmt.Sprint("user", n%2), State: turno.BenchmarkRunning, Suite: "ñ \"quick\"", Worker: "w", Hosted: n%2 == 0,
		Detail: "d", Turno: "v1", Host: "h", CPU: "c", CPUs: 2, GPU: "g", Simulated: true, At: base.Add(time.Duration(n) * time.Hour), UpdatedAt: base.Add(time.Hour),
		Seconds: 1.5, Cases: 3, Samples: n, Excluded: 2, Bytes: 9, Hash: "abc",
		Progress: &turno.BenchmarkProgress{Case: "x", Blocks: n, Width: 0.5, Done: 1, Total: 9, Left: 2.5},
	}}
}

func benchmarksOf(t testing.TB, s store.Store) store.Benchmarks {
	t.Helper()
	b, ok := s.(store.Benchmarks)
	if !ok {
		t.Fatalf("%T keeps no benchmarks", s)
	}
	return b
}

// heads are those of a query.
func heads(t testing.TB, s store.Store, q store.BenchmarkQuery) []turno.Benchmark {
	t.Helper()
	out, err := benchmarksOf(t, s).Benchmarks(t.Context(), q)
	if err != nil {
		t.Fatalf("Benchmarks(%+v): %v", q, err)
	}
	return out
}

func putBenchmarks(t testing.TB, s store.Store, b store.BenchmarkBatch) {
	t.Helper()
	if err := benchmarksOf(t, s).WriteBenchmarks(t.Context(), b); err != nil {
		t.Fatalf("WriteBenchmarks: %v", err)
	}
}

func s24Benchmarks(t *testing.T, f Factory) {
	s := f.New(t)
	equal(t, "an empty store", heads(t, s, store.BenchmarkQuery{}), []turno.Benchmark(nil))
	one, two, three := benchmark(1), benchmark(2), benchmark(3)
	putBenchmarks(t, s, store.BenchmarkBatch{Put: []store.BenchmarkRecord{two, one, three}})
	equal(t, "all, newest first", heads(t, s, store.BenchmarkQuery{}), []turno.Benchmark{three.Benchmark, two.Benchmark, one.Benchmark})
	equal(t, "of a user", heads(t, s, store.BenchmarkQuery{User: "user1"}), []turno.Benchmark{three.Benchmark, one.Benchmark})
	equal(t, "one", heads(t, s, store.BenchmarkQuery{ID: "run-2"}), []turno.Benchmark{two.Benchmark})
	equal(t, "one of another", heads(t, s, store.BenchmarkQuery{ID: "run-2", User: "user1"}), []turno.Benchmark(nil))

	putBenchmarks(t, s, store.BenchmarkBatch{Stop: []string{"run-2"}})
	two.Order, two.Fresh, two.File, two.Samples, two.State, two.Progress = 7, false, []byte("newer"), 70, turno.BenchmarkFinished, nil
	putBenchmarks(t, s, store.BenchmarkBatch{Put: []store.BenchmarkRecord{two}})
	two.Stopping = true // outlives the copy
	if f.Again != nil {
		s = f.Again(t, s)
	}
	want := []turno.Benchmark{three.Benchmark, two.Benchmark, one.Benchmark}
	equal(t, "after a newer copy", heads(t, s, store.BenchmarkQuery{}), want)
	file, err := benchmarksOf(t, s).BenchmarkFile(t.Context(), "run-2")
	if err != nil || string(file) != "newer" {
		t.Errorf("the file is %q, %v", file, err)
	}

	older, foreign, gone := two, three, benchmark(9)
	older.Order, foreign.User, gone.Fresh = 6, "mallory", false
	for i, c := range []struct {
		want error
		put  store.BenchmarkRecord
		stop []string
	}{{want: store.ErrTaken, put: older}, {want: store.ErrTaken, put: foreign}, {want: store.ErrNotFound, put: gone},
		{want: store.ErrNotFound, put: three, stop: []string{"nobody"}}} {
		b := store.BenchmarkBatch{Put: []store.BenchmarkRecord{benchmark(8), c.put}, Stop: c.stop}
		if err := benchmarksOf(t, s).WriteBenchmarks(t.Context(), b); !errors.Is(err, c.want) {
			t.Errorf("%d: %v, want %v", i, err, c.want)
		}
	}
	foreign.Fresh, older.Fresh = true, true
	for _, r := range []store.BenchmarkRecord{foreign, older} {
		if err := benchmarksOf(t, s).WriteBenchmarks(t.Context(), store.BenchmarkBatch{Put: []store.BenchmarkRecord{r}}); !errors.Is(err, store.ErrTaken) {
			t.Errorf("as a fresh one: %v, want %v", err, store.ErrTaken)
		}
	}
	equal(t, "after refusals (S25)", heads(t, s, store.BenchmarkQuery{}), want)

	putBenchmarks(t, s, store.BenchmarkBatch{Gone: []string{"run-2"}})
	equal(t, "after one is gone", heads(t, s, store.BenchmarkQuery{}), []turno.Benchmark{three.Benchmark, one.Benchmark})
	if _, err := benchmarksOf(t, s).BenchmarkFile(t.Context(), "run-2"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("its file: %v, want %v", err, store.ErrNotFound)
	}
	if err := benchmarksOf(t, s).WriteBenchmarks(t.Context(), store.BenchmarkBatch{Gone: []string{"run-2"}}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("gone twice: %v, want %v", err, store.ErrNotFound)
	}
}
