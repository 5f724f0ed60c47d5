package cuda

import (
	"fmt"
	"os"
	"slices"

	"turno/internal/gpu/cuda/driver"
)

// CompileError is a source that does not compile; Log names lines and reasons.
type CompileError struct{ Log string }

func (e *CompileError) Error() string { return "the source does not compile:\n" + e.Log }

// Code is what a compiler made of a source.
type Code struct {
	Image []byte
	Kind  string // cubin sm_90, or ptx compute_90
	Log   string // warnings
}

// Compile makes code for the session's device of CUDA C++, with NVRTC, which
// must be on this machine. name stands in the log's lines.
func (s *Session) Compile(name, source string, options []string) (*Code, error) {
	if s.runtime.load.NVRTC == nil {
		return nil, &driver.Absent{Library: "NVRTC", Reason: "this process has no run-time compiler"}
	}
	n, err := s.runtime.load.NVRTC()
	if err != nil {
		return nil, err
	}
	arch, cubin := s.target(n)
	code := &Code{Kind: "ptx compute_" + fmt.Sprint(arch)}
	target := fmt.Sprintf("--gpu-architecture=compute_%d", arch)
	if cubin {
		target, code.Kind = fmt.Sprintf("--gpu-architecture=sm_%d", arch), fmt.Sprintf("cubin sm_%d", arch)
	}
	all := append([]string{target}, includes()...)
	var program uintptr
	if r := n.CreateProgram(&program, source, name, 0, 0, 0); r != 0 {
		return nil, fmt.Errorf("nvrtcCreateProgram: %s", r)
	}
	defer n.DestroyProgram(&program)
	r := n.CompileProgram(program, append(all, options...))
	code.Log = compileLog(n, program)
	switch {
	case r == driver.NVRTCCompilation:
		return nil, &CompileError{code.Log}
	case r != 0:
		return nil, fmt.Errorf("nvrtcCompileProgram with %v: %s: %s", append(all, options...), r, code.Log)
	}
	size, get := n.PTXSize, n.PTX
	if cubin {
		size, get = n.CubinSize, n.Cubin
	}
	var bytes uint64
	if r := size(program, &bytes); r != 0 {
		return nil, fmt.Errorf("nvrtc: size of the code: %s", r)
	}
	code.Image = make([]byte, bytes)
	if r := get(program, code.Image); r != 0 {
		return nil, fmt.Errorf("nvrtc: take the code: %s", r)
	}
	return code, nil
}

// target is what to compile for: the device's own machine code, or PTX of the
// newest kind that both know, which the driver compiles on.
func (s *Session) target(n *driver.NVRTC) (arch int, cubin bool) {
	mine := s.Capability()
	var count int32
	if n.Archs == nil || n.ArchCount(&count) != 0 || count == 0 {
		return mine, n.Cubin != nil
	}
	known := make([]int32, count)
	if n.Archs(known) != 0 {
		return mine, n.Cubin != nil
	}
	if slices.Contains(known, int32(mine)) {
		return mine, n.Cubin != nil
	}
	arch = int(known[0])
	for _, k := range known {
		if int(k) <= mine {
			arch = max(arch, int(k))
		}
	}
	return arch, false
}

// includes is the toolkit's headers, such as cuda_fp16.h, where there are any.
func includes() []string {
	for _, dir := range []string{os.Getenv("TURNO_CUDA_INCLUDE"), "/usr/local/cuda/include", os.Getenv("CUDA_PATH") + "/include"} {
		if _, err := os.Stat(dir + "/cuda_fp16.h"); err == nil {
			return []string{"--include-path=" + dir}
		}
	}
	return nil
}

func compileLog(n *driver.NVRTC, program uintptr) string {
	var size uint64
	if n.LogSize(program, &size) != 0 || size < 2 {
		return ""
	}
	log := make([]byte, size)
	if n.Log(program, log) != 0 {
		return ""
	}
	return driver.Text(log)
}
