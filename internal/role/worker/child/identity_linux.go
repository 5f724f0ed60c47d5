package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// identity is a process for good: ids are used again, this is not.
type identity struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // field 22 of /proc/pid/stat, clock ticks since boot
	Boot  string `json:"boot"`
}

var bootID = sync.OnceValues(func() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id)), err
})

func identify(pid int) (identity, error) {
	boot, err := bootID()
	if err != nil {
		return identity{}, fmt.Errorf("read boot id: %w", err)
	}
	stat, err := readStat(pid)
	if err != nil {
		return identity{}, err
	}
	return identity{PID: pid, Start: stat.start, Boot: boot}, nil
}

// errGone: the process is not there any more; its id may be another's.
var errGone = errors.New("process is gone")

// open returns a pidfd of exactly this process, or errGone.
func (id identity) open() (*os.File, error) {
	boot, err := bootID()
	if err != nil {
		return nil, fmt.Errorf("read boot id: %w", err)
	}
	if boot != id.Boot {
		return nil, errGone
	}
	fd, err := unix.PidfdOpen(id.PID, 0)
	if err != nil {
		if errors.Is(err, unix.ESRCH) {
			return nil, errGone
		}
		return nil, fmt.Errorf("open pidfd of %d: %w", id.PID, err)
	}
	// The pidfd is held: if the start time is right now, it is right for good.
	stat, err := readStat(id.PID)
	if err != nil || stat.start != id.Start || stat.dead() {
		_ = unix.Close(fd)
		return nil, errGone
	}
	_ = unix.SetNonblock(fd, true) // so that os.File takes it to the poller
	return os.NewFile(uintptr(fd), "pidfd"), nil
}

// await waits for the process's end; then the error is errGone.
func (id identity) await(ctx context.Context) error {
	f, err := id.open()
	if err != nil {
		return err
	}
	defer f.Close()
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := waitGone(f); err != nil {
		return fmt.Errorf("wait for process %d: %w", id.PID, err)
	}
	return errGone
}

// waitGone returns when the process of a pidfd has ended, or f is closed. It
// holds no thread.
func waitGone(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	return conn.Read(func(fd uintptr) bool { return readable(int(fd), 0) })
}

// readable polls one descriptor, -1 without a bound.
func readable(fd, milliseconds int) bool {
	set := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(set, milliseconds)
		if err == unix.EINTR {
			continue
		}
		return n > 0
	}
}

// stat is what of /proc/pid/stat is of use.
type stat struct {
	state   byte
	parent  int
	session int
	threads int
	start   uint64
}

// dead says that nothing of the process runs: a zombie whose threads have all
// ended. kill(pid, 0) succeeds on it all the same.
func (s stat) dead() bool {
	return s.state == 'X' || s.state == 'Z' && s.threads <= 1
}

func readStat(pid int) (stat, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			return stat{}, errGone
		}
		return stat{}, err
	}
	// The name, in brackets, may hold anything: fields count from its end.
	i := bytes.LastIndexByte(data, ')')
	fields := strings.Fields(string(data[i+1:]))
	if i < 0 || len(fields) < 20 {
		return stat{}, fmt.Errorf("read stat of %d: %q", pid, data)
	}
	s := stat{state: fields[0][0]}
	s.parent, _ = strconv.Atoi(fields[1])
	s.session, _ = strconv.Atoi(fields[3])
	s.threads, _ = strconv.Atoi(fields[17])
	s.start, err = strconv.ParseUint(fields[19], 10, 64)
	return s, err
}

// processes lists the ids of all processes that this one can see.
func processes() ([]int, error) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
