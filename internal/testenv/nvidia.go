package testenv

import (
	"os"
	"path/filepath"
	"testing"
)

// unpacked is the folder in which scripts/test-deps leaves what it has of
// NVIDIA's, if a file is in it.
func unpacked(file string) string {
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "bin", "nvidia", file)); err == nil {
			return filepath.Join(dir, "bin", "nvidia")
		}
	}
	return ""
}

// nvidiaDriver is the folder of the libraries that are unpacked, or of those
// that are installed.
func nvidiaDriver() string {
	if dir := unpacked("libcuda.so.1"); dir != "" {
		return dir
	}
	if found, _ := filepath.Glob("/usr/lib/*/libcuda.so.1"); len(found) > 0 {
		return filepath.Dir(found[0])
	}
	return ""
}

// NVIDIADriver is a folder with libcuda.so.1 and libnvidia-ml.so.1.
func NVIDIADriver(t testing.TB) string {
	t.Helper()
	Need(t, DriverNeed)
	return nvidiaDriver()
}

// nvidiaToolkit is ptxas of a toolkit that has NVRTC too.
func nvidiaToolkit() string {
	for _, ptxas := range []string{filepath.Join(unpacked("ptxas"), "ptxas"), "/usr/local/cuda/bin/ptxas", "/usr/bin/ptxas"} {
		if _, err := os.Stat(ptxas); err == nil && filepath.IsAbs(ptxas) && nvrtc(ptxas) != "" {
			return ptxas
		}
	}
	return ""
}

// nvrtc is the library that came with an assembler.
func nvrtc(ptxas string) string {
	dir := filepath.Dir(ptxas)
	for _, pattern := range []string{"libnvrtc.so.*", "../lib64/libnvrtc.so.*", "../lib/*/libnvrtc.so.*"} {
		if found, _ := filepath.Glob(filepath.Join(dir, pattern)); len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

// PTXAS is NVIDIA's assembler.
func PTXAS(t testing.TB) string {
	t.Helper()
	Need(t, ToolkitNeed)
	return nvidiaToolkit()
}

// NVRTC is NVIDIA's run-time compiler, a library.
func NVRTC(t testing.TB) string {
	t.Helper()
	Need(t, ToolkitNeed)
	return nvrtc(nvidiaToolkit())
}
