package sqlite_test

import (
	"path/filepath"
	"testing"

	"turno/internal/store"
	"turno/internal/store/storetest"
)

func BenchmarkCommit(b *testing.B) {
	storetest.BenchmarkCommit(b, func(t testing.TB) store.Store {
		return open(t, filepath.Join(t.TempDir(), "turno.db"))
	})
}

// BenchmarkList1M reads with a million ended jobs; filling takes a minute.
func BenchmarkList1M(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "turno.db"))
	storetest.Fill(b, s, 1_000_000)
	storetest.BenchmarkRead(b, s)
}
