package mem

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"turno"
	"turno/internal/store"
)

// access is guarded by its store's mutex.
type access struct {
	tokens  []store.TokenRecord // by id
	version uint64
	log     []turno.AuditEntry // ascending
	newest  int64
}

// WriteAccess implements store.Access.
func (s *Store) WriteAccess(ctx context.Context, b store.AccessBatch) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write access: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.access
	a.tokens = slices.Clone(a.tokens)
	if err := a.write(b); err != nil {
		return fmt.Errorf("write access: %w", err)
	}
	s.access = a
	return nil
}

func (a *access) find(id string) (int, bool) {
	return slices.BinarySearchFunc(a.tokens, id, func(t store.TokenRecord, id string) int { return strings.Compare(t.ID, id) })
}

func (a *access) write(b store.AccessBatch) error {
	for _, t := range b.New {
		at, there := a.find(t.ID)
		if there {
			return fmt.Errorf("token %s: %w", t.ID, store.ErrTokenExists)
		}
		t.Roles = slices.Clone(t.Roles)
		t.CreatedAt, t.ExpiresAt = micro(t.CreatedAt), micro(t.ExpiresAt)
		a.tokens = slices.Insert(a.tokens, at, t)
	}
	for _, r := range b.Revoked {
		at, there := a.find(r.ID)
		if !there {
			return fmt.Errorf("token %s: %w", r.ID, store.ErrNotFound)
		}
		if t := &a.tokens[at]; t.RevokedAt.IsZero() {
			t.RevokedAt, t.RevokedBy = micro(r.At), r.By
		}
	}
	for _, u := range b.Used {
		if at, there := a.find(u.ID); there && a.tokens[at].UsedAt.Before(u.At) {
			a.tokens[at].UsedAt, a.tokens[at].UsedFrom = micro(u.At), u.From
		}
	}
	if len(b.New)+len(b.Revoked) > 0 || !b.Forget.IsZero() {
		a.version++
	}
	if !b.Forget.IsZero() {
		a.tokens = slices.DeleteFunc(a.tokens, func(t store.TokenRecord) bool {
			return !t.RevokedAt.IsZero() && t.RevokedAt.Before(b.Forget) || !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(b.Forget)
		})
	}
	for _, e := range b.Entries {
		a.newest++
		e.Number, e.At = a.newest, micro(e.At)
		a.log = append(a.log, e)
	}
	if n := len(a.log) - int(b.Keep); len(b.Entries) > 0 && n > 0 {
		a.log = slices.Clone(a.log[n:])
	}
	return nil
}

// Tokens implements store.Access.
func (s *Store) Tokens(ctx context.Context, known uint64) ([]store.TokenRecord, uint64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, fmt.Errorf("read tokens: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	version := s.access.version + 1 // never 0: that is known to nobody
	if version == known {
		return nil, version, nil
	}
	out := slices.Clone(s.access.tokens)
	for i := range out {
		out[i].Roles = slices.Clone(out[i].Roles)
	}
	return out, version, nil
}

// Audit implements store.Access.
func (s *Store) Audit(ctx context.Context, q turno.AuditQuery) (turno.AuditPage, error) {
	if err := ctx.Err(); err != nil {
		return turno.AuditPage{}, fmt.Errorf("read the audit log: %w", err)
	}
	below, err := store.ParseCursor(q.Cursor)
	if err != nil {
		return turno.AuditPage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var page turno.AuditPage
	for _, e := range slices.Backward(s.access.log) {
		switch {
		case below != 0 && e.Number >= below, q.User != "" && e.User != q.User,
			q.Action != "" && e.Action != q.Action, q.Result != "" && e.Result != q.Result:
			continue
		case len(page.Items) == store.PageLimit(q.Limit):
			page.NextCursor = store.Cursor(page.Items[len(page.Items)-1].Number)
			return page, nil
		}
		page.Items = append(page.Items, e)
	}
	return page, nil
}
