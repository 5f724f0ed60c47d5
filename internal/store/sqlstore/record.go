package sqlstore

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"turno"
)

// codes are the numbers of states in the database. They never change: append.
var codes = map[turno.State]int64{
	turno.Held: 1, turno.Queued: 2, turno.Starting: 3, turno.Running: 4, turno.Stopping: 5,
	turno.Succeeded: 6, turno.Failed: 7, turno.Cancelled: 8, turno.Lost: 9,
}

// names are the states by their codes.
var names = func() (n [10]turno.State) {
	for state, c := range codes {
		n[c] = state
	}
	return n
}()

// stamp is a time as the records hold it: microseconds since 1970.
type stamp struct{ time.Time }

func (s stamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, s.UnixMicro(), 10), nil
}

func (s *stamp) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 64)
	s.Time = time.UnixMicro(n).UTC()
	return err
}

// record is the part of a job that changes, as jobs.status holds it. What it
// leaves out stands in columns. encode.go writes it; encoding/json reads it.
type record struct {
	Task     int    `json:"task,omitempty"`
	Tasks    *tasks `json:"tasks,omitempty"`
	Reason   string `json:"reason"`
	Detail   string `json:"detail,omitempty"`
	Since    stamp  `json:"since,omitzero"`
	Submit   stamp  `json:"sub,omitzero"`
	Start    stamp  `json:"start,omitzero"`
	End      stamp  `json:"end,omitzero"`
	Failures int    `json:"fail,omitempty"`
	Losses   int    `json:"loss,omitempty"`
	NotUntil stamp  `json:"until,omitzero"`

	Changes  *turno.SpecChange `json:"chg,omitempty"`
	Revision int               `json:"rev,omitempty"`

	Attempt int     `json:"n,omitempty"`
	Runs    []run   `json:"runs,omitempty"`
	Result  *result `json:"res,omitempty"`
	// Same says that the result is the last attempt's, which most are.
	Same    bool  `json:"same,omitempty"`
	RetryOf int64 `json:"retry,omitempty"`
}

type tasks struct {
	Total   int                 `json:"total"`
	Waiting turno.Ranges        `json:"wait,omitempty"`
	Active  int                 `json:"active"`
	Ended   map[turno.State]int `json:"ended,omitempty"`
}

type run struct {
	Number      int      `json:"n"`
	Worker      string   `json:"worker"`
	Incarnation string   `json:"inc"`
	Device      string   `json:"dev"`
	GPUs        []string `json:"gpus,omitempty"`
	Ahead       bool     `json:"ahead,omitempty"`
	Assigned    stamp    `json:"at,omitzero"`
	Start       stamp    `json:"start,omitzero"`
	End         stamp    `json:"end,omitzero"`
	Result      *result  `json:"res,omitempty"`
	LogBytes    int64    `json:"log,omitempty"`

	Series []turno.Point `json:"ser,omitempty"`
}

type result struct {
	State     string          `json:"state"`
	Reason    string          `json:"reason"`
	Message   string          `json:"msg,omitempty"`
	Retryable bool            `json:"again,omitempty"`
	ExitCode  int             `json:"exit,omitempty"`
	Signal    string          `json:"sig,omitempty"`
	Device    string          `json:"dev,omitempty"`
	Simulated bool            `json:"sim,omitempty"`
	Output    json.RawMessage `json:"out,omitempty"`
	// Raw is an output that is not JSON: it must not keep a job from ending.
	Raw       []byte `json:"raw,omitempty"`
	LogBytes  int64  `json:"log,omitempty"`
	UserTime  int64  `json:"user,omitempty"` // nanoseconds
	SysTime   int64  `json:"sys,omitempty"`
	MaxMemory int64  `json:"mem,omitempty"`
	FetchTime int64  `json:"fetch,omitempty"`
	StartTime int64  `json:"begin,omitempty"`
	StoreTime int64  `json:"keep,omitempty"`

	GPUs      []turno.GPUUse   `json:"gpus,omitempty"`
	Artifacts *turno.Artifacts `json:"art,omitempty"`
}

// sameResult tells whether the job's result is that of its last attempt.
func sameResult(j *turno.Job) bool {
	a := j.Current()
	return j.Result != nil && a != nil && a.Result != nil &&
		(j.Result == a.Result || reflect.DeepEqual(j.Result, a.Result))
}

// recordOf is a job's record; appendRecord writes the same without making it.
func recordOf(j *turno.Job) record {
	r := record{
		Task: j.Task, Reason: string(j.Reason), Detail: j.Detail,
		Since: stamp{j.Since}, Submit: stamp{j.SubmittedAt}, Start: stamp{j.StartedAt}, End: stamp{j.EndedAt},
		Failures: j.Failures, Losses: j.Losses, NotUntil: stamp{j.NotUntil}, Attempt: j.Attempt,
		Same: sameResult(j), RetryOf: j.RetryOf, Changes: j.Changes, Revision: j.Revision,
	}
	if j.Tasks != nil {
		r.Tasks = &tasks{j.Tasks.Total, j.Tasks.Waiting, j.Tasks.Active, j.Tasks.Ended}
	}
	for _, a := range j.Attempts {
		r.Runs = append(r.Runs, run{
			Number: a.Number, Worker: a.Worker, Incarnation: a.Incarnation, Device: string(a.Device), GPUs: a.GPUs, Ahead: a.Ahead,
			Assigned: stamp{a.AssignedAt}, Start: stamp{a.StartedAt}, End: stamp{a.EndedAt},
			Result: resultOf(a.Result), LogBytes: a.LogBytes, Series: a.Series,
		})
	}
	if !r.Same {
		r.Result = resultOf(j.Result)
	}
	return r
}

func resultOf(r *turno.Result) *result {
	if r == nil {
		return nil
	}
	out := &result{
		State: string(r.State), Reason: string(r.Reason), Message: r.Message, Retryable: r.Retryable,
		ExitCode: r.ExitCode, Signal: r.Signal, Device: string(r.Device), Simulated: r.Simulated, Output: r.Output,
		LogBytes: r.LogBytes, UserTime: int64(r.UserTime), SysTime: int64(r.SysTime), MaxMemory: r.MaxMemory,
		FetchTime: int64(r.FetchTime), StartTime: int64(r.StartTime), StoreTime: int64(r.StoreTime), GPUs: r.GPUs, Artifacts: r.Artifacts,
	}
	if len(r.Output) > 0 && !json.Valid(r.Output) {
		out.Output, out.Raw = nil, r.Output
	}
	return out
}

// read puts a record into a job.
func (r *record) read(j *turno.Job) {
	j.Task, j.Reason, j.Detail = r.Task, turno.Reason(r.Reason), r.Detail
	j.Since, j.SubmittedAt, j.StartedAt, j.EndedAt = r.Since.Time, r.Submit.Time, r.Start.Time, r.End.Time
	j.Changes, j.Revision = r.Changes, r.Revision
	j.Failures, j.Losses, j.NotUntil, j.Attempt, j.RetryOf = r.Failures, r.Losses, r.NotUntil.Time, r.Attempt, r.RetryOf
	if r.Tasks != nil {
		j.Tasks = &turno.TaskCount{Total: r.Tasks.Total, Waiting: r.Tasks.Waiting, Active: r.Tasks.Active, Ended: r.Tasks.Ended}
	}
	j.Attempts = slices.Grow(j.Attempts, len(r.Runs))
	for _, a := range r.Runs {
		j.Attempts = append(j.Attempts, turno.Attempt{
			Number: a.Number, Worker: a.Worker, Incarnation: a.Incarnation, Device: turno.Device(a.Device), GPUs: a.GPUs, Ahead: a.Ahead,
			AssignedAt: a.Assigned.Time, StartedAt: a.Start.Time, EndedAt: a.End.Time,
			Result: a.Result.result(), LogBytes: a.LogBytes, Series: a.Series,
		})
	}
	j.Result = r.Result.result()
	if a := j.Current(); r.Same && a != nil && a.Result != nil {
		j.Result = new(*a.Result)
	}
}

func (r *result) result() *turno.Result {
	if r == nil {
		return nil
	}
	out := r.Output
	if r.Raw != nil {
		out = r.Raw
	}
	return &turno.Result{
		State: turno.State(r.State), Reason: turno.Reason(r.Reason), Message: r.Message, Retryable: r.Retryable,
		ExitCode: r.ExitCode, Signal: r.Signal, Device: turno.Device(r.Device), Simulated: r.Simulated, Output: out,
		LogBytes: r.LogBytes, UserTime: turno.Duration(r.UserTime), SysTime: turno.Duration(r.SysTime), MaxMemory: r.MaxMemory,
		FetchTime: turno.Duration(r.FetchTime), StartTime: turno.Duration(r.StartTime), StoreTime: turno.Duration(r.StoreTime), GPUs: r.GPUs, Artifacts: r.Artifacts,
	}
}

// row is a line of jobs joined with its spec: the columns of selectJobs.
type row struct {
	number, state, index, parent, spec int64
	id                                 []byte
	status, specText                   []byte
}

const selectJobs = `SELECT j.number, j.state, j.idx, j.parent, j.spec, j.id, j.status, s.spec
FROM jobs j JOIN specs s ON s.number = j.spec `

func (r *row) scan(rows Rows) error {
	return rows.Scan(&r.number, &r.state, &r.index, &r.parent, &r.spec, &r.id, &r.status, &r.specText)
}

// reader makes jobs of rows. Tasks of one array share its spec in memory too.
type reader struct {
	row     row
	shared  int64 // the job whose spec was read last
	of      *turno.Spec
	scratch record
}

func (r *reader) job(rows Rows) (*turno.Job, error) {
	if err := r.row.scan(rows); err != nil {
		return nil, fmt.Errorf("read row: %w", err)
	}
	j := &turno.Job{
		Number: r.row.number, Parent: r.row.parent, State: names[r.row.state],
		ID: unpackID(r.row.id, r.row.index),
	}
	if r.of == nil || r.shared != r.row.spec {
		spec := &turno.Spec{}
		if err := json.Unmarshal(r.row.specText, spec); err != nil {
			return nil, fmt.Errorf("read spec of job %d: %w", j.Number, err)
		}
		r.shared, r.of = r.row.spec, spec
	}
	j.Spec = r.of
	r.scratch = record{}
	if err := json.Unmarshal(r.row.status, &r.scratch); err != nil {
		return nil, fmt.Errorf("read status of job %d: %w", j.Number, err)
	}
	r.scratch.read(j)
	if j.Changes != nil {
		j.Spec = j.Changes.Apply(r.of)
	}
	return j, nil
}
