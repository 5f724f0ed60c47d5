package scheduler

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"turno/internal/store"
)

// Void gives up every attempt that a store tells to be under way, because it was
// restored from an older copy, and tells how many those were. Their jobs wait
// again. It leads for as long as it takes, and needs of Options only Store and
// Order; it fails while a scheduler runs.
func Void(ctx context.Context, o Options) (int, error) {
	r := New(o)
	holder := "restore/" + uuid.NewString()
	lead, err := o.Store.Lead(ctx, holder, leadTTL)
	if errors.Is(err, store.ErrHeld) {
		return 0, fmt.Errorf("%w (%s): stop all schedulers, and restore again", err, lead.Holder)
	}
	if err != nil {
		return 0, fmt.Errorf("lead: %w", err)
	}
	defer r.giveUp(ctx, holder)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := r.newTerm(lead, 0, cancel)
	if err := t.restore(ctx); err != nil {
		return 0, fmt.Errorf("read the store: %w", err)
	}
	n := t.core.Void(t.clock.Now(), "the store was restored from a backup, and what became of the attempt is not known")
	for ready := t.core.Ready(); !ready.Empty(); ready = t.core.Ready() {
		if err := t.commit(ctx, &ready, &batch{}); err != nil {
			return 0, err
		}
	}
	return n, nil
}
