package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"turno"
	"turno/internal/config"
	policies "turno/internal/core/policy/all"
	"turno/internal/role/scheduler"
	"turno/internal/store"
	"turno/internal/store/postgres"
	"turno/internal/store/sqlite"
)

// Backup writes the store of a turno up to a file, also while it runs.
func Backup(ctx context.Context, cfg config.Config, to string) (config.Backup, error) {
	if apartStore(cfg) {
		return config.Backup{}, errors.New("a PostgreSQL database is backed up with its own tools, also while turno runs: pg_dump --format=custom --file=FILE URL")
	}
	path := storePath(cfg)
	if _, err := os.Stat(path); err != nil {
		return config.Backup{}, fmt.Errorf("there is no store of turno in %s (see --data): %w", cfg.Data, err)
	}
	c, err := sqlite.Backup(ctx, path, to)
	return backupOf(c), err
}

// Restore puts a backup in the place of the store, or, without a file, makes a
// PostgreSQL database that was restored by its own tools fit to go on from.
func Restore(ctx context.Context, cfg config.Config, from string) (config.Backup, error) {
	switch {
	case apartStore(cfg) && from != "":
		return config.Backup{}, errors.New("a PostgreSQL database is restored with its own tools, while no role of turno runs (pg_restore --clean --if-exists --dbname=URL FILE); then run turno restore again, without a file")
	case apartStore(cfg):
		return restoredPostgres(ctx, cfg)
	case from == "":
		return config.Backup{}, errors.New("name the file that turno backup has made")
	}
	var done config.Backup
	r, err := sqlite.Restore(ctx, storePath(cfg), from, func(s *sqlite.Store, before store.Head) (err error) {
		done, err = fence(ctx, s, before)
		return err
	})
	voided, next := done.Voided, done.Next
	done = backupOf(r.Copy)
	done.Kept, done.Voided, done.Next = r.Kept, voided, next
	return done, err
}

func apartStore(cfg config.Config) bool { return strings.HasPrefix(cfg.Store, "postgres") }

func storePath(cfg config.Config) string { return filepath.Join(cfg.Data, "turno.db") }

func backupOf(c sqlite.Copy) config.Backup {
	return config.Backup{Schema: c.Schema, Jobs: c.Jobs, Bytes: c.Bytes, Next: c.Head.Next}
}

func restoredPostgres(ctx context.Context, cfg config.Config) (done config.Backup, err error) {
	s, err := postgres.Open(ctx, postgres.Options{URL: cfg.Store})
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return fence(ctx, s, store.Head{})
}

// restorable is a store that fence works on.
type restorable interface {
	scheduler.Store
	Head(ctx context.Context) (store.Head, error)
	Raise(ctx context.Context, to store.Head) error
}

// fence makes an older copy of a store fit to go on from, when others may have
// gone on from it already: no number that was given since is given again, and
// what ran when the copy was made is taken for lost. Before is the head of what
// the copy replaces; zero if that is not known.
func fence(ctx context.Context, s restorable, before store.Head) (done config.Backup, err error) {
	head, err := s.Head(ctx)
	if err != nil {
		return done, err
	}
	newest, err := s.Jobs(ctx, turno.JobQuery{Limit: 1})
	if err != nil {
		return done, fmt.Errorf("look for the newest job: %w", err)
	}
	now := time.Now()
	age := time.Duration(0)
	if len(newest.Items) > 0 {
		age = max(now.Sub(newest.Items[0].SubmittedAt), 0)
	}
	to := above(head, before, now, age)
	if err := s.Raise(ctx, to); err != nil {
		return done, err
	}
	order, ok := policies.Find("fifo")
	if !ok {
		return done, errors.New("there is no order fifo")
	}
	done.Voided, err = scheduler.Void(ctx, scheduler.Options{Name: "restore", Store: s, Order: order, Log: slog.New(slog.DiscardHandler)})
	done.Next = to.Next
	return done, err
}

const (
	// What may have been given since a copy was made, where that is not known: a
	// thousand jobs a minute are far more than a queue of this kind gets for days
	// on end, and a first million covers a burst. The same for the attempts of one
	// job.
	sinceJobs, jobsPerSecond         = 1_000_000, 100
	sinceAttempts, attemptsPerSecond = 10_000, 10
)

// above is a head above all that was given in whatever went on from a copy with
// this head, whose newest job is so old. Terms and revisions follow the clock,
// so that two restores of one copy differ too.
func above(head, before store.Head, now time.Time, age time.Duration) store.Head {
	seconds := int64(age / time.Second)
	to := store.Head{
		Term:     max(head.Term, before.Term, uint64(max(now.Unix(), 0))) + 1,
		Revision: max(head.Revision, before.Revision, uint64(max(now.UnixMicro(), 0))) + 1,
		Next:     max(head.Next+sinceJobs+seconds*jobsPerSecond, before.Next),
		Attempts: max(head.Attempts, before.Attempts) + sinceAttempts + int(seconds)*attemptsPerSecond,
	}
	if before.Revision >= head.Revision && before.Term >= head.Term && before.Next >= head.Next {
		// What is replaced is what has gone on from the copy: it knows.
		to.Next = before.Next
		to.Attempts = max(head.Attempts, before.Attempts) + sinceAttempts
	}
	return to
}
