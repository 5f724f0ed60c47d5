package workloadtest

import (
	"errors"
	"slices"
	"testing"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/gpu/cuda/driver/drivertest"
	"turno/internal/workload"
)

// onGPU are the sentences about runs on a device, SIMULATED: turno's kernels on
// the CPU. They prove what is asked of a driver and what is computed, not how
// fast.
func onGPU(t *testing.T, w workload.Workload) {
	if !slices.Contains(w.Devices, turno.DeviceGPU) || !w.Warm || w.Light {
		return
	}
	t.Run("G1_ExampleRunsAndVerifies", func(t *testing.T) {
		env, _ := gpuEnv(t, drivertest.Options{})
		o := outcome(t, w, env, w.Example)
		if !o.Verified || !(o.Error <= o.Tolerance) || o.Device != turno.DeviceGPU || o.GPU == "" || o.Engine == "" {
			t.Errorf("%+v", o)
		}
		for _, name := range []string{"setup", "h2d", "kernel", "d2h"} {
			if !slices.ContainsFunc(o.Phases, func(p workload.Phase) bool { return p.Name == name }) {
				t.Errorf("there is no phase %s in %+v", name, o.Phases)
			}
		}
	})
	t.Run("G2_OldDriverWillDo", func(t *testing.T) {
		env, _ := gpuEnv(t, drivertest.Options{Major: 7, NoGraphs: true, NoPools: true, NoClocks: true})
		outcome(t, w, env, w.Example)
	})
	t.Run("G3_WarmDeviceServesAgain", func(t *testing.T) {
		env, fake := gpuEnv(t, drivertest.Options{})
		first := outcome(t, w, env, w.Example)
		if again := outcome(t, w, env, w.Example); again.Checksum != first.Checksum {
			t.Errorf("checksum %s, then %s", first.Checksum, again.Checksum)
		}
		if fake.Used() != 0 {
			t.Errorf("%d bytes are still allocated", fake.Used())
		}
	})
	t.Run("G4_SpoiltAnswerIsCaught", func(t *testing.T) {
		env, _ := gpuEnv(t, drivertest.Options{})
		env.Tamper = tamper(t, 0.37)
		_, err := w.Run(t.Context(), env, w.Example)
		if f, ok := errors.AsType[*workload.Failure](err); !ok || f.Reason != turno.ReasonWrongResult {
			t.Errorf("a wrong number: %v", err)
		}
	})
	t.Run("G5_FaultsAreTheJobs", func(t *testing.T) { faults(t, w) })
	t.Run("G6_NoDeviceIsCalm", func(t *testing.T) {
		env, _ := gpuEnv(t, drivertest.Options{Devices: -1})
		_, err := w.Run(t.Context(), env, w.Example)
		if f, ok := errors.AsType[*workload.Failure](err); !ok || f.Reason != turno.ReasonSetupFailed || f.Poisoned {
			t.Error(err)
		}
	})
}

// faults lets one call of each kind fail, early and late.
func faults(t *testing.T, w workload.Workload) {
	for _, c := range []struct {
		call   string
		after  int
		result driver.Result
		want   turno.Reason
	}{
		{"MemAllocAsync", 0, driver.OutOfMemory, turno.ReasonGPUOOM},
		{"MemcpyHtoDAsync", 0, driver.IllegalAddress, turno.ReasonGPUFault},
		{"EventSynchronize", 0, driver.IllegalAddress, turno.ReasonGPUFault},
		{"EventSynchronize", 1, driver.LaunchFailed, turno.ReasonGPUFault},
		{"StreamSynchronize", 0, driver.ECCUncorrectable, turno.ReasonGPUFault},
	} {
		env, fake := gpuEnv(t, drivertest.Options{})
		fake.Fail(c.call, c.after, c.result)
		_, err := w.Run(t.Context(), env, w.Example)
		f, ok := errors.AsType[*workload.Failure](err)
		if !ok || f.Reason != c.want || f.Poisoned != c.result.Sticky() || !f.Retryable {
			t.Errorf("%s fails with %s: %+v", c.call, c.result, err)
		}
		if !c.result.Sticky() {
			outcome(t, w, env, w.Example) // the same process goes on
		}
	}
}

func gpuEnv(t *testing.T, o drivertest.Options) (*workload.Env, *drivertest.Fake) {
	fake := drivertest.New(t, o)
	env := newEnv(t, 2)
	env.Device, env.GPU, env.CUDA = turno.DeviceGPU, drivertest.UUID, cuda.New(cuda.Loader{CUDA: fake.CUDA, NVRTC: fake.NVRTC})
	return env, fake
}
