//go:build !unix

package cli

import "os"

// sizeChanges tells nothing here: the system has no signal for it.
func sizeChanges() (changes <-chan os.Signal, stop func()) {
	ch := make(chan os.Signal)
	return ch, func() { close(ch) }
}

// drained is not known here.
func drained(*os.File) bool { return false }
