package infer

import (
	"context"
	"errors"
	"time"

	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver"
	"turno/internal/workload/gpunet"
)

// computeOnGPU is compute on a device, where all samples lie. A batch's latency
// is from asking for it until it is done; copies are phases of their own.
func (j *job) computeOnGPU(ctx context.Context) error {
	s, inputs, classes, count := j.session, int64(j.data.Inputs()), int64(j.model.Config.Classes), j.data.Len()
	net, err := gpunet.New(ctx, s, j.model.Config, j.model.Weights, gpunet.Use{Batch: min(j.Batch, count), Library: j.Library})
	if err != nil {
		return err
	}
	x, err := cuda.Upload(ctx, s, j.data.X)
	if err != nil {
		return err
	}
	y, err := s.Alloc(4 * int64(count) * classes)
	if err != nil {
		return err
	}
	if err := s.Synchronize(); err != nil {
		return err
	}
	j.clock.End("h2d")
	marks := make([]cuda.Mark, 2)
	for i := range marks {
		if marks[i], err = s.Mark(); err != nil {
			return err
		}
	}
	seconds := 0.0
	for round := range j.Repeat {
		for b := range j.batches() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			low, began := int64(b*j.Batch), time.Now()
			err := errors.Join(s.Again(marks[0]),
				net.Logits(y+driver.Ptr(4*low*classes), x+driver.Ptr(4*low*inputs), min(j.Batch, count-int(low))),
				s.Again(marks[1]))
			if err != nil {
				return err
			}
			took, err := s.Seconds(marks[0], marks[1])
			if err != nil {
				return err
			}
			seconds += took
			j.took(round, b, time.Since(began))
		}
	}
	j.clock.Took("kernel", seconds)
	j.engine = net.Engine()
	j.logits = make([]float32, int64(count)*classes)
	err = cuda.Download(ctx, s, j.logits, y)
	j.clock.End("d2h")
	return err
}
