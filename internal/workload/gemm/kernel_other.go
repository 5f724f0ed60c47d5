//go:build !amd64

package gemm

func machineKernels32() []*kernel[float32] { return nil }
func machineKernels64() []*kernel[float64] { return nil }
