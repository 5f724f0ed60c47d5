package obs

// Traces adds a count of traces by what became of them, and gives what counts.
func (r *Registry) Traces(results []string) func(result string, traces int) {
	c := counter("turno_traces_total", "Traces of jobs that ended, by what became of sending them.", "result")
	for _, result := range results {
		c.WithLabelValues(result)
	}
	r.all.MustRegister(c)
	return func(result string, traces int) { c.WithLabelValues(result).Add(float64(traces)) }
}
