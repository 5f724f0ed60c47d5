package child

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Spawner starts jobs quickly: one keeper, started once, holds them all. Its
// jobs outlive the agent as others do, and Attach finds each by its Spec.Dir,
// but if the keeper itself is killed, all are lost at once, and those after them
// get a fresh one; and an exit is written but not synced, so a power cut may
// lose one that no agent took.
//
// A job that writes no output has no directory.
type Spawner struct {
	dir        string
	capability Capability
	spec       SpawnerSpec

	mu    sync.Mutex // guards what follows, and is held while a keeper is started
	link  *link
	own   string // the keeper's directory
	place place  // of the keeper: those of its jobs are below
	// earlier: there may be directories of keepers before this one.
	earlier bool
}

const keeperPrefix = "keeper-"

// OpenSpawner starts a keeper.
func OpenSpawner(ctx context.Context, spec SpawnerSpec) (*Spawner, error) {
	s := &Spawner{dir: filepath.Clean(spec.Dir), capability: Probe(), spec: spec}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("start keeper: %w", err)
	}
	return s, nil
}

// open starts a keeper. Callers hold mu, or are the only ones.
func (s *Spawner) open(ctx context.Context) error {
	id := keeperPrefix + rand.Text()[:8]
	dir := filepath.Join(s.spec.Dir, id)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make keeper's directory: %w", err)
	}
	c := s.capability
	s.own, s.earlier, s.place = dir, true, c.place(id, Limits{})
	var err error
	if s.link, err = openKeeper(ctx, keeperSpec{
		mode: cmdKeeper, dir: dir, binary: s.spec.Binary, noNewPrivileges: !s.spec.AllowNewPrivileges,
	}); err != nil || !s.quick() {
		return err
	}
	st := state{ID: id, Keeper: s.link.keeper, Control: dir, Place: s.place}
	err = st.write(dir)
	if err == nil {
		err = s.link.wire.send(request{Op: opBase, Launch: &launchRequest{Place: s.place}})
	}
	if err == nil {
		err = s.place.make(Limits{})
	}
	if err == nil && !c.LimitsV1 && len(c.Limits) > 0 {
		for _, name := range c.Limits {
			err = errors.Join(err, writeFile(s.place.Group+"/cgroup.subtree_control", "+"+name))
		}
	}
	if err != nil {
		return errors.Join(err, s.link.wire.conn.Close())
	}
	return nil
}

// keeper gives the one that runs; if it was killed, a fresh one.
func (s *Spawner) keeper(ctx context.Context) (*link, place, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != nil && !s.link.gone() {
		return s.link, s.place, nil
	}
	if err := s.open(ctx); err != nil {
		return nil, place{}, fmt.Errorf("start another keeper: %w: %w", ErrTrouble, err)
	}
	return s.link, s.place, nil
}

// quick says that this machine lets one keeper hold many trees apart.
func (s *Spawner) quick() bool {
	return s.capability.Rung == rungV2 && s.capability.roots.clone
}

// Start starts an attempt as the function Start does. One gets a shim of its
// own if the keeper cannot hold it apart from its others: without a v2 cgroup,
// with limits of v1 or of open files, with other privileges, or if Spec.Dir is not the ID's name in
// SpawnerSpec.Dir, where Attach would look for it.
func (s *Spawner) Start(ctx context.Context, spec Spec) (*Process, error) {
	if err := spec.validate(); err != nil {
		return nil, err
	}
	l := spec.Limits
	limited := l.MemoryBytes > 0 || l.Processes > 0 || l.CPUMillis > 0
	if !s.quick() || limited && s.capability.LimitsV1 || l.OpenFiles > 0 ||
		spec.NoNewPrivileges == s.spec.AllowNewPrivileges || spec.Dir != filepath.Join(s.dir, spec.ID) {
		if spec.Binary == "" {
			spec.Binary = s.spec.Binary
		}
		return start(ctx, spec, s.capability)
	}
	if used(spec.Dir) {
		return nil, ErrUsed
	}
	keeper, base, err := s.keeper(ctx)
	if err != nil {
		return nil, err
	}
	where := place{Rung: rungV2, Clone: true, Group: base.Group, Lane: true}
	if limited {
		c := s.capability
		c.roots.v2, c.roots.limits = base.Group, map[string]string{}
		for _, name := range c.Limits {
			c.roots.limits[name] = base.Group
		}
		where = c.place(spec.ID, l)
	}
	return keeper.start(ctx, spec, where)
}

// Close lets the keeper go: its jobs have their lease from now on, and it ends
// with the last of them.
func (s *Spawner) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil {
		return nil // the last one could not be started
	}
	if err := s.link.wire.conn.Close(); !s.link.gone() {
		return err
	}
	return nil // it was killed, and the connection with it
}

// Prune removes what keepers before this one have left, the exits of their
// jobs with it: it is for when nobody will ask for those. It waits for keepers
// that still have something to end, until ctx is done.
func (s *Spawner) Prune(ctx context.Context) error {
	s.mu.Lock()
	own, earlier := s.own, s.earlier
	s.earlier = false
	s.mu.Unlock()
	if !earlier {
		return nil
	}
	var errs []error
	for dir := range keepers(s.dir) {
		if filepath.Clean(dir) == filepath.Clean(own) {
			continue
		}
		st, err := readState(dir)
		if err != nil {
			errs = append(errs, s.abandon(dir, err))
			continue
		}
		switch err := st.Keeper.await(ctx); {
		case errors.Is(err, errGone):
			errs = append(errs, st.Place.end(identity{}), os.RemoveAll(dir))
		case ctx.Err() == nil:
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// abandon removes the directory of a keeper that has no state, or a part of one
// from a disk that was full, if it is not just being made: its agent ended
// before it could have given it a job.
func (s *Spawner) abandon(dir string, err error) error {
	s.mu.Lock() // none is made meanwhile
	defer s.mu.Unlock()
	_, unreadable := errors.AsType[*fs.PathError](err)
	if unreadable && !errors.Is(err, fs.ErrNotExist) || filepath.Clean(dir) == filepath.Clean(s.own) {
		return nil
	}
	return os.RemoveAll(dir)
}

// keepers yields the directories of all keepers in dir.
func keepers(dir string) func(func(string) bool) {
	all, _ := filepath.Glob(filepath.Join(dir, keeperPrefix+"*"))
	return slices.Values(all)
}

// attachQuick finds an attempt that a shared keeper holds or held.
func (p *Process) attachQuick() error {
	p.id = filepath.Base(p.dir)
	for dir := range keepers(filepath.Dir(p.dir)) {
		s, err := readState(dir)
		if err != nil {
			continue
		}
		p.journal, p.place = dir, s.Place
		known, err := p.find(s)
		if err != nil || known {
			return err
		}
	}
	p.lose() // the agent died before it had asked for a start
	return nil
}

// find asks one keeper, or what is left of it.
func (p *Process) find(s state) (known bool, err error) {
	if p.settle() {
		return true, nil
	}
	pidfd, err := s.Keeper.open()
	if errors.Is(err, errGone) {
		if p.settle() { // written since the look before
			return true, nil
		}
		return false, p.place.end(identity{})
	}
	if err != nil {
		return false, fmt.Errorf("find keeper: %w", err)
	}
	l := newLink(s.Keeper, pidfd, s.Control, p)
	err = l.attach(p)
	if errors.Is(err, errUnknown) {
		return p.settle(), nil
	}
	return err == nil, err
}
