package grafana

import (
	"fmt"
	"strconv"
	"strings"
)

// alert is one rule. Thresholds are for a person who is called: what mends
// itself within the time of For is none of theirs.
type alert struct {
	name, expr, wait, severity string
	summary, help              string
}

// happened is a counter that has risen. A series that begins with its first
// event has never been seen to rise.
func happened(counter, by string) string {
	return fmt.Sprintf("sum by (%s) (increase(%s[15m]) > 0 or (%s unless %s offset 15m))", by, counter, counter, counter)
}

var alerts = []alert{
	{"TurnoDown", `up{job=~"turno.*"} == 0`, "1m", "critical",
		"turno at {{ $labels.instance }} does not answer", "Jobs that run go on; nothing can be asked or handed in there. Is the process up? turno doctor says more on its machine."},
	{"TurnoNoScheduler", `(sum(turno_scheduler_leader) or vector(0)) < 1 and on () up{job=~"turno.*"} == 1`, "1m", "critical",
		"no scheduler leads", "Jobs are accepted and wait. Look at the schedulers' logs: the store or the broker may be away. Schedulers that run apart are scraped at --metrics-listen."},
	{"TurnoWorkerDown", `max by (worker) (turno_worker_up) == 0`, "2m", "warning",
		"worker {{ $labels.worker }} is not heard", "Its jobs run on until their lease is out, and then begin again elsewhere. turno nodes shows since when."},
	{"TurnoQueueStuck", `sum by (queue) (max by (queue, state) (turno_jobs{state="queued"})) > 0 unless on (queue) sum by (queue) (increase(turno_jobs_started_total[1h])) > 0`, "1h", "warning",
		"nothing of queue {{ $labels.queue }} has begun for an hour, though jobs wait", "turno why JOB says what they wait for."},
	{"TurnoQueueWaits", `max by (queue) (turno_queue_oldest_job_age_seconds) > 3600 and on () sum(max by (worker) (turno_worker_slots{device="gpu"})) > sum(max by (worker) (turno_worker_slots_used{device="gpu"}))`, "5m", "warning",
		"a job of queue {{ $labels.queue }} waits for more than an hour, though GPUs are free", "turno ps --state queued lists the jobs, turno why JOB says what each waits for."},
	{"TurnoUnsatisfiable", `sum by (queue) (turno_jobs_blocked{reason="NoSuchResource"}) > 0`, "10m", "warning",
		"jobs of queue {{ $labels.queue }} ask for what no worker could ever give", "turno why JOB says what is missing. Cancel them, or add such a worker."},
	{"TurnoStoreDown", `min by (instance, store) (turno_store_up) == 0`, "1m", "critical",
		"the {{ $labels.store }} store does not answer turno at {{ $labels.instance }}", "Jobs that run go on. Nothing is accepted and no result is told until it is back."},
	{"TurnoBrokerDown", `min by (instance, broker) (turno_broker_up) == 0`, "2m", "critical",
		"turno at {{ $labels.instance }} reaches no scheduler by the {{ $labels.broker }} broker", "Jobs that run go on. Is the broker up, and a scheduler? turno doctor looks at both."},
	{"TurnoBrokerUnsteady", `sum by (instance) (increase(turno_broker_reconnects_total[15m])) > 6`, "5m", "warning",
		"turno at {{ $labels.instance }} loses its connections to the broker again and again", "Nothing is lost, but all waits meanwhile. Look at the network between the two and at the broker's log."},
	{"TurnoManyFailures", `sum by (queue, type) (increase(turno_jobs_finished_total{outcome=~"failed|timeout|lost"}[15m])) > 0.2 * sum by (queue, type) (increase(turno_jobs_finished_total[15m])) and sum by (queue, type) (increase(turno_jobs_finished_total[15m])) >= 10`, "5m", "warning",
		"more than a fifth of the {{ $labels.type }} jobs of queue {{ $labels.queue }} fail", "turno ps --state failed lists them with their reasons."},
	{"TurnoJobsLost", happened(`turno_jobs_finished_total{outcome="lost"}`, "queue"), "0m", "warning",
		"jobs of queue {{ $labels.queue }} were lost with their workers", "Their workers were silent for longer than the lease, and the jobs may not be run again."},
	{"TurnoGPUIdle", `max by (hostname, gpu, UUID) (turno_gpu_allocated) == 1 and max by (hostname, gpu, UUID) (turno_gpu_utilization_ratio) < 0.05`, "15m", "info",
		"GPU {{ $labels.gpu }} of {{ $labels.hostname }} is reserved and idle", "A job has it and does not use it. turno gpus and turno ps --state running show which."},
	{"TurnoGPUQuarantined", `max by (hostname, gpu, UUID) (turno_gpu_quarantined) == 1`, "1m", "warning",
		"GPU {{ $labels.gpu }} of {{ $labels.hostname }} takes no job", "turno gpus says what is wrong with it."},
	{"TurnoGPUHeldDown", `max by (hostname, gpu, UUID, reason) (turno_gpu_throttled{reason!~"power cap|sync boost"}) == 1`, "5m", "warning",
		"GPU {{ $labels.gpu }} of {{ $labels.hostname }} is held down by {{ $labels.reason }}", "It is slower than it could be: look at cooling and power. Reaching the power limit under load is ordinary and not told."},
	{"TurnoGPUError", `time() - max by (hostname, gpu, UUID) (turno_gpu_last_xid_timestamp_seconds) < 900`, "0m", "warning",
		"GPU {{ $labels.gpu }} of {{ $labels.hostname }} has had a critical error", "NVIDIA's list of XIDs says what the number of turno_gpu_last_xid means."},
	{"TurnoStoreFails", `sum by (operation) (increase(turno_store_errors_total[5m])) > 0`, "1m", "critical",
		"the store refuses what is written to it", "Nothing is lost, but nothing goes on. Is its disk full, or the database away?"},
	{"TurnoStoreSlow", `histogram_quantile(0.99, sum by (le, operation) (rate(turno_store_operation_seconds_bucket[5m]))) > 0.5`, "10m", "warning",
		"a hundredth of all commits takes longer than half a second", "Everything waits for commits: look at the store's disk."},
	{"TurnoDeadLetters", happened("turno_dead_letters_total", "reason"), "0m", "warning",
		"messages could not be taken as jobs and were set aside: {{ $labels.reason }}", "turno dead-letters lists them."},
	{"TurnoWebhooksFail", `sum(increase(turno_webhook_tries_total{state="failed"}[15m])) > 0`, "0m", "warning",
		"ends of jobs could not be told to the addresses that they name", "turno show JOB says why; the scheduler's log names the jobs."},
	{"TurnoTracesLost", happened(`turno_traces_total{result!="sent"}`, "result"), "0m", "info",
		"traces of jobs were not sent: {{ $labels.result }}", "The receiver of OpenTelemetry's is away, too slow or refuses them; the scheduler's log says which. No job is held up by it."},
	{"TurnoStreamsDropped", `sum by (instance) (increase(turno_sse_dropped_total[15m])) > 10`, "5m", "info",
		"browsers or programs cannot keep up with what turno at {{ $labels.instance }} tells them", "They come back to where they were. The network may be slow, or a program reads its stream of events too seldom."},
	{"TurnoScrapeLacks", `increase(turno_telemetry_errors_total[15m]) > 3`, "5m", "warning",
		"turno at {{ $labels.instance }} cannot tell all of its metrics", "It cannot read its store, or reaches no scheduler."},
	{"TurnoTokensRefused", `sum by (instance) (increase(turno_auth_failures_total[5m])) > 100`, "0m", "warning",
		"many requests without a valid token at {{ $labels.instance }}", "Somebody guesses, or a program has kept a token that was revoked."},
}

// Rules are in Prometheus's format.
func Rules() []byte {
	var out strings.Builder
	out.WriteString("# Rules of alert for turno. Made by: turno grafana rules\n# They take the jobs to be called turno…, as turno grafana scrape does.\ngroups:\n  - name: turno\n    rules:\n")
	for _, a := range alerts {
		fmt.Fprintf(&out, "      - alert: %s\n        expr: %s\n        for: %s\n        labels: {severity: %s}\n        annotations:\n          summary: %s\n          description: %s\n",
			a.name, strconv.Quote(a.expr), a.wait, a.severity, strconv.Quote(a.summary), strconv.Quote(a.help))
	}
	return []byte(out.String())
}

// Target is a turno to be scraped.
type Target struct {
	Address   string // host:port
	TLS       bool
	CA        string // file of certificates; empty: the system's
	TokenFile string // empty: none is asked
	// Schedulers are addresses of schedulers that run apart.
	Schedulers []string
}

// Scrape is a configuration of Prometheus's, whole but for where its rules are.
func Scrape(t Target) []byte {
	var out strings.Builder
	out.WriteString("# Made by: turno grafana scrape\nscrape_configs:\n  - job_name: turno\n    scrape_interval: 15s\n")
	if t.TLS {
		out.WriteString("    scheme: https\n")
		if t.CA != "" {
			fmt.Fprintf(&out, "    tls_config: {ca_file: %s}\n", strconv.Quote(t.CA))
		}
	}
	if t.TokenFile != "" {
		fmt.Fprintf(&out, "    authorization: {credentials_file: %s}\n", strconv.Quote(t.TokenFile))
	}
	fmt.Fprintf(&out, "    static_configs:\n      - targets: [%s]\n", strconv.Quote(t.Address))
	if len(t.Schedulers) > 0 {
		quoted := make([]string, len(t.Schedulers))
		for i, s := range t.Schedulers {
			quoted[i] = strconv.Quote(s)
		}
		fmt.Fprintf(&out, "  - job_name: turno-scheduler\n    scrape_interval: 15s\n    static_configs:\n      - targets: [%s]\n", strings.Join(quoted, ", "))
	}
	return []byte(out.String())
}
