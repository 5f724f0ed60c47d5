package sched_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"turno"
)

// TestExplain_EverySituation: each waiting state gets a true answer with its
// numbers.
func TestExplain_EverySituation(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		build  func(c *cluster) int64
		reason turno.Reason
		says   []string
	}{
		{"no workers", func(c *cluster) int64 { return c.submit(cpus(1)) }, turno.ReasonNoWorkers, []string{"no worker"}},
		{"too many GPUs", func(c *cluster) int64 {
			c.worker("a", 8, 2, "A100")
			return c.submit(gpus(3))
		}, turno.ReasonNoSuchResource, []string{"3 GPUs", "2 GPUs"}},
		{"too many CPUs", func(c *cluster) int64 {
			c.worker("a", 8, 0, "")
			c.worker("b", 16, 0, "")
			return c.submit(cpus(32))
		}, turno.ReasonNoSuchResource, []string{"32 CPUs", "16 CPUs", "2 of 2 workers"}},
		{"no worker of that name", func(c *cluster) int64 {
			c.worker("a", 8, 0, "")
			return c.submit(func(s *turno.Spec) { s.Workers = []string{"z"} })
		}, turno.ReasonNoSuchResource, []string{"name"}},
		{"type that nobody runs", func(c *cluster) int64 {
			c.worker("a", 8, 0, "")
			return c.submit(func(s *turno.Spec) { s.Type = "dream" })
		}, turno.ReasonNoSuchResource, []string{"type"}},
		{"engine that nobody has", func(c *cluster) int64 {
			c.worker("a", 8, 0, "")
			c.worker("b", 8, 0, "")
			c.offer("b", "dream", "torch")
			c.worker("c", 8, 0, "")
			return c.submit(func(s *turno.Spec) { s.Type, s.Engine = "dream", "mine" })
		}, turno.ReasonNoSuchResource, []string{"2 of 3 workers cannot run this type", "1 of 3 workers cannot run dream with the engine mine"}},
		{"runner that starts", func(c *cluster) int64 {
			c.worker("a", 8, 0, "")
			c.workers["a"].report.Machine.Runners = []turno.Runner{{Engine: "torch", State: turno.RunnerStarting}}
			c.reportOf("a")
			return c.submit(func(s *turno.Spec) { s.Engine = "torch" })
		}, turno.ReasonNoSuchResource, []string{"1 of 1 workers still start a runner"}},
		{"GPUs taken", func(c *cluster) int64 {
			c.worker("a", 8, 2, "A100")
			c.submit(gpus(1))
			return c.submit(gpus(2))
		}, turno.ReasonResources, []string{"2 GPUs", "1 GPU", "1 on a"}},
		{"behind others", func(c *cluster) int64 {
			c.worker("a", 2, 0, "")
			c.submit(cpus(2))
			c.submit(cpus(2))
			c.submit(cpus(2))
			return c.submit(cpus(2))
		}, turno.ReasonResources, []string{"2 stand before it", "job 2 is first"}},
		{"room that is kept", func(c *cluster) int64 {
			c.worker("a", 2, 0, "")
			c.submit(func(s *turno.Spec) { s.CPUs, s.TimeLimit = turno.CPU, turno.Duration(time.Hour) })
			c.submit(func(s *turno.Spec) { s.CPUs, s.TimeLimit = 2*turno.CPU, turno.Duration(time.Minute) })
			return c.submit(cpus(1))
		}, turno.ReasonPriority, []string{"there is room, but a is kept for job 2, which starts no later than", "a time limit (-t) of at most 59m59s: it would end before then"}},
		{"a model that nobody has", func(c *cluster) int64 {
			c.worker("a", 8, 2, "A100")
			return c.submit(func(s *turno.Spec) { s.GPUs, s.GPUModel, s.GPUMemory = 1, "H200", 80<<30 })
		}, turno.ReasonNoSuchResource, []string{"asks for 1 GPU of the model h200 with 80.0 GiB; the only worker has none of the model h200 with 80.0 GiB"}},
		{"held", func(c *cluster) int64 {
			c.worker("a", 2, 0, "")
			return c.submit(func(s *turno.Spec) { s.Hold = true })
		}, turno.ReasonHeld, []string{"release"}},
		{"begin time", func(c *cluster) int64 {
			c.worker("a", 2, 0, "")
			return c.submit(func(s *turno.Spec) { s.Begin = c.now.Add(time.Hour) })
		}, turno.ReasonBeginTime, []string{"1h0m0s"}},
		{"dependency", func(c *cluster) int64 {
			c.worker("a", 2, 0, "")
			n := c.submit(cpus(1))
			return c.submit(func(s *turno.Spec) { s.After = []turno.Dependency{{Job: fmt.Sprint(n), When: turno.AfterOK}} })
		}, turno.ReasonDependency, []string{"afterok job 1", "starting"}},
		{"backoff", func(c *cluster) int64 {
			c.worker("a", 2, 0, "")
			n := c.submit(func(s *turno.Spec) { s.Retries, s.Backoff = 3, turno.Duration(time.Minute) })
			c.finish(n, broken)
			return n
		}, turno.ReasonBackoff, []string{"1 attempt failed;", "1m0s"}},
		{"array throttle", func(c *cluster) int64 {
			c.worker("a", 8, 0, "")
			return c.submit(func(s *turno.Spec) { s.Array, _ = turno.ParseArray("0-9%3") })
		}, turno.ReasonArrayThrottle, []string{"3 tasks are active", "7 wait"}},
		{"silent worker", func(c *cluster) int64 {
			c.worker("a", 8, 0, "")
			c.now = c.now.Add(time.Minute)
			c.core.Tick(c.now)
			c.flush()
			return c.submit(cpus(1))
		}, turno.ReasonDrained, []string{"a is not answering"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, "fair")
			n := tc.build(c)
			e := c.explain(n)
			text := fmt.Sprintf("%+v", e)
			if e.Reason != tc.reason {
				t.Errorf("reason %s, want %s: %s", e.Reason, tc.reason, text)
			}
			if e.Summary == "" || len(e.Blocks) == 0 || len(e.Unblock) == 0 {
				t.Errorf("incomplete: %s", text)
			}
			for _, want := range tc.says {
				if !strings.Contains(text, want) {
					t.Errorf("does not say %q: %s", want, text)
				}
			}
		})
	}
}
