package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"turno/internal/store/sqlstore"
)

// migrating is the key of the lock that keeps two processes from migrating at
// once: "turno" in ASCII.
const migrating = 0x7475726e6f

// migrate brings the schema up to date and gives the newest revision.
func (d *db) migrate(ctx context.Context) (revision uint64, err error) {
	l := &link{config: d.writer.config, health: d.health}
	l.mu.Lock()
	conn, err := l.get(ctx)
	l.mu.Unlock()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.close()) }() // and with it the lock
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(migrating)); err != nil {
		return 0, fmt.Errorf("wait for another migration: %w", err)
	}
	if err := sqlstore.Migrate(ctx, migrator{conn}, migrations); err != nil {
		return 0, err
	}
	err = conn.QueryRow(ctx, `SELECT revision FROM head`).Scan(&revision)
	return revision, err
}

// migrator is the sqlstore.Migrator.
type migrator struct{ conn *pgx.Conn }

func (m migrator) Version(ctx context.Context) (version int, err error) {
	_, err = m.conn.Exec(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version int NOT NULL)`)
	if err == nil {
		err = m.conn.QueryRow(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_version`).Scan(&version)
	}
	return version, err
}

func (m migrator) Migrate(ctx context.Context, to int, script string) error {
	tx, err := m.conn.Begin(ctx)
	if err != nil {
		return err
	}
	if _, err = tx.Exec(ctx, script); err == nil {
		_, err = tx.Exec(ctx, `INSERT INTO schema_version VALUES ($1)`, to)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback(ctx))
	}
	return tx.Commit(ctx)
}
