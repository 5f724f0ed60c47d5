//go:build unix

package worker

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// sameOwner tells whether a file belongs to whom its root folder does.
func sameOwner(root *os.Root, file fs.FileInfo) bool {
	dir, err := root.Stat(".")
	if err != nil {
		return false
	}
	a, ok := dir.Sys().(*syscall.Stat_t)
	b, ok2 := file.Sys().(*syscall.Stat_t)
	return ok && ok2 && (a.Uid == b.Uid || a.Uid == uint32(os.Geteuid()))
}

// signalOf reads USR1, SIGUSR1 or 10.
func signalOf(name string) (syscall.Signal, error) {
	if n, err := strconv.Atoi(name); err == nil && n > 0 && n < 65 {
		return syscall.Signal(n), nil
	}
	if s := unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG")); s != 0 {
		return s, nil
	}
	return 0, fmt.Errorf("%.20q is not a signal, such as USR1", name)
}
