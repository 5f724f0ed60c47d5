package sched_test

import (
	"maps"
	"testing"
	"time"

	"turno"
	"turno/internal/core/sched"
)

// TestWaiting: by queue and reason, tasks each; the oldest is of those that
// wait for their turn, from when they could have it.
func TestWaiting(t *testing.T) {
	t.Parallel()
	s := bounded(t, 0, 0)
	for i, spec := range []*turno.Spec{
		{Type: "noop", Queue: "a", Hold: true},
		{Type: "noop", Queue: "a", Begin: start.Add(time.Hour)},
		{Type: "noop", Queue: "b", Array: &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 9, Step: 1}}}},
		{Type: "noop", Queue: "b"},
	} {
		spec.Normalize()
		if got := s.Submit(start.Add(time.Duration(i)*time.Second), []turno.NewJob{{ID: idOf(i), Spec: spec}}, nil); got[0].Error != nil {
			t.Fatal(got[0].Error)
		}
	}
	s.Ready()
	got := s.Waiting()
	if a := got["a"]; len(got) != 2 || !a.Oldest.IsZero() || !maps.Equal(a.Jobs, map[turno.Reason]int{turno.ReasonHeld: 1, turno.ReasonBeginTime: 1}) {
		t.Errorf("a: %+v", a)
	}
	if b := got["b"]; !b.Oldest.Equal(start.Add(2*time.Second)) || b.Jobs[turno.ReasonNoWorkers]+b.Jobs[turno.ReasonPriority] != 11 {
		t.Errorf("b: %+v", b)
	}
	s.Tick(start.Add(2 * time.Hour))
	s.Ready()
	if a := s.Waiting()["a"]; !a.Oldest.Equal(start.Add(time.Hour)) {
		t.Errorf("once it may begin: %+v", a)
	}
}

// TestHoldings: each GPU that a job has, with the job; and what queues have.
func TestHoldings(t *testing.T) {
	t.Parallel()
	s := bounded(t, 0, 0)
	for i, spec := range []*turno.Spec{
		{Type: "noop", Queue: "a", Device: turno.DeviceGPU, GPUs: 2, CPUs: turno.CPU, User: "ana"},
		{Type: "noop", Queue: "a", CPUs: turno.CPU},
		{Type: "noop", Queue: "b", Device: turno.DeviceGPU, GPUs: 4},
	} {
		spec.Normalize()
		if got := s.Submit(start, []turno.NewJob{{ID: idOf(i), Spec: spec}}, nil); got[0].Error != nil {
			t.Fatal(got[0].Error)
		}
	}
	machine := turno.Machine{
		Hostname: "h", CPUs: 4 * turno.CPU, Memory: 1 << 30, GPUs: []turno.GPU{{UUID: "g0"}, {UUID: "g1", Index: 1}, {UUID: "g2", Index: 2}},
		Offers: []turno.Offer{{Type: "noop", Devices: []turno.Device{turno.DeviceCPU, turno.DeviceGPU}}},
	}
	s.Report(start, &turno.Report{Worker: "w", Incarnation: idOf(99), Seq: 1, Term: 1, Machine: machine})
	s.Tick(start.Add(time.Millisecond))
	s.Ready()
	held := s.Holdings()
	if len(held) != 2 || held[0].GPU.UUID != "g0" || held[1].GPU.UUID != "g1" || held[0].Hostname != "h" || held[1].Job != "1" || held[1].Spec.User != "ana" {
		t.Errorf("held are %+v", held)
	}
	if got, want := s.InUse(), map[string]sched.Use{"a": {CPUs: 2 * turno.CPU, GPUs: 2}}; !maps.Equal(got, want) {
		t.Errorf("in use are %v, want %v", got, want)
	}
}
