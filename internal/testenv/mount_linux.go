package testenv

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
)

// Tmpfs mounts a small disk of memory until the test ends; grow gives it more
// room. It is how tests fill a disk that is nobody else's.
func Tmpfs(t testing.TB, bytes int) (dir string, grow func(bytes int)) {
	t.Helper()
	Need(t, MountNeed)
	dir = t.TempDir()
	if err := mountTmpfs(dir, bytes, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Lazily: a file that is still open must not keep it.
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir, func(bytes int) {
		t.Helper()
		if err := mountTmpfs(dir, bytes, syscall.MS_REMOUNT); err != nil {
			t.Fatal(err)
		}
	}
}

func mountTmpfs(dir string, bytes int, flags uintptr) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, fmt.Sprintf("size=%d", bytes)); err != nil {
		return fmt.Errorf("mount a tmpfs: %w", err)
	}
	return nil
}

// noMount tries it.
func noMount() error {
	dir, err := os.MkdirTemp("", "turno-mount-")
	if err != nil {
		return err
	}
	if err = mountTmpfs(dir, 1<<20, 0); err == nil {
		err = syscall.Unmount(dir, 0)
	}
	return errors.Join(err, os.Remove(dir))
}
