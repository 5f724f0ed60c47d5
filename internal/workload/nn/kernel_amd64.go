package nn

import "turno/internal/workload/gemm"

//go:noescape
func convolveAVX2(t *convolution)

//go:noescape
func correlateAVX2(t *correlation)

//go:noescape
func poolAVX2(p *pooling)

//go:noescape
func unpoolAVX2(p *pooling)

//go:noescape
func momentumAVX2(u *update)

//go:noescape
func adamAVX2(u *update)

// machineKernels are those in assembly, or nil where the CPU cannot run them.
func machineKernels() *kernels {
	if !gemm.HasAVX2() {
		return nil
	}
	return &kernels{name: "avx2", convolve: convolveAVX2, correlate: correlateAVX2,
		pool: poolAVX2, unpool: unpoolAVX2, momentum: momentumAVX2, adam: adamAVX2}
}
