// Package kernel holds turno's own GPU code: sources for clang (*.cu) and the
// PTX that is made of them, which the driver compiles for the device at hand.
// No toolkit of NVIDIA's is needed for either.
//
//	*.cu ─clang-16─▶ *.ptx, committed and embedded ─driver─▶ any device since Volta
//	     ─clang-16─▶ shim/, for the CPU: tests run the same sources there
//
// A test compiles the sources again and compares, byte for byte.
package kernel

import "embed"

//go:embed *.ptx
var files embed.FS

// PTX of a source file, by its name without the end. It panics on another name:
// that is a mistake in this repository.
func PTX(name string) []byte {
	text, err := files.ReadFile(name + ".ptx")
	if err != nil {
		panic("kernel: no PTX is called " + name)
	}
	return text
}

// Target is what a source is compiled for, at least.
type Target struct {
	Name string
	Arch string // sm_70
	PTX  string // version: ptx60
}

// Targets are all sources. PTX 6.0 for sm_70 runs from Volta on, on drivers
// since 2017.
func Targets() []Target {
	return []Target{
		{"vec", "sm_70", "ptx60"},
		{"gemm", "sm_70", "ptx60"},
		{"mma", "sm_80", "ptx70"}, // tensor cores with bf16 and tf32, cp.async
		{"image", "sm_70", "ptx60"},
		{"nn", "sm_70", "ptx60"},
		{"reduce", "sm_70", "ptx60"},
		{"random", "sm_70", "ptx60"},
	}
}
