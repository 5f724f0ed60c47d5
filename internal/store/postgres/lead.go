package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"turno/internal/store"
)

// The lead is a row with an end by the server's clock, and the term in head is
// what fences: whoever takes over raises it, and a commit of an older term
// then fails, however late it comes.
const (
	renew = `UPDATE lead SET until = clock_timestamp() + $2 * interval '1 microsecond'
WHERE holder = $1 AND until > clock_timestamp() RETURNING (SELECT term FROM head)`
	take = `WITH taken AS (
UPDATE lead SET holder = $1, until = clock_timestamp() + $2 * interval '1 microsecond'
WHERE until <= clock_timestamp() RETURNING 1)
UPDATE head SET term = term + 1 FROM taken RETURNING term`
	giveUp = `UPDATE lead SET until = '-infinity' WHERE holder = $1 AND until > clock_timestamp()`
	who    = `SELECT holder, (SELECT term FROM head),
(EXTRACT(epoch FROM until - clock_timestamp()) * 1000000)::int8 FROM lead WHERE until > clock_timestamp()`

	// A leader that was stopped in the middle of sending a commit keeps head
	// locked, for as long as it is stopped. Who is to follow ends its session.
	evict = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'turno write' AND xact_start < clock_timestamp() - interval '500 ms'`
)

// Lead implements store.Store.
func (s *Store) Lead(ctx context.Context, holder string, ttl time.Duration) (store.Lead, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, leadTimeout, errors.New("the database did not answer in time"))
	defer cancel()
	s.leads.mu.Lock()
	defer s.leads.mu.Unlock()
	lead, err := s.lead(ctx, holder, ttl)
	if err != nil && !errors.Is(err, store.ErrHeld) {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w (%w)", ctx.Err(), err)
		}
		return store.Lead{}, fmt.Errorf("take the lead: %w", err)
	}
	return lead, err
}

func (s *Store) lead(ctx context.Context, holder string, ttl time.Duration) (store.Lead, error) {
	conn, err := s.leads.get(ctx)
	if err != nil {
		return store.Lead{}, err
	}
	if ttl <= 0 {
		_, err := conn.Exec(ctx, giveUp, holder)
		return store.Lead{}, err
	}
	// Between two of these statements another process may take or lose the
	// lead; then it is all asked again.
	for {
		lead := store.Lead{Holder: holder, For: ttl}
		for _, sql := range []string{renew, take} {
			found, err := s.ask(ctx, conn, sql, holder, ttl, &lead.Term)
			if found || err != nil {
				return lead, err
			}
		}
		var micros int64
		err := conn.QueryRow(ctx, who).Scan(&lead.Holder, &lead.Term, &micros)
		if err == nil {
			lead.For = time.Duration(micros) * time.Microsecond
			return lead, store.ErrHeld
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return store.Lead{}, err
		}
	}
}

// ask runs renew or take, and makes way for it if a lock is held too long.
func (s *Store) ask(ctx context.Context, conn *pgx.Conn, sql, holder string, ttl time.Duration, term *uint64) (bool, error) {
	for {
		err := conn.QueryRow(ctx, sql, holder, ttl.Microseconds()).Scan(term)
		var e *pgconn.PgError
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, pgx.ErrNoRows):
			return false, nil
		case !errors.As(err, &e) || e.Code != lockNotAvailable:
			return false, err
		}
		s.log.Warn("ended the session of a scheduler that no longer leads", "holder", holder)
		if _, err := conn.Exec(ctx, evict); err != nil {
			return false, fmt.Errorf("end another scheduler's session: %w", err)
		}
	}
}
