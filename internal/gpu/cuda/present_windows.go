package cuda

import (
	"errors"
	"os"
	"path/filepath"
)

// present says, without loading anything, why there can be no device.
func present() error {
	if _, err := os.Stat(filepath.Join(os.Getenv("SystemRoot"), "System32", "nvcuda.dll")); err != nil {
		return errors.New("no NVIDIA driver is installed on this machine")
	}
	return nil
}
