package driver

import (
	"errors"
	"fmt"
	"slices"
)

// Results that turno acts on (CUDA Driver API, CUresult).
const (
	Success            Result = 0
	InvalidValue       Result = 1
	OutOfMemory        Result = 2
	NotInitialized     Result = 3
	Deinitialized      Result = 4
	StubLibrary        Result = 34
	NoDevice           Result = 100
	InvalidDevice      Result = 101
	InvalidImage       Result = 200
	InvalidContext     Result = 201
	NoBinaryForGPU     Result = 209
	ECCUncorrectable   Result = 214
	InvalidPTX         Result = 218
	UnsupportedPTX     Result = 222
	InvalidSource      Result = 300
	NotFound           Result = 500
	NotReady           Result = 600
	IllegalAddress     Result = 700
	LaunchOutResources Result = 701
	LaunchTimeout      Result = 702
	LaunchFailed       Result = 719
	SystemDriver       Result = 803 // a driver and a library that do not fit each other
	Unknown            Result = 999
)

// names as cuGetErrorName gives them, in the words that a job's message has.
var names = map[Result]string{
	1: "invalid value", 2: "out of memory", 3: "not initialized", 4: "the driver is shutting down",
	34: "a stub library of the toolkit, not the driver's", 46: "the device is busy or not available",
	100: "no CUDA device", 101: "invalid device", 200: "invalid kernel image", 201: "invalid context",
	209: "no binary for this GPU", 214: "uncorrectable ECC error", 215: "unsupported limit",
	216: "the context is in use by another thread", 218: "invalid PTX", 220: "NVLink error", 221: "the JIT compiler was not found",
	222: "PTX of a newer toolkit than the driver's", 300: "invalid source", 301: "file not found", 400: "invalid handle", 500: "symbol not found",
	600: "not ready", 700: "illegal memory address", 701: "too many resources for a launch: fewer threads or registers", 702: "launch timed out",
	710: "device-side assertion", 714: "hardware stack error", 715: "illegal instruction", 716: "misaligned address",
	717: "invalid address space", 718: "invalid program counter", 719: "launch failed", 720: "too many blocks for a cooperative launch",
	800: "not permitted", 801: "not supported", 802: "the system is not ready yet", 803: "driver and library versions do not fit",
	804: "this GPU does not support forward compatibility", 810: "the MPS server cannot be reached", 900: "not permitted during capture", 901: "the capture was invalidated",
	911: "a device that is not the driver's failed", 999: "unknown error",
}

func (r Result) String() string {
	if name := names[r]; name != "" {
		return fmt.Sprintf("%s (CUDA error %d)", name, int32(r))
	}
	return fmt.Sprintf("CUDA error %d", int32(r))
}

// sticky results stay until the process ends: every later call returns them too
// (CUDA Driver API: "leaves the process in an inconsistent state"). 4, 214, 220
// and 999 are not called so there, but nothing good comes after them.
var sticky = []Result{4, 214, 220, 700, 702, 710, 714, 715, 716, 717, 718, 719, 810, 911, 999}

// Sticky tells whether the process can no longer use the device.
func (r Result) Sticky() bool { return slices.Contains(sticky, r) }

// Error is a call that failed.
type Error struct {
	Call   string // such as cuMemAlloc
	Result Result
	Detail string // a compiler's log, say
}

func (e *Error) Error() string {
	if e.Detail != "" {
		return fmt.Sprintf("%s: %s: %s", e.Call, e.Result, e.Detail)
	}
	return fmt.Sprintf("%s: %s", e.Call, e.Result)
}

// Is lets errors.Is compare with a Result.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Result == e.Result && (t.Call == "" || t.Call == e.Call)
}

// Check is nil for Success.
func Check(call string, r Result) error {
	if r == Success {
		return nil
	}
	return &Error{Call: call, Result: r}
}

// IsSticky tells whether an error is of a process that must end.
func IsSticky(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Result.Sticky()
}

// Absent is a library that is not there, or cannot be used, and why: the calm
// case of a machine without a GPU.
type Absent struct {
	Library string
	Reason  string
}

func (a *Absent) Error() string { return a.Reason }
