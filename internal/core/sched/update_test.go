package sched_test

import (
	"testing"
	"time"

	"turno"
)

// update changes a job; it must work unless a code is given.
func (c *cluster) update(ref string, change *turno.SpecChange, code turno.Code) *turno.Error {
	c.t.Helper()
	acted := c.core.Act(c.now, &turno.Action{Verb: turno.Update, Jobs: []string{ref}, Change: change})[0]
	c.flush()
	if acted.Error != nil && acted.Error.Code != code || acted.Error == nil && code != "" {
		c.t.Fatalf("update of %s: %v, want %q", ref, acted.Error, code)
	}
	return acted.Error
}

func TestUpdate_JobInLine(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	running := c.submit(cpus(4))
	first, second := c.submit(cpus(2)), c.submit(cpus(4))
	c.update("3", &turno.SpecChange{Priority: new(5), Name: new("urgent")}, "")
	c.is(second, turno.Queued, turno.ReasonResources)
	c.is(first, turno.Queued, turno.ReasonPriority)
	if j := c.jobs[second]; j.Revision != 1 || *j.Changes.Priority != 5 || j.Spec.Name != "urgent" || j.Spec.Priority != 5 {
		t.Errorf("committed as %+v", j)
	}
	c.update("3", &turno.SpecChange{CPUs: new(9 * turno.CPU)}, "")
	c.is(second, turno.Queued, turno.ReasonNoSuchResource)
	c.update("3", &turno.SpecChange{CPUs: new(2 * turno.CPU), Labels: map[string]*string{"a": new("1")}}, "")
	c.finish(running, ok)
	c.is(first, turno.Starting, "")
	c.is(second, turno.Starting, "")
	if j := c.jobs[second]; j.Revision != 3 || j.Spec.Labels["a"] != "1" || j.Spec.Name != "urgent" {
		t.Errorf("committed as %+v", j)
	}
}

func TestUpdate_Times(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 1, 0, "")
	n := c.submit(func(s *turno.Spec) { s.Begin = c.now.Add(time.Hour) })
	c.is(n, turno.Queued, turno.ReasonBeginTime)
	c.update("1", &turno.SpecChange{Begin: new(c.now.Add(time.Minute))}, "")
	c.is(n, turno.Queued, turno.ReasonBeginTime)
	c.update("1", &turno.SpecChange{Deadline: new(c.now.Add(-time.Minute))}, turno.CodeInvalid)
	c.update("1", &turno.SpecChange{Deadline: new(c.now.Add(time.Second))}, turno.CodeInvalid) // before it begins
	c.update("1", &turno.SpecChange{Begin: new(time.Time)}, "")
	c.is(n, turno.Starting, "")
}

func TestUpdate_WhatIsActive(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 1, 0, "")
	n := c.submit(cpus(1))
	c.is(n, turno.Starting, "")
	c.update("1", &turno.SpecChange{TimeLimit: new(turno.Duration(time.Hour))}, turno.CodeConflict)
	c.update("1", &turno.SpecChange{Limit: new(2)}, turno.CodeInvalid)
	c.update("1", &turno.SpecChange{}, turno.CodeInvalid)
	c.update("1", &turno.SpecChange{Priority: new(9_000_000)}, turno.CodeInvalid)
	c.update("7", &turno.SpecChange{Name: new("x")}, turno.CodeNotFound)
	c.update("1", &turno.SpecChange{Name: new("x")}, "")
	if c.jobs[n].Spec.Name != "x" {
		t.Error("its name did not change")
	}
	acted := c.core.Act(c.now, &turno.Action{Verb: turno.Update, Jobs: []string{"1"}, Change: &turno.SpecChange{Name: new("y")}, IfRevision: new(0)})
	if acted[0].Error == nil || acted[0].Error.Code != turno.CodeStale {
		t.Errorf("of revision 0: %v", acted[0].Error)
	}
}

// TestUpdate_SameJobHandedInAgain: that a job was changed does not make its
// repetition another one.
func TestUpdate_SameJobHandedInAgain(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	spec := turno.Spec{Type: "exec", Name: "a", User: "ana"}
	spec.Normalize()
	hand := func() turno.Submitted {
		n := turno.NewJob{ID: "00000000-0000-7000-8000-000000000001", Spec: spec.Clone()}
		return c.core.Submit(c.now, []turno.NewJob{n}, nil)[0]
	}
	hand()
	c.update("1", &turno.SpecChange{Name: new("b")}, "")
	if again := hand(); again.Number != 1 || again.Error != nil {
		t.Errorf("handed in again: %+v", again)
	}
}

func TestUpdate_Array(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 2, 0, "")
	n := c.submit(func(s *turno.Spec) {
		s.CPUs, s.Array = turno.CPU, &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 5, Step: 1}}, Limit: 1}
	})
	started := c.task(n, 0)
	c.is(started, turno.Starting, "")
	c.update("1", &turno.SpecChange{Limit: new(2), Name: new("later")}, "")
	next := c.task(n, 1)
	c.is(next, turno.Starting, "")
	if c.jobs[started].Spec.Name != "" || c.jobs[next].Spec.Name != "later" || c.jobs[next].Spec.Array.Limit != 2 {
		t.Errorf("tasks have %+v and %+v", c.jobs[started].Spec, c.jobs[next].Spec)
	}
	c.update("1_4", &turno.SpecChange{Priority: new(7)}, "")
	c.finish(next, ok)
	c.is(c.task(n, 4), turno.Starting, "")
	if c.jobs[n].Spec.Priority != 0 {
		t.Error("the array has its task's priority")
	}
}

// task is the number of an array's task.
func (c *cluster) task(array int64, index int) int64 {
	c.t.Helper()
	for n, j := range c.jobs {
		if j.Parent == array && j.Task == index {
			return n
		}
	}
	c.t.Fatalf("task %d of job %d is no job of its own", index, array)
	return 0
}
