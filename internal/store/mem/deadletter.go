package mem

import (
	"context"
	"fmt"
	"slices"

	"turno"
	"turno/internal/store"
)

// deadLetters are guarded by their store's mutex.
type deadLetters struct {
	all    []turno.DeadLetter // ascending
	newest int64
}

func (d *deadLetters) commit(b store.DeadLetterBatch) {
	for _, l := range b.New {
		d.add(l)
	}
	d.all = slices.DeleteFunc(d.all, func(l turno.DeadLetter) bool { return slices.Contains(b.Gone, l.Number) })
	if len(b.New) > 0 {
		d.bound(b.Keep, b.KeepBytes)
	}
}

func (d *deadLetters) add(l turno.DeadLetter) {
	l.FirstAt, l.LastAt, l.Body = micro(l.FirstAt), micro(l.LastAt), slices.Clone(l.Body)
	i := slices.IndexFunc(d.all, func(old turno.DeadLetter) bool { return old.Queue == l.Queue && old.Digest == l.Digest })
	if i >= 0 {
		old := &d.all[i]
		l.Number, l.FirstAt, l.Times = old.Number, old.FirstAt, old.Times+1
		*old = l
		return
	}
	d.newest++
	l.Number, l.Times = d.newest, 1
	d.all = append(d.all, l)
}

func (d *deadLetters) bound(keep, keepBytes int64) {
	var count, bytes int64
	for i := range slices.Backward(d.all) {
		count++
		if bytes += int64(len(d.all[i].Body)); count > keep || bytes > keepBytes {
			d.all = slices.Delete(d.all, 0, i+1)
			return
		}
	}
}

// DeadLetters implements store.DeadLetters.
func (s *Store) DeadLetters(ctx context.Context, q turno.DeadLetterQuery) (turno.DeadLetterPage, error) {
	if err := ctx.Err(); err != nil {
		return turno.DeadLetterPage{}, fmt.Errorf("list dead letters: %w", err)
	}
	below, err := store.ParseCursor(q.Cursor)
	if err != nil {
		return turno.DeadLetterPage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	page := turno.DeadLetterPage{Total: int64(len(s.dead.all))}
	for _, l := range slices.Backward(s.dead.all) {
		switch {
		case q.Number != 0 && l.Number == q.Number:
			l.Body = slices.Clone(l.Body)
			page.Items = []turno.DeadLetter{l}
			return page, nil
		case q.Number != 0, below != 0 && l.Number >= below:
			continue
		case len(page.Items) == store.PageLimit(q.Limit):
			page.NextCursor = store.Cursor(page.Items[len(page.Items)-1].Number)
			return page, nil
		}
		l.Body = nil
		page.Items = append(page.Items, l)
	}
	if q.Number != 0 {
		return turno.DeadLetterPage{}, fmt.Errorf("dead letter %d: %w", q.Number, store.ErrNotFound)
	}
	return page, nil
}
