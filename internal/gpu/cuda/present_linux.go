package cuda

import (
	"errors"
	"os"

	"turno/internal/gpu/cuda/driver"
)

// present says, quickly and without loading anything, why there can be no
// device. The node of the driver's control device proves nothing: NVIDIA's
// libraries make it, if they may, also where no driver is loaded; then it
// cannot be opened. dxg is Windows' driver, seen from WSL.
func present() error {
	if driver.HasOwnDriver() {
		return nil
	}
	for _, path := range []string{"/dev/dxg", "/proc/driver/nvidia/version"} {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
	}
	file, err := os.OpenFile("/dev/nvidiactl", os.O_RDWR, 0)
	switch {
	case err == nil:
		return file.Close()
	case errors.Is(err, os.ErrPermission):
		return errors.New("the NVIDIA driver's devices are there, and this user may not open them")
	}
	return errors.New("no NVIDIA driver is loaded on this machine")
}
