package train

import (
	"context"

	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/workload/gpunet"
)

// device trains on a GPU.
type device struct {
	*job
	s       *cuda.Session
	net     *gpunet.Trainer
	x, y    driver.Ptr // test samples, and what the net makes of them
	classes int64
}

func newDevice(ctx context.Context, j *job, s *cuda.Session) (*device, error) {
	d := &device{job: j, s: s, classes: int64(j.model.Config.Classes)}
	var err error
	set := j.data.train
	d.net, err = gpunet.NewTrainer(ctx, s, j.net, &j.optim, gpunet.Learn{Data: set.X, Labels: set.Labels, Use: gpunet.Use{Batch: j.Batch, Library: j.Library}})
	if err == nil {
		d.x, err = cuda.Upload(ctx, s, j.data.test.X)
	}
	if err == nil {
		d.y, err = s.Alloc(4 * int64(j.data.test.Len()) * d.classes)
	}
	if err == nil {
		err = s.Synchronize()
	}
	return d, err
}

func (d *device) engine() string { return d.net.Engine() }

func (d *device) epoch(ctx context.Context, number int) (gpunet.Tally, error) {
	rates := make([]float64, d.stepsPerEpoch())
	for s := range rates {
		rates[s] = d.rate(number*len(rates) + s)
	}
	t, err := d.net.Epoch(ctx, d.order, rates, func(steps int) { d.stepped(number, steps) })
	d.clock.Took("kernel", t.Seconds)
	return t, err
}

func (d *device) test(ctx context.Context) ([]float32, error) {
	set := d.data.test
	for low := 0; low < set.Len(); low += d.Batch {
		at := int64(low)
		x := d.x + driver.Ptr(4*at*int64(set.Inputs()))
		if err := d.net.Logits(d.y+driver.Ptr(4*at*d.classes), x, min(d.Batch, set.Len()-low)); err != nil {
			return nil, err
		}
	}
	all := make([]float32, int64(set.Len())*d.classes)
	return all, cuda.Download(ctx, d.s, all, d.y)
}

func (d *device) collect(ctx context.Context) error {
	defer d.clock.End("d2h")
	return d.net.Collect(ctx, d.job.net.Weights)
}
