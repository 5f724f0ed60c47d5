package driver

import (
	"bytes"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"unsafe"
)

// library is what was opened: a path, and how to find a symbol in it.
type library struct {
	path   string
	lookup func(name string) uintptr // 0: it has none of that name
	bind   func(field any, address uintptr)
}

// bindAll sets the fields of a struct that have a tag c, those of its raw
// struct too. A missing function that is in no group is an error; a group of
// which one is missing is left out whole.
func (l *library) bindAll(into any) error {
	groups := map[string]bool{} // complete so far
	var optional []bound
	for _, b := range fields(reflect.ValueOf(into).Elem()) {
		address := uintptr(0)
		for name := range strings.SplitSeq(b.names, ",") {
			if address = l.lookup(name); address != 0 {
				break
			}
		}
		switch {
		case b.group == "" && address == 0:
			return &Absent{Library: l.path, Reason: fmt.Sprintf("%s has no function %s: it is too old", l.path, b.names)}
		case b.group == "":
			l.bind(b.field, address)
		default:
			whole, seen := groups[b.group]
			groups[b.group] = address != 0 && (whole || !seen)
			b.address = address
			optional = append(optional, b)
		}
	}
	for _, b := range optional {
		if groups[b.group] {
			l.bind(b.field, b.address)
		}
	}
	return nil
}

type bound struct {
	names, group string
	field        any // pointer to the function
	address      uintptr
}

func fields(v reflect.Value) (list []bound) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type.Kind() == reflect.Struct {
			list = append(list, fields(v.Field(i))...)
		}
		if names, ok := f.Tag.Lookup("c"); ok {
			field := reflect.NewAt(f.Type, unsafe.Pointer(v.Field(i).UnsafeAddr())).Interface() // raw's are unexported
			list = append(list, bound{names: names, group: f.Tag.Get("group"), field: field})
		}
	}
	return list
}

// Options of cuModuleLoadDataEx (cuda.h, CUjit_option).
const (
	jitErrorLog     = 5
	jitErrorLogSize = 6
	jitLogBytes     = 8 << 10
)

// wrap gives the functions that Go's types cannot describe a Go face.
func (c *CUDA) wrap() {
	c.HostAlloc = func(size uint64) ([]byte, Result) {
		var address uintptr
		if r := c.raw.hostAlloc(&address, size, 0); r != Success {
			return nil, r
		}
		return atAddress(address, size), Success
	}
	c.HostFree = func(memory []byte) Result {
		return c.raw.hostFree(uintptr(unsafe.Pointer(unsafe.SliceData(memory))))
	}
	c.ModuleLoad = c.loadModule
	c.LaunchKernel = c.launch
}

// atAddress is memory that is not Go's.
func atAddress(address uintptr, size uint64) []byte {
	// Through a pointer to the variable: vet takes a conversion of an integer
	// for a mistake, which it is for Go's own memory.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), size)
}

func (c *CUDA) loadModule(module *Module, image []byte, log *string) Result {
	if !bytes.HasPrefix(image, []byte("\x7fELF")) && !bytes.HasSuffix(image, []byte{0}) {
		image = append(image[:len(image):len(image)], 0) // PTX ends in NUL
	}
	text := make([]byte, jitLogBytes)
	var pin runtime.Pinner // the driver gets its address by way of an integer
	defer pin.Unpin()
	pin.Pin(&text[0])
	// A value is passed as if it were a pointer (cuModuleLoadDataEx).
	values := []uintptr{uintptr(unsafe.Pointer(&text[0])), jitLogBytes}
	r := c.raw.moduleLoad(module, image, 2, []int32{jitErrorLog, jitErrorLogSize}, values)
	runtime.KeepAlive(image)
	if log != nil {
		said, _, _ := bytes.Cut(text, []byte{0})
		*log = strings.TrimSpace(string(said))
	}
	return r
}

// Marks in the list that cuLaunchKernel takes as extra (cuda.h).
const (
	launchEnd    = 0
	launchBuffer = 1
	launchSize   = 2
)

func (c *CUDA) launch(f Function, l Launch, arguments []byte) Result {
	var extra []uintptr
	size := uint64(len(arguments))
	var pin runtime.Pinner
	defer pin.Unpin()
	if size > 0 {
		pin.Pin(&arguments[0])
		pin.Pin(&size)
		extra = []uintptr{launchBuffer, uintptr(unsafe.Pointer(&arguments[0])), launchSize, uintptr(unsafe.Pointer(&size)), launchEnd}
	}
	return c.raw.launchKernel(f, l.Grid[0], l.Grid[1], l.Grid[2], l.Block[0], l.Block[1], l.Block[2], l.Shared, l.Stream, 0, extra)
}

func (n *NVRTC) wrap() {
	n.CompileProgram = func(program uintptr, options []string) NVRTCResult {
		var pin runtime.Pinner
		defer pin.Unpin()
		list := make([]uintptr, len(options))
		for i, o := range options {
			text := append([]byte(o), 0)
			pin.Pin(&text[0])
			list[i] = uintptr(unsafe.Pointer(&text[0]))
		}
		return n.raw.compile(program, int32(len(list)), list)
	}
}

// HasGraphs tells whether launches can be captured and repeated.
func (c *CUDA) HasGraphs() bool { return c.GraphLaunch != nil }

// HasPools tells whether the driver has stream-ordered memory.
func (c *CUDA) HasPools() bool { return c.MemAllocAsync != nil }

// Text is a C string in a buffer.
func Text(buffer []byte) string {
	text, _, _ := bytes.Cut(buffer, []byte{0})
	return string(text)
}

// Bytes is the memory of numbers, as a copy reads and writes it: little endian
// on every machine that has an NVIDIA driver.
func Bytes[T uint8 | uint16 | int32 | uint32 | int64 | uint64 | float32 | float64](numbers []T) []byte {
	if len(numbers) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&numbers[0])), len(numbers)*int(unsafe.Sizeof(numbers[0])))
}
