package sqlstore

import (
	"context"
	"fmt"
	"math"
	"slices"

	"turno"
	"turno/internal/store"
)

// Facets implements store.Facets: counts where they say enough, rows elsewhere.
//
//	states, kinds ─▶ counts of whole blocks
//	times ─────────▶ counts of the blocks inside, rows of those at the edges
//	parent ────────▶ the index of tasks
//	name, words ───▶ rows, the newest, unless all must be looked at
//
// What they give is a number for each kind and state; the dimensions are told
// apart here.
func (s *Store) Facets(ctx context.Context, q turno.CountQuery) (turno.Facets, error) {
	l := lister{Store: s, q: q.JobQuery, below: math.MaxInt64}
	// The dimensions are counted without what the query says of them.
	l.q.States, l.q.Queue, l.q.User, l.q.Type, l.q.OldestFirst = nil, "", "", "", false
	t := tally{q: q, f: turno.Facets{States: map[turno.State]int64{}, Queues: map[string]int64{}, Users: map[string]int64{}, Types: map[string]int64{}}}
	err := s.DB.View(ctx, func(r Reader) error {
		kinds, err := allKinds(ctx, r)
		if err != nil {
			return err
		}
		t.kinds = map[int64]Kind{}
		for _, k := range kinds {
			t.kinds[k.Number] = k
		}
		if err := l.prepare(ctx, r); err != nil || l.none() {
			return err
		}
		switch {
		case l.texts() || q.Parent != 0:
			return l.countSearched(ctx, r, &t)
		case l.times():
			return l.countTimes(ctx, r, &t)
		}
		return t.read(ctx, r, `SELECT kind, state, CAST(SUM(n) AS BIGINT) FROM counts WHERE block >= 0`+l.inKinds()+` GROUP BY kind, state`)
	})
	if err != nil {
		return turno.Facets{}, fmt.Errorf("count jobs: %w", ended(ctx, err))
	}
	return t.facets(), nil
}

func (l *lister) inKinds() string {
	if l.kinds == "" {
		return ""
	}
	return ` AND kind IN (` + l.kinds + `)`
}

// countRows counts the rows of a range of numbers that the query selects.
func (l *lister) countRows(ctx context.Context, r Reader, t *tally, from, below int64) error {
	c := conditions{args: []any{from, below}}
	l.conditions(&c)
	return t.read(ctx, r, `SELECT j.kind, j.state, CAST(COUNT(*) AS BIGINT) FROM jobs j WHERE j.number >= ?1 AND j.number < ?2`+
		c.sql.String()+` GROUP BY j.kind, j.state`, c.args...)
}

// countTimes adds the counts of blocks whose jobs were all submitted in time,
// and the rows of those of which some were.
func (l *lister) countTimes(ctx context.Context, r Reader, t *tally) error {
	inside, edges, err := l.inTime(ctx, r)
	if err != nil {
		return err
	}
	if len(inside) > 0 {
		err := t.read(ctx, r, `SELECT kind, state, CAST(SUM(n) AS BIGINT) FROM counts WHERE `+between(inside)+l.inKinds()+` GROUP BY kind, state`)
		if err != nil {
			return err
		}
	}
	for _, b := range edges {
		if err := l.countRows(ctx, r, t, b.from*Block, (b.to+1)*Block); err != nil {
			return err
		}
	}
	return nil
}

// countSearched counts by rows: the newest searchAtOnce of them, if there are
// more and the answer need not be exact.
func (l *lister) countSearched(ctx context.Context, r Reader, t *tally) error {
	if t.q.Exact || l.q.Parent != 0 && !l.texts() {
		return l.countRows(ctx, r, t, 0, math.MaxInt64)
	}
	found, err := l.findBlocks(ctx, r)
	if err != nil {
		return err
	}
	for _, b := range found {
		if err := l.countRows(ctx, r, t, b.from*Block, (b.to+1)*Block); err != nil {
			return err
		}
	}
	if l.rest == 0 {
		return nil
	}
	var searched, all int64
	const rows = `SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM counts WHERE block >= `
	if err := one(ctx, r, &searched, rows+`?1`+l.inKinds(), l.rest/Block); err != nil {
		return err
	}
	if err := one(ctx, r, &all, rows+`0`+l.inKinds()); err != nil {
		return err
	}
	t.searched, t.all = searched, all
	return nil
}

// tally adds numbers of kinds and states up to facets.
type tally struct {
	q     turno.CountQuery
	kinds map[int64]Kind
	f     turno.Facets
	// searched of all rows were counted; both 0: every one.
	searched, all int64
}

// read adds the rows of a statement: kind, state, number.
func (t *tally) read(ctx context.Context, r Reader, sql string, args ...any) error {
	rows, err := r.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var kind, code, n int64
		if err := rows.Scan(&kind, &code, &n); err != nil {
			return err
		}
		t.add(t.kinds[kind], names[code], n)
	}
	return rows.Err()
}

// add counts for a dimension what differs from the query in nothing else.
func (t *tally) add(k Kind, state turno.State, n int64) {
	if n == 0 {
		return
	}
	in := [...]bool{
		len(t.q.States) == 0 || slices.Contains(t.q.States, state),
		is(t.q.Queue, k.Queue), is(t.q.User, k.User), is(t.q.Type, k.Type),
	}
	others := func(dimension int) bool {
		for i, ok := range in {
			if i != dimension && !ok {
				return false
			}
		}
		return true
	}
	if others(-1) {
		t.f.Count += n
	}
	if others(0) {
		t.f.States[state] += n
	}
	if others(1) {
		t.f.Queues[k.Queue] += n
	}
	if others(2) {
		t.f.Users[k.User] += n
	}
	if others(3) {
		t.f.Types[k.Type] += n
	}
}

func (t *tally) facets() turno.Facets {
	if t.searched >= t.all {
		return t.f
	}
	t.f.Estimated = true
	t.f.Count = t.scaled(t.f.Count)
	for _, counts := range []map[string]int64{t.f.Queues, t.f.Users, t.f.Types} {
		for key := range counts {
			counts[key] = t.scaled(counts[key])
		}
	}
	for state := range t.f.States {
		t.f.States[state] = t.scaled(t.f.States[state])
	}
	return t.f
}

func (t *tally) scaled(n int64) int64 {
	return int64(math.Round(float64(n) * float64(t.all) / float64(max(t.searched, 1))))
}

var _ store.Facets = (*Store)(nil)
