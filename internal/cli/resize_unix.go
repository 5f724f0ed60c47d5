//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// sizeChanges tells when the terminal gets another size, until stop.
func sizeChanges() (changes <-chan os.Signal, stop func()) {
	ch := make(chan os.Signal, 1) // one is enough: the newest size is asked for
	signal.Notify(ch, syscall.SIGWINCH)
	return ch, func() { signal.Stop(ch); close(ch) }
}
