package cuda

import (
	"encoding/binary"
	"errors"
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

// Gemm is C = A*B, each row by row, with rows of LDA, LDB and LDC numbers. A
// matrix that is turned lies as its transpose: A as K rows of M, B as N rows of K.
type Gemm struct {
	M, N, K       int
	LDA, LDB, LDC int
	TurnA, TurnB  bool
	Type, Compute int32 // driver.TypeFloat32, driver.ComputeFloat32, …
	Align         int   // bytes that the three addresses are multiples of, a power of two
}

// Product is a way to do a Gemm, made once and run often.
type Product struct {
	Library string // such as "cuBLASLt 13.1.0"
	Run     func(c, a, b driver.Ptr) error
}

// ErrRefused is a library that does not do a product after all.
var ErrRefused = errors.New("the library does not do this product")

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
	return &Product{Library: fmt.Sprintf("cuBLAS %d", version), Run: func(c, a, b driver.Ptr) error {
		return s.checkBLAS("cublasGemmEx", s.blas.v2.GemmEx(s.blas.plain, operation(g.TurnB), operation(g.TurnA), int32(g.N), int32(g.M), int32(g.K),
			one, b, g.Type, int32(g.LDB), a, g.Type, int32(g.LDA), zero, c, g.Type, int32(g.LDC), g.Compute, driver.AlgorithmDefault))
	}}, nil
}

// Aligned is what all the addresses are multiples of, a power of two of at most
// 256, which is what an allocation begins at.
func Aligned(addresses ...driver.Ptr) int {
	all := driver.Ptr(256)
	for _, p := range addresses {
		all |= p
	}
	return int(all & -all)
}

func operation(turn bool) int32 {
	if turn {
		return driver.Transpose
	}
	return driver.NoTranspose
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
	return fmt.Errorf("%s: %s: %w", call, r, ErrRefused)
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
	var layouts [3]uintptr // of B, A and C
	if lt.DescCreate(&desc, g.Compute, scaleType(g.Compute)) != 0 {
		return nil, nil
	}
	s.later(func() { lt.DescDestroy(desc) })
	for attribute, turn := range map[int32]bool{driver.LtTransposeA: g.TurnB, driver.LtTransposeB: g.TurnA} {
		if lt.DescSet(desc, attribute, binary.LittleEndian.AppendUint32(nil, uint32(operation(turn))), 4) != 0 {
			return nil, nil
		}
	}
	for i, l := range []struct {
		rows, cols, ld int
		turn           bool
	}{{g.N, g.K, g.LDB, g.TurnB}, {g.K, g.M, g.LDA, g.TurnA}, {g.N, g.M, g.LDC, false}} {
		if l.turn {
			l.rows, l.cols = l.cols, l.rows
		}
		if lt.LayoutCreate(&layouts[i], g.Type, uint64(l.rows), uint64(l.cols), int64(l.ld)) != 0 {
			return nil, nil
		}
		layout := layouts[i]
		s.later(func() { lt.LayoutDestroy(layout) })
	}
	if lt.PreferenceCreate(&preference) != 0 {
		return nil, nil
	}
	defer lt.PreferenceDestroy(preference)
	if !s.prefer(preference, g.Align) {
		return nil, nil
	}
	results := make([]driver.LtHeuristic, 1)
	var found int32
	if lt.Heuristic(s.blas.handle, desc, layouts[0], layouts[1], layouts[2], layouts[2], preference, 1, results, &found) != 0 || found == 0 || results[0].State != 0 {
		return nil, nil // it knows none for this shape
	}
	best := &results[0]
	workspace, err := s.workspace(best.Workspace)
	if err != nil {
		return nil, err
	}
	one, zero := scale(1, g.Compute), scale(0, g.Compute)
	v := lt.Version()
	return &Product{Library: fmt.Sprintf("cuBLASLt %d", v), Run: func(c, a, b driver.Ptr) error {
		return s.checkBLAS("cublasLtMatmul", lt.Matmul(s.blas.handle, desc, one, b, layouts[0], a, layouts[1], zero,
			c, layouts[2], c, layouts[2], &best.Algorithm, workspace, best.Workspace, s.stream))
	}}, nil
}

// prefer tells cuBLASLt how much memory it may use, and how addresses lie:
// without that it takes them for multiples of 256 bytes.
func (s *Session) prefer(preference uintptr, align int) bool {
	lt := s.blas.lt
	ok := lt.PreferenceSet(preference, driver.LtWorkspaceBytes, binary.LittleEndian.AppendUint64(nil, ltWorkspace), 8) == 0
	bytes := binary.LittleEndian.AppendUint32(nil, uint32(align))
	for _, attribute := range []int32{driver.LtAlignA, driver.LtAlignB, driver.LtAlignC, driver.LtAlignD} {
		ok = ok && lt.PreferenceSet(preference, attribute, bytes, 4) == 0
	}
	return ok
}

// workspace is memory for any product of the session: they run one after the
// other.
func (s *Session) workspace(bytes uint64) (driver.Ptr, error) {
	if bytes == 0 || s.scratch != 0 {
		return s.scratch, nil
	}
	var err error
	s.scratch, err = s.Alloc(ltWorkspace)
	return s.scratch, err
}

// later is done at the session's end, whatever its errors.
func (s *Session) later(do func()) { s.ends = append(s.ends, do) }
