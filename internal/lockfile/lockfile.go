// Package lockfile keeps a folder to one process at a time.
package lockfile

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Lock is held until Release, or until the process has ended, however it ends.
type Lock struct{ file *os.File }

// errLocked says that another process has it.
var errLocked = errors.New("locked")

// Take locks the file at path, which it makes when there is none, and writes
// its process id there; Release leaves the file. Where another process holds
// it, or this one by an earlier Take, the error says which.
func Take(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		if errors.Is(err, errLocked) {
			err = fmt.Errorf("another turno uses this data folder (pid %s)", holder(path))
		}
		return nil, errors.Join(err, file.Close())
	}
	l := &Lock{file}
	if err := file.Truncate(0); err != nil {
		return nil, errors.Join(err, l.Release())
	}
	if _, err := fmt.Fprintln(file, os.Getpid()); err != nil {
		return nil, errors.Join(err, l.Release())
	}
	return l, nil
}

func holder(path string) string {
	text, err := os.ReadFile(path)
	if pid := strings.TrimSpace(string(text)); err == nil && pid != "" {
		return pid
	}
	return "unknown"
}

// Release lets another process have it. The lock is undone before the file is
// closed: a child that is just being started may still have the file too.
func (l *Lock) Release() error { return errors.Join(unlock(l.file), l.file.Close()) }
