package drivertest

import (
	"bytes"
	"regexp"
	"strconv"

	"turno/internal/gpu/cuda/driver"
)

var (
	ptxTarget = regexp.MustCompile(`(?m)^\.target sm_(\d+)`)
	ptxEntry  = regexp.MustCompile(`(?s)\.visible \.entry (\w+)\((.*?)\)`)
	ptxParam  = regexp.MustCompile(`\.param (?:\.align (\d+) )?\.[a-z](\d+) \w+(?:\[(\d+)\])?`)
)

// entries of a module and the bytes of their packed arguments, as PTX has them
// (PTX ISA, "Kernel function parameters").
func entries(ptx []byte) map[string]int {
	found := map[string]int{}
	for _, e := range ptxEntry.FindAllSubmatch(ptx, -1) {
		offset := 0
		for _, p := range ptxParam.FindAllSubmatch(e[2], -1) {
			bits, _ := strconv.Atoi(string(p[2]))
			size, align := bits/8, bits/8
			if n, err := strconv.Atoi(string(p[3])); err == nil {
				size *= n
			}
			if n, err := strconv.Atoi(string(p[1])); err == nil {
				align = n
			}
			offset = (offset+align-1)/align*align + size
		}
		found[string(e[1])] = offset
	}
	return found
}

func (f *Fake) code(c *driver.CUDA) {
	c.ModuleLoad = func(m *driver.Module, image []byte, log *string) driver.Result {
		defer f.mu.Unlock()
		if r := f.within("ModuleLoad"); r != driver.Success {
			return r
		}
		target := ptxTarget.FindSubmatch(image)
		if bytes.HasPrefix(image, []byte("\x7fELF")) || target == nil {
			*log = "SIMULATED: no PTX"
			return driver.InvalidImage
		}
		if sm, _ := strconv.Atoi(string(target[1])); sm > 10*f.o.Major+f.o.Minor {
			*log = "SIMULATED: PTX for sm_" + string(target[1])
			return driver.InvalidPTX
		}
		if mark := shimMark.FindSubmatch(image); mark != nil {
			if r := f.start().call(opLoad, words{uint64(len(mark[1]))}, mark[1], nil); r != driver.Success {
				return r
			}
		}
		*m = driver.Module(f.handle())
		f.modules[*m] = entries(image)
		return driver.Success
	}
	c.ModuleUnload = func(m driver.Module) driver.Result {
		defer f.mu.Unlock()
		r := f.within("ModuleUnload")
		delete(f.modules, m)
		return r
	}
	c.ModuleGetFunction = func(fn *driver.Function, m driver.Module, name string) driver.Result {
		defer f.mu.Unlock()
		if r := f.within("ModuleGetFunction"); r != driver.Success {
			return r
		}
		size, ok := f.modules[m][name]
		if !ok {
			return driver.NotFound
		}
		*fn = driver.Function(f.handle())
		f.funcs[*fn] = function{module: m, name: name, bytes: size, shared: 48 << 10}
		return driver.Success
	}
	c.FuncGetAttribute = func(v *int32, a int32, _ driver.Function) driver.Result {
		*v = map[int32]int32{driver.FuncRegisters: 32, driver.FuncMaxThreadsPerBlock: 1024}[a]
		return driver.Success
	}
	c.FuncSetAttribute = func(fn driver.Function, a, v int32) driver.Result {
		defer f.mu.Unlock()
		r := f.within("FuncSetAttribute")
		if x, ok := f.funcs[fn]; ok && a == driver.FuncMaxDynamicShared {
			x.shared = v
			f.funcs[fn] = x
		}
		return r
	}
	c.LaunchKernel = f.launch
}

func (f *Fake) launch(fn driver.Function, l driver.Launch, arguments []byte) driver.Result {
	f.mu.Lock()
	x, known := f.funcs[fn]
	lazy := false
	if known && !x.loaded {
		lazy = f.streams[l.Stream] != nil && f.streams[l.Stream].capturing
		x.loaded = true
		f.funcs[fn] = x
	}
	f.mu.Unlock()
	arguments = bytes.Clone(arguments) // the driver copies them at the call
	bad := driver.Success
	r := f.submit("LaunchKernel "+x.name, l.Stream, func() driver.Result {
		if do := f.o.Kernels[x.name]; do != nil {
			return do(f, l, arguments)
		}
		return f.start().launch(x.name, l, arguments)
	}, func() {
		threads := l.Block[0] * l.Block[1] * l.Block[2]
		switch {
		case !known:
			bad = 400
		case lazy:
			f.t.Errorf("drivertest: %s is launched for the first time within a capture", x.name)
			bad = 900 // CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
		case len(arguments) != x.bytes:
			f.t.Errorf("drivertest: %s takes %d bytes of arguments and got %d", x.name, x.bytes, len(arguments))
			bad = driver.InvalidValue
		case threads == 0 || threads > 1024 || l.Grid[0]*l.Grid[1]*l.Grid[2] == 0 || l.Grid[1] > 65535 || l.Grid[2] > 65535, l.Shared > uint32(x.shared):
			f.t.Errorf("drivertest: %s: launch of %+v", x.name, l)
			bad = driver.InvalidValue
		}
	})
	if bad != driver.Success {
		return bad
	}
	return r
}
