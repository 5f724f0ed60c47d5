package train_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"turno"
	"turno/internal/gpu/cuda"
	"turno/internal/gpu/cuda/driver/drivertest"
	"turno/internal/workload/train"
)

// onGPU is an env with a SIMULATED device.
func onGPU(t *testing.T) env {
	e := newEnv(t)
	e.Device, e.GPU, e.CUDA = turno.DeviceGPU, drivertest.UUID, cuda.New(cuda.Loader{CUDA: drivertest.New(t, drivertest.Options{}).CUDA})
	return e
}

// TestGPU_TrainsLikeTheCPU: the same samples in the same order from the same
// weights come to the same net, but for rounding, and a checkpoint of either is
// the other's too.
func TestGPU_TrainsLikeTheCPU(t *testing.T) {
	t.Parallel()
	for _, net := range []string{
		`"hidden": [12], "samples": 150, "test_samples": 40, "batch": 32`,
		`"model": "conv", "channels": [3, 5], "hidden": [12], "samples": 50, "test_samples": 20, "batch": 20, "optimiser": "sgd"`,
	} {
		host, device := newEnv(t), onGPU(t)
		a := run(t, host, `{`+net+`, "epochs": 2}`)
		b := run(t, device, `{`+net+`, "epochs": 2}`)
		if a.Steps != b.Steps || b.Device != turno.DeviceGPU || b.Engine != "cuda sm_80 own kernel" || b.RateUnit != "steps/s" || b.Rate <= 0 {
			t.Errorf("%+v", b)
		}
		for i := range a.History {
			if x, y := a.History[i], b.History[i]; math.Abs(x.Loss-y.Loss) > 1e-3*x.Loss || math.Abs(x.TestLoss-y.TestLoss) > 1e-3*x.TestLoss || x.Rate != y.Rate {
				t.Errorf("epoch %d: loss %g, test loss %g, rate %g; on the CPU %g, %g, %g", i+1, y.Loss, y.TestLoss, y.Rate, x.Loss, x.TestLoss, x.Rate)
			}
		}
		more := newEnv(t)
		more.Inputs = device.Dir
		if out := run(t, more, `{`+net+`, "epochs": 3, "resume": "job:1"}`); out.ResumedFrom != 2 {
			t.Errorf("the CPU went on from epoch %d", out.ResumedFrom)
		}
	}
}

func TestGPU_ResumeSameBits(t *testing.T) {
	t.Parallel()
	const params = `{"hidden": [5], "samples": 90, "test_samples": 20, "batch": 16, "epochs": 3}`
	whole := onGPU(t)
	want := run(t, whole, params)
	ckpt := t.TempDir()
	first := onGPU(t)
	first.CkptDir = ckpt
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the worker is gone")
	first.Progress = func(p turno.Progress) {
		if strings.Contains(p.Message, "epoch 2 of 3: loss") {
			cancel(gone)
		}
	}
	if _, err := train.New().Run(ctx, first.Env, json.RawMessage(params)); !errors.Is(err, gone) {
		t.Fatal(err)
	}
	last := onGPU(t)
	last.CkptDir = ckpt
	got := run(t, last, params)
	if a, b := weights(t, whole.Dir), weights(t, last.Dir); got.ResumedFrom == 0 || got.Checksum != want.Checksum || !slices.Equal(a.Second, b.Second) {
		t.Errorf("from epoch %d: %s, at one go %s", got.ResumedFrom, got.Checksum, want.Checksum)
	}
}
