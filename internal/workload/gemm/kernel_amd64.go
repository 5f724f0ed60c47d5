package gemm

// tile32 and tile64 are tile with the type of its numbers filled in: the
// assembler gets the offsets of their fields by name, and of no generic type's.
type tile32 struct {
	a, b   []float32
	c      []float32
	stride int
	depth  int
	alpha  float32
	beta   float32
}

type tile64 struct {
	a, b   []float64
	c      []float64
	stride int
	depth  int
	alpha  float64
	beta   float64
}

// runAVX2Single is the kernel for tiles of 6 by 16 float32.
//
//go:noescape
func runAVX2Single(t *tile32)

// runAVX2Double is the kernel for tiles of 6 by 8 float64.
//
//go:noescape
func runAVX2Double(t *tile64)

// machineKernels32 are the kernels that this CPU and its operating system can
// run. Of 16 registers of 8 numbers, 12 hold a tile of 6 by 16, 2 a row of B and
// 2 numbers of A: the largest tile that fits, and the best ratio of arithmetic
// to loads.
func machineKernels32() []*kernel[float32] {
	if !HasAVX2() {
		return nil
	}
	return []*kernel[float32]{{
		name: "avx2 6x16", rows: 6, cols: 16,
		run:        func(t *tile[float32]) { runAVX2Single((*tile32)(t)) },
		blockDepth: 256,  // a panel of B: 16 KiB of 32
		blockRows:  192,  // a block of A: 192 KiB of 512 (Zen) or 1024 and more
		blockCols:  2048, // a block of B: 2 MiB
	}}
}

func machineKernels64() []*kernel[float64] {
	if !HasAVX2() {
		return nil
	}
	return []*kernel[float64]{{
		name: "avx2 6x8", rows: 6, cols: 8,
		run:        func(t *tile[float64]) { runAVX2Double((*tile64)(t)) },
		blockDepth: 256,  // a panel of B: 16 KiB of 32
		blockRows:  96,   // a block of A: 192 KiB
		blockCols:  1024, // a block of B: 2 MiB
	}}
}

// cpuid is the instruction of that name.
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

// xgetbv is the low half of the extended control register 0: the register files
// that the operating system saves. Only where CPUID reports OSXSAVE.
func xgetbv() uint32

// HasAVX2 reports whether the CPU has AVX2 and FMA, and the operating system
// saves their registers (Intel SDM volume 1, 14.7.1; AMD agrees).
func HasAVX2() bool {
	const (
		fma, osxsave, avx = 1 << 12, 1 << 27, 1 << 28 // leaf 1, ecx
		avx2              = 1 << 5                    // leaf 7, ebx
		xmmAndYMM         = 1<<1 | 1<<2               // XCR0
	)
	if most, _, _, _ := cpuid(0, 0); most < 7 {
		return false
	}
	if _, _, ecx, _ := cpuid(1, 0); ecx&(fma|osxsave|avx) != fma|osxsave|avx {
		return false
	}
	if xgetbv()&xmmAndYMM != xmmAndYMM {
		return false
	}
	_, ebx, _, _ := cpuid(7, 0)
	return ebx&avx2 != 0
}
