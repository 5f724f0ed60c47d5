package infer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"turno"
	"turno/internal/workload"
	"turno/internal/workload/dataset"
	"turno/internal/workload/digits"
	"turno/internal/workload/infer"
	"turno/internal/workload/train"
)

func newEnv(t *testing.T) *workload.Env {
	return &workload.Env{Device: turno.DeviceCPU, Threads: 2, Dir: t.TempDir(), Log: new(bytes.Buffer), Progress: func(turno.Progress) {}}
}

func run(t *testing.T, w workload.Workload, e *workload.Env, params string, args ...any) *infer.Output {
	t.Helper()
	params = fmt.Sprintf(params, args...)
	out, err := w.Run(t.Context(), e, json.RawMessage(params))
	if err != nil {
		t.Fatalf("%s: %v", params, err)
	}
	return out.(*infer.Output)
}

func lines(t *testing.T, e *workload.Env) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(e.Dir, "predictions.csv"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func TestSample_IsGood(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	out := run(t, infer.New(), e, `{"samples": 1000}`)
	if out.Accuracy == nil || *out.Accuracy < 0.98 || out.Samples != 1000 || len(out.First) != 10 || out.Latency.P50 <= 0 || out.Latency.P99 < out.Latency.P50 {
		t.Errorf("%+v", out)
	}
	if l := lines(t, e); len(l) != 1001 || !strings.HasPrefix(l[1], "0,,") {
		t.Errorf("%d lines, %q", len(l), l[1])
	}
}

// TestModel_OfAJob trains a net, and infer must come to train's own evaluation
// on the very test samples, which are written to IDX files.
func TestModel_OfAJob(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"mlp", "conv"} {
		trained := newEnv(t)
		result, err := train.New().Run(t.Context(), trained, fmt.Appendf(nil, `{"model": %q, "hidden": [16], "samples": 800, "test_samples": 300, "epochs": 2, "seed": 5}`, kind))
		if err != nil {
			t.Fatal(err)
		}
		tests, err := dataset.Digits(t.Context(), digits.Set{Seed: 5, Stream: 2}, 0, 300, 1)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		samples, labels := filepath.Join(dir, "samples"), filepath.Join(dir, "labels")
		a, _ := os.Create(samples)
		b, _ := os.Create(labels)
		if err := errors.Join(dataset.WriteIDX(a, b, tests), a.Close(), b.Close()); err != nil {
			t.Fatal(err)
		}
		e := newEnv(t)
		e.Inputs = trained.Dir // as if staged
		w := infer.New()
		out := run(t, w, e, `{"model": "job:12", "data": %q, "labels": %q, "batch": 7}`, samples, labels)
		if want := result.(*train.Output).TestAccuracy; *out.Accuracy != want || out.ModelCached {
			t.Errorf("%s: accuracy %g, train's own is %g; cached %t", kind, *out.Accuracy, want, out.ModelCached)
		}
		if again := run(t, w, e, `{"model": "job:12", "data": %q}`, samples); !again.ModelCached || again.Checksum != out.Checksum || again.Accuracy != nil {
			t.Errorf("%s: again %+v", kind, again)
		}
	}
}

func TestCache_SeesANewFile(t *testing.T) {
	t.Parallel()
	w, dir := infer.New(), t.TempDir()
	save := func(seed int) {
		e := newEnv(t)
		e.Dir = dir
		if _, err := train.New().Run(t.Context(), e, fmt.Appendf(nil, `{"hidden": [4], "samples": 100, "test_samples": 10, "epochs": 1, "seed": %d}`, seed)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "model.safetensors")
	save(1)
	first := run(t, w, newEnv(t), `{"model": %q, "samples": 50}`, path)
	save(2)
	second := run(t, w, newEnv(t), `{"model": %q, "samples": 50}`, path)
	if first.Checksum == second.Checksum || second.ModelCached {
		t.Errorf("%s, %s, cached %t", first.Checksum, second.Checksum, second.ModelCached)
	}
	for seed := 3; seed < 8; seed++ { // others push it out
		save(seed)
		run(t, w, newEnv(t), `{"model": %q, "samples": 5}`, path)
	}
	save(2)
	if run(t, w, newEnv(t), `{"model": %q, "samples": 50}`, path).ModelCached {
		t.Error("nothing was dropped")
	}
}

func TestParams_Nonsense(t *testing.T) {
	t.Parallel()
	for params, field := range map[string]string{
		`{"model": "../mine"}`: "params.model", `{"model": "job:x"}`: "params.model", `{"data": "../x.csv"}`: "params.data",
		`{"labels": "/x"}`: "params.data", `{"data": "/x", "labels": "a/../../y"}`: "params.labels", `{"batch": 0}`: "params.batch", `{"model": ""}`: "params.model",
	} {
		if err := infer.New().Check(json.RawMessage(params)); err == nil || err.Field != field {
			t.Errorf("%s: %v", params, err)
		}
	}
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("no model at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	table := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(table, []byte("1,2,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for params, says := range map[string]string{
		fmt.Sprintf(`{"model": %q}`, broken): "model: ", `{"model": "/nowhere"}`: "/nowhere", `{"model": "job:3"}`: "no input files", `{"data": "x.csv"}`: "no input files", `{"data": "/nowhere"}`: "/nowhere",
		fmt.Sprintf(`{"data": %q}`, table): "samples of 2 numbers, the model takes 784",
	} {
		_, err := infer.New().Run(t.Context(), newEnv(t), json.RawMessage(params))
		f, ok := errors.AsType[*workload.Failure](err)
		if !ok || f.Reason != turno.ReasonSetupFailed || !strings.Contains(f.Message, says) {
			t.Errorf("%s: %v", params, err)
		}
	}
}
