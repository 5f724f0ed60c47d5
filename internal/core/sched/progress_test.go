package sched_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"turno"
)

func TestReport_ProgressIsToldNotTooOften(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "fair")
	c.worker("a", 4, 0, "")
	n := c.submit(cpus(1))
	c.reportOf("a")
	say := func(after time.Duration, fraction float64, message string) string {
		c.now = c.now.Add(after)
		for _, h := range c.workers["a"].held {
			h.Progress = &turno.Progress{Fraction: fraction, Message: message}
		}
		c.reportOf("a")
		c.is(n, turno.Running, turno.ReasonRunning)
		return c.jobs[n].Detail
	}
	since := c.jobs[n].Since
	long := strings.Repeat("ü", 150)
	for _, x := range []struct {
		after    time.Duration
		fraction float64
		message  string
		want     string
	}{
		{3 * time.Second, 0.429, "epoch 3 of 7", "on a: 42 %, epoch 3 of 7"},
		{time.Second, 0.5, "too early", "on a: 42 %, epoch 3 of 7"},
		{time.Second, 0.5, "", "on a: 50 %"},
		{2 * time.Second, -1, "loading", "on a: loading"},
		{2 * time.Second, math.NaN(), "", "on a"},
		{2 * time.Second, 7, long, "on a: " + long[:200] + "…"},
	} {
		if got := say(x.after, x.fraction, x.message); got != x.want {
			t.Errorf("%g %.20q: %q, not %q", x.fraction, x.message, got, x.want)
		}
	}
	if c.jobs[n].Since != since {
		t.Error("progress changed since when it runs")
	}
	c.finish(n, turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted})
	c.is(n, turno.Succeeded, turno.ReasonCompleted)
}
