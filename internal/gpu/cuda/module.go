package cuda

import (
	"errors"

	"turno/internal/gpu/cuda/driver"
)

// Module is loaded code, with the functions that were asked for.
type Module struct {
	device    *Device
	handle    driver.Module
	functions map[string]*Function
}

// Function is a kernel.
type Function struct {
	name   string
	handle driver.Function
}

// Module loads PTX or a cubin once for the device's life, by its name.
func (s *Session) Module(name string, image []byte) (*Module, error) {
	if m := s.modules[name]; m != nil {
		return m, nil
	}
	m, err := s.LoadModule(image)
	if err != nil {
		return nil, err
	}
	s.modules[name] = m
	return m, nil
}

// LoadModule loads code for this session alone: Unload it.
func (s *Session) LoadModule(image []byte) (*Module, error) {
	m := &Module{device: s.Device, functions: map[string]*Function{}}
	var log string
	if err := s.check("cuModuleLoadDataEx", s.api.ModuleLoad(&m.handle, image, &log)); err != nil {
		if e, ok := errors.AsType[*driver.Error](err); ok {
			e.Detail = log
		}
		return nil, err
	}
	return m, nil
}

// Unload gives a module back. It waits for the device.
func (s *Session) Unload(m *Module) error {
	return s.check("cuModuleUnload", s.api.ModuleUnload(m.handle))
}

// Function finds a kernel in a module.
func (s *Session) Function(m *Module, name string) (*Function, error) {
	if f := m.functions[name]; f != nil {
		return f, nil
	}
	f := &Function{name: name}
	if err := s.check("cuModuleGetFunction", s.api.ModuleGetFunction(&f.handle, m.handle, name)); err != nil {
		return nil, err
	}
	m.functions[name] = f
	return f, nil
}

// AllowShared raises the dynamic shared memory that a kernel may be launched
// with above 48 KiB.
func (s *Session) AllowShared(f *Function, bytes int) error {
	if s.api.FuncSetAttribute == nil {
		return driver.Check("cuFuncSetAttribute", driver.InvalidValue)
	}
	return s.check("cuFuncSetAttribute", s.api.FuncSetAttribute(f.handle, driver.FuncMaxDynamicShared, int32(bytes)))
}

// FunctionInfo is what the compiler made of a kernel.
type FunctionInfo struct {
	Registers  int `json:"registers"`    // of a thread
	Shared     int `json:"shared_bytes"` // static, of a block
	Local      int `json:"local_bytes"`  // spills and arrays, of a thread
	MaxThreads int `json:"max_threads_per_block"`
}

// Describe asks the driver about a kernel.
func (s *Session) Describe(f *Function) (FunctionInfo, error) {
	var info FunctionInfo
	for _, a := range []struct {
		attribute int32
		into      *int
	}{{driver.FuncRegisters, &info.Registers}, {driver.FuncSharedSize, &info.Shared}, {driver.FuncLocalSize, &info.Local}, {driver.FuncMaxThreadsPerBlock, &info.MaxThreads}} {
		var value int32
		if err := s.check("cuFuncGetAttribute", s.api.FuncGetAttribute(&value, a.attribute, f.handle)); err != nil {
			return info, err
		}
		*a.into = int(value)
	}
	return info, nil
}
