//go:build !unix

package worker

import (
	"errors"
	"syscall"
)

func signalOf(string) (syscall.Signal, error) {
	return 0, errors.New("signals cannot be sent on this worker's system")
}
