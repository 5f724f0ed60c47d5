package storetest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"turno"
	"turno/internal/store"
)

// token makes one; equal numbers are equal tokens.
func token(n int) store.TokenRecord {
	hash := sha256.Sum256(fmt.Append(nil, n))
	return store.TokenRecord{Hash: hash, Token: turno.Token{
		ID: hex.EncodeToString(hash[:6]), Name: fmt.Sprintf("ñ \"%d\"", n), User: "ana",
		Roles: []turno.Role{turno.RoleSubmitter, turno.RoleMetrics}, CreatedBy: "root",
		CreatedAt: base.Add(time.Duration(n) * time.Second), ExpiresAt: base.Add(time.Duration(n) * time.Hour),
	}}
}

func entry(n int) turno.AuditEntry {
	return turno.AuditEntry{
		At: base.Add(time.Duration(n) * time.Second), User: fmt.Sprint("user", n%3), TokenID: "0123456789ab", From: "::1",
		Action: []string{"submit", "act"}[n%2], Object: "job \u0000 ñ", Result: []string{turno.AuditDone, turno.AuditDenied}[n/2%2],
		Status: 200 + n, Detail: `"quoted"`, Times: n,
	}
}

func accessOf(t testing.TB, s store.Store) store.Access {
	t.Helper()
	a, ok := s.(store.Access)
	if !ok {
		t.Fatalf("%T knows no tokens", s)
	}
	return a
}

func write(t testing.TB, s store.Store, b store.AccessBatch) {
	t.Helper()
	if err := accessOf(t, s).WriteAccess(t.Context(), b); err != nil {
		t.Fatalf("WriteAccess: %v", err)
	}
}

// tokensOf are by id, as the store gives them.
func tokensOf(t testing.TB, s store.Store) (map[string]store.TokenRecord, uint64) {
	t.Helper()
	list, version, err := accessOf(t, s).Tokens(t.Context(), 0)
	if err != nil || version == 0 {
		t.Fatalf("Tokens: %v, version %d", err, version)
	}
	all := map[string]store.TokenRecord{}
	for i, r := range list {
		all[r.ID] = r
		if i > 0 && list[i-1].ID >= r.ID {
			t.Fatalf("%s stands before %s", list[i-1].ID, r.ID)
		}
	}
	return all, version
}

func auditOf(t testing.TB, s store.Store, q turno.AuditQuery) (all []turno.AuditEntry) {
	t.Helper()
	for {
		page, err := accessOf(t, s).Audit(t.Context(), q)
		if err != nil || len(page.Items) > store.PageLimit(q.Limit) {
			t.Fatalf("Audit(%+v): %d, %v", q, len(page.Items), err)
		}
		all = append(all, page.Items...)
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return all
		}
	}
}

func s19Tokens(t *testing.T, f Factory) {
	s := f.New(t)
	forever := token(3)
	forever.ExpiresAt = time.Time{}
	write(t, s, store.AccessBatch{New: []store.TokenRecord{token(1), token(2), forever}})
	first := base.Add(time.Hour)
	one, two := token(1), token(2)
	write(t, s, store.AccessBatch{Revoked: []store.Revocation{{ID: one.ID, By: "root", At: first}}})
	write(t, s, store.AccessBatch{Revoked: []store.Revocation{{ID: one.ID, By: "mallory", At: first.Add(time.Hour)}}})
	write(t, s, store.AccessBatch{Used: []store.TokenUse{
		{ID: two.ID, From: "10.0.0.1", At: first}, {ID: two.ID, From: "10.0.0.2", At: base}, {ID: "nobody", At: base},
	}})
	one.RevokedAt, one.RevokedBy = first, "root"
	two.UsedAt, two.UsedFrom = first, "10.0.0.1"
	want := map[string]store.TokenRecord{one.ID: one, two.ID: two, forever.ID: forever}
	got, _ := tokensOf(t, s)
	equal(t, "tokens", got, want)
	if f.Again != nil {
		s = f.Again(t, s)
		got, _ = tokensOf(t, s)
		equal(t, "opened again", got, want)
	}
	for wrong, b := range map[error]store.AccessBatch{
		store.ErrTokenExists: {New: []store.TokenRecord{token(9), token(1)}},
		store.ErrNotFound:    {New: []store.TokenRecord{token(9)}, Revoked: []store.Revocation{{ID: "nobody", At: base}}},
	} {
		b.Entries, b.Keep = []turno.AuditEntry{entry(1)}, 10
		if err := accessOf(t, s).WriteAccess(t.Context(), b); !errors.Is(err, wrong) {
			t.Errorf("%v, want %v", err, wrong)
		}
	}
	got, _ = tokensOf(t, s)
	equal(t, "after refusals (S22)", got, want)
	equal(t, "the log after refusals (S22)", auditOf(t, s, turno.AuditQuery{}), []turno.AuditEntry(nil))
	write(t, s, store.AccessBatch{Forget: first.Add(time.Microsecond)})
	got, _ = tokensOf(t, s)
	delete(want, one.ID)
	equal(t, "after what had ended was forgotten", got, want)
}

func s20Versions(t *testing.T, f Factory) {
	s := f.New(t)
	other := beside(t, f, s)
	_, before := tokensOf(t, s)
	for _, step := range []struct {
		name  string
		batch store.AccessBatch
		turns bool
	}{
		{"made", store.AccessBatch{New: []store.TokenRecord{token(1)}}, true},
		{"used", store.AccessBatch{Used: []store.TokenUse{{ID: token(1).ID, At: base}}}, false},
		{"noted", store.AccessBatch{Entries: []turno.AuditEntry{entry(1)}, Keep: 5}, false},
		{"revoked", store.AccessBatch{Revoked: []store.Revocation{{ID: token(1).ID, At: base}}}, true},
		{"forgotten", store.AccessBatch{Forget: base.Add(time.Hour)}, true},
	} {
		write(t, s, step.batch)
		list, now, err := accessOf(t, other).Tokens(t.Context(), before)
		if err != nil || (now != before) != step.turns || !step.turns && list != nil {
			t.Errorf("%s: version %d after %d, %d tokens, %v", step.name, now, before, len(list), err)
		}
		before = now
	}
}

func s21Audit(t *testing.T, f Factory) {
	s := f.New(t)
	var want []turno.AuditEntry
	for n := range 12 {
		write(t, s, store.AccessBatch{Entries: []turno.AuditEntry{entry(n)}, Keep: 10})
	}
	for n := 11; n >= 2; n-- {
		want = append(want, entry(n))
	}
	got := auditOf(t, s, turno.AuditQuery{Limit: 3})
	for i := range got {
		if i > 0 && got[i-1].Number <= got[i].Number {
			t.Errorf("%d stands before %d", got[i-1].Number, got[i].Number)
		}
	}
	equal(t, "entries", withoutNumbers(got), want)
	for _, q := range []turno.AuditQuery{{User: "user1", Limit: 2}, {Action: "act", Limit: 1}, {Result: turno.AuditDenied}, {User: "user2", Action: "submit", Result: turno.AuditDone}, {User: "' OR 1=1 --"}} {
		var some []turno.AuditEntry
		for _, e := range want {
			if (q.User == "" || e.User == q.User) && (q.Action == "" || e.Action == q.Action) && (q.Result == "" || e.Result == q.Result) {
				some = append(some, e)
			}
		}
		equal(t, fmt.Sprintf("%+v", q), withoutNumbers(auditOf(t, s, q)), some)
	}
	if _, err := accessOf(t, s).Audit(t.Context(), turno.AuditQuery{Cursor: "x"}); err == nil {
		t.Error("a cursor that is none is taken")
	}
}

func withoutNumbers(entries []turno.AuditEntry) []turno.AuditEntry {
	for i := range entries {
		entries[i].Number = 0
	}
	return entries
}

// access writes something about tokens and the audit log to both, in the walk.
func (w *walker) access() string {
	b := store.AccessBatch{Keep: 20}
	at := base.Add(time.Duration(w.r.IntN(100)) * time.Hour)
	n := w.r.IntN(12)
	switch w.r.IntN(5) {
	case 0:
		b.New = []store.TokenRecord{token(n)}
	case 1:
		b.Revoked = []store.Revocation{{ID: token(n).ID, By: fmt.Sprint(n), At: at}}
	case 2:
		b.Used = []store.TokenUse{{ID: token(n).ID, From: fmt.Sprint(at), At: at}}
	case 3:
		b.Forget = base.Add(time.Duration(n) * time.Minute)
	}
	for range w.r.IntN(4) {
		b.Entries = append(b.Entries, entry(w.r.IntN(50)))
	}
	err := accessOf(w, w.either()).WriteAccess(w.Context(), b)
	wantErr := w.want.WriteAccess(w.Context(), b)
	w.note("%+v: %v", b, wantErr)
	w.same(w.name(err), w.name(wantErr))
	got, _ := tokensOf(w, w.either())
	want, _ := tokensOf(w, w.want)
	w.same(got, want)
	q := turno.AuditQuery{Limit: 1 + w.r.IntN(30)}
	entries, oracle := auditOf(w, w.either(), q), auditOf(w, w.want, q)
	// A number may be left out, and then one more is gone.
	oracle = oracle[:min(len(oracle), len(entries))]
	w.same(withoutNumbers(entries), withoutNumbers(oracle))
	return w.name(err)
}
