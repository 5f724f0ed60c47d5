package service

import (
	"context"
	"errors"
	"fmt"

	"turno"
	"turno/internal/store"
)

// DeadLetters implements turno.Service.
func (s *Service) DeadLetters(ctx context.Context, q turno.DeadLetterQuery) (turno.DeadLetterPage, error) {
	switch {
	case q.Limit < 0 || q.Limit > store.MaxLimit:
		return turno.DeadLetterPage{}, turno.Invalid("limit", "%d: use 1 to %d", q.Limit, store.MaxLimit)
	case q.Number < 0:
		return turno.DeadLetterPage{}, turno.Invalid("number", "%d is not the number of a dead letter", q.Number)
	case len(q.Cursor) > maxFilter:
		return turno.DeadLetterPage{}, turno.Invalid("cursor", "has %d bytes; at most %d are allowed", len(q.Cursor), maxFilter)
	}
	page, err := s.o.Store.DeadLetters(ctx, q)
	if errors.Is(err, store.ErrNotFound) {
		return page, turno.Errorf(turno.CodeNotFound, "there is no dead letter %d", q.Number).WithHint("turno dead-letters lists them")
	}
	if err != nil {
		return page, fmt.Errorf("list dead letters: %w", err)
	}
	return page, nil
}
