package child

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
)

// Spawner starts jobs quickly: one keeper, started once, holds them all. Its
// jobs outlive the agent as others do (Attach finds each by its directory),
// but if the keeper itself is killed, all are lost at once; and an exit is
// written but not synced, so a power cut may lose one that no agent took.
type Spawner struct {
	link       *link
	capability Capability
	binary     string
}

// OpenSpawner starts a keeper.
func OpenSpawner(ctx context.Context, spec SpawnerSpec) (*Spawner, error) {
	dir := filepath.Join(spec.Dir, "keeper-"+rand.Text()[:8])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make keeper's directory: %w", err)
	}
	l, err := openKeeper(ctx, keeperSpec{mode: cmdKeeper, dir: dir, binary: spec.Binary})
	if err != nil {
		return nil, fmt.Errorf("start keeper: %w", err)
	}
	return &Spawner{link: l, capability: Probe(), binary: spec.Binary}, nil
}

// Start starts an attempt as the function Start does. What the keeper cannot
// hold apart from its other jobs gets a shim of its own.
func (s *Spawner) Start(ctx context.Context, spec Spec) (*Process, error) {
	c := s.capability
	where := c.place(spec.ID, spec.Limits)
	if c.Rung != rungV2 || !c.roots.clone || len(where.threadGroups()) > 0 || spec.Limits.OpenFiles > 0 {
		if spec.Binary == "" {
			spec.Binary = s.binary
		}
		return start(ctx, spec, c)
	}
	if err := prepare(&spec); err != nil {
		return nil, err
	}
	return s.link.start(ctx, spec, where)
}

// Close lets the keeper go: its jobs have their lease from now on, and it ends
// with the last of them.
func (s *Spawner) Close() error { return s.link.wire.conn.Close() }
