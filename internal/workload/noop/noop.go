// Package noop is the cheapest job: it waits, writes a log of a given size, and
// ends well or not, as it is told. It is what trials and benchmarks of the
// queue itself run. It computes nothing, so it runs on simulated GPUs as well,
// and any number of it run at once in one child.
//
// Its answer is the time it waited; the check is that this is not shorter than
// what was asked for. The tolerance is 0: Go's timers never fire early, on the
// monotonic clock that the wait is measured with.
package noop

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"turno"
	"turno/internal/workload"
)

//go:embed schema.json
var schema []byte

// Params are the parameters; see schema.json.
type Params struct {
	Seconds   float64 `json:"seconds"`
	ExitCode  int     `json:"exit_code"`
	Fail      bool    `json:"fail"`
	Retryable bool    `json:"retryable"`
	Output    int64   `json:"output"`
}

// New is the workload.
func New() workload.Workload {
	return workload.Workload{
		Name:      "noop",
		Summary:   "does nothing, for as long as it is told: for trials of the queue itself",
		Devices:   []turno.Device{turno.DeviceCPU, turno.DeviceGPU},
		Schema:    schema,
		Example:   json.RawMessage(`{"output": 64}`),
		Warm:      true,
		Light:     true,
		Normalize: normalize,
		Check:     func(params json.RawMessage) *turno.Error { _, err := parse(params); return err },
		Run:       run,
	}
}

// normalize asks for the least CPU there is, because a job that waits needs
// none: otherwise a worker of 8 CPUs would wait on 8 of them at a time.
func normalize(s *turno.Spec) {
	if s.CPUs == 0 {
		s.CPUs = 1
	}
}

func parse(params json.RawMessage) (Params, *turno.Error) {
	p := Params{Retryable: true}
	if err := workload.Decode(params, &p); err != nil {
		return p, err
	}
	switch {
	case p.Seconds < 0 || p.Seconds > 365*24*3600:
		return p, turno.Invalid("params.seconds", "%v: use 0 to 31536000 (one year)", p.Seconds)
	case p.ExitCode < 0 || p.ExitCode > 255:
		return p, turno.Invalid("params.exit_code", "%d: use 0 to 255", p.ExitCode)
	case p.Output < 0 || p.Output > 1<<30:
		return p, turno.Invalid("params.output", "%d: use 0 to %d bytes", p.Output, 1<<30)
	}
	if p.Fail && p.ExitCode == 0 {
		p.ExitCode = 1
	}
	return p, nil
}

func run(ctx context.Context, env *workload.Env, params json.RawMessage) (any, error) {
	p, bad := parse(params)
	if bad != nil {
		return nil, workload.BadParams(bad)
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if err := write(ctx, env.Log, p.Output); err != nil {
		return nil, err
	}
	waited, err := wait(ctx, p.Seconds)
	if err != nil {
		return nil, err
	}
	if p.ExitCode != 0 {
		return nil, &workload.Failure{Reason: turno.ReasonExitCode, ExitCode: p.ExitCode, Retryable: p.Retryable,
			Message: fmt.Sprintf("ended with exit code %d, as its parameters asked", p.ExitCode)}
	}
	seconds := waited.Seconds()
	env.Spoil(&seconds)
	return answer(env.Device, p.Seconds, seconds)
}

// wait returns how long it was by the monotonic clock.
func wait(ctx context.Context, seconds float64) (time.Duration, error) {
	if seconds == 0 {
		return 0, nil
	}
	start := time.Now()
	timer := time.NewTimer(time.Duration(math.Ceil(seconds * 1e9)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return time.Since(start), nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// answer checks the wait and says how it went.
func answer(device turno.Device, asked, waited float64) (*workload.Outcome, error) {
	v := verify(asked, waited)
	if !v.Verified {
		return nil, workload.Wrong(v)
	}
	return &workload.Outcome{Device: device, Engine: "none", Verification: v,
		Phases: []workload.Phase{{Name: "kernel", Seconds: waited}}}, nil
}

// verify accepts a wait that was not too short; the error is the seconds missing.
func verify(asked, waited float64) workload.Verification {
	missing := max(0, asked-waited)
	return workload.Verification{Method: "waited at least as long as asked", Verified: missing == 0, Error: missing}
}

// line is what fills a log: 64 bytes, so that sizes are easy to see.
const line = "noop: this line is 64 bytes long and says nothing at all. .....\n"

// block is written at a time: a cancel is seen between two of them.
const block = 64 << 10

func write(ctx context.Context, log io.Writer, size int64) error {
	if size == 0 {
		return nil
	}
	text := make([]byte, 0, block)
	for len(text)+len(line) <= cap(text) && int64(len(text)) < size {
		text = append(text, line...)
	}
	for size > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := log.Write(text[:min(int64(len(text)), size)])
		if err != nil {
			return fmt.Errorf("write %d bytes of log: %w", size, err)
		}
		size -= int64(n)
	}
	return nil
}
