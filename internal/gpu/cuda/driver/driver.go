// Package driver binds NVIDIA's libraries at run time: the CUDA driver, NVML,
// NVRTC and cuBLAS. It links to none of them: a machine without any gets an
// *Absent, and a program that never asks loads nothing.
//
// Each library is a struct of functions, so that a test can stand in its own
// (see drivertest). A field's tag names the C function; names after a comma are
// older ones that are tried next; "group:x" makes it optional: a group is there
// whole or not at all. Signatures are those of NVIDIA's documents that each
// file names. All handles are pointers in C and uintptr here, but CUdevice, which
// is an int, and CUdeviceptr, which is 64 bits wide on every system turno runs
// on.
//
// The names that end in _v2 and _v3 are what the headers' macros make of the
// plain ones; the plain symbols are still exported and are the 32-bit interface
// of 2008, which looks as if it worked (CUDA Driver API, "Difference between
// the driver and runtime APIs" and cuda.h).
//
// It is the only package that may import unsafe. Nothing here is safe for
// concurrent use beyond what the libraries promise: the driver API is
// thread-safe, its current context belongs to an OS thread.
package driver

// Result is a CUresult.
type Result int32

// Handles of the driver API.
type (
	Device    int32
	Context   uintptr
	Stream    uintptr // 0 is the default stream
	Event     uintptr
	Module    uintptr
	Function  uintptr
	Graph     uintptr
	GraphExec uintptr
	MemPool   uintptr
	Ptr       uint64 // address on the device
)

// CUDA is the driver API (CUDA Driver API reference, 12.6 and 13.0). It is
// enough for drivers since 2017 (CUDA 9); what came later is in groups.
type CUDA struct {
	Init             func(flags uint32) Result                                 `c:"cuInit"`
	DriverGetVersion func(version *int32) Result                               `c:"cuDriverGetVersion"`
	DeviceGetCount   func(count *int32) Result                                 `c:"cuDeviceGetCount"`
	DeviceGet        func(device *Device, ordinal int32) Result                `c:"cuDeviceGet"`
	DeviceGetName    func(name []byte, length int32, device Device) Result     `c:"cuDeviceGetName"`
	DeviceTotalMem   func(bytes *uint64, device Device) Result                 `c:"cuDeviceTotalMem_v2"`
	DeviceAttribute  func(value *int32, attribute int32, device Device) Result `c:"cuDeviceGetAttribute"`
	// DeviceUUID: since 11.4 the _v2 gives a MIG instance its own.
	DeviceUUID func(uuid *[16]byte, device Device) Result `c:"cuDeviceGetUuid_v2,cuDeviceGetUuid" group:"uuid"`

	// The primary context is the one that cuBLAS uses too.
	PrimaryCtxRetain  func(ctx *Context, device Device) Result `c:"cuDevicePrimaryCtxRetain"`
	PrimaryCtxRelease func(device Device) Result               `c:"cuDevicePrimaryCtxRelease_v2,cuDevicePrimaryCtxRelease"`
	CtxSetCurrent     func(ctx Context) Result                 `c:"cuCtxSetCurrent"`
	CtxSynchronize    func() Result                            `c:"cuCtxSynchronize"`

	StreamCreate      func(stream *Stream, flags uint32) Result `c:"cuStreamCreate"`
	StreamDestroy     func(stream Stream) Result                `c:"cuStreamDestroy_v2"`
	StreamSynchronize func(stream Stream) Result                `c:"cuStreamSynchronize"`
	StreamQuery       func(stream Stream) Result                `c:"cuStreamQuery"`

	EventCreate      func(event *Event, flags uint32) Result              `c:"cuEventCreate"`
	EventDestroy     func(event Event) Result                             `c:"cuEventDestroy_v2"`
	EventRecord      func(event Event, stream Stream) Result              `c:"cuEventRecord"`
	EventSynchronize func(event Event) Result                             `c:"cuEventSynchronize"`
	EventElapsedTime func(milliseconds *float32, start, end Event) Result `c:"cuEventElapsedTime"`

	MemAlloc   func(p *Ptr, bytes uint64) Result              `c:"cuMemAlloc_v2"`
	MemFree    func(p Ptr) Result                             `c:"cuMemFree_v2"`
	MemGetInfo func(free, total *uint64) Result               `c:"cuMemGetInfo_v2"`
	MemcpyHtoD func(to Ptr, from []byte, bytes uint64) Result `c:"cuMemcpyHtoD_v2"`
	MemcpyDtoH func(to []byte, from Ptr, bytes uint64) Result `c:"cuMemcpyDtoH_v2"`
	// The host side of an Async copy must come from HostAlloc: Go's memory may
	// be given to somebody else before the copy is done.
	MemcpyHtoDAsync func(to Ptr, from []byte, bytes uint64, stream Stream) Result  `c:"cuMemcpyHtoDAsync_v2"`
	MemcpyDtoHAsync func(to []byte, from Ptr, bytes uint64, stream Stream) Result  `c:"cuMemcpyDtoHAsync_v2"`
	MemcpyDtoDAsync func(to, from Ptr, bytes uint64, stream Stream) Result         `c:"cuMemcpyDtoDAsync_v2"`
	MemsetD8Async   func(to Ptr, value uint8, count uint64, stream Stream) Result  `c:"cuMemsetD8Async"`
	MemsetD32Async  func(to Ptr, value uint32, count uint64, stream Stream) Result `c:"cuMemsetD32Async"`

	ModuleUnload      func(module Module) Result                             `c:"cuModuleUnload"`
	ModuleGetFunction func(f *Function, module Module, name string) Result   `c:"cuModuleGetFunction"`
	FuncGetAttribute  func(value *int32, attribute int32, f Function) Result `c:"cuFuncGetAttribute"`
	FuncSetAttribute  func(f Function, attribute, value int32) Result        `c:"cuFuncSetAttribute" group:"attribute"`

	// Graphs: since 11.4 (cuGraphInstantiateWithFlags).
	StreamBeginCapture func(stream Stream, mode int32) Result                  `c:"cuStreamBeginCapture_v2" group:"graph"`
	StreamEndCapture   func(stream Stream, graph *Graph) Result                `c:"cuStreamEndCapture" group:"graph"`
	GraphInstantiate   func(exec *GraphExec, graph Graph, flags uint64) Result `c:"cuGraphInstantiateWithFlags" group:"graph"`
	GraphLaunch        func(exec GraphExec, stream Stream) Result              `c:"cuGraphLaunch" group:"graph"`
	GraphExecDestroy   func(exec GraphExec) Result                             `c:"cuGraphExecDestroy" group:"graph"`
	GraphDestroy       func(graph Graph) Result                                `c:"cuGraphDestroy" group:"graph"`

	// Memory pools: since 11.2.
	MemAllocAsync       func(p *Ptr, bytes uint64, stream Stream) Result          `c:"cuMemAllocAsync" group:"pool"`
	MemFreeAsync        func(p Ptr, stream Stream) Result                         `c:"cuMemFreeAsync" group:"pool"`
	DefaultMemPool      func(pool *MemPool, device Device) Result                 `c:"cuDeviceGetDefaultMemPool" group:"pool"`
	MemPoolSetAttribute func(pool MemPool, attribute int32, value *uint64) Result `c:"cuMemPoolSetAttribute" group:"pool"`
	MemPoolTrimTo       func(pool MemPool, keep uint64) Result                    `c:"cuMemPoolTrimTo" group:"pool"`

	// What Go's types cannot say is wrapped when the library is loaded; a fake
	// sets these directly.

	// HostAlloc is page-locked memory, cuMemHostAlloc. It is not Go's: HostFree
	// it, and do not use it after.
	HostAlloc func(bytes uint64) ([]byte, Result)
	HostFree  func(memory []byte) Result
	// ModuleLoad takes a cubin, or PTX that need not end in NUL, and fills log
	// with what the compiler in the driver said of it. cuModuleLoadDataEx.
	ModuleLoad func(module *Module, image []byte, log *string) Result
	// LaunchKernel passes the arguments as one packed buffer, laid out as the C
	// struct of the kernel's parameters. cuLaunchKernel.
	LaunchKernel func(f Function, l Launch, arguments []byte) Result

	raw raw
}

// Launch is the shape of a launch.
type Launch struct {
	Grid, Block [3]uint32
	Shared      uint32 // bytes of dynamic shared memory
	Stream      Stream
}

// raw are the functions behind the wrapped ones.
type raw struct {
	hostAlloc    func(p *uintptr, bytes uint64, flags uint32) Result                                                                `c:"cuMemHostAlloc"`
	hostFree     func(p uintptr) Result                                                                                             `c:"cuMemFreeHost"`
	moduleLoad   func(module *Module, image []byte, count uint32, options []int32, values []uintptr) Result                         `c:"cuModuleLoadDataEx"`
	launchKernel func(f Function, gx, gy, gz, bx, by, bz, shared uint32, stream Stream, parameters uintptr, extra []uintptr) Result `c:"cuLaunchKernel"`
}

// Constants of cuda.h.
const (
	StreamNonBlocking = 1 // CU_STREAM_NON_BLOCKING: does not wait for the default stream
	CaptureRelaxed    = 2 // CU_STREAM_CAPTURE_MODE_RELAXED

	// CU_DEVICE_ATTRIBUTE_*
	AttributeMaxThreadsPerBlock     = 1
	AttributeClockRate              = 13 // kHz
	AttributeMultiprocessors        = 16
	AttributeMemoryClockRate        = 36 // kHz
	AttributeMemoryBusWidth         = 37 // bits
	AttributeL2CacheSize            = 38
	AttributeMajor                  = 75
	AttributeMinor                  = 76
	AttributeMaxSharedPerBlockOptin = 97

	// CU_FUNC_ATTRIBUTE_*
	FuncMaxThreadsPerBlock = 0
	FuncSharedSize         = 1
	FuncLocalSize          = 3 // spills and arrays, bytes a thread
	FuncRegisters          = 4
	FuncMaxDynamicShared   = 8

	// CU_MEMPOOL_ATTR_RELEASE_THRESHOLD
	PoolReleaseThreshold = 4
)
