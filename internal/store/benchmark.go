package store

import (
	"context"
	"errors"

	"turno"
)

// ErrTaken refuses a benchmark that is another user's, or of which a newer copy
// is there.
var ErrTaken = errors.New("the run is another user's, or a newer copy of it is there")

// Benchmarks is every Store: runs of turno bench run. They are no state of
// jobs: as with Access the API writes them, from any number of processes, and no
// lead is needed.
//
// Its part of the contract:
//
//	S24 A run comes back as written, its file byte for byte, and runs newest first by At, then by ID. A copy replaces
//	   the one before, unless that is another user's or of a higher Order: ErrTaken. One that is not Fresh and not
//	   there is ErrNotFound. Being asked to stop outlives copies. Those that are Gone are gone.
//	S25 A batch is whole or not at all.
type Benchmarks interface {
	// WriteBenchmarks writes a batch durably.
	WriteBenchmarks(ctx context.Context, b BenchmarkBatch) error
	// Benchmarks lists what a query selects.
	Benchmarks(ctx context.Context, q BenchmarkQuery) ([]turno.Benchmark, error)
	// BenchmarkFile gives what is stored of a run's file, or ErrNotFound.
	BenchmarkFile(ctx context.Context, id string) ([]byte, error)
}

// BenchmarkRecord is a run as it now is. To a store the File is bytes.
type BenchmarkRecord struct {
	turno.Benchmark // Stopping is not looked at: see BenchmarkBatch.Stop
	File            []byte
	Order           int64 // never falls from one copy to the next
	Fresh           bool  // it need not be there
}

// BenchmarkBatch is one write, in the order of its fields.
type BenchmarkBatch struct {
	Put  []BenchmarkRecord
	Stop []string // ids; one that is not there is ErrNotFound
	Gone []string // the same
}

// BenchmarkQuery selects; empty fields select all.
type BenchmarkQuery struct{ ID, User string }
