package child

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// sweep is every descendant of this process, which is a subreaper: whatever a
// daemon does, it stays one. It needs no rights but those over the processes.
type sweep struct{ reaper *reaper }

func (s sweep) members() ([]int, error) { return descendants(os.Getpid()) }

// kill stops all, so that none can fork, then kills all.
func (s sweep) kill() error {
	_, err := s.killAll()
	return err
}

func (s sweep) killAll() (int, error) {
	// While nothing is reaped and every parent is stopped, no id is used again.
	s.reaper.mu.Lock()
	defer s.reaper.mu.Unlock()
	pids, err := stopAll(s.members)
	for pid := range pids {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	return len(pids), err
}

// end ends when this process has no child: orphans become its children, so no
// descendant is left then either.
func (s sweep) end() (int, error) {
	found := 0
	for {
		changed := s.reaper.next()
		if s.reaper.reap() {
			return found, nil
		}
		n, err := s.killAll()
		if err != nil {
			return found, err
		}
		found = max(found, n)
		if n > 0 { // else one was hidden while its parent ended: look again
			<-changed
		}
	}
}

// stopAll stops what list finds until it finds nothing more, twice: a process
// may be missed once if it changes its parent during the look.
func stopAll(list func() ([]int, error)) (map[int]bool, error) {
	stopped := map[int]bool{}
	for quiet := 0; quiet < 2; quiet++ {
		pids, err := list()
		if err != nil {
			return stopped, err
		}
		for _, pid := range pids {
			if !stopped[pid] {
				stopped[pid] = true
				quiet = -1
				_ = unix.Kill(pid, unix.SIGSTOP)
			}
		}
	}
	return stopped, nil
}

// descendants lists the live processes below root.
func descendants(root int) ([]int, error) {
	return family(func(pid int, _ stat) bool { return pid == root }, root)
}

// family lists the live processes that are or descend from those that first
// is true of, without the process except.
func family(first func(int, stat) bool, except int) ([]int, error) {
	pids, err := processes()
	if err != nil {
		return nil, err
	}
	stats := make(map[int]stat, len(pids))
	in := map[int]bool{}
	for _, pid := range pids {
		if s, err := readStat(pid); err == nil {
			stats[pid] = s
			if first(pid, s) {
				in[pid] = true
			}
		}
	}
	for grown := true; grown; {
		grown = false
		for pid, s := range stats {
			if !in[pid] && in[s.parent] {
				in[pid], grown = true, true
			}
		}
	}
	var live []int
	for pid := range in {
		if pid != except && !stats[pid].dead() {
			live = append(live, pid)
		}
	}
	return live, nil
}

// marked finds the tree of a shim that is no more: by its session, and by the
// mark in the environment, with all that descends from them. A process that
// left its session, its parents and its environment is not found.
type marked struct {
	mark string
	main identity // zero if it is not known
}

func (t marked) members() ([]int, error) {
	mark := []byte(markName + "=" + t.mark)
	session := t.main.PID
	if now, err := identify(session); session == 0 || err == nil && now != t.main {
		session = -1 // the id was used again
	}
	return family(func(pid int, s stat) bool {
		if s.session == session {
			return true
		}
		env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		if err != nil {
			return false
		}
		for entry := range bytes.SplitSeq(env, []byte{0}) {
			if bytes.Equal(entry, mark) {
				return true
			}
		}
		return false
	}, os.Getpid())
}

func (t marked) kill() error {
	_, err := t.killAll()
	return err
}

func (t marked) killAll() (map[int]bool, error) {
	pids, err := stopAll(t.members)
	for pid := range pids {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	return pids, err
}

func (t marked) end() (int, error) {
	found := 0
	for {
		killed, err := t.killAll()
		if err != nil || len(killed) == 0 {
			return found, err
		}
		found = max(found, len(killed))
		waitPIDs(killed)
	}
}
