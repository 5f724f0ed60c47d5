package cuda

import (
	"context"

	"turno/internal/gpu/cuda/driver"
)

// stagingBytes of page-locked memory are one half of a copy's buffer: large
// enough that the bus is busy while the host fills the other one, small enough
// to be there for each device (16 MiB are 0.3 ms of PCIe 5).
const stagingBytes = 16 << 20

func (s *Session) stage() error {
	for i := range s.staging {
		if s.staging[i] != nil {
			continue
		}
		memory, r := s.api.HostAlloc(stagingBytes)
		if err := s.check("cuMemHostAlloc", r); err != nil {
			return err
		}
		s.staging[i] = memory
	}
	return nil
}

// CopyIn copies from Go's memory to the device, by way of page-locked memory:
// when it returns, from may change again; the device may not have all of it
// yet, but what is asked of this session later does.
func (s *Session) CopyIn(ctx context.Context, to driver.Ptr, from []byte) error {
	if err := s.stage(); err != nil {
		return err
	}
	for half := 0; len(from) > 0; half ^= 1 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := s.wait(half); err != nil {
			return err
		}
		n := copy(s.staging[half], from)
		if err := s.check("cuMemcpyHtoDAsync", s.api.MemcpyHtoDAsync(to, s.staging[half], uint64(n), s.stream)); err != nil {
			return err
		}
		if err := s.mark(half); err != nil {
			return err
		}
		to, from = to+driver.Ptr(n), from[n:]
	}
	return nil
}

// CopyOut copies from the device, and waits for it.
func (s *Session) CopyOut(ctx context.Context, to []byte, from driver.Ptr) error {
	if err := s.stage(); err != nil {
		return err
	}
	type piece struct{ to []byte }
	var pending [2]piece
	flush := func(half int) error {
		if pending[half].to == nil {
			return nil
		}
		if err := s.wait(half); err != nil {
			return err
		}
		copy(pending[half].to, s.staging[half])
		pending[half].to = nil
		return nil
	}
	half := 0
	for ; len(to) > 0; half ^= 1 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := flush(half); err != nil {
			return err
		}
		if err := s.wait(half); err != nil { // of a copy in before
			return err
		}
		n := min(len(to), stagingBytes)
		if err := s.check("cuMemcpyDtoHAsync", s.api.MemcpyDtoHAsync(s.staging[half][:n], from, uint64(n), s.stream)); err != nil {
			return err
		}
		if err := s.mark(half); err != nil {
			return err
		}
		pending[half] = piece{to[:n]}
		to, from = to[n:], from+driver.Ptr(n)
	}
	for range pending {
		if err := flush(half); err != nil {
			return err
		}
		half ^= 1
	}
	return nil
}

// mark records that a half is in use up to here.
func (s *Session) mark(half int) error {
	if s.copied[half] == 0 {
		e, err := s.newEvent(eventNoTiming)
		if err != nil {
			return err
		}
		s.copied[half] = e
	}
	return s.check("cuEventRecord", s.api.EventRecord(s.copied[half], s.stream))
}

// wait until a half is free.
func (s *Session) wait(half int) error {
	if s.copied[half] == 0 {
		return nil
	}
	return s.check("cuEventSynchronize", s.api.EventSynchronize(s.copied[half]))
}

// Upload is Alloc and CopyIn of numbers.
func Upload[T Number](ctx context.Context, s *Session, numbers []T) (driver.Ptr, error) {
	bytes := driver.Bytes(numbers)
	p, err := s.Alloc(int64(len(bytes)))
	if err != nil {
		return 0, err
	}
	return p, s.CopyIn(ctx, p, bytes)
}

// Download is CopyOut to numbers.
func Download[T Number](ctx context.Context, s *Session, into []T, from driver.Ptr) error {
	return s.CopyOut(ctx, driver.Bytes(into), from)
}

// Number is what is copied.
type Number interface {
	uint8 | uint16 | int32 | uint32 | int64 | uint64 | float32 | float64
}
