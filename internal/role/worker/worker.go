// Package worker is the shell around core/hold: it holds what the scheduler
// wants held, with processes and runner children, and tells what became of it.
//
//	desired mailbox ─┐                        ┌──▶ journal, then start and stop
//	children ────────┼─▶ one loop ─▶ core/hold ──▶ report mailbox
//	timers ──────────┘                        └──▶ log shipper ─▶ log stream
//
// One goroutine owns the core and the journal. Commands run under a shim of
// their own (package child) and outlive the agent; warm workloads run in runner
// children, one a device, that end with it.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"turno"
	"turno/internal/broker"
	"turno/internal/core/hold"
	"turno/internal/failpoint"
	"turno/internal/files"
	"turno/internal/gpu"
	"turno/internal/runner"
	"turno/internal/wire"
)

// Options of a Role. Name, Broker, Data and Offers are required.
type Options struct {
	Name      string
	Broker    broker.Broker
	Data      string // folder of this worker's own
	GPUs      gpu.Inventory
	Offers    []Offer
	Engines   []Engine       // the user's own runners
	CPUs      turno.MilliCPU // 0: what the machine has
	Memory    int64          // 0: what the machine has
	Heartbeat time.Duration  // 0: DefaultHeartbeat
	// EndJobs ends all jobs when Run ends; otherwise commands go on and the
	// next start finds them again.
	EndJobs bool
	Version string
	// Files is where jobs' files come from and go to; nil: nowhere. Cache keeps
	// them here, if Files is elsewhere, CacheBytes at most.
	Files      files.Store
	Cache      Cache
	CacheBytes int64 // 0: DefaultCacheBytes
	// OutputBytes and OutputFiles bound what an attempt may leave; 0: defaults.
	OutputBytes int64
	OutputFiles int
	// StorePatience is how long an end waits for a store that fails or is full;
	// 0: DefaultStorePatience.
	StorePatience time.Duration
	// Binary serves the hidden commands for shims and runners; empty: this one.
	Binary string
	Log    *slog.Logger
	// Dir is where Engines' commands are started; empty: in Data.
	Dir string
	// CheckSchema tells what is wrong with the schema of an Engine's type; nil:
	// anything goes.
	CheckSchema func(name string, schema []byte) error
	// HelloTimeout is what an Engine may take to start; 0: runner.DefaultHelloTimeout.
	HelloTimeout time.Duration
	// RunnerLogBytes is what an Engine's job may write to its log; 0: maxLogBytes.
	RunnerLogBytes int64
}

// DefaultHeartbeat costs a scheduler of a thousand workers 500 messages a
// second, and lets it notice a silent worker within ten.
const DefaultHeartbeat = 2 * time.Second

// Offer is a type of job that this worker runs. Class is the class of runner
// that serves it; empty: it is a command.
type Offer struct {
	Type    string
	Devices []turno.Device
	Class   string
}

// Role is one worker.
type Role struct {
	o   Options
	log *slog.Logger

	classes map[string]string // by type
	gpus    []turno.GPU
	inbox   inbox

	// Owned by the loop.
	core    *hold.Hold
	machine turno.Machine
	journal *journal
	live    map[turno.AttemptKey]*attempt
	onDisk  map[turno.AttemptKey]bool // attempts with a folder
	shims   time.Duration             // the lease that the shims have
	encoder wire.ReportEncoder
	unsent  bool // the newest Report could not be sent

	runners  *pool
	commands *commands
	sessions *sessions
	shipper  *shipper
	stager   *stager
	ckpts    *checkpoints
	group    sync.WaitGroup
}

// attempt is what the shell keeps of one that was started.
type attempt struct {
	key  turno.AttemptKey
	task *turno.Task
	dir  string
	// stop ends it: TERM, and KILL after grace.
	stop    func(grace time.Duration, why turno.Reason)
	lease   time.Duration // of its shim, at its start
	staged  bool          // its files are in its working folder
	order   turno.Reason  // why it was ended before that
	command *command      // of one that is a command
}

// New makes a worker.
func New(o Options) *Role {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = DefaultHeartbeat
	}
	if o.RunnerLogBytes == 0 {
		o.RunnerLogBytes = maxLogBytes
	}
	if o.GPUs == nil {
		o.GPUs = gpu.None{}
	}
	r := &Role{
		o: o, log: o.Log.With("role", "worker", "worker", o.Name),
		classes: map[string]string{}, live: map[turno.AttemptKey]*attempt{}, onDisk: map[turno.AttemptKey]bool{}, inbox: newInbox(),
	}
	r.stager = newStager(&r.o)
	r.ckpts = &checkpoints{root: filepath.Join(o.Data, ckptDir)}
	for _, offer := range o.Offers {
		r.classes[offer.Type] = offer.Class
	}
	return r
}

// Run works until ctx is done; then it ends what ends with it. An error means
// that it could not begin.
func (r *Role) Run(ctx context.Context) error {
	machine, err := r.Machine(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(r.o.Data, attemptsDir), 0o700); err != nil {
		return fmt.Errorf("make the worker's folder: %w", err)
	}
	saved, err := openJournal(filepath.Join(r.o.Data, "journal"))
	if err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	r.journal = saved.journal
	defer r.journal.close()
	incarnation, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make an incarnation: %w", err)
	}
	r.machine = machine
	if err := r.encoder.SetMachine(machine); err != nil {
		return fmt.Errorf("describe this machine: %w", err)
	}
	r.core = hold.New(hold.Config{Worker: r.o.Name, Incarnation: incarnation.String(), Heartbeat: r.o.Heartbeat}, machine)

	// What is begun here ends after the loop: jobs may have to be ended first.
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer r.group.Wait()
	if r.commands, err = newCommands(work, r); err != nil {
		cancel()
		return err
	}
	defer r.commands.close() // after cancel: it does not wait for commands that go on
	defer cancel()
	r.runners = newPool(work, r)
	defer r.runners.close()
	if r.shipper, err = newShipper(r.o.Broker, broker.LogStream+r.o.Name, r.log); err != nil {
		return err
	}
	r.group.Go(func() { r.shipper.run(work) })
	watcher, err := r.o.Broker.Watch(work, broker.DesiredBox+r.o.Name)
	if err != nil {
		return fmt.Errorf("watch for orders: %w", err)
	}
	defer watcher.Close()
	if err := r.openGreeter(work); err != nil {
		return err
	}
	if r.sessions, err = openSessions(work, r); err != nil {
		return err
	}
	r.restore(work, saved)
	for i := range r.o.Engines {
		r.group.Go(func() { r.runners.learn(&r.o.Engines[i], 0) })
	}
	r.group.Go(func() { r.watch(work, watcher) })
	r.log.Info("worker began", "incarnation", incarnation.String(), "cpus", machine.CPUs.String(),
		"gpus", len(machine.GPUs), "isolation", machine.Isolation, "kept", len(saved.kept))
	return alone(func() error { return r.loop(ctx, work) })
}

// alone calls f on a goroutine of its own. If the core panics, the process ends
// at once and prints the state; on the caller's goroutine what it has deferred
// would first wait for what nobody ends any more.
func alone(f func() error) error {
	done := make(chan error)
	go func() { done <- f() }()
	return <-done
}

// watch hands Desireds to the loop.
func (r *Role) watch(ctx context.Context, w broker.Watcher) {
	for {
		values, err := w.Receive(ctx)
		for _, v := range values {
			d, err := wire.DecodeDesired(v.Body)
			if err != nil {
				r.log.Warn("ignored an order that is none", "err", err)
				continue
			}
			r.inbox.put(event{desired: d})
		}
		if err != nil {
			if ctx.Err() == nil {
				r.inbox.put(event{broken: fmt.Errorf("watch for orders: %w", err)})
			}
			return
		}
	}
}

// openGreeter answers schedulers that begin, until ctx is done; the role's group
// waits for it.
func (r *Role) openGreeter(ctx context.Context) error {
	hellos, err := r.o.Broker.Subscribe(ctx, broker.HelloStream)
	if err != nil {
		return fmt.Errorf("watch for schedulers: %w", err)
	}
	r.group.Go(func() {
		defer hellos.Close()
		r.greet(ctx, hellos)
	})
	return nil
}

func (r *Role) greet(ctx context.Context, w broker.Watcher) {
	for {
		if _, err := w.Receive(ctx); err != nil {
			return // the heartbeats tell the same, a little later
		}
		r.inbox.put(event{hello: true})
	}
}

// light tells whether attempts of a type leave nothing on the disk: they are
// not journalled, and when the agent dies they simply run again.
func (r *Role) light(t *turno.Task) bool {
	class, _ := r.classOf(t)
	return class == string(runner.Light) && !withFiles(t.Spec)
}

// loop owns the core until ctx is done and everything that must end has.
func (r *Role) loop(ctx, work context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	clock := newClock()
	leave := ctx.Done()
	for {
		now := clock.now()
		r.core.Tick(now)
		r.leaseShims()
		if err := r.act(work, r.core.Ready()); err != nil {
			return err
		}
		if ctx.Err() != nil && r.left() {
			return nil
		}
		timer.Reset(max(r.core.Next().Sub(clock.now()), 0))
		select {
		case <-leave:
			leave = nil
			r.leave()
		case <-timer.C:
		case <-r.inbox.wake:
		}
		if err := r.take(work, clock); err != nil {
			return err
		}
	}
}

// leaseShims keeps what a shim may do without an agent within what the
// scheduler has granted this one: three quarters of a lease that is fresh, and
// when no scheduler is heard, what is left of it. So a command whose agent dies
// is gone before the scheduler gives its job away.
func (r *Role) leaseShims() {
	lease, left := r.core.Lease()
	want := min(left, lease*3/4)
	if step := (want - r.shims).Abs(); want <= 0 || step <= lease/20 {
		return
	}
	r.shims = want
	for _, a := range r.live {
		if a.command == nil {
			continue
		}
		if err := a.command.setLease(want); err != nil {
			r.log.Warn("did not set a shim's lease", "attempt", a.key.String(), "err", err)
		}
	}
}

// leave begins the end: no new jobs, and the end of those that end with the
// agent.
func (r *Role) leave() {
	r.core.Leave()
	for _, a := range r.live {
		if r.o.EndJobs || !r.isCommand(a.task) {
			a.stop(leaveGrace, turno.ReasonWorkerLost)
		}
	}
}

// leaveGrace is what jobs get that end with their worker: short enough for a
// person who pressed Ctrl-C.
const leaveGrace = 3 * time.Second

// left tells whether nothing is waited for any more.
func (r *Role) left() bool {
	for _, a := range r.live {
		if r.o.EndJobs || !r.isCommand(a.task) {
			return false
		}
	}
	return true
}

// take gives the core what has happened.
func (r *Role) take(ctx context.Context, c clock) error {
	for _, e := range r.inbox.take() {
		now := c.now()
		switch {
		case e.broken != nil:
			return e.broken
		case e.desired != nil:
			r.core.Desired(now, e.desired)
		case e.hello:
			r.core.Hello()
		case e.engine != nil:
			if err := r.learned(e.engine); err != nil {
				return err
			}
		case e.progress != nil:
			r.core.Progress(e.key, *e.progress)
		case e.staged:
			r.staged(ctx, now, e)
		case e.result != nil:
			if !e.started.IsZero() {
				r.core.Started(c.at(e.started), e.key)
			}
			if err := failpoint.Hit(failpoint.WorkerEnded); err != nil {
				return err
			}
			if !r.collects(ctx, e) {
				r.ended(now, e)
			}
		case !e.started.IsZero():
			r.core.Started(c.at(e.started), e.key)
		default:
			r.core.Started(now, e.key)
		}
	}
	return nil
}

// dropCkpt removes what checkpoints a job has left, if they are of no use.
func (r *Role) dropCkpt(t *turno.Task, end turno.State) {
	if r.light(t) {
		return // it has none
	}
	if !r.ckpts.drop(t, end) {
		return
	}
	r.group.Go(func() { // may be gigabytes
		if err := os.RemoveAll(r.ckpts.of(t)); err != nil {
			r.log.Warn("cannot remove a job's checkpoints", "job", t.ID, "err", err)
		}
	})
}

// ended takes an attempt's end.
func (r *Role) ended(now time.Time, e event) {
	a := r.live[e.key]
	if a == nil {
		return
	}
	delete(r.live, e.key)
	if size := logSize(a.dir); size > 0 && (r.onDisk[e.key] || r.light(a.task)) {
		r.onDisk[e.key] = true
		e.result.LogBytes = size
		r.shipper.final(e.key, a.dir)
	}
	for _, g := range a.task.GPUs {
		e.result.Simulated = e.result.Simulated || r.simulated(g)
	}
	e.result.Device = a.task.Device
	r.dropCkpt(a.task, e.result.State)
	r.core.Ended(now, e.key, *e.result)
}

func (r *Role) simulated(uuid string) bool {
	for _, d := range r.gpus {
		if d.UUID == uuid {
			return d.Simulated
		}
	}
	return false
}

// act does what the core has ready, the journal first.
func (r *Role) act(ctx context.Context, ready hold.Ready) error {
	if err := failpoint.Hit(failpoint.WorkerReady); err != nil {
		return err
	}
	if err := r.journal.write(r.heavy(ready.Journal)); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if err := failpoint.Hit(failpoint.WorkerJournalled); err != nil {
		return err
	}
	for i := range ready.Start {
		r.start(ctx, &ready.Start[i])
	}
	for _, o := range ready.Stop {
		if a := r.live[o.AttemptKey]; a != nil {
			a.stop(o.Grace, o.Reason)
		}
	}
	r.forget(ready.Forget)
	for _, s := range ready.Stored {
		r.shipper.stored(s.AttemptKey, s.Bytes)
	}
	if err := failpoint.Hit(failpoint.WorkerStarted); err != nil {
		return err
	}
	if ready.Report == nil {
		return nil
	}
	body, err := r.encoder.Encode(ready.Report)
	if err != nil {
		return fmt.Errorf("encode a report: %w", err)
	}
	err = r.o.Broker.Put(ctx, broker.ReportBox+r.o.Name, body)
	switch {
	case errors.Is(err, broker.ErrClosed):
		return fmt.Errorf("send a report: %w", err)
	case err != nil && !r.unsent:
		r.log.Warn("cannot send reports; works on and tries again", "err", err)
	case err == nil && r.unsent:
		r.log.Info("sends reports again")
	}
	r.unsent = err != nil
	return failpoint.Hit(failpoint.WorkerReported)
}

// forget drops what is kept of attempts outside of the core.
func (r *Role) forget(keys []turno.AttemptKey) {
	keys = slices.DeleteFunc(keys, func(k turno.AttemptKey) bool { return !r.onDisk[k] })
	if len(keys) == 0 {
		return
	}
	for _, k := range keys {
		delete(r.onDisk, k)
	}
	r.shipper.drop(keys)
	r.commands.forget(keys)
}

// heavy are the records of attempts that are worth a journal.
func (r *Role) heavy(records []hold.Record) []hold.Record {
	return slices.DeleteFunc(records, func(rec hold.Record) bool {
		switch {
		case rec.Start != nil:
			return r.light(rec.Start.Task)
		case rec.End != nil:
			return !r.journal.knows(rec.End.AttemptKey)
		case rec.Forget != nil:
			return !r.journal.knows(*rec.Forget)
		}
		return false
	})
}

// start begins one attempt in its runner or as a command.
func (r *Role) start(ctx context.Context, as *turno.Assignment) {
	a := &attempt{key: as.AttemptKey, task: as.Task, dir: r.dirOf(as.AttemptKey), lease: r.shims}
	r.live[a.key] = a
	if !r.light(a.task) {
		r.onDisk[a.key] = true
	}
	r.begin(ctx, a)
}

// begin gives an attempt to who runs it, once its files are there.
func (r *Role) begin(ctx context.Context, a *attempt) {
	class, known := r.classOf(a.task)
	switch {
	case !known:
		a.stop = func(time.Duration, turno.Reason) {}
		r.inbox.put(event{key: a.key, result: r.unserved(a.task)})
	case withFiles(a.task.Spec) && !a.staged:
		r.stage(ctx, a)
	case class == "":
		r.commands.start(ctx, a)
	default:
		r.runners.start(ctx, a, class)
	}
}

const attemptsDir = "attempts"

func (r *Role) dirOf(k turno.AttemptKey) string {
	return filepath.Join(r.o.Data, attemptsDir, k.String())
}

// restore takes up what an earlier agent left.
func (r *Role) restore(ctx context.Context, saved savedJournal) {
	now := newClock().now()
	r.core.Restore(now, saved.kept, saved.lease)
	for _, k := range saved.kept {
		r.onDisk[k.AttemptKey] = true
		if k.Result != nil {
			if k.Result.LogBytes > 0 {
				r.shipper.final(k.AttemptKey, r.dirOf(k.AttemptKey))
			}
			continue
		}
		a := &attempt{key: k.AttemptKey, task: k.Task, dir: r.dirOf(k.AttemptKey)}
		r.live[a.key] = a
		if r.isCommand(a.task) {
			r.commands.attach(ctx, a)
			continue
		}
		a.stop = func(time.Duration, turno.Reason) {}
		r.inbox.put(event{key: a.key, result: &turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost,
			Message: "its worker was restarted while it ran"}})
	}
	r.commands.sweep(r.live, saved)
	r.group.Go(func() {
		r.commands.attaching.Wait()
		close(r.sessions.ready)
	})
}

// clock gives times that do not jump with the wall clock.
type clock struct{ start time.Time }

func newClock() clock { return clock{time.Now()} }

func (c clock) now() time.Time { return c.at(time.Now()) }

// at is a time that was taken before by time.Now, on this clock.
func (c clock) at(t time.Time) time.Time {
	return c.start.Add(t.Sub(c.start)).Round(time.Microsecond).UTC()
}
