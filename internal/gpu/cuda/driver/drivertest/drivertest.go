// Package drivertest is a driver for tests: the functions of driver.CUDA on a
// SIMULATED device, whose memory and kernels are in a process of their own (see
// kernel/shim): the kernels are turno's own sources, compiled for the CPU.
//
// It is as strict as the documents say, and lazier than a real one: what is
// asked of a stream is done only when somebody waits for it, so that memory
// that is used again too early holds the wrong numbers here. It keeps a list of
// calls, fails those that a test names, and reports at the end of the test what
// was not given back. A sticky error stays.
package drivertest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"turno/internal/gpu/cuda/driver"
)

// Options of a fake.
type Options struct {
	Major, Minor int    // compute capability; 0.0 is 8.0
	Memory       uint64 // bytes; 0 is 1 GiB
	Devices      int    // 0 is 1; -1: the driver sees none
	NoGraphs     bool
	NoPools      bool
	NoClocks     bool // as virtual devices may be
	// Kernels are run instead of the shim's, for those that it does not have.
	Kernels map[string]func(f *Fake, l driver.Launch, arguments []byte) driver.Result
}

// UUID of the fake's first device.
const UUID = "GPU-51e0a7ed-0000-0000-0000-000000000000"

// Fake is the state behind the functions. Safe for concurrent use.
type Fake struct {
	t testing.TB
	o Options

	mu       sync.Mutex
	machine  *machine // guarded by mu, as all below
	calls    []string
	fail     map[string][]failure
	stuck    driver.Result
	current  map[int]driver.Context // by thread
	retained int
	next     uintptr
	memory   map[driver.Ptr]uint64
	used     uint64
	host     map[*byte][]byte // by last byte
	streams  map[driver.Stream]*stream
	events   map[driver.Event]*event
	modules  map[driver.Module]map[string]int // sizes of arguments by entry
	funcs    map[driver.Function]function
	graphs   map[driver.Graph][]work
	execs    map[driver.GraphExec][]work
}

type failure struct {
	after  int // calls that still pass
	result driver.Result
}

type function struct {
	module driver.Module
	name   string
	bytes  int
	shared int32
	loaded bool // launched once, which is when a driver loads its code
}

// New starts a fake; its machine starts with the first use.
func New(t testing.TB, o Options) *Fake {
	if o.Major == 0 {
		o.Major = 8
	}
	if o.Memory == 0 {
		o.Memory = 1 << 30
	}
	if o.Devices == 0 {
		o.Devices = 1
	}
	f := &Fake{t: t, o: o, fail: map[string][]failure{}, current: map[int]driver.Context{}, next: 100,
		memory: map[driver.Ptr]uint64{}, host: map[*byte][]byte{}, streams: map[driver.Stream]*stream{}, events: map[driver.Event]*event{},
		modules: map[driver.Module]map[string]int{}, funcs: map[driver.Function]function{}, graphs: map[driver.Graph][]work{}, execs: map[driver.GraphExec][]work{}}
	t.Cleanup(f.close)
	return f
}

func (f *Fake) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.machine != nil {
		f.machine.stop()
	}
	if f.stuck != driver.Success {
		return // the process would have ended
	}
	for what, n := range map[string]int{"device memory": len(f.memory), "streams": len(f.streams), "events": len(f.events), "graphs": len(f.graphs) + len(f.execs)} {
		if n > 0 {
			f.t.Errorf("drivertest: %d %s were not given back", n, what)
		}
	}
}

// Fail lets a call, such as MemAlloc, fail after so many that pass.
func (f *Fake) Fail(call string, after int, r driver.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail[call] = append(f.fail[call], failure{after, r})
}

// Calls that were made, in their order.
func (f *Fake) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// enter begins a call that needs no context. mu is held until leave.
func (f *Fake) enter(call string) driver.Result {
	f.mu.Lock()
	f.calls = append(f.calls, call)
	if f.stuck != driver.Success {
		return f.stuck
	}
	list := f.fail[call]
	for i := range list {
		if list[i].after == 0 {
			r := list[i].result
			f.fail[call] = append(list[:i:i], list[i+1:]...)
			return f.result(r)
		}
		list[i].after--
	}
	return driver.Success
}

// within begins a call that needs a current context.
func (f *Fake) within(call string) driver.Result {
	r := f.enter(call)
	if r == driver.Success && f.current[thread()] == 0 {
		f.t.Errorf("drivertest: %s without a current context on this thread", call)
		return driver.InvalidContext
	}
	return r
}

// result keeps a sticky one.
func (f *Fake) result(r driver.Result) driver.Result {
	if r.Sticky() {
		f.stuck = r
	}
	return r
}

func (f *Fake) handle() uintptr { f.next++; return f.next }

// CUDA is the fake's functions: a Loader's CUDA.
func (f *Fake) CUDA() (*driver.CUDA, error) {
	c := &driver.CUDA{}
	f.devices(c)
	f.contexts(c)
	f.memories(c)
	f.copies(c)
	f.code(c)
	if !f.o.NoGraphs {
		f.captures(c)
	}
	if !f.o.NoPools {
		f.pools(c)
	}
	return c, nil
}

func (f *Fake) devices(c *driver.CUDA) {
	c.Init = func(uint32) driver.Result {
		defer f.mu.Unlock()
		if r := f.enter("Init"); r != driver.Success {
			return r
		}
		if f.o.Devices < 0 {
			return driver.NoDevice
		}
		return driver.Success
	}
	c.DriverGetVersion = func(v *int32) driver.Result { *v = 13000; return driver.Success }
	c.DeviceGetCount = func(n *int32) driver.Result { *n = int32(f.o.Devices); return driver.Success }
	c.DeviceGet = func(d *driver.Device, i int32) driver.Result {
		*d = driver.Device(i)
		if int(i) >= f.o.Devices {
			return driver.InvalidDevice
		}
		return driver.Success
	}
	c.DeviceGetName = func(name []byte, _ int32, _ driver.Device) driver.Result {
		copy(name, "SIMULATED GPU\x00")
		return driver.Success
	}
	c.DeviceUUID = func(id *[16]byte, d driver.Device) driver.Result {
		*id = [16]byte{0x51, 0xe0, 0xa7, 0xed, 15: byte(d)}
		return driver.Success
	}
	c.DeviceTotalMem = func(n *uint64, _ driver.Device) driver.Result { *n = f.o.Memory; return driver.Success }
	c.DeviceAttribute = func(v *int32, a int32, _ driver.Device) driver.Result {
		if f.o.NoClocks && (a == driver.AttributeClockRate || a == driver.AttributeMemoryClockRate) {
			return driver.InvalidValue
		}
		*v = map[int32]int32{driver.AttributeMajor: int32(f.o.Major), driver.AttributeMinor: int32(f.o.Minor), driver.AttributeMultiprocessors: 4,
			driver.AttributeClockRate: 1_000_000, driver.AttributeMemoryClockRate: 1_000_000, driver.AttributeMemoryBusWidth: 64,
			driver.AttributeL2CacheSize: 1 << 20, driver.AttributeMaxSharedPerBlockOptin: 160 << 10}[a]
		return driver.Success
	}
	c.PrimaryCtxRetain = func(ctx *driver.Context, d driver.Device) driver.Result {
		defer f.mu.Unlock()
		r := f.enter("PrimaryCtxRetain")
		f.retained++
		*ctx = driver.Context(d) + 1
		return r
	}
	c.PrimaryCtxRelease = func(driver.Device) driver.Result {
		defer f.mu.Unlock()
		r := f.enter("PrimaryCtxRelease")
		f.retained--
		return r
	}
	c.CtxSetCurrent = func(ctx driver.Context) driver.Result {
		defer f.mu.Unlock()
		r := f.enter("CtxSetCurrent")
		if r == driver.Success {
			f.current[thread()] = ctx
		}
		return r
	}
}

// Used is how many bytes are allocated now.
func (f *Fake) Used() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.used
}

func (f *Fake) String() string { return fmt.Sprintf("SIMULATED GPU %d.%d", f.o.Major, f.o.Minor) }
