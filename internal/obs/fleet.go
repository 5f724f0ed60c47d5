package obs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"turno"
)

// scrapeTimeout is below Prometheus's own, ten seconds by default.
const scrapeTimeout = 5 * time.Second

// fleet reads what jobs there are, and which workers, when it is scraped.
type fleet struct {
	service turno.Service
	parts   Parts
	queues  *words
	failed  prometheus.Counter
}

// Parts are what a service stands on, by the names of their kinds.
type Parts struct {
	Store, Broker string
	StoreSize     func(context.Context) (bytes int64, err error) // nil: not told
}

// Fleet adds the gauges of jobs, workers and devices, as a service tells them.
func (r *Registry) Fleet(service turno.Service, parts Parts) {
	f := &fleet{service: service, parts: parts, queues: newWords(), failed: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "turno_telemetry_errors_total", Help: "Scrapes that could not read all.",
	})}
	r.all.MustRegister(f, f.failed)
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	jobsDesc  = gauge("turno_jobs", "Jobs in the store, by state.", "queue", "state")
	upDesc    = gauge("turno_worker_up", "1 if the scheduler hears the worker.", "worker")
	seenDesc  = gauge("turno_worker_last_heartbeat_timestamp_seconds", "When the worker was heard last.", "worker")
	infoDesc  = gauge("turno_worker_info", "Which worker this is; always 1.", "worker", "hostname", "version", "os", "arch")
	slotsDesc = gauge("turno_worker_slots", "CPUs and GPUs of a worker.", "worker", "device")
	usedDesc  = gauge("turno_worker_slots_used", "Those that jobs have.", "worker", "device")
	storeDesc = gauge("turno_store_up", "1 if the store answered this scrape.", "store")
	askDesc   = gauge("turno_broker_up", "1 if the scheduler answered this scrape by way of the broker.", "broker")
	sizeDesc  = gauge("turno_store_size_bytes", "What the store takes on its disk.", "store")
	drainDesc = gauge("turno_worker_drained", "1 if the worker takes no new job.", "worker")
)

// fleetDescs are all of them.
var fleetDescs = []*prometheus.Desc{
	jobsDesc, upDesc, seenDesc, infoDesc, slotsDesc, usedDesc, drainDesc, storeDesc, sizeDesc, askDesc,
}

// Describe implements prometheus.Collector.
func (f *fleet) Describe(out chan<- *prometheus.Desc) {
	for _, d := range slices.Concat(fleetDescs, gpuDescs) {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (f *fleet) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), scrapeTimeout, fmt.Errorf("read metrics within %v", scrapeTimeout))
	defer cancel()
	sum, err := f.service.Summary(ctx)
	if err == nil {
		f.jobs(out, sum)
	}
	workers, problem := f.service.Workers(ctx)
	out <- prometheus.MustNewConstMetric(storeDesc, prometheus.GaugeValue, one(err == nil), f.parts.Store)
	out <- prometheus.MustNewConstMetric(askDesc, prometheus.GaugeValue, one(problem == nil), f.parts.Broker)
	if err == nil && f.parts.StoreSize != nil {
		var size int64
		if size, err = f.parts.StoreSize(ctx); err == nil {
			out <- prometheus.MustNewConstMetric(sizeDesc, prometheus.GaugeValue, float64(size), f.parts.Store)
		}
	}
	for i := range workers {
		worker(out, &workers[i])
	}
	if err != nil || problem != nil {
		f.failed.Inc()
	}
}

// jobs tells every state of each queue, zeros too: a series that is not there
// cannot be summed.
func (f *fleet) jobs(out chan<- prometheus.Metric, sum turno.Summary) {
	counts := map[[2]string]float64{}
	for queue, states := range sum.Queues { // order-free: summed
		for _, state := range turno.States {
			counts[[2]string{f.queues.of(queue), string(state)}] += float64(states[state])
		}
	}
	for k, n := range counts { // order-free: a set of series
		out <- prometheus.MustNewConstMetric(jobsDesc, prometheus.GaugeValue, n, k[0], k[1])
	}
}

func worker(out chan<- prometheus.Metric, w *turno.Worker) {
	tell := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	up := w.State == turno.WorkerReady || w.State == turno.WorkerDrained
	tell(upDesc, one(up), w.Name)
	tell(drainDesc, one(w.State == turno.WorkerDrained), w.Name)
	if !w.SeenAt.IsZero() {
		tell(seenDesc, float64(w.SeenAt.UnixMilli())/1000, w.Name)
	}
	m := &w.Machine
	tell(infoDesc, 1, w.Name, m.Hostname, m.Version, m.OS, m.Arch)
	tell(slotsDesc, float64(m.CPUs)/float64(turno.CPU), w.Name, "cpu")
	tell(usedDesc, float64(w.CPUsUsed)/float64(turno.CPU), w.Name, "cpu")
	tell(slotsDesc, float64(len(m.GPUs)), w.Name, "gpu")
	tell(usedDesc, float64(len(w.GPUsUsed)), w.Name, "gpu")
	for i := range m.GPUs {
		device(out, m, &m.GPUs[i], slices.Contains(w.GPUsUsed, m.GPUs[i].UUID))
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
