package train_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"turno"
	"turno/internal/workload"
	"turno/internal/workload/model"
	"turno/internal/workload/train"
)

type env struct {
	*workload.Env
	log *bytes.Buffer
}

func newEnv(t *testing.T) env {
	e := env{log: new(bytes.Buffer)}
	e.Env = &workload.Env{Device: turno.DeviceCPU, Threads: 2, Dir: t.TempDir(), Log: e.log, Progress: func(turno.Progress) {}}
	return e
}

func run(t *testing.T, e env, params string) *train.Output {
	t.Helper()
	out, err := train.New().Run(t.Context(), e.Env, json.RawMessage(params))
	if err != nil {
		t.Fatalf("%s: %v\n%s", params, err, e.log)
	}
	return out.(*train.Output)
}

func weights(t *testing.T, dir string) *model.Model {
	t.Helper()
	m, err := model.Load(filepath.Join(dir, model.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func failure(t *testing.T, e env, params string) string {
	t.Helper()
	_, err := train.New().Run(t.Context(), e.Env, json.RawMessage(params))
	f, ok := errors.AsType[*workload.Failure](err)
	if !ok || f.Reason != turno.ReasonSetupFailed {
		t.Fatalf("%s: %v", params, err)
	}
	return f.Message
}

const (
	mlp  = `"hidden": [12], "samples": 500, "test_samples": 100, "batch": 32`
	conv = `"model": "conv", "channels": [3, 5], "hidden": [12], "samples": 200, "test_samples": 50, "batch": 20, "optimiser": "sgd"`
)

// TestResume_SameBits interrupts a run after some epochs, as a lost worker
// would, and lets further attempts go on from its checkpoints.
func TestResume_SameBits(t *testing.T) {
	t.Parallel()
	for _, net := range []string{mlp, conv} {
		params := fmt.Sprintf(`{%s, "epochs": 5, "early_stop": 3}`, net)
		whole := newEnv(t)
		want := run(t, whole, params)

		ckpt := t.TempDir()
		for attempt, epochs := range []int{2, 1} {
			e := newEnv(t)
			e.CkptDir, e.Threads = ckpt, 1+attempt
			ctx, cancel := context.WithCancelCause(t.Context())
			gone := errors.New("the worker is gone")
			seen := 0
			e.Progress = func(p turno.Progress) {
				if strings.Contains(p.Message, "loss") {
					if seen++; seen > epochs {
						cancel(gone)
					}
				}
			}
			if _, err := train.New().Run(ctx, e.Env, json.RawMessage(params)); !errors.Is(err, gone) {
				t.Fatalf("attempt %d: %v", attempt+1, err)
			}
		}
		last := newEnv(t)
		last.CkptDir = ckpt
		got := run(t, last, params)
		if got.ResumedFrom < 3 || got.Checksum != want.Checksum || got.TestAccuracy != want.TestAccuracy || got.Steps != want.Steps || len(got.History) != 5 {
			t.Errorf("resumed from %d: %s %g after %d steps, %d epochs; at one go %s %g after %d", got.ResumedFrom, got.Checksum, got.TestAccuracy, got.Steps,
				len(got.History), want.Checksum, want.TestAccuracy, want.Steps)
		}
		a, b := weights(t, whole.Dir), weights(t, last.Dir)
		if !slices.Equal(a.Weights, b.Weights) || !slices.Equal(a.First, b.First) || !slices.Equal(a.Second, b.Second) {
			t.Errorf("the files differ")
		}
	}
}

func TestResume_FromAFileAndAJob(t *testing.T) {
	t.Parallel()
	first := newEnv(t)
	run(t, first, `{`+mlp+`, "epochs": 2, "schedule": "constant"}`)
	whole := run(t, newEnv(t), `{`+mlp+`, "epochs": 4, "schedule": "constant"}`)
	path := filepath.Join(first.Dir, model.FileName)
	text, _ := json.Marshal(path)

	again := run(t, newEnv(t), fmt.Sprintf(`{%s, "epochs": 4, "schedule": "constant", "resume": %s}`, mlp, text))
	if again.Checksum != whole.Checksum || again.ResumedFrom != 2 {
		t.Errorf("%s from epoch %d, not %s", again.Checksum, again.ResumedFrom, whole.Checksum)
	}
	e := newEnv(t)
	e.Inputs = first.Dir // as if staged
	if out := run(t, e, `{`+mlp+`, "epochs": 4, "schedule": "constant", "resume": "job:42_7"}`); out.Checksum != whole.Checksum {
		t.Errorf("%s", out.Checksum)
	}
	if why := failure(t, newEnv(t), fmt.Sprintf(`{"hidden": [13], "samples": 100, "test_samples": 10, "resume": %s}`, text)); !strings.Contains(why, "another net") {
		t.Error(why)
	}
	if why := failure(t, newEnv(t), `{"resume": "job:42"}`); !strings.Contains(why, "no input files") {
		t.Error(why)
	}
	if out := run(t, newEnv(t), fmt.Sprintf(`{%s, "epochs": 2, "resume": %s}`, mlp, text)); out.Steps != whole.Steps/2 || out.Rate != 0 {
		t.Errorf("nothing left to do: %d steps", out.Steps)
	}
}

func TestCheckpoint_BrokenOneIsTold(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.CkptDir = t.TempDir()
	if err := os.WriteFile(filepath.Join(e.CkptDir, model.FileName), []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, e, `{`+mlp+`, "epochs": 1}`); out.ResumedFrom != 0 || !strings.Contains(e.log.String(), "cannot be used") {
		t.Error(e.log)
	}
}

func TestStops(t *testing.T) {
	t.Parallel()
	out := run(t, newEnv(t), `{`+mlp+`, "epochs": 50, "target_accuracy": 0.3}`)
	if out.Epochs >= 50 || !strings.Contains(out.Stopped, "target") || out.TestAccuracy < 0.3 {
		t.Errorf("%d epochs, %q", out.Epochs, out.Stopped)
	}
	out = run(t, newEnv(t), `{`+mlp+`, "epochs": 400, "early_stop": 2, "schedule": "constant", "lr": 0.01}`)
	if out.Epochs >= 400 || !strings.Contains(out.Stopped, "better") {
		t.Errorf("%d epochs, %q", out.Epochs, out.Stopped)
	}
	if why := failure(t, newEnv(t), `{`+mlp+`, "optimiser": "sgd", "lr": 10, "weight_decay": 1, "epochs": 30}`); !strings.Contains(why, "too high") {
		t.Error(why)
	}
}

// TestFiles_CSV has three kinds of points in the plane, with names.
func TestFiles_CSV(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("Width,Height,Species\n")
	r := workload.NewRandom(1, 1)
	for i := range 600 {
		kind := i % 3
		fmt.Fprintf(&text, "%g,%g,%s\n", 1000+100*float64(kind)+20*r.Unit(2*i), 0.001*float64(kind%2)+0.0002*r.Unit(2*i+1), []string{"oak", "ash", "fir"}[kind])
	}
	path := filepath.Join(t.TempDir(), "trees.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	e := newEnv(t)
	name, _ := json.Marshal(path)
	out := run(t, e, fmt.Sprintf(`{"data": %s, "hidden": [8], "epochs": 40, "lr": 0.01}`, name))
	if m := weights(t, e.Dir); out.TestAccuracy != 1 || out.Samples != 480 || out.TestSamples != 120 || !slices.Equal(m.Names, []string{"ash", "fir", "oak"}) {
		t.Errorf("accuracy %g, %d and %d samples, classes %q", out.TestAccuracy, out.Samples, out.TestSamples, m.Names)
	}
	if why := failure(t, newEnv(t), fmt.Sprintf(`{"data": %s, "model": "conv"}`, name)); !strings.Contains(why, "too small") {
		t.Error(why)
	}
	if why := failure(t, newEnv(t), `{"data": "/nowhere/x.csv"}`); !strings.Contains(why, "/nowhere/x.csv") {
		t.Error(why)
	}
}

func TestParams_Nonsense(t *testing.T) {
	t.Parallel()
	for params, field := range map[string]string{
		`{"channels": [4]}`: "params.channels", `{"model": "cnn"}`: "params.model", `{"lr": 0}`: "params.lr", `{"momentum": 1}`: "params.momentum",
		`{"data": "../x.csv"}`: "params.data", `{"labels": "/x"}`: "params.data", `{"data": "/x", "test_labels": "/y"}`: "params.test_labels",
		`{"resume": "job:x"}`: "params.resume", `{"resume": "/x\u0000"}`: "params.resume", `{"samples": 999999}`: "params.samples",
		`{"hidden": [4096, 4096, 4096, 4096, 4096, 4096], "model": "conv", "channels": [256]}`: "params.hidden",
	} {
		if err := train.New().Check(json.RawMessage(params)); err == nil || err.Field != field {
			t.Errorf("%s: %v", params, err)
		}
	}
}

func TestNormalize_TakesTheModelOfTheJob(t *testing.T) {
	t.Parallel()
	spec := &turno.Spec{Type: "train", Params: json.RawMessage(`{"resume": "job:42"}`)}
	train.New().Normalize(spec)
	train.New().Normalize(spec)
	if want := (turno.File{Path: model.FileName, From: "job:42/" + model.FileName}); len(spec.Inputs) != 1 || spec.Inputs[0] != want {
		t.Errorf("%+v", spec.Inputs)
	}
}
