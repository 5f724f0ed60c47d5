package turno

import (
	"context"
	"time"
)

// Benchmark is what a server says of a run of turno bench run that it keeps,
// without the samples: they are in the run's file, job_results.json.
type Benchmark struct {
	ID     string         `json:"id"`   // the run's own, which is in its file too
	User   string         `json:"user"` // who handed it in, or started it
	State  BenchmarkState `json:"state"`
	Suite  string         `json:"suite"`
	Worker string         `json:"worker"`
	// Hosted says that the server itself measures it; otherwise a client does.
	Hosted bool `json:"hosted,omitempty"`
	// Stopping says that somebody asked for its end.
	Stopping bool   `json:"stopping,omitempty"`
	Detail   string `json:"detail,omitempty"` // why it failed

	Turno     string `json:"turno"` // the version that measured
	Host      string `json:"host"`  // of the worker
	CPU       string `json:"cpu,omitempty"`
	CPUs      int    `json:"cpus"`
	GPU       string `json:"gpu,omitempty"` // the model of a real one that was measured
	Simulated bool   `json:"simulated,omitempty"`

	At        time.Time `json:"at"`         // when it began
	UpdatedAt time.Time `json:"updated_at"` // when the server last heard of it
	Seconds   float64   `json:"seconds"`    // of all its sessions
	Cases     int       `json:"cases"`
	Samples   int       `json:"samples"` // that count
	Excluded  int       `json:"excluded"`
	Bytes     int64     `json:"bytes"`
	Hash      string    `json:"sha256"` // of the file

	Progress *BenchmarkProgress `json:"progress,omitempty"` // while it runs
}

// BenchmarkState is where a run stands.
type BenchmarkState string

const (
	BenchmarkRunning     BenchmarkState = "running"
	BenchmarkFinished    BenchmarkState = "finished"
	BenchmarkInterrupted BenchmarkState = "interrupted" // by a person, or its server's end; what was measured is there
	BenchmarkFailed      BenchmarkState = "failed"
	// BenchmarkSilent is one that ran when it was last heard of, which is long
	// ago: it was killed, or cannot reach the server.
	BenchmarkSilent BenchmarkState = "silent"
)

// BenchmarkProgress is how far a run is.
type BenchmarkProgress struct {
	Case   string  `json:"case"`
	Blocks int     `json:"blocks"`
	Width  float64 `json:"half_width"` // of that case's intervals, as a part of the median; 1: not known yet
	Done   int     `json:"done"`
	Total  int     `json:"total"`        // blocks of all cases, as far as can be seen
	Left   float64 `json:"left_seconds"` // about
}

// BenchmarkOrder asks a server to measure. All may be empty.
type BenchmarkOrder struct {
	Suite     string   `json:"suite,omitempty"`  // quick, unless it says full
	Worker    string   `json:"worker,omitempty"` // otherwise one with a GPU, or with most CPUs
	Types     []string `json:"types,omitempty"`  // of the suite's; none: all
	Fixed     int      `json:"fixed,omitempty"`  // blocks of each case, instead of stopping when it is precise
	Precision float64  `json:"precision,omitempty"`
	Budget    Duration `json:"budget_seconds,omitempty"`
	Seed      uint64   `json:"seed,omitempty"` // below 2^53
}

// Benchmarks are the runs that a server keeps. The API serves them, package
// client speaks it.
type Benchmarks interface {
	// PutBenchmark hands in a run's file as it now is, instead of what was there
	// of the run before. One that is not new and not there is CodeNotFound:
	// somebody removed it. The answer says whether somebody wants it to stop.
	PutBenchmark(ctx context.Context, id string, file []byte, fresh bool) (Benchmark, error)
	// Benchmarks lists them, newest first: of who sees all jobs all, of others
	// their own.
	Benchmarks(ctx context.Context) ([]Benchmark, error)
	Benchmark(ctx context.Context, id string) (Benchmark, error)
	// BenchmarkFile is the file as it was handed in, byte for byte.
	BenchmarkFile(ctx context.Context, id string) ([]byte, error)
	// StartBenchmark has the server measure.
	StartBenchmark(ctx context.Context, o BenchmarkOrder) (Benchmark, error)
	// StopBenchmark asks whoever measures to end it; what was measured is kept.
	StopBenchmark(ctx context.Context, id string) (Benchmark, error)
	RemoveBenchmark(ctx context.Context, id string) error
}
