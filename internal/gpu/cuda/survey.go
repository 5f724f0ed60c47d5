package cuda

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"turno"
	"turno/internal/gpu/cuda/driver"
)

// Survey is one look at a machine's devices. Without any, Why says why.
type Survey struct {
	Devices []turno.GPU `json:"devices"`
	Why     string      `json:"why,omitempty"`
}

// observer looks at devices by NVML, which shows all of them, whatever
// CUDA_VISIBLE_DEVICES says. One goroutine uses it.
type observer struct {
	nvml   *driver.NVML
	now    func() time.Time
	events uintptr                               // event set for XIDs; 0: none
	xids   map[driver.NVMLDevice]turno.GPUStatus // the last XID of each
	driver string
}

// newObserver's error says in a sentence why there are no devices.
func newObserver(open func() (*driver.NVML, error), now func() time.Time) (*observer, error) {
	nvml, err := open()
	if err != nil {
		return nil, err
	}
	if r := nvml.Init(); r != driver.NVMLSuccess {
		return nil, fmt.Errorf("NVIDIA's management library does not start: %s", r)
	}
	o := &observer{nvml: nvml, now: now, xids: map[driver.NVMLDevice]turno.GPUStatus{}}
	version := make([]byte, driver.VersionLength)
	if nvml.DriverVersion(version, uint32(len(version))) == driver.NVMLSuccess {
		o.driver = driver.Text(version)
	}
	o.watchXIDs()
	return o, nil
}

func (o *observer) close() {
	if o.events != 0 {
		o.nvml.EventSetFree(o.events)
	}
	o.nvml.Shutdown()
}

// look surveys the devices. A device that cannot be looked at is left out, and
// Why says so; one that does not tell some number has 0 there.
func (o *observer) look() Survey {
	var count uint32
	if r := o.nvml.Count(&count); r != driver.NVMLSuccess {
		return Survey{Why: fmt.Sprintf("NVIDIA's management library does not count its devices: %s", r)}
	}
	o.takeXIDs()
	s := Survey{Devices: []turno.GPU{}}
	var why []string
	for i := range count {
		found, err := o.device(i)
		if err != nil {
			why = append(why, fmt.Sprintf("device %d: %v", i, err))
			continue
		}
		s.Devices = append(s.Devices, found...)
	}
	if count == 0 {
		why = append(why, "the NVIDIA driver is loaded and has no device")
	}
	// CUDA_DEVICE_ORDER=PCI_BUS_ID numbers devices in this order.
	slices.SortStableFunc(s.Devices, func(a, b turno.GPU) int { return cmp.Compare(a.PCI, b.PCI) })
	index, last := -1, ""
	for i := range s.Devices {
		if d := &s.Devices[i]; d.PCI != last || !d.MIG {
			index, last = index+1, d.PCI
		}
		s.Devices[i].Index = index
	}
	s.Why = strings.Join(why, "; ")
	return s
}

// device is one GPU, or its MIG instances.
func (o *observer) device(index uint32) ([]turno.GPU, error) {
	var h driver.NVMLDevice
	if err := nvmlError("handle", o.nvml.Handle(index, &h)); err != nil {
		return nil, err
	}
	g, err := o.describe(h)
	if err != nil {
		return nil, err
	}
	instances, err := o.instances(h)
	if err != nil {
		return nil, err
	}
	if instances == nil {
		return []turno.GPU{g}, nil
	}
	var list []turno.GPU
	for _, instance := range instances {
		m, err := o.instance(instance, g)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

func (o *observer) describe(h driver.NVMLDevice) (turno.GPU, error) {
	var pci driver.PCIInfo
	var memory driver.MemoryInfo
	var major, minor int32
	name, uuid := make([]byte, driver.NameLength), make([]byte, driver.UUIDLength)
	err := errors.Join(
		nvmlError("name", o.nvml.Name(h, name, uint32(len(name)))), nvmlError("UUID", o.nvml.UUID(h, uuid, uint32(len(uuid)))),
		nvmlError("PCI address", o.nvml.PCI(h, &pci)), nvmlError("memory", o.nvml.Memory(h, &memory)),
	)
	if err != nil {
		return turno.GPU{}, err
	}
	g := turno.GPU{UUID: driver.Text(uuid), Model: driver.Text(name), Memory: int64(memory.Total), PCI: strings.ToLower(driver.Text(pci.ID[:])), Driver: o.driver}
	g.Simulated = strings.HasPrefix(g.Model, simulated)
	if o.nvml.Capability(h, &major, &minor) == driver.NVMLSuccess {
		g.Capability = fmt.Sprintf("%d.%d", major, minor)
	}
	g.Status = o.status(h)
	g.Status.MemoryUsed = int64(memory.Used)
	return g, nil
}

// instances of a device in MIG mode; nil: it is not in it.
func (o *observer) instances(h driver.NVMLDevice) ([]driver.NVMLDevice, error) {
	if o.nvml.MIGMode == nil {
		return nil, nil
	}
	var current, pending, count uint32
	if r := o.nvml.MIGMode(h, &current, &pending); r != driver.NVMLSuccess || current != 1 {
		return nil, nil // most devices have no such mode
	}
	if err := nvmlError("MIG count", o.nvml.MIGCount(h, &count)); err != nil {
		return nil, err
	}
	list := []driver.NVMLDevice{} // in MIG mode without an instance nothing can run
	for i := range count {
		var instance driver.NVMLDevice
		switch r := o.nvml.MIG(h, i, &instance); r {
		case driver.NVMLSuccess:
			list = append(list, instance)
		case driver.NVMLNotFound: // the places need not be filled from the first on
		default:
			return nil, nvmlError("MIG instance", r)
		}
	}
	return list, nil
}

// instance is a MIG device. Power, clocks and temperature are its GPU's.
func (o *observer) instance(h driver.NVMLDevice, of turno.GPU) (turno.GPU, error) {
	var memory driver.MemoryInfo
	name, uuid := make([]byte, driver.NameLength), make([]byte, driver.UUIDLength)
	err := errors.Join(nvmlError("UUID", o.nvml.UUID(h, uuid, uint32(len(uuid)))), nvmlError("memory", o.nvml.Memory(h, &memory)))
	if err != nil {
		return turno.GPU{}, err
	}
	g := of
	status := *of.Status
	g.MIG, g.UUID, g.Memory, g.Status = true, driver.Text(uuid), int64(memory.Total), &status
	status.MemoryUsed = int64(memory.Used)
	status.Utilisation, status.MemoryBusy = 0, 0 // NVML has none of an instance
	status.Processes = o.processes(h)
	if o.nvml.Name(h, name, uint32(len(name))) == driver.NVMLSuccess {
		g.Model = driver.Text(name) // NVIDIA A100-SXM4-40GB MIG 1g.5gb
	}
	return g, nil
}

// simulated begins the name of a device that a test's driver stands in for: it
// computes, and what it says of its speed and state is made up.
const simulated = "SIMULATED"

func nvmlError(what string, r driver.NVMLResult) error {
	if r == driver.NVMLSuccess {
		return nil
	}
	return fmt.Errorf("%s: %s", what, r)
}
