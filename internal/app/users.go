package app

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"

	"turno/internal/config"
	"turno/internal/role/worker"
	"turno/internal/role/worker/child"
)

// runAs is whom a worker's jobs run as. An error says why that cannot be.
func runAs(cfg config.Config) (worker.RunAs, error) {
	first, last, err := cfg.ParsePool()
	if err != nil {
		return worker.RunAs{}, fmt.Errorf("pool_users: %w", err)
	}
	names, err := cfg.ParseUserMap()
	if err != nil {
		return worker.RunAs{}, fmt.Errorf("user_map: %w", err)
	}
	r := worker.RunAs{Names: names, First: first, Last: last, AllowRoot: cfg.AllowRoot}
	root := os.Geteuid() == 0
	switch cfg.RunAs {
	case config.RunAsAuto:
		if !root || cfg.AllowRoot {
			return r, nil
		}
		r.How = worker.RunPool
	case config.RunAsPool:
		r.How = worker.RunPool
	case config.RunAsSubmitter:
		r.How = worker.RunSubmitter
	default:
		if own, err := user.Current(); err == nil && !root && (own.Username == cfg.RunAs || own.Uid == cfg.RunAs) {
			return r, nil
		}
		r.How, r.Account = worker.RunAccount, cfg.RunAs
	}
	switch err := child.MayBecome(r.First, r.Last); {
	case err != nil && !root:
		return r, fmt.Errorf("run_as %s: %w", cfg.RunAs, err)
	case err != nil:
		return r, fmt.Errorf("%w: give it what it lacks, start it as an ordinary user, or let jobs run as root (allow_root)", err)
	}
	return r, nil
}

// letThrough lets jobs of other users through the data folder to their own
// folders; all else in it stays its owner's.
func letThrough(cfg config.Config) error {
	entries, err := os.ReadDir(cfg.Data)
	if err != nil {
		return fmt.Errorf("close the data folder to others: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Type()&os.ModeSymlink != 0 || e.Name() == workerFolder {
			continue
		}
		if err := os.Chmod(filepath.Join(cfg.Data, e.Name()), info.Mode().Perm()&^0o077); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("close the data folder to others: %w", err)
		}
	}
	if err := os.Chmod(cfg.Data, 0o711); err != nil {
		return fmt.Errorf("let jobs through the data folder: %w", err)
	}
	if anyone := (child.Credential{UID: 65534, GID: 65534}); !child.CanEnter(anyone, cfg.Data) {
		return fmt.Errorf("jobs run as other users than root, and these cannot get to %s: choose a data folder that others can pass through, such as /var/lib/turno, or let jobs run as root (allow_root)", cfg.Data)
	}
	return nil
}
