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
		Heuristic: func(_, _, _, _, _, _, preference uintptr, _ int32, results []driver.LtHeuristic, found *int32) driver.BLASResult {
			results[0], *found = driver.LtHeuristic{Workspace: ltBytes}, 1
			l.chosen[&results[0].Algorithm] = l.alignment(preference)
			return 0
		},
		Matmul: func(_, desc uintptr, alpha []byte, a driver.Ptr, layoutA uintptr, b driver.Ptr, layoutB uintptr, _ []byte, c driver.Ptr, _ uintptr,
			d driver.Ptr, layoutD uintptr, algorithm *driver.LtAlgorithm, workspace driver.Ptr, bytes uint64, stream driver.Stream) driver.BLASResult {
			if c != d || workspace == 0 || bytes != ltBytes || len(alpha) != 4 {
				return 7
			}
			return l.multiply(ltProduct{l.turned[desc], algorithm, [3]driver.Ptr{a, b, d}, [3][3]uint64{l.layouts[layoutA], l.layouts[layoutB], l.layouts[layoutD]}, stream})
		},
	}, nil
}

// ltBytes of workspace are what every algorithm asks for.
const ltBytes = 4096

// alignment of A, B and C that a preference names.
func (l *lt) alignment(preference uintptr) [3]uint32 {
	align := [3]uint32{256, 256, 256}
	for i, a := range []int32{driver.LtAlignA, driver.LtAlignB, driver.LtAlignC} {
		if v := l.aligned[preference][a]; v != 0 {
			align[i] = v
		}
	}
	return align
}

// ltProduct is a call of cublasLtMatmul.
type ltProduct struct {
	turned    map[int32]bool
	algorithm *driver.LtAlgorithm
	at        [3]driver.Ptr // A, B and D
	layout    [3][3]uint64  // of each
	stream    driver.Stream
}

// multiply is D = op(A)*op(B), column by column: row by row it is D' = op(B)'*op(A)'.
func (l *lt) multiply(p ltProduct) driver.BLASResult {
	align, chosen := l.chosen[p.algorithm]
	if !chosen {
		return 7
	}
	for i, address := range p.at {
		if uint32(address)%align[i] != 0 {
			l.f.t.Errorf("drivertest: cublasLtMatmul: %#x is no multiple of %d bytes", address, align[i])
		}
	}
	a, b, d := p.layout[0], p.layout[1], p.layout[2]
	k := a[1]
	if p.turned[driver.LtTransposeA] {
		k = a[0]
	}
	letter := map[bool]string{false: "n", true: "t"}
	name := "sgemm_small_" + letter[p.turned[driver.LtTransposeB]] + letter[p.turned[driver.LtTransposeA]]
	m, n := d[1], d[0] // of D'
	arguments := make([]byte, 0, 48)
	for _, address := range []driver.Ptr{p.at[2], p.at[1], p.at[0]} {
		arguments = binary.LittleEndian.AppendUint64(arguments, uint64(address))
	}
	for _, v := range []uint64{m, n, k, b[2], a[2], d[2]} {
		arguments = binary.LittleEndian.AppendUint32(arguments, uint32(v))
	}
	shape := driver.Launch{Grid: [3]uint32{uint32(n+31) / 32, uint32(m+31) / 32, 1}, Block: [3]uint32{256, 1, 1}, Stream: p.stream}
	if l.f.submit("cublasLtMatmul", p.stream, func() driver.Result { return l.f.start().launch(name, shape, arguments) }) != driver.Success {
		return 13
	}
	return 0
}
