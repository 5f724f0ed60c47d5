package driver

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// none is a library that has every function but those that a test leaves out.
func none(missing ...string) (*library, map[string]bool) {
	bound := map[string]bool{}
	address := map[uintptr]string{}
	return &library{
		path: "libfake.so",
		lookup: func(name string) uintptr {
			if slices.Contains(missing, name) {
				return 0
			}
			a := uintptr(len(address) + 1)
			address[a] = name
			return a
		},
		bind: func(_ any, a uintptr) { bound[address[a]] = true },
	}, bound
}

func TestBindAll_OldLibraries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		missing      []string
		fails        string
		want, absent []string
	}{
		{"all there", nil, "", []string{"cuInit", "cuLaunchKernel", "cuGraphLaunch", "cuMemAllocAsync", "cuDeviceGetUuid_v2"}, []string{"cuDeviceGetUuid", "cuMemAlloc"}},
		{"no graphs of 11.4", []string{"cuGraphInstantiateWithFlags"}, "", []string{"cuMemAllocAsync"}, []string{"cuGraphLaunch", "cuStreamEndCapture"}},
		{"no UUID of 11.4", []string{"cuDeviceGetUuid_v2"}, "", []string{"cuDeviceGetUuid"}, nil},
		{"last of a group", []string{"cuMemPoolTrimTo"}, "", nil, []string{"cuMemAllocAsync"}},
		{"the 32-bit interface alone", []string{"cuMemAlloc_v2"}, "cuMemAlloc_v2", nil, nil},
		{"what is wrapped", []string{"cuLaunchKernel"}, "cuLaunchKernel", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, bound := none(c.missing...)
			err := l.bindAll(&CUDA{})
			if absent, ok := errors.AsType[*Absent](err); (c.fails != "") != ok || ok && !strings.Contains(absent.Reason, c.fails) {
				t.Fatalf("%v", err)
			}
			for _, name := range c.want {
				if !bound[name] {
					t.Errorf("%s is not bound", name)
				}
			}
			for _, name := range c.absent {
				if bound[name] {
					t.Errorf("%s is bound", name)
				}
			}
		})
	}
}

// TestFields_HaveFunctions: a field without a tag would stay nil for ever,
// unless it is wrapped.
func TestFields_HaveFunctions(t *testing.T) {
	t.Parallel()
	wrapped := map[string]bool{"HostAlloc": true, "HostFree": true, "ModuleLoad": true, "LaunchKernel": true, "CompileProgram": true}
	for _, v := range []any{CUDA{}, NVML{}, NVRTC{}, BLAS{}, BLASLt{}} {
		typ := reflect.TypeOf(v)
		for f := range typ.Fields() {
			if f.Type.Kind() == reflect.Func && f.Tag.Get("c") == "" && !wrapped[f.Name] {
				t.Errorf("%s.%s has no C function", typ.Name(), f.Name)
			}
		}
	}
}

// TestSizes: the sizes that the headers' structs have on 64-bit systems.
func TestSizes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]uintptr{
		"nvmlPciInfo_t":                   {unsafe.Sizeof(PCIInfo{}), 16 + 5*4 + 32},
		"nvmlMemory_t":                    {unsafe.Sizeof(MemoryInfo{}), 24},
		"nvmlUtilization_t":               {unsafe.Sizeof(Utilisation{}), 8},
		"nvmlProcessInfo_v2_t":            {unsafe.Sizeof(ProcessInfo{}), 24},
		"nvmlEventData_t":                 {unsafe.Sizeof(EventData{}), 32},
		"cublasLtMatmulAlgo_t":            {unsafe.Sizeof(LtAlgorithm{}), 64},
		"cublasLtMatmulHeuristicResult_t": {unsafe.Sizeof(LtHeuristic{}), 64 + 8 + 4 + 4 + 16},
	} {
		if c[0] != c[1] {
			t.Errorf("%s has %d bytes, want %d", name, c[0], c[1])
		}
	}
	if o := unsafe.Offsetof(ProcessInfo{}.Memory); o != 8 {
		t.Errorf("usedGpuMemory is at %d", o)
	}
}

func TestResult_Sticky(t *testing.T) {
	t.Parallel()
	for r, want := range map[Result]bool{Success: false, OutOfMemory: false, NoDevice: false, NotReady: false, InvalidPTX: false,
		700: true, 702: true, 714: true, 719: true, 911: true, 810: true, 214: true, 220: true, 999: true, 4: true} {
		if r.Sticky() != want {
			t.Errorf("%s: sticky %t", r, r.Sticky())
		}
	}
	err := error(&Error{Call: "cuMemAlloc", Result: OutOfMemory, Detail: "x"})
	if !errors.Is(err, &Error{Result: OutOfMemory}) || IsSticky(err) || err.Error() != "cuMemAlloc: out of memory (CUDA error 2): x" {
		t.Errorf("%v", err)
	}
	if Result(12345).String() != "CUDA error 12345" || NVMLResult(15).String() != "the GPU has fallen off the bus (NVML error 15)" ||
		BLASResult(15).String() != "not supported (cuBLAS error 15)" || NVRTCResult(6).String() != "compilation failed (NVRTC error 6)" {
		t.Error("a result's text")
	}
}

func TestOpen_NothingThere(t *testing.T) {
	t.Parallel()
	o := Open{Paths: []string{"/nonexistent/libcuda.so.1", "/nonexistent/libnvidia-ml.so.1", "/nonexistent/libnvrtc.so.12",
		"/nonexistent/libcublas.so.12", "/nonexistent/libcublasLt.so.12"}}
	_, cuda := o.CUDA()
	_, nvml := o.NVML()
	_, nvrtc := o.NVRTC()
	_, blas := o.BLAS()
	_, lt := o.BLASLt()
	for _, err := range []error{cuda, nvml, nvrtc, blas, lt} {
		if absent, ok := errors.AsType[*Absent](err); !ok || !strings.Contains(absent.Reason, "is not on this machine") {
			t.Errorf("%v", err)
		}
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	if b := Bytes([]float32{1, 2}); len(b) != 8 || b[3] != 0x3f || b[7] != 0x40 {
		t.Errorf("%x", b)
	}
	if b := Bytes([]float64(nil)); b != nil {
		t.Errorf("%x", b)
	}
}
