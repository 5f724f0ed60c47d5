package sqlstore

import (
	"context"
	"fmt"

	"turno"
	"turno/internal/store"
)

// FitLogs gives what is new in chunks, in order, each beginning where the log
// then ends. size says how long a log is that is stored.
func FitLogs(chunks []turno.LogChunk, size func(turno.AttemptKey) (int64, error)) ([]turno.LogChunk, error) {
	sizes := map[turno.AttemptKey]int64{}
	var fit []turno.LogChunk
	for _, c := range chunks {
		stored, known := sizes[c.AttemptKey]
		if !known {
			var err error
			if stored, err = size(c.AttemptKey); err != nil {
				return nil, fmt.Errorf("size of the log of %v: %w", c.AttemptKey, err)
			}
		}
		if c.Offset < 0 || c.Offset > stored {
			return nil, fmt.Errorf("log of %v at %d: %w after %d", c.AttemptKey, c.Offset, store.ErrLogGap, stored)
		}
		if end := c.Offset + int64(len(c.Data)); end > stored {
			c.Data = c.Data[stored-c.Offset:]
			c.Offset, stored = stored, end
			fit = append(fit, c)
		}
		sizes[c.AttemptKey] = stored
	}
	return fit, nil
}

// readLog reads from the chunk that holds the offset; the last line is the one
// that tells the size. A log is a row of chunks without gaps.
const readLog = `SELECT start, stop, data FROM logs WHERE job = ?1 AND attempt = ?2
AND start >= COALESCE((SELECT MAX(start) FROM logs WHERE job = ?1 AND attempt = ?2 AND start <= ?3), 0)
AND start < ?4 ORDER BY start`

const LogSize = `SELECT COALESCE(MAX(stop), 0) FROM logs WHERE job = ?1 AND attempt = ?2
AND start = (SELECT MAX(start) FROM logs WHERE job = ?1 AND attempt = ?2)`

// ReadLog implements store.Store.
func (s *Store) ReadLog(ctx context.Context, k turno.AttemptKey, offset int64, limit int) ([]byte, int64, error) {
	var data []byte
	var size int64
	offset = max(offset, 0)
	// First the size, then the bytes: what is appended meanwhile is not missed
	// but left for the next call.
	err := one(ctx, s.DB, &size, LogSize, k.Job, int64(k.Attempt))
	if err == nil && limit > 0 && offset < size {
		data, err = s.readChunks(ctx, k, offset, min(size, offset+int64(limit)))
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read log of %v: %w", k, ended(ctx, err))
	}
	return data, size, nil
}

func (s *Store) readChunks(ctx context.Context, k turno.AttemptKey, from, to int64) ([]byte, error) {
	rows, err := s.DB.Query(ctx, readLog, k.Job, int64(k.Attempt), from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make([]byte, 0, to-from)
	for rows.Next() {
		var start, stop int64
		var data []byte
		if err := rows.Scan(&start, &stop, &data); err != nil {
			return nil, err
		}
		if start < to && stop > from {
			out = append(out, data[max(from-start, 0):min(to, stop)-start]...)
		}
	}
	return out, rows.Err()
}

// one reads one value of one row.
func one(ctx context.Context, r Reader, to any, sql string, args ...any) error {
	rows, err := r.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan(to); err != nil {
			return err
		}
	}
	return rows.Err()
}
