// Package buffer is what an adapter's client side has received and its user
// has not taken yet. It knows no broker. It starts no goroutine: any number of
// goroutines add, one at a time takes.
package buffer

import (
	"context"
	"sync"

	"turno/internal/broker"
)

// Buffer holds items until Take asks for them.
type Buffer[T any] struct {
	ready chan struct{} // capacity 1: the token says "look again"
	done  chan struct{} // closed by Close

	mu    sync.Mutex
	items []T
	err   error // not nil once closed
}

// New returns an empty Buffer.
func New[T any]() *Buffer[T] {
	return &Buffer[T]{ready: make(chan struct{}, 1), done: make(chan struct{})}
}

// Add appends; after Close it does nothing.
func (b *Buffer[T]) Add(items ...T) {
	b.Update(func(have []T) []T { return append(have, items...) })
}

// Update replaces what is held by what change makes of it, under the lock.
func (b *Buffer[T]) Update(change func([]T) []T) {
	b.mu.Lock()
	if b.err == nil {
		b.items = change(b.items)
	}
	b.mu.Unlock()
	b.wake()
}

// Take waits for at least one item and returns all, at most limit if that is
// positive.
func (b *Buffer[T]) Take(ctx context.Context, limit int) ([]T, error) {
	for {
		if items, err := b.TryTake(limit); err != nil || len(items) > 0 {
			return items, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-b.done:
		case <-b.ready:
		}
	}
}

// TryTake is Take without waiting: it may return nothing.
func (b *Buffer[T]) TryTake(limit int) ([]T, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return nil, b.err
	}
	n := len(b.items)
	if limit > 0 && n > limit {
		n = limit
	}
	if n == 0 {
		return nil, nil
	}
	items := b.items[:n:n]
	b.items = b.items[n:]
	if len(b.items) == 0 {
		b.items = nil // what was taken belongs to the taker, the array too
	}
	return items, nil
}

// Close drops what is held; from now on Take returns err. Only the first
// call counts.
func (b *Buffer[T]) Close(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return
	}
	b.err, b.items = err, nil
	close(b.done)
}

// Done is closed by Close.
func (b *Buffer[T]) Done() <-chan struct{} { return b.done }

func (b *Buffer[T]) wake() {
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

// streamBytes bounds what a slow subscriber may leave waiting: some seconds of
// a busy worker's log. Then the oldest goes: a stream is best effort, and who
// follows a log wants its end.
const streamBytes = 16 << 20

// Values is the waiting side of a broker.Watcher.
type Values struct {
	*Buffer[broker.Value]
	pattern string
	mailbox bool

	// Guarded by the Buffer's lock: touched in Update alone.
	at    map[string]int // mailbox: where in items a name's value waits
	bytes int            // stream: waiting in items
}

// NewMailbox keeps of each mailbox that matches the newest value only, so its
// memory is bounded by the number of names.
func NewMailbox(pattern string) *Values {
	return &Values{Buffer: New[broker.Value](), pattern: pattern, mailbox: true}
}

// NewStream keeps everything that matches, up to streamBytes.
func NewStream(pattern string) *Values {
	return &Values{Buffer: New[broker.Value](), pattern: pattern}
}

// Put adds a value if its name matches the pattern.
func (v *Values) Put(value broker.Value) {
	if !broker.MatchName(v.pattern, value.Name) {
		return
	}
	if v.mailbox {
		v.Update(func(items []broker.Value) []broker.Value { return v.coalesce(items, value) })
		return
	}
	v.Update(func(items []broker.Value) []broker.Value { return v.append(items, value) })
}

// Receive is broker.Watcher's.
func (v *Values) Receive(ctx context.Context) ([]broker.Value, error) { return v.Take(ctx, 0) }

func (v *Values) coalesce(items []broker.Value, value broker.Value) []broker.Value {
	if len(items) == 0 {
		v.at = map[string]int{}
	}
	if i, ok := v.at[value.Name]; ok {
		items[i] = value
		return items
	}
	v.at[value.Name] = len(items)
	return append(items, value)
}

func (v *Values) append(items []broker.Value, value broker.Value) []broker.Value {
	if len(items) == 0 {
		v.bytes = 0
	}
	v.bytes += len(value.Body)
	items = append(items, value)
	for v.bytes > streamBytes && len(items) > 1 {
		v.bytes -= len(items[0].Body)
		items = items[1:]
	}
	return items
}
