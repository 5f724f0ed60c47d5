// Package scheduler is the shell around core/sched: it takes what arrives,
// hands it to the core, commits what came of it, and only then tells anyone.
//
//	jobs queue ────┐                           ┌──▶ answers, acknowledgements
//	control queue ─┤                           │
//	reports ───────┼─▶ one loop ─▶ core ─▶ commit ──▶ Desired to each changed worker
//	log chunks ────┤        ▲                  │
//	timers ────────┘        └── what is there  └──▶ results topics
//
// One goroutine owns the core. Receivers decode beside it, an outbox sends
// beside it; while a commit is under way the next batch is being read.
// Of several schedulers on one store one leads; the others wait for its lease
// to run out.
package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"turno"
	"turno/internal/broker"
	"turno/internal/core/policy"
	"turno/internal/core/sched"
	"turno/internal/obs"
	"turno/internal/role/shell"
	"turno/internal/store"
)

// Broker is what a scheduler needs of one.
type Broker interface {
	broker.Broker
	broker.Replier
}

// Store is what a scheduler needs of one.
type Store interface {
	store.Store
	store.DeadLetters
}

// Options of a Role. All but Log, Lease and Silence are required.
type Options struct {
	Name   string // of this scheduler, for people
	Broker Broker
	Store  Store
	Order  policy.Order
	// Check normalizes and validates a spec that came past the API.
	Check func(*turno.Spec) *turno.Error
	// OnWorkers is told the workers of the store, and then each change of them,
	// before the next Check that follows from it. Called from one goroutine; nil:
	// nobody wants to know.
	OnWorkers func(changed []turno.Worker, gone []string)
	Lease     time.Duration // of workers
	// Silence after which a worker gets no new job.
	Silence time.Duration
	// MaxJobs and MaxUserJobs: see sched.Config.
	MaxJobs, MaxUserJobs int
	// DeadLetters bounds how many are kept; 0: DefaultDeadLetters.
	DeadLetters int
	// Webhooks tell ends to the addresses that jobs name, Hooks is what is to be
	// told, of the same store; nil: they are noted, and another one tells.
	Webhooks WebhookSender
	Hooks    store.Webhooks
	Metrics  *obs.Scheduler // nil: nobody counts
	Traces   Tracer         // nil: nobody traces
	Log      *slog.Logger
}

// Tracer is told what was committed, by the loop: it must not wait.
type Tracer interface{ Committed(changes []store.Change) }

const (
	// leadTTL bounds how long a dead leader keeps its place: with the standby's
	// wait and its load of the store (1.2 s for 100,000 jobs), takeover stays under five
	// seconds.
	leadTTL = 2500 * time.Millisecond
	// renewEvery leaves room for two failures.
	renewEvery = leadTTL / 3
	// retryAfter an error of store or broker, before leading again; twice as long
	// after each term that did not last longer than retryLongest.
	retryAfter   = 500 * time.Millisecond
	retryLongest = 4 * time.Second
)

// Role leads or stands by.
type Role struct {
	o   Options
	log *slog.Logger
	// Leading is closed over by tests and health: it is told each change.
	onLead func(term uint64)
}

// New makes a scheduler.
func New(o Options) *Role {
	if o.OnWorkers == nil {
		o.OnWorkers = func([]turno.Worker, []string) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Role{o: o, log: o.Log.With("role", "scheduler"), onLead: func(uint64) {}}
}

// OnLead has f called with each term that this scheduler leads, and with 0 when
// it leads no more. Before Run.
func (r *Role) OnLead(f func(term uint64)) { r.onLead = f }

// Run leads whenever it can, until ctx is done. It returns nil then, and an
// error if the store is broken.
func (r *Role) Run(ctx context.Context) error {
	pause, failed := retryAfter, 0
	for ctx.Err() == nil {
		holder := r.o.Name + "/" + uuid.NewString()
		lead, err := r.wait(ctx, holder)
		if errors.Is(err, store.ErrBroken) {
			return err
		}
		if err != nil {
			break
		}
		r.log.Info("leads", "term", lead.Term)
		r.onLead(lead.Term)
		r.o.Metrics.Lead(true)
		began := time.Now()
		err = r.lead(ctx, holder, lead, failed)
		r.onLead(0)
		r.o.Metrics.Lead(false)
		if errors.Is(err, store.ErrBroken) {
			return err
		}
		r.giveUp(ctx, holder)
		if err != nil && ctx.Err() == nil {
			failed++
			if time.Since(began) > retryLongest {
				pause = retryAfter
			}
			r.log.Warn("stopped leading; tries again", "term", lead.Term, "in", pause, "err", err)
			sleep(ctx, pause)
			pause = min(2*pause, retryLongest)
		}
	}
	return nil
}

// wait returns once holder leads.
func (r *Role) wait(ctx context.Context, holder string) (store.Lead, error) {
	for {
		asked := time.Now()
		lead, err := r.o.Store.Lead(ctx, holder, leadTTL)
		if err == nil {
			lead.For -= time.Since(asked)
			return lead, nil
		}
		if ctx.Err() != nil {
			return lead, context.Cause(ctx)
		}
		if errors.Is(err, store.ErrBroken) {
			return lead, err
		}
		pause := retryAfter
		if errors.Is(err, store.ErrHeld) {
			// Asks again when the lease may have run out, not before.
			pause = max(lead.For, 50*time.Millisecond)
		} else {
			r.log.Warn("cannot reach the store; tries again", "err", err)
		}
		sleep(ctx, pause)
	}
}

// giveUp lets a standby lead at once; when it fails the lease ends by itself.
func (r *Role) giveUp(ctx context.Context, holder string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if _, err := r.o.Store.Lead(ctx, holder, 0); err != nil {
		r.log.Warn("did not give up the lead; it runs out by itself", "err", err)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// lead runs one term: from the store's state until something breaks. Failed is
// how many terms did so before: what they held came again, through no fault of
// its own.
func (r *Role) lead(ctx context.Context, holder string, lead store.Lead, failed int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := r.newTerm(lead, failed, cancel)
	if !lead.Forever {
		t.group.Go(func() { t.renew(ctx, holder, lead) })
	}
	defer t.group.Wait()
	defer cancel(nil) // before the wait
	if err := t.restore(ctx); err != nil {
		return fmt.Errorf("restore from the store: %w", err)
	}
	if err := t.open(ctx); err != nil {
		return fmt.Errorf("open the broker's queues: %w", err)
	}
	return shell.Alone(func() error { return t.run(ctx) })
}

func (r *Role) newTerm(lead store.Lead, failed int, fail context.CancelCauseFunc) *term {
	return &term{
		o: r.o, log: r.log.With("term", lead.Term), lead: lead, clock: shell.NewClock(),
		fail: fail, forgiven: failed,
		inputs: make(chan input), post: make(chan post, outboxDepth), owing: make(chan struct{}, 1),
		speaks: map[string]turno.Versions{}, strangers: map[string]stranger{},
		core: sched.New(sched.Config{
			Term: lead.Term, Lease: r.o.Lease, Silence: r.o.Silence, Order: r.o.Order, Ahead: sched.DefaultAhead,
			MaxJobs: r.o.MaxJobs, MaxUserJobs: r.o.MaxUserJobs,
		}),
	}
}
