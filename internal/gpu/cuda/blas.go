package cuda

import (
	"encoding/binary"
	"fmt"
	"math"

	"turno/internal/gpu/cuda/driver"
)

// blas is NVIDIA's libraries for products of matrices, for one device.
type blas struct {
	tried  bool
	lt     *driver.BLASLt
	handle uintptr // of lt
	v2     *driver.BLAS
	plain  uintptr // of v2
}

// Gemm is C = A*B, each row by row, with rows of LDA, LDB and LDC numbers.
type Gemm struct {
	M, N, K       int
	LDA, LDB, LDC int
	A, B, C       driver.Ptr
	Type, Compute int32 // driver.TypeFloat32, driver.ComputeFloat32, …
}

// Product is a way to do a Gemm, made once and run often.
type Product struct {
	Library string // such as "cuBLASLt 13.1.0"
	Run     func() error
}

// ltWorkspace is what NVIDIA advises for Hopper (cuBLAS documentation,
// cublasSetWorkspace).
const ltWorkspace = 32 << 20

// Product finds how NVIDIA's libraries do it; nil: none of them is here, or
// none knows how.
func (s *Session) Product(g Gemm) (*Product, error) {
	s.openBLAS()
	if s.blas.lt != nil {
		p, err := s.ltProduct(g)
		if p != nil || err != nil {
			return p, err
		}
	}
	if s.blas.v2 == nil {
		return nil, nil
	}
	var version int32
	s.blas.v2.Version(s.blas.plain, &version)
	// Between sessions the stream is another one.
	if err := s.checkBLAS("cublasSetStream", s.blas.v2.SetStream(s.blas.plain, s.stream)); err != nil {
		return nil, err
	}
	one, zero := scale(1, g.Compute), scale(0, g.Compute)
	return &Product{Library: fmt.Sprintf("cuBLAS %d", version), Run: func() error {
		return s.checkBLAS("cublasGemmEx", s.blas.v2.GemmEx(s.blas.plain, driver.NoTranspose, driver.NoTranspose, int32(g.N), int32(g.M), int32(g.K),
			one, g.B, g.Type, int32(g.LDB), g.A, g.Type, int32(g.LDA), zero, g.C, g.Type, int32(g.LDC), g.Compute, driver.AlgorithmDefault))
	}}, nil
}

// openBLAS loads what there is, once.
func (s *Session) openBLAS() {
	b := &s.blas
	if b.tried {
		return
	}
	b.tried = true
	if load := s.runtime.load.BLASLt; load != nil {
		if lt, err := load(); err == nil && lt.Create(&b.handle) == 0 {
			b.lt = lt
		}
	}
	if load := s.runtime.load.BLAS; load != nil {
		if v2, err := load(); err == nil && v2.Create(&b.plain) == 0 {
			b.v2 = v2
		}
	}
}

// checkBLAS asks the driver what happened: a fault comes out as the library's
// "execution failed".
func (s *Session) checkBLAS(call string, r driver.BLASResult) error {
	if r == 0 {
		return nil
	}
	if err := s.Synchronize(); err != nil {
		return err
	}
	if r == 3 { // CUBLAS_STATUS_ALLOC_FAILED
		return &driver.Error{Call: call, Result: driver.OutOfMemory, Detail: r.String()}
	}
	return fmt.Errorf("%s: %s", call, r)
}

// scale is alpha or beta, of the type that is computed in.
func scale(v float64, compute int32) []byte {
	if compute == driver.ComputeFloat64 {
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v))
	}
	return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v)))
}

func scaleType(compute int32) int32 {
	if compute == driver.ComputeFloat64 {
		return driver.TypeFloat64
	}
	return driver.TypeFloat32
}

// ltProduct asks cuBLASLt for its best algorithm. The library thinks column by
// column: a matrix that lies row by row is its transpose to it, and C' = B'*A'.
func (s *Session) ltProduct(g Gemm) (*Product, error) {
	lt := s.blas.lt
	var desc, preference uintptr
	var layouts [3]uintptr
	defer func() {
		if preference != 0 {
			lt.PreferenceDestroy(preference)
		}
	}()
	if lt.DescCreate(&desc, g.Compute, scaleType(g.Compute)) != 0 {
		return nil, nil
	}
	s.later(func() { lt.DescDestroy(desc) })
	for i, l := range []struct{ rows, cols, ld int }{{g.N, g.K, g.LDB}, {g.K, g.M, g.LDA}, {g.N, g.M, g.LDC}} {
		if lt.LayoutCreate(&layouts[i], g.Type, uint64(l.rows), uint64(l.cols), int64(l.ld)) != 0 {
			return nil, nil
		}
		layout := layouts[i]
		s.later(func() { lt.LayoutDestroy(layout) })
	}
	limit := binary.LittleEndian.AppendUint64(nil, ltWorkspace)
	if lt.PreferenceCreate(&preference) != 0 || lt.PreferenceSet(preference, driver.LtWorkspaceBytes, limit, 8) != 0 {
		return nil, nil
	}
	results := make([]driver.LtHeuristic, 1)
	var found int32
	if lt.Heuristic(s.blas.handle, desc, layouts[0], layouts[1], layouts[2], layouts[2], preference, 1, results, &found) != 0 || found == 0 || results[0].State != 0 {
		return nil, nil // it knows none for this shape
	}
	best := &results[0]
	workspace, err := s.Alloc(int64(best.Workspace))
	if err != nil {
		return nil, err
	}
	one, zero := scale(1, g.Compute), scale(0, g.Compute)
	v := lt.Version()
	return &Product{Library: fmt.Sprintf("cuBLASLt %d", v), Run: func() error {
		return s.checkBLAS("cublasLtMatmul", lt.Matmul(s.blas.handle, desc, one, g.B, layouts[0], g.A, layouts[1], zero,
			g.C, layouts[2], g.C, layouts[2], &best.Algorithm, workspace, best.Workspace, s.stream))
	}}, nil
}

// later is done at the session's end, whatever its errors.
func (s *Session) later(do func()) { s.ends = append(s.ends, do) }
