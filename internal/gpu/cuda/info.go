package cuda

// Info is what a device is.
type Info struct {
	Name            string
	UUID            string
	Major, Minor    int // compute capability
	Multiprocessors int
	Memory          int64
	ClockKHz        int // highest of the multiprocessors
	MemoryClockKHz  int
	BusBits         int
	L2Bytes         int
	SharedBytes     int // most that a block may have
}

// perClock is what one multiprocessor does in a clock, in operations (a
// multiply-add is two): CUDA C++ Programming Guide, "Throughput of native
// arithmetic instructions", and NVIDIA's architecture white papers for the
// tensor cores, without sparsity, with sums in float32.
type perClock struct{ fp64, fp32, tf32, fp16 float64 }

func (i *Info) perClock() perClock {
	switch {
	case i.Major == 7 && i.Minor == 0:
		return perClock{64, 128, 0, 1024}
	case i.Major == 7:
		return perClock{4, 128, 0, 1024}
	case i.Major == 8 && i.Minor == 0:
		return perClock{128, 128, 1024, 2048}
	case i.Major == 8:
		return perClock{4, 256, 256, 512}
	case i.Major == 9:
		return perClock{256, 256, 2048, 4096}
	case i.Major == 10:
		return perClock{256, 256, 4096, 8192}
	case i.Major == 12:
		return perClock{4, 256, 256, 512}
	}
	return perClock{}
}

// PeakFLOPs is the highest rate of a dtype, in operations a second, on its
// fastest unit at the highest clock; 0: not known.
func (i *Info) PeakFLOPs(dtype string) float64 {
	p := i.perClock()
	rate := map[string]float64{"float64": p.fp64, "float32": p.fp32, "tf32": p.tf32, "float16": p.fp16, "bfloat16": p.fp16}[dtype]
	if dtype == "bfloat16" && i.Major < 8 {
		rate = 0
	}
	return rate * float64(i.Multiprocessors) * float64(i.ClockKHz) * 1e3
}

// PeakBandwidth of the memory in bytes a second: twice a clock; 0: not known.
func (i *Info) PeakBandwidth() float64 {
	return 2 * float64(i.MemoryClockKHz) * 1e3 * float64(i.BusBits) / 8
}

// Capability is 90 for 9.0.
func (i *Info) Capability() int { return 10*i.Major + i.Minor }
