package drivertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Libraries is a folder for TURNO_CUDA_LIBS, with a driver and a management
// library of one SIMULATED device: for tests of the real binary, which loads
// them as it would NVIDIA's. It is less strict than a Fake.
func Libraries(t testing.TB) string {
	shim, dir := Shim(t), t.TempDir()
	sources, err := Sources()
	if err == nil {
		err = os.Symlink(shim, filepath.Join(dir, "turno-shim"))
	}
	for name, source := range map[string]string{"libcuda.so.1": "libcuda.cpp", "libnvidia-ml.so.1": "libnvml.cpp"} {
		if err == nil {
			err = library(filepath.Join(dir, name), filepath.Join(sources, "shim", source))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func library(path, source string) error {
	text, err := exec.Command("clang-16", "-shared", "-fPIC", "-std=c++20", "-O1", "-Wall", "-nostdlib++", "-fno-exceptions", "-o", path, source, "-lpthread").CombinedOutput()
	if err != nil {
		return fmt.Errorf("compile %s: %w\n%s", source, err, text)
	}
	return nil
}
