package child

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Runner is a runner's process tree. It is killed when this process ends,
// however that comes about.
type Runner struct {
	Stdin  io.WriteCloser
	Stdout io.ReadCloser

	proc   *Process
	stderr chan struct{} // closed when all of it has been copied
}

// StartRunner starts a runner under a guard that ends it with this process.
// Errors are those of Start.
func StartRunner(ctx context.Context, spec RunnerSpec) (*Runner, error) {
	s := Spec{
		ID: "runner-" + rand.Text()[:8], Command: spec.Command, Env: spec.Env, WorkDir: spec.WorkDir,
		Limits: spec.Limits, Credential: spec.Credential, NoNewPrivileges: spec.NoNewPrivileges,
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	var pipes [6]*os.File // of in, out and err: reading, writing
	defer func() {
		for _, i := range []int{0, 3, 5} { // the child's ends
			_ = pipes[i].Close()
		}
	}()
	for i := 0; i < len(pipes); i += 2 {
		var err error
		if pipes[i], pipes[i+1], err = os.Pipe(); err != nil {
			closeAll(pipes[:])
			return nil, fmt.Errorf("start runner: %w", err)
		}
	}
	ours := []*os.File{pipes[1], pipes[2], pipes[4]}
	l, err := openKeeper(ctx, keeperSpec{
		mode: cmdGuard, dir: spec.Dir, binary: spec.Binary,
		stdio: []*os.File{pipes[0], pipes[3], pipes[5]},
	})
	if err != nil {
		closeAll(ours)
		return nil, fmt.Errorf("start guard: %w", err)
	}
	p, err := l.start(ctx, s, Probe().place(s.ID, s.Limits))
	if err != nil {
		closeAll(ours)
		return nil, err
	}
	r := &Runner{Stdin: pipes[1], Stdout: pipes[2], proc: p, stderr: make(chan struct{})}
	go r.copyStderr(pipes[4], spec.Stderr)
	return r, nil
}

func closeAll(files []*os.File) {
	for _, file := range files {
		_ = file.Close()
	}
}

func (r *Runner) copyStderr(from *os.File, to io.Writer) {
	defer close(r.stderr)
	defer from.Close()
	if to == nil {
		to = io.Discard
	}
	bound := make(chan struct{})
	go func() {
		select {
		case <-r.proc.over: // whoever holds the pipe now is none of the tree
			_ = from.SetReadDeadline(time.Now().Add(drainBound))
		case <-bound:
		}
	}()
	if _, err := io.Copy(to, from); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		_, _ = io.Copy(io.Discard, from) // the runner must not be held up
	}
	close(bound)
}

// PID is the runner's main process, for display.
func (r *Runner) PID() int { return r.proc.PID() }

// Kill kills the runner's whole tree at once; Wait tells when it is gone.
func (r *Runner) Kill() error { return r.proc.Stop(0) }

// Stop asks the tree to end, and kills what is left of it after grace.
func (r *Runner) Stop(grace time.Duration) error { return r.proc.Stop(grace) }

// Done is closed when the runner has ended with all its tree.
func (r *Runner) Done() <-chan struct{} { return r.proc.over }

// Wait returns how the runner ended, when its tree is gone and its stderr is
// copied. Stdin and Stdout stay open until they are closed.
func (r *Runner) Wait(ctx context.Context) (Exit, error) {
	e, err := r.proc.Wait(ctx)
	if err != nil {
		return e, err
	}
	select {
	case <-r.stderr:
		return e, nil
	case <-ctx.Done():
		return Exit{}, context.Cause(ctx)
	}
}
