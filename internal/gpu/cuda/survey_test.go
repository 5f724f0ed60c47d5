package cuda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"turno"
	"turno/internal/gpu/cuda/driver"
)

// machine is an NVML of two GPUs, of which the second by number is the first by
// address and is in MIG mode with two instances, in the first and third place.
func machine() *driver.NVML {
	const ok = driver.NVMLSuccess
	text := func(into []byte, s string) driver.NVMLResult { copy(into, s+"\x00"); return ok }
	number := func(v uint32) func(driver.NVMLDevice, *uint32) driver.NVMLResult {
		return func(_ driver.NVMLDevice, into *uint32) driver.NVMLResult { *into = v; return ok }
	}
	xids := []uint64{31, 79}
	return &driver.NVML{
		Init: func() driver.NVMLResult { return ok }, Shutdown: func() driver.NVMLResult { return ok },
		DriverVersion: func(v []byte, _ uint32) driver.NVMLResult { return text(v, "580.1") },
		Count:         func(n *uint32) driver.NVMLResult { *n = 2; return ok },
		Handle:        func(i uint32, h *driver.NVMLDevice) driver.NVMLResult { *h = driver.NVMLDevice(i + 1); return ok },
		Name: func(h driver.NVMLDevice, v []byte, _ uint32) driver.NVMLResult {
			return text(v, map[driver.NVMLDevice]string{1: "NVIDIA A", 2: "NVIDIA B", 20: "NVIDIA B MIG 1g", 22: "NVIDIA B MIG 2g"}[h])
		},
		UUID: func(h driver.NVMLDevice, v []byte, _ uint32) driver.NVMLResult {
			return text(v, map[driver.NVMLDevice]string{1: "GPU-1", 2: "GPU-2", 20: "MIG-20", 22: "MIG-22"}[h])
		},
		PCI: func(h driver.NVMLDevice, p *driver.PCIInfo) driver.NVMLResult {
			return text(p.ID[:], map[driver.NVMLDevice]string{1: "00000000:81:00.0", 2: "00000000:3B:00.0"}[h])
		},
		Memory: func(h driver.NVMLDevice, m *driver.MemoryInfo) driver.NVMLResult {
			*m = driver.MemoryInfo{Total: uint64(h) << 30, Used: 7}
			return ok
		},
		Capability: func(_ driver.NVMLDevice, a, b *int32) driver.NVMLResult { *a, *b = 9, 0; return ok },
		Utilisation: func(_ driver.NVMLDevice, u *driver.Utilisation) driver.NVMLResult {
			*u = driver.Utilisation{GPU: 93, Memory: 12}
			return ok
		},
		Power: number(123_400), PowerLimit: number(700_000),
		Temperature: func(_ driver.NVMLDevice, _ int32, v *uint32) driver.NVMLResult { *v = 66; return ok },
		Clock: func(_ driver.NVMLDevice, kind int32, v *uint32) driver.NVMLResult {
			*v = uint32(1000 * kind)
			return ok
		},
		Throttling: func(_ driver.NVMLDevice, v *uint64) driver.NVMLResult {
			*v = driver.ThrottleIdle | driver.ThrottlePowerCap
			return ok
		},
		Energy: func(driver.NVMLDevice, *uint64) driver.NVMLResult { return driver.NVMLNotSupported },
		Processes: func(h driver.NVMLDevice, n *uint32, p []driver.ProcessInfo) driver.NVMLResult {
			*n = 1
			p[0] = driver.ProcessInfo{PID: uint32(h) * 100, Memory: driver.NotAvailable}
			return ok
		},
		Drawing: func(h driver.NVMLDevice, n *uint32, _ []driver.ProcessInfo) driver.NVMLResult {
			if *n = uint32(h) - 1; *n > 0 {
				return driver.NVMLInsufficientSize // as it tells how many there are
			}
			return ok
		},
		MIGMode: func(h driver.NVMLDevice, a, _ *uint32) driver.NVMLResult {
			if h == 1 {
				return driver.NVMLNotSupported
			}
			*a = 1
			return ok
		},
		MIGCount: number(3),
		MIG: func(_ driver.NVMLDevice, i uint32, h *driver.NVMLDevice) driver.NVMLResult {
			*h = driver.NVMLDevice(20 + i)
			if i == 1 {
				return driver.NVMLNotFound
			}
			return ok
		},
		EventSetCreate: func(s *uintptr) driver.NVMLResult { *s = 5; return ok },
		RegisterEvents: func(driver.NVMLDevice, uint64, uintptr) driver.NVMLResult { return ok },
		EventSetFree:   func(uintptr) driver.NVMLResult { return ok },
		EventWait: func(_ uintptr, e *driver.EventData, _ uint32) driver.NVMLResult {
			if len(xids) == 0 {
				return driver.NVMLTimeout
			}
			*e = driver.EventData{Device: 1, Kind: driver.EventXID, Data: xids[0]}
			xids = xids[1:]
			return ok
		},
	}
}

func TestSurvey_DevicesAndInstances(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	o, err := newObserver(func() (*driver.NVML, error) { return machine(), nil }, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	status := func(h int, mig bool) *turno.GPUStatus {
		s := &turno.GPUStatus{At: at, Utilisation: 93, MemoryBusy: 12, MemoryUsed: 7, Watts: 123.4, WattsLimit: 700, Celsius: 66, ClockMHz: 1000, MemoryClockMHz: 2000,
			Throttled: []string{"power cap"}, Processes: []turno.GPUProcess{{PID: h * 100}}}
		if mig {
			s.Utilisation, s.MemoryBusy, s.Drawing = 0, 0, 1
		}
		return s
	}
	last := status(1, false)
	last.XID, last.XIDAt = 79, at
	want := Survey{Devices: []turno.GPU{
		{Index: 0, UUID: "MIG-20", Model: "NVIDIA B MIG 1g", Memory: 20 << 30, PCI: "00000000:3b:00.0", Capability: "9.0", Driver: "580.1", MIG: true, Status: status(20, true)},
		{Index: 0, UUID: "MIG-22", Model: "NVIDIA B MIG 2g", Memory: 22 << 30, PCI: "00000000:3b:00.0", Capability: "9.0", Driver: "580.1", MIG: true, Status: status(22, true)},
		{Index: 1, UUID: "GPU-1", Model: "NVIDIA A", Memory: 1 << 30, PCI: "00000000:81:00.0", Capability: "9.0", Driver: "580.1", Status: last},
	}}
	if diff := cmp.Diff(want, o.look()); diff != "" {
		t.Error(diff)
	}
}

func TestSurvey_ADeviceIsLost(t *testing.T) {
	t.Parallel()
	n := machine()
	whole := n.Handle
	n.Handle = func(i uint32, h *driver.NVMLDevice) driver.NVMLResult {
		if i == 1 {
			return driver.NVMLLost
		}
		return whole(i, h)
	}
	o, err := newObserver(func() (*driver.NVML, error) { return n, nil }, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s := o.look()
	if len(s.Devices) != 1 || s.Devices[0].UUID != "GPU-1" || s.Why != "device 1: handle: the GPU has fallen off the bus (NVML error 15)" {
		t.Errorf("%+v", s)
	}
}

func TestWatch_WithoutADriver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		open func() (*driver.NVML, error)
		why  string
	}{
		"no library": {func() (*driver.NVML, error) { return nil, &driver.Absent{Reason: "NVML is not on this machine"} }, "NVML is not on this machine"},
		"other version": {func() (*driver.NVML, error) {
			n := machine()
			n.Init = func() driver.NVMLResult { return driver.NVMLVersionMismatch }
			return n, nil
		}, "reboot"},
		"no device": {func() (*driver.NVML, error) {
			n := machine()
			n.Count = func(c *uint32) driver.NVMLResult { *c = 0; return driver.NVMLSuccess }
			return n, nil
		}, "has no device"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := Watch(t.Context(), c.open, &out, 0); err != nil {
				t.Fatal(err)
			}
			var s Survey
			if err := json.Unmarshal(out.Bytes(), &s); err != nil || s.Devices == nil || len(s.Devices) > 0 || !strings.Contains(s.Why, c.why) {
				t.Errorf("%s, %v", out.Bytes(), err)
			}
		})
	}
}

func TestInventory_AsksAChild(t *testing.T) {
	t.Parallel()
	there := func() error { return nil }
	for name, c := range map[string]struct {
		command []string
		present func() error
		devices int
		why     string
	}{
		"no driver":   {[]string{"/nonexistent"}, func() error { return errors.New("no driver") }, 0, "no driver"},
		"one device":  {[]string{"/bin/sh", "-c", `echo '{"devices":[{"index":0,"uuid":"GPU-1"}]}'`}, there, 1, ""},
		"child fails": {[]string{"/bin/sh", "-c", "echo broken >&2; exit 3"}, there, 0, "exit status 3: broken"},
		"nonsense":    {[]string{"/bin/sh", "-c", "echo hello"}, there, 0, "invalid character"},
		"no child":    {[]string{"/nonexistent"}, there, 0, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inv := NewInventory(c.command, nil)
			inv.present = c.present
			devices, err := inv.Devices(t.Context())
			if err != nil || len(devices) != c.devices || !strings.Contains(inv.Why(), c.why) {
				t.Errorf("%v, %v, %s", devices, err, inv.Why())
			}
		})
	}
}

// TestInventory_Watch: surveys come as the child writes them, and none when it
// has ended.
func TestInventory_Watch(t *testing.T) {
	t.Parallel()
	inv := NewInventory(nil, []string{"/bin/sh", "-c", `echo '{"devices":[{"index":0,"uuid":"GPU-1"}]}'; echo '{"devices":[{"index":0,"uuid":"GPU-2"}]}'`})
	ctx, cancel := context.WithCancel(t.Context())
	var seen []string
	inv.Watch(ctx, func(list []turno.GPU) {
		if len(list) == 0 {
			cancel()
			return
		}
		seen = append(seen, list[0].UUID)
	})
	if diff := cmp.Diff([]string{"GPU-1", "GPU-2"}, seen); diff != "" {
		t.Error(diff)
	}
}
