package sqlstore

import (
	"context"
	"fmt"

	"turno"
)

// Kind is a combination of what jobs are filtered by, under a number.
type Kind struct {
	Number            int64
	Queue, User, Type string
	Task              int64 // 1: tasks of arrays
}

// kindKey is a Kind without its number.
type kindKey struct {
	queue, user, typ string
	task             bool
}

func kindOf(j *turno.Job) kindKey {
	return kindKey{j.Spec.Queue, j.Spec.User, j.Spec.Type, j.Parent != 0}
}

// cache is what the writer knows of the database. It holds for one term: as
// long as nobody else leads, nobody else writes.
type cache struct {
	term   uint64
	kinds  map[kindKey]int64
	newest int64                 // kind number
	specs  map[int64]*turno.Spec // of arrays that have not ended: their tasks point to the same
}

func (c *cache) fill(ctx context.Context, db Reader, term uint64) error {
	if c.term == term && c.kinds != nil {
		return nil
	}
	*c = cache{kinds: map[kindKey]int64{}, specs: map[int64]*turno.Spec{}}
	rows, err := db.Query(ctx, `SELECT kind, queue, usr, type, task FROM kinds`)
	if err != nil {
		return fmt.Errorf("read kinds: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var k Kind
		if err := rows.Scan(&k.Number, &k.Queue, &k.User, &k.Type, &k.Task); err != nil {
			return fmt.Errorf("read kinds: %w", err)
		}
		c.kinds[kindKey{k.Queue, k.User, k.Type, k.Task == 1}] = k.Number
		c.newest = max(c.newest, k.Number)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read kinds: %w", err)
	}
	c.term = term
	return nil
}

// kind gives a job's kind its number; a new one is to be written first.
func (c *cache) kind(j *turno.Job, w *Write) int64 {
	key := kindOf(j)
	if n, ok := c.kinds[key]; ok {
		return n
	}
	clean := kindKey{text(key.queue), text(key.user), text(key.typ), key.task}
	n, ok := c.kinds[clean]
	if !ok {
		c.newest++
		n = c.newest
		k := Kind{Number: n, Queue: clean.queue, User: clean.user, Type: clean.typ}
		if key.task {
			k.Task = 1
		}
		w.Kinds = append(w.Kinds, k)
		c.kinds[clean] = n
	}
	c.kinds[key] = n
	return n
}
