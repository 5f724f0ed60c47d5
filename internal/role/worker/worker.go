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
	"path/filepath"
	"slices"
	"sync"
	"time"

	"turno"
	"turno/internal/broker"
	"turno/internal/core/hold"
	"turno/internal/files"
	"turno/internal/gpu"
	"turno/internal/lockfile"
	"turno/internal/role/shell"
	"turno/internal/runner"
	"turno/internal/trace"
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
	// Drain is how long Run waits for jobs to end by themselves before that; 0:
	// not at all.
	Drain   time.Duration
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
	ScratchBytes  int64         // what a command may have in its folders while it runs; 0: any
	WatchGPUs     time.Duration // how often devices are looked at; 0: DefaultWatchGPUs
	// RunAs says whom jobs run as.
	RunAs RunAs
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
	// LogBytes of an attempt's output are kept; 0: maxLogBytes.
	LogBytes int64
	// Traces says which jobs are traced, and so told of their span; nil: none.
	Traces *trace.Sampler
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

	clock shell.Clock // constant while Run runs

	// Owned by the loop.
	core    *hold.Hold
	machine turno.Machine
	journal *journal
	live    map[turno.AttemptKey]*attempt
	onDisk  map[turno.AttemptKey]bool // attempts with a folder
	shims   time.Duration             // the lease that the shims have
	encoder wire.ReportEncoder
	voice   voice
	unsent  bool // the newest Report could not be sent
	// draining: it stops, and waits for its jobs.
	draining bool

	accounts *accounts
	wards    *wards
	runners  *pool
	commands *commands
	sessions *sessions
	shipper  *shipper
	stager   *stager
	ckpts    *checkpoints
	ports    ports
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
	folder  bool          // one was made for a light run's log
	order   turno.Reason  // why it was ended before that
	command *command      // of one that is a command
	fault   string        // of a device of its, for which it was ended
	stuck   string        // it cannot be killed, and why
	owner   *owner        // once folders is called for it; none: the worker itself
	use     []*use        // of its devices

	// What it took around the run, so far; over is when that ended, if something
	// was still to be done.
	fetched, begun time.Duration
	over           time.Time
}

// New makes a worker.
func New(o Options) *Role {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = DefaultHeartbeat
	}
	if o.LogBytes == 0 {
		o.LogBytes = maxLogBytes
	}
	if o.GPUs == nil {
		o.GPUs = gpu.None{}
	}
	r := &Role{
		o: o, log: o.Log.With("role", "worker", "worker", o.Name),
		classes: map[string]string{}, live: map[turno.AttemptKey]*attempt{}, onDisk: map[turno.AttemptKey]bool{}, inbox: newInbox(),
	}
	r.stager = newStager(&r.o)
	r.wards = newWards(&r.o)
	r.ckpts = &checkpoints{root: filepath.Join(o.Data, ckptDir), others: o.RunAs.How != RunSelf}
	for _, offer := range o.Offers {
		r.classes[offer.Type] = offer.Class
	}
	return r
}

// Run works until ctx is done; then it ends what ends with it. An error means
// that it could not begin.
func (r *Role) Run(ctx context.Context) (err error) {
	r.clock = shell.NewClock()
	machine, err := r.Machine(ctx)
	if err != nil {
		return err
	}
	saved, unlock, err := r.openFolders()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	r.journal = saved.journal
	defer r.journal.close()
	incarnation, err := r.journal.next()
	if err != nil {
		return err
	}
	r.machine = machine
	if err := r.encoder.SetMachine(machine); err != nil {
		return fmt.Errorf("describe this machine: %w", err)
	}
	r.core = hold.New(hold.Config{Worker: r.o.Name, Incarnation: incarnation, Heartbeat: r.o.Heartbeat}, machine)

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
	r.keepWatch(work, watcher)
	r.log.Info("worker began", "incarnation", incarnation, "cpus", machine.CPUs.String(),
		"gpus", len(machine.GPUs), "isolation", machine.Isolation, "kept", len(saved.kept))
	return shell.Alone(func() error { return r.loop(ctx, work) })
}

// Left names the jobs whose commands run on, after Run has ended.
func (r *Role) Left() []string {
	var left []string
	for _, a := range r.live {
		left = append(left, a.task.Display)
	}
	slices.Sort(left)
	return left
}

// keepWatch looks after orders, disk and devices until ctx is done; the role's
// group waits for it.
func (r *Role) keepWatch(ctx context.Context, orders broker.Watcher) {
	r.group.Go(func() { r.watch(ctx, orders) })
	r.group.Go(func() { r.commands.watchScratch(ctx) })
	if len(r.machine.GPUs) > 0 {
		r.group.Go(func() { r.watchGPUs(ctx) })
	}
	if w, ok := r.o.GPUs.(gpu.Watcher); ok && len(r.machine.GPUs) > 0 {
		r.group.Go(func() { w.Watch(ctx, func(list []turno.GPU) { r.inbox.put(event{gpus: list}) }) })
	}
}

// watch hands Desireds to the loop.
func (r *Role) watch(ctx context.Context, w broker.Watcher) {
	for {
		values, err := w.Receive(ctx)
		for _, v := range values {
			d, peer, err := wire.DecodeDesired(v.Body)
			if err != nil {
				r.log.Warn("ignored an order that is none", "err", err)
				continue
			}
			r.inbox.put(event{desired: d, speaks: peer})
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
	refused := r.refused(a.task)
	switch {
	case refused != nil:
		a.stop = func(time.Duration, turno.Reason) {}
		r.inbox.put(event{key: a.key, result: refused, cleaned: true})
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

// openFolders makes the worker's own folders, finds whom jobs run as, and opens
// the journal, which is this process's alone until it is unlocked.
func (r *Role) openFolders() (saved savedJournal, unlock func() error, err error) {
	if r.accounts, err = openAccounts(r.o.Name, filepath.Join(r.o.Data, "users"), r.o.RunAs); err != nil {
		return saved, nil, err
	}
	if r.o.RunAs.How == RunAccount { // told now, not by every job
		if _, err := r.accounts.account(r.o.RunAs.Account, true); err != nil {
			return saved, nil, err
		}
	}
	if err := r.accounts.open(r.o.Data, filepath.Join(r.o.Data, attemptsDir), r.ckpts.root); err != nil {
		return saved, nil, err
	}
	lock, err := lockfile.Take(filepath.Join(r.o.Data, "journal.lock"))
	if err != nil {
		return saved, nil, fmt.Errorf("a worker cannot begin on %s: %w; give each worker of a machine a data folder of its own (--data)", r.o.Data, err)
	}
	if saved, err = openJournal(filepath.Join(r.o.Data, "journal"), r.clock); err != nil {
		return saved, nil, errors.Join(fmt.Errorf("open the journal: %w", err), lock.Release())
	}
	return saved, lock.Release, nil
}

func (r *Role) dirOf(k turno.AttemptKey) string {
	return filepath.Join(r.o.Data, attemptsDir, k.String())
}

// restore takes up what an earlier agent left.
func (r *Role) restore(ctx context.Context, saved savedJournal) {
	r.core.Restore(r.clock.Now(), saved.kept, saved.lease)
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
