package sqlstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"turno"
	"turno/internal/store"
)

// searchAtOnce bounds how many jobs one call of Jobs searches for a part of a
// name: about 50 ms. What it did not reach is the next page's.
const searchAtOnce = 100_000

// Jobs implements store.Store.
//
//	queue, user, type, top ─▶ kinds ─┐
//	                      states ────┴▶ counts: blocks in which there is something ─▶ jobs in these blocks
//	                             few ─────────────────────────────────────────────▶ jobs by the index of such states
func (s *Store) Jobs(ctx context.Context, q turno.JobQuery) (turno.JobPage, error) {
	below, err := store.ParseCursor(q.Cursor)
	if err != nil {
		return turno.JobPage{}, err
	}
	if below == 0 {
		below = math.MaxInt64
	}
	l := lister{Store: s, q: q, size: store.PageSize(q), below: below}
	err = s.DB.View(ctx, func(r Reader) error { return l.list(ctx, r) })
	if err != nil {
		return turno.JobPage{}, fmt.Errorf("list jobs: %w", ended(ctx, err))
	}
	page := turno.JobPage{Items: l.found}
	if len(page.Items) > l.size {
		page.Items = page.Items[:l.size]
		l.rest = page.Items[l.size-1].Number
	}
	if l.rest > 0 {
		page.NextCursor = store.Cursor(l.rest)
	}
	return page, nil
}

// lister makes one page.
type lister struct {
	*Store
	q     turno.JobQuery
	size  int
	below int64
	kinds string // a list, when they matter
	codes string // of states, when they matter

	found []turno.Job // one more than the page holds, if there is one more
	rest  int64       // not 0: what is below was not searched
}

func (l *lister) list(ctx context.Context, r Reader) error {
	l.codes = codeList(l.q.States)
	filtered := l.q.Queue != "" || l.q.User != "" || l.q.Type != "" || l.q.Top
	if filtered {
		kinds, err := l.findKinds(ctx, r)
		if err != nil || len(kinds) == 0 {
			return err
		}
		l.kinds = list(kinds)
	}
	switch {
	case len(l.q.States) > 0 && l.codes == "", l.q.Top && l.q.Parent != 0:
		return nil // such a state, such a task there is not
	case !filtered && l.codes == "" && l.q.Name == "", l.q.Parent != 0 && l.codes == "" && l.q.Name == "":
		return l.search(ctx, r, 0, l.below) // every row, or every task, is one
	}
	few, err := l.few(ctx, r)
	if err != nil {
		return err
	}
	if few {
		return l.search(ctx, r, 0, l.below)
	}
	blocks, err := l.findBlocks(ctx, r)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		if err := l.search(ctx, r, b.from*Block, min(l.below, (b.to+1)*Block)); err != nil {
			return err
		}
		if len(l.found) > l.size {
			break
		}
	}
	return nil
}

func codeList(states []turno.State) string {
	var numbers []int64
	for _, state := range states {
		if code := codes[state]; code != 0 {
			numbers = append(numbers, code)
		}
	}
	return list(numbers)
}

// fewJobs are searched one by one in about the time that the counts of a
// million jobs take: 10 ms.
const fewJobs = 5000

// few tells whether the index holds so few jobs of such states that all of them
// can be looked at: those that have not ended, of a million.
func (l *lister) few(ctx context.Context, r Reader) (bool, error) {
	if len(l.q.States) == 0 || indexed(l.q.States) == "" || l.q.Parent != 0 {
		return false, nil
	}
	var in []int64
	for state, code := range codes {
		if live(state) == live(l.q.States[0]) {
			in = append(in, code)
		}
	}
	slices.Sort(in) // a statement that is the same is prepared once
	var n int64
	err := one(ctx, r, &n, `SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM counts WHERE block = -1 AND state IN (`+list(in)+`)`)
	return n <= fewJobs, err
}

// indexed says it again, for states that are all live or all bad ends, in
// terms of the index that holds these.
func indexed(states []turno.State) string {
	first := live(states[0])
	for _, state := range states {
		if live(state) != first || codes[state] == 0 {
			return ""
		}
	}
	if first == 0 {
		return ""
	}
	return ` AND j.live <> 0 AND j.live = ` + strconv.FormatInt(first, 10)
}

func (l *lister) findKinds(ctx context.Context, r Reader) ([]int64, error) {
	where, args := []string{"1 = 1"}, []any{}
	is := func(column, value string) {
		if value != "" {
			args = append(args, text(value))
			where = append(where, column+" = ?"+strconv.Itoa(len(args)))
		}
	}
	is("queue", l.q.Queue)
	is("usr", l.q.User)
	is("type", l.q.Type)
	if l.q.Top {
		where = append(where, "task = 0")
	}
	rows, err := r.Query(ctx, `SELECT kind FROM kinds WHERE `+strings.Join(where, " AND "), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var kinds []int64
	for rows.Next() {
		var kind int64
		if err := rows.Scan(&kind); err != nil {
			return nil, err
		}
		kinds = append(kinds, kind)
	}
	return kinds, rows.Err()
}

// blocks are consecutive blocks.
type blocks struct{ from, to int64 }

// findBlocks lists where a page's worth of jobs is, newest first.
func (l *lister) findBlocks(ctx context.Context, r Reader) (found []blocks, err error) {
	sql := `SELECT block, CAST(SUM(n) AS BIGINT) FROM counts WHERE block BETWEEN ?1 AND ?2 AND n > 0`
	if l.kinds != "" {
		sql += ` AND kind IN (` + l.kinds + `)`
	}
	if l.codes != "" {
		sql += ` AND state IN (` + l.codes + `)`
	}
	rows, err := r.Query(ctx, sql+` GROUP BY block ORDER BY block DESC`, l.q.Parent/Block, (l.below-1)/Block)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	enough := int64(l.size) + Block + 1 // the first block may lie above below
	if l.q.Name != "" || l.q.Parent != 0 {
		enough = searchAtOnce
	}
	for rows.Next() {
		var block, n int64
		if err := rows.Scan(&block, &n); err != nil {
			return nil, err
		}
		if enough <= 0 {
			l.rest = (block + 1) * Block
			break
		}
		enough -= n
		if last := len(found) - 1; last >= 0 && found[last].from == block+1 {
			found[last].from = block
		} else {
			found = append(found, blocks{block, block})
		}
	}
	return found, rows.Err()
}

// search adds what is selected from the numbers from … below-1.
func (l *lister) search(ctx context.Context, r Reader, from, below int64) error {
	sql := selectJobs + `WHERE j.number >= ?1 AND j.number < ?2`
	args := []any{from, below, int64(l.size + 1 - len(l.found))}
	if l.kinds != "" {
		sql += ` AND j.kind IN (` + l.kinds + `)`
	}
	if l.codes != "" {
		sql += ` AND j.state IN (` + l.codes + `)` + indexed(l.q.States)
	}
	if l.q.Parent != 0 {
		args = append(args, l.q.Parent)
		sql += ` AND j.parent <> 0 AND j.parent = ?` + strconv.Itoa(len(args))
	}
	if l.q.Name != "" {
		args = append(args, text(store.FoldName(l.q.Name)))
		sql += ` AND ` + l.Options.Find + `(j.name, ?` + strconv.Itoa(len(args)) + `) > 0`
	}
	return l.eachJob(ctx, r, func(j *turno.Job) error {
		l.found = append(l.found, *j)
		return nil
	}, sql+` ORDER BY j.number DESC LIMIT ?3`, args...)
}
