package train

import (
	"context"
	"fmt"

	"turno/internal/workload/gpunet"
)

// trainer is who computes: this machine's processors, or a device.
type trainer interface {
	engine() string
	// epoch takes a step for each batch of the samples in j.order.
	epoch(ctx context.Context, number int) (gpunet.Tally, error)
	// test gives the logits of all test samples.
	test(ctx context.Context) ([]float32, error)
	// collect brings the weights and the optimiser's state into j.net and j.optim.
	collect(ctx context.Context) error
}

// host trains with package nn.
type host struct {
	*job
	x      []float32 // of one batch
	labels []int32
}

func newHost(j *job) *host {
	return &host{job: j, x: make([]float32, j.Batch*j.data.train.Inputs()), labels: make([]int32, j.Batch)}
}

func (h *host) engine() string                { return "go " + h.net.Engine() }
func (h *host) collect(context.Context) error { return nil }

func (h *host) epoch(ctx context.Context, number int) (gpunet.Tally, error) {
	var t gpunet.Tally
	steps := h.stepsPerEpoch()
	for s := range steps {
		if ctx.Err() != nil {
			return t, context.Cause(ctx)
		}
		loss, right := h.net.Gradients(h.batch(s))
		t.Loss += loss
		t.Right += right
		h.optim.Step(h.rate(number*steps + s))
		h.stepped(number, s+1)
	}
	t.Finite = finite(h.net.Weights)
	h.clock.End("kernel")
	return t, nil
}

func (h *host) batch(step int) ([]float32, []int32) {
	set := h.data.train
	order := h.order[step*h.Batch : min(len(h.order), (step+1)*h.Batch)]
	for i, at := range order {
		copy(h.x[i*set.Inputs():], set.Sample(int(at)))
		h.labels[i] = set.Labels[at]
	}
	return h.x, h.labels[:len(order)]
}

func finite(values []float32) bool {
	sum := float32(0)
	for _, v := range values {
		sum += v - v // 0, or NaN for what is not finite
	}
	return sum == 0
}

func (h *host) test(ctx context.Context) ([]float32, error) {
	set := h.data.test
	all := make([]float32, 0, set.Len()*h.model.Config.Classes)
	for low := 0; low < set.Len(); low += h.Batch {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		all = append(all, h.net.Logits(set.X[low*set.Inputs():], min(h.Batch, set.Len()-low))...)
	}
	return all, nil
}

// stepped tells that so many steps of an epoch are done.
func (j *job) stepped(epoch, steps int) {
	j.tell(float64(epoch*j.stepsPerEpoch()+steps), fmt.Sprintf("epoch %d of %d", epoch+1, j.Epochs))
}
