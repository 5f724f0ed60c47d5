// Package model is a trained net in a file: its shape, weights, how inputs are
// scaled, the names of its classes, and how far its training is. The format is
// safetensors; the names and shapes of the weights are those that PyTorch's
// Linear and Conv2d expect:
//
//	conv1.weight [out, in, 3, 3]  conv1.bias [out]  …   padding 1, then ReLU, then 2 by 2 max-pooling
//	fc1.weight   [out, in]        fc1.bias   [out]  …   ReLU after each but the last; the last gives the logits
//	input.mean   [inputs]         input.scale [inputs]  samples are (x - mean) * scale
//	optimiser.first.<weight>, optimiser.second.<weight>  SGD's velocity, or Adam's two means
//
// Metadata, all as JSON but for format: format (turno.model.1), config (an
// nn.Config), classes (names, or absent), training (the trainer's own).
package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"turno/internal/workload/nn"
	"turno/internal/workload/safetensors"
)

// FileName is what a trainer calls the file in its output folder.
const FileName = "model.safetensors"

const format = "turno.model.1"

// Model is what a file holds.
type Model struct {
	Config      nn.Config
	Names       []string // of the classes; nil: they are numbers
	Mean, Scale []float32
	Weights     []float32 // of all Config.Tensors, one after the other
	// First and Second are an optimiser's state in the places of Weights; nil: none.
	First, Second []float32
	Training      json.RawMessage // the trainer's own; nil: none
}

// maxFile is far above the largest net that nn allows with its state.
const maxFile = 2 << 30

// Load reads a file.
func Load(path string) (*Model, error) {
	data, err := Read(path)
	if err != nil {
		return nil, err
	}
	m, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Read is the file as bytes, for Decode.
func Read(path string) ([]byte, error) {
	// Asked before it is opened: opening a pipe would wait for its writer.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("%s: not a regular file of at most %d bytes", path, maxFile)
	}
	return os.ReadFile(path)
}

// Decode reads a file that is in memory.
func Decode(data []byte) (*Model, error) {
	f, err := safetensors.Decode(data)
	if err != nil {
		return nil, err
	}
	if got := f.Metadata["format"]; got != format {
		return nil, fmt.Errorf("its format is %.40q, not %s: it was not written by turno's train", got, format)
	}
	m := &Model{}
	if err := json.Unmarshal([]byte(f.Metadata["config"]), &m.Config); err != nil {
		return nil, fmt.Errorf("its config: %w", err)
	}
	if err := m.Config.Check(); err != nil {
		return nil, fmt.Errorf("its config: %w", err)
	}
	if text, ok := f.Metadata["classes"]; ok {
		if err := json.Unmarshal([]byte(text), &m.Names); err != nil {
			return nil, fmt.Errorf("its classes: %w", err)
		}
		if len(m.Names) != m.Config.Classes {
			return nil, fmt.Errorf("names of %d classes for %d", len(m.Names), m.Config.Classes)
		}
	}
	if text, ok := f.Metadata["training"]; ok {
		if m.Training = json.RawMessage(text); !json.Valid(m.Training) {
			return nil, errors.New("its training is no JSON")
		}
	}
	return m, m.take(f)
}

// take finds the tensors; each must have its shape, be finite, and be known.
func (m *Model) take(f *safetensors.File) error {
	known := map[string]bool{}
	find := func(name string, shape []int) ([]float32, error) {
		t := f.Find(name)
		if t == nil {
			return nil, fmt.Errorf("the tensor %s is missing", name)
		}
		if !slices.Equal(t.Shape, shape) {
			return nil, fmt.Errorf("the tensor %s has the shape %d, not %d", name, t.Shape, shape)
		}
		for _, v := range t.Data {
			if v != v || math.IsInf(float64(v), 0) {
				return nil, fmt.Errorf("the tensor %s holds %v", name, v)
			}
		}
		known[name] = true
		return t.Data, nil
	}
	var err error
	inputs := []int{m.Config.Inputs()}
	if m.Mean, err = find("input.mean", inputs); err != nil {
		return err
	}
	if m.Scale, err = find("input.scale", inputs); err != nil {
		return err
	}
	for _, part := range []struct {
		prefix string
		into   *[]float32
	}{{"", &m.Weights}, {optimiserFirst, &m.First}, {optimiserSecond, &m.Second}} {
		tensors := m.Config.Tensors()
		if part.prefix != "" && f.Find(part.prefix+tensors[0].Name) == nil {
			continue
		}
		for _, t := range tensors {
			values, err := find(part.prefix+t.Name, t.Shape)
			if err != nil {
				return err
			}
			*part.into = append(*part.into, values...)
		}
	}
	for _, t := range f.Tensors {
		if !known[t.Name] {
			return fmt.Errorf("the tensor %.80q is not one of a net of this shape", t.Name)
		}
	}
	return nil
}

const (
	optimiserFirst  = "optimiser.first."
	optimiserSecond = "optimiser.second."
)

// Encode is the file as bytes; the same model gives the same ones.
func (m *Model) Encode() []byte {
	config, err := json.Marshal(m.Config)
	if err != nil {
		panic("model: " + err.Error())
	}
	f := safetensors.File{Metadata: map[string]string{"format": format, "config": string(config)}}
	if m.Names != nil {
		names, err := json.Marshal(m.Names)
		if err != nil {
			panic("model: " + err.Error())
		}
		f.Metadata["classes"] = string(names)
	}
	if m.Training != nil {
		f.Metadata["training"] = string(m.Training)
	}
	inputs := []int{m.Config.Inputs()}
	f.Tensors = []safetensors.Tensor{{Name: "input.mean", Shape: inputs, Data: m.Mean}, {Name: "input.scale", Shape: inputs, Data: m.Scale}}
	for _, part := range []struct {
		prefix string
		from   []float32
	}{{"", m.Weights}, {optimiserFirst, m.First}, {optimiserSecond, m.Second}} {
		at := 0
		for _, t := range m.Config.Tensors() {
			if part.from == nil {
				break
			}
			f.Tensors = append(f.Tensors, safetensors.Tensor{Name: part.prefix + t.Name, Shape: t.Shape, Data: part.from[at : at+t.Len()]})
			at += t.Len()
		}
	}
	return f.Encode()
}

// Save writes the file so that a crash leaves the old one or the new one: into
// a temporary file beside it, synced, then renamed. It returns the bytes.
func (m *Model) Save(path string) ([]byte, error) {
	data := m.Encode()
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, err
	}
	_, err = temporary.Write(data)
	if err == nil {
		err = temporary.Sync()
	}
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(temporary.Name()))
	}
	syncFolder(filepath.Dir(path))
	return data, nil
}

// syncFolder makes the rename outlive a power cut, where the system can.
func syncFolder(dir string) {
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync() // Windows cannot
		f.Close()
	}
}

// Summary is the shape in words, such as "conv 16-32, dense 128, 10 classes".
func (m *Model) Summary() string { return Summary(m.Config) }

// Summary of a shape.
func Summary(c nn.Config) string {
	join := func(list []int) string {
		var b strings.Builder
		for i, n := range list {
			if i > 0 {
				b.WriteByte('-')
			}
			fmt.Fprint(&b, n)
		}
		return b.String()
	}
	var parts []string
	if len(c.Channels) > 0 {
		parts = append(parts, "conv "+join(c.Channels))
	}
	if len(c.Hidden) > 0 {
		parts = append(parts, "dense "+join(c.Hidden))
	}
	return strings.Join(append(parts, fmt.Sprintf("%d classes", c.Classes)), ", ")
}

// Net is the model ready to compute, for batches of that size.
func (m *Model) Net(batch, threads int) *nn.Net {
	n := nn.New(m.Config, batch, threads)
	copy(n.Weights, m.Weights)
	return n
}
