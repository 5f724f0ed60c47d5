package driver

import (
	"os"
	"path/filepath"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/windows"
)

// cudaPlaces: the driver installs both into the system's folder.
func cudaPlaces() []string { return []string{"nvcuda.dll"} }

func nvmlPlaces() []string {
	return []string{"nvml.dll", filepath.Join(os.Getenv("ProgramFiles"), "NVIDIA Corporation", "NVSMI", "nvml.dll")}
}

// toolkitPlaces: the toolkit's folder, 13 keeps its libraries in bin\x64.
func toolkitPlaces(_ string, names ...string) []string {
	var list []string
	for _, dir := range []string{os.Getenv("TURNO_CUDA_LIBS"), filepath.Join(os.Getenv("CUDA_PATH"), "bin", "x64"), filepath.Join(os.Getenv("CUDA_PATH"), "bin")} {
		for _, name := range names {
			if filepath.IsAbs(dir) {
				list = append(list, filepath.Join(dir, name))
			}
		}
	}
	return list
}

// openLibrary looks only where the system, or a full path, says: never in the
// current folder, where anybody may have put a DLL.
func openLibrary(path string) (*library, error) {
	flags := uintptr(windows.LOAD_LIBRARY_SEARCH_SYSTEM32)
	if filepath.IsAbs(path) {
		flags = windows.LOAD_LIBRARY_SEARCH_DEFAULT_DIRS | windows.LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR
	}
	handle, err := windows.LoadLibraryEx(path, 0, flags)
	if err != nil {
		return nil, err
	}
	return &library{
		path: path,
		lookup: func(name string) uintptr {
			address, err := windows.GetProcAddress(handle, name)
			if err != nil {
				return 0
			}
			return address
		},
		bind: purego.RegisterFunc,
	}, nil
}
