package turno

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// GPU is one device of a worker, or one MIG instance of it.
type GPU struct {
	Index     int    `json:"index"` // in PCI order
	UUID      string `json:"uuid"`
	Model     string `json:"model"`
	Memory    int64  `json:"memory_bytes"`
	PCI       string `json:"pci,omitempty"`
	Simulated bool   `json:"simulated,omitempty"`
	// Quarantine says why the device takes no job; empty: it does.
	Quarantine string `json:"quarantine,omitempty"`
	Capability string `json:"compute_capability,omitempty"` // 9.0
	Driver     string `json:"driver,omitempty"`             // version
	MIG        bool   `json:"mig,omitempty"`                // an instance: programs are shown its UUID
	// Status is how it was when it was last looked at; nil: not known.
	Status *GPUStatus `json:"status,omitempty"`
}

// GPUStatus is how a device is, by NVML. What the device does not tell is 0.
type GPUStatus struct {
	At             time.Time    `json:"at"`
	Utilisation    int          `json:"utilisation_percent"` // of the time a kernel ran
	MemoryBusy     int          `json:"memory_busy_percent"` // of the time memory was read or written
	MemoryUsed     int64        `json:"memory_used_bytes"`   // with what the driver keeps for itself
	Watts          float64      `json:"watts"`
	WattsLimit     float64      `json:"watts_limit,omitempty"`
	Celsius        int          `json:"celsius"`
	ClockMHz       int          `json:"clock_mhz"`
	MemoryClockMHz int          `json:"memory_clock_mhz"`
	Throttled      []string     `json:"throttled,omitempty"` // why its clocks are held down
	Joules         float64      `json:"joules,omitempty"`    // since the driver was loaded
	XID            int          `json:"xid,omitempty"`       // the last critical error's number
	XIDAt          time.Time    `json:"xid_at,omitzero"`
	Processes      []GPUProcess `json:"processes,omitempty"`
	Drawing        int          `json:"drawing_processes,omitempty"` // how many draw with it: it may drive a screen
}

// GPUUse is how a device was while an attempt had it, by looks at it about once
// a second. What the device does not tell is 0.
type GPUUse struct {
	UUID            string   `json:"uuid"`
	Model           string   `json:"model"`
	Simulated       bool     `json:"simulated,omitempty"`
	Looks           int      `json:"looks"`   // how many there were
	Seconds         float64  `json:"seconds"` // from the first to the last
	Utilisation     float64  `json:"utilisation_mean_percent"`
	UtilisationPeak int      `json:"utilisation_peak_percent"`
	Memory          int64    `json:"memory_mean_bytes"` // in use by all, with what the driver keeps for itself
	MemoryPeak      int64    `json:"memory_peak_bytes"`
	Watts           float64  `json:"watts_mean"`
	WattsPeak       float64  `json:"watts_peak"`
	Joules          float64  `json:"joules"` // within Seconds: by the device's counter, or by its power where it has none
	CelsiusPeak     int      `json:"celsius_peak"`
	Throttled       []string `json:"throttled,omitempty"` // why its clocks were held down, at any look
}

// GPUProcess is one that computes on a device.
type GPUProcess struct {
	PID    int   `json:"pid"`
	Memory int64 `json:"memory_bytes,omitempty"` // 0: not known
}

// EngineNative is turno's own code. Every other engine is the name that a
// worker's settings give to a runner.
const EngineNative = "native"

// Offer is a workload that a worker can run, with which engine and on which
// devices. Engine is empty for turno's own. A job that names no engine runs on
// turno's own where that is offered for its device, else on any.
type Offer struct {
	Type    string   `json:"type"`
	Engine  string   `json:"engine,omitempty"`
	Devices []Device `json:"devices"`
	// Summary and Schema are of a runner's types: turno knows its own.
	Summary string          `json:"summary,omitempty"`
	Schema  json.RawMessage `json:"schema,omitempty"`
}

// Serves tells whether the offer is one for a job of this type and engine, as a
// Spec names them, on a device.
func (o *Offer) Serves(typ, engine string, d Device) bool {
	if o.Type != typ || (engine != "" && engine != o.Engine && (engine != EngineNative || o.Engine != "")) {
		return false
	}
	return slices.Contains(o.Devices, d)
}

// Runner is a runner that a worker is set to have. Its types are Offers.
type Runner struct {
	Engine string      `json:"engine"`
	State  RunnerState `json:"state"`
	Mode   string      `json:"mode"`             // warm, zygote or cold
	Name   string      `json:"name,omitempty"`   // what it calls itself, such as "torch 1.13.1"
	Reason string      `json:"reason,omitempty"` // why it failed
}

// RunnerState is how a worker's runner is.
type RunnerState string

const (
	RunnerStarting RunnerState = "starting" // has not said hello yet
	RunnerReady    RunnerState = "ready"
	RunnerFailed   RunnerState = "failed" // the worker does without it, and tries again
)

// Machine is what a worker says of itself.
type Machine struct {
	Hostname  string   `json:"hostname"`
	Version   string   `json:"version"` // of turno
	OS        string   `json:"os"`
	Arch      string   `json:"arch"`
	CPUModel  string   `json:"cpu_model,omitempty"`
	CPUs      MilliCPU `json:"cpus"`
	Memory    int64    `json:"memory_bytes"`
	GPUs      []GPU    `json:"gpus,omitempty"`
	Offers    []Offer  `json:"offers"`
	Runners   []Runner `json:"runners,omitempty"`
	Isolation string   `json:"isolation,omitempty"` // how process trees are ended and limited
	Simulated bool     `json:"simulated,omitempty"` // its GPUs are not real
	// Trouble is what a person must look at, such as a job that cannot be killed.
	Trouble []string `json:"trouble,omitempty"`
	BootID  string   `json:"boot_id,omitempty"`
	// Messages are the versions of Reports and Desireds that it speaks; zero: it
	// is too old to say.
	Messages Versions `json:"messages,omitzero"`
}

// Versions of a format, from one to another, both included.
type Versions struct {
	Oldest int `json:"oldest"`
	Newest int `json:"newest"`
}

func (v Versions) String() string {
	if v.Oldest == v.Newest {
		return fmt.Sprint(v.Newest)
	}
	return fmt.Sprintf("%d to %d", v.Oldest, v.Newest)
}

// WithoutStatus is what a worker is, without how its devices are at the moment.
func (m Machine) WithoutStatus() Machine {
	m.GPUs = slices.Clone(m.GPUs)
	for i := range m.GPUs {
		m.GPUs[i].Status = nil
	}
	return m
}

// WorkerState is how the scheduler sees a worker.
type WorkerState string

const (
	WorkerReady       WorkerState = "ready"
	WorkerDrained     WorkerState = "drained"     // takes no new job
	WorkerUnreachable WorkerState = "unreachable" // silent, its jobs' leases still run
	WorkerGone        WorkerState = "gone"        // silent, and nothing of it is waited for
)

// Worker is a worker as the scheduler knows it.
type Worker struct {
	Name        string      `json:"name"`
	Incarnation string      `json:"incarnation"` // sorts after that of its earlier starts
	Machine     Machine     `json:"machine"`
	State       WorkerState `json:"state"`
	Drain       string      `json:"drain,omitempty"` // why it is drained; empty: it is not
	// Refused says why the scheduler does not take its Reports; empty: it does.
	// It gets nothing to do, and what it holds runs on until its lease is out.
	Refused string    `json:"refused,omitempty"`
	Since   time.Time `json:"since"` // of State
	SeenAt  time.Time `json:"seen_at,omitzero"`

	CPUsUsed   MilliCPU `json:"cpus_used"`
	MemoryUsed int64    `json:"memory_used_bytes"`
	GPUsUsed   []string `json:"gpus_used,omitempty"` // UUIDs
	Jobs       []string `json:"jobs,omitempty"`      // displayed numbers of the first jobs it holds
	JobCount   int      `json:"job_count"`
}

// AttemptKey names one attempt everywhere.
type AttemptKey struct {
	Job     int64 `json:"job"`     // number
	Attempt int   `json:"attempt"` // from 1
}

func (k AttemptKey) String() string { return fmt.Sprintf("%d.%d", k.Job, k.Attempt) }

// Report is everything a worker holds. It is sent on every change and as a
// heartbeat; only the newest counts.
type Report struct {
	Worker      string  `json:"worker"`
	Incarnation string  `json:"incarnation"`
	Seq         uint64  `json:"seq"`  // rises within an incarnation
	Term        uint64  `json:"term"` // highest scheduler term seen
	SeenDesired uint64  `json:"seen"` // Seq of the Desired of that term that this one answers to
	Machine     Machine `json:"machine"`
	Held        []Hold  `json:"held,omitempty"`
	Leaving     bool    `json:"leaving,omitempty"` // shuts down once it holds nothing: place nothing here
}

// Hold is one attempt in a Report. State is Queued while an Ahead task waits,
// Starting, Running, Stopping, or an end, and then Result is set and is repeated
// until the worker is relieved.
type Hold struct {
	AttemptKey
	State     State     `json:"state"`
	StartedAt time.Time `json:"started_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	Result    *Result   `json:"result,omitempty"`
	Progress  *Progress `json:"progress,omitempty"`
}

// Progress is what a running attempt says of itself.
type Progress struct {
	Fraction float64            `json:"fraction"` // 0 to 1; negative: unknown
	Message  string             `json:"message,omitempty"`
	Values   map[string]float64 `json:"values,omitempty"`
	// Stuck is the worker's word: KILL does not end it, and what it holds is kept.
	Stuck string `json:"stuck,omitempty"`
}

// Desired is everything a worker should hold. What it holds beyond that it
// ends and forgets. Only the newest (Term, Seq) counts.
type Desired struct {
	Worker      string       `json:"worker"`
	Incarnation string       `json:"incarnation"` // of the worker; others ignore it
	Term        uint64       `json:"term"`
	Seq         uint64       `json:"seq"`
	SeenReport  uint64       `json:"seen"` // Seq of the newest Report that the scheduler had: renews the lease from when that was sent
	Lease       Duration     `json:"lease_seconds"`
	Jobs        []Assignment `json:"jobs,omitempty"`
}

// Assignment is one attempt in a Desired. Task is nil once the worker has
// reported the attempt: it then has it.
type Assignment struct {
	AttemptKey
	Task      *Task `json:"task,omitempty"`
	Stop      *Stop `json:"stop,omitempty"`
	LogStored int64 `json:"log_stored,omitempty"` // log bytes that are safe in the store
}

// Task is all that a worker needs to run an attempt.
type Task struct {
	ID      string   `json:"id"`      // of the job
	Display string   `json:"display"` // 42 or 42_7
	Index   int      `json:"index,omitempty"`
	Array   *Array   `json:"array,omitempty"` // of the whole, for a task of an array
	ArrayOf int64    `json:"array_of,omitempty"`
	Spec    *Spec    `json:"spec"`
	Device  Device   `json:"device"`
	GPUs    []string `json:"gpus,omitempty"` // UUIDs
	// Ahead tasks begin once the worker has room, in the order in which they
	// came; all others have room when they come.
	Ahead bool `json:"ahead,omitempty"`
}

// Stop orders an attempt's end.
type Stop struct {
	Reason Reason   `json:"reason"` // Cancelling, Requeuing, Deadline
	Grace  Duration `json:"grace_seconds"`
	// Unbegun: only if it has not begun; otherwise the order means nothing.
	Unbegun bool `json:"unbegun,omitempty"`
}

// LogChunk is a piece of an attempt's output, as bytes from Offset.
type LogChunk struct {
	AttemptKey
	Offset int64  `json:"offset"`
	Data   []byte `json:"data"`
}
