package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"turno"
	"turno/internal/failpoint"
	"turno/internal/store"
	"turno/internal/store/sqlstore"
)

// PostgreSQL's error codes that mean something here.
const (
	divisionByZero   = "22012"
	uniqueViolation  = "23505"
	lockNotAvailable = "55P03"
)

// A commit is a batch of statements that is sent at once and ends with one
// Sync: that makes them one transaction, and the answer to the Sync says that
// it is durable. A statement that finds something wrong divides by zero, which
// undoes everything; step.wrong says what it then means.
const (
	writeHead = `WITH h AS (
UPDATE head SET revision = revision + $2, next = GREATEST(next, $3) WHERE term = $1 RETURNING revision)
SELECT COALESCE((SELECT revision FROM h), 1 / (SELECT count(*) FROM h))`
	writeKinds = `INSERT INTO kinds (kind, queue, usr, type, task)
SELECT * FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::int8[])`
	writeSpecs = `INSERT INTO specs (number, spec) SELECT * FROM unnest($1::int8[], $2::text[])`
	writeJobs  = `INSERT INTO jobs (number, idx, parent, spec, kind, state, live, id, name, status)
SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::bytea[], $9::text[], $10::text[])`
	writeChanged = `WITH u AS (
UPDATE jobs j SET state = c.state, live = c.live, status = c.status
FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::text[]) c(number, was, state, live, status)
WHERE j.number = c.number AND j.state = c.was RETURNING 1)
SELECT 1 / (CASE WHEN (SELECT count(*) FROM u) = cardinality($1) THEN 1 ELSE 0 END)`
	writeRenamed = `UPDATE jobs j SET name = r.name FROM unnest($1::int8[], $2::text[]) r(number, name) WHERE j.number = r.number`
	writeCounts  = `INSERT INTO counts (block, kind, state, n)
SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[])
ON CONFLICT (block, kind, state) DO UPDATE SET n = counts.n + excluded.n`
	writeSpans = `INSERT INTO spans (block, first, last) SELECT block, MIN(first), MAX(last)
FROM unnest($1::int8[], $2::int8[], $3::int8[]) s(block, first, last) GROUP BY block
ON CONFLICT (block) DO UPDATE SET first = LEAST(spans.first, excluded.first), last = GREATEST(spans.last, excluded.last)`
	writeWorkers = `INSERT INTO workers (name, worker) SELECT * FROM unnest($1::text[], $2::text[])
ON CONFLICT (name) DO UPDATE SET worker = excluded.worker`
	writeGone   = `DELETE FROM workers WHERE name = ANY ($1::text[])`
	writeLog    = `INSERT INTO logs (job, attempt, start, stop, data) VALUES ($1, $2, $3, $4, $5)`
	writeEvents = `INSERT INTO events (last, n, data) SELECT revision, $1, $2 FROM head`
	notify      = `SELECT pg_notify('` + channel + `', revision::text) FROM head`
	trimEvents  = `DELETE FROM events WHERE last < (SELECT revision FROM head) - $1::int8`
)

// keepEvents is how many events other processes can catch up on, and trimEach
// after how many new ones older ones are removed.
const keepEvents, trimEach = 1 << 17, 1 << 14

// step is a statement of a batch.
type step struct {
	what  string
	wrong error // what a division by zero means
}

// batch is a commit as it is sent.
type batch struct {
	pgx.Batch
	steps []step
}

func (b *batch) add(what string, wrong error, sql string, args ...any) {
	b.Queue(sql, args...)
	b.steps = append(b.steps, step{what, wrong})
}

// Write implements sqlstore.DB.
func (d *db) Write(ctx context.Context, w *sqlstore.Write) (uint64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, commitTimeout, errors.New("the database did not answer in time"))
	defer cancel()
	l := d.writer
	l.mu.Lock()
	defer l.mu.Unlock()
	conn, err := l.get(ctx)
	if err != nil {
		return 0, err
	}
	if len(w.Logs) == 0 {
		return d.send(ctx, conn, w, nil)
	}
	return d.writeWithLogs(ctx, conn, w)
}

// writeWithLogs has to know how long the logs are that are stored, and that
// nobody makes them longer meanwhile: two more round trips.
func (d *db) writeWithLogs(ctx context.Context, conn *pgx.Conn, w *sqlstore.Write) (revision uint64, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return 0, fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignore(tx.Rollback(ctx), pgx.ErrTxClosed))
		}
	}()
	var term uint64
	if err := tx.QueryRow(ctx, `SELECT term FROM head FOR UPDATE`).Scan(&term); err != nil {
		return 0, fmt.Errorf("read term: %w", err)
	}
	if term != w.Term {
		return 0, store.ErrFenced
	}
	fit, err := sqlstore.FitLogs(w.Logs, func(k turno.AttemptKey) (size int64, err error) {
		err = tx.QueryRow(ctx, dollars(sqlstore.LogSize), k.Job, int64(k.Attempt)).Scan(&size)
		return size, err
	})
	if err != nil {
		return 0, err
	}
	if revision, err = d.send(ctx, conn, w, fit); err != nil {
		return 0, err
	}
	if err := tx.Commit(ctx); err != nil {
		return 0, fmt.Errorf("commit: %w", err)
	}
	return revision, nil
}

func ignore(err, ignored error) error {
	if errors.Is(err, ignored) {
		return nil
	}
	return err
}

// send sends a batch and reads its answers. Until Close has read the answer to
// the Sync nothing is known to be durable.
func (d *db) send(ctx context.Context, conn *pgx.Conn, w *sqlstore.Write, logs []turno.LogChunk) (revision uint64, err error) {
	b := d.batch(w, logs)
	answers := conn.SendBatch(ctx, &b.Batch)
	for i, s := range b.steps {
		if i == 0 {
			err = answers.QueryRow().Scan(&revision)
		} else {
			_, err = answers.Exec()
		}
		if err != nil {
			_ = answers.Close() // says the same
			return 0, fmt.Errorf("write %s: %w", s.what, s.meaning(err))
		}
	}
	if err := failpoint.Hit(failpoint.StoreWritten); err != nil {
		_ = answers.Close() // it may be committed or not
		return 0, err
	}
	if err := answers.Close(); err != nil {
		return 0, fmt.Errorf("commit: %w", err)
	}
	if err := failpoint.Hit(failpoint.StoreCommitted); err != nil {
		return 0, err
	}
	if d.untrimmed += len(w.Events); d.untrimmed > trimEach {
		d.untrimmed = 0
	}
	return revision, nil
}

// meaning finds out which rule was broken.
func (s step) meaning(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Code == divisionByZero && s.wrong != nil:
		return s.wrong
	case e.Code == uniqueViolation && e.ConstraintName == "jobs_id":
		return fmt.Errorf("%w (%w)", store.ErrDuplicate, err)
	case e.Code == uniqueViolation && (e.ConstraintName == "jobs_pkey" || e.ConstraintName == "specs_pkey"):
		return fmt.Errorf("%w (%w)", store.ErrConflict, err)
	case e.Code == uniqueViolation && e.TableName == "kinds":
		return sqlstore.ErrStale
	}
	return err
}

func (d *db) batch(w *sqlstore.Write, logs []turno.LogChunk) *batch {
	b := &batch{}
	b.add("head", store.ErrFenced, writeHead, int64(w.Term), int64(len(w.Events)), w.Next)
	if len(w.Kinds) > 0 {
		b.kinds(w.Kinds)
	}
	if len(w.Added) > 0 {
		b.added(w)
	}
	if len(w.Changed) > 0 {
		b.changed(w.Changed)
	}
	if len(w.Renamed) > 0 {
		b.renamed(w.Renamed)
	}
	if len(w.Counts) > 0 {
		b.counts(w.Counts)
	}
	if len(w.Spans) > 0 {
		b.spans(w.Spans)
	}
	if len(w.Workers) > 0 {
		names, workers := make([]string, len(w.Workers)), make([]string, len(w.Workers))
		for i, row := range w.Workers {
			names[i], workers[i] = row.Name, row.Worker
		}
		b.add("workers", nil, writeWorkers, names, workers)
	}
	if len(w.Gone) > 0 {
		b.add("gone workers", nil, writeGone, w.Gone)
	}
	for _, c := range logs {
		b.add("log", nil, writeLog, c.Job, int64(c.Attempt), c.Offset, c.Offset+int64(len(c.Data)), c.Data)
	}
	b.deadLetters(w)
	for i := range w.Webhooks {
		b.add("webhook", nil, dollars(sqlstore.PutWebhook), w.Webhooks[i].Args()...)
	}
	if len(w.Events) > 0 {
		b.add("events", nil, writeEvents, int64(len(w.Events)), sqlstore.PackEvents(w.Events))
		b.add("notification", nil, notify)
		if d.untrimmed+len(w.Events) > trimEach {
			b.add("old events", nil, trimEvents, int64(keepEvents))
		}
	}
	return b
}

func (b *batch) renamed(renamed []sqlstore.Renamed) {
	number, name := make([]int64, len(renamed)), make([]string, len(renamed))
	for i, r := range renamed {
		number[i], name[i] = r.Number, r.Name
	}
	b.add("search texts", nil, writeRenamed, number, name)
}

func (b *batch) spans(spans []sqlstore.Span) {
	n := len(spans)
	block, first, last := make([]int64, n), make([]int64, n), make([]int64, n)
	for i, s := range spans {
		block[i], first[i], last[i] = s.Block, s.First, s.Last
	}
	b.add("spans", nil, writeSpans, block, first, last)
}

func (b *batch) deadLetters(w *sqlstore.Write) {
	for i := range w.DeadLetters {
		b.add("dead letter", nil, dollars(sqlstore.AddDeadLetter), w.DeadLetters[i].Args()...)
	}
	if len(w.DeadLetters) > 0 {
		b.add("bound of dead letters", nil, dollars(sqlstore.BoundDeadLetters), w.Keep, w.KeepBytes)
	}
	for _, number := range w.Dropped {
		b.add("drop of a dead letter", nil, dollars(sqlstore.DropDeadLetter), number)
	}
}

func (b *batch) kinds(kinds []sqlstore.Kind) {
	n := len(kinds)
	number, task := make([]int64, n), make([]int64, n)
	queue, user, typ := make([]string, n), make([]string, n), make([]string, n)
	for i, k := range kinds {
		number[i], queue[i], user[i], typ[i], task[i] = k.Number, k.Queue, k.User, k.Type, k.Task
	}
	b.add("kinds", nil, writeKinds, number, queue, user, typ, task)
}

func (b *batch) added(w *sqlstore.Write) {
	n := len(w.Added)
	numbers := make([]int64, 7*n) // seven columns in one piece
	column := func(i int) []int64 { return numbers[i*n : (i+1)*n : (i+1)*n] }
	number, index, parent, spec, kind, state, live := column(0), column(1), column(2), column(3), column(4), column(5), column(6)
	id, name, status := make([][]byte, n), make([]string, n), make([]string, n)
	for i := range w.Added {
		a := &w.Added[i]
		number[i], index[i], parent[i], spec[i] = a.Number, a.Index, a.Parent, a.Spec
		kind[i], state[i], live[i] = a.Kind, a.State, a.Live
		id[i], name[i], status[i] = a.ID, a.Name, a.Status
	}
	specNumber, specText := make([]int64, len(w.Specs)), make([]string, len(w.Specs))
	for i := range w.Specs {
		specNumber[i], specText[i] = w.Specs[i].Number, w.Specs[i].Text
	}
	b.add("specs", nil, writeSpecs, specNumber, specText)
	b.add("jobs", nil, writeJobs, number, index, parent, spec, kind, state, live, id, name, status)
}

func (b *batch) changed(changed []sqlstore.Changed) {
	n := len(changed)
	number, from, state, live := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	status := make([]string, n)
	for i := range changed {
		c := &changed[i]
		number[i], from[i], state[i], live[i], status[i] = c.Number, c.From, c.State, c.Live, c.Status
	}
	b.add("changes of jobs", store.ErrConflict, writeChanged, number, from, state, live, status)
}

func (b *batch) counts(counts []sqlstore.Count) {
	n := len(counts)
	block, kind, state, by := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, c := range counts {
		block[i], kind[i], state[i], by[i] = c.Block, c.Kind, c.State, c.By
	}
	b.add("counts", nil, writeCounts, block, kind, state, by)
}
