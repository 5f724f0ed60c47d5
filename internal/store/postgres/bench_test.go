package postgres_test

import (
	"testing"

	"turno/internal/store"
	"turno/internal/store/storetest"
	"turno/internal/testenv"
)

func BenchmarkCommit(b *testing.B) {
	storetest.BenchmarkCommit(b, func(t testing.TB) store.Store {
		return open(t, testenv.SharedPostgres(t))
	})
}

// BenchmarkList1M reads with a million ended jobs; filling takes a minute.
func BenchmarkList1M(b *testing.B) {
	s := open(b, testenv.SharedPostgres(b))
	storetest.Fill(b, s, 1_000_000)
	storetest.BenchmarkRead(b, s)
}
