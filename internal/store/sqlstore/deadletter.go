package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"turno"
	"turno/internal/store"
)

// What a DB writes of dead letters, in this order: each of New by AddDeadLetter
// with its Args, then BoundDeadLetters with Keep and KeepBytes where there are
// New, then Gone by DropDeadLetter. The letter's text has no body and nothing
// that a repetition leaves as it was.
const (
	AddDeadLetter = `INSERT INTO dead_letters (queue, digest, first, times, size, letter, body)
VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6)
ON CONFLICT (queue, digest) DO UPDATE SET times = dead_letters.times + 1, letter = excluded.letter`
	BoundDeadLetters = `DELETE FROM dead_letters WHERE number IN (SELECT number FROM (
SELECT number, ROW_NUMBER() OVER (ORDER BY number DESC) AS place, SUM(size) OVER (ORDER BY number DESC) AS total
FROM dead_letters) AS counted WHERE place > ?1 OR total > ?2)`
	DropDeadLetter = `DELETE FROM dead_letters WHERE number = ?1`
)

// DeadLetterRow is a row of dead_letters.
type DeadLetterRow struct {
	Queue, Digest string
	First         int64 // in microseconds since 1970
	Letter        string
	Body          []byte
}

// Args are AddDeadLetter's.
func (r *DeadLetterRow) Args() []any {
	return []any{r.Queue, r.Digest, r.First, int64(len(r.Body)), r.Letter, r.Body}
}

func (w *Write) addDead(b store.DeadLetterBatch) error {
	for _, l := range b.New {
		body := l.Body
		if body == nil {
			body = []byte{} // not NULL
		}
		row := DeadLetterRow{Queue: text(l.Queue), Digest: l.Digest, First: l.FirstAt.UnixMicro(), Body: body}
		l.Body, l.Number, l.Times, l.FirstAt, l.LastAt = nil, 0, 0, time.Time{}, l.LastAt.UTC().Round(time.Microsecond)
		encoded, err := json.Marshal(&l)
		if err != nil {
			return fmt.Errorf("dead letter: %w", err)
		}
		row.Letter = string(encoded)
		w.DeadLetters = append(w.DeadLetters, row)
	}
	return nil
}

// DeadLetters implements store.DeadLetters.
func (s *Store) DeadLetters(ctx context.Context, q turno.DeadLetterQuery) (turno.DeadLetterPage, error) {
	below, err := store.ParseCursor(q.Cursor)
	if err != nil {
		return turno.DeadLetterPage{}, err
	}
	var page turno.DeadLetterPage
	err = s.DB.View(ctx, func(r Reader) error {
		if err := one(ctx, r, &page.Total, `SELECT COUNT(*) FROM dead_letters`); err != nil {
			return err
		}
		if q.Number != 0 {
			page.Items, err = readDead(ctx, r, `SELECT number, first, times, letter, body FROM dead_letters WHERE number = ?1`, q.Number)
			return err
		}
		if below == 0 {
			below = math.MaxInt64
		}
		page.Items, err = readDead(ctx, r, `SELECT number, first, times, letter, NULL FROM dead_letters WHERE number < ?1
ORDER BY number DESC LIMIT ?2`, below, int64(store.PageLimit(q.Limit))+1)
		return err
	})
	if err != nil {
		return turno.DeadLetterPage{}, fmt.Errorf("list dead letters: %w", ended(ctx, err))
	}
	if q.Number != 0 && len(page.Items) == 0 {
		return turno.DeadLetterPage{}, fmt.Errorf("dead letter %d: %w", q.Number, store.ErrNotFound)
	}
	if n := store.PageLimit(q.Limit); q.Number == 0 && len(page.Items) > n {
		page.Items = page.Items[:n]
		page.NextCursor = store.Cursor(page.Items[n-1].Number)
	}
	return page, nil
}

func readDead(ctx context.Context, r Reader, sql string, args ...any) (letters []turno.DeadLetter, err error) {
	rows, err := r.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var number, first, times int64
		var text string
		var body []byte
		if err := rows.Scan(&number, &first, &times, &text, &body); err != nil {
			return nil, err
		}
		var l turno.DeadLetter
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			return nil, fmt.Errorf("read dead letter %d: %w", number, err)
		}
		l.Number, l.FirstAt, l.Times, l.Body = number, time.UnixMicro(first).UTC(), int(times), body
		letters = append(letters, l)
	}
	return letters, rows.Err()
}
