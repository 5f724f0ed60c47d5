package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"turno"
	"turno/internal/store"
)

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, each func(*turno.Job) error) (store.State, error) {
	var state store.State
	err := s.DB.View(ctx, func(r Reader) error {
		err := one(ctx, r, &state.Next, `SELECT next FROM head`)
		if err != nil {
			return fmt.Errorf("next number: %w", err)
		}
		if err := one(ctx, r, &state.Attempts, `SELECT attempts FROM head`); err != nil {
			return fmt.Errorf("attempts: %w", err)
		}
		if state.Workers, err = loadWorkers(ctx, r); err != nil {
			return fmt.Errorf("workers: %w", err)
		}
		return s.eachJob(ctx, r, each, selectJobs+`WHERE j.live <> 0 AND j.live = 1 ORDER BY j.number`)
	})
	if err != nil {
		return store.State{}, fmt.Errorf("load: %w", ended(ctx, err))
	}
	return state, nil
}

// Head reads what the store has given last.
func (s *Store) Head(ctx context.Context) (h store.Head, err error) {
	var term, revision int64
	for _, x := range []struct {
		to     any
		column string
	}{{&term, "term"}, {&revision, "revision"}, {&h.Next, "next"}, {&h.Attempts, "attempts"}} {
		if err := one(ctx, s.DB, x.to, `SELECT `+x.column+` FROM head`); err != nil {
			return h, fmt.Errorf("read head: %w", ended(ctx, err))
		}
	}
	h.Term, h.Revision = uint64(term), uint64(revision)
	return h, nil
}

func loadWorkers(ctx context.Context, r Reader) ([]turno.Worker, error) {
	rows, err := r.Query(ctx, `SELECT worker FROM workers`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var workers []turno.Worker
	for rows.Next() {
		var text []byte
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		var w turno.Worker
		if err := json.Unmarshal(text, &w); err != nil {
			return nil, err
		}
		workers = append(workers, w)
	}
	// Sorted here: databases differ in how.
	slices.SortFunc(workers, func(a, b turno.Worker) int { return strings.Compare(a.Name, b.Name) })
	return workers, rows.Err()
}

func (s *Store) eachJob(ctx context.Context, r Reader, each func(*turno.Job) error, sql string, args ...any) error {
	rows, err := r.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var read reader
	for rows.Next() {
		j, err := read.job(rows)
		if err != nil {
			return err
		}
		if err := each(j); err != nil {
			return err
		}
	}
	return rows.Err()
}

// findAtOnce is how many jobs one statement looks for.
const findAtOnce = 500

// Find implements store.Store. Numbers are read together; ids and tasks, which
// users ask for one by one, each by itself.
func (s *Store) Find(ctx context.Context, refs ...turno.Ref) ([]*turno.Job, error) {
	found := make([]*turno.Job, len(refs))
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("find jobs: %w", err)
	}
	at := map[int64][]int{}
	var numbers []int64
	for i, r := range refs {
		if r.ID == "" && r.Task < 0 {
			if at[r.Number] == nil {
				numbers = append(numbers, r.Number)
			}
			at[r.Number] = append(at[r.Number], i)
			continue
		}
		job, err := s.findOne(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("find job %v: %w", r, ended(ctx, err))
		}
		found[i] = job
	}
	for part := range slices.Chunk(numbers, findAtOnce) {
		err := s.eachJob(ctx, s.DB, func(j *turno.Job) error {
			for n, i := range at[j.Number] {
				if found[i] = j; n > 0 {
					found[i] = new(*j)
				}
			}
			return nil
		}, selectJobs+`WHERE j.number IN (`+list(part)+`)`)
		if err != nil {
			return nil, fmt.Errorf("find jobs: %w", ended(ctx, err))
		}
	}
	return found, nil
}

func (s *Store) findOne(ctx context.Context, r turno.Ref) (job *turno.Job, err error) {
	keep := func(j *turno.Job) error { job = j; return nil }
	if r.ID == "" {
		err = s.eachJob(ctx, s.DB, keep, selectJobs+
			`WHERE j.id = (SELECT a.id FROM jobs a WHERE a.number = ?1 AND a.idx = -1) AND j.idx = ?2`, r.Number, int64(r.Task))
		return job, err
	}
	id, index := packID(nil, r.String())
	err = s.eachJob(ctx, s.DB, keep, selectJobs+`WHERE j.id = ?1 AND j.idx = ?2`, id, index)
	return job, err
}

// Summary implements store.Store.
func (s *Store) Summary(ctx context.Context) (turno.Summary, error) {
	sum := turno.Summary{States: map[turno.State]int64{}, Queues: map[string]map[turno.State]int64{}, Users: map[string]map[turno.State]int64{}}
	rows, err := s.DB.Query(ctx, `SELECT k.queue, k.usr, c.state, CAST(SUM(c.n) AS BIGINT) FROM counts c JOIN kinds k ON k.kind = c.kind
WHERE c.block = -1 GROUP BY k.queue, k.usr, c.state`)
	if err != nil {
		return turno.Summary{}, fmt.Errorf("count jobs: %w", ended(ctx, err))
	}
	defer rows.Close()
	for rows.Next() {
		var queue, user string
		var code, n int64
		if err := rows.Scan(&queue, &user, &code, &n); err != nil {
			return turno.Summary{}, fmt.Errorf("count jobs: %w", err)
		}
		if n == 0 {
			continue
		}
		state := names[code]
		sum.States[state] += n
		addCount(sum.Queues, queue, state, n)
		addCount(sum.Users, user, state, n)
	}
	if err := rows.Err(); err != nil {
		return turno.Summary{}, fmt.Errorf("count jobs: %w", ended(ctx, err))
	}
	return sum, nil
}

func addCount(to map[string]map[turno.State]int64, key string, state turno.State, n int64) {
	if to[key] == nil {
		to[key] = map[turno.State]int64{}
	}
	to[key][state] += n
}

// list writes numbers into a statement: they need no quoting.
func list(numbers []int64) string {
	var b []byte
	for i, n := range numbers {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(b)
}
