package cuda_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/gpu/cuda/driver/drivertest"
	"turno/internal/gpu/cuda/kernel"
)

func begin(t *testing.T, o drivertest.Options) (*cuda.Session, *drivertest.Fake) {
	t.Helper()
	fake := drivertest.New(t, o)
	device, err := cuda.New(cuda.Loader{CUDA: fake.CUDA}).Device(drivertest.UUID)
	if err != nil {
		t.Fatal(err)
	}
	s, err := device.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return s, fake
}

// TestCopy_LargerThanStaging: several pieces either way, each through memory
// that is still in use by the one before.
func TestCopy_LargerThanStaging(t *testing.T) {
	t.Parallel()
	s, _ := begin(t, drivertest.Options{})
	for _, n := range []int{0, 1, 4 << 20, 4<<20 + 1, 17<<20 + 3} {
		from := make([]float32, n)
		for i := range from {
			from[i] = float32(i)
		}
		p, err := cuda.Upload(t.Context(), s, from)
		if err != nil {
			t.Fatal(err)
		}
		into := make([]float32, n)
		if err := cuda.Download(t.Context(), s, into, p); err != nil || !slices.Equal(into, from) {
			t.Errorf("%d numbers: %v", n, err)
		}
		if err := s.Free(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.End(); err != nil {
		t.Fatal(err)
	}
}

func TestSession_EndGivesAllBack(t *testing.T) {
	t.Parallel()
	s, fake := begin(t, drivertest.Options{})
	p, err := s.Alloc(1000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Alloc(2 << 30); err == nil || !strings.Contains(err.Error(), "2147483648 bytes were asked for") {
		t.Errorf("too much memory: %v", err)
	}
	g, err := s.Capture(func() error { return s.Zero(p, 1000) })
	if err != nil {
		t.Fatal(err)
	}
	before := fake.Calls()
	if err := errors.Join(g.Launch(), g.Launch(), s.End()); err != nil {
		t.Fatal(err)
	}
	want := []string{"GraphLaunch", "GraphLaunch", "StreamSynchronize", "GraphExecDestroy", "MemFreeAsync", "StreamSynchronize", "StreamDestroy"}
	if got := fake.Calls()[len(before):]; !slices.Equal(got, want) {
		t.Errorf("End called %v, want %v", got, want)
	}
	if fake.Used() != 0 {
		t.Error("memory is left")
	}
}

// TestSession_FaultOfAKernel comes out at the next wait, and everything fails
// from there on.
func TestSession_FaultOfAKernel(t *testing.T) {
	t.Parallel()
	s, _ := begin(t, drivertest.Options{})
	m, err := s.Module("vec", kernel.PTX("vec"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Function(m, "fill_f32")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Alloc(4000)
	if err != nil {
		t.Fatal(err)
	}
	// One number more than there is room for.
	if err := s.Launch(f, cuda.Dim{X: 1}, cuda.Dim{X: 256}, 0, p, int64(1001), uint64(1)); err != nil {
		t.Fatalf("a launch tells of nothing: %v", err)
	}
	if err := s.Synchronize(); !driver.IsSticky(err) || !errors.Is(err, &driver.Error{Result: driver.IllegalAddress}) {
		t.Errorf("%v", err)
	}
	if _, err := s.Alloc(1); !driver.IsSticky(err) {
		t.Errorf("after a fault: %v", err)
	}
	if err := s.End(); err != nil {
		t.Errorf("the fault is told twice: %v", err)
	}
}

func TestSession_FaultSeenByEnd(t *testing.T) {
	t.Parallel()
	s, fake := begin(t, drivertest.Options{})
	fake.Fail("StreamSynchronize", 0, driver.LaunchFailed)
	if err := s.End(); !driver.IsSticky(err) {
		t.Errorf("%v", err)
	}
}

// TestSession_Threads: each session on the thread of its goroutine, with the
// context current there; drivertest reports any other call.
func TestSession_Threads(t *testing.T) {
	t.Parallel()
	fake := drivertest.New(t, drivertest.Options{})
	device, err := cuda.New(cuda.Loader{CUDA: fake.CUDA}).Device(drivertest.UUID)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	const sessions = 20
	for range sessions {
		go func() {
			s, err := device.Begin()
			if err != nil {
				done <- err
				return
			}
			_, err = s.Alloc(16)
			runtime.Gosched()
			done <- errors.Join(err, s.End())
		}()
	}
	for range sessions {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestRuntime_NoDevice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		o    drivertest.Options
		fail driver.Result
		uuid string
		want string
	}{
		"none":  {drivertest.Options{Devices: -1}, 0, drivertest.UUID, "sees no device"},
		"stub":  {drivertest.Options{}, driver.StubLibrary, drivertest.UUID, "stub"},
		"other": {drivertest.Options{}, 0, "GPU-0", "does not show the device GPU-0, but [" + drivertest.UUID + "]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := drivertest.New(t, c.o)
			if c.fail != 0 {
				fake.Fail("Init", 0, c.fail)
			}
			_, err := cuda.New(cuda.Loader{CUDA: fake.CUDA}).Device(c.uuid)
			if absent, ok := errors.AsType[*driver.Absent](err); !ok || !strings.Contains(absent.Reason, c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestPack(t *testing.T) {
	t.Parallel()
	got, err := cuda.Pack(int32(1), driver.Ptr(2), float32(1), int32(3), uint32(4), float64(1))
	want := []byte{1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3f, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%x, %v", got, err)
	}
	if _, err := cuda.Pack("text"); err == nil {
		t.Error("a string is no argument")
	}
}
