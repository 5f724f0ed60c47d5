package driver_test

import (
	"os"
	"path/filepath"
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
