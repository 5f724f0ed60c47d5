// Package runner is the protocol between a worker's agent and a runner child,
// and both of its ends: Serve is the child's, Dial the agent's.
//
// A runner is a program that reads requests from its standard input and writes
// events to its standard output, one JSON object a line, and writes nothing
// else there. It says hello first; then it runs what it is given, several at
// once if hello says so, until its input ends. Its standard error is for its
// own trouble, not for jobs: a job's output goes to the file that run names.
//
//	agent ──▶ {"run":{…}} {"cancel":{"key":"57.1"}}                 ──▶ runner
//	agent ◀── {"hello":{…}} {"progress":{…}} {"done":{…}}           ◀── runner
package runner

import (
	"encoding/json"

	"turno"
)

// Version of the protocol. A runner of another one is refused.
const Version = 1

// MaxLine bounds one line either way: parameters and outputs are small, files
// are not sent here.
const MaxLine = 4 << 20

// Request is a line to the runner: exactly one field is set.
type Request struct {
	Run    *Run    `json:"run,omitempty"`
	Cancel *Cancel `json:"cancel,omitempty"`
}

// Run starts one attempt.
type Run struct {
	Key     string            `json:"key"` // of the attempt, such as 57.1
	Type    string            `json:"type"`
	Params  json.RawMessage   `json:"params,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
	Device  turno.Device      `json:"device"`
	GPU     string            `json:"gpu,omitempty"`
	Threads int               `json:"threads"`
	Dir     string            `json:"dir,omitempty"`    // for outputs; exists
	Inputs  string            `json:"inputs,omitempty"` // folder of the job's input files; empty: it has none
	// CkptDir is for checkpoints that the job's further attempts on this worker
	// find again; exists.
	CkptDir string `json:"ckpt_dir,omitempty"`
	Log     string `json:"log,omitempty"` // file to append the job's output to; made by the first write
}

// Cancel asks to end one attempt; done follows all the same.
type Cancel struct {
	Key string `json:"key"`
}

// Event is a line from the runner: exactly one field is set.
type Event struct {
	Hello    *Hello    `json:"hello,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	Done     *Done     `json:"done,omitempty"`
}

// Hello is the first event.
type Hello struct {
	Version    int         `json:"version"`
	Name       string      `json:"name"`
	Concurrent int         `json:"concurrent"` // runs at once; 1 for most
	Types      []HelloType `json:"types"`
}

// HelloType is one type of job that the runner offers.
type HelloType struct {
	Name    string          `json:"name"`
	Summary string          `json:"summary,omitempty"`
	Devices []turno.Device  `json:"devices"`
	Schema  json.RawMessage `json:"schema,omitempty"`
}

// Progress of one attempt.
type Progress struct {
	Key string `json:"key"`
	turno.Progress
}

// Done ends one attempt, well or not.
type Done struct {
	Key    string          `json:"key"`
	Output json.RawMessage `json:"output,omitempty"`
	Error  *Error          `json:"error,omitempty"`
	// Spent says why the child should be replaced although the run went well,
	// such as device memory that it does not give back.
	Spent string `json:"spent,omitempty"`
	// Silent says that the run has written nothing to its log: the agent need not
	// look for it, which costs it more than the rest of a no-op run.
	Silent bool `json:"silent,omitempty"`
}

// Error is how a run failed. Poisoned asks for a fresh child.
type Error struct {
	Reason    turno.Reason `json:"reason"`
	Message   string       `json:"message"`
	ExitCode  int          `json:"exit_code,omitempty"` // of a run that has one
	Retryable bool         `json:"retryable,omitempty"`
	Poisoned  bool         `json:"poisoned,omitempty"`
}
