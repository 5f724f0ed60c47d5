package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"

	"turno"
	"turno/internal/workload"
)

const runnerFailed = turno.ReasonRunnerFailed

// run is one attempt, from its first step to its done line.
func (s *server) run(ctx context.Context, w workload.Workload, r *Run) {
	progress := &thin{send: func(p turno.Progress) { s.sendProgress(r.Key, p) }}
	log := &logFile{path: r.Log}
	env := &workload.Env{
		Device: r.Device, GPU: r.GPU, CUDA: s.options.CUDA, Threads: max(1, r.Threads), Dir: r.Dir, Inputs: r.Inputs, CkptDir: r.CkptDir, Log: log, Progress: progress.update,
	}
	var output any
	err := error(&panicError{w.Name, "it ended its goroutine"}) // stands only if protect never returns
	defer func() {
		progress.end()
		if closed := log.close(); err == nil && closed != nil {
			err = closed
		}
		s.conclude(ctx, &Done{Key: r.Key, Silent: log.silent()}, output, err)
	}()
	output, err = s.protect(ctx, w, env, r)
}

// protect calls the workload and turns a panic into an error. A panic in a
// goroutine that the workload started cannot be caught: it ends the child, and
// the agent says so.
func (s *server) protect(ctx context.Context, w workload.Workload, env *workload.Env, r *Run) (output any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			s.options.Log.Error("a workload panicked", "job", r.Key, "type", w.Name, "err", cause, "stack", string(debug.Stack()))
			output, err = nil, &panicError{w.Name, cause}
		}
	}()
	return w.Run(ctx, env, r.Params)
}

// panicError is a run that did not return.
type panicError struct {
	workload string
	cause    any
}

func (p *panicError) Error() string {
	return fmt.Sprintf("the workload %s panicked: %v; the stack is in the worker's log", p.workload, p.cause)
}

// conclude writes the done line.
func (s *server) conclude(ctx context.Context, done *Done, output any, err error) {
	if err == nil {
		done.Output, err = encodeOutput(output)
	}
	if err != nil {
		done.Error = errorOf(ctx, err)
	}
	line, err := encodeDone(done)
	if err != nil {
		s.options.Log.Error("an end could not be encoded", "job", done.Key, "err", err)
		line = fmt.Appendf(nil, `{"done":{"key":%q,"error":{"reason":%q,"message":"the end could not be encoded"}}}`, done.Key, runnerFailed)
	}
	s.finish(done.Key)
	s.out.put(line) // fails only when the agent is gone, which ends Serve by itself
}

// errorOf says how a run failed. An error after a cancel is the cancel's, or is
// the device's, which matters more.
func errorOf(ctx context.Context, err error) *Error {
	if panicked, ok := errors.AsType[*panicError](err); ok {
		return &Error{Reason: runnerFailed, Message: panicked.Error(), Retryable: true, Poisoned: true}
	}
	failure, known := errors.AsType[*workload.Failure](err)
	if ctx.Err() != nil && !(known && failure.Poisoned) {
		return &Error{Reason: turno.ReasonCancelled, Message: context.Cause(ctx).Error()}
	}
	if known {
		return &Error{Reason: failure.Reason, Message: failure.Message, ExitCode: failure.ExitCode,
			Retryable: failure.Retryable, Poisoned: failure.Poisoned}
	}
	if bad, ok := errors.AsType[*turno.Error](err); ok {
		return &Error{Reason: turno.ReasonSetupFailed, Message: bad.Error()}
	}
	return &Error{Reason: runnerFailed, Message: err.Error(), Retryable: true}
}

// maxOutput leaves room for the rest of the line.
const maxOutput = MaxLine - 4<<10

func encodeOutput(output any) (json.RawMessage, error) {
	if output == nil {
		return nil, nil
	}
	text, err := json.Marshal(output)
	if err != nil {
		return nil, &workload.Failure{Reason: runnerFailed, Message: fmt.Sprintf("the output cannot be written as JSON: %v", err)}
	}
	if len(text) > maxOutput {
		return nil, &workload.Failure{Reason: runnerFailed,
			Message: fmt.Sprintf("the output has %d bytes; at most %d are allowed: write large results to files", len(text), maxOutput)}
	}
	return text, nil
}

// maxMessage bounds an error's text: it goes into the job's result.
const maxMessage = 16 << 10

func encodeDone(d *Done) ([]byte, error) {
	if d.Error != nil && len(d.Error.Message) > maxMessage {
		d.Error.Message = d.Error.Message[:maxMessage] + " … (cut)"
	}
	return json.Marshal(Event{Done: d})
}

func (s *server) sendProgress(key string, p turno.Progress) {
	line, err := json.Marshal(Event{Progress: &Progress{Key: key, Progress: p}})
	if err != nil {
		s.options.Log.Warn("a progress was dropped", "job", key, "err", err) // NaN among its values
		return
	}
	s.out.put(line)
}

// logFile is a job's log. It is opened at the first write, because most no-op
// jobs never write and a file costs more than the rest of such a run.
type logFile struct {
	path string // empty: what is written is dropped

	mu   sync.Mutex
	file *os.File // guarded by mu
}

func (l *logFile) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path == "" {
		return len(text), nil
	}
	if l.file == nil {
		file, err := l.open()
		if errors.Is(err, os.ErrNotExist) && os.MkdirAll(filepath.Dir(l.path), 0o700) == nil {
			file, err = l.open() // a light job has no folder until it needs one
		}
		if err != nil {
			return 0, fmt.Errorf("open the job's log: %w", err)
		}
		l.file = file
	}
	return l.file.Write(text)
}

func (l *logFile) open() (*os.File, error) {
	return os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}

// silent tells whether nothing was written.
func (l *logFile) silent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file == nil
}

// close drops what is written after it.
func (l *logFile) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.path = ""
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
