package driver_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"turno/internal/gpu/cuda/driver"
	"turno/internal/testenv"
)

// abi compiles testdata/abi.c and opens it as each of NVIDIA's libraries.
func abi(t *testing.T) driver.Open {
	t.Helper()
	testenv.Need(t, testenv.ClangNeed)
	dir := t.TempDir()
	whole := filepath.Join(dir, "abi.so")
	if text, err := exec.Command("clang-16", "-shared", "-fPIC", "-O1", "-Wall", "-o", whole, "testdata/abi.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var o driver.Open
	for _, name := range []string{"libcuda.so.1", "libcublas.so.13", "libcublasLt.so.13", "libnvrtc.so.13"} {
		path := filepath.Join(dir, name)
		if err := os.Symlink(whole, path); err != nil {
			t.Fatal(err)
		}
		o.Paths = append(o.Paths, path)
	}
	return o
}

// TestABI_Driver: every argument arrives in C as it left Go, those on the stack
// and those that Go's types cannot describe too.
func TestABI_Driver(t *testing.T) {
	t.Parallel()
	c, err := abi(t).CUDA()
	if err != nil {
		t.Fatal(err)
	}
	if c.HasGraphs() || c.HasPools() {
		t.Error("groups that the library has not")
	}
	var bytes, free, total uint64
	var uuid [16]byte
	var ms float32
	var f driver.Function
	name := make([]byte, driver.NameLength)
	memory, hostAlloc := c.HostAlloc(64)
	var m driver.Module
	var log string
	for call, r := range map[string]driver.Result{
		"name": c.DeviceGetName(name, 96, 7), "total": c.DeviceTotalMem(&bytes, -3), "uuid": c.DeviceUUID(&uuid, 2), "info": c.MemGetInfo(&free, &total),
		"elapsed": c.EventElapsedTime(&ms, 11, 12), "memset": c.MemsetD32Async(0x700000000000, 0xdeadbeef, 1<<33, 9), "host": hostAlloc,
		"copy":     c.MemcpyHtoDAsync(0x7fffffff0000, memory[8:], 24, 0xabcdef0123456789),
		"hostfree": c.HostFree(memory), "function": c.ModuleGetFunction(&f, 5, "kernel"),
		"launch": c.LaunchKernel(6, driver.Launch{Grid: [3]uint32{0x7fffffff, 2, 3}, Block: [3]uint32{4, 5, 6}, Shared: 1000, Stream: 9}, []byte("twelve bytes")),
	} {
		if r != driver.Success {
			t.Errorf("%s: check %d failed", call, r)
		}
	}
	if r := c.ModuleLoad(&m, []byte(".version 6.0"), &log); r != driver.InvalidPTX || m != 5 || log != "said" {
		t.Errorf("module: %d, %d, %q", r, m, log)
	}
	if driver.Text(name) != "a name" || bytes != 1<<40 || uuid[15] != 15 || free != 5<<33 || total != 7<<33 || ms != 2.5 || f != 6 || len(memory) != 64 {
		t.Error(driver.Text(name), bytes, uuid, free, total, ms, f, len(memory))
	}
}

func TestABI_BLAS(t *testing.T) {
	t.Parallel()
	o := abi(t)
	b, err := o.BLAS()
	if err != nil {
		t.Fatal(err)
	}
	one, zero := driver.Bytes([]float32{1}), driver.Bytes([]float32{0})
	if r := b.GemmEx(1, 2, 3, 4, 5, 6, one, 0x700000000000, 14, 8, 0x710000000000, 9, 10, zero, 0x720000000000, 11, 12, 68, -1); r != 0 {
		t.Errorf("cublasGemmEx: check %d failed", r)
	}
	lt, err := o.BLASLt()
	if err != nil {
		t.Fatal(err)
	}
	results := make([]driver.LtHeuristic, 2)
	var layout uintptr
	var found int32
	for call, r := range map[string]driver.BLASResult{
		"layout":     lt.LayoutCreate(&layout, 2, 1<<34, 3, -4),
		"preference": lt.PreferenceSet(3, driver.LtWorkspaceBytes, driver.Bytes([]uint64{32 << 20}), 8),
		"heuristic":  lt.Heuristic(1, 2, 3, 4, 5, 6, 7, 2, results, &found),
	} {
		if r != 0 {
			t.Errorf("%s: check %d failed", call, r)
		}
	}
	if lt.Version() != 130100 || layout != 77 || found != 2 || results[1].Workspace != 1001 || results[1].State != 1 || results[1].Waves != .5 {
		t.Errorf("%d %d %d %+v", lt.Version(), layout, found, results)
	}
	wide, none := driver.Bytes([]float64{1}), driver.Bytes([]float64{0})
	if r := lt.Matmul(1, 2, wide, 0x10, 3, 0x20, 4, none, 0x30, 5, 0x40, 6, &results[1].Algorithm, 0x50, 1<<35, 8); r != 0 {
		t.Errorf("cublasLtMatmul: check %d failed", r)
	}
}

func TestABI_NVRTC(t *testing.T) {
	t.Parallel()
	n, err := abi(t).NVRTC()
	if err != nil {
		t.Fatal(err)
	}
	if n.Cubin != nil || n.Archs != nil {
		t.Error("groups that the library has not")
	}
	var program uintptr
	if r := n.CreateProgram(&program, "int x;", "a.cu", 0, 0, 0); r != 0 || program != 3 {
		t.Errorf("create: %d, %d", r, program)
	}
	if r := n.CompileProgram(program, []string{"--gpu-architecture=sm_90", "-DN=1"}); r != driver.NVRTCCompilation {
		t.Errorf("compile: %d", r)
	}
	var size uint64
	log := make([]byte, 4)
	if n.LogSize(program, &size) != 0 || size != 4 || n.Log(program, log) != 0 || driver.Text(log) != "bad" {
		t.Errorf("log: %d %q", size, log)
	}
}
