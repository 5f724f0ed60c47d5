package image

import (
	"context"
	"errors"
	"slices"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/workload"
)

// device filters pictures of one size on a GPU. Memory is the session's.
type device struct {
	s *cuda.Session
	*filter
	kernels map[string]*cuda.Function
	weights [2]driver.Ptr // across and down, or the whole kernel and nothing

	pixels                 int // of the pictures that there is room for
	from, to, middle, grey driver.Ptr
	marks                  [2]cuda.Mark
}

func newDevice(ctx context.Context, s *cuda.Session, f *filter) (*device, error) {
	d := &device{s: s, filter: f, kernels: map[string]*cuda.Function{}}
	for _, name := range []string{"image_rows", "image_columns", "image_convolve", "image_grey", "image_unsharp", "image_edges"} {
		k, err := workload.Kernel(s, "image", name)
		if err != nil {
			return nil, err
		}
		d.kernels[name] = k
	}
	parts := [][]float64{f.across, f.down}
	if f.across == nil {
		parts = [][]float64{slices.Concat(f.kernel...)}
	}
	for i, part := range parts {
		numbers := make([]float32, len(part))
		for j, v := range part {
			numbers[j] = float32(v)
		}
		var err error
		if d.weights[i], err = cuda.Upload(ctx, s, numbers); err != nil {
			return nil, err
		}
	}
	for i := range d.marks {
		var err error
		if d.marks[i], err = s.Mark(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// room makes memory for pictures of so many pixels.
func (d *device) room(pixels int) error {
	if d.pixels == pixels {
		return nil
	}
	for _, p := range []*driver.Ptr{&d.from, &d.to, &d.middle, &d.grey} {
		if err := d.s.Free(*p); err != nil {
			return err
		}
		var err error
		if *p, err = d.s.Alloc(3 * 4 * int64(pixels)); err != nil {
			return err
		}
	}
	d.pixels = pixels
	return nil
}

// apply filters a picture, and adds its parts to the clock's phases.
func (d *device) apply(ctx context.Context, clock *workload.Clock, to, from *picture) error {
	to.alpha = from.alpha
	pixels := from.width * from.height
	if err := d.room(pixels); err != nil {
		return err
	}
	clock.End("setup")
	for i, plane := range from.planes {
		if err := d.s.CopyIn(ctx, d.from+driver.Ptr(4*i*pixels), driver.Bytes(plane)); err != nil {
			return err
		}
	}
	if err := d.s.Synchronize(); err != nil {
		return err
	}
	clock.End("h2d")
	if err := errors.Join(d.s.Again(d.marks[0]), d.launch(from.width, from.height), d.s.Again(d.marks[1])); err != nil {
		return err
	}
	seconds, err := d.s.Seconds(d.marks[0], d.marks[1])
	if err != nil {
		return err
	}
	clock.Took("kernel", seconds)
	for i, plane := range to.planes {
		if err := d.s.CopyOut(ctx, driver.Bytes(plane), d.to+driver.Ptr(4*i*pixels)); err != nil {
			return err
		}
	}
	clock.End("d2h")
	return nil
}

// borders by the numbers of image.cu.
var borders = map[Border]int32{Zero: 0, Clamp: 1, Mirror: 2, Wrap: 3}

// launch does the operation from d.from to d.to.
func (d *device) launch(width, height int) error {
	n, w, h, rule := int64(width)*int64(height), int32(width), int32(height), borders[d.border]
	flat, block := cuda.Dim{X: 256}, cuda.Dim{X: 32, Y: 8}
	tiles := func(x, y, z int) cuda.Dim { return cuda.Dim{X: (width + x - 1) / x, Y: (height + y - 1) / y, Z: z} }
	grey := func(to driver.Ptr) error {
		return d.s.Launch(d.kernels["image_grey"], workload.Grid(d.s, n, 256), flat, 0, to, d.from, n)
	}
	switch {
	case d.operation == "grayscale":
		return grey(d.to)
	case d.operation == "edges":
		return errors.Join(grey(d.grey), d.s.Launch(d.kernels["image_edges"], tiles(32, 8, 1), block, 0, d.to, d.grey, w, h, rule))
	case d.across == nil:
		return d.s.Launch(d.kernels["image_convolve"], tiles(32, 32, 3), block, 0, d.to, d.from, d.weights[0],
			int32(len(d.kernel)), int32(len(d.kernel[0])), w, h, rule)
	}
	err := errors.Join(
		d.s.Launch(d.kernels["image_rows"], tiles(128, 8, 3), block, 0, d.middle, d.from, d.weights[0], int32(len(d.across)), w, h, rule),
		d.s.Launch(d.kernels["image_columns"], tiles(32, 32, 3), block, 0, d.to, d.middle, d.weights[1], int32(len(d.down)), w, h, rule))
	if err == nil && d.operation == "sharpen" {
		err = d.s.Launch(d.kernels["image_unsharp"], workload.Grid(d.s, 3*n, 256), flat, 0, d.to, d.from, float32(d.amount), 3*n)
	}
	return err
}

// describe says in the outcome where it ran. The peak is that of memory, if
// each number of the picture were read and written once.
func (d *device) describe(out *Output) {
	out.Engine = workload.CUDAEngine(d.s, "own kernel")
	out.OfPeak(d.s, d.s.PeakBandwidth()/float64(4*(3+d.planes()))/1e6)
}

// onGPU is job.all in a session.
func (j *job) onGPU(ctx context.Context) (*Output, error) {
	var out *Output
	err := j.env.OnGPU(func(s *cuda.Session) error {
		var err error
		if j.device, err = newDevice(ctx, s, j.worker.filter); err != nil {
			return err
		}
		out, err = j.all(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Of the workload.
var devices = []turno.Device{turno.DeviceCPU, turno.DeviceGPU}
