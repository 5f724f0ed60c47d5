//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// sizeChanges tells when the terminal gets another size, until stop.
func sizeChanges() (changes <-chan os.Signal, stop func()) {
	ch := make(chan os.Signal, 1) // one is enough: the newest size is asked for
	signal.Notify(ch, syscall.SIGWINCH)
	return ch, func() { signal.Stop(ch); close(ch) }
}

// drained tells whether a pipe is empty and nobody can write to it any more.
func drained(f *os.File) bool {
	set := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN}}
	n, err := unix.Poll(set, 0)
	return err == nil && n == 1 && set[0].Revents&unix.POLLIN == 0
}
