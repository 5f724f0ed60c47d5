package bench

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"turno"
	"turno/internal/bench/record"
)

//go:embed environment.sh
var environmentScript string

// Facts of a machine, in the order of tables. Each is in every record: as
// unknown, if it could not be learned.
var machineFacts = []string{"os", "kernel", "cpu_model", "cpu_logical", "cpu_cores", "cpu_sockets", "cpu_mhz_now", "cpu_governor", "cpu_turbo",
	"cpu_smt", "numa_nodes", "memory_kb", "mem_available_kb", "huge_pages", "hypervisor", "container", "load_1m", "uptime_s"}

// gpuFacts are those of a machine with real GPUs.
var gpuFacts = []string{"gpu_model", "gpu_uuid_hash", "gpu_driver", "gpu_cuda", "gpu_vbios", "gpu_memory", "gpu_ecc", "gpu_mig", "gpu_power_limit",
	"gpu_clock_max_mhz", "gpu_clock_mhz", "gpu_temperature_c", "gpu_pcie", "gpu_persistence", "gpu_processes"}

// environmentTime is what the job may take that looks at the machine.
const environmentTime = 30 * time.Second

// logMost bounds what is read of it; it is some hundred bytes.
const logMost = 64 << 10

// Environment asks the worker's machine what it is, by a command on it: client
// and worker need not be the same machine. Only ctx's end is an error; what
// cannot be learned is unknown.
func Environment(ctx context.Context, r *Run) ([]record.Fact, error) {
	text, err := r.command(ctx, environmentScript)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	found := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			found[name] = value
		}
	}
	names := machineFacts
	if r.Results.HasGPU() {
		names = append(names[:len(names):len(names)], gpuFacts...)
	}
	var facts []record.Fact
	for _, n := range names {
		v := found[n]
		if v == "" {
			v = record.Unknown
		}
		facts = append(facts, record.Fact{Name: n, Value: v})
	}
	if err != nil {
		facts = append(facts, record.Fact{Name: "environment_error", Value: err.Error()})
	}
	return facts, nil
}

// command runs a shell script on the worker and returns its output.
func (r *Run) command(ctx context.Context, script string) (string, error) {
	params, err := json.Marshal(map[string]any{"command": []string{"/bin/sh", "-c", script}})
	if err != nil {
		return "", err
	}
	number, err := r.submit(ctx, &turno.Spec{Type: "exec", Name: "bench environment", Params: params, Queue: r.queue,
		Workers: []string{r.Results.Worker}, TimeLimit: turno.Duration(environmentTime)})
	if err != nil {
		return "", err
	}
	// a machine that is busy may not get to it
	wait, cancel := context.WithTimeout(ctx, 2*environmentTime)
	defer cancel()
	if _, err := r.watch.end(wait, number); err != nil {
		r.cancel(ctx, number)
		return "", fmt.Errorf("look at the worker's machine: %w", err)
	}
	return r.log(wait, number)
}

// log is all that a job has written, which may still be on its way.
func (r *Run) log(ctx context.Context, number int64) (string, error) {
	var text []byte
	for {
		l, err := r.Service.Log(ctx, turno.LogQuery{Job: strconv.FormatInt(number, 10), Offset: int64(len(text)), Max: logMost, Wait: environmentTime})
		if err != nil {
			return string(text), err
		}
		text = append(text, l.Data...)
		if l.Done || len(text) >= logMost {
			return string(text), nil
		}
	}
}
