package model_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"turno"
	"turno/internal/workload"
	"turno/internal/workload/model"
	"turno/internal/workload/nn"
	"turno/internal/workload/safetensors"
)

func sample() *model.Model {
	c := nn.Config{Height: 6, Width: 7, Channels: []int{3}, Hidden: []int{5}, Classes: 4}
	m := &model.Model{Config: c, Names: []string{"a", "b", "c", "d"}, Training: []byte(`{"steps":3}`)}
	r := workload.NewRandom(1, 1)
	fill := func(n int) []float32 {
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(r.Unit(i))
		}
		return values
	}
	m.Mean, m.Scale = fill(c.Inputs()), fill(c.Inputs())
	m.Weights, m.First, m.Second = fill(c.Weights()), fill(c.Weights()), fill(c.Weights())
	return m
}

func TestSave_IsReadBack(t *testing.T) {
	t.Parallel()
	want, dir := sample(), t.TempDir()
	path := filepath.Join(dir, model.FileName)
	for range 2 { // over an old one too
		if _, err := want.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	got, err := model.Load(path)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files are left", len(entries))
	}
	f, err := safetensors.Decode(want.Encode())
	if err != nil {
		t.Fatal(err)
	}
	// What PyTorch's Conv2d and Linear expect.
	for name, shape := range map[string][]int{"conv1.weight": {3, 1, 3, 3}, "conv1.bias": {3}, "fc1.weight": {5, 27}, "fc1.bias": {5}, "fc2.weight": {4, 5}, "fc2.bias": {4}} {
		if tensor := f.Find(name); tensor == nil || !slices.Equal(tensor.Shape, shape) {
			t.Errorf("%s: %+v", name, tensor)
		}
	}
	if _, err := want.Save(filepath.Join(dir, "none", "x")); err == nil {
		t.Error("saved to a folder that is not there")
	}
}

func TestDecode_RefusesOthers(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(f *safetensors.File){
		"format":                func(f *safetensors.File) { f.Metadata["format"] = "pt" },
		"its config":            func(f *safetensors.File) { f.Metadata["config"] = "{" },
		"classes; use":          func(f *safetensors.File) { f.Metadata["config"] = `{"height":1,"width":1,"classes":1}` },
		"names of 1 classes":    func(f *safetensors.File) { f.Metadata["classes"] = `["a"]` },
		"its training":          func(f *safetensors.File) { f.Metadata["training"] = "}" },
		"input.mean is missing": func(f *safetensors.File) { f.Tensors = f.Tensors[1:] },
		"fc2.bias has the shape": func(f *safetensors.File) {
			t := f.Find("fc2.bias")
			t.Shape = []int{2, 2}
		},
		"holds NaN": func(f *safetensors.File) { f.Find("fc1.weight").Data[3] = float32(math.NaN()) },
		"not one of a net": func(f *safetensors.File) {
			f.Tensors = append(f.Tensors, safetensors.Tensor{Name: "x", Shape: []int{0}})
		},
		"optimiser.second.fc2": func(f *safetensors.File) { f.Find("optimiser.second.fc2.bias").Name = "y" },
		"at most 134217728 are": func(f *safetensors.File) {
			f.Metadata["config"] = `{"height":1,"width":1048576,"hidden":[8192],"classes":2}`
		},
	} {
		f, err := safetensors.Decode(sample().Encode())
		if err != nil {
			t.Fatal(err)
		}
		change(f)
		if _, err := model.Decode(f.Encode()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	for _, path := range []string{t.TempDir(), "/nowhere/model"} {
		if _, err := model.Load(path); err == nil {
			t.Errorf("%s was loaded", path)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(sample().Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := model.Decode(data); err == nil && len(m.Weights) != m.Config.Weights() {
			t.Errorf("%d weights", len(m.Weights))
		}
	})
}

func TestCompare_FindsEachWrongLogit(t *testing.T) {
	t.Parallel()
	m := sample()
	const count = 9
	x := make([]float32, count*m.Config.Inputs())
	r := workload.NewRandom(2, 2)
	for i := range x {
		x[i] = float32(r.Unit(i))
	}
	logits := slices.Clone(m.Net(count, 1).Logits(x, count))
	c, err := m.Compare(t.Context(), x, logits, make([]int32, count), 2)
	if err != nil || c.Error > model.Tolerance || c.Samples != count {
		t.Fatal(c, err)
	}
	for i := range logits {
		for _, wrong := range []float32{logits[i] + 0.01, float32(math.NaN())} {
			right := logits[i]
			logits[i] = wrong
			if c, _ := m.Compare(t.Context(), x, logits, nil, 1); c.Error <= model.Tolerance {
				t.Errorf("logit %d: %+v", i, c)
			}
			logits[i] = right
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := m.Compare(ctx, x, logits, nil, 1); !errors.Is(err, why) {
		t.Error(err)
	}
}

func TestTakeFrom(t *testing.T) {
	t.Parallel()
	const job = "job:0192f0c4-1b2c-7d3e-8f40-5a6b7c8d9e0f"
	spec := &turno.Spec{Type: "infer"}
	for _, ref := range []string{"/x", "job:nonsense", "sample", job, job} {
		model.TakeFrom(spec, ref)
	}
	spec.Normalize()
	if want := (turno.File{Path: model.FileName, From: job + "/" + model.FileName}); len(spec.Inputs) != 1 || spec.Inputs[0] != want {
		t.Errorf("%+v", spec.Inputs)
	}
	if len(spec.After) != 1 || spec.After[0] != (turno.Dependency{Job: job[4:], When: turno.AfterOK}) {
		t.Errorf("%v", spec.After)
	}
	if err := spec.Validate(); err != nil {
		t.Error(err)
	}
}
