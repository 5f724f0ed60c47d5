package driver

import (
	"os"
	"os/exec"
	"path/filepath"

	"github.com/ebitengine/purego"
)

func cudaPlaces() []string { return driverPlaces("libcuda.so.1") }

func nvmlPlaces() []string { return driverPlaces("libnvidia-ml.so.1") }

// driverPlaces: the loader's own places first, then WSL's, and those in which
// containers and clouds have it (NVIDIA's container toolkit, GKE).
func driverPlaces(file string) []string {
	return append(own(file), file, "/usr/lib/wsl/lib/"+file, "/usr/local/nvidia/lib64/"+file)
}

// own is what the folder that TURNO_CUDA_LIBS names has; it is looked at first.
func own(pattern string) []string {
	dir := os.Getenv("TURNO_CUDA_LIBS")
	if dir == "" {
		return nil
	}
	return glob(filepath.Join(dir, pattern))
}

// HasOwnDriver tells whether TURNO_CUDA_LIBS names a folder with a driver.
func HasOwnDriver() bool { return len(own("libnvidia-ml.so.1")) > 0 }

// toolkitPlaces: the loader's places by major version, newest first; a toolkit;
// then the packages of pip, in which PyTorch has them.
func toolkitPlaces(name string, _ ...string) []string {
	file := "lib" + name + ".so"
	list := own(file + ".*")
	versions := []string{".13", ".12", ".11"}
	if name == "nvrtc" {
		versions = []string{".13", ".12", ".11.2"}
	}
	for _, v := range versions {
		list = append(list, file+v)
	}
	for _, v := range versions {
		list = append(list, "/usr/local/cuda/lib64/"+file+v)
	}
	packages := []string{"/usr/lib/python3*/dist-packages", "/usr/local/lib/python3*/*-packages", "/opt/*/lib/python3*/site-packages",
		"/opt/*/.venv/lib/python3*/site-packages", "/opt/conda/lib/python3*/site-packages"}
	if python, err := exec.LookPath("python3"); err == nil { // that of a virtual environment, say
		packages = append(packages, filepath.Dir(filepath.Dir(python))+"/lib/python3*/site-packages")
	}
	if home := os.Getenv("HOME"); home != "" {
		packages = append(packages, home+"/.local/lib/python3*/site-packages")
	}
	for _, dir := range packages {
		list = append(list, glob(dir+"/nvidia/*/lib/"+file+".*")...) // cublas/lib, cu13/lib
		list = append(list, glob(dir+"/torch/lib/"+file+"*")...)
	}
	return list
}

// glob is newest version first: names sort that way within one folder.
func glob(pattern string) []string {
	found, _ := filepath.Glob(pattern) // the pattern is well formed
	for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
		found[i], found[j] = found[j], found[i]
	}
	return found
}

// companions are libraries that another opens by name while it works: in a
// folder that the loader does not know, they must be there before.
var companions = map[string]string{"libnvrtc": "libnvrtc-builtins.so.*", "libcublas": "libcublasLt.so.*"}

func openLibrary(path string) (*library, error) {
	if pattern := companions[stem(path)]; pattern != "" && filepath.IsAbs(path) {
		for _, file := range glob(filepath.Join(filepath.Dir(path), pattern)) {
			if _, err := purego.Dlopen(file, purego.RTLD_NOW|purego.RTLD_GLOBAL); err == nil {
				break // one that does not open is missed, if at all, with a reason
			}
		}
	}
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, err
	}
	return &library{
		path: path,
		lookup: func(name string) uintptr {
			address, err := purego.Dlsym(handle, name)
			if err != nil {
				return 0
			}
			return address
		},
		bind: purego.RegisterFunc,
	}, nil
}
