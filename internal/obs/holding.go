package obs

import (
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"turno"
)

// Holding is a GPU that a job has.
type Holding struct {
	Hostname               string
	GPU                    turno.GPU
	Job, Queue, Type, User string
}

// QueueUse is what the jobs of a queue have.
type QueueUse struct {
	Queue string
	CPUs  turno.MilliCPU
	GPUs  int
}

var (
	jobGPUDesc = gauge("turno_job_gpu_info", "Which job has the device; always 1.", append([]string{"job_id", "queue", "type", "user"}, gpuLabels...)...)
	useDesc    = gauge("turno_queue_slots_used", "CPUs and GPUs that the jobs of a queue have.", "queue", "device")
)

// holdings tells what a scheduler has said last. The one metric that names jobs
// and users: there is one series for each device that is in use, and it ends with
// the job. A queue that was told once is told as empty from then on.
type holdings struct {
	queues, types *words

	mu  sync.Mutex // guards what follows
	now []Holding
	use map[string]QueueUse
}

// Describe implements prometheus.Collector.
func (h *holdings) Describe(out chan<- *prometheus.Desc) {
	out <- jobGPUDesc
	out <- useDesc
}

// Collect implements prometheus.Collector.
func (h *holdings) Collect(out chan<- prometheus.Metric) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.now {
		x := &h.now[i]
		labels := append([]string{x.Job, h.queues.of(x.Queue), h.types.of(x.Type), x.User}, identity(x.Hostname, &x.GPU)...)
		out <- prometheus.MustNewConstMetric(jobGPUDesc, prometheus.GaugeValue, 1, labels...)
	}
	for queue, u := range h.use { // order-free: a set of series
		out <- prometheus.MustNewConstMetric(useDesc, prometheus.GaugeValue, float64(u.CPUs)/float64(turno.CPU), queue, "cpu")
		out <- prometheus.MustNewConstMetric(useDesc, prometheus.GaugeValue, float64(u.GPUs), queue, "gpu")
	}
}

// Holding is which jobs have GPUs now, and what queues have; none: nothing is
// known, as where the scheduler does not lead.
func (s *Scheduler) Holding(all []Holding, queues []QueueUse) {
	if s == nil {
		return
	}
	h := s.holds
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = slices.Clone(all)
	for queue := range h.use { // order-free: each by itself
		h.use[queue] = QueueUse{}
	}
	for _, q := range queues {
		name := h.queues.of(q.Queue)
		sum := h.use[name]
		sum.CPUs, sum.GPUs = sum.CPUs+q.CPUs, sum.GPUs+q.GPUs
		h.use[name] = sum
	}
}
