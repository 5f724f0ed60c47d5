package obs

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"turno"
)

var (
	blockedDesc = gauge("turno_jobs_blocked", "Jobs that wait, by what they wait for; each task of an array is one.", "queue", "reason")
	oldestDesc  = gauge("turno_queue_oldest_job_age_seconds", "How long the first of a queue's jobs waits for its turn.", "queue")
)

// Waiting is what jobs of a queue wait for, and since when the oldest does.
type Waiting struct {
	Queue  string
	Jobs   map[turno.Reason]int
	Oldest time.Time
}

// waiting tells what a scheduler has said last. A queue that was told once is
// told as empty from then on: a series that ends is no zero.
type waiting struct {
	queues *words

	mu  sync.Mutex // guards now
	now map[string]Waiting
}

// Describe implements prometheus.Collector.
func (w *waiting) Describe(out chan<- *prometheus.Desc) {
	out <- blockedDesc
	out <- oldestDesc
}

// Collect implements prometheus.Collector.
func (w *waiting) Collect(out chan<- prometheus.Metric) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for queue, one := range w.now { // order-free: a set of series
		for why, n := range one.Jobs { // order-free: the same
			out <- prometheus.MustNewConstMetric(blockedDesc, prometheus.GaugeValue, float64(n), queue, string(why))
		}
		age := 0.0
		if !one.Oldest.IsZero() {
			age = max(0, time.Since(one.Oldest).Seconds())
		}
		out <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, age, queue)
	}
}

// Waiting is what jobs wait for now; no queues: nothing is known, as where the
// scheduler does not lead.
func (s *Scheduler) Waiting(queues []Waiting) {
	if s == nil {
		return
	}
	w := s.waits
	w.mu.Lock()
	defer w.mu.Unlock()
	for queue, one := range w.now { // order-free: each by itself
		clear(one.Jobs)
		for _, why := range blockedBy {
			one.Jobs[why] = 0
		}
		w.now[queue] = Waiting{Jobs: one.Jobs}
	}
	for _, q := range queues {
		name := w.queues.of(q.Queue)
		one := w.now[name]
		if one.Jobs == nil {
			one.Jobs = map[turno.Reason]int{}
			for _, why := range blockedBy {
				one.Jobs[why] = 0
			}
		}
		for why, n := range q.Jobs { // order-free: summed
			if slices.Contains(blockedBy, why) {
				one.Jobs[why] += n
			}
		}
		if one.Oldest.IsZero() || !q.Oldest.IsZero() && q.Oldest.Before(one.Oldest) {
			one.Oldest = q.Oldest
		}
		w.now[name] = one
	}
}

// blockedBy are the reasons of a job that waits.
var blockedBy = []turno.Reason{
	turno.ReasonPriority, turno.ReasonResources, turno.ReasonDependency, turno.ReasonBeginTime, turno.ReasonHeld, turno.ReasonArrayThrottle,
	turno.ReasonBackoff, turno.ReasonDrained, turno.ReasonNoSuchResource, turno.ReasonNoWorkers,
}
