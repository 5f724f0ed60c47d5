package cuda

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"

	"turno/internal/gpu/cuda/driver"
)

// Session is one job's use of a device. Nothing of it is left after End.
type Session struct {
	*Device
	stream  driver.Stream
	scratch driver.Ptr // of NVIDIA's libraries; 0: none yet
	memory  map[driver.Ptr]int64
	events  []driver.Event
	graphs  []driver.GraphExec
	copied  [2]driver.Event // when each half of the staging memory is free again; 0: it is
	ends    []func()        // see later
	err     error           // the first sticky one
}

// Begin waits for the device's other session, and binds the goroutine to its
// thread until End.
func (d *Device) Begin() (*Session, error) {
	d.busy.Lock()
	runtime.LockOSThread()
	s := &Session{Device: d, memory: map[driver.Ptr]int64{}}
	err := s.check("cuCtxSetCurrent", d.api.CtxSetCurrent(d.context))
	if err == nil {
		err = s.check("cuStreamCreate", d.api.StreamCreate(&s.stream, driver.StreamNonBlocking))
	}
	if err != nil {
		return nil, errors.Join(err, s.End())
	}
	return s, nil
}

// check remembers what cannot be mended.
func (s *Session) check(call string, r driver.Result) error {
	err := driver.Check(call, r)
	if r.Sticky() && s.err == nil {
		s.err = err
	}
	return err
}

// keepPool is how much freed memory a device keeps between two jobs: small
// jobs one after the other then allocate nothing, and it is little beside what
// the context itself takes.
const keepPool = 64 << 20

// End waits for the stream, so that a fault is still this session's, frees what
// is left, and lets the thread go. Its error is a fault that no call has told.
func (s *Session) End() error {
	defer s.busy.Unlock()
	defer runtime.UnlockOSThread()
	for _, do := range s.ends {
		do()
	}
	told := s.err != nil
	if s.stream != 0 && !told {
		if err := s.Synchronize(); err != nil && s.err == nil {
			s.err = err
		}
	}
	if s.err != nil { // the process ends, and the driver frees what is its own
		if told {
			return nil
		}
		return s.err
	}
	var errs []error
	for _, g := range s.graphs {
		errs = append(errs, s.check("cuGraphExecDestroy", s.api.GraphExecDestroy(g)))
	}
	for p := range s.memory {
		errs = append(errs, s.free(p))
	}
	for _, e := range s.events {
		errs = append(errs, s.check("cuEventDestroy", s.api.EventDestroy(e)))
	}
	if s.stream != 0 {
		errs = append(errs, s.check("cuStreamSynchronize", s.api.StreamSynchronize(s.stream)), s.check("cuStreamDestroy", s.api.StreamDestroy(s.stream)))
	}
	if s.pool != 0 {
		errs = append(errs, s.check("cuMemPoolTrimTo", s.api.MemPoolTrimTo(s.pool, keepPool)))
	}
	return errors.Join(errs...)
}

// Synchronize waits until everything asked for is done. Faults of kernels come
// out here.
func (s *Session) Synchronize() error {
	return s.check("cuStreamSynchronize", s.api.StreamSynchronize(s.stream))
}

// Alloc is device memory of this session; 0 bytes are a null pointer.
func (s *Session) Alloc(bytes int64) (driver.Ptr, error) {
	if bytes <= 0 {
		return 0, nil
	}
	var p driver.Ptr
	var err error
	if s.pool != 0 {
		err = s.check("cuMemAllocAsync", s.api.MemAllocAsync(&p, uint64(bytes), s.stream))
	} else {
		err = s.check("cuMemAlloc", s.api.MemAlloc(&p, uint64(bytes)))
	}
	if err != nil {
		return 0, s.explain(err, bytes)
	}
	s.memory[p] = bytes
	return p, nil
}

// explain says how much there was.
func (s *Session) explain(err error, bytes int64) error {
	var free, total uint64
	e, ok := errors.AsType[*driver.Error](err)
	if ok && e.Result == driver.OutOfMemory && s.api.MemGetInfo(&free, &total) == driver.Success {
		e.Detail = fmt.Sprintf("%d bytes were asked for, %d of %d are free", bytes, free, total)
	}
	return err
}

// Free gives memory back before End does.
func (s *Session) Free(p driver.Ptr) error {
	if p == 0 {
		return nil
	}
	if _, mine := s.memory[p]; !mine {
		panic("cuda: memory that is not this session's is freed")
	}
	return s.free(p)
}

func (s *Session) free(p driver.Ptr) error {
	delete(s.memory, p)
	if s.pool != 0 {
		return s.check("cuMemFreeAsync", s.api.MemFreeAsync(p, s.stream))
	}
	return s.check("cuMemFree", s.api.MemFree(p))
}

// Zero clears memory.
func (s *Session) Zero(p driver.Ptr, bytes int64) error {
	if bytes == 0 {
		return nil
	}
	return s.check("cuMemsetD8Async", s.api.MemsetD8Async(p, 0, uint64(bytes), s.stream))
}

// Copy copies on the device.
func (s *Session) Copy(to, from driver.Ptr, bytes int64) error {
	if bytes == 0 {
		return nil
	}
	return s.check("cuMemcpyDtoDAsync", s.api.MemcpyDtoDAsync(to, from, uint64(bytes), s.stream))
}

// Launch starts a kernel. Arguments are driver.Ptr, int32, uint32, int64,
// uint64, float32 and float64, in the kernel's order and of its types.
func (s *Session) Launch(f *Function, grid, block Dim, shared int, arguments ...any) error {
	packed, err := Pack(arguments...)
	if err != nil {
		return fmt.Errorf("launch %s: %w", f.name, err)
	}
	return s.LaunchPacked(f, grid, block, shared, packed)
}

// LaunchPacked takes the arguments as Pack leaves them.
func (s *Session) LaunchPacked(f *Function, grid, block Dim, shared int, packed []byte) error {
	l := driver.Launch{Grid: grid.full(), Block: block.full(), Shared: uint32(shared), Stream: s.stream}
	return s.check("cuLaunchKernel "+f.name, s.api.LaunchKernel(f.handle, l, packed))
}

// Dim is a grid's or a block's size; what is 0 is 1.
type Dim struct{ X, Y, Z int }

func (d Dim) full() [3]uint32 {
	return [3]uint32{uint32(max(d.X, 1)), uint32(max(d.Y, 1)), uint32(max(d.Z, 1))}
}

// Pack lays arguments out as a C struct: each at a multiple of its size.
func Pack(arguments ...any) ([]byte, error) {
	buffer := make([]byte, 0, 8*len(arguments))
	for i, a := range arguments {
		size := 4
		switch a.(type) {
		case driver.Ptr, int64, uint64, float64:
			size = 8
		}
		for len(buffer)%size != 0 {
			buffer = append(buffer, 0)
		}
		order := binary.LittleEndian
		switch a := a.(type) {
		case driver.Ptr:
			buffer = order.AppendUint64(buffer, uint64(a))
		case int64:
			buffer = order.AppendUint64(buffer, uint64(a))
		case uint64:
			buffer = order.AppendUint64(buffer, a)
		case float64:
			buffer = order.AppendUint64(buffer, math.Float64bits(a))
		case int32:
			buffer = order.AppendUint32(buffer, uint32(a))
		case uint32:
			buffer = order.AppendUint32(buffer, a)
		case float32:
			buffer = order.AppendUint32(buffer, math.Float32bits(a))
		default:
			return nil, fmt.Errorf("argument %d is a %T, which no kernel takes", i, a)
		}
	}
	return buffer, nil
}
