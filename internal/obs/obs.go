// Package obs is what turno tells of itself to Prometheus: counters and
// histograms that the roles fill as they work, and gauges that are read from
// turno.Service when somebody scrapes. It decides nothing.
//
//	scheduler ─▶ Scheduler ─┐
//	api ───────▶ HTTP ──────┼─▶ Registry ─▶ Handler: /metrics
//	turno.Service ─▶ Fleet ─┘
//
// Labels are what things are, never what somebody wrote of them: no job's
// number, no text of a user, no path. Values that users do choose (queues,
// types) are capped. What a scrape costs depends on how many workers, queues and
// devices there are, not on how many jobs. Every metric is listed in
// docs/metrics.md; a test compares the two.
//
// Everything is safe for concurrent use. The parts may be nil: then they count
// nothing.
package obs

import (
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Registry holds the metrics of one process.
type Registry struct{ all *prometheus.Registry }

// New makes a registry with what every process tells: its version, and how the
// Go runtime and the process are.
func New(version string) *Registry {
	r := &Registry{prometheus.NewRegistry()}
	revision := "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "turno_build_info", Help: "Which turno this is; always 1.",
	}, []string{"version", "revision", "goversion"})
	build.WithLabelValues(version, revision, runtime.Version()).Set(1)
	r.all.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Handler answers a scrape. A part that cannot be read leaves its gauges out
// and is counted; the rest is told.
func (r *Registry) Handler() http.Handler {
	return promhttp.HandlerFor(r.all, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})
}

const (
	// native makes a histogram exact to a tenth where the scraper takes native
	// ones; the classic buckets beside it are for the others.
	native = 1.1
	// nativeBuckets bounds one histogram's memory.
	nativeBuckets = 160
)

// Buckets of what jobs do last from an instant to a day, in steps of 1, 2.5 and
// 5; of what turno does, from half a millisecond to 10 s.
var (
	longBuckets  = []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 86400}
	shortBuckets = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
)

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: native, NativeHistogramMaxBucketNumber: nativeBuckets,
	}, labels)
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}
