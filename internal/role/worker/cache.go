package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"turno/internal/files"
	"turno/internal/files/transfer"
)

// Cache keeps files of the store on this machine, as files.
type Cache interface {
	files.Keeper
	files.Local
}

// DefaultCacheBytes of files are kept between jobs: a data set or two.
const DefaultCacheBytes = 20 << 30

// cache brings files from a store that is elsewhere, each once at a time, and
// forgets those that were not used for longest. Safe for concurrent use.
type cache struct {
	from  files.Store
	kept  Cache
	bytes int64

	state cacheState
}

type cacheState struct {
	mu      sync.Mutex
	flights map[string]*flight // by hash
	known   bool               // total is counted
	total   int64
}

// flight is a transfer that is under way; err is set before done is closed.
type flight struct {
	done chan struct{}
	err  error
}

func newCache(from files.Store, kept Cache, bytes int64) *cache {
	if bytes == 0 {
		bytes = DefaultCacheBytes
	}
	return &cache{from: from, kept: kept, bytes: bytes, state: cacheState{flights: map[string]*flight{}}}
}

// open gives the file of a content, which it brings if need be.
func (c *cache) open(ctx context.Context, hash string, size int64) (*os.File, error) {
	for {
		if _, err := c.kept.Stat(ctx, []string{hash}); err != nil { // it is used
			return nil, err
		}
		if name, ok := c.kept.Path(hash); ok {
			f, err := os.Open(name)
			if !errors.Is(err, os.ErrNotExist) { // forgotten at this moment
				return f, err
			}
		}
		if err := c.bring(ctx, hash, size); err != nil {
			return nil, err
		}
	}
}

// bring has a content in the cache. Only one caller transfers it; when that one
// is ended by its own job's end, another one goes on.
func (c *cache) bring(ctx context.Context, hash string, size int64) error {
	c.state.mu.Lock()
	f := c.state.flights[hash]
	if f != nil {
		c.state.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if f.err == nil || errors.Is(f.err, errHandedOver) {
			return nil // the caller looks again
		}
		return f.err
	}
	f = &flight{done: make(chan struct{})}
	c.state.flights[hash] = f
	c.state.mu.Unlock()

	err := c.transfer(ctx, hash, size)
	if f.err = err; err != nil && ctx.Err() != nil {
		f.err = errHandedOver
	}
	c.state.mu.Lock()
	delete(c.state.flights, hash)
	c.state.mu.Unlock()
	close(f.done)
	if err == nil {
		err = c.account(ctx, size)
	}
	return err
}

var errHandedOver = errors.New("given up for another one to go on")

// transfer goes on from what is there of an earlier one.
func (c *cache) transfer(ctx context.Context, hash string, size int64) error {
	pause, failing := 100*time.Millisecond, time.Time{}
	for {
		n, err := c.try(ctx, hash, size)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if n > 0 || failing.IsZero() {
			pause, failing = 100*time.Millisecond, time.Now()
		}
		full := errors.Is(err, files.ErrFull)
		if full && c.forget(ctx, size) {
			continue
		}
		if full {
			return localError(err)
		}
		if !transfer.Passing(err) || time.Since(failing) > time.Minute {
			return err
		}
		timer := time.NewTimer(pause)
		pause = min(2*pause, 5*time.Second)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// try transfers once, and tells how much came.
func (c *cache) try(ctx context.Context, hash string, size int64) (int64, error) {
	have, err := c.kept.Stat(ctx, []string{hash})
	if err != nil || have[0].Whole {
		return 0, err
	}
	at := have[0].Stored
	r, err := c.from.Open(ctx, hash, at)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	stored, err := c.kept.Put(ctx, files.Part{Hash: hash, Offset: at, Size: size}, r)
	if err == nil && stored < size {
		err = fmt.Errorf("it ended after %d of %d bytes", stored, size)
	}
	return stored - at, err
}

// account counts what is kept, and forgets what is too much.
func (c *cache) account(ctx context.Context, size int64) error {
	c.state.mu.Lock()
	c.state.total += size
	over := !c.state.known || c.state.total > c.bytes
	c.state.mu.Unlock()
	if over {
		c.forget(ctx, 0)
	}
	return nil
}

// forget makes room: it deletes what was not used for longest until there is
// less than nine tenths of what may be, or until room more is free. It tells
// whether it deleted anything.
func (c *cache) forget(ctx context.Context, room int64) bool {
	var list []files.Entry
	var total int64
	for e, err := range c.kept.List(ctx) {
		if err != nil {
			return false
		}
		list = append(list, e)
		total += e.Stored
	}
	slices.SortFunc(list, func(a, b files.Entry) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	want, deleted := total, false
	if total > c.bytes {
		want = c.bytes / 10 * 9
	}
	want = min(want, total-room)
	for i := 0; i < len(list) && total > want; i++ {
		if c.flying(list[i].Hash) || c.kept.Delete(ctx, list[i].Hash) != nil {
			continue
		}
		total -= list[i].Stored
		deleted = true
	}
	c.state.mu.Lock()
	c.state.total, c.state.known = total, true
	c.state.mu.Unlock()
	return deleted
}

func (c *cache) flying(hash string) bool {
	c.state.mu.Lock()
	defer c.state.mu.Unlock()
	return c.state.flights[hash] != nil
}
