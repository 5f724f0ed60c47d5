package drivertest

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"turno/internal/gpu/cuda/driver"
	"turno/internal/testenv"
)

// program is a source on its way through the fake compiler.
type program struct{ source, name, log, ptx string }

// shimMark names in PTX the library that has the same kernels for the CPU.
var shimMark = regexp.MustCompile(`(?m)^// shim (.*)$`)

// NVRTC is a Loader's NVRTC: clang compiles the source for a GPU, which gives
// the entries and the errors, and for the CPU, where the kernels then run.
func (f *Fake) NVRTC() (*driver.NVRTC, error) {
	testenv.Need(f.t, testenv.ClangNeed)
	programs := map[uintptr]*program{}
	text := func(get func(*program) string) (func(uintptr, *uint64) driver.NVRTCResult, func(uintptr, []byte) driver.NVRTCResult) {
		return func(p uintptr, n *uint64) driver.NVRTCResult { *n = uint64(len(get(programs[p])) + 1); return 0 },
			func(p uintptr, into []byte) driver.NVRTCResult { copy(into, get(programs[p])+"\x00"); return 0 }
	}
	n := &driver.NVRTC{
		Version: func(a, b *int32) driver.NVRTCResult { *a, *b = 13, 0; return 0 },
		CreateProgram: func(p *uintptr, source, name string, _ int32, _, _ uintptr) driver.NVRTCResult {
			*p = uintptr(len(programs) + 1)
			programs[*p] = &program{source: source, name: name}
			return 0
		},
		DestroyProgram: func(p *uintptr) driver.NVRTCResult { delete(programs, *p); return 0 },
		CompileProgram: func(p uintptr, options []string) driver.NVRTCResult { return f.compile(programs[p], options) },
	}
	n.LogSize, n.Log = text(func(p *program) string { return p.log })
	n.PTXSize, n.PTX = text(func(p *program) string { return p.ptx })
	return n, nil
}

func (f *Fake) compile(p *program, options []string) driver.NVRTCResult {
	dir := f.t.TempDir()
	kernels, err := Sources()
	if err != nil {
		f.t.Fatal(err)
	}
	source := filepath.Join(dir, p.name)
	if err := os.WriteFile(source, []byte(p.source), 0o600); err != nil {
		f.t.Fatal(err)
	}
	var defines []string
	for _, o := range options {
		if strings.HasPrefix(o, "-D") {
			defines = append(defines, o)
		}
	}
	clang := func(arguments ...string) ([]byte, string, error) {
		command := exec.Command("clang-16", slices.Concat(defines, arguments)...)
		command.Dir = dir
		var log bytes.Buffer
		command.Stderr = &log
		out, err := command.Output()
		return out, log.String(), err
	}
	user := filepath.Join(kernels, "shim", "user.h")
	ptx, log, err := clang("-x", "cuda", "--cuda-device-only", "-nocudainc", "-nocudalib", "--cuda-gpu-arch=sm_70", "--cuda-feature=+ptx60",
		"-include", "__clang_cuda_builtin_vars.h", "-include", user, "-std=c++17", "-O2", "-S", "-o", "-", p.name)
	p.log = log
	if err != nil {
		return driver.NVRTCCompilation
	}
	var list strings.Builder
	for _, name := range slices.Sorted(maps.Keys(entries(ptx))) {
		fmt.Fprintf(&list, "{%q, unpack<&%s>::call}, ", name, name)
	}
	host := fmt.Sprintf("#include %q\nextern \"C\" const shim_kernel shim_user_kernels[] = {%s{0, 0}};\n", source, list.String())
	if err := os.WriteFile(filepath.Join(dir, "host.cpp"), []byte(host), 0o600); err != nil {
		f.t.Fatal(err)
	}
	library := filepath.Join(dir, "kernels.so")
	if _, log, err := clang("-x", "c++", "-std=c++20", "-O1", "-fPIC", "-shared", "-DTURNO_CPU", "-include", user, "-w", "-nostdlib++", "-o", library, "host.cpp"); err != nil {
		f.t.Errorf("drivertest: a source that compiles for the GPU does not for the shim: %s", log)
		return 11
	}
	p.ptx = string(ptx) + "\n// shim " + library + "\n"
	return 0
}
