package child

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openPTY makes a terminal: the job's end, and the one that reads and writes
// for its user. The job's end is opened by its master, so no path is needed.
func openPTY(t *Terminal, c *Credential) (master, job *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a terminal: %w", err)
	}
	master = os.NewFile(uintptr(fd), "ptmx")
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		_ = master.Close()
		return nil, nil, fmt.Errorf("unlock the terminal: %w", err)
	}
	other, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		_ = master.Close()
		return nil, nil, fmt.Errorf("open the terminal: %w", errno)
	}
	job = os.NewFile(other, "pts")
	if c != nil {
		_ = job.Chown(int(c.UID), int(c.GID))
	}
	resize(master, t.Rows, t.Cols)
	return master, job, nil
}

// resize tells a terminal its size; its processes get SIGWINCH.
func resize(master *os.File, rows, cols int) {
	if rows <= 0 || cols <= 0 {
		rows, cols = 24, 80
	}
	conn, err := master.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) {
		_ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(rows), Col: uint16(cols)})
	})
}

// foreground is the process group that the terminal's signals go to; 0: none.
func foreground(master *os.File) int {
	group := 0
	if conn, err := master.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { group, _ = unix.IoctlGetInt(int(fd), unix.TIOCGPGRP) })
	}
	return group
}
