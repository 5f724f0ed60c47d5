package child

import (
	"bufio"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// roots are the folders in which groups are made; empty: none.
type roots struct {
	v2      string
	freezer string
	limits  map[string]string // memory, pids, cpu
	// clone: a child can be started inside a v2 group (clone3, which a
	// container's seccomp filter may forbid).
	clone bool
}

// Probe finds what this machine lets this process do. In a delegated v2 group
// it moves this process to a leaf of it, turno-agent, so that limits can be
// given to the leaves beside it. It looks once.
func Probe() Capability { return probe() }

var probe = sync.OnceValue(func() Capability {
	groups := ownGroups()
	var r roots
	r.limits = map[string]string{}
	var c Capability
	if dir := groups[""]; usable2(dir) {
		r.v2, r.clone = leafRoot(dir), canClone()
		for _, name := range delegated(dir) {
			r.limits[name] = r.v2
		}
	}
	if usable1(groups["freezer"]) {
		r.freezer = groups["freezer"]
	}
	for _, name := range limitNames {
		if r.limits[name] == "" && usable1(groups[name]) {
			r.limits[name] = groups[name]
			c.LimitsV1 = true
		}
		if r.limits[name] != "" {
			c.Limits = append(c.Limits, name)
		}
	}
	switch {
	case r.v2 != "":
		c.Rung = rungV2
	case r.freezer != "":
		c.Rung = rungV1
	default:
		c.Rung = rungSweep
	}
	c.roots = r
	return c
})

var limitNames = []string{"memory", "pids", "cpu"}

// ownGroups maps a v1 controller's name, "" for v2, to the folder of the group
// that this process is in.
func ownGroups() map[string]string {
	paths := map[string]string{}
	eachLine("/proc/self/cgroup", func(line string) {
		if f := strings.SplitN(line, ":", 3); len(f) == 3 {
			for name := range strings.SplitSeq(f[1], ",") {
				paths[name] = f[2]
			}
		}
	})
	dirs := map[string]string{}
	eachLine("/proc/self/mountinfo", func(line string) {
		before, after, ok := strings.Cut(line, " - ")
		mount, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(mount) < 5 || len(kind) < 3 {
			return
		}
		var names []string
		switch kind[0] {
		case "cgroup2":
			names = []string{""}
		case "cgroup":
			names = strings.Split(kind[2], ",")
		}
		for _, name := range names {
			// mount[3] is the part of the hierarchy that is mounted here.
			if rest, ok := strings.CutPrefix(paths[name], strings.TrimSuffix(mount[3], "/")); ok && paths[name] != "" {
				dirs[name] = filepath.Join(mount[4], rest)
			}
		}
	})
	return dirs
}

func eachLine(path string, do func(string)) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		do(lines.Text())
	}
}

// usable2 tries a v2 group out: made, with cgroup.kill (Linux 5.14), and
// processes may be moved from here.
func usable2(dir string) bool {
	return dir != "" && unix.Access(dir+"/cgroup.procs", unix.W_OK) == nil &&
		tryGroup(dir, "cgroup.kill")
}

func usable1(dir string) bool {
	return dir != "" && unix.Access(dir+"/tasks", unix.W_OK) == nil && tryGroup(dir, "tasks")
}

func tryGroup(dir, file string) bool {
	trial := filepath.Join(dir, "turno-probe-"+rand.Text()[:8])
	if os.Mkdir(trial, 0o700) != nil {
		return false
	}
	defer os.Remove(trial)
	return unix.Access(filepath.Join(trial, file), unix.W_OK) == nil
}

// agentLeaf is the group that an agent moves itself to: in v2 only leaves hold
// processes once a group hands on controllers.
const agentLeaf = "turno-agent"

func leafRoot(dir string) string {
	if filepath.Base(dir) == agentLeaf {
		return filepath.Dir(dir)
	}
	return dir
}

// delegated makes the controllers of a v2 group available to groups in it and
// returns those that are.
func delegated(dir string) []string {
	root := leafRoot(dir)
	have := fields(root + "/cgroup.controllers")
	want := slices.DeleteFunc(slices.Clone(limitNames), func(name string) bool {
		return !slices.Contains(have, name)
	})
	control := root + "/cgroup.subtree_control"
	if len(want) == 0 {
		return nil
	}
	enable := "+" + strings.Join(want, " +")
	if err := writeFile(control, enable); errors.Is(err, unix.EBUSY) && root == dir {
		leaf := filepath.Join(dir, agentLeaf)
		_ = os.Mkdir(leaf, 0o700) // of an agent before this one, maybe
		if writeFile(leaf+"/cgroup.procs", "0") == nil && writeFile(control, enable) != nil {
			_ = writeFile(dir+"/cgroup.procs", "0") // others are in it: leave it as it was
			_ = os.Remove(leaf)
		}
	}
	on := fields(control)
	return slices.DeleteFunc(want, func(name string) bool { return !slices.Contains(on, name) })
}

func fields(path string) []string {
	data, _ := os.ReadFile(path)
	return strings.Fields(string(data))
}

// writeFile writes to a file that is there, in one call: cgroup files want so.
func writeFile(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// canClone asks clone3 for nothing: EINVAL if it is there, ENOSYS or EPERM if
// a filter forbids it.
func canClone() bool {
	_, _, errno := unix.Syscall(unix.SYS_CLONE3, 0, 0, 0)
	return errno == unix.EINVAL
}
