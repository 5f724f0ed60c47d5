package sched_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"turno"
)

// TestSeries_OfALongTraining is a loss every ten seconds for a day.
func TestSeries_OfALongTraining(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	n := c.submit(cpus(1))
	c.reportOf("a")
	tell := func(values map[string]float64) {
		for _, h := range c.workers["a"].held {
			h.Progress = &turno.Progress{Fraction: 0.5, Values: values}
		}
		c.reportOf("a")
	}
	const steps = 24 * 360
	for i := range steps {
		c.now = c.now.Add(10 * time.Second)
		tell(map[string]float64{"loss": 1 / float64(i+1), "nan": math.NaN()})
	}
	end := map[string]float64{"loss": 0.125}
	for _, h := range c.workers["a"].held {
		h.Progress.Values = end
	}
	c.now = c.now.Add(time.Second)
	c.finish(n, turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted})
	points := c.jobs[n].Attempts[0].Series
	if len(points) < 50 || len(points) > 121 {
		t.Fatalf("%d points", len(points))
	}
	widest := turno.Duration(0)
	for i, p := range points {
		if len(p.Values) != 1 {
			t.Fatalf("point %d has %v", i, p.Values)
		}
		if i > 0 {
			widest = max(widest, p.At-points[i-1].At)
		}
	}
	if !slices.IsSortedFunc(points, func(a, b turno.Point) int { return int(a.At - b.At) }) || time.Duration(widest) > 2*24*time.Hour/60 {
		t.Errorf("not in order, or with a gap of %s: %v", widest, points)
	}
	if last := points[len(points)-1].Values["loss"]; last != end["loss"] {
		t.Errorf("the last loss is %g, not %g", last, end["loss"])
	}
}

func TestSeries_NamesOfAStranger(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	n := c.submit(cpus(1))
	c.reportOf("a")
	values := map[string]float64{"": 1, "bell\a": 2, "\xff": 3, fmt.Sprintf("%050d", 0): 4}
	for i := range 20 {
		values[fmt.Sprintf("v%02d", i)] = float64(i)
	}
	c.now = c.now.Add(3 * time.Second)
	for _, h := range c.workers["a"].held {
		h.Progress = &turno.Progress{Fraction: -1, Values: values}
	}
	c.reportOf("a")
	points := c.jobs[n].Attempts[0].Series
	if len(points) != 1 || len(points[0].Values) != 8 || points[0].Values["v07"] != 7 {
		t.Errorf("%v", points)
	}
}
