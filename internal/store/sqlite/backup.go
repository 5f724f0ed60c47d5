package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"turno/internal/lockfile"
	"turno/internal/store"
	"turno/internal/store/sqlstore"
)

// Copy is what a file with a store in it holds.
type Copy struct {
	Schema int
	Jobs   int64
	Bytes  int64
	Head   store.Head
}

// Backup writes what a store holds at one moment to a file, while another
// process works on it: a database of its own, without a log, and synced. The
// file must not be there.
func Backup(ctx context.Context, path, to string) (Copy, error) {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return Copy{}, fmt.Errorf("%s is there already: give another name", to)
	}
	partial := to + ".partial"
	found, err := copyStore(ctx, path, partial)
	if err == nil {
		err = os.Rename(partial, to)
	}
	if err == nil {
		err = syncDir(filepath.Dir(to))
	}
	if err != nil {
		return Copy{}, errors.Join(fmt.Errorf("back up %s: %w", path, err), removeStore(partial))
	}
	return found, nil
}

// copyStore makes a synced copy, over one that was not finished. Only who runs
// turno may read it, as the store itself.
func copyStore(ctx context.Context, from, to string) (Copy, error) {
	if err := removeStore(to); err != nil {
		return Copy{}, err
	}
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return Copy{}, err
	}
	defer file.Close()
	if err := with(ctx, from, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, `PRAGMA query_only = 0`) // of another file
		if err == nil {
			_, err = db.ExecContext(ctx, `VACUUM INTO ?`, to) // of one snapshot, beside the writer
		}
		return err
	}); err != nil {
		return Copy{}, err
	}
	if err := file.Sync(); err != nil {
		return Copy{}, err
	}
	return Examine(ctx, to)
}

// Examine says what a file holds, or why it is no store of turno's that can be
// trusted.
func Examine(ctx context.Context, path string) (found Copy, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return found, err
	}
	if err := looksLike(path); err != nil {
		return found, err
	}
	found.Bytes = info.Size()
	err = with(ctx, path, func(db *sql.DB) error {
		var verdict string
		if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&verdict); err != nil || verdict != "ok" {
			return errors.Join(fmt.Errorf("%s is damaged: %s", path, verdict), err)
		}
		var tables int
		err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('head', 'jobs', 'kinds', 'specs')`).Scan(&tables)
		if err != nil || tables != 4 {
			return errors.Join(fmt.Errorf("%s is a database, but not one of turno's", path), err)
		}
		if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&found.Schema); err != nil {
			return err
		}
		if err := sqlstore.Known(found.Schema, migrations); err != nil {
			return err
		}
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM jobs`).Scan(&found.Jobs); err != nil {
			return err
		}
		found.Head, err = readHead(ctx, db, found.Schema)
		return err
	})
	return found, err
}

// looksLike keeps SQLite from what is no database: its words for that help
// nobody.
func looksLike(path string) error {
	const magic = "SQLite format 3\x00"
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	begin := make([]byte, len(magic))
	if _, err := file.ReadAt(begin, 0); err != nil || string(begin) != magic {
		return fmt.Errorf("%s is no backup: turno backup makes one", path)
	}
	return nil
}

func readHead(ctx context.Context, db *sql.DB, schema int) (h store.Head, err error) {
	attempts := "attempts"
	if schema < 3 {
		attempts = "0"
	}
	var term, revision int64
	err = db.QueryRowContext(ctx, `SELECT term, revision, next, `+attempts+` FROM head`).Scan(&term, &revision, &h.Next, &h.Attempts)
	h.Term, h.Revision = uint64(term), uint64(revision)
	return h, err
}

// with opens a database that may be another process's, to read.
func with(ctx context.Context, path string, f func(*sql.DB) error) error {
	if _, err := os.Stat(path); err != nil {
		return err // the driver would make one
	}
	db, err := sql.Open("sqlite", source(path, busyTimeout, "query_only(1)"))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	return errors.Join(f(db), db.Close())
}

// Restored is what Restore has done.
type Restored struct {
	Copy
	Kept string // where the store that was there before is now; empty: there was none
}

// restoring is what a copy's name ends in until it takes its place.
const restoring = ".restoring"

// Restore puts a copy of a store, made by Backup or of a store at rest, in the
// place of the one at path, which is kept beside it. Nobody may have that open.
// Before the copy takes its place it is brought to the newest schema and given
// to fence, with the head of the one before, which is zero if there is none that
// can be read: see store.Head.
func Restore(ctx context.Context, path, from string, fence func(s *Store, before store.Head) error) (done Restored, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return done, err
	}
	lock, err := lockfile.Take(path + ".lock")
	if err != nil {
		return done, fmt.Errorf("%w: stop it, and restore again", err)
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if done.Copy, err = Examine(ctx, from); err != nil {
		return done, err
	}
	next := path + restoring
	defer func() { err = errors.Join(err, removeStore(next), removeFile(next+".lock")) }()
	if _, err := copyStore(ctx, from, next); err != nil {
		return done, fmt.Errorf("copy %s: %w", from, err)
	}
	before, err := Examine(ctx, path)
	if err != nil {
		before = Copy{} // nothing is known of it
	}
	s, err := Open(ctx, Options{Path: next})
	if err != nil {
		return done, err
	}
	err = fence(s, before.Head)
	if err = errors.Join(err, s.Close()); err != nil {
		return done, err
	}
	done.Kept, err = replace(path, next, time.Now())
	return done, err
}

// replace puts a store in the place of another one. Between its steps there is
// none: then turno up would begin with an empty one, and so the steps are few.
func replace(path, by string, now time.Time) (kept string, err error) {
	if log, err := os.Stat(by + "-wal"); err == nil && log.Size() > 0 {
		return "", fmt.Errorf("%s has a log of its own: is the disk full?", by) // see writer.close
	}
	if _, err := os.Stat(path); err == nil {
		kept = path + ".before-" + now.UTC().Format("20060102T150405.000Z")
		// A log that is left belongs to it: without its own a store loses commits,
		// and with another's it is damaged.
		for _, suffix := range []string{"-wal", "-shm", ""} {
			if err := os.Rename(path+suffix, kept+suffix); err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
				return "", err
			}
		}
	}
	if err := os.Rename(by, path); err != nil {
		return kept, err
	}
	return kept, syncDir(filepath.Dir(path))
}

func removeStore(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		errs = append(errs, removeFile(path+suffix))
	}
	return errors.Join(errs...)
}

func removeFile(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Raise implements what store.Head tells.
func (s *Store) Raise(ctx context.Context, to store.Head) error {
	l := &s.leading
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holder != "" {
		return fmt.Errorf("raise the head: %w", store.ErrHeld)
	}
	err := s.db.w.transaction(ctx, func() error {
		_, err := s.db.w.conn.ExecContext(ctx, `UPDATE head SET term = MAX(term, ?), revision = MAX(revision, ?), next = MAX(next, ?), attempts = MAX(attempts, ?)`,
			int64(to.Term), int64(to.Revision), to.Next, int64(to.Attempts))
		return err
	})
	if err != nil {
		return fmt.Errorf("raise the head: %w", err)
	}
	l.term = max(l.term, to.Term)
	return nil
}
