package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"turno/internal/store/sqlstore"
)

// db is the sqlstore.DB.
type db struct {
	sqlstore.Reader
	readers, writers *sql.DB
	w                *writer
}

// close closes all connections. Of a file whose sync has failed it leaves them
// to the end of the process: the last to close would bring the log into the
// database, and it is not known what the log holds.
func (d *db) close() error {
	if d.w.isBroken() {
		return nil
	}
	return errors.Join(d.readers.Close(), d.w.close(), d.writers.Close())
}

// queryer makes a sqlstore.Reader of a database or a transaction.
type queryer struct {
	q interface {
		QueryContext(ctx context.Context, sql string, args ...any) (*sql.Rows, error)
	}
}

func (q queryer) Query(ctx context.Context, sql string, args ...any) (sqlstore.Rows, error) {
	rows, err := q.q.QueryContext(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// View implements sqlstore.DB.
func (d *db) View(ctx context.Context, f func(sqlstore.Reader) error) error {
	tx, err := d.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	err = f(queryer{tx})
	return errors.Join(err, ignore(tx.Rollback(), sql.ErrTxDone))
}

func ignore(err, ignored error) error {
	if errors.Is(err, ignored) {
		return nil
	}
	return err
}
