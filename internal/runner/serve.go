package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"turno/internal/gpu/cuda"
	"turno/internal/workload"
)

// Options of Serve.
type Options struct {
	Name       string
	Workloads  []workload.Workload // each with a Run
	Concurrent int                 // runs at once; 0 is 1
	CUDA       *cuda.Runtime       // for the workloads on GPUs; nil: none
	Log        *slog.Logger        // the runner's own, never a job's; nil: none
	// Drain is how long runs have to end after the input did or ctx was done;
	// 0 is DefaultDrain.
	Drain time.Duration
}

// DefaultDrain is longer than any of turno's workloads needs to see a cancel,
// and shorter than an agent waits before it kills.
const DefaultDrain = 5 * time.Second

// ErrUndrained is that runs did not end within Options.Drain. Their goroutines
// are still there: the process should exit.
var ErrUndrained = errors.New("runs did not end after their cancel")

// Serve is the runner's end: it says hello, runs what it is told, several at
// once if Options says so, and returns when in has ended, when ctx is done, or
// when the agent breaks the protocol. Then it cancels what runs, waits for it,
// and writes its ends.
//
//	in ─▶ reader ─▶ one goroutine per run ─▶ outbox ─▶ writer ─▶ out
//
// The error is nil after in has ended. If Serve returns before that, it closes
// in where that is an io.Closer and does not wait for the goroutine that may be
// within Read: closing does not interrupt a file in blocking mode, such as
// os.Stdin.
func Serve(ctx context.Context, in io.Reader, out io.Writer, o Options) error {
	s := newServer(o, out)
	written := make(chan error, 1)
	go func() { written <- s.out.run() }()
	if err := s.hello(); err != nil {
		s.out.close()
		<-written
		return err
	}
	runs, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error, 1) // the reader leaves its verdict even if nobody waits
	go func() { ended <- s.read(runs, in) }()

	var err error
	select {
	case err = <-ended:
	case err = <-written:
		written <- err // for the wait below
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if c, ok := in.(io.Closer); ok && err != nil {
		c.Close()
	}
	cancel(errInputEnded)
	drained := s.drain()
	s.out.close()
	if drained != nil {
		return errors.Join(err, drained)
	}
	return errors.Join(err, <-written)
}

// errInputEnded is the cause of every run's cancel when the agent is gone.
var errInputEnded = errors.New("the runner's agent has gone")

// errCancelled is the cause of a cancel that the agent asked for.
var errCancelled = errors.New("cancelled")

// server is Serve's state. Runs are added by the reader and removed by
// themselves.
type server struct {
	options   Options
	workloads map[string]workload.Workload
	out       *outbox
	running   sync.WaitGroup
	table
}

type table struct {
	mu     sync.Mutex
	closed bool // no run starts any more
	open   map[string]context.CancelCauseFunc
}

func newServer(o Options, out io.Writer) *server {
	o.Concurrent = max(1, o.Concurrent)
	if o.Drain == 0 {
		o.Drain = DefaultDrain
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{options: o, workloads: map[string]workload.Workload{}, out: newOutbox(out)}
	s.open = map[string]context.CancelCauseFunc{}
	for _, w := range o.Workloads {
		s.workloads[w.Name] = w
	}
	return s
}

func (s *server) hello() error {
	h := &Hello{Version: Version, Name: s.options.Name, Concurrent: s.options.Concurrent, Types: []HelloType{}}
	for _, w := range s.options.Workloads {
		if w.Run == nil {
			return fmt.Errorf("serve %s: it cannot run inside a runner", w.Name)
		}
		h.Types = append(h.Types, HelloType{Name: w.Name, Summary: w.Summary, Devices: w.Devices, Schema: w.Schema})
	}
	line, err := json.Marshal(Event{Hello: h})
	if err != nil {
		return fmt.Errorf("serve: encode hello: %w", err)
	}
	return s.out.put(line)
}

// read takes requests until in ends or holds what is not the protocol's.
func (s *server) read(ctx context.Context, in io.Reader) error {
	lines := newLines(in)
	for {
		line, err := lines.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		var r Request
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("request %.80q: %w", line, err)
		}
		switch {
		case r.Run != nil && r.Cancel == nil:
			err = s.start(ctx, r.Run)
		case r.Cancel != nil && r.Run == nil:
			s.cancel(r.Cancel.Key)
		default:
			err = fmt.Errorf("request %.80q: neither run nor cancel", line)
		}
		if err != nil {
			return err
		}
	}
}

// start begins a run, or answers why not. Its error is about the agent.
func (s *server) start(ctx context.Context, r *Run) error {
	if r.Key == "" {
		return errors.New("run without a key")
	}
	w, known := s.workloads[r.Type]
	if !known {
		return s.refuse(r.Key, fmt.Sprintf("this runner (%s) knows no workload called %q", s.options.Name, r.Type))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	switch err := s.enter(r.Key, cancel); {
	case errors.Is(err, errFull):
		cancel(nil)
		return s.refuse(r.Key, fmt.Sprintf("this runner (%s) already runs %d, as many as it takes", s.options.Name, s.options.Concurrent))
	case err != nil:
		cancel(nil)
		return err
	}
	go func() {
		defer s.running.Done()
		s.run(ctx, w, r)
	}()
	return nil
}

// errFull is a run more than hello has offered.
var errFull = errors.New("as many as it takes")

// enter makes room for a run, whose end running.Done must tell.
func (s *server) enter(key string, cancel context.CancelCauseFunc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return errInputEnded
	case s.open[key] != nil:
		return fmt.Errorf("run %s: it already runs here", key)
	case len(s.open) >= s.options.Concurrent:
		return errFull
	}
	s.open[key] = cancel
	s.running.Add(1)
	return nil
}

func (s *server) refuse(key, why string) error {
	line, err := encodeDone(&Done{Key: key, Error: &Error{Reason: runnerFailed, Message: why, Retryable: true}})
	if err != nil {
		return err
	}
	return s.out.put(line)
}

// cancel of a key that is not open is nothing: its done is on the way.
func (s *server) cancel(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.open[key]; cancel != nil {
		cancel(errCancelled)
	}
}

// finish frees a run's place before its done is written, so that the agent may
// fill it as soon as it reads that.
func (s *server) finish(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[key](nil)
	delete(s.open, key)
}

// drain waits for the runs, which are cancelled.
func (s *server) drain() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	idle := make(chan struct{})
	go func() { s.running.Wait(); close(idle) }()
	timer := time.NewTimer(s.options.Drain)
	defer timer.Stop()
	select {
	case <-idle:
		return nil
	case <-timer.C:
		return fmt.Errorf("%w: within %s", ErrUndrained, s.options.Drain)
	}
}
