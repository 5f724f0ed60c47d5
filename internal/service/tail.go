package service

import (
	"encoding/json"
	"sync"

	"turno"
)

const (
	// recentBytes of output are kept for whoever begins to follow while they
	// are on their way to the store: some hundred chunks, a few milliseconds.
	recentBytes = 256 << 10
	// followBytes bounds what one follower has not taken; it then reads the store.
	followBytes = 1 << 20
)

// tails hands output on as it comes from the workers: the store tells nobody
// when it has more. Chunks are decoded only while somebody follows.
type tails struct {
	mu        sync.Mutex // guards all below and every follower's fields
	recent    [][]byte
	size      int
	followers map[*follower]struct{}
}

// follower waits for output of one attempt.
type follower struct {
	of    *tails
	wake  chan struct{} // capacity 1: the token says "look again"
	key   turno.AttemptKey
	held  []turno.LogChunk
	bytes int
}

// receive takes a message of a worker.
func (t *tails) receive(body []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recent = append(t.recent, body)
	t.size += len(body)
	for t.size > recentBytes && len(t.recent) > 0 {
		t.size -= len(t.recent[0])
		t.recent[0] = nil
		t.recent = t.recent[1:]
	}
	if len(t.followers) == 0 {
		return
	}
	for _, c := range chunks(body) {
		for f := range t.followers {
			f.add(c)
		}
	}
}

// chunks decodes a message; one that is none holds none: the scheduler logs it.
func chunks(body []byte) []turno.LogChunk {
	var out []turno.LogChunk
	if json.Unmarshal(body, &out) != nil {
		return nil
	}
	return out
}

func (f *follower) add(c turno.LogChunk) {
	if c.AttemptKey != f.key {
		return
	}
	f.held = append(f.held, c)
	f.bytes += len(c.Data)
	for f.bytes > followBytes {
		f.bytes -= len(f.held[0].Data)
		f.held = f.held[1:]
	}
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (t *tails) follow() *follower {
	f := &follower{of: t, wake: make(chan struct{}, 1)}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.followers[f] = struct{}{}
	return f
}

func (t *tails) leave(f *follower) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.followers, f)
}

// attend has f follow an attempt: also what came of it just now.
func (t *tails) attend(f *follower, key turno.AttemptKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if key.Attempt == 0 || f.key == key {
		return
	}
	f.key, f.held, f.bytes = key, nil, 0
	for _, body := range t.recent {
		for _, c := range chunks(body) {
			f.add(c)
		}
	}
}

// take gives what follows an offset without a gap, at most limit bytes.
func (f *follower) take(offset int64, limit int) []byte {
	f.of.mu.Lock()
	defer f.of.mu.Unlock()
	var out []byte
	for _, c := range f.held {
		at, end := offset+int64(len(out)), c.Offset+int64(len(c.Data))
		if c.Offset <= at && at < end {
			out = append(out, c.Data[at-c.Offset:]...)
		}
	}
	return out[:min(len(out), limit)]
}
