package drivertest

import (
	"encoding/binary"

	"turno/internal/gpu/cuda/driver"
)

// lt is a SIMULATED cuBLASLt's descriptions, by their handles.
type lt struct {
	f       *Fake
	next    uintptr
	turned  map[uintptr]map[int32]bool // matrices that a product turns, by attribute
	layouts map[uintptr][3]uint64      // rows, columns, leading dimension
	aligned map[uintptr]map[int32]uint32
	chosen  map[*driver.LtAlgorithm][3]uint32 // how A, B and C must be aligned
}

// BLASLt is a Loader's BLASLt for float32: it does products column by column, as
// the library says, with turno's own kernels. It does none whose addresses are
// not aligned as was said when the algorithm was chosen.
func (f *Fake) BLASLt() (*driver.BLASLt, error) {
	l := &lt{f: f, turned: map[uintptr]map[int32]bool{}, layouts: map[uintptr][3]uint64{}, aligned: map[uintptr]map[int32]uint32{},
		chosen: map[*driver.LtAlgorithm][3]uint32{}}
	f.t.Cleanup(func() {
		if n := len(l.turned) + len(l.layouts) + len(l.aligned); n > 0 && f.stuck == driver.Success {
			f.t.Errorf("drivertest: %d descriptions of cuBLASLt were not given back", n)
		}
	})
	handle := func(to *uintptr) uintptr { l.next++; *to = l.next; return l.next }
	return &driver.BLASLt{
		Create:            func(h *uintptr) driver.BLASResult { handle(h); return 0 },
		Version:           func() uint64 { return 130000 },
		DescCreate:        func(d *uintptr, _, _ int32) driver.BLASResult { l.turned[handle(d)] = map[int32]bool{}; return 0 },
		DescDestroy:       func(d uintptr) driver.BLASResult { delete(l.turned, d); return 0 },
		LayoutDestroy:     func(d uintptr) driver.BLASResult { delete(l.layouts, d); return 0 },
		PreferenceCreate:  func(p *uintptr) driver.BLASResult { l.aligned[handle(p)] = map[int32]uint32{}; return 0 },
		PreferenceDestroy: func(p uintptr) driver.BLASResult { delete(l.aligned, p); return 0 },
		DescSet: func(d uintptr, attribute int32, value []byte, n uint64) driver.BLASResult {
			if n != 4 {
				return 7
			}
			l.turned[d][attribute] = binary.LittleEndian.Uint32(value) == driver.Transpose
			return 0
		},
		LayoutCreate: func(d *uintptr, kind int32, rows, cols uint64, ld int64) driver.BLASResult {
			if kind != driver.TypeFloat32 || ld < int64(rows) {
				return 15
			}
			l.layouts[handle(d)] = [3]uint64{rows, cols, uint64(ld)}
			return 0
		},
		PreferenceSet: func(p uintptr, attribute int32, value []byte, n uint64) driver.BLASResult {
			switch {
			case attribute == driver.LtWorkspaceBytes && n == 8:
			case n == 4:
				l.aligned[p][attribute] = binary.LittleEndian.Uint32(value)
			default:
				return 7
			}
			return 0
		},
		Heuristic: l.heuristic,
		Matmul:    l.matmul,
	}, nil
}

func (l *lt) heuristic(_, _, _, _, _, _, preference uintptr, _ int32, results []driver.LtHeuristic, found *int32) driver.BLASResult {
	align := [3]uint32{256, 256, 256}
	for i, a := range []int32{driver.LtAlignA, driver.LtAlignB, driver.LtAlignC} {
		if v := l.aligned[preference][a]; v != 0 {
			align[i] = v
		}
	}
	results[0], *found = driver.LtHeuristic{Workspace: 4096}, 1
	l.chosen[&results[0].Algorithm] = align
	return 0
}

// matmul is D = op(A)*op(B), column by column: row by row it is D' = op(B)'*op(A)'.
func (l *lt) matmul(_, desc uintptr, alpha []byte, a driver.Ptr, layoutA uintptr, b driver.Ptr, layoutB uintptr, _ []byte,
	c driver.Ptr, _ uintptr, d driver.Ptr, layoutD uintptr, algorithm *driver.LtAlgorithm, workspace driver.Ptr, bytes uint64, stream driver.Stream) driver.BLASResult {
	turned, at, bt, dt := l.turned[desc], l.layouts[layoutA], l.layouts[layoutB], l.layouts[layoutD]
	k := at[1]
	if turned[driver.LtTransposeA] {
		k = at[0]
	}
	align, chosen := l.chosen[algorithm]
	if !chosen || c != d || workspace == 0 || bytes != 4096 || len(alpha) != 4 {
		return 7
	}
	for i, p := range []driver.Ptr{a, b, c} {
		if uint32(p)%align[i] != 0 {
			l.f.t.Errorf("drivertest: cublasLtMatmul: %#x is no multiple of %d bytes", p, align[i])
		}
	}
	letter := map[bool]string{false: "n", true: "t"}
	name := "sgemm_small_" + letter[turned[driver.LtTransposeB]] + letter[turned[driver.LtTransposeA]]
	m, n := dt[1], dt[0] // of D'
	arguments := make([]byte, 0, 48)
	for _, p := range []driver.Ptr{d, b, a} {
		arguments = binary.LittleEndian.AppendUint64(arguments, uint64(p))
	}
	for _, v := range []uint64{m, n, k, bt[2], at[2], dt[2]} {
		arguments = binary.LittleEndian.AppendUint32(arguments, uint32(v))
	}
	shape := driver.Launch{Grid: [3]uint32{uint32(n+31) / 32, uint32(m+31) / 32, 1}, Block: [3]uint32{256, 1, 1}, Stream: stream}
	r := l.f.submit("cublasLtMatmul", stream, func() driver.Result { return l.f.start().launch(name, shape, arguments) })
	if r != driver.Success {
		return 13
	}
	return 0
}
