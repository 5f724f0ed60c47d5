package child

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Spawner starts jobs quickly: one keeper, started once, holds them all. Its
// jobs outlive the agent as others do, and Attach finds each by its Spec.Dir,
// but if the keeper itself is killed, all are lost at once; and an exit is
// written but not synced, so a power cut may lose one that no agent took.
//
// A job that writes no output has no directory.
type Spawner struct {
	dir        string
	link       *link
	capability Capability
	place      place // of the keeper: those of its jobs are below
	spec       SpawnerSpec
}

const keeperPrefix = "keeper-"

// OpenSpawner starts a keeper.
func OpenSpawner(ctx context.Context, spec SpawnerSpec) (*Spawner, error) {
	id := keeperPrefix + rand.Text()[:8]
	dir := filepath.Join(spec.Dir, id)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make keeper's directory: %w", err)
	}
	c := Probe()
	s := &Spawner{dir: filepath.Clean(spec.Dir), capability: c, spec: spec, place: c.place(id, Limits{})}
	var err error
	if s.link, err = openKeeper(ctx, keeperSpec{
		mode: cmdKeeper, dir: dir, binary: spec.Binary, noNewPrivileges: !spec.AllowNewPrivileges,
	}); err != nil {
		return nil, fmt.Errorf("start keeper: %w", err)
	}
	if !s.quick() {
		return s, nil
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
		return nil, errors.Join(fmt.Errorf("start keeper: %w", err), s.Close())
	}
	return s, nil
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
	where := place{Rung: rungV2, Clone: true, Group: s.place.Group, Lane: true}
	if limited {
		c := s.capability
		c.roots.v2, c.roots.limits = s.place.Group, map[string]string{}
		for _, name := range c.Limits {
			c.roots.limits[name] = s.place.Group
		}
		where = c.place(spec.ID, l)
	}
	return s.link.start(ctx, spec, where)
}

// Close lets the keeper go: its jobs have their lease from now on, and it ends
// with the last of them.
func (s *Spawner) Close() error { return s.link.wire.conn.Close() }

// Prune removes what keepers before this one have left, once they are gone:
// the exits of their jobs with it. It is for when all attempts were attached.
func (s *Spawner) Prune() error {
	var errs []error
	for dir := range keepers(s.dir) {
		st, err := readState(dir)
		if err != nil {
			continue // one that is just being made
		}
		pidfd, err := st.Keeper.open()
		if err == nil {
			_ = pidfd.Close()
		}
		if errors.Is(err, errGone) {
			errs = append(errs, st.Place.end(identity{}), os.RemoveAll(dir))
		}
	}
	return errors.Join(errs...)
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
