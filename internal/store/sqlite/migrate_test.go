package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"turno/internal/store/storetest"
)

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
			path := filepath.Join(t.TempDir(), "turno.db")
			run(t, path, string(script))
			s := open(t, path)
			storetest.Migrated(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			open(t, path) // the second time there is nothing to do
		})
	}
}
