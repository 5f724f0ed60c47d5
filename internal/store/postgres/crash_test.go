package postgres_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"turno/internal/store"
	"turno/internal/store/postgres"
	"turno/internal/store/storetest"
	"turno/internal/testenv"
)

// TestKill_NothingToldIsMissing kills the server in the middle of commits and
// starts it again: what was told is there, the store connects again by itself.
func TestKill_NothingToldIsMissing(t *testing.T) {
	t.Parallel()
	server := testenv.Postgres(t)
	s := open(t, server.URL())
	in, out := io.Pipe()
	var child sync.WaitGroup
	child.Go(func() {
		err := storetest.CommitAndTell(t, s, out)
		if err == nil || errors.Is(err, store.ErrFenced) || errors.Is(err, store.ErrConflict) {
			t.Errorf("commit while the server was killed: %v", err)
		}
		out.Close()
	})
	at := 10 + rand.Int64N(50)
	told := storetest.Told(t, in, func(n int64) {
		if n == at {
			server.Kill()
		}
	})
	child.Wait()
	if told < at {
		t.Fatalf("commits failed after %d, before the server was killed at %d", told, at)
	}
	server.Start()
	eventually(t, func() error { // the first calls may find the old connections dead
		_, err := s.Summary(t.Context())
		return err
	})
	storetest.CheckAfterCrash(t, s, told)
	// And it is written to again, by the same holder in its old term.
	lead, err := s.Lead(t.Context(), "tester", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	revision := changed(t, s)
	eventually(t, func() error { return s.Commit(t.Context(), store.Batch{Term: lead.Term}) })
	if now := changed(t, s); now < revision {
		t.Errorf("revision %d, was %d", now, revision)
	}
}

// eventually tries again at once, a few times: each try makes a connection
// that was dead anew.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	var err error
	for range 8 {
		if err = f(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

func changed(t *testing.T, s store.Store) uint64 {
	t.Helper()
	_, revision, err := s.Changes(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

// TestLead_LeaderStoppedInACommitIsEvicted plays a leader that was stopped
// after it had sent the first half of a commit: its session holds head locked.
func TestLead_LeaderStoppedInACommitIsEvicted(t *testing.T) {
	t.Parallel()
	url := testenv.SharedPostgres(t)
	s := open(t, url)
	old, err := s.Lead(t.Context(), "old", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["application_name"] = "turno write"
	stopped, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer stopped.Close(context.WithoutCancel(t.Context()))
	execute(t, stopped, "BEGIN")
	execute(t, stopped, "UPDATE head SET revision = revision")
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.WithoutCancel(t.Context()))
	execute(t, other, "UPDATE lead SET until = clock_timestamp()") // and its lead is out
	lead, err := open(t, url).Lead(t.Context(), "new", time.Hour)
	if err != nil || lead.Term <= old.Term {
		t.Fatalf("Lead: %+v, %v", lead, err)
	}
	if err := s.Commit(t.Context(), store.Batch{Term: old.Term}); !errors.Is(err, store.ErrFenced) {
		t.Fatalf("Commit of the old term: %v", err)
	}
}

// TestSchema_NewerIsRefused opens a database that a later turno has written.
func TestSchema_NewerIsRefused(t *testing.T) {
	t.Parallel()
	url := testenv.SharedPostgres(t)
	open(t, url)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	execute(t, conn, "INSERT INTO schema_version VALUES (999)")
	_, err = postgres.Open(t.Context(), postgres.Options{URL: url})
	if err == nil || !strings.Contains(err.Error(), "the database has schema 999") {
		t.Errorf("Open: %v", err)
	}
}

func execute(t *testing.T, c *pgx.Conn, sql string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
