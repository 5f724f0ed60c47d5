//go:build unix

package folder

import (
	"errors"
	"os"
	"syscall"
)

// lock keeps other processes from appending to the same part; it goes with the
// file. False: another one has it.
func lock(f *os.File) bool {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return err == nil || !errors.Is(err, syscall.EWOULDBLOCK) // a file system without locks: one process only
}

func isQuota(err error) bool { return errors.Is(err, syscall.EDQUOT) }
