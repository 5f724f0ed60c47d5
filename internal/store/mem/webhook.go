package mem

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"turno"
	"turno/internal/store"
)

// keepWebhooks is for who holds the mutex.
func (s *Store) keepWebhooks(all []turno.Webhook) {
	for _, w := range all {
		if s.webhooks == nil {
			s.webhooks = map[int64]turno.Webhook{}
		}
		w.Due, w.LastAt = micro(w.Due), micro(w.LastAt)
		s.webhooks[w.Job] = w
	}
}

// Webhook implements store.Webhooks.
func (s *Store) Webhook(ctx context.Context, job int64) (turno.Webhook, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.webhooks[job]
	if !ok {
		return w, fmt.Errorf("webhook of job %d: %w", job, store.ErrNotFound)
	}
	return w, ctx.Err()
}

// DueWebhooks implements store.Webhooks.
func (s *Store) DueWebhooks(ctx context.Context, limit int) ([]turno.Webhook, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := slices.DeleteFunc(slices.Collect(maps.Values(s.webhooks)), func(w turno.Webhook) bool { return w.Due.IsZero() })
	slices.SortFunc(due, func(a, b turno.Webhook) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Job, b.Job)) })
	return due[:min(limit, len(due))], ctx.Err()
}
