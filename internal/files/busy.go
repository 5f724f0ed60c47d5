package files

import "sync"

// Busy are the blobs that a store's process is putting: two Puts of one blob at
// the same time would write over each other, so the second is told ErrBusy. The
// zero value is none. Safe for concurrent use.
type Busy struct {
	mu     sync.Mutex // guards hashes
	hashes map[string]bool
}

// Take claims a blob until Leave, unless somebody has.
func (b *Busy) Take(hash string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hashes[hash] {
		return false
	}
	if b.hashes == nil {
		b.hashes = map[string]bool{}
	}
	b.hashes[hash] = true
	return true
}

// Leave ends a claim.
func (b *Busy) Leave(hash string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.hashes, hash)
}
