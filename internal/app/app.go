// Package app puts turno together: a configuration becomes parts (broker,
// store, GPUs), and parts become roles. It is the only package that knows the
// adapters, and decides nothing else.
//
//	config ──▶ parts: broker, store ──▶ roles: scheduler, worker, api ──▶ run
//
// Roles start in order and stop in reverse; each runs in a goroutine that Run
// waits for.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"turno/internal/config"
	policies "turno/internal/core/policy/all"
	"turno/internal/obs"
	"turno/internal/role/scheduler"
	"turno/internal/workload/all"
)

// Names of the roles; All is every one, with the embedded parts.
const (
	All       = "all"
	Scheduler = "scheduler"
	Worker    = "worker"
	API       = "api"
)

// Run runs roles until ctx is done, and then stops them in reverse, or until
// one breaks. ready is called once when all of them answer.
func Run(ctx context.Context, cfg config.Config, roles []string, ready func(config.Info)) error {
	if slices.Contains(roles, All) {
		roles = []string{Scheduler, Worker, API}
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200) // the heap is small, what is made of messages is much
	}
	log := newLog(cfg, os.Stderr)
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if err := checkPrivate(cfg.Data); err != nil {
		return err
	}
	cfg, joined, err := joinedOf(cfg, roles)
	if err == nil && joined == nil {
		err = apart(cfg, roles)
	}
	if err != nil {
		return err
	}
	f := &front{metrics: obs.New(version()), address: cfg.MetricsListen}
	return f.during(ctx, func(ctx context.Context) error {
		p := &shared{metrics: f.metrics, joined: joined}
		if err := p.open(ctx, cfg, roles, log); err != nil {
			return err
		}
		defer func() {
			if err := p.close(); err != nil {
				log.Warn("did not close everything", "err", err)
			}
		}()
		info := config.Info{Roles: roles, Data: cfg.Data}
		if joined != nil {
			info.Joined = cfg.Server
		}
		parts, err := partsOf(cfg, p, log, &info)
		if err != nil {
			return err
		}
		return run(ctx, parts, func() {
			f.serves.Store(true)
			ready(info)
		})
	})
}

// partsOf makes the roles that info names.
func partsOf(cfg config.Config, p *shared, log *slog.Logger, info *config.Info) ([]part, error) {
	var parts []part
	for _, make := range []struct {
		role string
		make func(config.Config, *shared, *slog.Logger, *config.Info) (part, error)
	}{{Scheduler, schedulerPart}, {API, apiPart}, {Worker, workerPart}} {
		if !slices.Contains(info.Roles, make.role) {
			continue
		}
		made, err := make.make(cfg, p, log, info)
		if err != nil {
			return nil, fmt.Errorf("make the %s: %w", make.role, err)
		}
		parts = append(parts, made)
	}
	return parts, nil
}

// apart refuses parts that live in one process for roles that do not.
func apart(cfg config.Config, roles []string) error {
	if len(roles) == 3 {
		return nil
	}
	if cfg.Broker == "embedded" {
		return errors.New("roles that run apart need a broker that all of them reach: give --broker amqp://… or nats://…, or run everything with: turno up")
	}
	if cfg.Store == "sqlite" && (slices.Contains(roles, Scheduler) || slices.Contains(roles, API)) {
		return errors.New("roles that run apart need a store that all of them reach: give --store postgres://…, or run everything with: turno up")
	}
	return nil
}

func newLog(cfg config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(strings.ToUpper(cfg.LogLevel))); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// schedulerPart is the scheduler; it is ready when it leads, or when another
// one does.
func schedulerPart(cfg config.Config, p *shared, log *slog.Logger, _ *config.Info) (part, error) {
	order, ok := policies.Find(cfg.Order)
	if !ok {
		return part{}, fmt.Errorf("there is no order %q", cfg.Order)
	}
	host, err := os.Hostname()
	if err != nil {
		return part{}, fmt.Errorf("find the host's name: %w", err)
	}
	hooks, err := webhooks(cfg)
	if err != nil {
		return part{}, err
	}
	tracer, err := traces(cfg, p.metrics, log)
	if err != nil {
		return part{}, fmt.Errorf("send traces: %w", err)
	}
	leads := make(chan struct{}, 1) // the first lead counts
	known := all.NewAnnounced()
	o := scheduler.Options{
		Name: fmt.Sprintf("%s/%d", host, os.Getpid()), Broker: p.broker, Store: p.store, Order: order,
		Check: checker(known), OnWorkers: known.Update, Lease: cfg.Lease, Silence: 5 * cfg.Heartbeat,
		MaxJobs: cfg.MaxJobs, MaxUserJobs: cfg.MaxUserJobs, DeadLetters: cfg.DeadLetters,
		Webhooks: hooks, Hooks: p.store, Metrics: p.metrics.Scheduler(), Log: log,
	}
	if tracer != nil {
		o.Traces = tracer
	}
	role := scheduler.New(o)
	role.OnLead(func(term uint64) {
		select {
		case leads <- struct{}{}:
		default:
		}
	})
	out := part{name: Scheduler, run: func(ctx context.Context) error { return tracer.During(ctx, role.Run) }}
	if p.alone { // only then is a lead sure to come soon
		out.ready = leads
	}
	return out, nil
}
