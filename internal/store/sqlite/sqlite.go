// Package sqlite is the store of one machine: a file beside the process that
// owns it. It is durable (WAL, synced at each commit), needs no server, and
// only one process can have it open: who leads is who opened it.
//
//	writer: one connection, its statements prepared once, one batch at a time
//	readers: a few connections, each read on one snapshot, beside the writer
//
// It starts no goroutines. Not for network file systems.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"turno/internal/lockfile"
	"turno/internal/store"
	"turno/internal/store/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options of Open.
type Options struct {
	// Path of the database file. Beside it stand its log (-wal, -shm) and its
	// lock (.lock). The folder is made if it is not there.
	Path string
	Log  *slog.Logger
}

// Store is a store in a file.
type Store struct {
	*sqlstore.Store
	path  string
	db    *db
	close func() error

	leading leading
}

// leading is who leads. It is not in the file: what opens it anew leads anew.
type leading struct {
	mu     sync.Mutex // guards holder; held while the term is written, which only Lead does
	holder string
	term   uint64
}

var (
	_ store.Store = (*Store)(nil)
	_ store.Sized = (*Store)(nil)
)

// Open opens the store, or makes it. It fails when another process has it.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	lock, err := lockfile.Take(o.Path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", o.Path, err)
	}
	s, err := open(ctx, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", o.Path, err), lock.Release())
	}
	s.close = sync.OnceValue(func() error { return errors.Join(s.db.close(), lock.Release()) })
	return s, nil
}

func open(ctx context.Context, o Options) (*Store, error) {
	if _, err := os.Stat(o.Path); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(o.Path + restoring); err == nil {
			return nil, errors.New("a restore was interrupted: run turno restore again")
		}
	}
	// The file is only its owner's to read: specs may hold what users typed.
	file, err := os.OpenFile(o.Path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	db, err := openDB(ctx, o.Path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: o.Path, db: db}
	var term, revision int64
	rows, err := db.Query(ctx, `SELECT term, revision FROM head`)
	if err == nil {
		defer rows.Close()
		rows.Next()
		err = errors.Join(rows.Scan(&term, &revision), rows.Err())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read head: %w", err), db.close())
	}
	s.leading.term = uint64(term)
	s.Store = sqlstore.New(sqlstore.Options{DB: db, Log: o.Log, Find: "instr", Submitted: submitted, Revision: uint64(revision)})
	return s, nil
}

// submitted finds a job's time of submission in its status. A text in front of
// it cannot hold this: its quotes are escaped.
const submitted = `CASE WHEN instr(j.status, '"sub":') = 0 THEN -62135596800000000
ELSE CAST(substr(j.status, instr(j.status, '"sub":') + 6, 20) AS INTEGER) END`

// Close closes the store. It waits for a commit that is under way; other calls
// fail.
func (s *Store) Close() error { return s.close() }

// Size implements store.Sized: the file and its log.
func (s *Store) Size(context.Context) (int64, error) {
	var sum int64
	for _, name := range []string{s.path, s.path + "-wal"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // there is no log
		}
		if err != nil {
			return 0, fmt.Errorf("look at the store's size: %w", err)
		}
		sum += info.Size()
	}
	return sum, nil
}

// Lead implements store.Store. Whoever asks first leads until he gives it up
// or the process ends.
func (s *Store) Lead(ctx context.Context, holder string, ttl time.Duration) (store.Lead, error) {
	if err := ctx.Err(); err != nil {
		return store.Lead{}, fmt.Errorf("take the lead: %w", err)
	}
	l := &s.leading
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case ttl <= 0:
		if l.holder == holder {
			l.holder = ""
		}
		return store.Lead{}, nil
	case l.holder == "":
		if err := s.db.bumpTerm(ctx, l.term+1); err != nil {
			return store.Lead{}, fmt.Errorf("take the lead: %w", err)
		}
		l.holder, l.term = holder, l.term+1
	}
	lead := store.Lead{Term: l.term, Holder: l.holder, For: ttl, Forever: true}
	if l.holder != holder {
		return lead, store.ErrHeld
	}
	return lead, nil
}

// source is the name under which the driver opens the file.
func source(path string, pragmas ...string) string {
	q := url.Values{"_pragma": pragmas}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String()
}

const (
	// busyTimeout bounds the wait for a lock: with one writer only a reader
	// that recovers the log, or somebody's sqlite3 shell, can be in the way.
	busyTimeout = "busy_timeout(5000)"
	// readers is how many reads run at once: more than processors is no gain.
	readers = 4
)

func openDB(ctx context.Context, path string) (*db, error) {
	// synchronous FULL syncs at each commit: with NORMAL a power cut took 240
	// of 319 commits (FACTS). The log is brought into the file every 4000 pages,
	// 16 MB, four times the default: hot pages are then written once for many
	// commits. cache_size is in KiB.
	w, err := sql.Open("sqlite", source(path, busyTimeout, "journal_mode(wal)", "synchronous(full)",
		"wal_autocheckpoint(4000)", "cache_size(-65536)", "temp_store(memory)"))
	if err != nil {
		return nil, err
	}
	r, err := sql.Open("sqlite", source(path, busyTimeout, "query_only(1)", "cache_size(-16384)", "mmap_size(0)"))
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	r.SetMaxOpenConns(readers)
	r.SetMaxIdleConns(readers)
	d := &db{Reader: queryer{r}, readers: r, writers: w}
	if d.w, err = newWriter(ctx, w); err != nil {
		return nil, errors.Join(err, w.Close(), r.Close())
	}
	return d, nil
}
