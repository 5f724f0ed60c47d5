package infer

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"turno/internal/workload/model"
)

// kept is how many models stay loaded: the largest have 0.5 GB, usual ones one
// or two MB.
const kept = 4

// cache holds the models used last. Safe for concurrent use; models are never
// written to.
type cache struct {
	mu   sync.Mutex
	list []loaded // guarded by mu; the one used last is the first
}

// loaded is a model by what its file holds: each job has a copy of its own of
// what another one left, so paths would tell nothing.
type loaded struct {
	sum [sha256.Size]byte
	*model.Model
}

// find is the model at a path, and whether it was loaded before.
func (c *cache) find(path string) (*model.Model, bool, error) {
	data := sample
	if path != sampleName {
		var err error
		if data, err = model.Read(path); err != nil {
			return nil, false, err
		}
	}
	want := loaded{sum: sha256.Sum256(data)}
	if m := c.take(want.sum); m != nil {
		return m, true, nil
	}
	m, err := model.Decode(data)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	m.First, m.Second = nil, nil // of no use here
	want.Model = m
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append([]loaded{want}, c.list[:min(len(c.list), kept-1)]...)
	return m, false, nil
}

func (c *cache) take(sum [sha256.Size]byte) *model.Model {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, l := range c.list {
		if l.sum == sum {
			copy(c.list[1:i+1], c.list[:i])
			c.list[0] = l
			return l.Model
		}
	}
	return nil
}
