package postgres_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"turno/internal/store/postgres"
	"turno/internal/store/storetest"
	"turno/internal/testenv"
)

// run executes a script.
func run(t *testing.T, url, script string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.PgConn().Exec(t.Context(), script).ReadAll(); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestMigrate_FromEverySchema opens what earlier turnos have left.
func TestMigrate_FromEverySchema(t *testing.T) {
	t.Parallel()
	dumps, err := filepath.Glob("testdata/schema*.sql")
	if err != nil || len(dumps) == 0 {
		t.Fatal(dumps, err)
	}
	for _, dump := range dumps {
		t.Run(filepath.Base(dump), func(t *testing.T) {
			t.Parallel()
			script, err := os.ReadFile(dump)
			if err != nil {
				t.Fatal(err)
			}
			url := testenv.SharedPostgres(t)
			run(t, url, string(script))
			storetest.Migrated(t, open(t, url))
			open(t, url) // the second time there is nothing to do
		})
	}
}

// TestOpen_NewerSchemaIsRefused: what a newer turno has left is not touched.
func TestOpen_NewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	url := testenv.SharedPostgres(t)
	if err := open(t, url).Close(); err != nil {
		t.Fatal(err)
	}
	run(t, url, `INSERT INTO schema_version VALUES (999)`)
	_, err := postgres.Open(t.Context(), postgres.Options{URL: url})
	if err == nil || !strings.Contains(err.Error(), "the database has schema 999, this turno knows up to") || !strings.Contains(err.Error(), "or a newer one") {
		t.Errorf("it says %v", err)
	}
}
