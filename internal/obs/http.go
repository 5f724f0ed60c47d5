package obs

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// HTTP counts what an API server answers.
type HTTP struct {
	took    *prometheus.HistogramVec
	flight  prometheus.Gauge
	streams prometheus.Gauge
	refused prometheus.Counter
	slow    prometheus.Counter
}

// HTTP adds an API server's metrics.
func (r *Registry) HTTP() *HTTP {
	h := &HTTP{
		took:    histogram("turno_http_request_duration_seconds", "Requests, by route; streams count until their end.", shortBuckets, "method", "route", "code"),
		flight:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "turno_http_requests_in_flight", Help: "Requests under way, streams among them."}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "turno_sse_clients", Help: "Streams of events that are open."}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{Name: "turno_auth_failures_total", Help: "Requests without a valid token."}),
		slow:    prometheus.NewCounter(prometheus.CounterOpts{Name: "turno_sse_dropped_total", Help: "Streams of events that were ended because their client read too slowly."}),
	}
	r.all.MustRegister(h.took, h.flight, h.streams, h.refused, h.slow)
	return h
}

// Wrap counts what next answers. Routes are those of a ServeMux somewhere below.
func (h *HTTP) Wrap(next http.Handler) http.Handler {
	if h == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, seen := time.Now(), &status{ResponseWriter: w}
		h.flight.Inc()
		defer func() {
			h.flight.Dec()
			h.took.WithLabelValues(method(r.Method), route(r.Pattern), strconv.Itoa(max(seen.code, http.StatusOK))).Observe(time.Since(began).Seconds())
			if seen.code == http.StatusUnauthorized {
				h.refused.Inc()
			}
		}()
		next.ServeHTTP(seen, r)
	})
}

// Stream counts one of events, until done is called.
func (h *HTTP) Stream() (done func()) {
	if h == nil {
		return func() {}
	}
	h.streams.Inc()
	return h.streams.Dec
}

// Slow counts a stream that was ended for its client.
func (h *HTTP) Slow() {
	if h != nil {
		h.slow.Inc()
	}
}

// status remembers the code of an answer.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	if s.code == 0 {
		s.code = code
	}
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach what is below.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// route is a pattern of a ServeMux without its method; what had none was
// refused before, or is nowhere.
func route(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	if pattern == "" {
		return other
	}
	return pattern
}

func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return other // a stranger may send any word
}
