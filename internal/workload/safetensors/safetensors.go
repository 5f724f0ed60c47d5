// Package safetensors reads and writes files of named tensors in the format
// safetensors (github.com/huggingface/safetensors): eight bytes with the length
// of a header, the header as JSON, the numbers. It reads float32, float64,
// float16 and bfloat16, all as float32, and writes float32.
//
// A file may come from a stranger: what is not exactly the format is an error,
// nothing panics, and no more memory is taken than the file is long, times four
// for its numbers. It knows nothing of nets.
package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// File is what a file holds.
type File struct {
	Metadata map[string]string
	Tensors  []Tensor // in the order of their numbers
}

// Tensor is one of them, row-major.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// Find is the tensor of that name, or nil.
func (f *File) Find(name string) *Tensor {
	for i := range f.Tensors {
		if f.Tensors[i].Name == name {
			return &f.Tensors[i]
		}
	}
	return nil
}

// Bounds of what Decode reads. The reference implementation allows headers of
// 100 MB; no net of turno comes near 1 MiB.
const (
	maxHeader = 8 << 20
	maxDims   = 8
	metadata  = "__metadata__"
)

type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
	name    string
}

// Decode reads a file that is wholly in memory.
func Decode(data []byte) (*File, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("%d bytes are no safetensors file", len(data))
	}
	size := binary.LittleEndian.Uint64(data)
	if size > maxHeader || size > uint64(len(data)-8) {
		return nil, fmt.Errorf("a header of %d bytes in a file of %d; at most %d are allowed", size, len(data), maxHeader)
	}
	header, numbers := data[8:8+size], data[8+size:]
	if len(header) == 0 || header[0] != '{' {
		return nil, errors.New("the header is no JSON object: is it a safetensors file?")
	}
	f := &File{Metadata: map[string]string{}}
	entries, err := f.parse(header)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		if a.Offsets[0] != b.Offsets[0] {
			return int(max(-1, min(1, a.Offsets[0]-b.Offsets[0])))
		}
		return int(max(-1, min(1, a.Offsets[1]-b.Offsets[1])))
	})
	at := int64(0)
	for _, e := range entries {
		if e.Offsets[0] != at || e.Offsets[1] < at || e.Offsets[1] > int64(len(numbers)) {
			return nil, fmt.Errorf("tensor %.80q lies at %d to %d, but the one before ends at %d and the file at %d",
				e.name, e.Offsets[0], e.Offsets[1], at, len(numbers))
		}
		t, err := e.decode(numbers[at:e.Offsets[1]])
		if err != nil {
			return nil, fmt.Errorf("tensor %.80q: %w", e.name, err)
		}
		f.Tensors = append(f.Tensors, t)
		at = e.Offsets[1]
	}
	if at != int64(len(numbers)) {
		return nil, fmt.Errorf("%d bytes follow the last tensor", int64(len(numbers))-at)
	}
	return f, nil
}

// parse reads the header; a name that occurs twice is an error.
func (f *File) parse(header []byte) ([]entry, error) {
	d := json.NewDecoder(bytes.NewReader(header))
	d.DisallowUnknownFields()
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var entries []entry
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok || seen[name] {
			return nil, fmt.Errorf("%.80q occurs twice", name)
		}
		seen[name] = true
		if name == metadata {
			if err := d.Decode(&f.Metadata); err != nil {
				return nil, fmt.Errorf("%s: %w", metadata, err)
			}
			if f.Metadata == nil {
				return nil, fmt.Errorf("%s is null", metadata)
			}
			continue
		}
		e := entry{name: name, Offsets: [2]int64{-1, -1}}
		if err := d.Decode(&e); err != nil {
			return nil, fmt.Errorf("%.80q: %w", name, err)
		}
		entries = append(entries, e)
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("text follows its closing brace")
	}
	return entries, nil
}

// decode checks the shape against the bytes before it takes memory.
func (e *entry) decode(data []byte) (Tensor, error) {
	width, known := map[string]int64{"F64": 8, "F32": 4, "F16": 2, "BF16": 2}[e.DType]
	if !known {
		return Tensor{}, fmt.Errorf("numbers of type %.20q; known are F64, F32, F16 and BF16", e.DType)
	}
	if len(e.Shape) > maxDims || e.Shape == nil {
		return Tensor{}, fmt.Errorf("%d dimensions; use 0 to %d", len(e.Shape), maxDims)
	}
	count, shape := int64(1), []int{}
	for _, d := range e.Shape {
		if d < 0 || d > 0 && count > int64(len(data))/d {
			return Tensor{}, fmt.Errorf("the shape %d does not fit %d bytes", e.Shape, len(data))
		}
		count *= d
		shape = append(shape, int(d))
	}
	if count*width != int64(len(data)) { // count is at most len(data), so this does not overflow
		return Tensor{}, fmt.Errorf("the shape %d of %s does not fit %d bytes", e.Shape, e.DType, len(data))
	}
	values := make([]float32, count)
	for i := range values {
		switch e.DType {
		case "F32":
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		case "F64":
			values[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:])))
		case "BF16":
			values[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(data[2*i:])) << 16)
		default:
			values[i] = half(binary.LittleEndian.Uint16(data[2*i:]))
		}
	}
	return Tensor{Name: e.name, Shape: shape, Data: values}, nil
}

// half is an IEEE 754 binary16.
func half(bits uint16) float32 {
	sign, exponent, fraction := float32(1), int(bits>>10&31), float64(bits&1023)
	if bits>>15 == 1 {
		sign = -1
	}
	switch exponent {
	case 0:
		return sign * float32(math.Ldexp(fraction, -24))
	case 31:
		if fraction != 0 {
			return float32(math.NaN())
		}
		return sign * float32(math.Inf(1))
	}
	return sign * float32(math.Ldexp(1024+fraction, exponent-25))
}

// Encode is the file as bytes: the tensors in their order, the same bytes for
// the same File. It panics if a shape does not fit its numbers.
func (f *File) Encode() []byte {
	header := []byte{'{'}
	put := func(name string, value any) {
		if len(header) > 1 {
			header = append(header, ',')
		}
		key, _ := json.Marshal(name)     // a string is always JSON
		text, err := json.Marshal(value) // maps are written in order
		if err != nil {
			panic(fmt.Sprintf("safetensors: %s: %v", name, err))
		}
		header = append(append(append(header, key...), ':'), text...)
	}
	if len(f.Metadata) > 0 {
		put(metadata, f.Metadata)
	}
	at := 0
	for _, t := range f.Tensors {
		count := 1
		shape := []int64{}
		for _, d := range t.Shape {
			count *= d
			shape = append(shape, int64(d))
		}
		if count != len(t.Data) {
			panic(fmt.Sprintf("safetensors: %s has the shape %d and %d numbers", t.Name, t.Shape, len(t.Data)))
		}
		put(t.Name, entry{DType: "F32", Shape: shape, Offsets: [2]int64{int64(at), int64(at + 4*count)}})
		at += 4 * count
	}
	header = append(header, '}')
	for len(header)%8 != 0 { // so that the numbers are aligned in a mapped file
		header = append(header, ' ')
	}
	out := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+len(header)+at), uint64(len(header)))
	out = append(out, header...)
	for _, t := range f.Tensors {
		for _, v := range t.Data {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
	}
	return out
}
