// Package workload is the port to the kinds of work that turno knows by
// itself. A workload is one folder with one function New, and one line in
// all.List, which also enrols it in the tests, the documents and the demo.
// Running one is the runner's: this package starts nothing.
package workload

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"turno"
	"turno/internal/gpu/cuda"
)

// Workload is one type of job. Values are immutable and safe for concurrent
// use.
type Workload struct {
	Name    string // turno.Spec.Type
	Summary string // one line for people
	Devices []turno.Device
	Schema  json.RawMessage // JSON Schema of the parameters; an object with additionalProperties false
	Example json.RawMessage // parameters of a quick run that verifies
	// Warm workloads run inside a runner child; the others (exec) are started
	// by the worker as a process of their own.
	Warm bool
	// Light workloads wait more than they compute: one child runs many at once.
	Light bool
	// Normalize fills a spec's defaults that depend on the workload, before
	// turno.Spec.Normalize. May be nil.
	Normalize func(*turno.Spec)
	// Check finds what the schema cannot say about parameters. May be nil.
	Check func(params json.RawMessage) *turno.Error
	// Size is what a run's time grows with, by parameters that passed Check, and
	// its unit; runs of one size can be compared. May be nil.
	Size func(params json.RawMessage) (float64, string)
	// Run does the work of a warm workload. See Env. The output is marshalled
	// into turno.Result.Output. An error is a *Failure where the workload knows
	// what it means.
	Run func(ctx context.Context, env *Env, params json.RawMessage) (output any, err error)
}

// Env is what a run may use.
type Env struct {
	Device  turno.Device  // cpu or gpu
	GPU     string        // UUID, when Device is gpu
	CUDA    *cuda.Runtime // what GPUs are computed on with; nil: this process has none
	Threads int           // how many to use at most, at least 1
	Dir     string        // scratch and output folder of this attempt; empty: none
	Inputs  string        // folder of the job's input files; empty: it has none
	Log     io.Writer     // the job's log
	// CkptDir is a folder for checkpoints that the job's further attempts find
	// again; it is removed when the job has succeeded. Empty: none.
	CkptDir string
	// Progress may be called often: the runner thins it. Fraction is 0 to 1,
	// negative when unknown. Never nil.
	Progress func(turno.Progress)
	// Tamper, for tests, gets the answer between its computation and its check,
	// as []float32, []float64, []uint8 or *float64, and may spoil it: a check
	// that then still passes is worth nothing. Nil outside of tests.
	Tamper func(answer any)
}

// Spoil calls Tamper where there is one.
func (e *Env) Spoil(answer any) {
	if e.Tamper != nil {
		e.Tamper(answer)
	}
}

// Failure is an error with a meaning.
type Failure struct {
	Reason    turno.Reason
	Message   string
	ExitCode  int // of a run that has one
	Retryable bool
	Poisoned  bool // the runner child must not be used again
}

func (f *Failure) Error() string { return fmt.Sprintf("%s: %s", f.Reason, f.Message) }

// Phase is one part of a run and how long it took, in seconds.
type Phase struct {
	Name    string  `json:"name"` // setup, h2d, kernel, d2h, verify
	Seconds float64 `json:"seconds"`
}

// Verification is a workload's own check of its answer.
type Verification struct {
	Method    string  `json:"method"`
	Verified  bool    `json:"verified"`
	Error     float64 `json:"error"`     // largest, relative where the method says so
	Tolerance float64 `json:"tolerance"` // what Error may be, and why: see the workload
}

// Outcome is the part that every warm workload's output has; workloads embed it.
type Outcome struct {
	Device  turno.Device `json:"device"`
	Engine  string       `json:"engine"` // which code did it, such as "go avx2 6x16"
	Threads int          `json:"threads,omitempty"`
	Phases  []Phase      `json:"phases"`
	Verification
	Rate     float64 `json:"rate"`      // by the kernel phase
	RateUnit string  `json:"rate_unit"` // GFLOP/s, GB/s, Mpixel/s
	// Of a run on a GPU: its model, and what the device could do at most by its
	// clocks, in RateUnit. Share is Rate of Peak.
	GPU   string  `json:"gpu,omitempty"`
	Peak  float64 `json:"peak,omitempty"`
	Share float64 `json:"peak_share,omitempty"`
	// Checksum is of the answer's bits: the same parameters on the same engine
	// give the same one, whatever the number of threads. See Checksum.
	Checksum string `json:"checksum,omitempty"`
}

// Wrong is the failure of an answer that did not pass its own check.
func Wrong(v Verification) *Failure {
	return &Failure{Reason: turno.ReasonWrongResult,
		Message: fmt.Sprintf("the answer failed its check (%s): error %.3g, tolerance %.3g", v.Method, v.Error, v.Tolerance)}
}
