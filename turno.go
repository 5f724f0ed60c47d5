// Package turno is the vocabulary of a distributed queue for GPU jobs: what a
// user asks for (Spec), what the queue knows of it (Job, Attempt, Result),
// where it runs (Worker, GPU), what scheduler and worker tell each other
// (Report, Desired), and what a running turno offers (Service).
//
// It holds types, their validation and their text forms; it decides nothing,
// does no I/O and imports the standard library only. Every value is owned by
// whoever holds it: nothing here locks.
package turno

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// MilliCPU counts processor time in thousandths of one logical CPU. In JSON it
// is a number of CPUs: 0.5 is half of one.
type MilliCPU int64

// CPU is one whole logical CPU.
const CPU MilliCPU = 1000

func (c MilliCPU) String() string { return strconv.FormatFloat(float64(c)/1000, 'f', -1, 64) }

// Whole is the number of threads that the amount is good for: rounded up, at
// least 1.
func (c MilliCPU) Whole() int { return max(1, int((c+CPU-1)/CPU)) }

// MarshalJSON writes CPUs, not thousandths.
func (c MilliCPU) MarshalJSON() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalJSON reads a number of CPUs.
func (c *MilliCPU) UnmarshalJSON(data []byte) error {
	f, err := strconv.ParseFloat(string(data), 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 1e9 {
		return fmt.Errorf("cpus: %s is not a number of CPUs", data)
	}
	*c = MilliCPU(math.Round(f * 1000))
	return nil
}

// Duration is a time.Duration that is a number of seconds in JSON.
type Duration time.Duration

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalJSON writes seconds, with as many decimals as are needed.
func (d Duration) MarshalJSON() ([]byte, error) {
	if d%Duration(time.Second) == 0 {
		return strconv.AppendInt(nil, int64(d/Duration(time.Second)), 10), nil
	}
	return strconv.AppendFloat(nil, time.Duration(d).Seconds(), 'f', -1, 64), nil
}

// UnmarshalJSON reads seconds.
func (d *Duration) UnmarshalJSON(data []byte) error {
	f, err := strconv.ParseFloat(string(data), 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 9e9 {
		return fmt.Errorf("%s is not a number of seconds", data)
	}
	*d = Duration(math.Round(f * 1e9))
	return nil
}

// Device is the kind of device that a job runs on.
type Device string

const (
	DeviceCPU Device = "cpu"
	DeviceGPU Device = "gpu"
	// DeviceAny takes a free GPU where there is one and a CPU otherwise.
	DeviceAny Device = "any"
)

// Spec is what a user asks for. It is data from a stranger: see Validate. The
// zero value of a field means "not said"; Normalize fills in what turno takes.
type Spec struct {
	Name   string            `json:"name,omitempty"`
	Queue  string            `json:"queue,omitempty"`
	User   string            `json:"user,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`

	// Type names the workload; Params are its parameters, checked against the
	// workload's JSON schema at submit. The type "exec" runs a command.
	Type   string            `json:"type"`
	Params json.RawMessage   `json:"params,omitempty"`
	Engine string            `json:"engine,omitempty"` // which code runs the type: native (turno's own), or a runner's, such as torch; empty: see Offer
	Env    map[string]string `json:"env,omitempty"`
	Dir    string            `json:"dir,omitempty"`
	// SubmitDir and SubmitHost are where it was handed in; SubmitDir is Dir if
	// it is empty.
	SubmitDir  string `json:"submit_dir,omitempty"`
	SubmitHost string `json:"submit_host,omitempty"`
	// Compat also gives a command the variables that jobs of another queue
	// expect: CompatSlurm.
	Compat string `json:"compat,omitempty"`
	// Interactive is for a command that somebody attaches to.
	Interactive *Interactive `json:"interactive,omitempty"`

	// Inputs, and the files of Workdir, are put into the job's own working
	// folder before it starts. Inputs win.
	Inputs  []File `json:"inputs,omitempty"`
	Workdir *Tree  `json:"workdir,omitempty"`

	Device    Device   `json:"device,omitempty"`
	GPUs      int      `json:"gpus,omitempty"`             // per task
	GPUModel  string   `json:"gpu_model,omitempty"`        // part of the model's name, case ignored
	GPUMemory int64    `json:"gpu_memory_bytes,omitempty"` // of each GPU
	CPUs      MilliCPU `json:"cpus,omitempty"`
	Memory    int64    `json:"memory_bytes,omitempty"` // 0: neither reserved nor limited
	Workers   []string `json:"workers,omitempty"`      // only these
	Exclude   []string `json:"exclude,omitempty"`      // not these

	Priority  int       `json:"priority,omitempty"` // higher first
	Retries   int       `json:"retries,omitempty"`  // further attempts after the first failed
	Backoff   Duration  `json:"backoff_seconds,omitempty"`
	TimeLimit Duration  `json:"time_limit_seconds,omitempty"` // of one attempt; 0: none
	Grace     Duration  `json:"grace_seconds,omitempty"`      // between TERM and KILL
	Begin     time.Time `json:"begin_at,omitzero"`            // not before
	Deadline  time.Time `json:"deadline_at,omitzero"`         // ended by then or failed
	NoRequeue bool      `json:"no_requeue,omitempty"`         // a lost attempt ends the job
	Hold      bool      `json:"hold,omitempty"`               // wait for a release
	Webhook   string    `json:"webhook,omitempty"`            // URL that is told of the end
	Trace     *Trace    `json:"trace,omitempty"`              // of who hands it in

	Array *Array       `json:"array,omitempty"`
	After []Dependency `json:"after,omitempty"`
}

// Interactive says what a command's standard streams are: a terminal (TTY), or
// an input (Stdin) beside the usual log. Either comes from who attaches to the
// job; until then the command waits where it reads.
type Interactive struct {
	Stdin bool `json:"stdin,omitempty"`
	TTY   bool `json:"tty,omitempty"`
	Rows  int  `json:"rows,omitempty"` // of the terminal at first; 0: 24
	Cols  int  `json:"cols,omitempty"` // 0: 80
}

// CompatSlurm is the Compat of scripts written for Slurm.
const CompatSlurm = "slurm"

// Clone returns a copy that shares nothing that is ever written to.
func (s *Spec) Clone() *Spec { c := *s; return &c }

// Condition says how the job that is waited for must have ended.
type Condition string

const (
	AfterOK    Condition = "afterok"
	AfterAny   Condition = "afterany"
	AfterNotOK Condition = "afternotok"
)

// Dependency lets a job wait for another one's end. Job is a Ref. For an array
// it is the end of all its tasks: ok when every one succeeded.
type Dependency struct {
	Job  string    `json:"job"`
	When Condition `json:"when"`
}

// State is where a job stands; State and Reason are never empty.
type State string

const (
	Held      State = "held"
	Queued    State = "queued"
	Starting  State = "starting" // given to a worker that has not confirmed it
	Running   State = "running"
	Stopping  State = "stopping" // its end was ordered and is not yet confirmed
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Cancelled State = "cancelled"
	Lost      State = "lost"
)

// States in the order of a job's life.
var States = []State{Held, Queued, Starting, Running, Stopping, Succeeded, Failed, Cancelled, Lost}

// Ended tells whether the state is an end, which never changes again.
func (s State) Ended() bool {
	return s == Succeeded || s == Failed || s == Cancelled || s == Lost
}

// Active tells whether an attempt of the job holds resources.
func (s State) Active() bool { return s == Starting || s == Running || s == Stopping }

// Reason says in one word why a job is in its state. Job.Detail says it in a
// sentence with numbers.
type Reason string

// Why a job waits.
const (
	ReasonPriority       Reason = "Priority"       // others stand before it
	ReasonResources      Reason = "Resources"      // first in line, does not fit now
	ReasonDependency     Reason = "Dependency"     // waits for another job's end
	ReasonBeginTime      Reason = "BeginTime"      // not before its begin time
	ReasonHeld           Reason = "Held"           // by its user
	ReasonArrayThrottle  Reason = "ArrayThrottle"  // as many tasks run as the array allows at once
	ReasonBackoff        Reason = "Backoff"        // failed, waits before the next attempt
	ReasonDrained        Reason = "Drained"        // only drained or unreachable workers could run it
	ReasonNoSuchResource Reason = "NoSuchResource" // no worker known could ever run it
	ReasonNoWorkers      Reason = "NoWorkers"      // no worker is there at all
)

// Why a job is active.
const (
	ReasonAssigned   Reason = "Assigned"   // starting on a worker
	ReasonRunning    Reason = "Running"    // as it should
	ReasonCancelling Reason = "Cancelling" // stopping for a cancel
	ReasonRequeuing  Reason = "Requeuing"  // stopping for a requeue
	ReasonTasks      Reason = "Tasks"      // an array of which some tasks have not ended
)

// Why a job ended.
const (
	ReasonCompleted        Reason = "Completed"
	ReasonExitCode         Reason = "ExitCode"
	ReasonSignal           Reason = "Signal"
	ReasonTimeout          Reason = "Timeout"
	ReasonDeadline         Reason = "Deadline"
	ReasonHostOOM          Reason = "HostOOM"
	ReasonGPUOOM           Reason = "GpuOOM"
	ReasonGPUFault         Reason = "GpuFault"
	ReasonSetupFailed      Reason = "SetupFailed"
	ReasonWrongResult      Reason = "WrongResult" // the workload's own check of its answer failed
	ReasonRunnerFailed     Reason = "RunnerFailed"
	ReasonDependencyFailed Reason = "DependencyFailed"
	ReasonCancelled        Reason = "Cancelled"
	ReasonWorkerLost       Reason = "WorkerLost"
	ReasonPoison           Reason = "Poison" // too many attempts were lost with their workers
	ReasonTaskFailed       Reason = "TaskFailed"
)

// Short is Slurm's short form of a state and its reason: PD R CG CD F CA TO OOM NF.
func Short(s State, r Reason) string {
	switch s {
	case Held, Queued:
		return "PD"
	case Starting, Running:
		return "R"
	case Stopping:
		return "CG"
	case Succeeded:
		return "CD"
	case Cancelled:
		return "CA"
	case Lost:
		return "NF"
	}
	switch r {
	case ReasonTimeout:
		return "TO"
	case ReasonDeadline:
		return "DL"
	case ReasonHostOOM, ReasonGPUOOM:
		return "OOM"
	}
	return "F"
}

// Result is what one attempt came to.
type Result struct {
	State   State  `json:"state"` // Succeeded, Failed, Cancelled or Lost
	Reason  Reason `json:"reason"`
	Message string `json:"message,omitempty"` // a sentence for the user
	// Retryable failures use up one of the job's retries; others end the job.
	Retryable bool   `json:"retryable,omitempty"`
	ExitCode  int    `json:"exit_code"`
	Signal    string `json:"signal,omitempty"`

	Device    Device `json:"device,omitempty"` // on which it really ran
	Simulated bool   `json:"simulated,omitempty"`
	// Output is the workload's own answer: its schema is the workload's.
	Output json.RawMessage `json:"output,omitempty"`

	LogBytes  int64    `json:"log_bytes,omitempty"`
	UserTime  Duration `json:"user_cpu_seconds,omitempty"`
	SysTime   Duration `json:"system_cpu_seconds,omitempty"`
	MaxMemory int64    `json:"max_memory_bytes,omitempty"`

	// What its worker did around the run, by its own clock: until StartedAt it
	// fetched files, then started the program; before EndedAt it stored files.
	FetchTime Duration `json:"fetch_seconds,omitempty"`
	StartTime Duration `json:"start_seconds,omitempty"`
	StoreTime Duration `json:"store_seconds,omitempty"`

	// GPUs is how its devices were while it had them; without those of which
	// nothing was heard meanwhile.
	GPUs []GPUUse `json:"gpus,omitempty"`

	// Artifacts are the files it left; nil: none. They are in the file store
	// before the result is told.
	Artifacts *Artifacts `json:"artifacts,omitempty"`
}

// Attempt is one run of a job on one worker. The last one of a job is current.
type Attempt struct {
	Number      int      `json:"number"` // from 1
	Worker      string   `json:"worker"`
	Incarnation string   `json:"incarnation"`
	Device      Device   `json:"device"`
	GPUs        []string `json:"gpus,omitempty"` // their UUIDs
	// Ahead: it waits on its worker for others that are about to end.
	Ahead      bool      `json:"ahead,omitempty"`
	AssignedAt time.Time `json:"assigned_at,omitzero"`
	StartedAt  time.Time `json:"started_at,omitzero"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
	Result     *Result   `json:"result,omitempty"` // nil until it has ended
	LogBytes   int64     `json:"log_bytes,omitempty"`
	// Series is how the values that it told with its progress went, thinned out
	// to some dozen points. Lists of jobs leave it out.
	Series []Point `json:"series,omitempty"`
}

// Point is what an attempt told at one time.
type Point struct {
	At     Duration           `json:"at_seconds"` // since it started
	Values map[string]float64 `json:"values"`
}

// Job is a spec and all that became of it. An array job has Tasks and no
// attempts; each of its tasks that has started is a Job of its own with Parent
// and Task set.
type Job struct {
	ID     string     `json:"id"`               // UUIDv7; of a task: its array's, "_" and the index
	Number int64      `json:"number"`           // from 1, in order of acceptance
	Parent int64      `json:"parent,omitempty"` // number of the array that this is a task of
	Task   int        `json:"task,omitempty"`   // index, when Parent is set
	Tasks  *TaskCount `json:"tasks,omitempty"`  // of an array
	Spec   *Spec      `json:"spec"`             // never written to; what Changes made of the one that was handed in

	State  State     `json:"state"`
	Reason Reason    `json:"reason"`
	Detail string    `json:"detail,omitempty"`
	Since  time.Time `json:"since"` // of State and Reason

	SubmittedAt time.Time `json:"submitted_at"`
	StartedAt   time.Time `json:"started_at,omitzero"`
	EndedAt     time.Time `json:"ended_at,omitzero"`

	Failures int       `json:"failures,omitempty"` // attempts that failed and count against Retries
	Losses   int       `json:"losses,omitempty"`   // attempts lost with their worker
	NotUntil time.Time `json:"not_until,omitzero"` // backoff
	Attempt  int       `json:"attempt,omitempty"`  // number of the last attempt
	Attempts []Attempt `json:"attempts,omitempty"` // the last few; the last is current
	Result   *Result   `json:"result,omitempty"`   // of an ended job
	RetryOf  int64     `json:"retry_of,omitempty"`

	// Changes are those of Spec since it was handed in, and Revision is how often
	// there was one. Tasks of an array that start after it have them too.
	Changes  *SpecChange `json:"changes,omitempty"`
	Revision int         `json:"revision,omitempty"`

	// Webhook is of an ended job whose Spec names one; lists leave it out.
	Webhook *Webhook `json:"webhook,omitempty"`
}

// Display is the number as users see it: 42, or 42_7 for a task.
func (j *Job) Display() string {
	if j.Parent != 0 {
		return strconv.FormatInt(j.Parent, 10) + "_" + strconv.Itoa(j.Task)
	}
	return strconv.FormatInt(j.Number, 10)
}

// Current is the last attempt, or nil before the first.
func (j *Job) Current() *Attempt {
	if len(j.Attempts) == 0 {
		return nil
	}
	return &j.Attempts[len(j.Attempts)-1]
}

// Worker is the name of the worker that has or had the last attempt.
func (j *Job) Worker() string {
	if a := j.Current(); a != nil {
		return a.Worker
	}
	return ""
}
