package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"turno"
	"turno/internal/role/worker/child"
	"turno/internal/runner"
)

// ClassCompute is the class of runner for real computing.
const ClassCompute = string(runner.Compute)

// keepIdle bounds the warm children of one group that wait for work.
const keepIdle = 4

// pool is the warm runner children, in groups of one class and device. Its
// methods may be called from any goroutine.
type pool struct {
	role  *Role
	ctx   context.Context //nolint:containedctx // of the pool's life: children are started late
	end   context.CancelFunc
	begun sync.WaitGroup

	state poolState
}

type poolState struct {
	mu     sync.Mutex
	groups map[groupKey]*group
	closed bool
	// learning holds the engines that are being started to hear their hello.
	learning map[string]bool
}

type groupKey struct {
	class string // of turno's own, or the name of an Engine
	gpu   string // UUIDs of the devices, joined; empty: the CPU
}

// group is the children that are interchangeable.
type group struct {
	key      groupKey
	children []*warm
	queue    []*run
	starting int
}

// warm is one runner child.
type warm struct {
	group   *group
	process *child.Runner
	conn    *runner.Conn
	words   *lastWords
	room    int // runs that it can take now
	runs    map[string]*run
	late    []lateEnd // told once the child is gone
	retired bool      // gets no further run
	ending  *time.Timer
	served  int
	memory  int64 // after its first run
}

// run is one attempt in a child, or in line for one.
type run struct {
	a      *attempt
	since  time.Time // in line
	child  *warm
	why    turno.Reason // it is being ended, for this
	limit  *time.Timer  // its time limit
	kill   *time.Timer  // the end of its grace
	guard  *time.Timer  // the next look at its log
	fault  string       // what it was killed for
	beside string       // what a run beside it was killed for, and its child with it
}

func newPool(ctx context.Context, r *Role) *pool {
	ctx, end := context.WithCancel(ctx)
	return &pool{role: r, ctx: ctx, end: end, state: poolState{groups: map[groupKey]*group{}, learning: map[string]bool{}}}
}

// on tells whether a child is, or will be, on one of these devices.
func (p *pool) on(uuids []string) bool {
	p.state.mu.Lock()
	defer p.state.mu.Unlock()
	for key, g := range p.state.groups {
		if len(g.children)+g.starting > 0 && slices.ContainsFunc(uuids, func(u string) bool { return strings.Contains(key.gpu, u) }) {
			return true
		}
	}
	return false
}

// close ends all children and waits for them.
func (p *pool) close() {
	p.end() // who still waits for a hello
	p.state.mu.Lock()
	p.state.closed = true
	for _, g := range p.state.groups {
		for _, c := range g.children {
			c.conn.Close()
			_ = c.process.Kill() // it may have ended by itself
		}
	}
	p.state.mu.Unlock()
	p.begun.Wait()
}

// start gives an attempt to a child with room, or has one started.
func (p *pool) start(_ context.Context, a *attempt, class string) {
	r := &run{a: a, since: time.Now()}
	a.stop = func(grace time.Duration, why turno.Reason) { p.stop(r, grace, why) }
	g := p.group(groupKey{class, strings.Join(a.task.GPUs, ",")})
	p.state.mu.Lock()
	defer p.state.mu.Unlock()
	g.queue = append(g.queue, r)
	p.serve(g)
}

func (p *pool) group(key groupKey) *group {
	p.state.mu.Lock()
	defer p.state.mu.Unlock()
	g := p.state.groups[key]
	if g == nil {
		g = &group{key: key}
		p.state.groups[key] = g
	}
	return g
}

// serve gives runs in line to children with room, and has as many children
// started as are needed. Under mu.
func (p *pool) serve(g *group) {
	for _, c := range g.children {
		for c.room > 0 && !c.retired && len(g.queue) > 0 && c.conn.Spent() == nil {
			r := g.queue[0]
			g.queue = g.queue[1:]
			p.give(c, r)
		}
	}
	if g.key.class == string(runner.Light) && g.starting+len(g.children) > 0 {
		return // one takes as many as there are
	}
	for g.starting < len(g.queue) && !p.state.closed {
		g.starting++
		p.begun.Go(func() { p.begin(g) })
	}
}

// give hands a run to a child. Under mu.
func (p *pool) give(c *warm, r *run) {
	t := r.a.task
	request := runner.Run{
		Key: r.a.key.String(), Type: t.Spec.Type, Params: t.Spec.Params, Env: t.Spec.Env, Device: t.Device,
		GPU: strings.Join(t.GPUs, ","), Threads: t.Spec.CPUs.Whole(), Log: filepath.Join(r.a.dir, child.LogFile),
	}
	light := c.group.key.class == string(runner.Light)
	var err error
	if light {
		err = r.a.letWrite(p.role)
	} else {
		request.Dir = filepath.Join(r.a.dir, "out")
		if err = r.a.furnish(p.role); err == nil {
			request.CkptDir, err = p.role.ckpts.make(t, r.a.owner)
		}
	}
	if err != nil {
		p.role.inbox.put(event{key: r.a.key, result: setupFailure(fmt.Errorf("make the job's folder: %w", err))})
		return
	}
	if !light {
		p.role.shipper.follow(r.a.key, r.a.dir)
	}
	if withFiles(t.Spec) {
		request.Inputs = filepath.Join(r.a.dir, "work")
	}
	if p.role.engine(c.group.key.class) != nil { // turno's own code makes no spans
		request.Env = p.role.runnerEnv(r.a)
	}
	c.runs[request.Key], r.child = r, c
	c.room--
	if err := c.conn.Run(request); err != nil {
		delete(c.runs, request.Key)
		p.role.inbox.put(event{key: r.a.key, result: runnerFailure(err.Error())})
		return
	}
	if limit := time.Duration(t.Spec.TimeLimit); limit > 0 {
		r.limit = time.AfterFunc(limit, func() { p.stop(r, time.Duration(t.Spec.Grace), turno.ReasonTimeout) })
	}
	if p.role.engine(c.group.key.class) != nil {
		p.guard(r)
	}
	if waited := time.Since(r.since); waited >= worthTelling {
		r.a.begun = waited
	}
	p.role.inbox.put(event{key: r.a.key})
}

// worthTelling is what a child took to start: one that is warm takes a run in
// microseconds, and nothing is to be said of them.
const worthTelling = time.Millisecond

// furnish makes the folder that a runner gets for an attempt. It is the
// runner's, who writes the log in it.
func (a *attempt) furnish(r *Role) (err error) {
	if a.owner, err = r.owner(a.task); err != nil {
		return err
	}
	out := filepath.Join(a.dir, outDir)
	if err := os.MkdirAll(out, 0o700); err != nil {
		return err
	}
	return errors.Join(a.owner.own(out), a.owner.own(a.dir))
}

// letWrite makes the folder of a light run's log, where the runner is another user
// than the worker and could not make it when it first writes. A run without
// parameters, such as a no-op that measures the queue, has nothing to say.
func (a *attempt) letWrite(r *Role) error {
	o, err := r.owner(a.task)
	if err != nil || o == nil || len(a.task.Spec.Params) <= len("{}") {
		return err
	}
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return err
	}
	a.folder = true
	return o.own(a.dir)
}

func runnerFailure(message string) *turno.Result {
	return &turno.Result{State: turno.Failed, Reason: turno.ReasonRunnerFailed, Message: message, Retryable: true}
}

// stop asks a run to end, and ends its child after the grace.
func (p *pool) stop(r *run, grace time.Duration, why turno.Reason) {
	p.state.mu.Lock()
	defer p.state.mu.Unlock()
	if r.why == "" {
		r.why = why
	}
	if r.child == nil {
		p.unqueue(r)
		return
	}
	if r.child.runs[r.a.key.String()] != r {
		return // has ended
	}
	if err := r.child.conn.Cancel(r.a.key.String()); err != nil {
		p.role.log.Warn("did not reach a runner", "attempt", r.a.key.String(), "err", err)
	}
	if r.kill != nil {
		r.kill.Stop()
	}
	r.kill = time.AfterFunc(grace, func() {
		p.kill(r, fmt.Sprintf("it did not end within %s of being asked to, so its runner was killed", grace))
	})
}

// unqueue ends a run that has no child yet. Under mu.
func (p *pool) unqueue(r *run) {
	for _, g := range p.state.groups {
		for i, x := range g.queue {
			if x == r {
				g.queue = append(g.queue[:i:i], g.queue[i+1:]...)
				p.role.inbox.put(event{key: r.a.key, result: stopped(r.why, "ended before it began")})
				return
			}
		}
	}
}

// stopped is the result of a run that was ended on purpose.
func stopped(why turno.Reason, message string) *turno.Result {
	switch why {
	case turno.ReasonTimeout:
		return &turno.Result{State: turno.Failed, Reason: why, Message: "it ran for longer than its time limit", Retryable: true}
	case turno.ReasonWorkerLost:
		return &turno.Result{State: turno.Lost, Reason: why, Message: "its worker was shut down"}
	}
	return &turno.Result{State: turno.Cancelled, Reason: turno.ReasonCancelled, Message: message}
}

// begin starts one child for a group.
func (p *pool) begin(g *group) {
	c, err := p.spawn(g, g.key.gpu)
	p.state.mu.Lock()
	g.starting--
	if err != nil {
		p.failQueue(g, err)
		p.state.mu.Unlock()
		return
	}
	if p.state.closed {
		_ = c.process.Kill()
	}
	g.children = append(g.children, c)
	p.serve(g)
	p.state.mu.Unlock()
	<-c.conn.Done()
	p.bury(c)
}

// failQueue fails one run for a child that could not be started, or all when
// the pool is closed.
func (p *pool) failQueue(g *group, err error) {
	if p.ctx.Err() == nil {
		p.role.log.Error("cannot start a runner", "class", g.key.class, "err", err)
	}
	if e := p.role.engine(g.key.class); e != nil && !p.state.closed {
		p.role.inbox.put(event{engine: &engineNews{name: e.Name, err: err}})
		p.begun.Go(func() { p.learn(e, engineRetry) })
	}
	for len(g.queue) > 0 {
		r := g.queue[0]
		g.queue = g.queue[1:]
		p.role.inbox.put(event{key: r.a.key, result: p.notStarted(g, err)})
		if !p.state.closed && g.key.class != string(runner.Light) {
			return
		}
	}
}

func (p *pool) spawn(g *group, gpu string) (*warm, error) {
	words := &lastWords{log: p.role.log, class: g.key.class}
	spec, err := p.childSpec(g, gpu, words)
	if err != nil {
		return nil, err
	}
	process, err := child.StartRunner(p.ctx, spec)
	if err != nil {
		return nil, err
	}
	c := &warm{group: g, process: process, words: words, runs: map[string]*run{}}
	conn, err := runner.Dial(p.ctx, process.Stdout, process.Stdin, runner.DialOptions{
		HelloTimeout: p.role.o.HelloTimeout,
		OnEvents:     func(events []runner.Event) { p.heard(c, events) },
	})
	if err == nil && p.role.engine(g.key.class) != nil {
		hello := conn.Hello()
		if err = p.role.vet(&hello); err == nil {
			p.role.inbox.put(event{engine: &engineNews{name: g.key.class, hello: hello}})
		} else {
			conn.Close()
		}
	}
	if err != nil {
		err = errors.Join(err, process.Kill())
		exit, _ := process.Wait(context.WithoutCancel(p.ctx)) // it was killed
		return nil, c.explain(err, exit)
	}
	c.conn, c.room = conn, max(conn.Hello().Concurrent, 1)
	return c, nil
}

// childSpec is how a group's child is started. An engine's is started where
// the worker was, so that its command may name files as its user does.
func (p *pool) childSpec(g *group, gpu string, words *lastWords) (child.RunnerSpec, error) {
	binary := p.role.commands.binary
	o, err := p.role.accounts.ofRunner(g.key.class)
	if err != nil {
		return child.RunnerSpec{}, err
	}
	spec := child.RunnerSpec{
		Command: []string{binary, "runner", g.key.class}, WorkDir: p.role.o.Data, Dir: p.role.o.Data,
		NoNewPrivileges: true, Binary: binary, Stderr: words,
		Env: []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LANG=C.UTF-8",
			"CUDA_DEVICE_ORDER=PCI_BUS_ID", "CUDA_VISIBLE_DEVICES=" + gpu,
		},
	}
	for _, name := range []string{"LD_LIBRARY_PATH", "TURNO_CUDA_LIBS"} { // where NVIDIA's libraries are
		if v := os.Getenv(name); v != "" {
			spec.Env = append(spec.Env, name+"="+v)
		}
	}
	if e := p.role.engine(g.key.class); e != nil {
		spec.Command = e.Command
		spec.Env = append(spec.Env, "TURNO_RUNNER="+e.Name, "TURNO_RUNNER_MODE="+e.Mode, "TURNO_BINARY="+binary, "PYTHONUNBUFFERED=1")
		if p.role.o.Dir != "" {
			spec.WorkDir = p.role.o.Dir
		}
	}
	if o != nil {
		spec.Credential = &o.credential
		home := o.home
		if home == "" {
			home = os.TempDir()
		}
		spec.Env = append(spec.Env, "HOME="+home, "USER="+o.name, "LOGNAME="+o.name) // the last of a name counts
	}
	return spec, nil
}

// heard takes what a child says.
func (p *pool) heard(c *warm, said []runner.Event) {
	events := make([]event, 0, len(said))
	p.state.mu.Lock()
	together := len(c.runs) // that end at once if the child has
	for i := range said {
		switch e := &said[i]; {
		case e.Progress != nil:
			if r := c.runs[e.Progress.Key]; r != nil {
				progress := e.Progress.Progress
				progress.Stuck = "" // not for a runner to say
				events = append(events, event{key: r.a.key, progress: &progress})
			}
		case e.Done != nil:
			r := c.runs[e.Done.Key]
			if r == nil {
				continue
			}
			delete(c.runs, e.Done.Key)
			c.room++
			c.served++
			p.trim(r)
			result := r.result(e.Done)
			if together > 1 && result.Reason == turno.ReasonRunnerFailed && r.fault == "" && errors.Is(c.conn.Err(), io.EOF) {
				result = lostTogether(together)
			}
			if e.Done.Error != nil && e.Done.Error.Poisoned && len(c.runs) == 0 {
				c.late = append(c.late, lateEnd{r, result})
				continue
			}
			events = append(events, event{key: r.a.key, result: result, silent: e.Done.Silent})
		}
	}
	p.tidy(c)
	p.serve(c.group)
	p.state.mu.Unlock()
	p.role.inbox.put(events...)
}

// lostTogether is the end of each of several runs whose child has ended: which
// of them did it, if any, is not known. They run again, within the bound on
// losses.
func lostTogether(n int) *turno.Result {
	return &turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost,
		Message: fmt.Sprintf("its runner ended while %d jobs were in it", n)}
}

// result puts a run's end into the queue's words.
func (r *run) result(d *runner.Done) *turno.Result {
	for _, t := range []*time.Timer{r.limit, r.kill, r.guard} {
		if t != nil {
			t.Stop()
		}
	}
	switch {
	case r.why != "" && d.Error != nil:
		x := stopped(r.why, "stopped")
		if r.fault != "" {
			x.Message += "; " + r.fault
		}
		return x
	case r.fault != "":
		return runnerFailure(r.fault)
	case r.beside != "" && d.Error != nil:
		return &turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost, Message: "its runner was ended for a job beside it: " + r.beside}
	case d.Error == nil:
		return &turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted, Output: d.Output}
	}
	return &turno.Result{
		State: turno.Failed, Reason: d.Error.Reason, Message: d.Error.Message, ExitCode: d.Error.ExitCode,
		Retryable: d.Error.Retryable, Output: d.Output,
	}
}

// bury takes a child that has ended out of its group, and tells the ends that
// waited for it.
func (p *pool) bury(c *warm) {
	c.settle()
	if err := c.process.Kill(); err != nil {
		p.role.log.Warn("did not end a runner", "class", c.group.key.class, "err", err)
	}
	exit, _ := c.process.Wait(context.WithoutCancel(p.ctx))
	p.state.mu.Lock()
	if c.ending != nil {
		c.ending.Stop()
	}
	events := make([]event, len(c.late))
	for i, l := range c.late {
		events[i] = event{key: l.run.a.key, result: c.last(l, exit)}
	}
	g := c.group
	for i, x := range g.children {
		if x == c {
			g.children = append(g.children[:i:i], g.children[i+1:]...)
			break
		}
	}
	p.serve(g)
	p.state.mu.Unlock()
	p.role.inbox.put(events...)
}
