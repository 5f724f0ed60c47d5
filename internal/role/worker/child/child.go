// Package child is the process side of a job worker: it starts a job's command
// with limits, keeps hold of its whole process tree, ends that tree, and knows
// how it ended even if the agent was killed meanwhile.
//
//	agent ──Start──▶ shim, one per attempt ──▶ job    outlives the agent
//	agent ──Spawner─▶ one keeper ──▶ many jobs         the same, quicker to start
//	agent ──StartRunner─▶ guard ──▶ runner             ends with the agent
//	new agent ──Attach(dir)──▶ shim or keeper          the job never notices
//
// Shim, keeper and guard are one program: this binary, run again with a hidden
// command that Main serves. Each holds a connection to the agent, its
// lifeline: when that ends, a job has Spec.Lease left until another agent
// attaches, else its tree is ended. An agent never signals a job by a bare
// process id; it asks over the connection.
//
// It does not decide what to run or what an end means, makes no environment,
// and knows nothing of devices. A Process may be used from any goroutine.
//
// On systems other than Linux there is no shim: see Start there for what is
// not promised.
package child

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Names of the files in an attempt's directory.
const (
	LogFile  = "log"  // what the job wrote to both streams; there from its first byte on
	ExitFile = "exit" // an Exit as JSON; there once the tree is empty
)

// Spec is a command to run and the bounds it runs within.
type Spec struct {
	// ID is the attempt's key: letters, digits, '.', '_' and '-', at most 100.
	ID string `json:"id"`
	// Dir is the attempt's own directory, absolute. It is made, mode 0700, or
	// 0710 if there is a Credential, whose group the caller may give it; an
	// attempt is started at most once in it.
	Dir string `json:"dir"`

	Command []string `json:"command"`
	// Env is all of the job's environment. Only without a writable cgroup is
	// one variable added, TURNO_TREE, by which a tree is found whose shim was
	// killed. It is never written to a disk.
	Env []string `json:"env,omitempty"`
	// WorkDir is absolute and exists.
	WorkDir string `json:"work_dir"`
	// Terminal makes the standard streams a terminal; Stdin makes the input a
	// pipe. Process.Open reaches either. Without them the input is empty. Such
	// a job needs a shim of its own: start it with Start.
	Terminal *Terminal `json:"terminal,omitempty"`
	Stdin    bool      `json:"stdin,omitempty"`

	// Note is what the log begins with.
	Note string `json:"note,omitempty"`

	Limits          Limits      `json:"limits"`
	Credential      *Credential `json:"credential,omitempty"` // nil: as the agent
	NoNewPrivileges bool        `json:"no_new_privileges,omitempty"`

	// Lease is how long the job may run with no agent attached.
	Lease time.Duration `json:"lease"`
	// TimeLimit ends the job, from its start on; 0 is none.
	TimeLimit time.Duration `json:"time_limit,omitempty"`
	// Grace lies between TERM and KILL at the time limit and the lease's end.
	Grace time.Duration `json:"grace,omitempty"`

	// Binary serves the hidden commands; empty is this executable.
	Binary string `json:"-"`
}

// Terminal is a terminal's size.
type Terminal struct {
	Rows int `json:"rows"`
	Cols int `json:"cols"`
}

// Entry is a command to run inside a job that runs: in its groups and limits,
// with its privileges. It ends with the job.
type Entry struct {
	Command  []string  `json:"command"`
	Env      []string  `json:"env,omitempty"` // all of it
	WorkDir  string    `json:"work_dir"`
	Terminal *Terminal `json:"terminal,omitempty"`
}

// Talk is what goes over a Stream, both ways.
type Talk struct {
	Data   []byte `json:"data,omitempty"`
	Stderr bool   `json:"stderr,omitempty"` // Data is of the error stream
	// To the job: the end of its input, a new size, and that its user has gone
	// (HUP).
	EOF    bool      `json:"eof,omitempty"`
	Size   *Terminal `json:"size,omitempty"`
	Hangup bool      `json:"hangup,omitempty"`
	// From the job: Exit ends the stream of an Entry; Error ends any.
	Exit  *Exit  `json:"exit,omitempty"`
	Error string `json:"error,omitempty"`
}

// Limits bound a job; 0 is no bound. Those that the machine cannot enforce
// (see Capability.Limits) are not enforced, without an error.
type Limits struct {
	MemoryBytes int64 `json:"memory_bytes,omitempty"`
	Processes   int   `json:"processes,omitempty"` // and threads
	CPUMillis   int   `json:"cpu_millis,omitempty"`
	// LogBytes are kept of the log, the first ones; the rest is counted.
	LogBytes int64 `json:"log_bytes,omitempty"`
	// OpenFiles bounds each process, not the tree. The agent's own hard limit
	// bounds it too.
	OpenFiles int `json:"open_files,omitempty"`
}

// Credential is whom a job runs as. Groups are all its supplementary ones.
type Credential struct {
	UID    uint32   `json:"uid"`
	GID    uint32   `json:"gid"`
	Groups []uint32 `json:"groups,omitempty"`
}

// SpawnerSpec is a keeper for many jobs.
type SpawnerSpec struct {
	// Dir is where the keeper's own directory is made.
	Dir string
	// AllowNewPrivileges makes the keeper one for jobs without
	// Spec.NoNewPrivileges; else it is for those with it. The others get a shim
	// of their own.
	AllowNewPrivileges bool
	// Binary serves the hidden commands; empty is this executable.
	Binary string
}

// RunnerSpec is a warm runner: a program that speaks over its standard input
// and output, and that must not outlive its agent.
type RunnerSpec struct {
	Command         []string
	Env             []string // all of it
	WorkDir         string   // absolute, exists
	Limits          Limits   // LogBytes aside
	Credential      *Credential
	NoNewPrivileges bool
	// Dir holds the guard's own log; it exists.
	Dir string
	// Stderr takes what the runner writes there, one write at a time.
	Stderr io.Writer
	// Binary serves the hidden commands; empty is this executable.
	Binary string
}

// Exit is how a job ended. It is told, and written to ExitFile, only when
// nothing of the job's tree is left.
type Exit struct {
	// Code is the main process's, 128 + n if signal n ended it.
	Code   int    `json:"code"`
	Signal string `json:"signal,omitempty"` // such as KILL

	// Why it ended, where that was not the job's own doing.
	OOMKilled    bool `json:"oom_killed,omitempty"`    // the memory limit ended a process of it
	TimedOut     bool `json:"timed_out,omitempty"`     // TimeLimit
	LeaseExpired bool `json:"lease_expired,omitempty"` // no agent for Lease
	Stopped      bool `json:"stopped,omitempty"`       // Process.Stop
	// Lost: the shim was killed. What it left of the tree was ended; the log
	// may lack its last part, and code, times and usage are not known.
	Lost bool `json:"lost,omitempty"`
	// Setup says what kept the command from being started at all; Code is 127
	// if something was not found, else 126. With Lost, that was not its own doing.
	Setup string `json:"setup,omitempty"`

	// ProcessesRefused is how often Limits.Processes kept it from making one.
	ProcessesRefused int `json:"processes_refused,omitempty"`

	// Orphans is how many processes outlived the main one and were killed.
	Orphans int `json:"orphans,omitempty"`

	LogBytes   int64 `json:"log_bytes,omitempty"`   // in LogFile
	LogDropped int64 `json:"log_dropped,omitempty"` // over Limits.LogBytes, or refused by the disk

	StartedAt time.Time `json:"started_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"`

	// MaxRSSBytes is that of the largest process; 0: not known, less than what
	// the shim itself has.
	MaxRSSBytes int64         `json:"max_rss_bytes,omitempty"`
	UserTime    time.Duration `json:"user_time,omitempty"`
	SystemTime  time.Duration `json:"system_time,omitempty"`
}

// SetupFailed is Start's error when the command could not be started: the
// job's fault or the machine's, but no exit code of the command.
type SetupFailed struct {
	Message string // a sentence for the user, naming the path
	Code    int    // 127 if something was not found, else 126
}

func (e *SetupFailed) Error() string { return e.Message }

// ErrUsed is Start's error for a directory in which an attempt was started
// before.
var ErrUsed = errors.New("an attempt was started in this directory before")

// ErrTrouble is in Start's error when the attempt could not be started for a
// reason that is not its own: its keeper was killed, or no process could be
// made. What may have run of it was ended; another attempt may do better.
var ErrTrouble = errors.New("the worker is in trouble")

// Capability is how well this machine can hold a process tree.
type Capability struct {
	// Rung is how a tree is killed, best first: "cgroup v2", "cgroup v1"
	// (freezer), "sweep" (stop, then kill, all descendants); elsewhere than on
	// Linux "job object" (Windows), "process" (its group).
	Rung string
	// Limits that are enforced on a tree: memory, pids, cpu.
	Limits []string
	// LimitsV1 says that Limits are of cgroup v1, whatever Rung is.
	LimitsV1 bool

	roots roots
}

// String is for people: "cgroup v2 kill + v1 limits (memory, pids, cpu)".
func (c Capability) String() string {
	how := map[string]string{rungV2: " kill", rungV1: " freeze and kill"}[c.Rung]
	if len(c.Limits) == 0 {
		return c.Rung + how + ", no limits"
	}
	version := "v2"
	if c.LimitsV1 {
		version = "v1"
	}
	return fmt.Sprintf("%s%s + %s limits (%s)", c.Rung, how, version, strings.Join(c.Limits, ", "))
}

// Outlive tells whether attempts outlive their agent, under a shim of their own.
func (c Capability) Outlive() bool { return c.Rung != rungProcess && c.Rung != rungObject }

// Rungs of the ladder, as in Capability.Rung.
const (
	rungV2      = "cgroup v2"
	rungV1      = "cgroup v1"
	rungSweep   = "sweep"
	rungObject  = "job object"
	rungProcess = "process"
)

// maxID keeps names of cgroups, made from an ID, within NAME_MAX.
const maxID = 100

func (s *Spec) validate() error {
	if s.ID == "" || len(s.ID) > maxID || strings.Trim(s.ID, idChars) != "" || s.ID[0] == '.' {
		return fmt.Errorf("id %q is not a file name of at most %d letters, digits and ._-", s.ID, maxID)
	}
	if len(s.Command) == 0 || s.Command[0] == "" {
		return &SetupFailed{Message: "the command is empty", Code: 127}
	}
	for _, text := range append(append([]string{s.WorkDir}, s.Command...), s.Env...) {
		if strings.ContainsRune(text, 0) {
			return &SetupFailed{Message: "the command or its environment holds a NUL byte", Code: 126}
		}
	}
	return nil
}

const idChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
