package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"turno"
	"turno/internal/broker"
	"turno/internal/broker/nats"
	"turno/internal/broker/rabbitmq"
	"turno/internal/cert"
	"turno/internal/config"
	"turno/internal/files"
	"turno/internal/obs"
	"turno/internal/store"
	"turno/internal/store/postgres"
	"turno/internal/store/sqlite"
	"turno/internal/workload/all"
)

// Broker is one with both of its sides.
type Broker interface {
	broker.Broker
	broker.Replier
}

// Store is one with all that can be asked of it.
type Store interface {
	store.Store
	store.DeadLetters
	store.Access
	store.Facets
	store.Webhooks
	store.Benchmarks
	store.Sized
}

// shared is what roles share in one process.
type shared struct {
	broker  Broker
	dialled Broker // the broker, before it was counted
	link    *obs.BrokerLink
	store   Store       // nil when no role needs one
	files   files.Store // nil: a worker apart that was given none
	metrics *obs.Registry
	durable bool           // what the broker has confirmed survives a power cut
	alone   bool           // no other scheduler can lead
	joined  *config.Joined // whom this worker joined; nil: nobody
	closers []func() error
}

func (p *shared) close() error {
	var errs []error
	for _, c := range slices.Backward(p.closers) {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// open connects what the roles need. A worker needs no store.
func (p *shared) open(ctx context.Context, cfg config.Config, roles []string, log *slog.Logger) error {
	if len(roles) > 1 || roles[0] != Worker {
		if err := await(ctx, log, "store", func() error { return p.openStore(ctx, cfg, log) }); err != nil {
			return fmt.Errorf("open the store: %w", err)
		}
	}
	if err := await(ctx, log, "broker", func() error { return p.openBroker(ctx, cfg, log) }); err != nil {
		return errors.Join(fmt.Errorf("open the broker: %w", err), p.close())
	}
	if err := await(ctx, log, "file store", func() error { return p.openFiles(ctx, cfg, roles) }); err != nil {
		return errors.Join(fmt.Errorf("open the file store: %w", err), p.close())
	}
	return nil
}

// await opens a part that another process serves. While nobody answers there
// it tries again: roles and servers start in any order, and after a power cut
// all at once. Anything but silence is told at once.
func await(ctx context.Context, log *slog.Logger, what string, open func() error) error {
	for pause := 200 * time.Millisecond; ; pause = min(2*pause, maxPause) {
		err := open()
		if err == nil || !silent(err) || ctx.Err() != nil {
			return err
		}
		log.Warn("waits for a part that does not answer yet", "part", what, "err", err)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// maxPause between two tries: a server that is back is found within it.
const maxPause = 2 * time.Second

// silent tells whether an error means that nobody serves there yet.
func silent(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	if known, ok := errors.AsType[*turno.Error](err); ok {
		return known.Code == turno.CodeUnavailable
	}
	// Clients of brokers and databases keep the cause as text only.
	for _, text := range []string{"starting up", "no servers available", "connection reset", "connection refused", "EOF"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

func (p *shared) openStore(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	if strings.HasPrefix(cfg.Store, "postgres") {
		s, err := postgres.Open(ctx, postgres.Options{URL: cfg.Store, Log: log})
		if err != nil {
			return err
		}
		p.store, p.closers = s, append(p.closers, s.Close)
		return nil
	}
	s, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(cfg.Data, "turno.db"), Log: log})
	if err != nil {
		return err
	}
	p.store, p.alone, p.closers = s, true, append(p.closers, s.Close)
	return nil
}

func (p *shared) openBroker(ctx context.Context, cfg config.Config, log *slog.Logger) (err error) {
	kind := kindOf(cfg.Broker)
	if p.joined != nil {
		kind = "joined"
	}
	if p.link == nil { // else this is another try
		p.link = p.metrics.BrokerLink(kind)
	}
	var b closingBroker
	if p.joined != nil {
		b, err = dialJoined(ctx, cfg, p.link.Changed, log)
	} else {
		b, p.durable, err = dialBroker(ctx, cfg, p.link.Changed, log)
	}
	if err != nil {
		return err
	}
	p.dialled, p.broker, p.closers = b, p.metrics.Broker(kind, b), append(p.closers, b.Close)
	return nil
}

type closingBroker interface {
	Broker
	Close() error
}

func dialBroker(ctx context.Context, cfg config.Config, onLink func(bool), log *slog.Logger) (closingBroker, bool, error) {
	scheme, _, _ := strings.Cut(cfg.Broker, "://")
	secure, err := cert.Trust(cfg.BrokerCA, "")
	if err == nil {
		secure, err = cert.WithPair(secure, cfg.BrokerCert, cfg.BrokerKey)
	}
	if err != nil {
		return nil, false, err
	}
	switch scheme {
	case "embedded":
		b, err := nats.Embedded(ctx, nats.EmbeddedOptions{
			Dir: filepath.Join(cfg.Data, "broker"), SyncAlways: cfg.BrokerSync, Logger: log,
		})
		if err == nil {
			onLink(true) // it stands as long as this process
		}
		return b, cfg.BrokerSync, err
	case "nats", "tls":
		b, err := nats.Open(ctx, nats.Options{URL: cfg.Broker, TLS: secure, OnLink: onLink, Logger: log})
		return b, false, err
	case "amqp", "amqps":
		b, err := rabbitmq.Open(ctx, rabbitmq.Options{URL: cfg.Broker, TLS: secure, OnLink: onLink, Logger: log})
		return b, true, err
	}
	return nil, false, fmt.Errorf("%q: use embedded, nats://… or amqp://…", config.Redact(cfg.Broker))
}

// checker is what every spec passes, wherever it came from.
func checker(known *all.Announced) func(s *turno.Spec) *turno.Error {
	return func(s *turno.Spec) *turno.Error {
		all.Normalize(s)
		if err := s.Validate(); err != nil {
			return err
		}
		return known.Check(s)
	}
}
