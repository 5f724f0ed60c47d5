// Package failpoint gives names to the steps at which a part of turno may be
// killed, held up or made to fail, so that a test can do that to the real
// program. It knows nothing of turno, and only a program that was built with
// the tag failpoints obeys: in any other Hit is an empty function that the
// compiler removes, with the names.
//
//	TURNO_FAILPOINTS="scheduler.committed=kill#3;worker.journalled=delay(200ms);api.asked=error#1"
//
// Each rule is a name, what happens there, and at which hit: without a number
// at each. With TURNO_FAILPOINTS_DIR, a folder, each name that was acted at
// leaves a file there, and a rule with a number acts once in all processes that
// share the folder: a role that was killed there goes on when it is started
// again.
//
// TURNO_FAILPOINTS=@FILE names a file with the rules. It may be replaced by
// another one at any time, or be away: a running role is struck without being
// started anew.
package failpoint

// The variables that a program built with the tag reads.
const (
	Variable = "TURNO_FAILPOINTS"
	Folder   = "TURNO_FAILPOINTS_DIR"
)

// The steps, in the order of a job's way.
const (
	// A submission was read and checked, and is not yet with the broker.
	APIReceived = "api.received"
	// The scheduler has answered, or was silent; the client has no answer.
	APIAsked = "api.asked"

	// A batch is in the core, and nothing of it anywhere else.
	SchedulerRead = "scheduler.read"
	// What came of it is ready, and not yet with the store.
	SchedulerReady = "scheduler.ready"
	// The store has it, nobody else knows.
	SchedulerCommitted = "scheduler.committed"
	// Submitters have their answers, nothing else has been sent.
	SchedulerAnswered = "scheduler.answered"
	// Results are published, Desired not.
	SchedulerPublished = "scheduler.published"
	// Desired are sent, deliveries not acknowledged.
	SchedulerSent = "scheduler.sent"

	// Inside the transaction, all is written.
	StoreWritten = "store.written"
	// The transaction is committed; who asked for it does not know.
	StoreCommitted = "store.committed"

	// The worker has orders, or news, and has noted nothing.
	WorkerReady = "worker.ready"
	// They are in its journal; nothing was started, ended or told.
	WorkerJournalled = "worker.journalled"
	// Attempts were started, the Report is not sent.
	WorkerStarted = "worker.started"
	// An attempt has ended and its end is noted nowhere.
	WorkerEnded = "worker.ended"
	// The Report is sent.
	WorkerReported = "worker.reported"

	// A shim or keeper is about to start a command.
	ChildForking = "child.forking"
	// It runs; nobody was told.
	ChildForked = "child.forked"
	// Its tree has ended; the exit is not written.
	ChildEnded = "child.exited"
	// The exit is written; no agent was told.
	ChildWritten = "child.written"
)

// Names returns all of them.
func Names() []string {
	return []string{
		APIReceived, APIAsked,
		SchedulerRead, SchedulerReady, SchedulerCommitted, SchedulerAnswered, SchedulerPublished, SchedulerSent,
		StoreWritten, StoreCommitted,
		WorkerReady, WorkerJournalled, WorkerStarted, WorkerEnded, WorkerReported,
		ChildForking, ChildForked, ChildEnded, ChildWritten,
	}
}
