package obs

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

var speedDesc = gauge("turno_benchmark_speedup_ratio", "By how much a GPU was quicker than a CPU at the same, of the newest jobs that verified their answer.",
	"type", "size_class", "bound")

// SpeedUp is a ratio and the interval that holds it.
type SpeedUp struct {
	Type             string
	SizeClass        string // what its time grows with: "1024 n"
	Point, Low, High float64
}

// speedUps reads them when it is scraped.
type speedUps struct {
	read  func(context.Context) ([]SpeedUp, error)
	types *words
	sizes *words
}

// SpeedUps adds what read gives.
func (r *Registry) SpeedUps(read func(context.Context) ([]SpeedUp, error)) {
	r.all.MustRegister(&speedUps{read, newWords(), newWords()})
}

// Describe implements prometheus.Collector.
func (s *speedUps) Describe(out chan<- *prometheus.Desc) { out <- speedDesc }

// Collect implements prometheus.Collector. Sizes beyond a hundred are left out:
// a ratio of several together would be none.
func (s *speedUps) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), scrapeTimeout, fmt.Errorf("read ratios within %v", scrapeTimeout))
	defer cancel()
	all, err := s.read(ctx)
	if err != nil {
		return // that the store did not answer is told by turno_store_up
	}
	for _, u := range all {
		kind, size := s.types.of(u.Type), s.sizes.of(u.SizeClass)
		if kind == other || size == other {
			continue
		}
		for bound, value := range map[string]float64{"point": u.Point, "lower": u.Low, "upper": u.High} { // order-free: a set of series
			out <- prometheus.MustNewConstMetric(speedDesc, prometheus.GaugeValue, value, kind, size, bound)
		}
	}
}
