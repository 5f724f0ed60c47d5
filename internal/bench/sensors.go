package bench

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"turno"
	"turno/internal/bench/record"
)

// Sensors tell how the machine is on which jobs run.
type Sensors interface {
	// Read is quick; device says of what.
	Read(device turno.Device) Reading
}

// Reading is what they tell.
type Reading struct {
	Load     string // of the last minute, or unknown
	Throttle string // why the device is slowed down, if it is
	Count    int    // of times that a CPU was slowed down, since the machine's start
	Clock    float64
	Celsius  float64
}

// throttled tells whether the device was slowed down between two readings.
func (r Reading) throttled(after Reading) bool {
	return after.Throttle != "" || r.Throttle != "" || after.Count > r.Count
}

// SensorsOf are this machine's where the worker is on it. The session notes it.
func SensorsOf(w *turno.Worker, began *record.Session) Sensors {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	began.Local = w.Machine.BootID != "" && w.Machine.BootID == strings.TrimSpace(string(boot))
	if !began.Local {
		return Elsewhere{}
	}
	h := &Here{}
	if len(w.Machine.GPUs) > 0 && !w.Machine.Simulated {
		h.Query = NvidiaSMI(w.Machine.GPUs[0].UUID)
	}
	return h
}

// Elsewhere are the sensors of a machine that is not this one.
type Elsewhere struct{}

// Read knows nothing.
func (Elsewhere) Read(turno.Device) Reading { return Reading{Load: "unknown"} }

// Here are this machine's.
type Here struct {
	// Root of /proc and /sys; empty: /.
	Root string
	// Query asks nvidia-smi for a line of values; nil: there is no GPU.
	Query func(fields string) (string, error)
}

// Read reads them.
func (h *Here) Read(device turno.Device) Reading {
	r := Reading{Load: "unknown"}
	if data, err := os.ReadFile(filepath.Join("/", h.Root, "proc/loadavg")); err == nil {
		r.Load, _, _ = strings.Cut(string(data), " ")
	}
	if device == turno.DeviceGPU && h.Query != nil {
		h.gpu(&r)
		return r
	}
	paths, _ := filepath.Glob(filepath.Join("/", h.Root, "sys/devices/system/cpu/cpu*/thermal_throttle/*_throttle_count"))
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil {
			n, _ := strconv.Atoi(strings.TrimSpace(string(data)))
			r.Count += n
		}
	}
	return r
}

// What nvidia-smi calls reasons for lower clocks: bit 0 is an idle GPU, bit 1 an
// application's own clocks, bit 4 a group's; all others slow down what is
// measured (power cap, heat, hardware slow-down).
const harmless = 0x1 | 0x2 | 0x10

func (h *Here) gpu(r *Reading) {
	line, err := h.Query("clocks_throttle_reasons.active,clocks.sm,temperature.gpu")
	fields := strings.Split(line, ",")
	if err != nil || len(fields) != 3 {
		return
	}
	bits, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(fields[0]), "0x"), 16, 64)
	if err == nil && bits&^harmless != 0 {
		r.Throttle = "reasons " + strings.TrimSpace(fields[0])
	}
	r.Clock, _ = strconv.ParseFloat(strings.TrimSpace(fields[1]), 64)
	r.Celsius, _ = strconv.ParseFloat(strings.TrimSpace(fields[2]), 64)
}

// NvidiaSMI asks the program of that name about one GPU; nil: it is not there.
func NvidiaSMI(uuid string) func(fields string) (string, error) {
	path, err := exec.LookPath("nvidia-smi")
	if err != nil || uuid == "" {
		return nil
	}
	return func(fields string) (string, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		out, err := exec.CommandContext(ctx, path, "-i", uuid, "--query-gpu="+fields, "--format=csv,noheader,nounits").Output()
		return strings.TrimSpace(string(out)), err
	}
}
