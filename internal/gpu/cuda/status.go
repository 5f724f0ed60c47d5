package cuda

import (
	"turno"
	"turno/internal/gpu/cuda/driver"
)

// status is what a device tells of itself now.
func (o *observer) status(h driver.NVMLDevice) *turno.GPUStatus {
	s := &turno.GPUStatus{At: o.now().UTC()}
	var u driver.Utilisation
	if o.nvml.Utilisation(h, &u) == driver.NVMLSuccess {
		s.Utilisation, s.MemoryBusy = int(u.GPU), int(u.Memory)
	}
	var n uint32
	if o.nvml.Power(h, &n) == driver.NVMLSuccess {
		s.Watts = float64(n) / 1e3
	}
	if o.nvml.PowerLimit(h, &n) == driver.NVMLSuccess {
		s.WattsLimit = float64(n) / 1e3
	}
	if o.nvml.Temperature(h, driver.TemperatureGPU, &n) == driver.NVMLSuccess {
		s.Celsius = int(n)
	}
	if o.nvml.Clock(h, driver.ClockSM, &n) == driver.NVMLSuccess {
		s.ClockMHz = int(n)
	}
	if o.nvml.Clock(h, driver.ClockMemory, &n) == driver.NVMLSuccess {
		s.MemoryClockMHz = int(n)
	}
	var reasons, energy uint64
	if o.nvml.Throttling(h, &reasons) == driver.NVMLSuccess {
		s.Throttled = throttling(reasons)
	}
	if o.nvml.Energy != nil && o.nvml.Energy(h, &energy) == driver.NVMLSuccess {
		s.Joules = float64(energy) / 1e3
	}
	s.XID, s.XIDAt = o.xids[h].XID, o.xids[h].XIDAt
	s.Processes = o.processes(h)
	if o.nvml.Drawing != nil {
		n = 0 // asks how many there are
		if r := o.nvml.Drawing(h, &n, nil); r == driver.NVMLSuccess || r == driver.NVMLInsufficientSize {
			s.Drawing = int(n)
		}
	}
	return s
}

// throttling names the reasons that hold clocks down; that the device is idle,
// or was set to a clock by its owner, is none.
func throttling(reasons uint64) (names []string) {
	for _, r := range []struct {
		bit  uint64
		name string
	}{
		{driver.ThrottlePowerCap, "power cap"}, {driver.ThrottleHardware, "hardware slowdown"}, {driver.ThrottleSyncBoost, "sync boost"},
		{driver.ThrottleThermal, "temperature"}, {driver.ThrottleHWThermal, "temperature (hardware)"}, {driver.ThrottleHWPower, "power brake"},
	} {
		if reasons&r.bit != 0 {
			names = append(names, r.name)
		}
	}
	return names
}

// mostProcesses of a device are listed.
const mostProcesses = 128

func (o *observer) processes(h driver.NVMLDevice) (list []turno.GPUProcess) {
	if o.nvml.Processes == nil {
		return nil
	}
	infos := make([]driver.ProcessInfo, mostProcesses)
	count := uint32(len(infos))
	if r := o.nvml.Processes(h, &count, infos); r != driver.NVMLSuccess && r != driver.NVMLInsufficientSize {
		return nil
	}
	for _, p := range infos[:min(int(count), len(infos))] {
		memory := int64(0)
		if p.Memory != driver.NotAvailable {
			memory = int64(p.Memory)
		}
		list = append(list, turno.GPUProcess{PID: int(p.PID), Memory: memory})
	}
	return list
}

// watchXIDs asks for the critical errors of every device that can tell them.
func (o *observer) watchXIDs() {
	var count uint32
	if o.nvml.EventWait == nil || o.nvml.Count(&count) != driver.NVMLSuccess || count == 0 || o.nvml.EventSetCreate(&o.events) != driver.NVMLSuccess {
		o.events = 0
		return
	}
	for i := range count {
		var h driver.NVMLDevice
		if o.nvml.Handle(i, &h) == driver.NVMLSuccess {
			o.nvml.RegisterEvents(h, driver.EventXID, o.events) // some devices have none
		}
	}
}

// takeXIDs takes those that have come, at most a hundred at a time.
func (o *observer) takeXIDs() {
	for range 100 {
		var e driver.EventData
		if o.events == 0 || o.nvml.EventWait(o.events, &e, 0) != driver.NVMLSuccess {
			return
		}
		if broken[o.xids[e.Device].XID] == "" { // one that lasts is not followed by another that matters
			o.xids[e.Device] = turno.GPUStatus{XID: int(e.Data), XIDAt: o.now().UTC()}
		}
	}
}
