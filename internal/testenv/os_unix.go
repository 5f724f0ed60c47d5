//go:build unix

package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// lockFile fails when another open file holds the lock. The kernel frees it
// when the process ends.
func lockFile(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// joinGroup puts cmd into process group pgid (0: a new one of its own), as
// another user if uid is not negative.
func joinGroup(cmd *exec.Cmd, pgid, uid, gid int) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: pgid}
	if uid >= 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
}

// enterRoot makes a folder the root of what cmd sees.
func enterRoot(cmd *exec.Cmd, root string) { cmd.SysProcAttr.Chroot = root }

func killGroup(pgid int) { syscall.Kill(-pgid, syscall.SIGKILL) }

// killWithChildren ends a server that gives each of its children a process
// group of its own, as PostgreSQL does. The server is stopped first, so that
// no child is born between the list and the kill.
func killWithChildren(pid int) {
	syscall.Kill(pid, syscall.SIGSTOP)
	children := childrenOf(pid)
	syscall.Kill(pid, syscall.SIGKILL)
	for _, child := range children {
		syscall.Kill(child, syscall.SIGKILL)
	}
}

// childrenOf reads /proc; where there is none it finds nobody, and the
// children are left to notice that their parent is gone.
func childrenOf(pid int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	var children []int
	for _, stat := range stats {
		b, err := os.ReadFile(stat)
		if err != nil {
			continue // ended meanwhile
		}
		// pid (name, may hold blanks and brackets) state ppid ...
		_, after, _ := strings.Cut(string(b[strings.LastIndexByte(string(b), ')')+1:]), " ")
		fields := strings.Fields(after)
		if len(fields) < 2 || fields[1] != strconv.Itoa(pid) {
			continue
		}
		if child, err := strconv.Atoi(filepath.Base(filepath.Dir(stat))); err == nil {
			children = append(children, child)
		}
	}
	return children
}

// unprivileged returns the user that servers run as which refuse root; -1, -1
// when this process is not root.
func unprivileged() (uid, gid int, err error) {
	if os.Getuid() != 0 {
		return -1, -1, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, lookupErr := user.Lookup(name)
		if lookupErr != nil {
			err = lookupErr
			continue
		}
		if uid, err = strconv.Atoi(u.Uid); err != nil {
			continue
		}
		if gid, err = strconv.Atoi(u.Gid); err != nil {
			continue
		}
		return uid, gid, nil
	}
	return 0, 0, fmt.Errorf("find an unprivileged user: %w", err)
}
