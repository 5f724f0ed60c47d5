package obs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"turno"
)

// gpuLabels are spelled as NVIDIA's dcgm-exporter does, so that its series and
// these can be joined.
var gpuLabels = []string{"gpu", "UUID", "pci_bus_id", "device", "modelName", "hostname"}

// simulated marks what stands for a device and is none.
const simulated = "SIMULATED"

var (
	gpuDesc     = gauge("turno_gpu_info", "Which device this is; always 1.", append(slices.Clone(gpuLabels), "driver_version")...)
	takenDesc   = gauge("turno_gpu_allocated", "1 if a job has the device.", gpuLabels...)
	badDesc     = gauge("turno_gpu_quarantined", "1 if the device takes no job.", gpuLabels...)
	memDesc     = gauge("turno_gpu_memory_total_bytes", "Memory of the device.", gpuLabels...)
	heldDesc    = gauge("turno_gpu_throttled", "1 for each reason why its clocks are held down.", append(slices.Clone(gpuLabels), "reason")...)
	xidDesc     = gauge("turno_gpu_last_xid", "Number of its last critical error.", gpuLabels...)
	xidTimeDesc = gauge("turno_gpu_last_xid_timestamp_seconds", "When that was.", gpuLabels...)
)

// readings are what a device tells of itself, in base units.
var readings = []struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*turno.GPUStatus) float64
	some bool // 0 is a value; otherwise it is what the device does not tell
}{
	{gauge("turno_gpu_utilization_ratio", "Of the time, in which a kernel ran.", gpuLabels...), prometheus.GaugeValue,
		func(s *turno.GPUStatus) float64 { return float64(s.Utilisation) / 100 }, true},
	{gauge("turno_gpu_memory_utilization_ratio", "Of the time, in which its memory was read or written.", gpuLabels...), prometheus.GaugeValue,
		func(s *turno.GPUStatus) float64 { return float64(s.MemoryBusy) / 100 }, true},
	{gauge("turno_gpu_memory_used_bytes", "With what the driver keeps for itself.", gpuLabels...), prometheus.GaugeValue,
		func(s *turno.GPUStatus) float64 { return float64(s.MemoryUsed) }, true},
	{gauge("turno_gpu_power_watts", "What it draws.", gpuLabels...), prometheus.GaugeValue,
		func(s *turno.GPUStatus) float64 { return s.Watts }, false},
	{gauge("turno_gpu_power_limit_watts", "What it may draw.", gpuLabels...), prometheus.GaugeValue,
		func(s *turno.GPUStatus) float64 { return s.WattsLimit }, false},
	{gauge("turno_gpu_temperature_celsius", "How hot it is.", gpuLabels...), prometheus.GaugeValue,
		func(s *turno.GPUStatus) float64 { return float64(s.Celsius) }, false},
	{gauge("turno_gpu_sm_clock_hertz", "Clock of what computes.", gpuLabels...), prometheus.GaugeValue,
		func(s *turno.GPUStatus) float64 { return float64(s.ClockMHz) * 1e6 }, false},
	{gauge("turno_gpu_memory_clock_hertz", "Clock of its memory.", gpuLabels...), prometheus.GaugeValue,
		func(s *turno.GPUStatus) float64 { return float64(s.MemoryClockMHz) * 1e6 }, false},
	{gauge("turno_gpu_energy_joules_total", "What it has used since its driver was loaded.", gpuLabels...), prometheus.CounterValue,
		func(s *turno.GPUStatus) float64 { return s.Joules }, false},
}

// gpuDescs are all of a device's.
var gpuDescs = func() []*prometheus.Desc {
	out := []*prometheus.Desc{gpuDesc, takenDesc, badDesc, memDesc, heldDesc, xidDesc, xidTimeDesc}
	for _, r := range readings {
		out = append(out, r.desc)
	}
	return out
}()

// identity is a device's labels.
func identity(hostname string, g *turno.GPU) []string {
	labels := []string{fmt.Sprint(g.Index), g.UUID, g.PCI, fmt.Sprintf("nvidia%d", g.Index), g.Model, hostname}
	if g.Simulated {
		labels[3], labels[4] = simulated, simulated+" "+strings.TrimPrefix(g.Model, simulated+" ")
	}
	return labels
}

// device tells of one; how it is at the moment only where that is known.
func device(out chan<- prometheus.Metric, m *turno.Machine, g *turno.GPU, taken bool) {
	labels := identity(m.Hostname, g)
	tell := func(d *prometheus.Desc, value float64, more ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, append(slices.Clone(labels), more...)...)
	}
	tell(gpuDesc, 1, g.Driver)
	tell(takenDesc, one(taken))
	tell(badDesc, one(g.Quarantine != ""))
	tell(memDesc, float64(g.Memory))
	s := g.Status
	if s == nil {
		return
	}
	for _, r := range readings {
		if v := r.of(s); v != 0 || r.some {
			out <- prometheus.MustNewConstMetric(r.desc, r.kind, v, labels...)
		}
	}
	for _, reason := range s.Throttled {
		tell(heldDesc, 1, reason)
	}
	if s.XID != 0 {
		tell(xidDesc, float64(s.XID))
		if !s.XIDAt.IsZero() {
			tell(xidTimeDesc, float64(s.XIDAt.UnixMilli())/1000)
		}
	}
}
