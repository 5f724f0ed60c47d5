package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"strings"
	"testing"
)

func file(header string, numbers ...byte) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), numbers...)
}

func TestDecode_ReadsWhatEncodeWrote(t *testing.T) {
	t.Parallel()
	want := &File{
		Metadata: map[string]string{"epoch": "3", "text": "a \"quoted\" line\nand ü"},
		Tensors: []Tensor{
			{"fc1.weight", []int{2, 3}, []float32{1, -2, 3.5, float32(math.Inf(1)), 0, 1e-42}},
			{"scalar", []int{}, []float32{7}},
			{"none", []int{0, 4}, []float32{}},
		},
	}
	data := want.Encode()
	got, err := Decode(data)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if size := binary.LittleEndian.Uint64(data); size%8 != 0 {
		t.Errorf("a header of %d bytes", size)
	}
	if f := got.Find("scalar"); f == nil || f.Data[0] != 7 || got.Find("x") != nil {
		t.Errorf("found %v", f)
	}
}

func TestDecode_OtherNumbers(t *testing.T) {
	t.Parallel()
	f, err := Decode(file(`{"h":{"dtype":"F16","shape":[6],"data_offsets":[0,12]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[12,14]},"d":{"dtype":"F64","shape":[1],"data_offsets":[14,22]}}`,
		0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x7c, 0xff, 0x7b, 0x00, 0x80, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0, 4, 0x40))
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{1, -2, 0x1p-24, float32(math.Inf(1)), 65504, 0}; !reflect.DeepEqual(f.Tensors[0].Data, want) {
		t.Errorf("F16 %v", f.Tensors[0].Data)
	}
	if f.Tensors[1].Data[0] != 1.5 || f.Tensors[2].Data[0] != 2.5 {
		t.Errorf("BF16 %v, F64 %v", f.Tensors[1].Data, f.Tensors[2].Data)
	}
}

func TestDecode_RefusesHostileFiles(t *testing.T) {
	t.Parallel()
	one := func(shape, offsets string) []byte {
		return file(`{"a":{"dtype":"F32","shape":`+shape+`,"data_offsets":`+offsets+`}}`, 0, 0, 0, 0)
	}
	if _, err := Decode(one("[1]", "[0,4]")); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty":            nil,
		"short":            {1, 2, 3},
		"long header":      file("{}")[:9],
		"huge header":      append(bytes.Repeat([]byte{0xff}, 8), "{}"...),
		"no object":        file(`[]`),
		"not JSON":         file(`{"a":`),
		"text after":       file(`{} x`),
		"empty header":     file(``),
		"null tensor":      file(`{"a":null}`),
		"other type":       file(`{"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]}}`, 0, 0, 0, 0),
		"no offsets":       file(`{"a":{"dtype":"F32","shape":[0]}}`),
		"unknown key":      file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, 0, 0, 0, 0),
		"twice":            file(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`),
		"metadata number":  file(`{"__metadata__":{"a":1}}`),
		"metadata null":    file(`{"__metadata__":null}`),
		"hole":             file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 0, 0, 0, 0, 0, 0, 0, 0),
		"overlap":          file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0),
		"more bytes":       file(`{}`, 1),
		"beyond the end":   one("[2]", "[0,8]"),
		"negative offset":  one("[1]", "[-4,0]"),
		"backwards":        one("[1]", "[4,0]"),
		"wrong size":       one("[3]", "[0,4]"),
		"negative shape":   one("[-1,-1]", "[0,4]"),
		"overflowing":      one("[4294967296,4294967296,1]", "[0,4]"),
		"overflow to none": one("[9223372036854775807,2,0]", "[0,4]"),
		"large number":     one("[1e30]", "[0,4]"),
		"float":            one("[1.5]", "[0,4]"),
		"null shape":       one("null", "[0,4]"),
		"dimensions":       one("[1,1,1,1,1,1,1,1,1]", "[0,4]"),
	} {
		if f, err := Decode(data); err == nil || strings.Contains(err.Error(), "panic") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// FuzzDecode: no panic, and what is read is written and read back alike.
func FuzzDecode(f *testing.F) {
	f.Add((&File{Metadata: map[string]string{"a": "b"}, Tensors: []Tensor{{"x", []int{2}, []float32{1, 2}}}}).Encode())
	f.Add(file(`{"h":{"dtype":"F16","shape":[1,1],"data_offsets":[0,2]}}`, 0, 0x3c))
	f.Add(file(`{"a":{"dtype":"F32","shape":[9223372036854775807,2],"data_offsets":[0,0]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := Decode(data)
		if err != nil {
			return
		}
		text := first.Encode()
		second, err := Decode(text)
		if err != nil || !bytes.Equal(second.Encode(), text) {
			t.Errorf("written and read back: %v", err)
		}
	})
}
