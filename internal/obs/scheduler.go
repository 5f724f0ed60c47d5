package obs

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"turno"
	"turno/internal/store"
)

// Scheduler counts what a leading scheduler commits: jobs as they come, start
// and end. After a new lead it counts from where this process was; Prometheus
// takes that for what it is, a counter that began again.
type Scheduler struct {
	queues, types *words

	submitted *prometheus.CounterVec
	started   *prometheus.CounterVec
	finished  *prometheus.CounterVec
	retries   *prometheus.CounterVec
	wait      *prometheus.HistogramVec
	dispatch  *prometheus.HistogramVec
	run       *prometheus.HistogramVec
	phase     *prometheus.HistogramVec
	device    *prometheus.CounterVec
	cycle     prometheus.Observer
	store     *prometheus.HistogramVec
	failures  *prometheus.CounterVec
	aside     *prometheus.CounterVec
	hooks     *prometheus.CounterVec
	leads     prometheus.Gauge
	wanted    *prometheus.GaugeVec
	waits     *waiting
	holds     *holdings
	decided   *prometheus.CounterVec
	output    prometheus.Counter
}

// Scheduler adds a scheduler's metrics.
func (r *Registry) Scheduler() *Scheduler {
	s := &Scheduler{
		queues: newWords(), types: newWords(),
		submitted: counter("turno_jobs_submitted_total", "Jobs accepted; each task of an array is one.", "queue", "type"),
		started:   counter("turno_jobs_started_total", "Attempts that began to run.", "queue", "type", "device"),
		finished:  counter("turno_jobs_finished_total", "Jobs that ended, by outcome.", "queue", "type", "device", "outcome"),
		retries:   counter("turno_job_retries_total", "Attempts after which a job went back to its queue.", "queue", "type", "reason"),
		wait:      histogram("turno_job_queue_wait_seconds", "From when a job could run to its first start.", longBuckets, "queue", "type"),
		dispatch:  histogram("turno_dispatch_latency_seconds", "From the decision where to run to the start there.", shortBuckets, "queue"),
		run:       histogram("turno_job_run_seconds", "The last attempt of an ended job.", longBuckets, "type", "device", "outcome"),
		phase:     histogram("turno_job_phase_seconds", "Phases that workloads measure of themselves.", longBuckets, "type", "device", "phase"),
		device:    counter("turno_device_seconds_total", "Time of devices given to attempts that have ended: GPUs, or CPUs where there was none.", "queue", "device"),
		store:     histogram("turno_store_operation_seconds", "Operations of the store.", shortBuckets, "operation"),
		failures:  counter("turno_store_errors_total", "Operations of the store that failed.", "operation"),
		aside:     counter("turno_dead_letters_total", "Messages that were set aside.", "reason"),
		hooks:     counter("turno_webhook_tries_total", "Tries to tell a job's end, by what is then the state.", "state"),
		leads:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "turno_scheduler_leader", Help: "1 while this scheduler leads."}),
		wanted: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "turno_wanted_slots",
			Help: "CPUs and GPUs that jobs have, and that those ask for which wait for nothing else; 0 where this scheduler does not lead."}, []string{"device"}),
	}
	s.waits = &waiting{queues: s.queues, now: map[string]Waiting{}}
	s.holds = &holdings{queues: s.queues, types: s.types, use: map[string]QueueUse{}}
	s.decided = counter("turno_scheduler_decisions_total", "What the scheduler decided of jobs: refused, placed on a worker, sent ahead to one, queued again.", "result")
	for _, result := range []string{refused, placed, ahead, requeued} {
		s.decided.WithLabelValues(result)
	}
	s.output = prometheus.NewCounter(prometheus.CounterOpts{Name: "turno_log_bytes_total", Help: "Output of jobs that was stored."})
	cycle := histogram("turno_scheduler_cycle_seconds", "Rounds of the scheduler: from what has arrived to what was committed.", shortBuckets)
	s.cycle = cycle.WithLabelValues()
	s.store.WithLabelValues("commit")
	s.failures.WithLabelValues("commit")
	for _, state := range []turno.WebhookState{turno.WebhookPending, turno.WebhookDelivered, turno.WebhookFailed} {
		s.hooks.WithLabelValues(string(state))
	}
	r.all.MustRegister(s.submitted, s.started, s.finished, s.retries, s.wait, s.dispatch, s.run, s.phase, s.device,
		cycle, s.store, s.failures, s.aside, s.hooks, s.leads, s.wanted, s.waits, s.holds, s.decided, s.output)
	s.Wanted(0, 0)
	return s
}

// Lead tells whether this scheduler leads.
func (s *Scheduler) Lead(leads bool) {
	if s == nil {
		return
	}
	s.leads.Set(0)
	if leads {
		s.leads.Set(1)
	} else {
		s.Wanted(0, 0)
		s.Waiting(nil)
		s.Holding(nil, nil)
	}
}

// Results of decisions, as they are counted.
const (
	refused  = "refused"
	placed   = "placed"
	ahead    = "ahead"
	requeued = "requeued"
)

// Refused counts jobs that were not accepted.
func (s *Scheduler) Refused(n int) {
	if s != nil {
		s.decided.WithLabelValues(refused).Add(float64(n))
	}
}

// Output counts what was stored of it.
func (s *Scheduler) Output(bytes int) {
	if s != nil {
		s.output.Add(float64(bytes))
	}
}

// Wanted is what jobs have, and what those ask for which could start.
func (s *Scheduler) Wanted(cpus turno.MilliCPU, gpus int) {
	if s != nil {
		s.wanted.WithLabelValues("cpu").Set(float64(cpus) / float64(turno.CPU))
		s.wanted.WithLabelValues("gpu").Set(float64(gpus))
	}
}

// Cycle is one round of the loop.
func (s *Scheduler) Cycle(took time.Duration) {
	if s != nil {
		s.cycle.Observe(took.Seconds())
	}
}

// Store is one operation of the store.
func (s *Scheduler) Store(operation string, took time.Duration, err error) {
	if s == nil {
		return
	}
	s.store.WithLabelValues(operation).Observe(took.Seconds())
	if err != nil {
		s.failures.WithLabelValues(operation).Inc()
	}
}

// SetAside counts a dead letter.
func (s *Scheduler) SetAside(reason turno.DeadReason) {
	if s != nil {
		s.aside.WithLabelValues(string(reason)).Inc()
	}
}

// Webhook counts a try.
func (s *Scheduler) Webhook(state string) {
	if s != nil {
		s.hooks.WithLabelValues(state).Inc()
	}
}

// Committed counts what a commit has changed. A job that began and ended
// between two commits counts for both.
func (s *Scheduler) Committed(changes []store.Change) {
	if s == nil {
		return
	}
	for i := range changes {
		s.change(changes[i].Job, changes[i].From)
	}
}

func (s *Scheduler) change(j *turno.Job, from turno.State) {
	queue, kind := s.queues.of(j.Spec.Queue), s.types.of(j.Spec.Type)
	if from == "" && j.Parent == 0 {
		tasks := 1
		if j.Spec.Array != nil {
			tasks = j.Spec.Array.Tasks.Len()
		}
		s.submitted.WithLabelValues(queue, kind).Add(float64(tasks))
	}
	if j.Spec.Array != nil && j.Parent == 0 {
		return // its tasks count
	}
	a := j.Current()
	if !has(from) && !has(j.State) {
		a = nil // an earlier attempt: this change is not its doing
	}
	if a != nil && !has(from) {
		s.decided.WithLabelValues(placedAs(a)).Inc()
	}
	if a != nil && !a.StartedAt.IsZero() && !began(from) {
		s.start(j, a, queue, kind)
	}
	switch {
	case j.State.Ended() && !from.Ended():
		s.end(j, a, queue, kind)
	case a != nil && a.Result != nil:
		s.retries.WithLabelValues(queue, kind, string(a.Result.Reason)).Inc()
		s.decided.WithLabelValues(requeued).Inc()
		s.used(a, j.Spec, queue)
	}
}

func placedAs(a *turno.Attempt) string {
	if a.Ahead {
		return ahead
	}
	return placed
}

// began tells whether a job in that state has an attempt that runs.
func began(s turno.State) bool { return s == turno.Running || s == turno.Stopping }

// has tells whether a job in that state has an attempt: one is committed
// before its worker hears of it.
func has(s turno.State) bool { return s == turno.Starting || began(s) }

func (s *Scheduler) start(j *turno.Job, a *turno.Attempt, queue, kind string) {
	s.started.WithLabelValues(queue, kind, string(a.Device)).Inc()
	if !a.AssignedAt.IsZero() {
		s.dispatch.WithLabelValues(queue).Observe(max(0, a.StartedAt.Sub(a.AssignedAt).Seconds()))
	}
	if a.Number == 1 {
		could := j.SubmittedAt
		if j.Spec.Begin.After(could) {
			could = j.Spec.Begin
		}
		s.wait.WithLabelValues(queue, kind).Observe(max(0, a.StartedAt.Sub(could).Seconds()))
	}
}

func (s *Scheduler) end(j *turno.Job, a *turno.Attempt, queue, kind string) {
	device, outcome := "none", outcomeOf(j)
	if a != nil {
		device = string(a.Device)
		s.used(a, j.Spec, queue)
		if !a.StartedAt.IsZero() && !a.EndedAt.IsZero() {
			s.run.WithLabelValues(kind, device, outcome).Observe(max(0, a.EndedAt.Sub(a.StartedAt).Seconds()))
		}
	}
	s.finished.WithLabelValues(queue, kind, device, outcome).Inc()
	for _, p := range phasesOf(j.Result) {
		if phases[p.Name] {
			s.phase.WithLabelValues(kind, device, p.Name).Observe(p.Seconds)
		}
	}
}

// used adds the time for which an attempt had its devices.
func (s *Scheduler) used(a *turno.Attempt, spec *turno.Spec, queue string) {
	if a.StartedAt.IsZero() || !a.EndedAt.After(a.StartedAt) {
		return
	}
	amount := float64(spec.CPUs) / float64(turno.CPU)
	if a.Device == turno.DeviceGPU {
		amount = float64(len(a.GPUs))
	}
	s.device.WithLabelValues(queue, string(a.Device)).Add(amount * a.EndedAt.Sub(a.StartedAt).Seconds())
}

// outcomeOf is the end's name among metrics.
func outcomeOf(j *turno.Job) string {
	if j.Reason == turno.ReasonTimeout {
		return "timeout"
	}
	return string(j.State)
}

// phases are those that are told; a workload of somebody else's may name any.
var phases = map[string]bool{"setup": true, "h2d": true, "kernel": true, "d2h": true, "verify": true}

type phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

var phasesKey = []byte(`"phases"`)

// phasesOf reads the phases of an output, where it has any.
func phasesOf(r *turno.Result) []phase {
	if r == nil || !bytes.Contains(r.Output, phasesKey) {
		return nil
	}
	var out struct {
		Phases []phase `json:"phases"`
	}
	if json.Unmarshal(r.Output, &out) != nil {
		return nil // an output of another shape
	}
	return out.Phases
}
