package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"turno"
	"turno/internal/config"
)

const (
	// startTime is what a private turno may take to start; it takes a second.
	startTime = time.Minute
	// stopTime bounds what is waited for at its end.
	stopTime = 30 * time.Second
	// privateLease ends what a killed demo leaves behind.
	privateLease = 30 * time.Second
)

// private is a turno of this process's own, in a temporary folder.
type private struct {
	svc  turno.Service
	cfg  config.Config
	info config.Info

	cancel context.CancelFunc
	ended  chan error
}

// private starts a turno on a free port with a temporary data folder, and
// waits until it answers.
func (s *session) private(ctx context.Context, cfg config.Config) (*private, error) {
	dir, err := os.MkdirTemp("", "turno-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // jobs may be other users'
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	cfg.Data, cfg.Listen, cfg.TokenFile, cfg.Token = dir, "127.0.0.1:0", "", ""
	cfg.Lease, cfg.EndJobs = min(cfg.Lease, privateLease), true
	if !cfg.Explicit("log_level") {
		cfg.LogLevel = "error"
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &private{cfg: cfg, cancel: cancel, ended: make(chan error, 1)} // one end
	ready := make(chan config.Info, 1)                                  // said once
	go func() { p.ended <- s.deps.RunRoles(own, cfg, []string{"all"}, func(i config.Info) { ready <- i }) }()
	timer := time.NewTimer(startTime)
	defer timer.Stop()
	select {
	case p.info = <-ready:
	case err := <-p.ended:
		cancel()
		os.RemoveAll(dir)
		return nil, fmt.Errorf("start a private turno: %w", orUnknown(err))
	case <-timer.C:
		return nil, errors.Join(failed(exitUnavailable, "a private turno did not start within %s", startTime), p.stop())
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), p.stop())
	}
	p.cfg.Server = p.info.URL
	if p.info.TokenFile != "" {
		p.cfg.TokenFile = p.info.TokenFile
	}
	if p.svc, err = s.deps.Dial(p.cfg); err == nil {
		err = p.worker(ctx, timer.C)
	}
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// worker waits until the scheduler has heard of a worker: it reports within a
// heartbeat of its start.
func (p *private) worker(ctx context.Context, over <-chan time.Time) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		workers, err := p.svc.Workers(ctx)
		if err == nil && len(workers) > 0 && workers[0].State == turno.WorkerReady {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-over:
			return failed(exitUnavailable, "the private turno's worker did not report within %s", startTime)
		}
	}
}

func orUnknown(err error) error {
	if err == nil {
		return errors.New("it ended at once")
	}
	return err
}

// stop ends it and removes its folder.
func (p *private) stop() error {
	p.cancel()
	var err error
	select {
	case err = <-p.ended:
	case <-time.After(stopTime):
		err = fmt.Errorf("the private turno did not stop within %s", stopTime)
	}
	if err != nil && errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, os.RemoveAll(p.cfg.Data))
}
