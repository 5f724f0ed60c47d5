package driver_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"turno/internal/gpu/cuda/driver"
	"turno/internal/testenv"
)

// TestReal_NoDevice loads NVIDIA's own libraries where there is no device:
// every function is there under the name that is bound, and the answer is calm.
func TestReal_NoDevice(t *testing.T) {
	dir := testenv.NVIDIADriver(t)
	// As root the library makes the node of the driver that is not there.
	const node = "/dev/nvidiactl"
	if _, err := os.Stat(node); err != nil {
		t.Cleanup(func() { os.Remove(node) })
	}
	o := driver.Open{Paths: []string{filepath.Join(dir, "libcuda.so.1"), filepath.Join(dir, "libnvidia-ml.so.1")}}
	cuda, err := o.CUDA()
	if err != nil {
		t.Fatal(err)
	}
	if !cuda.HasGraphs() || !cuda.HasPools() || cuda.DeviceUUID == nil || cuda.FuncSetAttribute == nil {
		t.Error("a group of functions is missing")
	}
	if filepath.Dir(dir) == "/usr/lib" {
		t.Log("the machine's own driver: it may well have devices")
		return
	}
	// Without a kernel module: no device, or the driver says that it cannot know.
	if r := cuda.Init(0); r != driver.NoDevice && r != driver.Unknown && r != driver.SystemDriver {
		t.Errorf("cuInit: %s", r)
	}
	var version int32
	if r := cuda.DriverGetVersion(&version); r != driver.Success || version < 11000 {
		t.Errorf("cuDriverGetVersion: %s, %d", r, version)
	}
	var count int32
	if r := cuda.DeviceGetCount(&count); r == driver.Success {
		t.Errorf("cuDeviceGetCount: %s, %d", r, count)
	}
	nvml, err := o.NVML()
	if err != nil {
		t.Fatal(err)
	}
	if nvml.Energy == nil || nvml.Processes == nil || nvml.MIG == nil || nvml.EventWait == nil {
		t.Error("a group of functions is missing")
	}
	if r := nvml.Init(); r != driver.NVMLDriverNotLoaded {
		t.Errorf("nvmlInit: %s", r)
	}
}

// TestReal_NVRTC compiles with NVIDIA's own compiler, for machine code of a GPU
// that is not here.
func TestReal_NVRTC(t *testing.T) {
	t.Parallel()
	n, err := driver.Open{Paths: []string{testenv.NVRTC(t)}}.NVRTC()
	if err != nil {
		t.Fatal(err)
	}
	compile := func(source string, options ...string) (cubin []byte, log string, r driver.NVRTCResult) {
		var program uintptr
		if r := n.CreateProgram(&program, source, "source.cu", 0, 0, 0); r != 0 {
			t.Fatal(r)
		}
		defer n.DestroyProgram(&program)
		r = n.CompileProgram(program, append([]string{"--gpu-architecture=sm_80"}, options...))
		var size uint64
		n.LogSize(program, &size)
		text := make([]byte, size)
		n.Log(program, text)
		if r == 0 && n.CubinSize(program, &size) == 0 {
			cubin = make([]byte, size)
			n.Cubin(program, cubin)
		}
		return cubin, driver.Text(text), r
	}
	examples, err := filepath.Glob("../../../../examples/cuda/*.cu")
	if err != nil || len(examples) == 0 {
		t.Fatal(examples, err)
	}
	for _, path := range examples {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if cubin, log, r := compile(string(source)); !bytes.HasPrefix(cubin, []byte("\x7fELF")) {
			t.Errorf("%s: %s: %s", path, r, log)
		}
	}
	_, log, r := compile("extern \"C\" __global__ void f(int *p) {\n  p[0] = N;\n  m = 1;\n}", "-DN=7")
	if r != driver.NVRTCCompilation || !strings.Contains(log, "source.cu(3): error") {
		t.Errorf("%s: %s", r, log)
	}
	if _, log, r := compile("", "--no-such-option"); r == 0 || r == driver.NVRTCCompilation {
		t.Errorf("an option that there is not: %s: %s", r, log)
	}
}
