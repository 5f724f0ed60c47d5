package postgres_test

import (
	"testing"

	"turno/internal/store"
	"turno/internal/store/postgres"
	"turno/internal/store/storetest"
	"turno/internal/testenv"
)

func open(t testing.TB, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// opened is a store that knows where it came from.
type opened struct {
	*postgres.Store
	url string
}

func TestContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Factory{
		New: func(t testing.TB) store.Store {
			url := testenv.SharedPostgres(t)
			return opened{open(t, url), url}
		},
		Again: func(t testing.TB, s store.Store) store.Store {
			old := s.(opened)
			if _, err := old.Lead(t.Context(), "tester", 0); err != nil {
				t.Fatal(err)
			}
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			return opened{open(t, old.url), old.url}
		},
		Beside: func(t testing.TB, s store.Store) store.Store {
			url := s.(opened).url
			return opened{open(t, url), url}
		},
	})
}
