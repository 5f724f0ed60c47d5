package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"turno/internal/store"
	"turno/internal/store/sqlite"
	"turno/internal/store/storetest"
)

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// opened is a store that knows where it came from.
type opened struct {
	*sqlite.Store
	path string
}

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Factory{
		New: func(t testing.TB) store.Store {
			path := filepath.Join(t.TempDir(), "data", "turno.db")
			return opened{open(t, path), path}
		},
		Again: func(t testing.TB, s store.Store) store.Store {
			old := s.(opened)
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			return opened{open(t, old.path), old.path}
		},
	})
}

func TestOpen_SecondOwnerIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "turno.db")
	first := open(t, path)
	_, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err == nil || !strings.Contains(err.Error(), "another turno uses this data folder (pid ") {
		t.Fatalf("second Open: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestOpen_NewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "turno.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`PRAGMA user_version = 999`); err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err == nil || !strings.Contains(err.Error(), "the database has schema 999") {
		t.Errorf("Open: %v", err)
	}
}
