//go:build !unix

package worker

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// sameOwner cannot tell: only on Linux jobs run as other users.
func sameOwner(*os.Root, fs.FileInfo) bool { return true }

func signalOf(string) (syscall.Signal, error) {
	return 0, errors.New("signals cannot be sent on this worker's system")
}
