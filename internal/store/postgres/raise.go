package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"turno/internal/store"
)

// raise also forgets the events, which are of what was before.
const raise = `WITH gone AS (DELETE FROM events)
UPDATE head SET term = GREATEST(term, $1), revision = GREATEST(revision, $2), next = GREATEST(next, $3), attempts = GREATEST(attempts, $4)`

const left = `SELECT CASE WHEN until > clock_timestamp() THEN (EXTRACT(epoch FROM until - clock_timestamp()) * 1000000)::int8 ELSE 0 END FROM lead`

// Raise implements what store.Head tells. It fails while somebody leads; a lead
// that stands in the copy, and that nobody renews, it waits out.
func (s *Store) Raise(ctx context.Context, to store.Head) error {
	s.leads.mu.Lock()
	defer s.leads.mu.Unlock()
	conn, err := s.leads.get(ctx)
	if err != nil {
		return fmt.Errorf("raise the head: %w", err)
	}
	var micros int64
	if err := conn.QueryRow(ctx, left).Scan(&micros); err != nil {
		return fmt.Errorf("look for who leads: %w", err)
	}
	if micros > 0 {
		timer := time.NewTimer(time.Duration(micros) * time.Microsecond)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := conn.QueryRow(ctx, left).Scan(&micros); err != nil || micros > 0 {
			return errors.Join(fmt.Errorf("raise the head: %w: stop every role of turno, and restore again", store.ErrHeld), err)
		}
	}
	if _, err := conn.Exec(ctx, raise, int64(to.Term), int64(to.Revision), to.Next, int64(to.Attempts)); err != nil {
		return fmt.Errorf("raise the head: %w", err)
	}
	return nil
}
