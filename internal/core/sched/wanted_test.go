package sched_test

import (
	"testing"
	"time"

	"turno"
	"turno/internal/core/sched"
)

// TestWanted: what waits for resources counts, by tasks and within an array's
// limit; what waits for something else does not; what runs counts on.
func TestWanted(t *testing.T) {
	t.Parallel()
	s := bounded(t, 0, 0)
	ranges := turno.Ranges{{First: 0, Last: 9, Step: 1}}
	for i, spec := range []*turno.Spec{
		{Type: "noop", CPUs: 2 * turno.CPU},
		{Type: "noop", Device: turno.DeviceGPU, GPUs: 2, CPUs: turno.CPU},
		{Type: "noop", Device: turno.DeviceAny, GPUs: 1, CPUs: turno.CPU},
		{Type: "noop", CPUs: turno.CPU, Array: &turno.Array{Tasks: ranges}},
		{Type: "noop", Device: turno.DeviceGPU, GPUs: 1, CPUs: turno.CPU, Array: &turno.Array{Tasks: ranges, Limit: 3}},
		{Type: "noop", CPUs: turno.CPU, Hold: true},
		{Type: "noop", CPUs: turno.CPU, Begin: start.Add(time.Hour)},
	} {
		spec.Normalize()
		if got := s.Submit(start, []turno.NewJob{{ID: idOf(i), Spec: spec}}, nil); got[0].Error != nil {
			t.Fatal(got[0].Error)
		}
	}
	s.Ready()
	want := sched.Wanted{CPUs: (2 + 1 + 1 + 10 + 3) * turno.CPU, GPUs: 2 + 3}
	if got := s.Wanted(); got != want {
		t.Errorf("wanted %+v, want %+v", got, want)
	}
	machine := turno.Machine{CPUs: 4 * turno.CPU, Memory: 1 << 30, Offers: []turno.Offer{{Type: "noop", Devices: []turno.Device{turno.DeviceCPU}}}}
	s.Report(start, &turno.Report{Worker: "w", Incarnation: idOf(99), Seq: 1, Term: 1, Machine: machine})
	s.Tick(start.Add(time.Millisecond))
	s.Ready()
	if got := s.Wanted(); got != want {
		t.Errorf("with some of them running, wanted %+v, want %+v", got, want)
	}
}
