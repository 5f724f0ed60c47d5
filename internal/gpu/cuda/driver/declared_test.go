package driver_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"turno/internal/gpu/cuda/driver"
)

var headers = flag.String("headers", "", "folder of NVIDIA's headers: write testdata/declared.txt anew from them")

// TestDeclared_AsInNVIDIAsHeaders holds every function, constant and layout of
// this package against testdata/declared.txt, which a compiler wrote that read
// NVIDIA's headers (CUDA 11.8; -headers does it again). A line is a C name and
// the sizes of its arguments: * a pointer, to numbers of that size where it is
// known; f a float.
func TestDeclared_AsInNVIDIAsHeaders(t *testing.T) {
	t.Parallel()
	if *headers != "" {
		declare(t, *headers)
	}
	file, err := os.ReadFile("testdata/declared.txt")
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string][]string{}
	for line := range strings.Lines(string(file)) {
		words := strings.Fields(line)
		declared[words[0]] = words[1:]
	}
	seen := 0
	for _, f := range functions() {
		want, ok := declared[f.name]
		if !ok {
			continue // see declare
		}
		seen++
		if !slices.EqualFunc(want, f.arguments, fits) {
			t.Errorf("%s takes %v, and is bound as %v", f.name, want, f.arguments)
		}
	}
	for _, c := range constants {
		if want := declared[c.name]; len(want) != 1 || want[0] != fmt.Sprint(c.value) {
			t.Errorf("%s is %v, and here %d", c.name, want, c.value)
		}
	}
	if seen < 105 || len(declared) != seen+len(constants) {
		t.Errorf("%d functions and %d constants of %d lines: make the file anew with -headers", seen, len(constants), len(declared))
	}
}

type function struct {
	name      string
	arguments []string
}

// functions are all names that are bound.
func functions() (list []function) {
	var walk func(s reflect.Type)
	walk = func(s reflect.Type) {
		for f := range s.Fields() {
			if f.Type.Kind() == reflect.Struct {
				walk(f.Type)
			}
			names, ok := f.Tag.Lookup("c")
			if !ok {
				continue
			}
			var arguments []string
			for in := range f.Type.Ins() {
				arguments = append(arguments, size(in))
			}
			for name := range strings.SplitSeq(names, ",") {
				list = append(list, function{name, arguments})
			}
		}
	}
	for _, library := range []any{driver.CUDA{}, driver.NVML{}, driver.NVRTC{}, driver.BLAS{}, driver.BLASLt{}} {
		walk(reflect.TypeOf(library))
	}
	return list
}

func size(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return fmt.Sprintf("*%d", t.Elem().Size())
	case reflect.String:
		return "*1"
	case reflect.Float32:
		return "f4"
	}
	return fmt.Sprint(t.Size())
}

// fits: handles and addresses of the device are pointers in C and numbers here,
// and a pointer to what is not known takes any.
func fits(c, here string) bool {
	return c == here || c[0] == '*' && here == "8" || c == "*?" && here[0] == '*'
}

type constant struct {
	name  string // or an expression
	value int64
}

// constants that a device would only refuse at run time, or take for another.
var constants = []constant{
	{"CU_STREAM_NON_BLOCKING", driver.StreamNonBlocking}, {"CU_STREAM_CAPTURE_MODE_RELAXED", driver.CaptureRelaxed},
	{"CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK", driver.AttributeMaxThreadsPerBlock}, {"CU_DEVICE_ATTRIBUTE_CLOCK_RATE", driver.AttributeClockRate},
	{"CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT", driver.AttributeMultiprocessors}, {"CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE", driver.AttributeMemoryClockRate},
	{"CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH", driver.AttributeMemoryBusWidth}, {"CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE", driver.AttributeL2CacheSize},
	{"CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR", driver.AttributeMajor}, {"CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR", driver.AttributeMinor},
	{"CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN", driver.AttributeMaxSharedPerBlockOptin},
	{"CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK", driver.FuncMaxThreadsPerBlock}, {"CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES", driver.FuncSharedSize},
	{"CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES", driver.FuncLocalSize}, {"CU_FUNC_ATTRIBUTE_NUM_REGS", driver.FuncRegisters},
	{"CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES", driver.FuncMaxDynamicShared}, {"CU_MEMPOOL_ATTR_RELEASE_THRESHOLD", driver.PoolReleaseThreshold},
	{"CU_JIT_ERROR_LOG_BUFFER", 5}, {"CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES", 6},
	{"CU_LAUNCH_PARAM_END_AS_INT", 0}, {"CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT", 1}, {"CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT", 2}, {"CU_EVENT_DISABLE_TIMING", 2},
	{"CUDA_ERROR_OUT_OF_MEMORY", int64(driver.OutOfMemory)}, {"CUDA_ERROR_STUB_LIBRARY", int64(driver.StubLibrary)}, {"CUDA_ERROR_NO_DEVICE", int64(driver.NoDevice)},
	{"CUDA_ERROR_INVALID_IMAGE", int64(driver.InvalidImage)}, {"CUDA_ERROR_NO_BINARY_FOR_GPU", int64(driver.NoBinaryForGPU)}, {"CUDA_ERROR_ECC_UNCORRECTABLE", int64(driver.ECCUncorrectable)},
	{"CUDA_ERROR_INVALID_PTX", int64(driver.InvalidPTX)}, {"CUDA_ERROR_UNSUPPORTED_PTX_VERSION", int64(driver.UnsupportedPTX)}, {"CUDA_ERROR_INVALID_SOURCE", int64(driver.InvalidSource)},
	{"CUDA_ERROR_NOT_FOUND", int64(driver.NotFound)}, {"CUDA_ERROR_NOT_READY", int64(driver.NotReady)}, {"CUDA_ERROR_ILLEGAL_ADDRESS", int64(driver.IllegalAddress)},
	{"CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", int64(driver.LaunchOutResources)}, {"CUDA_ERROR_LAUNCH_TIMEOUT", int64(driver.LaunchTimeout)}, {"CUDA_ERROR_LAUNCH_FAILED", int64(driver.LaunchFailed)},
	{"CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", int64(driver.SystemDriver)}, {"CUDA_ERROR_EXTERNAL_DEVICE", 911}, {"CUDA_ERROR_MPS_CLIENT_TERMINATED", 810},
	{"NVML_DEVICE_NAME_V2_BUFFER_SIZE", driver.NameLength}, {"NVML_DEVICE_UUID_V2_BUFFER_SIZE", driver.UUIDLength}, {"NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE", driver.VersionLength},
	{"NVML_TEMPERATURE_GPU", driver.TemperatureGPU}, {"NVML_CLOCK_SM", driver.ClockSM}, {"NVML_CLOCK_MEM", driver.ClockMemory}, {"nvmlEventTypeXidCriticalError", driver.EventXID},
	{"nvmlClocksThrottleReasonGpuIdle", driver.ThrottleIdle}, {"nvmlClocksThrottleReasonApplicationsClocksSetting", driver.ThrottleSetting},
	{"nvmlClocksThrottleReasonSwPowerCap", driver.ThrottlePowerCap}, {"nvmlClocksThrottleReasonHwSlowdown", driver.ThrottleHardware},
	{"nvmlClocksThrottleReasonSyncBoost", driver.ThrottleSyncBoost}, {"nvmlClocksThrottleReasonSwThermalSlowdown", driver.ThrottleThermal},
	{"nvmlClocksThrottleReasonHwThermalSlowdown", driver.ThrottleHWThermal}, {"nvmlClocksThrottleReasonHwPowerBrakeSlowdown", driver.ThrottleHWPower},
	{"NVML_ERROR_NOT_SUPPORTED", int64(driver.NVMLNotSupported)}, {"NVML_ERROR_NOT_FOUND", int64(driver.NVMLNotFound)}, {"NVML_ERROR_INSUFFICIENT_SIZE", int64(driver.NVMLInsufficientSize)},
	{"NVML_ERROR_DRIVER_NOT_LOADED", int64(driver.NVMLDriverNotLoaded)}, {"NVML_ERROR_TIMEOUT", int64(driver.NVMLTimeout)}, {"NVML_ERROR_GPU_IS_LOST", int64(driver.NVMLLost)},
	{"NVML_ERROR_RESET_REQUIRED", int64(driver.NVMLResetRequired)}, {"NVML_ERROR_LIB_RM_VERSION_MISMATCH", int64(driver.NVMLVersionMismatch)},
	{"offsetof(nvmlPciInfo_t,busId)", int64(unsafe.Offsetof(driver.PCIInfo{}.ID))}, {"offsetof(nvmlProcessInfo_t,usedGpuMemory)", int64(unsafe.Offsetof(driver.ProcessInfo{}.Memory))},
	{"offsetof(nvmlEventData_t,eventData)", int64(unsafe.Offsetof(driver.EventData{}.Data))}, {"offsetof(nvmlMemory_t,used)", int64(unsafe.Offsetof(driver.MemoryInfo{}.Used))},
	{"offsetof(cublasLtMatmulHeuristicResult_t,workspaceSize)", int64(unsafe.Offsetof(driver.LtHeuristic{}.Workspace))},
	{"offsetof(cublasLtMatmulHeuristicResult_t,state)", int64(unsafe.Offsetof(driver.LtHeuristic{}.State))},
	{"CUDA_R_32F", driver.TypeFloat32}, {"CUDA_R_64F", driver.TypeFloat64}, {"CUDA_R_16F", driver.TypeFloat16}, {"CUDA_R_16BF", driver.TypeBFloat16},
	{"CUBLAS_COMPUTE_32F", driver.ComputeFloat32}, {"CUBLAS_COMPUTE_64F", driver.ComputeFloat64}, {"CUBLAS_COMPUTE_32F_FAST_TF32", driver.ComputeTF32},
	{"CUBLAS_GEMM_DEFAULT", driver.AlgorithmDefault}, {"CUBLAS_OP_N", driver.NoTranspose}, {"CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES", driver.LtWorkspaceBytes},
	{"CUBLAS_OP_T", driver.Transpose}, {"CUBLASLT_MATMUL_DESC_TRANSA", driver.LtTransposeA}, {"CUBLASLT_MATMUL_DESC_TRANSB", driver.LtTransposeB},
	{"CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES", driver.LtAlignA}, {"CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES", driver.LtAlignB},
	{"CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES", driver.LtAlignC}, {"CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES", driver.LtAlignD},
	{"NVRTC_ERROR_COMPILATION", int64(driver.NVRTCCompilation)},
}

// declare writes what a compiler reads in the headers.
func declare(t *testing.T, headers string) {
	t.Helper()
	var list strings.Builder
	for _, f := range functions() {
		switch f.name {
		case "cublasGemmEx": // C++ has two of that name; TestABI_BLAS passes its arguments
		case "nvmlDeviceGetCurrentClocksEventReasons": // since 12.2, the other name's new one
		default:
			fmt.Fprintf(&list, "FUNCTION(%s)\n", f.name)
		}
	}
	for _, c := range constants {
		fmt.Fprintf(&list, "CONSTANT(%s)\n", c.name)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "list.inc"), []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "declared")
	// The functions are declared and nowhere defined: only their types are asked for.
	if text, err := exec.Command("g++", "-std=c++20", "-w", "-I"+headers, "-I"+dir, "-o", program, "testdata/declared.cpp").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	text, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/declared.txt", bytes.TrimLeft(text, "\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}
