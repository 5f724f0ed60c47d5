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
	from, below, err := store.Span(q)
	if err != nil {
		return turno.JobPage{}, err
	}
	l := lister{Store: s, q: q, size: store.PageSize(q), from: from, below: below}
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
		page.NextCursor = store.NextCursor(q, l.rest)
	}
	return page, nil
}

// lister makes one page.
type lister struct {
	*Store
	q           turno.JobQuery
	size        int
	from, below int64  // numbers
	kinds       string // a list, when they matter
	codes       string // of states, when they matter
	words       []word // of the search

	found []turno.Job // one more than the page holds, if there is one more
	rest  int64       // not 0: what comes after it was not searched
}

func (l *lister) list(ctx context.Context, r Reader) error {
	if err := l.prepare(ctx, r); err != nil || l.none() {
		return err
	}
	if l.everyRow() {
		return l.search(ctx, r, l.from, l.below)
	}
	few, err := l.few(ctx, r)
	if err != nil {
		return err
	}
	if few {
		return l.search(ctx, r, l.from, l.below)
	}
	blocks, err := l.findBlocks(ctx, r)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		if err := l.search(ctx, r, max(l.from, b.from*Block), min(l.below, (b.to+1)*Block)); err != nil {
			return err
		}
		if len(l.found) > l.size {
			break
		}
	}
	return nil
}

// none tells whether nothing can be selected.
func (l *lister) none() bool {
	return len(l.q.States) > 0 && l.codes == "" || l.filtered() && l.kinds == "" || l.q.Top && l.q.Parent != 0
}

// filtered tells whether the kind of a job matters.
func (l *lister) filtered() bool {
	return l.q.Queue != "" || l.q.User != "" || l.q.Type != "" || l.q.Top
}

// texts tells whether the texts of jobs are searched.
func (l *lister) texts() bool { return l.q.Name != "" || len(l.words) > 0 }

func (l *lister) times() bool { return !l.q.Since.IsZero() || !l.q.Until.IsZero() }

// everyRow tells whether every row, or every task of an array, is selected.
func (l *lister) everyRow() bool {
	return l.codes == "" && !l.texts() && !l.times() && (!l.filtered() || l.q.Parent != 0)
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

// prepare finds the kinds and words that matter.
func (l *lister) prepare(ctx context.Context, r Reader) error {
	l.codes = codeList(l.q.States)
	l.words = wordsOf(l.q.Search)
	if !l.filtered() && len(l.words) == 0 {
		return nil
	}
	kinds, err := allKinds(ctx, r)
	if err != nil {
		return err
	}
	var in []int64
	for _, k := range kinds {
		if l.q.Top && k.Task == 1 || !is(l.q.Queue, k.Queue) || !is(l.q.User, k.User) || !is(l.q.Type, k.Type) {
			continue
		}
		in = append(in, k.Number)
		for i := range l.words {
			l.words[i].look(k)
		}
	}
	if l.filtered() {
		l.kinds = list(in)
	}
	return nil
}

// is tells whether a column of kinds is as a filter says.
func is(want, has string) bool { return want == "" || text(want) == has }

// allKinds reads them: some for each user.
func allKinds(ctx context.Context, r Reader) (kinds []Kind, err error) {
	rows, err := r.Query(ctx, `SELECT kind, queue, usr, type, task FROM kinds ORDER BY kind`)
	if err != nil {
		return nil, fmt.Errorf("read kinds: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var k Kind
		if err := rows.Scan(&k.Number, &k.Queue, &k.User, &k.Type, &k.Task); err != nil {
			return nil, fmt.Errorf("read kinds: %w", err)
		}
		kinds = append(kinds, k)
	}
	return kinds, rows.Err()
}

// blocks are consecutive blocks.
type blocks struct{ from, to int64 }

// findBlocks lists where a page's worth of jobs is, in the list's order.
func (l *lister) findBlocks(ctx context.Context, r Reader) (found []blocks, err error) {
	sql := `SELECT block, CAST(SUM(n) AS BIGINT) FROM counts WHERE block BETWEEN ?1 AND ?2 AND n > 0`
	if l.kinds != "" {
		sql += ` AND kind IN (` + l.kinds + `)`
	}
	if l.codes != "" {
		sql += ` AND state IN (` + l.codes + `)`
	}
	if l.times() {
		inside, edges, err := l.inTime(ctx, r)
		if err != nil || len(inside)+len(edges) == 0 {
			return nil, err
		}
		sql += ` AND ` + between(append(inside, edges...))
	}
	rows, err := r.Query(ctx, sql+` GROUP BY block ORDER BY block`+l.direction(), max(l.q.Parent, l.from)/Block, (l.below-1)/Block)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	enough := int64(l.size) + Block + 1 // the first block may lie partly outside
	if l.times() {
		enough += int64(l.size) + Block // and so may others
	}
	if l.texts() || l.q.Parent != 0 {
		enough = searchAtOnce
	}
	for rows.Next() {
		var block, n int64
		if err := rows.Scan(&block, &n); err != nil {
			return nil, err
		}
		if enough <= 0 {
			if l.rest = (block + 1) * Block; l.q.OldestFirst {
				l.rest = block*Block - 1
			}
			break
		}
		enough -= n
		found = joined(found, block)
	}
	return found, rows.Err()
}

// joined adds a block to others, to the last of them where it borders on it.
func joined(found []blocks, block int64) []blocks {
	if last := len(found) - 1; last >= 0 {
		switch block {
		case found[last].from - 1:
			found[last].from = block
			return found
		case found[last].to + 1:
			found[last].to = block
			return found
		}
	}
	return append(found, blocks{block, block})
}

// direction is that of the list, in SQL.
func (l *lister) direction() string {
	if l.q.OldestFirst {
		return ` ASC`
	}
	return ` DESC`
}

// inTime lists the blocks whose jobs were all submitted in time, and those of
// which some may have been. A million jobs have 2,000 blocks.
func (l *lister) inTime(ctx context.Context, r Reader) (inside, edges []blocks, err error) {
	since, until := l.span()
	rows, err := r.Query(ctx, `SELECT block, first, last FROM spans WHERE last >= ?1 AND first < ?2 ORDER BY block`, since, until)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var block, first, last int64
		if err := rows.Scan(&block, &first, &last); err != nil {
			return nil, nil, err
		}
		if first >= since && last < until {
			inside = joined(inside, block)
		} else {
			edges = joined(edges, block)
		}
	}
	return inside, edges, rows.Err()
}

// maxRanges is below the depth of expressions that databases take.
const maxRanges = 100

// between is a condition: the block is one of these.
func between(in []blocks) string {
	if len(in) > maxRanges { // the clock went to and fro
		var all []int64
		for _, b := range in {
			for block := b.from; block <= b.to; block++ {
				all = append(all, block)
			}
		}
		return `block IN (` + list(all) + `)`
	}
	either := make([]string, len(in))
	for i, b := range in {
		either[i] = fmt.Sprintf("block BETWEEN %d AND %d", b.from, b.to)
	}
	return `(` + strings.Join(either, ` OR `) + `)`
}

// span is from when until when jobs were submitted, in microseconds.
func (l *lister) span() (first, last int64) {
	first, last = math.MinInt64, math.MaxInt64
	if !l.q.Since.IsZero() {
		first = l.q.Since.UnixMicro()
	}
	if !l.q.Until.IsZero() {
		last = l.q.Until.UnixMicro()
	}
	return first, last
}

// search adds what is selected from the numbers from … below-1.
func (l *lister) search(ctx context.Context, r Reader, from, below int64) error {
	c := conditions{args: []any{from, below, int64(l.size + 1 - len(l.found))}}
	l.conditions(&c)
	return l.eachJob(ctx, r, func(j *turno.Job) error {
		l.found = append(l.found, *j)
		return nil
	}, selectJobs+`WHERE j.number >= ?1 AND j.number < ?2`+c.sql.String()+` ORDER BY j.number`+l.direction()+` LIMIT ?3`, c.args...)
}

// conditions adds those of the query, but for the numbers.
func (l *lister) conditions(c *conditions) {
	if l.kinds != "" {
		c.and(`j.kind IN (` + l.kinds + `)`)
	}
	if l.codes != "" {
		c.and(`j.state IN (` + l.codes + `)` + indexed(l.q.States))
	}
	if l.q.Parent != 0 {
		c.and(`j.parent <> 0 AND j.parent = `, l.q.Parent)
	}
	if l.q.Name != "" { // it stands in front of the labels
		at := l.Options.Find + `(j.name, ` + c.arg(text(store.FoldName(l.q.Name))) + `)`
		labels := l.Options.Find + `(j.name, ` + c.arg(store.Between) + `)`
		c.and(at + ` > 0 AND (` + labels + ` = 0 OR ` + at + ` < ` + labels + `)`)
	}
	for _, w := range l.words {
		c.and(w.condition(c, l.Options.Find))
	}
	if !l.q.Since.IsZero() {
		c.and(l.Submitted+` >= `, l.q.Since.UnixMicro())
	}
	if !l.q.Until.IsZero() {
		c.and(l.Submitted+` < `, l.q.Until.UnixMicro())
	}
}
