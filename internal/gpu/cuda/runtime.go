// Package cuda computes on NVIDIA devices, and lists them.
//
//	Runtime ─▶ Device: its primary context, modules, BLAS; kept warm
//	              └▶ Session: one job's stream, memory, events, graphs; End gives all back
//	watch   ─▶ NVML: what there is and how it is, once a second, in a child
//
// A Runtime belongs to one process, a runner child; it loads nothing until the
// first Device. A Session is used by one goroutine, which is bound to its OS
// thread from Begin to End, because a context is current to a thread. After an
// error for which driver.IsSticky is true the process must end: the device is
// fine for the next one.
package cuda

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"turno/internal/gpu/cuda/driver"
)

// Loader gives the libraries; a test gives its own. All but CUDA may be nil.
type Loader struct {
	CUDA   func() (*driver.CUDA, error)
	NVRTC  func() (*driver.NVRTC, error)
	BLAS   func() (*driver.BLAS, error)
	BLASLt func() (*driver.BLASLt, error)
}

// System is this machine's libraries.
func System() Loader {
	var o driver.Open
	return Loader{CUDA: o.CUDA, NVRTC: o.NVRTC, BLAS: o.BLAS, BLASLt: o.BLASLt}
}

// Runtime is the devices that a process uses. Safe for concurrent use.
type Runtime struct {
	load Loader

	mu      sync.Mutex
	api     *driver.CUDA       // guarded by mu, as all below
	devices map[string]*Device // open ones, by UUID
}

// New is a runtime that has loaded nothing.
func New(l Loader) *Runtime { return &Runtime{load: l, devices: map[string]*Device{}} }

// Device opens the device of that UUID, as NVML writes it, or gives the one
// that is open. The first call takes as long as making a context does, 0.2 to 1
// s.
func (r *Runtime) Device(uuid string) (*Device, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.devices[uuid]; d != nil {
		return d, nil
	}
	if err := r.start(); err != nil {
		return nil, err
	}
	d, err := r.find(uuid)
	if err != nil {
		return nil, err
	}
	r.devices[uuid] = d
	return d, nil
}

// start loads and initializes the driver.
func (r *Runtime) start() error {
	if r.api != nil {
		return nil
	}
	api, err := r.load.CUDA()
	if err != nil {
		return err
	}
	switch result := api.Init(0); result {
	case driver.Success:
		r.api = api
		return nil
	case driver.NoDevice:
		return &driver.Absent{Library: "CUDA", Reason: "the NVIDIA driver is there and sees no device"}
	case driver.StubLibrary:
		return &driver.Absent{Library: "CUDA", Reason: "the library found is the toolkit's stub, not the driver's: is its folder in LD_LIBRARY_PATH?"}
	default:
		return driver.Check("cuInit", result)
	}
}

// find goes through the devices that CUDA_VISIBLE_DEVICES leaves.
func (r *Runtime) find(uuid string) (*Device, error) {
	var count int32
	if err := driver.Check("cuDeviceGetCount", r.api.DeviceGetCount(&count)); err != nil {
		return nil, err
	}
	var seen []string
	for i := range count {
		d := &Device{runtime: r, api: r.api, modules: map[string]*Module{}}
		if err := driver.Check("cuDeviceGet", r.api.DeviceGet(&d.handle, i)); err != nil {
			return nil, err
		}
		if err := d.describe(); err != nil {
			return nil, err
		}
		// The instance of a MIG device is the only one that its UUID leaves
		// visible, and before 11.4 it tells its GPU's UUID.
		if d.UUID == uuid || count == 1 && strings.HasPrefix(uuid, "MIG-") {
			return d, d.open()
		}
		seen = append(seen, d.UUID)
	}
	return nil, &driver.Absent{Library: "CUDA", Reason: fmt.Sprintf("the driver does not show the device %s, but %v", uuid, seen)}
}

// Device is one GPU, or MIG instance, with its primary context. What it shares
// among sessions is used by one of them at a time.
type Device struct {
	Info
	runtime *Runtime
	api     *driver.CUDA
	handle  driver.Device
	context driver.Context
	pool    driver.MemPool // 0: none
	modules map[string]*Module
	staging [2][]byte // page-locked, of stagingBytes
	blas    blas
	busy    sync.Mutex // held by the session
}

func (d *Device) describe() error {
	name := make([]byte, driver.NameLength)
	if err := driver.Check("cuDeviceGetName", d.api.DeviceGetName(name, int32(len(name)), d.handle)); err != nil {
		return err
	}
	d.Name = driver.Text(name)
	if d.api.DeviceUUID != nil {
		var id [16]byte
		if err := driver.Check("cuDeviceGetUuid", d.api.DeviceUUID(&id, d.handle)); err != nil {
			return err
		}
		d.UUID = formatUUID(id)
	}
	var memory uint64
	err := driver.Check("cuDeviceTotalMem", d.api.DeviceTotalMem(&memory, d.handle))
	d.Memory = int64(memory)
	for _, a := range []struct {
		attribute int32
		into      *int
		needed    bool // the others are for shares of the peak: a virtual device may not tell them
	}{
		{driver.AttributeMajor, &d.Major, true}, {driver.AttributeMinor, &d.Minor, true}, {driver.AttributeMultiprocessors, &d.Multiprocessors, true},
		{driver.AttributeMaxSharedPerBlockOptin, &d.SharedBytes, true}, {driver.AttributeClockRate, &d.ClockKHz, false},
		{driver.AttributeMemoryClockRate, &d.MemoryClockKHz, false}, {driver.AttributeMemoryBusWidth, &d.BusBits, false}, {driver.AttributeL2CacheSize, &d.L2Bytes, false},
	} {
		var value int32
		r := d.api.DeviceAttribute(&value, a.attribute, d.handle)
		if r == driver.Success {
			*a.into = int(value)
		} else if a.needed {
			err = errors.Join(err, driver.Check("cuDeviceGetAttribute", r))
		}
	}
	return err
}

// formatUUID writes it as NVML and nvidia-smi do.
func formatUUID(id [16]byte) string {
	h := hex.EncodeToString(id[:])
	return "GPU-" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (d *Device) open() error {
	if err := driver.Check("cuDevicePrimaryCtxRetain", d.api.PrimaryCtxRetain(&d.context, d.handle)); err != nil {
		return err
	}
	if !d.api.HasPools() || d.api.DefaultMemPool(&d.pool, d.handle) != driver.Success {
		d.pool = 0 // some MIG and vGPU profiles have none
		return nil
	}
	// What a session frees stays with the process until End trims it: without
	// this every synchronization would give it back.
	most := uint64(1<<64 - 1)
	if d.api.MemPoolSetAttribute(d.pool, driver.PoolReleaseThreshold, &most) != driver.Success {
		d.pool = 0
	}
	return nil
}
