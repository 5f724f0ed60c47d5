package worker

import (
	"strconv"

	"turno"
)

// slurm adds the variables that scripts for Slurm read. Those of its launcher
// (SLURM_NTASKS, SLURM_PROCID, …) are left out: libraries take them for a sign
// that one process a task was started.
func (r *Role) slurm(env map[string]string, a *attempt) {
	spec := a.task.Spec
	set := func(name, value string) {
		if value != "" {
			env["SLURM_"+name] = value
		}
	}
	number, cpus := strconv.FormatInt(a.key.Job, 10), strconv.Itoa(spec.CPUs.Whole())
	set("JOB_ID", number)
	set("JOBID", number)
	set("JOB_NAME", spec.Name)
	set("JOB_PARTITION", spec.Queue)
	set("JOB_USER", spec.User)
	set("JOB_ACCOUNT", spec.Labels["account"])
	set("JOB_QOS", spec.Labels["qos"])
	set("CLUSTER_NAME", "turno")
	set("SUBMIT_DIR", env["TURNO_SUBMIT_DIR"])
	set("SUBMIT_HOST", spec.SubmitHost)
	set("CPUS_PER_TASK", cpus)
	set("CPUS_ON_NODE", cpus)
	set("RESTART_COUNT", env["TURNO_RESTART_COUNT"])
	set("JOB_GPUS", env["TURNO_GPU_IDS"])
	set("TMPDIR", env["TMPDIR"])
	if spec.Memory > 0 {
		set("MEM_PER_NODE", strconv.FormatInt(spec.Memory>>20, 10))
	}
	env["SLURMD_NODENAME"] = r.o.Name
	if a.task.ArrayOf != 0 {
		set("ARRAY_JOB_ID", strconv.FormatInt(a.task.ArrayOf, 10))
		set("ARRAY_TASK_ID", env["TURNO_TASK_ID"])
		set("ARRAY_TASK_MIN", env["TURNO_ARRAY_MIN"])
		set("ARRAY_TASK_MAX", env["TURNO_ARRAY_MAX"])
		set("ARRAY_TASK_COUNT", env["TURNO_ARRAY_COUNT"])
	}
}

// submitDir is where a job was handed in.
func submitDir(spec *turno.Spec, dir string) string {
	switch {
	case spec.SubmitDir != "":
		return spec.SubmitDir
	case spec.Dir != "":
		return spec.Dir
	}
	return dir
}
