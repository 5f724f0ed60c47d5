package driver

import "fmt"

// NVRTC compiles CUDA C++ at run time (NVRTC documentation, 12.6 and 13.0).
type NVRTC struct {
	Version func(major, minor *int32) NVRTCResult `c:"nvrtcVersion"`
	// CreateProgram: headers stays nil, a job's source stands alone.
	CreateProgram  func(program *uintptr, source, name string, headers int32, contents, names uintptr) NVRTCResult `c:"nvrtcCreateProgram"`
	DestroyProgram func(program *uintptr) NVRTCResult                                                              `c:"nvrtcDestroyProgram"`
	LogSize        func(program uintptr, size *uint64) NVRTCResult                                                 `c:"nvrtcGetProgramLogSize"`
	Log            func(program uintptr, log []byte) NVRTCResult                                                   `c:"nvrtcGetProgramLog"`
	PTXSize        func(program uintptr, size *uint64) NVRTCResult                                                 `c:"nvrtcGetPTXSize"`
	PTX            func(program uintptr, ptx []byte) NVRTCResult                                                   `c:"nvrtcGetPTX"`
	// A cubin is for one architecture and needs no compiler in the driver: since 11.1.
	CubinSize func(program uintptr, size *uint64) NVRTCResult `c:"nvrtcGetCUBINSize" group:"cubin"`
	Cubin     func(program uintptr, cubin []byte) NVRTCResult `c:"nvrtcGetCUBIN" group:"cubin"`
	// Architectures it can compile for, such as 90: since 11.2.
	ArchCount func(count *int32) NVRTCResult  `c:"nvrtcGetNumSupportedArchs" group:"arch"`
	Archs     func(archs []int32) NVRTCResult `c:"nvrtcGetSupportedArchs" group:"arch"`

	// CompileProgram takes options such as --gpu-architecture=sm_90. A fake sets
	// it directly.
	CompileProgram func(program uintptr, options []string) NVRTCResult

	raw nvrtcRaw
}

type nvrtcRaw struct {
	compile func(program uintptr, count int32, options []uintptr) NVRTCResult `c:"nvrtcCompileProgram"`
}

// NVRTCResult is an nvrtcResult.
type NVRTCResult int32

// NVRTCCompilation is a source that does not compile: the log says why.
const NVRTCCompilation NVRTCResult = 6

var nvrtcNames = []string{"success", "out of memory", "program creation failure", "invalid input", "invalid program", "invalid option",
	"compilation failed", "builtin operation failure", "no name expressions after compilation", "no lowered names before compilation",
	"name expression not valid", "internal error"}

func (r NVRTCResult) String() string {
	if int(r) >= 0 && int(r) < len(nvrtcNames) {
		return fmt.Sprintf("%s (NVRTC error %d)", nvrtcNames[r], int32(r))
	}
	return fmt.Sprintf("NVRTC error %d", int32(r))
}
