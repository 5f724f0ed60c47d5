package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"turno"
	"turno/internal/store"
)

const (
	addBenchmark = `INSERT INTO benchmarks (id, usr, began, ord, stopping, head, file) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6)
ON CONFLICT (id) DO UPDATE SET began = excluded.began, ord = excluded.ord, head = excluded.head, file = excluded.file
WHERE benchmarks.usr = excluded.usr AND benchmarks.ord <= excluded.ord`
	findBenchmark   = `UPDATE benchmarks SET ord = ord WHERE id = ?1`
	renewBenchmark  = `UPDATE benchmarks SET began = ?3, ord = ?4, head = ?5, file = ?6 WHERE id = ?1 AND usr = ?2 AND ord <= ?4`
	stopBenchmark   = `UPDATE benchmarks SET stopping = 1 WHERE id = ?1`
	removeBenchmark = `DELETE FROM benchmarks WHERE id = ?1`
)

// WriteBenchmarks implements store.Benchmarks.
func (s *Store) WriteBenchmarks(ctx context.Context, b store.BenchmarkBatch) error {
	statements, err := benchmarkStatements(b)
	if err == nil && len(statements) > 0 {
		err = s.DB.Exec(ctx, statements)
	}
	if err != nil {
		return fmt.Errorf("write benchmarks: %w", ended(ctx, err))
	}
	return nil
}

func benchmarkStatements(b store.BenchmarkBatch) (all []Statement, err error) {
	one := func(id string, wrong error, sql string, args ...any) {
		all = append(all, Statement{SQL: sql, Args: args, Rows: 1, Wrong: fmt.Errorf("benchmark %s: %w", id, wrong)})
	}
	for _, r := range b.Put {
		head := r.Benchmark
		head.Stopping, head.At, head.UpdatedAt = false, fromMicros(micros(head.At)), fromMicros(micros(head.UpdatedAt))
		text, err := json.Marshal(&head)
		if err != nil {
			return nil, fmt.Errorf("benchmark %s: %w", r.ID, err)
		}
		args := []any{r.ID, r.User, micros(r.At), r.Order, string(text), r.File}
		if r.Fresh {
			one(r.ID, store.ErrTaken, addBenchmark, args...)
			continue
		}
		one(r.ID, store.ErrNotFound, findBenchmark, r.ID)
		one(r.ID, store.ErrTaken, renewBenchmark, args...)
	}
	for _, id := range b.Stop {
		one(id, store.ErrNotFound, stopBenchmark, id)
	}
	for _, id := range b.Gone {
		one(id, store.ErrNotFound, removeBenchmark, id)
	}
	return all, nil
}

// Benchmarks implements store.Benchmarks.
func (s *Store) Benchmarks(ctx context.Context, q store.BenchmarkQuery) ([]turno.Benchmark, error) {
	sql, args := `SELECT stopping, head FROM benchmarks WHERE 1 = 1`, []any(nil)
	for _, f := range []struct{ column, text string }{{"id", q.ID}, {"usr", q.User}} {
		if f.text != "" {
			args = append(args, f.text)
			sql += fmt.Sprintf(" AND %s = ?%d", f.column, len(args))
		}
	}
	out, err := readBenchmarks(ctx, s.DB, sql+` ORDER BY began DESC, id DESC`, args)
	if err != nil {
		return nil, fmt.Errorf("read benchmarks: %w", ended(ctx, err))
	}
	return out, nil
}

func readBenchmarks(ctx context.Context, r Reader, sql string, args []any) (out []turno.Benchmark, err error) {
	rows, err := r.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var stopping int64
		var text string
		if err := rows.Scan(&stopping, &text); err != nil {
			return nil, err
		}
		var b turno.Benchmark
		if err := json.Unmarshal([]byte(text), &b); err != nil {
			return nil, fmt.Errorf("read a benchmark: %w", err)
		}
		b.Stopping = stopping != 0
		out = append(out, b)
	}
	return out, rows.Err()
}

// BenchmarkFile implements store.Benchmarks.
func (s *Store) BenchmarkFile(ctx context.Context, id string) ([]byte, error) {
	file, err := readFile(ctx, s.DB, id)
	if err != nil {
		return nil, fmt.Errorf("read the file of benchmark %s: %w", id, ended(ctx, err))
	}
	return file, nil
}

func readFile(ctx context.Context, r Reader, id string) (file []byte, err error) {
	rows, err := r.Query(ctx, `SELECT file FROM benchmarks WHERE id = ?1`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return nil, err
		}
		return nil, store.ErrNotFound
	}
	if err := rows.Scan(&file); err != nil {
		return nil, err
	}
	return file, rows.Err()
}
