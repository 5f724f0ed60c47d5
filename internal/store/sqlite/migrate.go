package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// migrator is the sqlstore.Migrator. SQLite keeps a number for this in the
// file's header, user_version, which changes with the transaction.
type migrator struct{ conn *sql.Conn }

func (m migrator) Version(ctx context.Context) (version int, err error) {
	err = m.conn.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version)
	return version, err
}

func (m migrator) Migrate(ctx context.Context, to int, script string) error {
	tx, err := m.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, sql := range []string{script, fmt.Sprintf(`PRAGMA user_version = %d`, to)} {
		if _, err := tx.ExecContext(ctx, sql); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}
