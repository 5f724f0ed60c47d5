//go:build !linux && !windows

package cuda

import (
	"errors"
	"runtime"
)

func present() error { return errors.New("NVIDIA has no driver for " + runtime.GOOS) }
