package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"turno"
	"turno/internal/role/worker/child"
)

// Bounds of a command that its spec does not set: far above what programs use,
// low enough that a neighbour survives a runaway.
const (
	maxLogBytes  = 100 << 20
	maxProcesses = 4096
)

// commands runs attempts as processes under shims.
type commands struct {
	role    *Role
	data    string
	binary  string
	group   sync.WaitGroup
	ctx     context.Context //nolint:containedctx // of the worker's whole life, for what is swept later
	keeper  *child.Spawner
	slow    bool // limits are dear on this machine
	folders attemptFolders

	attaching sync.WaitGroup // to what an earlier agent left

	mu       sync.Mutex // guards what follows
	kept     map[turno.AttemptKey]*child.Process
	overfull map[turno.AttemptKey]string // ended for what they have on the disk, and why
}

func newCommands(ctx context.Context, r *Role) (*commands, error) {
	binary := r.o.Binary
	if binary == "" {
		var err error
		if binary, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("find this program for the shims: %w", err)
		}
	}
	keeper, err := child.OpenSpawner(ctx, child.SpawnerSpec{Dir: filepath.Join(r.o.Data, attemptsDir), Binary: binary})
	if err != nil {
		return nil, fmt.Errorf("start the keeper of commands: %w", err)
	}
	return &commands{role: r, data: r.o.Data, binary: binary, ctx: ctx, keeper: keeper, slow: child.Probe().LimitsV1,
		folders: attemptFolders{others: r.accounts.others()}, kept: map[turno.AttemptKey]*child.Process{}, overfull: map[turno.AttemptKey]string{}}, nil
}

// close lets the commands go: they have their lease from now on.
func (c *commands) close() {
	c.group.Wait()
	if err := c.keeper.Close(); err != nil {
		c.role.log.Warn("did not let the keeper of commands go", "err", err)
	}
}

// launch starts a process. One with a device of its own gets a shim of its
// own, so that it shares its fate with nobody; the others share a keeper,
// which is five times as quick.
func (c *commands) launch(ctx context.Context, a *attempt, spec child.Spec) (*child.Process, error) {
	if len(a.task.GPUs) > 0 || spec.Terminal != nil || spec.Stdin {
		return child.Start(ctx, spec)
	}
	return c.keeper.Start(ctx, spec)
}

// command is one attempt's process, or the wish to end it before it is there.
type command struct {
	mu      sync.Mutex
	process *child.Process
	stopped bool
	grace   time.Duration
	lease   time.Duration // that came before the process was there; 0: none
}

func (c *command) stop(grace time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped, c.grace = true, grace
	if c.process != nil {
		_ = c.process.Stop(grace) // Wait tells what came of it
	}
}

// set takes the process, and ends it if that was asked for meanwhile.
func (c *command) set(p *child.Process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.process = p
	if c.lease > 0 {
		_ = p.SetLease(c.lease)
	}
	if c.stopped {
		_ = p.Stop(c.grace)
	}
}

// setLease tells the shim how long it may go on without an agent.
func (c *command) setLease(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process == nil {
		c.lease = d
		return nil
	}
	return c.process.SetLease(d)
}

// start runs a command beside the loop.
func (c *commands) start(ctx context.Context, a *attempt) {
	cmd := &command{}
	a.command = cmd
	a.stop = func(grace time.Duration, _ turno.Reason) { cmd.stop(grace) }
	c.group.Go(func() {
		end, err := c.run(ctx, a, cmd)
		if err != nil {
			if ctx.Err() != nil {
				return // the agent ends, the command goes on
			}
			end.result = setupFailure(err)
		}
		c.role.inbox.put(end)
	})
}

func setupFailure(err error) *turno.Result {
	if errors.Is(err, child.ErrTrouble) || short(err) {
		return &turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost, Message: err.Error()}
	}
	r := &turno.Result{State: turno.Failed, Reason: turno.ReasonSetupFailed, Message: err.Error(), ExitCode: 126}
	if setup := (*child.SetupFailed)(nil); errors.As(err, &setup) {
		r.Message, r.ExitCode = setup.Message, setup.Code
	}
	return r
}

// short tells whether the machine, not the job, has come to an end: of its disk,
// its memory, its descriptors or its processes.
func short(err error) bool {
	for _, end := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EIO, syscall.EROFS, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE, syscall.EAGAIN} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// tellAfter is how long a command runs until it is told that it has started,
// and its output is followed: the end of a shorter one tells that as well.
const tellAfter = 5 * time.Millisecond

func (c *commands) run(ctx context.Context, a *attempt, cmd *command) (event, error) {
	end, began := event{key: a.key}, time.Now()
	spec, err := c.spec(a)
	if err != nil {
		return end, err
	}
	p, err := c.launch(ctx, a, spec)
	if err != nil {
		return end, err
	}
	end.started = time.Now()
	a.begun = end.started.Sub(began)
	cmd.set(p)
	c.keep(a.key, p)
	c.role.sessions.admit(a, p)
	tell := time.NewTimer(tellAfter)
	defer tell.Stop()
	select {
	case <-p.Done():
	case <-ctx.Done():
	case <-tell.C:
		c.role.inbox.put(event{key: a.key, started: end.started})
		c.role.shipper.follow(a.key, a.dir)
		c.group.Go(func() { c.heed(ctx, a.key, p) })
	}
	end.result, err = wait(ctx, p, a.dir)
	c.weighed(a.key, end.result)
	return end, err
}

// attach takes up a command of an earlier agent.
func (c *commands) attach(ctx context.Context, a *attempt) {
	cmd := &command{}
	a.command = cmd
	a.stop = func(grace time.Duration, _ turno.Reason) { cmd.stop(grace) }
	c.attaching.Add(1)
	c.keep(a.key, nil) // from now on: others may end, and be forgotten, before this one is found
	c.group.Go(func() {
		p, err := child.Attach(a.dir)
		c.keep(a.key, p)
		if err == nil {
			a.owner, _ = c.role.owner(a.task) // for who enters it
			c.role.sessions.admit(a, p)
		}
		c.attaching.Done()
		var result *turno.Result
		if err == nil {
			cmd.set(p)
			c.role.shipper.follow(a.key, a.dir)
			c.group.Go(func() { c.heed(ctx, a.key, p) })
			result, err = wait(ctx, p, a.dir)
			c.weighed(a.key, result)
		}
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			result = &turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost,
				Message: "nothing was left of it after its worker was restarted: " + err.Error()}
		}
		c.role.inbox.put(event{key: a.key, result: result})
	})
}

// heed tells if an attempt cannot be killed.
func (c *commands) heed(ctx context.Context, k turno.AttemptKey, p *child.Process) {
	select {
	case why := <-p.Stuck():
		c.role.inbox.put(event{key: k, stuck: why})
	case <-p.Done():
	case <-ctx.Done():
	}
}

func wait(ctx context.Context, p *child.Process, dir string) (*turno.Result, error) {
	exit, err := p.Wait(ctx)
	if err != nil {
		return nil, err
	}
	result := resultOf(&exit)
	addError(result, dir)
	return result, nil
}

// resultOf puts an exit into the queue's words.
func resultOf(e *child.Exit) *turno.Result {
	r := &turno.Result{
		State: turno.Failed, Retryable: true, ExitCode: e.Code, Signal: e.Signal, MaxMemory: e.MaxRSSBytes,
		UserTime: turno.Duration(e.UserTime), SysTime: turno.Duration(e.SystemTime),
	}
	switch {
	case e.Setup != "" && !e.Lost:
		r.Reason, r.Message, r.Retryable = turno.ReasonSetupFailed, e.Setup, false
	case e.Lost || e.LeaseExpired:
		r.State, r.Reason = turno.Lost, turno.ReasonWorkerLost
		r.Message = "the process that watched over it was killed"
		if e.Setup != "" {
			r.Message = e.Setup
		}
		if e.LeaseExpired {
			r.Message = "its worker was gone for longer than the lease"
		}
	case e.TimedOut:
		r.Reason, r.Message = turno.ReasonTimeout, "it ran for longer than its time limit"
	case e.Stopped:
		r.State, r.Reason, r.Message = turno.Cancelled, turno.ReasonCancelled, "stopped"
	case e.OOMKilled && e.Code != 0:
		r.Reason, r.Message = turno.ReasonHostOOM, "it used more memory than its limit"
	case e.Signal != "":
		r.Reason, r.Message = turno.ReasonSignal, "ended by signal "+e.Signal
	case e.Code != 0:
		r.Reason, r.Message = turno.ReasonExitCode, fmt.Sprintf("exit code %d", e.Code)
	default:
		r.State, r.Reason, r.Retryable = turno.Succeeded, turno.ReasonCompleted, false
	}
	if e.ProcessesRefused > 0 && r.State == turno.Failed {
		r.Message += fmt.Sprintf(" (it had as many processes as a job may have, and was refused %d more)", e.ProcessesRefused)
	}
	if e.LogDropped > 0 {
		r.Message += fmt.Sprintf(" (%d bytes of output over the limit were dropped)", e.LogDropped)
	}
	return r
}

// execParams are those of the type exec.
type execParams struct {
	Command []string `json:"command"`
	Script  string   `json:"script"`
	Args    []string `json:"args"`
}

// spec makes the process of a task.
func (c *commands) spec(a *attempt) (child.Spec, error) {
	var params execParams
	if err := json.Unmarshal(a.task.Spec.Params, &params); err != nil {
		return child.Spec{}, fmt.Errorf("read the command: %w", err)
	}
	if err := c.furnish(a); err != nil {
		return child.Spec{}, err
	}
	command := params.Command
	if params.Script != "" {
		path := filepath.Join(a.dir, "script")
		if err := a.owner.script(path, params.Script); err != nil {
			return child.Spec{}, fmt.Errorf("write the job's script: %w", err)
		}
		command = append([]string{path}, params.Args...)
	}
	dir, note := c.dir(a)
	spec := a.task.Spec
	s := child.Spec{
		ID: a.key.String(), Dir: a.dir, Command: command, Env: c.role.environment(a, dir), WorkDir: dir,
		Limits:          c.limits(a.task),
		NoNewPrivileges: true, Lease: a.lease, Binary: c.binary,
		TimeLimit: time.Duration(spec.TimeLimit), Grace: time.Duration(spec.Grace), Note: note,
	}
	if a.owner != nil {
		s.Credential = &a.owner.credential
	}
	if i := spec.Interactive; i != nil {
		s.Stdin = i.Stdin && !i.TTY
		if i.TTY {
			s.Terminal = &child.Terminal{Rows: i.Rows, Cols: i.Cols}
		}
	}
	return s, nil
}

// furnish gives an attempt its owner and its folders.
func (c *commands) furnish(a *attempt) (err error) {
	if a.owner, err = c.role.owner(a.task); err != nil {
		return err
	}
	if err := c.folders.make(a.dir, a.owner); err != nil {
		return err
	}
	_, err = c.role.ckpts.make(a.task, a.owner)
	return err
}

// dir is where a command begins. A folder that its user may not enter is left
// for its own one, and the command's output begins with why.
func (c *commands) dir(a *attempt) (dir, note string) {
	own := filepath.Join(a.dir, "work")
	dir = a.task.Spec.Dir
	if dir == "" {
		return own, ""
	}
	if o := a.owner; o != nil && !child.CanEnter(o.credential, dir) {
		return own, fmt.Sprintf("turno: %s may not enter %s, so this starts in a folder of its own (turno run --workdir takes a folder along; see turno doctor, isolation)\n", o, dir)
	}
	return dir, ""
}

// limits of a command. Where they are cgroup v1's, joining them costs a job ten
// times its start: there only commands that ask for memory or a GPU, which are
// seldom short, get any.
func (c *commands) limits(t *turno.Task) child.Limits {
	l := child.Limits{LogBytes: c.role.o.LogBytes}
	if !c.slow || t.Spec.Memory > 0 || len(t.GPUs) > 0 {
		l.MemoryBytes, l.Processes, l.CPUMillis = t.Spec.Memory, maxProcesses, int(t.Spec.CPUs)
	}
	return l
}

// keep remembers a process until its attempt is forgotten: its keeper holds
// its exit as long. nil is one that is looked for, or was not found.
func (c *commands) keep(k turno.AttemptKey, p *child.Process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept[k] = p
}

// forget removes what attempts left on the disk, but for files that they put
// into their output folders.
func (c *commands) forget(keys []turno.AttemptKey) {
	var processes []*child.Process
	c.mu.Lock()
	for _, k := range keys {
		if p := c.kept[k]; p != nil {
			processes = append(processes, p)
		}
		delete(c.kept, k)
	}
	c.mu.Unlock()
	c.group.Go(func() {
		_ = child.Forget(processes...) // a keeper that is gone has forgotten by itself
		for _, k := range keys {
			c.role.sessions.forget(k)
			c.clean(c.role.dirOf(k))
		}
		c.prune()
	})
}

// prune removes what earlier keepers have left, while there is no attempt here
// whose exit could be with one of them.
func (c *commands) prune() {
	if c.busy() {
		return
	}
	if err := c.keeper.Prune(c.ctx); err != nil {
		c.role.log.Warn("cannot remove what earlier keepers left", "err", err)
	}
}

func (c *commands) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.kept) > 0
}

func (c *commands) clean(dir string) {
	if err := c.folders.clean(dir); err != nil {
		c.role.log.Warn("cannot remove what a job left", "path", dir, "err", err)
	}
}

// keepOutputs is how long outputs stay on a worker's disk.
const keepOutputs = 7 * 24 * time.Hour

// sweep ends and removes attempts on the disk that the journal does not know,
// and outputs that are old.
func (c *commands) sweep(live map[turno.AttemptKey]*attempt, saved savedJournal) {
	known := map[string]bool{}
	for _, k := range saved.kept {
		known[k.AttemptKey.String()] = true
	}
	for k := range live {
		known[k.String()] = true
	}
	if err := c.role.ckpts.sweep(live); err != nil {
		c.role.log.Warn("cannot remove old checkpoints", "err", err)
	}
	root := filepath.Join(c.data, attemptsDir)
	entries, err := os.ReadDir(root)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if known[e.Name()] || err != nil || strings.Trim(e.Name(), "0123456789.") != "" {
			continue // wanted, or a keeper's own
		}
		dir := filepath.Join(root, e.Name())
		c.attaching.Add(1)
		c.group.Go(func() { c.endStray(dir, time.Since(info.ModTime()) > keepOutputs) })
	}
	c.group.Go(func() {
		c.attaching.Wait()
		c.prune()
	})
}

func (c *commands) endStray(dir string, old bool) {
	p, err := child.Attach(dir)
	c.attaching.Done()
	if err == nil {
		_ = p.Stop(0)
		if _, err := p.Wait(c.ctx); err != nil {
			return
		}
	}
	if old {
		_ = os.RemoveAll(filepath.Join(dir, "out"))
	}
	c.clean(dir)
	c.prune()
}
