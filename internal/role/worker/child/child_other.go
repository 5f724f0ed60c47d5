//go:build !linux

package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

type roots struct{}

// Stuck tells nothing here.
func (p *Process) Stuck() <-chan string { return nil }

// Probe tells how a tree is ended here, and that there are no limits.
func Probe() Capability { return Capability{Rung: rung} }

// Main serves no hidden command here: there is no shim.
func Main([]string) (code int, ok bool) { return 0, false }

// Process is an attempt that this agent has started, or what is left of one.
type Process struct {
	over chan struct{}
	cmd  *exec.Cmd // nil: attached, so over
	tree tree

	mu      sync.Mutex // guards what follows, until over is closed
	exit    Exit
	killing *time.Timer
}

// Start starts an attempt as a child of this process. Here it cannot be
// promised that
//   - the attempt outlives the agent: there is no shim, Lease means nothing,
//     and Attach knows only an attempt that had ended; one that runs on after
//     its agent was killed is not ended;
//   - the whole tree ends: on Unix the process group is killed, and a process
//     that left it escapes; on Windows all are of one job object;
//   - any of Limits but LogBytes, NoNewPrivileges or Credential is kept: the
//     latter is refused.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	if spec.Terminal != nil || spec.Stdin {
		return nil, &SetupFailed{Message: "a terminal or an input (-t, -i) needs a worker on Linux", Code: 126}
	}
	if spec.Credential != nil {
		return nil, errors.New("start attempt: another user's credential is not supported on this system")
	}
	if _, err := os.Stat(filepath.Join(spec.Dir, ExitFile)); err == nil {
		return nil, ErrUsed
	}
	if err := os.MkdirAll(spec.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make attempt's directory: %w", err)
	}
	log := &capped{path: filepath.Join(spec.Dir, LogFile), keep: spec.Limits.LogBytes}
	cmd := command(spec.Command, spec.Env, spec.WorkDir)
	cmd.Stdout, cmd.Stderr = log, log
	p, err := begin(cmd)
	if err != nil {
		return nil, err
	}
	if spec.TimeLimit > 0 {
		p.mu.Lock()
		p.killing = time.AfterFunc(spec.TimeLimit, func() {
			p.mu.Lock()
			p.exit.TimedOut = true
			p.mu.Unlock()
			p.stop(spec.Grace)
		})
		p.mu.Unlock()
	}
	go p.reap(spec.Dir, log)
	return p, nil
}

// pipeBound is how long a pipe is read that a process left behind holds.
const pipeBound = 200 * time.Millisecond

func command(args, env []string, dir string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = env, dir, pipeBound
	if cmd.Env == nil {
		cmd.Env = []string{}
	}
	ownGroup(cmd)
	return cmd
}

// begin starts a command as a tree of its own.
func begin(cmd *exec.Cmd) (*Process, error) {
	t, err := newTree()
	if err != nil {
		return nil, setupFailed(err)
	}
	p := &Process{cmd: cmd, tree: t, over: make(chan struct{}), exit: Exit{StartedAt: time.Now()}}
	if err := cmd.Start(); err != nil {
		t.close()
		return nil, setupFailed(err)
	}
	if err := t.adopt(cmd.Process); err != nil {
		_, _ = cmd.Process.Kill(), cmd.Wait()
		t.close()
		return nil, setupFailed(err)
	}
	return p, nil
}

func setupFailed(err error) error {
	code := 126
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		code = 127
	}
	return &SetupFailed{Message: "cannot start: " + err.Error(), Code: code}
}

func (p *Process) reap(dir string, log *capped) {
	_ = p.cmd.Wait() // its state tells all
	p.tree.kill(p.cmd.Process)
	p.tree.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killing != nil {
		p.killing.Stop()
	}
	state := p.cmd.ProcessState
	p.exit.EndedAt = time.Now()
	p.exit.Code, p.exit.Signal = exitCode(state)
	p.exit.UserTime, p.exit.SystemTime = state.UserTime(), state.SystemTime()
	p.exit.LogBytes, p.exit.LogDropped = log.close()
	if dir != "" {
		if data, err := json.Marshal(p.exit); err == nil {
			_ = os.WriteFile(filepath.Join(dir, ExitFile), data, 0o600)
		}
	}
	close(p.over)
}

// Attach finds the exit of an attempt; one without is Lost.
func Attach(dir string) (*Process, error) {
	p := &Process{over: make(chan struct{}), exit: Exit{Lost: true, Code: 137, EndedAt: time.Now()}}
	if data, err := os.ReadFile(filepath.Join(dir, ExitFile)); err == nil {
		var e Exit
		if json.Unmarshal(data, &e) == nil {
			p.exit = e
		}
	}
	close(p.over)
	return p, nil
}

// PID is the main process's id, for display; 0 if it is not known.
func (p *Process) PID() int {
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Wait returns how the attempt ended.
func (p *Process) Wait(ctx context.Context) (Exit, error) {
	select {
	case <-p.over:
		return p.exit, nil
	case <-ctx.Done():
		return Exit{}, context.Cause(ctx)
	}
}

// Done is closed when Wait will return at once.
func (p *Process) Done() <-chan struct{} { return p.over }

// Stop asks the process group to end and kills it after grace.
func (p *Process) Stop(grace time.Duration) error {
	select {
	case <-p.over:
		return nil
	default:
	}
	p.mu.Lock()
	p.exit.Stopped = true
	p.mu.Unlock()
	p.stop(grace)
	return nil
}

func (p *Process) stop(grace time.Duration) {
	if grace <= 0 || terminate(p.cmd.Process) != nil { // who cannot be asked is not waited for
		p.tree.kill(p.cmd.Process)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killing != nil {
		p.killing.Stop()
	}
	p.killing = time.AfterFunc(grace, func() { p.tree.kill(p.cmd.Process) })
}

// Signal sends a signal to the main process.
func (p *Process) Signal(signal syscall.Signal) error {
	select {
	case <-p.over:
		return nil
	default:
		return p.cmd.Process.Signal(signal)
	}
}

// SetLease does nothing here.
func (p *Process) SetLease(time.Duration) error { return nil }

// capped is a log file, made with its first byte.
type capped struct {
	path          string
	keep          int64
	file          *os.File
	kept, dropped int64
}

func (c *capped) Write(data []byte) (int, error) {
	room := int64(len(data))
	if c.keep > 0 {
		room = min(room, max(0, c.keep-c.kept))
	}
	if c.file == nil {
		c.file, _ = os.OpenFile(c.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	}
	n := 0
	if c.file != nil {
		n, _ = c.file.Write(data[:room])
	}
	c.kept += int64(n)
	c.dropped += int64(len(data) - n)
	return len(data), nil
}

func (c *capped) close() (kept, dropped int64) {
	if c.file != nil {
		_ = c.file.Close()
	}
	return c.kept, c.dropped
}

// Spawner starts attempts as Start does.
type Spawner struct{}

// OpenSpawner has nothing to start here.
func OpenSpawner(context.Context, SpawnerSpec) (*Spawner, error) { return &Spawner{}, nil }

// Start is the function Start.
func (*Spawner) Start(ctx context.Context, spec Spec) (*Process, error) { return Start(ctx, spec) }

// Close does nothing.
func (*Spawner) Close() error { return nil }

// Runner is a runner's process. When the agent is killed, the end of its
// input has to make it end: nothing else does here.
type Runner struct {
	*Process
	Stdin  io.WriteCloser
	Stdout io.ReadCloser
}

// StartRunner starts a runner; errors are those of Start.
func StartRunner(_ context.Context, spec RunnerSpec) (*Runner, error) {
	s := Spec{ID: "runner", Command: spec.Command, Env: spec.Env, WorkDir: spec.WorkDir}
	if err := s.validate(); err != nil {
		return nil, err
	}
	cmd := command(spec.Command, spec.Env, spec.WorkDir)
	cmd.Stderr = spec.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start runner: %w", err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start runner: %w", err)
	}
	defer write.Close()
	cmd.Stdout = write
	p, err := begin(cmd)
	if err != nil {
		return nil, errors.Join(err, read.Close())
	}
	go p.reap("", &capped{})
	return &Runner{Process: p, Stdin: in, Stdout: read}, nil
}

// Kill kills the runner at once.
func (r *Runner) Kill() error { return r.Stop(0) }

// Prune finds nothing: there are no keepers here.
func (*Spawner) Prune(context.Context) error { return nil }

// Forget has nothing to forget: the exits are with the attempts.
func Forget(...*Process) error { return nil }
