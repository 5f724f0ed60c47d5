package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"turno"
	"turno/internal/store/sqlstore"
)

// db is the sqlstore.DB.
type db struct {
	health  *health
	writer  *link
	access  *link // what is no state of jobs: apart, so that it waits for no commit
	readers pool

	untrimmed int // events since old ones were removed; owned by who holds writer.mu
}

// readTimeout bounds one statement: the longest there is, Load of a million
// jobs, takes ten seconds.
const readTimeout = 5 * time.Minute

// accessTimeout bounds a write of tokens or of the audit log: a person waits.
const accessTimeout = 10 * time.Second

func newDB(config *pgx.ConnConfig) *db {
	w := session(config, "turno write", commitTimeout)
	// Every statement of the writer finds its rows by key. The planner, whose
	// statistics lag behind a table that grows by 10,000 rows a second, must not
	// think otherwise, nor think anew each time.
	for _, off := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"} {
		w.RuntimeParams[off] = "off"
	}
	w.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	w.RuntimeParams["synchronous_commit"] = "on" // whatever the server's default
	r := session(config, "turno read", readTimeout)
	r.RuntimeParams["default_transaction_read_only"] = "on"
	r.RuntimeParams["jit"] = "off"
	h := &health{}
	a := session(config, "turno access", accessTimeout)
	a.RuntimeParams["synchronous_commit"] = "on"
	return &db{health: h, writer: &link{config: w, health: h}, access: &link{config: a, health: h}, readers: newPool(r, h, readers)}
}

func (d *db) close() error { return errors.Join(d.writer.close(), d.access.close(), d.readers.close()) }

// dollars makes PostgreSQL's parameters of ?1, ?2, …
func dollars(sql string) string { return strings.ReplaceAll(sql, "?", "$") }

// Query implements sqlstore.Reader: one statement, on a connection that is
// given back when the rows are closed.
func (d *db) Query(ctx context.Context, sql string, args ...any) (sqlstore.Rows, error) {
	link, conn, err := d.readers.take(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := conn.Query(ctx, dollars(sql), args...)
	if err != nil {
		d.readers.give(link)
		return nil, err
	}
	return &rows{Rows: answer, done: func() { d.readers.give(link) }}, nil
}

// rows is a sqlstore.Rows.
type rows struct {
	pgx.Rows
	done func()
}

func (r *rows) Close() error {
	r.Rows.Close()
	if r.done != nil {
		r.done()
		r.done = nil
	}
	return nil
}

// View implements sqlstore.DB.
func (d *db) View(ctx context.Context, f func(sqlstore.Reader) error) error {
	link, conn, err := d.readers.take(ctx)
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	defer d.readers.give(link)
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	if err := f(view{tx}); err != nil {
		// The connection is of no use when this fails, and get finds that out.
		_ = tx.Rollback(ctx)
		return err
	}
	return tx.Commit(ctx)
}

// view is a sqlstore.Reader in a transaction.
type view struct{ tx pgx.Tx }

func (v view) Query(ctx context.Context, sql string, args ...any) (sqlstore.Rows, error) {
	answer, err := v.tx.Query(ctx, dollars(sql), args...)
	if err != nil {
		return nil, err
	}
	return &rows{Rows: answer}, nil
}

// Exec implements sqlstore.DB.
func (d *db) Exec(ctx context.Context, statements []sqlstore.Statement) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, accessTimeout, errors.New("the database did not answer in time"))
	defer cancel()
	d.access.mu.Lock()
	defer d.access.mu.Unlock()
	conn, err := d.access.get(ctx)
	if err != nil {
		return err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignore(tx.Rollback(ctx), pgx.ErrTxClosed))
		}
	}()
	for _, s := range statements {
		done, err := tx.Exec(ctx, dollars(s.SQL), s.Args...)
		if err != nil {
			return err
		}
		if s.Rows != sqlstore.Any && done.RowsAffected() != s.Rows {
			return s.Wrong
		}
	}
	return tx.Commit(ctx)
}

// historyAtOnce is how many commits are read together; of 1000 jobs each they
// are a megabyte.
const historyAtOnce = 64

// history reads events after a revision, in order; none where the first of
// them is gone.
func (d *db) history(ctx context.Context, after uint64) ([]turno.Event, error) {
	answer, err := d.Query(ctx, `SELECT last, data FROM events WHERE last > ?1 ORDER BY last LIMIT ?2`, int64(after), int64(historyAtOnce))
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	var events []turno.Event
	for answer.Next() {
		var last int64
		var data []byte
		if err := answer.Scan(&last, &data); err != nil {
			return nil, err
		}
		some, err := sqlstore.UnpackEvents(data, uint64(last))
		if err != nil {
			return nil, err
		}
		for len(some) > 0 && some[0].Revision <= after {
			some = some[1:]
		}
		if len(some) == 0 || some[0].Revision != after+uint64(len(events))+1 {
			break
		}
		events = append(events, some...)
	}
	return events, answer.Err()
}
