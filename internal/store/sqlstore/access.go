package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"turno"
	"turno/internal/store"
)

// Statement is one of a transaction. It must change Rows rows, else the
// transaction is undone and Wrong is why; Any takes any number.
type Statement struct {
	SQL   string
	Args  []any
	Rows  int64
	Wrong error
}

// Any number of rows.
const Any = -1

const (
	addToken = `INSERT INTO tokens (id, hash, expires, revoked, revoked_by, used, used_from, token)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING`
	revokeToken = `UPDATE tokens SET revoked = CASE WHEN revoked = 0 THEN ?2 ELSE revoked END,
revoked_by = CASE WHEN revoked = 0 THEN ?3 ELSE revoked_by END WHERE id = ?1`
	useToken     = `UPDATE tokens SET used = ?2, used_from = ?3 WHERE id = ?1 AND used < ?2`
	forgetTokens = `DELETE FROM tokens WHERE revoked > 0 AND revoked < ?1 OR expires > 0 AND expires < ?1`
	raiseVersion = `UPDATE access_head SET version = version + 1`
	addEntry     = `INSERT INTO audit (usr, action, result, entry) VALUES (?1, ?2, ?3, ?4)`
	boundAudit   = `DELETE FROM audit WHERE number <= (SELECT MAX(number) FROM audit) - ?1`
)

// WriteAccess implements store.Access.
func (s *Store) WriteAccess(ctx context.Context, b store.AccessBatch) error {
	statements, err := accessStatements(b)
	if err == nil && len(statements) > 0 {
		err = s.DB.Exec(ctx, statements)
	}
	if err != nil {
		return fmt.Errorf("write access: %w", ended(ctx, err))
	}
	return nil
}

func accessStatements(b store.AccessBatch) (all []Statement, err error) {
	add := func(rows int64, wrong error, sql string, args ...any) {
		all = append(all, Statement{SQL: sql, Args: args, Rows: rows, Wrong: wrong})
	}
	for _, t := range b.New {
		row := []any{t.ID, t.Hash[:], micros(t.ExpiresAt), micros(t.RevokedAt), t.RevokedBy, micros(t.UsedAt), t.UsedFrom}
		t.ExpiresAt, t.RevokedAt, t.RevokedBy, t.UsedAt, t.UsedFrom = time.Time{}, time.Time{}, "", time.Time{}, ""
		t.CreatedAt = fromMicros(micros(t.CreatedAt))
		text, err := json.Marshal(&t.Token)
		if err != nil {
			return nil, fmt.Errorf("token %s: %w", t.ID, err)
		}
		add(1, fmt.Errorf("token %s: %w", t.ID, store.ErrTokenExists), addToken, append(row, string(text))...)
	}
	for _, r := range b.Revoked {
		add(1, fmt.Errorf("token %s: %w", r.ID, store.ErrNotFound), revokeToken, r.ID, micros(r.At), r.By)
	}
	for _, u := range b.Used {
		add(Any, nil, useToken, u.ID, micros(u.At), u.From)
	}
	if !b.Forget.IsZero() {
		add(Any, nil, forgetTokens, micros(b.Forget))
	}
	if len(b.New)+len(b.Revoked) > 0 || !b.Forget.IsZero() {
		add(Any, nil, raiseVersion)
	}
	for _, e := range b.Entries {
		e.Number, e.At = 0, fromMicros(micros(e.At))
		text, err := json.Marshal(&e)
		if err != nil {
			return nil, fmt.Errorf("entry of the audit log: %w", err)
		}
		add(Any, nil, addEntry, e.User, e.Action, e.Result, string(text))
	}
	if len(b.Entries) > 0 {
		add(Any, nil, boundAudit, b.Keep)
	}
	return all, nil
}

// micros is a time in the database: microseconds since 1970, and 0 for none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// Tokens implements store.Access.
func (s *Store) Tokens(ctx context.Context, known uint64) (out []store.TokenRecord, version uint64, err error) {
	var now int64
	if err := one(ctx, s.DB, &now, `SELECT version FROM access_head`); err != nil {
		return nil, 0, fmt.Errorf("read tokens: %w", ended(ctx, err))
	}
	if uint64(now) == known {
		return nil, known, nil
	}
	err = s.DB.View(ctx, func(r Reader) error {
		if err := one(ctx, r, &now, `SELECT version FROM access_head`); err != nil {
			return err
		}
		out, err = readTokens(ctx, r)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read tokens: %w", ended(ctx, err))
	}
	return out, uint64(now), nil
}

func readTokens(ctx context.Context, r Reader) (out []store.TokenRecord, err error) {
	rows, err := r.Query(ctx, `SELECT hash, expires, revoked, revoked_by, used, used_from, token FROM tokens ORDER BY id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var hash []byte
		var expires, revoked, used int64
		var revokedBy, usedFrom, text string
		if err := rows.Scan(&hash, &expires, &revoked, &revokedBy, &used, &usedFrom, &text); err != nil {
			return nil, err
		}
		var t store.TokenRecord
		if err := json.Unmarshal([]byte(text), &t.Token); err != nil || len(hash) != sha256.Size {
			return nil, fmt.Errorf("read a token: %w", err)
		}
		copy(t.Hash[:], hash)
		t.ExpiresAt, t.RevokedAt, t.RevokedBy = fromMicros(expires), fromMicros(revoked), revokedBy
		t.UsedAt, t.UsedFrom = fromMicros(used), usedFrom
		out = append(out, t)
	}
	return out, rows.Err()
}

// Audit implements store.Access.
func (s *Store) Audit(ctx context.Context, q turno.AuditQuery) (turno.AuditPage, error) {
	below, err := store.ParseCursor(q.Cursor)
	if err != nil {
		return turno.AuditPage{}, err
	}
	if below == 0 {
		below = math.MaxInt64
	}
	limit := store.PageLimit(q.Limit)
	sql, args := `SELECT number, entry FROM audit WHERE number < ?1`, []any{below, int64(limit) + 1}
	for _, f := range []struct{ column, text string }{{"usr", q.User}, {"action", q.Action}, {"result", q.Result}} {
		if f.text != "" {
			args = append(args, f.text)
			sql += fmt.Sprintf(" AND %s = ?%d", f.column, len(args))
		}
	}
	page, err := readAudit(ctx, s.DB, sql+` ORDER BY number DESC LIMIT ?2`, args)
	if err != nil {
		return turno.AuditPage{}, fmt.Errorf("read the audit log: %w", ended(ctx, err))
	}
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		page.NextCursor = store.Cursor(page.Items[limit-1].Number)
	}
	return page, nil
}

func readAudit(ctx context.Context, r Reader, sql string, args []any) (page turno.AuditPage, err error) {
	rows, err := r.Query(ctx, sql, args...)
	if err != nil {
		return page, err
	}
	defer rows.Close()
	for rows.Next() {
		var number int64
		var text string
		if err := rows.Scan(&number, &text); err != nil {
			return page, err
		}
		var e turno.AuditEntry
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			return page, fmt.Errorf("read entry %d: %w", number, err)
		}
		e.Number = number
		page.Items = append(page.Items, e)
	}
	return page, rows.Err()
}
