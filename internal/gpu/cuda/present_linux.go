package cuda

import (
	"errors"
	"os"
)

// present says, quickly and without loading anything, why there can be no
// device: the kernel module makes nvidiactl, Windows' kernel dxg.
func present() error {
	for _, path := range []string{"/dev/nvidiactl", "/dev/dxg", "/proc/driver/nvidia/version"} {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
	}
	return errors.New("no NVIDIA driver is loaded on this machine")
}
