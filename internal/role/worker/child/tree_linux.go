package child

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// tree is every process of one job, wherever it went.
type tree interface {
	// members lists those alive: a snapshot.
	members() ([]int, error)
	// kill kills all of them; it does not wait.
	kill() error
	// end kills all of them until none is left, and returns how many there
	// were. It does not return while one cannot be killed.
	end() (int, error)
}

// tree2 is a v2 group with those below it: the kernel kills all at once.
type tree2 struct {
	dir    string
	group  int // descriptor of dir, to start a process in
	events int // of cgroup.events
	// killed: the group was told to kill. Linux 6.18 then kills every process
	// that is cloned into it from outside, for ever: it must not be used again.
	killed bool
}

func openTree2(dir string) (*tree2, error) {
	group, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open cgroup: %w", err)
	}
	events, err := unix.Open(dir+"/cgroup.events", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		_ = unix.Close(group)
		return nil, fmt.Errorf("open cgroup.events: %w", err)
	}
	return &tree2{dir: dir, group: group, events: events}, nil
}

func (t *tree2) close() {
	_ = unix.Close(t.group)
	_ = unix.Close(t.events)
}

func (t *tree2) members() ([]int, error) {
	var all []int
	err := filepath.WalkDir(t.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		pids, err := readPIDs(path + "/cgroup.procs")
		all = append(all, pids...)
		return err
	})
	return all, err
}

func (t *tree2) kill() error {
	t.killed = true
	return writeFile(t.dir+"/cgroup.kill", "1")
}

func (t *tree2) end() (int, error) {
	found := 0
	for {
		buf := make([]byte, 256)
		n, err := unix.Pread(t.events, buf, 0)
		if err != nil {
			return found, fmt.Errorf("read cgroup.events: %w", err)
		}
		if !bytes.Contains(buf[:n], []byte("populated 1")) {
			return found, nil
		}
		pids, _ := t.members()
		found = max(found, len(pids))
		if err := t.kill(); err != nil {
			return found, fmt.Errorf("kill cgroup: %w", err)
		}
		// A change since the read wakes this at once.
		set := []unix.PollFd{{Fd: int32(t.events), Events: unix.POLLPRI}}
		if _, err := unix.Poll(set, -1); err != nil && err != unix.EINTR {
			return found, fmt.Errorf("wait for cgroup.events: %w", err)
		}
	}
}

// tree1 is a v1 freezer group: what is frozen cannot fork, so a list of it is
// complete.
type tree1 struct{ dir string }

func (t tree1) members() ([]int, error) { return readPIDs(t.dir + "/cgroup.procs") }

func (t tree1) kill() error {
	_, err := t.killAll()
	return err
}

func (t tree1) killAll() (map[int]bool, error) {
	state := t.dir + "/freezer.state"
	if err := writeFile(state, "FROZEN"); err != nil {
		return nil, err
	}
	killed := map[int]bool{}
	var failed error
	for {
		pids, err := t.members()
		before := len(killed)
		for _, pid := range pids {
			if pid != os.Getpid() && !killed[pid] {
				killed[pid] = true
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
		if failed = err; err != nil || len(killed) == before {
			break
		}
	}
	return killed, errors.Join(failed, writeFile(state, "THAWED"))
}

func (t tree1) end() (int, error) {
	found := 0
	for {
		pids, err := t.members()
		if err != nil || len(pids) == 0 {
			return found, err
		}
		killed, err := t.killAll()
		if err != nil {
			return found, err
		}
		found += len(killed)
		waitPIDs(killed)
	}
}

// waitPIDs waits until those processes have ended; a zombie has.
func waitPIDs(pids map[int]bool) {
	for pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue
		}
		readable(fd, -1)
		_ = unix.Close(fd)
	}
}

func readPIDs(path string) ([]int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var pids []int
	for line := range bytes.Lines(data) {
		if pid, err := strconv.Atoi(string(bytes.TrimSpace(line))); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
