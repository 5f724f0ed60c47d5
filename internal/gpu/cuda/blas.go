package cuda

import "turno/internal/gpu/cuda/driver"

type blas struct{}

var _ driver.BLASResult
