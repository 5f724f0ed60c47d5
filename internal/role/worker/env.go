package worker

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"turno"
)

// environment is all of a command's environment: clean, with the job's own
// variables and those that programs and people look for. The job's own win
// over defaults, never over what says where and on which devices it runs.
func (r *Role) environment(a *attempt, dir string) []string {
	spec := a.task.Spec
	threads := strconv.Itoa(spec.CPUs.Whole())
	env := map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "SHELL": "/bin/sh",
		"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads,
	}
	for _, name := range []string{"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "LD_LIBRARY_PATH"} {
		if v := os.Getenv(name); v != "" {
			env[name] = v
		}
	}
	a.owner.environment(env, a.dir)
	if parent := r.o.Traces.Within(a.task.ID, spec.Trace, a.key.Attempt); parent != "" {
		env[traceVariable] = parent
	}
	maps.Copy(env, spec.Env)
	env["TMPDIR"] = filepath.Join(a.dir, "tmp")
	env["PWD"] = dir
	r.describe(env, a, dir)
	r.devices(env, a)
	if spec.Compat == turno.CompatSlurm {
		r.slurm(env, a)
	}
	list := make([]string, 0, len(env))
	for k, v := range env {
		list = append(list, k+"="+v)
	}
	slices.Sort(list)
	return list
}

// traceVariable is what tools and libraries read their parent's trace of.
const traceVariable = "TRACEPARENT"

// runnerEnv is what a job in a runner has beside that of its child: its own
// variables, and which trace it is in.
func (r *Role) runnerEnv(a *attempt) map[string]string {
	own := a.task.Spec.Env
	parent := r.o.Traces.Within(a.task.ID, a.task.Spec.Trace, a.key.Attempt)
	if parent == "" || own[traceVariable] != "" {
		return own
	}
	env := map[string]string{traceVariable: parent}
	maps.Copy(env, own)
	return env
}

// environment tells a job who it is on this machine. One of the pool is at home
// nowhere.
func (o *owner) environment(env map[string]string, dir string) {
	if o == nil {
		return
	}
	env["USER"], env["LOGNAME"], env["SHELL"], env["HOME"] = o.name, o.name, o.shell, o.home
	if o.home == "" {
		env["HOME"] = filepath.Join(dir, "tmp")
	}
}

// describe tells a job who it is.
func (r *Role) describe(env map[string]string, a *attempt, dir string) {
	t := a.task
	set := func(name, value string) { env["TURNO_"+name] = value }
	number := strconv.FormatInt(a.key.Job, 10)
	if t.ArrayOf != 0 {
		number = strconv.FormatInt(t.ArrayOf, 10)
		tasks := t.Array.Tasks
		low, high := tasks[0].First, tasks[0].Last
		for _, s := range tasks {
			low, high = min(low, s.First), max(high, s.Last)
		}
		set("TASK_ID", strconv.Itoa(t.Index))
		set("ARRAY_MIN", strconv.Itoa(low))
		set("ARRAY_MAX", strconv.Itoa(high))
		set("ARRAY_COUNT", strconv.Itoa(tasks.Len()))
	}
	set("JOB_ID", number)
	set("JOB_UUID", t.ID)
	set("JOB_NAME", t.Spec.Name)
	set("ATTEMPT", strconv.Itoa(a.key.Attempt))
	set("RESTART_COUNT", strconv.Itoa(a.key.Attempt-1))
	set("QUEUE", t.Spec.Queue)
	set("USER", t.Spec.User)
	set("WORKER", r.o.Name)
	set("SUBMIT_DIR", submitDir(t.Spec, dir))
	set("WORK_DIR", dir)
	set("ERROR_FILE", filepath.Join(a.dir, errorFile))
	set("TASK_DIR", filepath.Join(a.dir, "work"))
	set("OUTPUT_DIR", filepath.Join(a.dir, "out"))
	set("CKPT_DIR", r.ckpts.of(t))
	set("CPUS", strconv.Itoa(t.Spec.CPUs.Whole()))
	if !t.Spec.Deadline.IsZero() {
		set("DEADLINE", t.Spec.Deadline.UTC().Format("2006-01-02T15:04:05Z"))
	}
}

// nodes says what torchrun and its like ask for. There is one node: a job's
// GPUs are all on its worker.
func (r *Role) nodes(env map[string]string, a *attempt) {
	env["TURNO_NUM_NODES"], env["TURNO_NODE_RANK"] = "1", "0"
	env["TURNO_NODE_IPS"], env["TURNO_MASTER_ADDR"] = "127.0.0.1", "127.0.0.1"
	env["TURNO_MASTER_PORT"] = strconv.Itoa(r.ports.of(a.key))
}

// devices shows a job its GPUs: by index in PCI order, which every framework
// reads, and none at all to a job on the CPU.
func (r *Role) devices(env map[string]string, a *attempt) {
	var indices, uuids []string
	simulated := false
	for _, uuid := range a.task.GPUs {
		uuids = append(uuids, uuid)
		for _, g := range r.gpus {
			if g.UUID == uuid {
				id := strconv.Itoa(g.Index)
				if g.MIG {
					id = g.UUID // an instance has no number that CUDA takes
				}
				indices = append(indices, id)
				simulated = simulated || g.Simulated
			}
		}
	}
	env["CUDA_VISIBLE_DEVICES"] = strings.Join(indices, ",")
	env["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
	env["TURNO_GPU_IDS"] = strings.Join(indices, ",")
	env["TURNO_GPU_UUIDS"] = strings.Join(uuids, ",")
	env["TURNO_DEVICE"] = string(a.task.Device)
	env["TURNO_GPUS_PER_NODE"] = strconv.Itoa(len(indices))
	if limit := a.task.Spec.GPUMemory; limit > 0 {
		env["TURNO_VRAM_LIMIT_MB"] = strconv.FormatInt(limit>>20, 10)
	}
	r.nodes(env, a)
	if simulated {
		env["TURNO_SIMULATED"] = "1"
		env["CUDA_VISIBLE_DEVICES"] = "" // there is no such device
	}
	if a.task.Device == turno.DeviceGPU && !simulated {
		env["NVIDIA_VISIBLE_DEVICES"] = strings.Join(uuids, ",")
	}
}
