package turno

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"time"
)

// Service is what a running turno offers. The API serves it, package client
// speaks it over HTTP, and both pass the same suite. All methods are safe for
// concurrent use; errors that a user can act on are *Error.
type Service interface {
	// Submit hands in jobs. It returns once each is durable: one Submitted a
	// job, in order, accepted or refused by itself. Jobs without an id get one;
	// the same id again is the same job and answers with the same number.
	Submit(ctx context.Context, jobs []NewJob) ([]Submitted, error)
	// Act orders something of jobs or workers, one Acted a target, in order.
	Act(ctx context.Context, a Action) ([]Acted, error)
	// Jobs lists jobs, newest first.
	Jobs(ctx context.Context, q JobQuery) (JobPage, error)
	// Job is one job; ref is a Ref's text.
	Job(ctx context.Context, ref string) (Job, error)
	// Explain says why a job is where it is, from the scheduler itself.
	Explain(ctx context.Context, ref string) (Explanation, error)
	// Workers lists the workers that the scheduler knows, by name.
	Workers(ctx context.Context) ([]Worker, error)
	// Types lists the workloads that this server knows, and those that runners
	// of its workers offer.
	Types(ctx context.Context) ([]Type, error)
	// Summary counts jobs by state and queue.
	Summary(ctx context.Context) (Summary, error)
	// Log reads output of an attempt; see LogQuery.
	Log(ctx context.Context, q LogQuery) (Log, error)
	// DeadLetters lists messages that the scheduler could not take.
	DeadLetters(ctx context.Context, q DeadLetterQuery) (DeadLetterPage, error)
	// Events yields changes of jobs as they are committed, until ctx is done, the
	// caller stops, or an error, which is yielded last.
	Events(ctx context.Context, q EventQuery) iter.Seq2[Event, error]
}

// NewJob is one job handed in. ID is the client's idempotency key: a UUID,
// best a fresh UUIDv7.
type NewJob struct {
	ID   string `json:"id,omitempty"`
	Spec *Spec  `json:"spec"`
	// RetryOf is the number of the ended job that this one repeats.
	RetryOf int64 `json:"retry_of,omitempty"`
}

// Submitted is the answer to one NewJob. Number is 0 when it was refused, or
// when it is safe with the broker but the scheduler has not answered yet.
type Submitted struct {
	ID      string `json:"id"`
	Number  int64  `json:"number,omitempty"`
	Error   *Error `json:"error,omitempty"`
	Warning string `json:"warning,omitempty"` // accepted, but no worker known could run it today
}

// Submission is the body of a message on the broker's jobs queue: a public
// format, see docs/amqp.md.
type Submission struct {
	Version int      `json:"version"` // 1
	Jobs    []NewJob `json:"jobs"`
}

// SubmissionReply goes to the reply address of a Submission's message.
type SubmissionReply struct {
	Version int         `json:"version"`
	Jobs    []Submitted `json:"jobs,omitempty"`
	Error   *Error      `json:"error,omitempty"` // the message as a whole was refused
}

// ProtocolVersion is that of the messages on the broker.
const ProtocolVersion = 1

// Verb is what an Action does.
type Verb string

const (
	Cancel  Verb = "cancel"
	HoldJob Verb = "hold"
	Release Verb = "release"
	Requeue Verb = "requeue"
	Update  Verb = "update"  // of jobs: change what was asked for
	Drain   Verb = "drain"   // of workers
	Undrain Verb = "undrain" // of workers
	Redrive Verb = "redrive" // of dead letters: hand them to the scheduler again
	Drop    Verb = "drop"    // of dead letters: forget them
)

// Action is an order about jobs (by Ref), workers (by name) or dead letters (by
// number): one kind of them.
type Action struct {
	Verb    Verb     `json:"verb"`
	Jobs    []string `json:"jobs,omitempty"`
	Workers []string `json:"workers,omitempty"`
	Letters []string `json:"dead_letters,omitempty"`
	User    string   `json:"user,omitempty"`    // who orders it
	Message string   `json:"message,omitempty"` // why: shown beside the state
	Grace   Duration `json:"grace_seconds,omitempty"`
	Force   bool     `json:"force,omitempty"` // cancel: KILL at once
	// Change is what an update changes. With IfRevision it is refused of a job that
	// has another Revision: somebody has changed it meanwhile.
	Change     *SpecChange `json:"change,omitempty"`
	IfRevision *int        `json:"if_revision,omitempty"`
}

// Targets are all that the action names.
func (a *Action) Targets() []string { return slices.Concat(a.Jobs, a.Workers, a.Letters) }

// Acted is the answer to one target of an Action. Jobs are the answers to the
// jobs of a dead letter that was re-driven.
type Acted struct {
	Target string      `json:"target"`
	State  string      `json:"state,omitempty"` // afterwards
	Jobs   []Submitted `json:"jobs,omitempty"`
	Error  *Error      `json:"error,omitempty"`
}

// Ask is the body of a request to the scheduler on the broker's control queue.
// Exactly one field is set.
type Ask struct {
	Version int     `json:"version"`
	Act     *Action `json:"act,omitempty"`
	Explain string  `json:"explain,omitempty"` // a Ref
	Try     *Spec   `json:"try,omitempty"`     // of a job that is not handed in; answered by Explain
	Workers bool    `json:"workers,omitempty"`
}

// Answer goes to the reply address of an Ask.
type Answer struct {
	Acted   []Acted      `json:"acted,omitempty"`
	Explain *Explanation `json:"explain,omitempty"`
	Workers []Worker     `json:"workers,omitempty"`
	Error   *Error       `json:"error,omitempty"`
}

// ResultMessage is the body of a message on the results topic exchange, with
// the routing key queue.type.state: a public format, see docs/amqp.md.
type ResultMessage struct {
	Version int    `json:"version"`
	ID      string `json:"id"`
	Number  int64  `json:"number"`
	Display string `json:"display"`
	Name    string `json:"name,omitempty"`
	Queue   string `json:"queue"`
	User    string `json:"user,omitempty"`
	Type    string `json:"type"`
	State   State  `json:"state"`
	Reason  Reason `json:"reason"`
	Detail  string `json:"detail,omitempty"`
	Attempt int    `json:"attempt"`
	Worker  string `json:"worker,omitempty"`

	SubmittedAt time.Time `json:"submitted_at"`
	StartedAt   time.Time `json:"started_at,omitzero"`
	EndedAt     time.Time `json:"ended_at"`
	Result      *Result   `json:"result,omitempty"`
}

// JobQuery selects jobs. Empty fields select all. Limit is at most 1000, 0 is
// 100; Cursor is the NextCursor of the page before.
type JobQuery struct {
	States []State
	Queue  string
	User   string
	Type   string
	Name   string // part of the name
	Parent int64  // tasks of this array
	// Search is some words. Each is a part of the name, of the user or of a label,
	// key=value, or the beginning of the id; their case does not count.
	Search string
	// Since and Until are times of submission: not before Since, before Until.
	Since, Until time.Time
	// Top leaves out the tasks of arrays.
	Top bool
	// OldestFirst turns the order round. A cursor holds for the order that it comes from.
	OldestFirst bool
	Limit       int
	Cursor      string
}

// CountQuery asks how many jobs a JobQuery selects; its Limit and Cursor do not
// matter. Where much has to be searched the answer is an estimate, unless it
// must be Exact.
type CountQuery struct {
	JobQuery
	Exact bool
}

// Facets says how many jobs a query selects, and how many it would if it asked
// for another state, queue, user or type; what there is none of is left out.
type Facets struct {
	Count  int64            `json:"count"`
	States map[State]int64  `json:"states"`
	Queues map[string]int64 `json:"queues"`
	Users  map[string]int64 `json:"users"`
	Types  map[string]int64 `json:"types"`
	// Estimated: some were counted, and the others are taken to be like them.
	Estimated bool `json:"estimated,omitempty"`
}

// Counter is a Service that counts.
type Counter interface {
	Facets(ctx context.Context, q CountQuery) (Facets, error)
}

// JobPage is a part of a list. NextCursor is empty on the last one.
type JobPage struct {
	Items      []Job  `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// Block is one thing that keeps a job from starting.
type Block struct {
	Reason  Reason `json:"reason"`
	Detail  string `json:"detail"`
	Workers int    `json:"workers,omitempty"` // how many workers it excludes
	// Numbers: what was asked, what is free where most is, what the most is
	// that any worker has, and who holds the rest.
	Asked  string   `json:"asked,omitempty"`
	Free   string   `json:"free,omitempty"`
	Limit  string   `json:"limit,omitempty"`
	Holder []string `json:"holder,omitempty"`
}

// Explanation is every reason that blocks a job, the first one first.
type Explanation struct {
	Job        string  `json:"job"` // displayed number
	State      State   `json:"state"`
	Reason     Reason  `json:"reason"`
	Summary    string  `json:"summary"` // one sentence with numbers
	Impossible bool    `json:"impossible,omitempty"`
	Blocks     []Block `json:"blocks,omitempty"`
	// Position in line among the jobs that wait for the same pool, from 1; 0:
	// not in line.
	Position int      `json:"position,omitempty"`
	InLine   int      `json:"in_line,omitempty"`
	Workers  int      `json:"workers"`
	Unblock  []string `json:"unblock,omitempty"` // what would start it
	// Reservation of the head of the line.
	ReservedWorker string    `json:"reserved_worker,omitempty"`
	ReservedAt     time.Time `json:"reserved_at,omitzero"` // no later than, when limits say so
}

// Preview says of a job what would become of it if it were handed in now.
// Nothing is handed in.
type Preview struct {
	Spec *Spec `json:"spec"` // as it would be stored
	// Starts: there is room, and nobody stands before it.
	Starts      bool        `json:"starts_now"`
	Explanation Explanation `json:"explanation"`
}

// Previewer is a Service that can say so.
type Previewer interface {
	// Preview refuses what Submit would refuse, with the same Error.
	Preview(ctx context.Context, spec *Spec) (Preview, error)
}

// Type describes a workload.
type Type struct {
	Name    string          `json:"name"`
	Summary string          `json:"summary"`
	Devices []Device        `json:"devices"`
	Schema  json.RawMessage `json:"schema"`            // of Params: JSON Schema 2020-12
	Example json.RawMessage `json:"example,omitempty"` // Params that work
	Engines []string        `json:"engines,omitempty"` // that can run it, as workers offer them now
}

// Summary counts jobs; tasks of arrays count once each, waiting ones too.
type Summary struct {
	States map[State]int64            `json:"states"`
	Queues map[string]map[State]int64 `json:"queues"`
	// Users are by whose jobs they are; of who does not see those of others there
	// is one at most.
	Users map[string]map[State]int64 `json:"users"`
}

// LogQuery reads bytes of an attempt's output from Offset, at most Max. Attempt
// 0 is the last one. Wait lets the answer wait until there is something to
// read or the attempt has ended.
type LogQuery struct {
	Job     string
	Attempt int
	Offset  int64
	Max     int
	Wait    time.Duration
}

// Log is a piece of output. Done says that nothing comes after it.
type Log struct {
	Attempt int    `json:"attempt"`
	Offset  int64  `json:"offset"`
	Data    []byte `json:"data"`
	Size    int64  `json:"size"` // stored so far
	Done    bool   `json:"done"`
}

// EventQuery selects events. After is the Revision to go on from; 0 is now.
// Jobs, when not empty, are the numbers to hear of (their tasks too).
type EventQuery struct {
	After uint64
	Jobs  []int64
}

// Event is one committed change of a job. Reset says that events were missed:
// read again what you show.
type Event struct {
	Revision uint64    `json:"revision"`
	Reset    bool      `json:"reset,omitempty"`
	Number   int64     `json:"number,omitempty"`
	Parent   int64     `json:"parent,omitempty"`
	Task     int       `json:"task,omitempty"`
	Name     string    `json:"name,omitempty"`
	Queue    string    `json:"queue,omitempty"`
	Type     string    `json:"type,omitempty"`
	State    State     `json:"state,omitempty"`
	Reason   Reason    `json:"reason,omitempty"`
	Worker   string    `json:"worker,omitempty"`
	At       time.Time `json:"at,omitzero"`
}
