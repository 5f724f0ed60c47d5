package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"turno"
	"turno/internal/failpoint"
	"turno/internal/store"
	"turno/internal/store/sqlstore"
)

// many is how many rows one statement inserts: measured, 1 row a statement
// 68,000 rows/s, 10: 89,000, 50: 90,000, 100: 101,000, 250: 106,000. Changes go
// one a statement: 130,000 rows/s, against 150,000 for 50, but then each tells
// whether its row was in the right state.
const many = 50

// writer is the only connection that writes.
type writer struct {
	mu   sync.Mutex // guards all below: one transaction at a time
	conn *sql.Conn
	stmt statements
	args []any
	// broken says that a sync has failed. The system may have forgotten what it
	// did not write, and a second sync would succeed all the same.
	broken error
}

type statements struct {
	begin, commit, rollback *sql.Stmt
	head, newest, term      *sql.Stmt
	kind, count, span       *sql.Stmt
	job, jobs, spec, specs  *sql.Stmt
	change, turn, rename    *sql.Stmt
	worker, gone            *sql.Stmt
	logSize, log            *sql.Stmt
	dead, boundDead, drop   *sql.Stmt
	webhook                 *sql.Stmt
}

const (
	jobRow  = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	jobCols = `INSERT INTO jobs (number, state, live, kind, idx, parent, spec, id, name, status) VALUES `
	specRow = `(?, ?)`
)

func rows(row string, n int) string { return strings.Repeat(row+",", n-1) + row }

func newWriter(ctx context.Context, pool *sql.DB) (*writer, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn}
	if err = sqlstore.Migrate(ctx, migrator{conn}, migrations); err == nil {
		err = w.prepare(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return w, nil
}

func (w *writer) prepare(ctx context.Context) error {
	s := &w.stmt
	for _, p := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&s.begin, `BEGIN IMMEDIATE`},
		{&s.commit, `COMMIT`},
		{&s.rollback, `ROLLBACK`},
		{&s.head, `UPDATE head SET revision = revision + ?2, next = MAX(next, ?3) WHERE term = ?1`},
		{&s.newest, `SELECT revision FROM head`},
		{&s.term, `UPDATE head SET term = ?1`},
		{&s.kind, `INSERT INTO kinds (kind, queue, usr, type, task) VALUES (?, ?, ?, ?, ?)`},
		{&s.count, `INSERT INTO counts (block, kind, state, n) VALUES (?, ?, ?, ?)
ON CONFLICT (block, kind, state) DO UPDATE SET n = n + excluded.n`},
		{&s.span, `INSERT INTO spans (block, first, last) VALUES (?, ?, ?)
ON CONFLICT (block) DO UPDATE SET first = MIN(first, excluded.first), last = MAX(last, excluded.last)`},
		{&s.job, jobCols + jobRow},
		{&s.jobs, jobCols + rows(jobRow, many)},
		{&s.spec, `INSERT INTO specs (number, spec) VALUES ` + specRow},
		{&s.specs, `INSERT INTO specs (number, spec) VALUES ` + rows(specRow, many)},
		{&s.change, `UPDATE jobs SET state = ?3, status = ?4 WHERE number = ?1 AND state = ?2`},
		{&s.turn, `UPDATE jobs SET state = ?3, status = ?4, live = ?5 WHERE number = ?1 AND state = ?2`},
		{&s.rename, `UPDATE jobs SET name = ?2 WHERE number = ?1`},
		{&s.worker, `INSERT INTO workers (name, worker) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET worker = excluded.worker`},
		{&s.gone, `DELETE FROM workers WHERE name = ?`},
		{&s.logSize, sqlstore.LogSize},
		{&s.dead, sqlstore.AddDeadLetter},
		{&s.boundDead, sqlstore.BoundDeadLetters},
		{&s.drop, sqlstore.DropDeadLetter},
		{&s.webhook, sqlstore.PutWebhook},
		{&s.log, `INSERT INTO logs (job, attempt, start, stop, data) VALUES (?, ?, ?, ?, ?)`},
	} {
		var err error
		if *p.to, err = w.conn.PrepareContext(ctx, p.sql); err != nil {
			return fmt.Errorf("prepare %q: %w", p.sql, err)
		}
	}
	return nil
}

func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	// The log is brought into the file, so that the file alone is the store. A
	// disk that is full keeps both, which is as good for the next Open.
	_, _ = w.conn.ExecContext(context.Background(), `PRAGMA wal_checkpoint(TRUNCATE)`)
	return w.conn.Close()
}

func (w *writer) isBroken() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken != nil
}

// exec runs a statement without a context: each takes microseconds, and the
// driver starts a goroutine for every context that can end.
func exec(s *sql.Stmt, args ...any) (int64, error) {
	result, err := s.Exec(args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// transaction runs f in one; it is undone if f fails.
func (w *writer) transaction(ctx context.Context, f func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := errors.Join(ctx.Err(), w.broken); err != nil {
		return err
	}
	if _, err := exec(w.stmt.begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err := f()
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = failpoint.Hit(failpoint.StoreWritten)
	}
	if err == nil {
		if _, err = exec(w.stmt.commit); err == nil {
			return failpoint.Hit(failpoint.StoreCommitted)
		}
		if err = fmt.Errorf("commit: %w", err); unsynced(err) {
			w.broken = fmt.Errorf("%w: %w", store.ErrBroken, err)
			return w.broken
		}
	}
	// Some errors, as that of a full disk, have undone the transaction already;
	// then there is none to undo, which is as good.
	_, _ = exec(w.stmt.rollback)
	return err
}

// unsynced tells whether an error is that of a sync.
func unsynced(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_IOERR_FSYNC || e.Code() == sqlite3.SQLITE_IOERR_DIR_FSYNC)
}

func (d *db) bumpTerm(ctx context.Context, term uint64) error {
	return d.w.transaction(ctx, func() error {
		_, err := exec(d.w.stmt.term, int64(term))
		return err
	})
}

// Exec implements sqlstore.DB. These statements are few and not prepared.
func (d *db) Exec(ctx context.Context, statements []sqlstore.Statement) error {
	return d.w.transaction(ctx, func() error {
		for _, s := range statements {
			result, err := d.w.conn.ExecContext(context.WithoutCancel(ctx), s.SQL, s.Args...)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			if s.Rows != sqlstore.Any && n != s.Rows {
				return s.Wrong
			}
		}
		return nil
	})
}

// Write implements sqlstore.DB.
func (d *db) Write(ctx context.Context, b *sqlstore.Write) (revision uint64, err error) {
	w := d.w
	err = w.transaction(ctx, func() error {
		n, err := exec(w.stmt.head, int64(b.Term), int64(len(b.Events)), b.Next)
		if err != nil {
			return fmt.Errorf("write head: %w", err)
		}
		if n == 0 {
			return store.ErrFenced
		}
		for _, step := range []func(*sqlstore.Write) error{w.kinds, w.added, w.changed, w.rest, w.logs, w.deadLetters, w.webhooks} {
			if err := step(b); err != nil {
				return err
			}
		}
		revision, err = w.newest()
		return err
	})
	return revision, err
}

func (w *writer) newest() (revision uint64, err error) {
	err = w.stmt.newest.QueryRow().Scan(&revision)
	return revision, err
}

func (w *writer) kinds(b *sqlstore.Write) error {
	for _, k := range b.Kinds {
		if _, err := exec(w.stmt.kind, k.Number, k.Queue, k.User, k.Type, k.Task); err != nil {
			return fmt.Errorf("write kind: %w", err)
		}
	}
	return nil
}

func (w *writer) added(b *sqlstore.Write) error {
	for part := range slices.Chunk(b.Specs, many) {
		args := w.args[:0]
		for i := range part {
			args = append(args, part[i].Number, part[i].Text)
		}
		if err := w.insert(w.stmt.spec, w.stmt.specs, args, len(part)); err != nil {
			return fmt.Errorf("write specs: %w", conflict(err))
		}
	}
	for part := range slices.Chunk(b.Added, many) {
		args := w.args[:0]
		for i := range part {
			a := &part[i]
			args = append(args, a.Number, a.State, a.Live, a.Kind, a.Index, a.Parent, a.Spec, a.ID, a.Name, a.Status)
		}
		if err := w.insert(w.stmt.job, w.stmt.jobs, args, len(part)); err != nil {
			return fmt.Errorf("write jobs: %w", conflict(err))
		}
	}
	return nil
}

// insert writes n rows, together if they are many.
func (w *writer) insert(single, together *sql.Stmt, args []any, n int) error {
	w.args = args
	if n == many {
		_, err := exec(together, args...)
		return err
	}
	for row := range slices.Chunk(args, len(args)/n) {
		if _, err := exec(single, row...); err != nil {
			return err
		}
	}
	return nil
}

// conflict finds out which rule a new row broke.
func conflict(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE: // jobs_id
			return fmt.Errorf("%w (%w)", store.ErrDuplicate, err)
		case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID: // the number
			return fmt.Errorf("%w (%w)", store.ErrConflict, err)
		}
	}
	return err
}

func (w *writer) changed(b *sqlstore.Write) error {
	for i := range b.Changed {
		c := &b.Changed[i]
		stmt, args := w.stmt.change, append(w.args[:0], c.Number, c.From, c.State, c.Status)
		if c.Turns { // only then the index of what is live is touched
			stmt, args = w.stmt.turn, append(args, c.Live)
		}
		n, err := exec(stmt, args...)
		if err != nil {
			return fmt.Errorf("change job %d: %w", c.Number, err)
		}
		if n != 1 {
			return fmt.Errorf("change job %d: %w", c.Number, store.ErrConflict)
		}
	}
	for _, r := range b.Renamed {
		if _, err := exec(w.stmt.rename, r.Number, r.Name); err != nil {
			return fmt.Errorf("rename job %d: %w", r.Number, err)
		}
	}
	return nil
}

// rest writes what is a row or two of each commit.
func (w *writer) rest(b *sqlstore.Write) error {
	for _, c := range b.Counts {
		if _, err := exec(w.stmt.count, c.Block, c.Kind, c.State, c.By); err != nil {
			return fmt.Errorf("write counts: %w", err)
		}
	}
	for _, s := range b.Spans {
		if _, err := exec(w.stmt.span, s.Block, s.First, s.Last); err != nil {
			return fmt.Errorf("write spans: %w", err)
		}
	}
	for _, row := range b.Workers {
		if _, err := exec(w.stmt.worker, row.Name, row.Worker); err != nil {
			return fmt.Errorf("write worker: %w", err)
		}
	}
	for _, name := range b.Gone {
		if _, err := exec(w.stmt.gone, name); err != nil {
			return fmt.Errorf("forget worker: %w", err)
		}
	}
	return nil
}

func (w *writer) logs(b *sqlstore.Write) error {
	fit, err := sqlstore.FitLogs(b.Logs, func(k turno.AttemptKey) (size int64, err error) {
		err = w.stmt.logSize.QueryRow(k.Job, int64(k.Attempt)).Scan(&size)
		return size, err
	})
	if err != nil {
		return err
	}
	for _, c := range fit {
		if _, err := exec(w.stmt.log, c.Job, int64(c.Attempt), c.Offset, c.Offset+int64(len(c.Data)), c.Data); err != nil {
			return fmt.Errorf("write log of %v: %w", c.AttemptKey, err)
		}
	}
	return nil
}

func (w *writer) deadLetters(b *sqlstore.Write) error {
	for i := range b.DeadLetters {
		if _, err := exec(w.stmt.dead, b.DeadLetters[i].Args()...); err != nil {
			return fmt.Errorf("write dead letter: %w", err)
		}
	}
	if len(b.DeadLetters) > 0 {
		if _, err := exec(w.stmt.boundDead, b.Keep, b.KeepBytes); err != nil {
			return fmt.Errorf("bound dead letters: %w", err)
		}
	}
	for _, number := range b.Dropped {
		if _, err := exec(w.stmt.drop, number); err != nil {
			return fmt.Errorf("drop dead letter %d: %w", number, err)
		}
	}
	return nil
}

func (w *writer) webhooks(b *sqlstore.Write) error {
	for i := range b.Webhooks {
		if _, err := exec(w.stmt.webhook, b.Webhooks[i].Args()...); err != nil {
			return fmt.Errorf("write webhook: %w", err)
		}
	}
	return nil
}
