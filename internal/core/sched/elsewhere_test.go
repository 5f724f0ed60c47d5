package sched_test

import (
	"testing"
	"time"

	"turno"
)

// TestElsewhere: output of an attempt is its worker's to send, and nobody else's;
// of what is not held nothing is known.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	s := bounded(t, 0, 0)
	spec := &turno.Spec{Type: "noop"}
	spec.Normalize()
	if got := s.Submit(start, []turno.NewJob{{ID: idOf(1), Spec: spec}}, nil); got[0].Error != nil {
		t.Fatal(got[0].Error)
	}
	machine := turno.Machine{CPUs: 4 * turno.CPU, Memory: 1 << 30, Offers: []turno.Offer{{Type: "noop", Devices: []turno.Device{turno.DeviceCPU}}}}
	s.Report(start, &turno.Report{Worker: "lab2", Incarnation: idOf(99), Seq: 1, Term: 1, Machine: machine})
	s.Tick(start.Add(time.Millisecond))
	var key turno.AttemptKey
	for _, d := range s.Ready().Desired {
		for _, a := range d.Jobs {
			key = a.AttemptKey
		}
	}
	if key.Attempt != 1 {
		t.Fatalf("nothing was placed: %v", key)
	}
	for worker, want := range map[string]bool{"lab2": false, "lab3": true, "": true} {
		if got := s.Elsewhere(worker, key); got != want {
			t.Errorf("%q: %v", worker, got)
		}
	}
	if s.Elsewhere("lab3", turno.AttemptKey{Job: 77, Attempt: 1}) {
		t.Error("it knows of a job that there is not")
	}
}
