package grafana

// row is a part of the dashboard.
type row struct {
	title  string
	panels []panel
}

type panel struct {
	title, unit, note string
	tile              bool // one number; otherwise a chart over time
	bad               bool // of a tile: anything but 0 is red
	stack             bool
	rare              bool // see Expression
	queries           []query
}

type query struct {
	expr, legend string
	rare         bool
}

// Selectors that the variables fill in.
const (
	anywhere = `{instance=~"$instance"}`
	queue    = `{instance=~"$instance", queue=~"$queue"}`
	gpus     = `{instance=~"$instance", hostname=~"$hostname", UUID=~"$UUID"}`
)

// rate of a counter, or of a histogram's buckets.
func rate(metric, selector string) string { return "rate(" + metric + selector + "[$__rate_interval])" }

// quantile of a histogram.
func quantile(q, by, metric, selector string) string {
	labels := "le"
	if by != "" {
		labels += ", " + by
	}
	return "histogram_quantile(" + q + ", sum by (" + labels + ") (" + rate(metric+"_bucket", selector) + "))"
}

// jobsIn counts jobs in some states, once though several servers tell them.
func jobsIn(states, by string) string {
	return `sum ` + by + `(max by (queue, state) (turno_jobs{instance=~"$instance", queue=~"$queue", state=~"` + states + `"}))`
}

// share of what workers have that jobs use.
func share(device string) string {
	of := `{instance=~"$instance", device="` + device + `"}`
	return `sum(max by (worker) (turno_worker_slots_used` + of + `)) / sum(max by (worker) (turno_worker_slots` + of + `) > 0)`
}

// perGPU is one reading of each device.
func perGPU(metric string) []query {
	return []query{{expr: "max by (hostname, gpu, UUID) (" + metric + gpus + ")", legend: "{{hostname}} GPU {{gpu}}"}}
}

const (
	waiting = "held|queued"
	active  = "starting|running|stopping"
)

var rows = []row{
	{"Fleet", []panel{
		{title: "Workers up", tile: true, unit: "none", queries: []query{{expr: "sum(max by (worker) (turno_worker_up" + anywhere + "))"}}},
		{title: "Workers down", tile: true, bad: true, unit: "none", queries: []query{{expr: "sum(1 - max by (worker) (turno_worker_up" + anywhere + "))"}}},
		{title: "Jobs that run", tile: true, unit: "none", queries: []query{{expr: jobsIn(active, "")}}},
		{title: "Jobs that wait", tile: true, unit: "none", queries: []query{{expr: jobsIn(waiting, "")}}},
		{title: "GPUs in use", tile: true, unit: "percentunit", queries: []query{{expr: share("gpu")}}},
		{title: "CPUs in use", tile: true, unit: "percentunit", queries: []query{{expr: share("cpu")}}},
		{title: "Devices that jobs have", unit: "none", stack: true, queries: []query{
			{expr: "sum by (worker, device) (max by (worker, device) (turno_worker_slots_used" + anywhere + "))", legend: "{{worker}} {{device}}"}}},
		{title: "Silence of workers", unit: "s", note: "how long ago each was heard", queries: []query{
			{expr: "time() - max by (worker) (turno_worker_last_heartbeat_timestamp_seconds" + anywhere + ")", legend: "{{worker}}"}}},
		{title: "Time of devices given to jobs", unit: "none", note: "GPUs, or CPUs, that attempts had; counted when they end", stack: true, queries: []query{
			{expr: "sum by (queue, device) (" + rate("turno_device_seconds_total", queue) + ")", legend: "{{queue}} {{device}}"}}},
	}},
	{"Queues", []panel{
		{title: "Waiting", unit: "none", stack: true, queries: []query{{expr: jobsIn(waiting, "by (queue) "), legend: "{{queue}}"}}},
		{title: "Running", unit: "none", stack: true, queries: []query{{expr: jobsIn(active, "by (queue) "), legend: "{{queue}}"}}},
		{title: "Accepted and ended", unit: "ops", queries: []query{
			{expr: "sum(" + rate("turno_jobs_submitted_total", queue) + ")", legend: "accepted"},
			{expr: "sum(" + rate("turno_jobs_finished_total", queue) + ")", legend: "ended"}}},
		{title: "Wait before the first start", unit: "s", queries: []query{
			{expr: quantile("0.5", "queue", "turno_job_queue_wait_seconds", queue), legend: "{{queue}} median"},
			{expr: quantile("0.95", "queue", "turno_job_queue_wait_seconds", queue), legend: "{{queue}} p95"}}},
		{title: "From the decision to the start", unit: "s", queries: []query{
			{expr: quantile("0.95", "queue", "turno_dispatch_latency_seconds", queue), legend: "{{queue}} p95"}}},
		{title: "Jobs by state", unit: "none", queries: []query{{expr: jobsIn(".*", "by (state) "), legend: "{{state}}"}}},
		{title: "Devices that queues have", unit: "none", stack: true, queries: []query{
			{expr: "max by (queue, device) (turno_queue_slots_used" + queue + ")", legend: "{{queue}} {{device}}"}}},
		{title: "What waits, and for what", unit: "none", stack: true, rare: true, queries: []query{
			{expr: "sum by (reason) (turno_jobs_blocked" + queue + ")", legend: "{{reason}}"}}},
		{title: "The oldest in line", unit: "s", rare: true, queries: []query{
			{expr: "max by (queue) (turno_queue_oldest_job_age_seconds" + queue + ")", legend: "{{queue}}"}}},
	}},
	{"Jobs", []panel{
		{title: "Ends by outcome", unit: "ops", stack: true, queries: []query{
			{expr: "sum by (outcome) (" + rate("turno_jobs_finished_total", queue) + ")", legend: "{{outcome}}"}}},
		{title: "Of those that ended, not well", unit: "percentunit", queries: []query{
			{expr: `sum(rate(turno_jobs_finished_total{instance=~"$instance", queue=~"$queue", outcome=~"failed|timeout|lost"}[$__rate_interval])) / sum(` +
				rate("turno_jobs_finished_total", queue) + ")", legend: "failed, timeout or lost"}}},
		{title: "Run time", unit: "s", queries: []query{
			{expr: quantile("0.5", "type, device", "turno_job_run_seconds", anywhere), legend: "{{type}} {{device}} median"},
			{expr: quantile("0.95", "type, device", "turno_job_run_seconds", anywhere), legend: "{{type}} {{device}} p95"}}},
		{title: "Phases of workloads, mean", unit: "s", queries: []query{
			{expr: "sum by (type, device, phase) (" + rate("turno_job_phase_seconds_sum", anywhere) + ") / sum by (type, device, phase) (" + rate("turno_job_phase_seconds_count", anywhere) + ")",
				legend: "{{type}} {{device}} {{phase}}"}}},
		{title: "Starts", unit: "ops", stack: true, queries: []query{
			{expr: "sum by (type, device) (" + rate("turno_jobs_started_total", queue) + ")", legend: "{{type}} {{device}}"}}},
		{title: "Attempts that were not the last", unit: "ops", rare: true, queries: []query{
			{expr: "sum by (reason) (" + rate("turno_job_retries_total", queue) + ")", legend: "{{reason}}"}}},
	}},
	{"GPUs", []panel{
		{title: "Utilisation", unit: "percentunit", rare: true, queries: perGPU("turno_gpu_utilization_ratio")},
		{title: "Memory in use", unit: "percentunit", rare: true, queries: []query{
			{expr: "max by (hostname, gpu, UUID) (turno_gpu_memory_used_bytes" + gpus + ") / max by (hostname, gpu, UUID) (turno_gpu_memory_total_bytes" + gpus + " > 0)", legend: "{{hostname}} GPU {{gpu}}"}}},
		{title: "Jobs have it", unit: "none", queries: perGPU("turno_gpu_allocated")},
		{title: "Utilisation by job", unit: "percentunit", rare: true, queries: []query{
			{expr: "max by (hostname, gpu, UUID) (turno_gpu_utilization_ratio" + gpus + ") * on (hostname, gpu, UUID) group_left (job_id, user) max by (hostname, gpu, UUID, job_id, user) (turno_job_gpu_info)",
				legend: "job {{job_id}} of {{user}}: {{hostname}} GPU {{gpu}}"}}},
		{title: "Power", unit: "watt", rare: true, queries: perGPU("turno_gpu_power_watts")},
		{title: "Temperature", unit: "celsius", rare: true, queries: perGPU("turno_gpu_temperature_celsius")},
		{title: "Clock", unit: "hertz", rare: true, queries: perGPU("turno_gpu_sm_clock_hertz")},
		{title: "Energy of the range shown", unit: "joule", rare: true, queries: []query{
			{expr: "max by (hostname, gpu, UUID) (increase(turno_gpu_energy_joules_total" + gpus + "[$__range]))", legend: "{{hostname}} GPU {{gpu}}"}}},
		{title: "Clocks held down", unit: "none", rare: true, queries: []query{
			{expr: "max by (hostname, gpu, UUID, reason) (turno_gpu_throttled" + gpus + ")", legend: "{{hostname}} GPU {{gpu}}: {{reason}}"}}},
		{title: "Out of use", unit: "none", note: "1: the worker found something wrong with it and gives it no job", queries: perGPU("turno_gpu_quarantined")},
	}},
	{"Benchmarks", []panel{
		{title: "GPU against CPU", unit: "none", note: "how many times quicker, of kernel times; with the interval of confidence", rare: true, queries: []query{
			{expr: "max by (type, size_class, bound) (turno_benchmark_speedup_ratio" + anywhere + ")", legend: "{{type}} {{size_class}} {{bound}}"}}},
	}},
	{"turno itself", []panel{
		{title: "Store", tile: true, unit: "none", note: "1, always", queries: []query{{expr: "min(turno_store_up" + anywhere + ")"}}},
		{title: "Broker and scheduler", tile: true, unit: "none", note: "1, always", queries: []query{{expr: "min(turno_broker_up" + anywhere + ")"}}},
		{title: "Schedulers that lead", tile: true, unit: "none", note: "1, always", queries: []query{{expr: "sum(turno_scheduler_leader" + anywhere + ")"}}},
		{title: "Commits that failed", tile: true, bad: true, unit: "none", queries: []query{{expr: "sum(increase(turno_store_errors_total" + anywhere + "[$__range]))"}}},
		{title: "Messages set aside", tile: true, bad: true, unit: "none", queries: []query{{expr: "sum(increase(turno_dead_letters_total" + anywhere + "[$__range])) or vector(0)"}}},
		{title: "Refused for their token", tile: true, unit: "none", queries: []query{{expr: "sum(increase(turno_auth_failures_total" + anywhere + "[$__range]))"}}},
		{title: "Streams that are open", tile: true, unit: "none", queries: []query{{expr: "sum(turno_sse_clients" + anywhere + ")"}}},
		{title: "Scrapes that lacked something", tile: true, bad: true, unit: "none", queries: []query{{expr: "sum(increase(turno_telemetry_errors_total" + anywhere + "[$__range]))"}}},
		{title: "Messages to the broker", unit: "ops", stack: true, queries: []query{
			{expr: "sum by (instance, result) (" + rate("turno_broker_publish_total", anywhere) + ")", legend: "{{instance}} {{result}}"}}},
		{title: "The broker's confirm", unit: "s", queries: []query{
			{expr: quantile("0.5", "instance", "turno_broker_roundtrip_seconds", anywhere), legend: "{{instance}} median"},
			{expr: quantile("0.99", "instance", "turno_broker_roundtrip_seconds", anywhere), legend: "{{instance}} p99"}}},
		{title: "Connections to the broker", unit: "none", queries: []query{
			{expr: "sum by (instance) (turno_broker_connections" + anywhere + ")", legend: "{{instance}}"}}},
		{title: "The store's size", unit: "bytes", queries: []query{{expr: "max by (store) (turno_store_size_bytes" + anywhere + ")", legend: "{{store}}"}}},
		{title: "Decisions", unit: "ops", queries: []query{
			{expr: "sum by (result) (" + rate("turno_scheduler_decisions_total", anywhere) + ")", legend: "{{result}}"}}},
		{title: "Webhooks", unit: "ops", note: "tries, by what the webhook is afterwards: pending is tried again", stack: true, queries: []query{
			{expr: "sum by (state) (" + rate("turno_webhook_tries_total", anywhere) + ")", legend: "{{state}}"}}},
		{title: "A round of the scheduler", unit: "s", queries: []query{
			{expr: quantile("0.5", "", "turno_scheduler_cycle_seconds", anywhere), legend: "median"}, {expr: quantile("0.99", "", "turno_scheduler_cycle_seconds", anywhere), legend: "p99"}}},
		{title: "Commits", unit: "s", queries: []query{
			{expr: quantile("0.5", "operation", "turno_store_operation_seconds", anywhere), legend: "{{operation}} median"},
			{expr: quantile("0.99", "operation", "turno_store_operation_seconds", anywhere), legend: "{{operation}} p99"}}},
		{title: "Requests", unit: "reqps", stack: true, queries: []query{
			{expr: "sum by (code) (" + rate("turno_http_request_duration_seconds_count", anywhere) + ")", legend: "{{code}}"}}},
		{title: "Slowest routes", unit: "s", note: "p95; streams count until their end", queries: []query{
			{expr: "topk(5, " + quantile("0.95", "method, route", "turno_http_request_duration_seconds", anywhere) + ")", legend: "{{method}} {{route}}"}}},
		{title: "Memory", unit: "bytes", queries: []query{{expr: `process_resident_memory_bytes{instance=~"$instance"} and on (instance) turno_build_info`, legend: "{{instance}}"}}},
		{title: "Processors", unit: "none", queries: []query{{expr: rate("process_cpu_seconds_total", anywhere) + " and on (instance) turno_build_info", legend: "{{instance}}"}}},
	}},
}
