// Package figures says what ended jobs have in common: how long they waited and
// ran, and how a type's times differ between devices and sizes, with intervals.
// It is pure: jobs go in, figures come out; how intervals are made is of package
// stats, and the same as for benchmarks.
//
// What a pretended GPU did is in no comparison, and what did not verify its
// answer is neither: only a measure of something counts.
package figures

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"turno"
	"turno/internal/stats"
)

// Estimate is of a median: Low to High holds it with probability Confidence,
// which is below 0.95 where there are fewer than six runs. One run has no
// interval: both are its time.
type Estimate struct {
	N          int     `json:"n"`
	Median     float64 `json:"median"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
}

// Spread is how times lie.
type Spread struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
}

// Count is of jobs of one type.
type Count struct {
	Type string `json:"type"`
	Jobs int    `json:"jobs"`
	GPU  int    `json:"gpu" doc:"of them, on a GPU"`
}

// Group is of runs that can be compared: same type, device, engine and size.
type Group struct {
	Type     string       `json:"type"`
	Device   turno.Device `json:"device"`
	Engine   string       `json:"engine,omitempty"`
	Size     float64      `json:"size,omitempty" doc:"what its time grows with; 0: not known"`
	SizeUnit string       `json:"size_unit,omitempty"`
	Kernel   Estimate     `json:"kernel_seconds" doc:"of the computation alone"`
	Total    Estimate     `json:"total_seconds" doc:"from start to end"`
}

// SpeedUp is by how much a GPU was quicker than a CPU at the same.
type SpeedUp struct {
	Type       string  `json:"type"`
	Size       float64 `json:"size,omitempty"`
	SizeUnit   string  `json:"size_unit,omitempty"`
	Ratio      float64 `json:"ratio" doc:"of kernel times: the median over all pairs of a CPU's run and a GPU's"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence" doc:"with which low to high holds it: 0.95, or what so few runs allow"`
	CPURuns    int     `json:"cpu_runs"`
	GPURuns    int     `json:"gpu_runs"`
}

// Statistics of ended jobs.
type Statistics struct {
	Jobs      int       `json:"jobs" doc:"ended jobs that these figures are of: the newest ones"`
	Since     time.Time `json:"since,omitzero" doc:"when the oldest of them was handed in"`
	Simulated int       `json:"simulated" doc:"of them, on pretended GPUs: in no comparison"`
	Wait      Spread    `json:"wait_seconds"`
	Run       Spread    `json:"run_seconds"`
	Types     []Count   `json:"types"`
	Groups    []Group   `json:"groups"`
	SpeedUps  []SpeedUp `json:"speed_ups"`
}

// Sizer says what the time of a type's run grows with, by its parameters.
type Sizer func(typ string, params json.RawMessage) (size float64, unit string)

// Of summarizes jobs. Those that have not ended, and arrays, are left out.
func Of(jobs []turno.Job, size Sizer) Statistics {
	var s Statistics
	var waits, runs []float64
	counts := map[string]*Count{}
	groups := map[groupKey]*samples{}
	for i := range jobs {
		j := &jobs[i]
		if !j.State.Ended() || j.Tasks != nil || j.Spec == nil {
			continue
		}
		s.Jobs++
		if s.Since.IsZero() || j.SubmittedAt.Before(s.Since) {
			s.Since = j.SubmittedAt
		}
		count(counts, j)
		if j.StartedAt.IsZero() {
			continue
		}
		waits = append(waits, max(0, j.StartedAt.Sub(j.SubmittedAt).Seconds()))
		runs = append(runs, max(0, j.EndedAt.Sub(j.StartedAt).Seconds()))
		if j.Result != nil && j.Result.Simulated {
			s.Simulated++
			continue
		}
		measure(groups, j, size)
	}
	s.Wait, s.Run = spread(waits), spread(runs)
	s.Types = listed(counts)
	s.Groups = grouped(groups)
	s.SpeedUps = compared(s.Groups, groups)
	return s
}

func count(counts map[string]*Count, j *turno.Job) {
	c := counts[j.Spec.Type]
	if c == nil {
		c = &Count{Type: j.Spec.Type}
		counts[j.Spec.Type] = c
	}
	c.Jobs++
	if a := j.Current(); a != nil && a.Device == turno.DeviceGPU {
		c.GPU++
	}
}

func listed(counts map[string]*Count) []Count {
	out := make([]Count, 0, len(counts))
	for _, c := range counts {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Jobs, a.Jobs), cmp.Compare(a.Type, b.Type))
	})
	return out
}

type groupKey struct {
	typ, engine, unit string
	device            turno.Device
	size              float64
}

type samples struct{ kernel, total []float64 }

// outcome is what every workload that checks its answer says of its run.
type outcome struct {
	Device   turno.Device `json:"device"`
	Engine   string       `json:"engine"`
	Verified bool         `json:"verified"`
	Repeat   int          `json:"repeat"` // how often the kernel ran
	Phases   []struct {
		Name    string  `json:"name"`
		Seconds float64 `json:"seconds"`
	} `json:"phases"`
}

// measure adds a run that verified its answer.
func measure(groups map[groupKey]*samples, j *turno.Job, size Sizer) {
	if j.State != turno.Succeeded || j.Result == nil || len(j.Result.Output) == 0 {
		return
	}
	var o outcome
	if json.Unmarshal(j.Result.Output, &o) != nil || !o.Verified {
		return
	}
	kernel, times := 0.0, 0
	for _, p := range o.Phases {
		if p.Name == "kernel" {
			kernel, times = kernel+p.Seconds, times+1
		}
	}
	if times == 0 {
		return
	}
	k := groupKey{typ: j.Spec.Type, engine: o.Engine, device: cmp.Or(o.Device, turno.DeviceCPU)}
	if size != nil {
		k.size, k.unit = size(j.Spec.Type, j.Spec.Params)
	}
	g := groups[k]
	if g == nil {
		g = &samples{}
		groups[k] = g
	}
	g.kernel = append(g.kernel, kernel/float64(max(1, o.Repeat)))
	g.total = append(g.total, max(0, j.EndedAt.Sub(j.StartedAt).Seconds()))
}

func grouped(groups map[groupKey]*samples) []Group {
	out := make([]Group, 0, len(groups))
	for k, g := range groups {
		out = append(out, Group{
			Type: k.typ, Device: k.device, Engine: k.engine, Size: k.size, SizeUnit: k.unit,
			Kernel: estimate(g.kernel), Total: estimate(g.total),
		})
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Engine, b.Engine))
	})
	return out
}

// compared takes the best engine of each device at each size: what a user would
// get. Without GPU runs there is nothing to compare.
func compared(listed []Group, groups map[groupKey]*samples) []SpeedUp {
	type at struct {
		typ, unit string
		size      float64
	}
	best := map[at]map[turno.Device]Group{}
	var order []at
	for _, g := range listed {
		k := at{g.Type, g.SizeUnit, g.Size}
		if best[k] == nil {
			best[k] = map[turno.Device]Group{}
			order = append(order, k)
		}
		if b, ok := best[k][g.Device]; !ok || g.Kernel.Median < b.Kernel.Median {
			best[k][g.Device] = g
		}
	}
	kernel := func(g Group) []float64 {
		return groups[groupKey{g.Type, g.Engine, g.SizeUnit, g.Device, g.Size}].kernel
	}
	out := []SpeedUp{}
	for _, k := range order {
		cpu, gpu := best[k][turno.DeviceCPU], best[k][turno.DeviceGPU]
		if cpu.Kernel.N == 0 || gpu.Kernel.N == 0 || slices.Min(kernel(cpu)) <= 0 || slices.Min(kernel(gpu)) <= 0 {
			continue
		}
		r := stats.Unpaired(kernel(cpu), kernel(gpu), confidence)
		out = append(out, SpeedUp{
			Type: k.typ, Size: k.size, SizeUnit: k.unit, Ratio: r.Value, Low: r.Lo, High: r.Hi, Confidence: min(confidence, r.Confidence),
			CPURuns: cpu.Kernel.N, GPURuns: gpu.Kernel.N,
		})
	}
	return out
}

// confidence of intervals, where there are enough runs.
const confidence = 0.95

func spread(x []float64) Spread {
	if len(x) == 0 {
		return Spread{}
	}
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return Spread{Mean: sum / float64(len(x)), P50: stats.Median(x), P95: stats.Quantile(x, 0.95)}
}

// estimate needs a value.
func estimate(x []float64) Estimate {
	s := stats.Summarize(x, confidence)
	return Estimate{N: s.N, Median: s.Median, Low: s.Lo, High: s.Hi, Confidence: s.Confidence}
}
