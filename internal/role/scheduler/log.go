package scheduler

import (
	"context"
	"errors"
	"fmt"

	"turno"
	"turno/internal/store"
)

// fitting keeps the chunks that continue what is stored, in order; a chunk
// that leaves a gap, or brings nothing new, is dropped: its worker learns from
// the next Desired where the store is and goes on from there.
func (t *term) fitting(ctx context.Context, chunks []turno.LogChunk) ([]turno.LogChunk, error) {
	if len(chunks) == 0 {
		return nil, nil
	}
	sizes := map[turno.AttemptKey]int64{}
	var kept []turno.LogChunk
	for _, c := range chunks {
		size, known := sizes[c.AttemptKey]
		if !known {
			var err error
			if _, size, err = t.o.Store.ReadLog(ctx, c.AttemptKey, 0, 0); err != nil && !errors.Is(err, store.ErrNotFound) {
				return nil, fmt.Errorf("read the size of a log: %w", err)
			}
		}
		end := c.Offset + int64(len(c.Data))
		if c.Offset <= size && end > size {
			kept = append(kept, c)
			size = end
		} else {
			t.core.LogStored(t.clock.Now(), c.AttemptKey, size)
		}
		sizes[c.AttemptKey] = size
	}
	return kept, nil
}
