package sqlite

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// lock keeps other processes from the file. The operating system frees it when
// the process ends, however it ends; the lock file stays, and says who has it.
type lock struct{ file *os.File }

// errLocked says that another process has it.
var errLocked = errors.New("locked")

func takeLock(path string) (*lock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(file); err != nil {
		if errors.Is(err, errLocked) {
			err = fmt.Errorf("another turno uses this data folder (pid %s)", holder(path))
		}
		return nil, errors.Join(err, file.Close())
	}
	l := &lock{file}
	if err := file.Truncate(0); err != nil {
		return nil, errors.Join(err, l.release())
	}
	if _, err := fmt.Fprintln(file, os.Getpid()); err != nil {
		return nil, errors.Join(err, l.release())
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

func (l *lock) release() error { return l.file.Close() }
