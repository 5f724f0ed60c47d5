package sqlstore

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Migrator is a database whose schema can be moved on. It makes sure that only
// one process does so at a time.
type Migrator interface {
	// Version is the schema's; 0 of an empty database.
	Version(ctx context.Context) (int, error)
	// Migrate runs a script and sets the version, in one transaction.
	Migrate(ctx context.Context, to int, script string) error
}

// Known refuses a schema that is newer than this program.
func Known(version int, files fs.FS) error {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err == nil && version > len(names) {
		err = fmt.Errorf("the database has schema %d, this turno knows up to %d: use the turno that wrote it, or a newer one", version, len(names))
	}
	return err
}

// Migrate brings a database to the newest schema: files are scripts by name,
// 001_name.sql, and run in order. Schemas only move forward; one that is newer
// than this program is refused.
func Migrate(ctx context.Context, m Migrator, files fs.FS) error {
	version, err := m.Version(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	if err := Known(version, files); err != nil {
		return err
	}
	for i, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return fmt.Errorf("migration %s is not number %d", name, i+1)
		}
		if i < version {
			continue
		}
		script, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("read migration: %w", err)
		}
		if err := m.Migrate(ctx, i+1, string(script)); err != nil {
			return fmt.Errorf("migrate to schema %d: %w", i+1, err)
		}
	}
	return nil
}
