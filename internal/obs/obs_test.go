package obs

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"turno"
	"turno/internal/store"
)

// service answers what a scrape asks.
type service struct {
	turno.Service
	err error
}

func (s service) Summary(context.Context) (turno.Summary, error) {
	return turno.Summary{Queues: map[string]map[turno.State]int64{"default": {turno.Running: 2, turno.Queued: 5}}}, s.err
}

func (s service) Workers(context.Context) ([]turno.Worker, error) {
	return []turno.Worker{{
		Name: "w1", State: turno.WorkerReady, SeenAt: time.UnixMilli(1500), CPUsUsed: 2500, GPUsUsed: []string{"GPU-1"},
		Machine: turno.Machine{Hostname: "lab-01", Version: "v1", OS: "linux", Arch: "amd64", CPUs: 8000, GPUs: []turno.GPU{
			{Index: 0, UUID: "GPU-1", Model: "H200", Memory: 1 << 30, PCI: "00000000:01:00.0", Status: &turno.GPUStatus{
				Utilisation: 40, MemoryBusy: 10, MemoryUsed: 1 << 29, Watts: 300, WattsLimit: 700, Celsius: 60, ClockMHz: 1980, MemoryClockMHz: 3201,
				Throttled: []string{"power cap"}, Joules: 5e6, XID: 79, XIDAt: time.UnixMilli(2500),
			}},
			{Index: 1, UUID: "GPU-2", Model: "Fake", Simulated: true, Quarantine: "fell off the bus"},
		}},
	}}, nil
}

// full is a registry in which every metric has a series.
func full() (*Registry, *Scheduler, *HTTP) {
	r := New("v1")
	s, h := r.Scheduler(), r.HTTP()
	r.Fleet(service{}, Parts{Store: "sqlite", Broker: "embedded", StoreSize: func(context.Context) (int64, error) { return 4096, nil }})
	r.Broker("embedded", nil)
	r.BrokerLink("embedded")
	r.SpeedUps(func(context.Context) ([]SpeedUp, error) {
		return []SpeedUp{{Type: "matmul", SizeClass: "1024 n", Point: 3, Low: 2, High: 4}}, nil
	})
	r.Traces([]string{"sent"})("sent", 1)
	s.Holding([]Holding{{Hostname: "lab-01", GPU: turno.GPU{UUID: "GPU-1", Model: "H200"}, Job: "42_7", Queue: "default", Type: "train", User: "ana"}},
		[]QueueUse{{Queue: "default", CPUs: 2 * turno.CPU, GPUs: 1}})
	s.Waiting([]Waiting{{Queue: "default", Jobs: map[turno.Reason]int{turno.ReasonPriority: 4}, Oldest: time.Now()}})
	return r, s, h
}

var begin = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// life is a job that fails once and then succeeds, change by change.
func life() []store.Change {
	spec := &turno.Spec{Queue: "default", Type: "matmul", CPUs: 2 * turno.CPU}
	at := func(seconds float64) time.Time { return begin.Add(time.Duration(seconds * float64(time.Second))) }
	first := turno.Attempt{Number: 1, Worker: "w1", Device: turno.DeviceCPU, AssignedAt: at(3)}
	begun, failed := first, first
	begun.StartedAt = at(4)
	failed.StartedAt, failed.EndedAt = at(4), at(6)
	failed.Result = &turno.Result{State: turno.Failed, Reason: turno.ReasonExitCode}
	second := turno.Attempt{Number: 2, Worker: "w1", Device: turno.DeviceGPU, GPUs: []string{"a", "b"}, AssignedAt: at(10)}
	won := second
	won.StartedAt, won.EndedAt = at(11), at(14)
	won.Result = &turno.Result{State: turno.Succeeded, Output: []byte(`{"phases": [{"name": "kernel", "seconds": 2}, {"name": "tea", "seconds": 9}]}`)}
	job := func(state turno.State, attempts ...turno.Attempt) *turno.Job {
		return &turno.Job{Spec: spec, State: state, SubmittedAt: begin, Attempts: attempts}
	}
	last := job(turno.Succeeded, failed, won)
	last.Result = won.Result
	return []store.Change{
		{Job: job(turno.Queued)},
		{Job: job(turno.Starting, first), From: turno.Queued},
		{Job: job(turno.Running, begun), From: turno.Starting},
		{Job: job(turno.Queued, failed), From: turno.Running},
		{Job: job(turno.Held, failed), From: turno.Queued}, // nothing of an attempt's
		{Job: job(turno.Queued, failed), From: turno.Held},
		{Job: job(turno.Starting, failed, second), From: turno.Queued},
		{Job: last, From: turno.Starting}, // too short to be seen running
	}
}

func TestScheduler_CountsOneLife(t *testing.T) {
	t.Parallel()
	r, s, _ := full()
	s.Committed(life())
	want := `
# HELP turno_device_seconds_total Time of devices given to attempts that have ended: GPUs, or CPUs where there was none.
# TYPE turno_device_seconds_total counter
turno_device_seconds_total{device="cpu",queue="default"} 4
turno_device_seconds_total{device="gpu",queue="default"} 6
# HELP turno_job_retries_total Attempts after which a job went back to its queue.
# TYPE turno_job_retries_total counter
turno_job_retries_total{queue="default",reason="ExitCode",type="matmul"} 1
# HELP turno_jobs_finished_total Jobs that ended, by outcome.
# TYPE turno_jobs_finished_total counter
turno_jobs_finished_total{device="gpu",outcome="succeeded",queue="default",type="matmul"} 1
# HELP turno_jobs_started_total Attempts that began to run.
# TYPE turno_jobs_started_total counter
turno_jobs_started_total{device="cpu",queue="default",type="matmul"} 1
turno_jobs_started_total{device="gpu",queue="default",type="matmul"} 1
# HELP turno_jobs_submitted_total Jobs accepted; each task of an array is one.
# TYPE turno_jobs_submitted_total counter
turno_jobs_submitted_total{queue="default",type="matmul"} 1
`
	if err := testutil.GatherAndCompare(r.all, strings.NewReader(want), "turno_jobs_submitted_total", "turno_jobs_started_total",
		"turno_jobs_finished_total", "turno_job_retries_total", "turno_device_seconds_total"); err != nil {
		t.Error(err)
	}
	sums := map[string]float64{ // of one observation each, but for dispatch: 1 s twice
		"turno_job_queue_wait_seconds": 4, "turno_job_run_seconds": 3, "turno_job_phase_seconds": 2, "turno_dispatch_latency_seconds": 2,
	}
	families, err := r.all.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		want, ok := sums[f.GetName()]
		if !ok {
			continue
		}
		delete(sums, f.GetName())
		if got := f.GetMetric()[0].GetHistogram().GetSampleSum(); len(f.GetMetric()) != 1 || got != want {
			t.Errorf("%s: %d series, sum %g, want one of %g", f.GetName(), len(f.GetMetric()), got, want)
		}
	}
	if len(sums) > 0 {
		t.Errorf("not told: %v", sums)
	}
}

func TestScheduler_ArraysCountTheirTasks(t *testing.T) {
	t.Parallel()
	r := New("v1")
	s := r.Scheduler()
	spec := &turno.Spec{Queue: "q", Type: "noop", Array: &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 99, Step: 1}}}}
	s.Committed([]store.Change{
		{Job: &turno.Job{Spec: spec, State: turno.Queued}},
		{Job: &turno.Job{Spec: spec, State: turno.Starting, Parent: 1, Attempts: []turno.Attempt{{Number: 1}}}},
		{Job: &turno.Job{Spec: spec, State: turno.Cancelled}, From: turno.Queued}, // the array itself
	})
	if n := testutil.ToFloat64(s.submitted); n != 100 {
		t.Errorf("%g were submitted", n)
	}
	if n := testutil.CollectAndCount(s.finished); n != 0 {
		t.Errorf("%d ends were counted", n)
	}
}

func TestNames_AreGood(t *testing.T) {
	t.Parallel()
	r, s, h := full()
	s.Committed(life())
	h.Wrap(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	s.Store("commit", time.Second, errors.New("full"))
	s.SetAside(turno.DeadPanic)
	families, err := r.all.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if (strings.HasPrefix(p.Metric, "turno_gpu_") || p.Metric == "turno_job_gpu_info") && strings.Contains(p.Text, "camelCase") {
			continue // as NVIDIA's exporter spells them
		}
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	forbidden := []string{"job", "job_id", "number", "path", "error", "name"}
	for _, f := range families {
		if f.GetName() == "turno_job_gpu_info" {
			continue // the one that names jobs: a series for each device in use
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if strings.HasPrefix(f.GetName(), "turno_") && slices.Contains(forbidden, l.GetName()) {
					t.Errorf("%s has the label %s", f.GetName(), l.GetName())
				}
			}
		}
	}
	documented(t, families)
}

func TestWords_AreBounded(t *testing.T) {
	t.Parallel()
	w := newWords()
	for i := range 2 * maxWords {
		w.of(strings.Repeat("x", i))
	}
	if len(w.seen) != maxWords || w.of("xx") != "xx" || w.of("new") != other || w.of("") != "none" {
		t.Errorf("%d are known", len(w.seen))
	}
}

// TestHolding_EndsWithTheJob: series of devices go, those of queues fall to zero.
func TestHolding_EndsWithTheJob(t *testing.T) {
	t.Parallel()
	r := New("v1")
	s := r.Scheduler()
	held := Holding{Hostname: "h", GPU: turno.GPU{UUID: "g", Simulated: true, Model: "Fake"}, Job: "42", Queue: "night", Type: "train", User: "ana"}
	s.Holding([]Holding{held}, []QueueUse{{Queue: "night", CPUs: 500, GPUs: 1}})
	const job = `turno_job_gpu_info{UUID="g",device="SIMULATED",gpu="0",hostname="h",job_id="42",modelName="SIMULATED Fake",pci_bus_id="",queue="night",type="train",user="ana"} 1`
	told := func() string {
		w := httptest.NewRecorder()
		r.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		return w.Body.String()
	}
	if text := told(); !strings.Contains(text, job) || !strings.Contains(text, `turno_queue_slots_used{device="cpu",queue="night"} 0.5`) {
		t.Errorf("not told: %s", job)
	}
	s.Holding(nil, nil)
	if text := told(); strings.Contains(text, "turno_job_gpu_info{") || !strings.Contains(text, `turno_queue_slots_used{device="gpu",queue="night"} 0`) {
		t.Error("a job that has ended is still told, or its queue no more")
	}
	s.Committed(life())
	for result, want := range map[string]float64{placed: 2, requeued: 1, ahead: 0, refused: 0} {
		if got := testutil.ToFloat64(s.decided.WithLabelValues(result)); got != want {
			t.Errorf("%g were %s, want %g", got, result, want)
		}
	}
}

func TestHandler_TellsWhatCanBeRead(t *testing.T) {
	t.Parallel()
	r := New("v1")
	r.Fleet(service{err: errors.New("the store is away")}, Parts{Store: "sqlite", Broker: "embedded"})
	scrape := func() string {
		w := httptest.NewRecorder()
		r.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		return w.Body.String()
	}
	scrape() // counts its failure for the next one
	text := scrape()
	for _, line := range []string{
		"\nturno_telemetry_errors_total ", // 1, or 2: its own place in the order is not fixed
		`turno_worker_up{worker="w1"} 1`,
		`turno_worker_slots_used{device="cpu",worker="w1"} 2.5`,
		`turno_gpu_allocated{UUID="GPU-1",device="nvidia0",gpu="0",hostname="lab-01",modelName="H200",pci_bus_id="00000000:01:00.0"} 1`,
		`turno_gpu_utilization_ratio{UUID="GPU-1",device="nvidia0",gpu="0",hostname="lab-01",modelName="H200",pci_bus_id="00000000:01:00.0"} 0.4`,
		`turno_gpu_sm_clock_hertz{UUID="GPU-1",device="nvidia0",gpu="0",hostname="lab-01",modelName="H200",pci_bus_id="00000000:01:00.0"} 1.98e+09`,
		`turno_gpu_throttled{UUID="GPU-1",device="nvidia0",gpu="0",hostname="lab-01",modelName="H200",pci_bus_id="00000000:01:00.0",reason="power cap"} 1`,
		`turno_gpu_quarantined{UUID="GPU-2",device="SIMULATED",gpu="1",hostname="lab-01",modelName="SIMULATED Fake",pci_bus_id=""} 1`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("not told: %s", line)
		}
	}
	if strings.Contains(text, `turno_gpu_utilization_ratio{UUID="GPU-2"`) {
		t.Error("it tells how a device is that nobody has looked at")
	}
	if strings.Contains(text, "turno_jobs{") {
		t.Error("it tells of jobs that it could not count")
	}
}

func TestHTTP_RoutesNotPaths(t *testing.T) {
	t.Parallel()
	r := New("v1")
	h := r.HTTP()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/jobs/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	served := h.Wrap(mux)
	for _, target := range []string{"/api/v1/jobs/42", "/api/v1/jobs/43", "/elsewhere/" + strings.Repeat("x", 100)} {
		served.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil))
	}
	served.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("BREW", "/elsewhere", nil))
	if n := testutil.CollectAndCount(h.took); n != 3 { // the route, nowhere by GET, nowhere by another method
		t.Errorf("%d series", n)
	}
	if n := testutil.ToFloat64(h.refused); n != 2 {
		t.Errorf("%g were refused", n)
	}
}

// A connection can be taken over below it, as sessions with jobs do.
func TestHTTP_LetsConnectionsGo(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(New("v1").HTTP().Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = conn.Write([]byte("HTTP/1.1 204 No Content\r\n\r\n"))
		_ = conn.Close()
	})))
	defer server.Close()
	answer, err := server.Client().Get(server.URL)
	if err != nil || answer.StatusCode != http.StatusNoContent {
		t.Errorf("%v, %v", answer, err)
	}
}

func TestNil_CountsNothing(t *testing.T) {
	t.Parallel()
	var s *Scheduler
	var h *HTTP
	s.Committed(life())
	s.Cycle(1)
	s.Store("commit", 1, nil)
	s.SetAside("")
	s.Lead(true)
	h.Stream()()
	if h.Wrap(http.NotFoundHandler()) == nil {
		t.Error("nothing serves")
	}
}

// page is where every metric stands.
const page = "../../docs/metrics.md"

func readPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
