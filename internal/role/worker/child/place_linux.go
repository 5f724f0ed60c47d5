package child

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// place is where a job's processes are kept. The agent chooses it and writes
// it down before there is anything in it, so that whoever comes later can
// clean up.
type place struct {
	Rung string `json:"rung"`
	// Group is what is killed: a v2 or freezer group. Below it may be others.
	Group string `json:"group,omitempty"`
	// Limits are the groups that bound the job; in v2 they are Group itself.
	Limits map[string]string `json:"limits,omitempty"`
	Clone  bool              `json:"clone,omitempty"`
	// Lane: the keeper gives the job a group below Group, where another job
	// without limits was before.
	Lane bool `json:"lane,omitempty"`
	// Mark is a variable in the environment of a tree without a group.
	Mark string `json:"mark,omitempty"`
}

// markName is the variable that holds a place's Mark.
const markName = "TURNO_TREE"

// place makes a name no other attempt has had, and picks the groups needed.
func (c Capability) place(id string, limits Limits) place {
	name := "turno-" + id + "-" + rand.Text()[:8]
	p := place{Rung: c.Rung, Clone: c.roots.clone, Limits: map[string]string{}}
	switch c.Rung {
	case rungV2:
		p.Group = filepath.Join(c.roots.v2, name)
	case rungV1:
		p.Group = filepath.Join(c.roots.freezer, name)
	default:
		p.Mark = name
	}
	for controller, wanted := range map[string]bool{
		"memory": limits.MemoryBytes > 0, "pids": limits.Processes > 0, "cpu": limits.CPUMillis > 0,
	} {
		if root := c.roots.limits[controller]; wanted && root != "" {
			p.Limits[controller] = filepath.Join(root, name)
		}
	}
	return p
}

// groups lists the folders of a place, each once.
func (p place) groups() []string {
	var all []string
	seen := map[string]bool{"": true}
	for _, dir := range []string{p.Group, p.Limits["memory"], p.Limits["pids"], p.Limits["cpu"]} {
		if !seen[dir] {
			seen[dir] = true
			all = append(all, dir)
		}
	}
	return all
}

// threadGroups lists the v1 groups: those that a single thread can join.
func (p place) threadGroups() []string {
	var all []string
	for _, dir := range p.groups() {
		if dir != p.Group || p.Rung == rungV1 {
			all = append(all, dir)
		}
	}
	return all
}

// make makes the groups and sets the limits.
func (p place) make(limits Limits) error {
	for _, dir := range p.groups() {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return fmt.Errorf("make cgroup: %w", err)
		}
	}
	return p.limit(limits)
}

func (p place) limit(limits Limits) error {
	var errs []error
	if dir := p.Limits["memory"]; dir == p.Group && dir != "" {
		errs = append(errs, set(dir, "memory.max", limits.MemoryBytes))
		_ = set(dir, "memory.swap.max", 0)  // absent without swap accounting
		_ = set(dir, "memory.oom.group", 1) // all of the job or nothing
	} else if dir != "" {
		errs = append(errs, set(dir, "memory.limit_in_bytes", limits.MemoryBytes))
		_ = set(dir, "memory.memsw.limit_in_bytes", limits.MemoryBytes)
	}
	if dir := p.Limits["pids"]; dir != "" {
		errs = append(errs, set(dir, "pids.max", int64(limits.Processes)))
	}
	const period = 100_000 // µs; the kernel's default
	quota := int64(limits.CPUMillis) * period / 1000
	if dir := p.Limits["cpu"]; dir == p.Group && dir != "" {
		errs = append(errs, writeFile(dir+"/cpu.max", fmt.Sprintf("%d %d", quota, period)))
	} else if dir != "" {
		errs = append(errs, set(dir, "cpu.cfs_quota_us", quota))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("set limits: %w", err)
	}
	return nil
}

func set(dir, file string, value int64) error {
	return writeFile(filepath.Join(dir, file), strconv.FormatInt(value, 10))
}

// oomKills counts processes in the memory group that the kernel killed for
// want of memory.
func (p place) oomKills() int {
	dir := p.Limits["memory"]
	if dir == "" {
		return 0
	}
	file := "/memory.oom_control"
	if dir == p.Group {
		file = "/memory.events"
	}
	return counter(dir+file, "oom_kill ")
}

// refused counts the processes that the limit of them has kept from being made.
func (p place) refused() int {
	dir := p.Limits["pids"]
	if dir == "" {
		return 0
	}
	return counter(dir+"/pids.events", "max ")
}

// counter is the number after a word that begins a line.
func counter(path, word string) (n int) {
	eachLine(path, func(line string) {
		if value, ok := strings.CutPrefix(line, word); ok {
			n, _ = strconv.Atoi(value)
		}
	})
	return n
}

// remove removes the groups, which are empty, and those below them.
func (p place) remove() error {
	var errs []error
	for _, dir := range p.groups() {
		below, _ := filepath.Glob(filepath.Join(dir, "turno-*"))
		for _, sub := range append(below, dir) {
			if err := unix.Rmdir(sub); err != nil && err != unix.ENOENT {
				errs = append(errs, fmt.Errorf("remove cgroup %s: %w", sub, err))
			}
		}
	}
	return errors.Join(errs...)
}

// end ends what is left in a place whose keeper is gone, and the place.
func (p place) end(main identity) error {
	if p.Rung == "" {
		return nil
	}
	if _, err := os.Stat(p.Group); p.Group == "" || err == nil {
		t, err := p.leftover(main)
		if err == nil {
			_, err = t.end()
		}
		if err != nil {
			return fmt.Errorf("end what was left of a tree: %w", err)
		}
	}
	return p.remove()
}

func (p place) leftover(main identity) (tree, error) {
	switch p.Rung {
	case rungV2:
		t, err := openTree2(p.Group)
		if err != nil {
			return nil, err
		}
		return closing{t}, nil
	case rungV1:
		return tree1{p.Group}, nil
	}
	return marked{mark: p.Mark, main: main}, nil
}

// closing is a v2 tree that is closed with its end.
type closing struct{ *tree2 }

func (c closing) end() (int, error) {
	defer c.close()
	return c.tree2.end()
}
