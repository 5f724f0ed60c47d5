package workload

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/gpu/cuda/kernel"
)

// OnGPU gives do a session on the run's device, and turns what the driver says
// into Failures. What do left on the device is given back, and a fault that
// comes to light only then is its own.
func (e *Env) OnGPU(do func(s *cuda.Session) error) error {
	if e.CUDA == nil {
		return &Failure{Reason: turno.ReasonSetupFailed, Message: "this runner was started without CUDA"}
	}
	uuid, _, _ := strings.Cut(e.GPU, ",")
	device, err := e.CUDA.Device(uuid)
	if err != nil {
		return GPUFailure(err)
	}
	s, err := device.Begin()
	if err != nil {
		return GPUFailure(err)
	}
	err = do(s)
	if ended := s.End(); err == nil || driver.IsSticky(ended) {
		err = errors.Join(err, ended)
	}
	return GPUFailure(err)
}

// GPUFailure says what an error of the driver means for a job. Others it
// leaves.
func GPUFailure(err error) error {
	if absent, ok := errors.AsType[*driver.Absent](err); ok {
		return &Failure{Reason: turno.ReasonSetupFailed, Message: absent.Reason}
	}
	e, ok := errors.AsType[*driver.Error](err)
	switch {
	case !ok:
		return err
	case e.Result.Sticky():
		return &Failure{Reason: turno.ReasonGPUFault, Message: e.Error(), Retryable: true, Poisoned: true}
	case e.Result == driver.OutOfMemory:
		return &Failure{Reason: turno.ReasonGPUOOM, Message: e.Error(), Retryable: true}
	}
	return &Failure{Reason: turno.ReasonSetupFailed, Message: e.Error()}
}

// CheckLibrary is for a parameter that says who multiplies on a GPU.
func CheckLibrary(name string) *turno.Error {
	if name != "auto" && name != "cublas" && name != "own" {
		return turno.Invalid("params.library", "%.40q: use auto, cublas or own", name)
	}
	return nil
}

// NoCuBLAS is the failure of a job that asked for it.
func NoCuBLAS() *Failure {
	return &Failure{Reason: turno.ReasonSetupFailed,
		Message: "cuBLAS is not on this machine, or does not know this product; TURNO_CUDA_LIBS names a folder to look in, and library own does without"}
}

// Kernel finds one of turno's own kernels: the source file's name, and its.
func Kernel(s *cuda.Session, file, name string) (*cuda.Function, error) {
	m, err := s.Module(file, kernel.PTX(file))
	if err != nil {
		return nil, fmt.Errorf("load the kernels of %s: %w", file, err)
	}
	return s.Function(m, name)
}

// Repeat does work so often and gives each time's seconds by the device's
// clock. Between two it looks at the context; rounds are told as progress.
func Repeat(ctx context.Context, env *Env, s *cuda.Session, times int, message string, work func() error) ([]float64, error) {
	if err := work(); err != nil { // loads code, and lets clocks rise
		return nil, err
	}
	marks := make([]cuda.Mark, 2)
	for i := range marks {
		var err error
		if marks[i], err = s.Mark(); err != nil {
			return nil, err
		}
	}
	seconds := make([]float64, times)
	for i := range seconds {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := errors.Join(s.Again(marks[0]), work(), s.Again(marks[1])); err != nil {
			return nil, err
		}
		var err error
		if seconds[i], err = s.Seconds(marks[0], marks[1]); err != nil {
			return nil, err
		}
		env.Progress(turno.Progress{Fraction: float64(i+1) / float64(times), Message: message})
	}
	return seconds, nil
}

// OfPeak fills what Outcome says of the device.
func (o *Outcome) OfPeak(s *cuda.Session, peak float64) {
	o.Device, o.GPU, o.Peak, o.Threads = turno.DeviceGPU, s.Name, peak, 0
	o.Share = Rate(o.Rate, peak)
}

// CUDAEngine names code that ran on a device: "cuda sm_90 own kernel".
func CUDAEngine(s *cuda.Session, what string) string {
	return fmt.Sprintf("cuda sm_%d %s", s.Capability(), what)
}

// Grid is as many blocks of size threads as n needs, and at most what keeps a
// device busy: kernels go on in strides.
func Grid(s *cuda.Session, n int64, size int) cuda.Dim {
	return cuda.Dim{X: int(min((n+int64(size)-1)/int64(size), int64(max(s.Multiprocessors, 1)*32)))}
}
