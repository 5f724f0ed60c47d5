package driver

import (
	"fmt"
	"slices"
	"strings"
)

// Open finds libraries on this machine. The zero value uses the usual places;
// Paths, if any, are looked at instead, for tests.
type Open struct{ Paths []string }

// CUDA loads the driver and does not initialize it. Its error is an *Absent.
func (o Open) CUDA() (*CUDA, error) {
	l, err := o.open("the NVIDIA driver", cudaPlaces())
	if err != nil {
		return nil, err
	}
	c := &CUDA{}
	if err := l.bindAll(c); err != nil {
		return nil, err
	}
	c.wrap()
	return c, nil
}

// NVML loads the management library.
func (o Open) NVML() (*NVML, error) {
	n := &NVML{}
	return n, o.into(n, "NVIDIA's management library", nvmlPlaces())
}

// NVRTC loads the run-time compiler. It is part of CUDA's toolkit and of
// PyTorch's packages, not of the driver.
func (o Open) NVRTC() (*NVRTC, error) {
	n := &NVRTC{}
	if err := o.into(n, "CUDA's run-time compiler (libnvrtc)", toolkitPlaces("nvrtc", "nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "nvrtc64_112_0.dll")); err != nil {
		return nil, err
	}
	n.wrap()
	return n, nil
}

// BLAS loads cuBLAS.
func (o Open) BLAS() (*BLAS, error) {
	b := &BLAS{}
	return b, o.into(b, "cuBLAS", toolkitPlaces("cublas", "cublas64_13.dll", "cublas64_12.dll", "cublas64_11.dll"))
}

// BLASLt loads cuBLASLt.
func (o Open) BLASLt() (*BLASLt, error) {
	b := &BLASLt{}
	return b, o.into(b, "cuBLASLt", toolkitPlaces("cublasLt", "cublasLt64_13.dll", "cublasLt64_12.dll", "cublasLt64_11.dll"))
}

func (o Open) into(library any, what string, places []string) error {
	l, err := o.open(what, places)
	if err != nil {
		return err
	}
	return l.bindAll(library)
}

func (o Open) open(what string, places []string) (*library, error) {
	if len(o.Paths) > 0 {
		places = slices.DeleteFunc(slices.Clone(o.Paths), func(p string) bool { return !sameLibrary(p, places) })
	}
	var reasons []string
	for _, place := range places {
		l, err := openLibrary(place)
		if err == nil {
			return l, nil
		}
		reasons = append(reasons, err.Error())
	}
	reason := what + " is not on this machine"
	if i := slices.IndexFunc(reasons, func(r string) bool {
		return !strings.Contains(r, "No such file") && !strings.Contains(r, "not be found")
	}); i >= 0 {
		reason = fmt.Sprintf("%s cannot be loaded: %s", what, reasons[i])
	}
	return nil, &Absent{Library: what, Reason: reason}
}

// sameLibrary tells whether a path is one of the places but for its folder and
// what follows the first dot of its name.
func sameLibrary(path string, places []string) bool {
	return slices.ContainsFunc(places, func(p string) bool { return stem(p) == stem(path) })
}

func stem(path string) string {
	name := path[strings.LastIndexAny(path, `/\`)+1:]
	name, _, _ = strings.Cut(name, ".")
	return name
}
