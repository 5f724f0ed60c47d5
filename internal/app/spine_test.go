package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"turno"
	"turno/internal/broker"
	"turno/internal/broker/nats"
	"turno/internal/core/policy/fair"
	"turno/internal/role/scheduler"
	"turno/internal/role/worker"
	"turno/internal/role/worker/child"
	"turno/internal/store/sqlite"
	"turno/internal/workload/all"
)

// TestMain lets this binary serve as shim and as runner, as turno's does.
func TestMain(m *testing.M) {
	if code, ok := child.Main(os.Args[1:]); ok {
		os.Exit(code)
	}
	if len(os.Args) == 3 && os.Args[1] == "runner" {
		if err := Runner(context.Background(), os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestSpine_JobsGoTheirWay sends jobs through real parts in one process, by
// hand on the broker: what any AMQP client can do.
func TestSpine_JobsGoTheirWay(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	b, err := nats.Embedded(ctx, nats.EmbeddedOptions{Dir: filepath.Join(dir, "broker"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(dir, "turno.db"), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	known := all.NewAnnounced()
	parts := []part{
		{name: "scheduler", run: scheduler.New(scheduler.Options{
			Name: "test", Broker: b, Store: s, Order: fair.New(), Check: checker(known), OnWorkers: known.Update, Log: log,
		}).Run},
		{name: "worker", run: worker.New(worker.Options{
			Name: "w1", Broker: b, Data: filepath.Join(dir, "worker"), Offers: offers(), EndJobs: true, Log: log,
		}).Run},
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, parts, func() {}) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	jobs := []turno.NewJob{
		{Spec: &turno.Spec{Type: "noop"}},
		{Spec: &turno.Spec{Type: "exec", Params: json.RawMessage(`{"command":["/bin/echo","hello"]}`)}},
		{Spec: &turno.Spec{Type: "exec", Params: json.RawMessage(`{"command":["/bin/sh","-c","exit 3"]}`)}},
		{Spec: &turno.Spec{Type: "noop", Array: &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 499, Step: 1}}}}},
	}
	for i := range jobs {
		jobs[i].ID = uuid.Must(uuid.NewV7()).String()
	}
	submit(ctx, t, b, jobs)
	want := []turno.State{turno.Succeeded, turno.Succeeded, turno.Failed, turno.Succeeded}
	for i, w := range want {
		if j := ends(ctx, t, s, jobs[i].ID); j.State != w {
			t.Errorf("job %d ended as %s %s %q, want %s", i, j.State, j.Reason, j.Detail, w)
		}
	}
	j := ends(ctx, t, s, jobs[1].ID)
	eventually(ctx, t, s, func() bool {
		out, _, err := s.ReadLog(ctx, turno.AttemptKey{Job: j.Number, Attempt: 1}, 0, 100)
		return err == nil && string(out) == "hello\n"
	})
}

// submit publishes a submission and waits for its acceptance.
func submit(ctx context.Context, t *testing.T, b Broker, jobs []turno.NewJob) {
	t.Helper()
	inbox, err := b.Inbox(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer inbox.Close()
	body, err := json.Marshal(turno.Submission{Version: 1, Jobs: jobs})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(ctx, broker.JobsQueue, broker.Message{ReplyTo: inbox.Address(), CorrelationID: "1", Body: body}); err != nil {
		t.Fatal(err)
	}
	got, err := inbox.Receive(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var reply turno.SubmissionReply
	if err := json.Unmarshal(got[0].Body, &reply); err != nil {
		t.Fatal(err)
	}
	for _, s := range reply.Jobs {
		if s.Error != nil {
			t.Fatalf("refused: %v", s.Error)
		}
	}
}

// ends waits for a job's end.
func ends(ctx context.Context, t *testing.T, s *sqlite.Store, id string) *turno.Job {
	t.Helper()
	var job *turno.Job
	eventually(ctx, t, s, func() bool {
		found, err := s.Find(ctx, turno.Ref{ID: id, Task: -1})
		if err != nil {
			t.Fatal(err)
		}
		job = found[0]
		return job != nil && job.State.Ended()
	})
	return job
}

// eventually looks again after each change in the store.
func eventually(ctx context.Context, t *testing.T, s *sqlite.Store, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, rev, err := s.Changes(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	for !done() {
		wait, stop := context.WithTimeout(ctx, 200*time.Millisecond)
		if _, next, err := s.Changes(wait, rev); err == nil {
			rev = next
		}
		stop()
		if ctx.Err() != nil {
			t.Fatal("it did not happen within 30 s")
		}
	}
}
