package sched_test

import (
	"maps"
	"testing"
	"time"

	"turno"
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
