package worker

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"turno"
	"turno/internal/core/hold"
	"turno/internal/role/worker/child"
	"turno/internal/wire"
)

// Machine describes where this worker runs.
func (r *Role) Machine(ctx context.Context) (turno.Machine, error) {
	host, err := os.Hostname()
	if err != nil {
		return turno.Machine{}, fmt.Errorf("find the host's name: %w", err)
	}
	devices, err := r.o.GPUs.Devices(ctx)
	if err != nil {
		return turno.Machine{}, fmt.Errorf("look for GPUs: %w", err)
	}
	r.gpus = devices
	m := turno.Machine{
		Hostname: host, Version: r.o.Version, OS: runtime.GOOS, Arch: runtime.GOARCH,
		CPUModel: procField("/proc/cpuinfo", "model name"), BootID: bootID(),
		// GOMAXPROCS knows of a container's CPU limit.
		CPUs: turno.MilliCPU(runtime.GOMAXPROCS(0)) * turno.CPU, Memory: totalMemory(),
		GPUs: devices, Isolation: child.Probe().String() + r.o.RunAs.String(), Messages: wire.Speaks,
	}
	if r.o.CPUs > 0 {
		m.CPUs = r.o.CPUs
	}
	if r.o.Memory > 0 {
		m.Memory = r.o.Memory
	}
	empty := false // a device that nothing can compute on
	for _, d := range devices {
		m.Simulated = m.Simulated || d.Simulated
		empty = empty || d.Simulated && d.Driver == ""
	}
	for _, o := range r.o.Offers {
		if on := offered(o, empty); len(on) > 0 {
			m.Offers = append(m.Offers, turno.Offer{Type: o.Type, Devices: on})
		}
	}
	for _, e := range r.o.Engines {
		m.Runners = append(m.Runners, turno.Runner{Engine: e.Name, State: turno.RunnerStarting, Mode: e.Mode})
	}
	return m, nil
}

// observed takes how the devices are; the next Report tells it. Which there are
// stays as it was at the start.
func (r *Role) observed(list []turno.GPU) error {
	m := r.machine
	m.GPUs = slices.Clone(m.GPUs)
	for i := range m.GPUs {
		at := slices.IndexFunc(list, func(g turno.GPU) bool { return g.UUID == m.GPUs[i].UUID })
		m.GPUs[i].Status = nil // it has gone, or cannot be asked
		if at >= 0 {
			m.GPUs[i].Status = list[at].Status
		}
	}
	r.watchUse(m.GPUs)
	r.machine = m
	if err := r.encoder.SetMachine(m); err != nil {
		return fmt.Errorf("describe this machine: %w", err)
	}
	return nil
}

// offered leaves out real computing on simulated devices without a driver: only
// noop and commands may be given one.
func offered(o Offer, empty bool) []turno.Device {
	if !empty || o.Class != ClassCompute {
		return o.Devices
	}
	return slices.DeleteFunc(slices.Clone(o.Devices), func(d turno.Device) bool { return d == turno.DeviceGPU })
}

// procField reads one field of a file of lines "name : value".
func procField(path, name string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		k, v, ok := strings.Cut(lines.Text(), ":")
		if ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// unknownMemory is what a machine is taken to have when it does not say.
const unknownMemory = 8 << 30

// totalMemory is the machine's, or its container's limit if that is less.
func totalMemory() int64 {
	total := int64(unknownMemory)
	if kib, err := strconv.ParseInt(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal"), " kB"), 10, 64); err == nil {
		total = kib << 10
	}
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64); err == nil && limit > 0 && limit < total {
			total = limit
		}
	}
	return total
}

func bootID() string {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// moment is what the machine's clocks show when the loop's shows now.
func moment(now time.Time) hold.Moment {
	m := hold.Moment{Now: now}
	data, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return m // not Linux: the wall clock must do
	}
	seconds, _, _ := strings.Cut(string(data), " ")
	if up, err := time.ParseDuration(seconds + "s"); err == nil {
		m.Up, m.Boot = up, bootID()
	}
	return m
}
