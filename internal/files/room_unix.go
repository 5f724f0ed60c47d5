//go:build linux || darwin

package files

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Room is how many bytes the disk of a folder can take before it counts as
// full. A part of it is left alone: the queue's own database and broker most
// often lie on the same disk, and would stop with it.
func Room(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("look for room: %w", err)
	}
	block := int64(s.Bsize)
	return int64(s.Bavail)*block - min(maxReserve, int64(s.Blocks)*block/reservePart), nil
}
