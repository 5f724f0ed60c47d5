package coretest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"turno"
)

// Totals of a season.
type Totals struct {
	began    time.Time
	attempts int
	terms    int
	faults   map[string]int
	// In seconds, so that a month of many devices fits.
	cpu, gpu, wasted float64
}

func (t *Totals) fault(name string) {
	if t.faults == nil {
		t.faults = map[string]int{}
	}
	t.faults[name]++
}

func (t *Totals) ran(p *proc, now time.Time, well bool) {
	took := now.Sub(p.began).Seconds()
	t.cpu += took * float64(p.task.Spec.CPUs) / float64(turno.CPU)
	t.gpu += took * float64(len(p.gpus))
	if !well {
		t.wasted += took
	}
}

// Faults is how many of each kind came to pass.
func (s *Season) Faults() map[string]int { return s.Totals.faults }

// Days is how much time has passed.
func (s *Season) Days() float64 { return s.now.Sub(s.Totals.began).Hours() / 24 }

// String tells what the season was, in some lines.
func (s *Season) String() string {
	var cpus, gpus float64
	for _, a := range s.workers {
		cpus += float64(a.machine.CPUs) / float64(turno.CPU)
		gpus += float64(len(a.machine.GPUs))
	}
	whole := s.now.Sub(s.Totals.began).Seconds()
	ends := map[turno.State]int{}
	var jobs, tasks int
	var longest *turno.Job
	wait := func(j *turno.Job) time.Duration { return j.StartedAt.Sub(later(j.SubmittedAt, j.Spec.Begin)) }
	for n := int64(1); n < s.store.next; n++ {
		j := s.store.jobs[n]
		if j == nil {
			continue
		}
		if ends[j.State]++; j.Parent != 0 {
			tasks++
			continue
		}
		jobs++
		if !j.StartedAt.IsZero() && len(j.Spec.After) == 0 && !s.held[n] && (longest == nil || wait(j) > wait(longest)) {
			longest = j
		}
	}
	faults := 0
	var kinds []string
	for _, k := range slices.Sorted(maps.Keys(s.Totals.faults)) {
		faults += s.Totals.faults[k]
		kinds = append(kinds, fmt.Sprintf("%s %d", k, s.Totals.faults[k]))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%.1f days of %d workers: %d jobs and %d of their tasks in %d attempts; %d events; %d terms; %d faults\n",
		s.Days(), len(s.workers), jobs, tasks, s.Totals.attempts, s.Events, s.Totals.terms+1, faults)
	for _, st := range turno.States {
		if ends[st] > 0 {
			fmt.Fprintf(&b, "%s %d, ", st, ends[st])
		}
	}
	fmt.Fprintf(&b, "CPUs busy %.0f %%, GPUs %.0f %%, %.0f hours of attempts that did not succeed\n",
		100*s.Totals.cpu/cpus/whole, 100*s.Totals.gpu/gpus/whole, s.Totals.wasted/3600)
	if longest != nil {
		fmt.Fprintf(&b, "longest wait for resources %s: job %d, %d GPUs, limit %s\n",
			wait(longest).Round(time.Second), longest.Number, longest.Spec.GPUs, longest.Spec.TimeLimit)
	}
	fmt.Fprintf(&b, "faults: %s", strings.Join(kinds, ", "))
	return b.String()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
