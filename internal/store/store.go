// Package store is the port to what turno remembers: jobs, workers, logs and
// who leads. The scheduler alone writes; everybody reads. Adapters: mem (the
// oracle of the tests), sqlite and postgres, which share sqlstore.
//
// The contract, each sentence a subtest of storetest:
//
//	S1 A commit is whole or not at all, and durable when Commit returns nil.
//	S2 A commit of another term than the store's newest, or of none, is refused with ErrFenced and changes nothing.
//	S3 Lead gives a term to one holder at a time; each new holder's term is higher than every one before.
//	S4 The same holder renews its lead before it is out and keeps its term; after it is out it gets a new one.
//	S5 After the lead is out, or was given up, another holder can take it; giving up what one has not is no error.
//	S6 A job comes back as it was written, every field, to the microsecond; times in UTC, JSON within it equal as JSON.
//	S7 Load yields every job that has not ended, in order of number, every worker by name, and the next number, which never falls.
//	S8 Jobs pages through what the query selects, newest first, each job once, also while new ones come. A page may
//	   be short, even empty, where much had to be searched: only an empty NextCursor says that it was the last. The
//	   case of a name does not count.
//	S9 Find gives a job by number, by id, by array and index, in the order asked for; nil where there is none.
//	S10 Counts are exact after every commit, by queue and state, zeros left out. Of an array the tasks that are not
//	   expanded count, as queued, or held when it is held, and none when it has ended; the array itself does not.
//	S11 Log bytes come back from any offset; a chunk that repeats or overlaps stored bytes adds only what is new; a gap is refused with ErrLogGap and changes nothing.
//	S12 Changes waits without polling and yields each committed change after a revision, in order; one too old, or not yet given, is ErrReset. Revisions are never 0, also of an empty store.
//	S13 A job whose id is already there under another number makes the commit fail with ErrDuplicate and changes nothing.
//	S14 Every call ends when its context ends.
//	S15 Everything is safe for concurrent use.
//	S16 A change whose From is not the state that is stored makes the commit fail with ErrConflict and changes nothing.
//	S17 Dead letters come back as written, newest first, each under a number that is never given again. The same digest
//	   of the same queue is the same letter: what is newest of it counts, FirstAt stays and Times grows. Forgotten ones are gone.
//	S18 Beyond the bounds of a batch that brings dead letters the oldest go.
//	S23 Webhooks come back as written, to the microsecond; what is newest of a job counts. Those with a time come in its
//	   order, and the others not among them. (S19 to S22: see Access, S24 and S25: see Benchmarks.)
//	S26 Search selects jobs of which each word is a part of the name, of the user or of a label written key=value, or
//	   the beginning of the id without a task's index. The case of letters does not count.
//	S27 Since and Until select by the time of submission, to the microsecond, whatever the clock did between two jobs.
//	S28 OldestFirst lists the same jobs the other way round. A cursor of the other order is refused.
//	S29 Facets counts what Jobs selects, by state, queue, user and type, each as if the query did not speak of it. It is
//	   exact, unless words or a name are searched for and it need not be.
//	S30 A job with Changes comes back with them, and with the spec that they make of the first one; it is found by that.
//
// An error of Commit that is none of ErrFenced, ErrDuplicate, ErrConflict and
// ErrLogGap leaves open whether the batch was committed (the connection may
// have broken after the database had it): who leads then takes what is true
// from Load before it commits again. Repeating such a batch is safe, it is
// refused with ErrConflict where it had been committed and has jobs in it.
package store

import (
	"context"
	"errors"
	"time"

	"turno"
)

var (
	// ErrFenced refuses a commit of a scheduler that no longer leads.
	ErrFenced = errors.New("another scheduler leads")
	// ErrHeld says that another holder leads; see Lead.
	ErrHeld = errors.New("the lead is held by another scheduler")
	// ErrNotFound says that there is no such job or dead letter.
	ErrNotFound = errors.New("not there")
	// ErrReset says that changes after a revision are no longer all known.
	ErrReset = errors.New("changes were missed")
	// ErrBroken: a disk did not keep what was written. What the store holds is not
	// known until it is opened anew, and another try to write would hide that:
	// whoever gets this ends the process.
	ErrBroken = errors.New("the disk did not keep what was written")
	// ErrDuplicate refuses a second job of the same id.
	ErrDuplicate = errors.New("a job of that id exists")
	// ErrConflict refuses a change of a job that is not in the state that the
	// change starts from.
	ErrConflict = errors.New("the job is in another state")
	// ErrLogGap refuses a log chunk beyond what is stored.
	ErrLogGap = errors.New("log chunk leaves a gap")
)

// Change is one job as it now is. From is its state in the commit before;
// empty for a new one. Its id, number, parent, task index and time of
// submission never change after the first commit, and its spec is what its
// Changes make of the first one; a task shares its array's spec if it can.
type Change struct {
	Job  *turno.Job
	From turno.State
	// Waiting is by how much the number of an array's tasks that are not
	// expanded changed.
	Waiting int
}

// Batch is one commit. Jobs is in the order of the changes, each job at most
// once.
type Batch struct {
	Term    uint64
	Jobs    []Change
	Workers []turno.Worker // as they now are, whole
	Gone    []string       // workers to forget
	Logs    []turno.LogChunk
	Next    int64 // the next job number
	Dead    DeadLetterBatch
	// Webhooks are as they now are, one a job, whole.
	Webhooks []turno.Webhook
}

// DeadLetterBatch is what a commit says of dead letters: new ones, whose numbers
// the store gives, and those to forget.
type DeadLetterBatch struct {
	New  []turno.DeadLetter
	Gone []int64
	// Keep bounds how many are kept, and KeepBytes the bytes of their bodies in
	// all. Looked at when there are New.
	Keep, KeepBytes int64
}

// Lead is the right to write. Until is by the store's clock; how long it lasts
// is what counts. Forever says that nothing but the process's end ends it.
type Lead struct {
	Term    uint64
	Holder  string
	For     time.Duration
	Forever bool
}

// State is what Load gives.
type State struct {
	Next int64
	// Attempts of a job are numbered above this: see Head.
	Attempts int
	Workers  []turno.Worker
}

// Head is what a store has given last. An adapter on a disk has, beside Store,
//
//	Head(ctx) (Head, error)
//	Raise(ctx, to Head) error
//
// for a store that was restored from an older copy: each number is raised, none
// falls, so that nothing which was named since the copy was made is named again.
// Nobody may lead meanwhile.
type Head struct {
	Term, Revision uint64
	Next           int64 // the next job's number
	Attempts       int   // those of a job are numbered above this
}

// LogSize is how much of an attempt's output is stored.
type LogSize struct {
	turno.AttemptKey
	Bytes int64
}

// DeadLetters is every Store: apart, because few ask.
type DeadLetters interface {
	// DeadLetters lists without bodies; with a Number it gives that one, or ErrNotFound.
	DeadLetters(ctx context.Context, q turno.DeadLetterQuery) (turno.DeadLetterPage, error)
}

// Facets is every Store: apart, because few ask.
type Facets interface {
	Facets(ctx context.Context, q turno.CountQuery) (turno.Facets, error)
}

// Webhooks is every Store: apart, because few ask.
type Webhooks interface {
	// Webhook is that of a job, or ErrNotFound.
	Webhook(ctx context.Context, job int64) (turno.Webhook, error)
	// DueWebhooks are those that have a time, the earliest first, at most limit.
	DueWebhooks(ctx context.Context, limit int) ([]turno.Webhook, error)
}

// Sized is an adapter on a disk.
type Sized interface {
	// Size is how many bytes it takes there, by its own account.
	Size(ctx context.Context) (int64, error)
}

// Store is safe for concurrent use. Who opened an adapter closes it.
type Store interface {
	// Lead takes or renews the lead for holder. ErrHeld comes with the Lead of
	// who has it, For being how long it still lasts. A ttl of 0 gives it up.
	Lead(ctx context.Context, holder string, ttl time.Duration) (Lead, error)
	// Commit writes a batch durably.
	Commit(ctx context.Context, b Batch) error
	// Load reads what a scheduler needs to go on: each job that has not ended.
	Load(ctx context.Context, each func(*turno.Job) error) (State, error)
	// Find reads jobs by Ref, in order; nil where there is none.
	Find(ctx context.Context, refs ...turno.Ref) ([]*turno.Job, error)
	// Jobs lists.
	Jobs(ctx context.Context, q turno.JobQuery) (turno.JobPage, error)
	// Summary counts.
	Summary(ctx context.Context) (turno.Summary, error)
	// ReadLog reads at most max bytes of an attempt's output from offset, and
	// tells how many are stored.
	ReadLog(ctx context.Context, k turno.AttemptKey, offset int64, max int) ([]byte, int64, error)
	// Changes waits for at least one change after a revision and returns those
	// there are, oldest first, and the revision to go on from. A revision of 0
	// returns at once with none and the newest revision.
	Changes(ctx context.Context, after uint64) ([]turno.Event, uint64, error)
}
