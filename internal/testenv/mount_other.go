//go:build !linux

package testenv

import (
	"errors"
	"testing"
)

// Tmpfs is for Linux.
func Tmpfs(t testing.TB, _ int) (dir string, grow func(bytes int)) {
	t.Helper()
	Need(t, MountNeed)
	return "", nil
}

func noMount() error { return errors.New("only on Linux") }
