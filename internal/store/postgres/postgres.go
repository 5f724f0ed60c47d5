// Package postgres is the store of many machines: several schedulers may stand
// by, one leads, and every process reads.
//
//	Commit ─▶ the writer's connection: one batch, one round trip, one transaction
//	reads  ─▶ a few connections, each read on one snapshot
//	LISTEN ─▶ the listener's connection ─▶ events of other processes ─▶ feed
//
// Each commit locks the row head and is refused when a newer term stands
// there; who leads is decided by the server's clock. Connections that break
// are made again when they are next needed. It needs sessions: a pooler in
// between has to be in session mode.
//
// One goroutine listens from Open to Close.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"turno/internal/store"
	"turno/internal/store/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options of Open.
type Options struct {
	URL string // postgres://user:password@host:port/database?sslmode=…
	Log *slog.Logger
}

const (
	// commitTimeout bounds a commit where nobody else does, so that a cable
	// that was cut is noticed. The server gives up at the same time.
	commitTimeout = 30 * time.Second
	// leadTimeout bounds taking the lead: it must be known to have failed before
	// the lead, 15 s as a rule, is out.
	leadTimeout = 5 * time.Second
	// readers is how many reads a process does at once; the server's memory is
	// for all processes together.
	readers = 4
)

// Store is a store in a PostgreSQL database.
type Store struct {
	*sqlstore.Store
	db     *db
	leads  *link // apart from the writer: a long commit must not keep a lead from being renewed
	log    *slog.Logger
	stop   context.CancelFunc // ends the listener
	listen sync.WaitGroup
	close  func() error
}

var (
	_ store.Store = (*Store)(nil)
	_ store.Sized = (*Store)(nil)
)

// Open connects to the database and brings its schema up to date.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err) // the driver leaves the password out
	}
	leads := session(config, "turno lead", leadTimeout)
	leads.RuntimeParams["lock_timeout"] = "1000" // see evict
	db := newDB(config)
	s := &Store{db: db, leads: &link{config: leads, health: db.health}, log: o.Log}
	revision, err := s.db.migrate(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.db.close())
	}
	s.Store = sqlstore.New(sqlstore.Options{
		DB: s.db, Log: o.Log, Find: "strpos", Submitted: submitted, Revision: revision, History: s.db.history,
	})
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.close = sync.OnceValue(func() error {
		s.stop()
		s.listen.Wait()
		return errors.Join(s.leads.close(), s.db.close())
	})
	l := &listener{db: db, store: s.Store, log: o.Log}
	l.config, l.health = session(config, "turno listen", 0), db.health
	s.listen.Go(func() { l.run(ctx) })
	return s, nil
}

// submitted finds a job's time of submission in its status. A text in front of
// it cannot hold this: its quotes are escaped.
const submitted = `COALESCE(CAST(substring(j.status FROM '"sub":(-[0-9]+|[0-9]+)') AS int8), -62135596800000000)`

// Close closes the store. It waits for calls that are under way; after it no
// call may be made.
func (s *Store) Close() error {
	return s.close()
}

// Size implements store.Sized.
func (s *Store) Size(ctx context.Context) (bytes int64, err error) {
	rows, err := s.db.Query(ctx, `SELECT pg_database_size(current_database())`)
	if err == nil {
		defer rows.Close()
		rows.Next()
		err = errors.Join(rows.Scan(&bytes), rows.Err())
	}
	if err != nil {
		return 0, fmt.Errorf("look at the store's size: %w", err)
	}
	return bytes, nil
}

// session is the configuration of one kind of connection.
func session(from *pgx.ConnConfig, name string, timeout time.Duration) *pgx.ConnConfig {
	c := from.Copy()
	c.RuntimeParams["application_name"] = name
	if timeout > 0 {
		c.RuntimeParams["statement_timeout"] = fmt.Sprint(timeout.Milliseconds())
		c.RuntimeParams["idle_in_transaction_session_timeout"] = fmt.Sprint(timeout.Milliseconds())
	}
	// The server notices within 10 s that this machine is gone, and frees its
	// locks: with its defaults that takes two hours.
	c.RuntimeParams["tcp_keepalives_idle"] = "5"
	c.RuntimeParams["tcp_keepalives_interval"] = "2"
	c.RuntimeParams["tcp_keepalives_count"] = "3"
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3,
	}}
	c.DialFunc = dialer.DialContext
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = leadTimeout
	}
	return c
}
