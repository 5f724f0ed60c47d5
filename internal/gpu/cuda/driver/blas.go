package driver

import "fmt"

// BLASResult is a cublasStatus_t.
type BLASResult int32

var blasNames = map[BLASResult]string{1: "not initialized", 3: "allocation failed", 7: "invalid value", 8: "architecture mismatch",
	11: "mapping error", 13: "execution failed", 14: "internal error", 15: "not supported", 16: "licence error"}

func (r BLASResult) String() string {
	if name := blasNames[r]; name != "" {
		return fmt.Sprintf("%s (cuBLAS error %d)", name, int32(r))
	}
	return fmt.Sprintf("cuBLAS error %d", int32(r))
}

// BLAS is cuBLAS (cuBLAS documentation, 12.6): what a product of matrices
// needs. alpha and beta are on the host, of the scale type: float32, or float64
// where that is computed in.
type BLAS struct {
	Create    func(handle *uintptr) BLASResult                `c:"cublasCreate_v2"`
	Destroy   func(handle uintptr) BLASResult                 `c:"cublasDestroy_v2"`
	SetStream func(handle uintptr, stream Stream) BLASResult  `c:"cublasSetStream_v2"`
	Version   func(handle uintptr, version *int32) BLASResult `c:"cublasGetVersion_v2"`
	GemmEx    func(handle uintptr, transA, transB, m, n, k int32, alpha []byte, a Ptr, typeA, lda int32, b Ptr, typeB, ldb int32,
		beta []byte, c Ptr, typeC, ldc, compute, algorithm int32) BLASResult `c:"cublasGemmEx"`
}

// BLASLt is cuBLASLt (the same document), which picks an algorithm by the
// shape of the matrices and may use a workspace.
type BLASLt struct {
	Create            func(handle *uintptr) BLASResult                                                                                `c:"cublasLtCreate"`
	Destroy           func(handle uintptr) BLASResult                                                                                 `c:"cublasLtDestroy"`
	Version           func() uint64                                                                                                   `c:"cublasLtGetVersion"`
	DescCreate        func(desc *uintptr, compute, scale int32) BLASResult                                                            `c:"cublasLtMatmulDescCreate"`
	DescDestroy       func(desc uintptr) BLASResult                                                                                   `c:"cublasLtMatmulDescDestroy"`
	DescSet           func(desc uintptr, attribute int32, value []byte, bytes uint64) BLASResult                                      `c:"cublasLtMatmulDescSetAttribute"`
	LayoutCreate      func(layout *uintptr, kind int32, rows, cols uint64, ld int64) BLASResult                                       `c:"cublasLtMatrixLayoutCreate"`
	LayoutDestroy     func(layout uintptr) BLASResult                                                                                 `c:"cublasLtMatrixLayoutDestroy"`
	PreferenceCreate  func(preference *uintptr) BLASResult                                                                            `c:"cublasLtMatmulPreferenceCreate"`
	PreferenceDestroy func(preference uintptr) BLASResult                                                                             `c:"cublasLtMatmulPreferenceDestroy"`
	PreferenceSet     func(preference uintptr, attribute int32, value []byte, bytes uint64) BLASResult                                `c:"cublasLtMatmulPreferenceSetAttribute"`
	Heuristic         func(handle, desc, a, b, c, d, preference uintptr, asked int32, results []LtHeuristic, found *int32) BLASResult `c:"cublasLtMatmulAlgoGetHeuristic"`
	Matmul            func(handle, desc uintptr, alpha []byte, a Ptr, layoutA uintptr, b Ptr, layoutB uintptr, beta []byte,
		c Ptr, layoutC uintptr, d Ptr, layoutD uintptr, algorithm *LtAlgorithm, workspace Ptr, bytes uint64, stream Stream) BLASResult `c:"cublasLtMatmul"`
}

// LtAlgorithm is cublasLtMatmulAlgo_t: opaque, 64 bytes.
type LtAlgorithm struct{ _ [8]uint64 }

// LtHeuristic is cublasLtMatmulHeuristicResult_t: 96 bytes.
type LtHeuristic struct {
	Algorithm LtAlgorithm
	Workspace uint64
	State     BLASResult
	Waves     float32
	_         [4]int32
}

// Constants of library_types.h, cublas_api.h and cublasLt.h.
const (
	TypeFloat32  = 0  // CUDA_R_32F
	TypeFloat64  = 1  // CUDA_R_64F
	TypeFloat16  = 2  // CUDA_R_16F
	TypeBFloat16 = 14 // CUDA_R_16BF

	ComputeFloat32 = 68 // CUBLAS_COMPUTE_32F
	ComputeFloat64 = 70 // CUBLAS_COMPUTE_64F
	ComputeTF32    = 77 // CUBLAS_COMPUTE_32F_FAST_TF32

	AlgorithmDefault = -1 // CUBLAS_GEMM_DEFAULT
	NoTranspose      = 0  // CUBLAS_OP_N
	Transpose        = 1  // CUBLAS_OP_T

	// CUBLASLT_MATMUL_DESC_TRANSA and B, an int32
	LtTransposeA = 3
	LtTransposeB = 4

	LtWorkspaceBytes = 1 // CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, a uint64
	// CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES and so on, a uint32
	LtAlignA = 5
	LtAlignB = 6
	LtAlignC = 7
	LtAlignD = 8
)
