//go:build !amd64

package nn

func machineKernels() *kernels { return nil }
