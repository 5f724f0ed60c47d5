// Package amqp holds turno to what docs/amqp.md promises to clients that are
// not turno's own: a scheduler and a worker run in this process on a real
// RabbitMQ, and a Python program that knows nothing but that page talks to
// them.
//
//	client.py ──Submission──▶ turno.jobs ──▶ scheduler ──▶ worker
//	          ◀──reply, turno.results──────────┘
package amqp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"turno"
	"turno/internal/app"
	"turno/internal/broker"
	"turno/internal/broker/rabbitmq"
	"turno/internal/core/policy/fair"
	"turno/internal/role/scheduler"
	"turno/internal/role/worker"
	"turno/internal/role/worker/child"
	"turno/internal/runner"
	"turno/internal/store/sqlite"
	"turno/internal/testenv"
	"turno/internal/workload/all"
)

// TestMain lets this binary serve as shim and as runner, as turno's does.
func TestMain(m *testing.M) {
	if code, ok := child.Main(os.Args[1:]); ok {
		os.Exit(code)
	}
	if len(os.Args) == 3 && os.Args[1] == "runner" {
		if err := app.Runner(context.Background(), os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// clientTime bounds client.py as a whole: it gives up by itself after a minute
// without an answer.
const clientTime = 2 * time.Minute

// transcript is what client.py prints.
type transcript struct {
	Replies map[string]turno.SubmissionReply `json:"replies"`
	Results map[string]turno.ResultMessage   `json:"results"` // by id
}

func TestClient_SubmitsAndHearsOfResults(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t, testenv.PikaNeed)
	url, prefix := testenv.SharedRabbitMQ(t)
	start(t, url, prefix)
	got := talk(t, python, url, prefix)

	accepted := append(numbered(t, got.Replies["good"], 1), numbered(t, got.Replies["bulk"], 3)...)
	distinct := map[int64]bool{}
	for _, s := range accepted {
		distinct[s.Number] = true
	}
	if len(distinct) != len(accepted) {
		t.Errorf("some of %v have the same number", accepted)
	}
	t.Run("SameIDSameNumber", func(t *testing.T) {
		if diff := cmp.Diff(got.Replies["good"], got.Replies["again"]); diff != "" {
			t.Errorf("second answer to the same id (-first +second):\n%s", diff)
		}
	})
	t.Run("RefusedByItself", func(t *testing.T) { checkRefusals(t, got.Replies) })
	t.Run("RefusedAsAWhole", func(t *testing.T) { checkMessages(t, got.Replies) })
	t.Run("ResultOfEachAccepted", func(t *testing.T) { checkResults(t, got.Results, accepted) })
}

// checkRefusals: a bad job is refused with its field and what to do, and takes
// no other one with it.
func checkRefusals(t *testing.T, replies map[string]turno.SubmissionReply) {
	unknown := only(t, replies["unknown_type"], 1)[0]
	if e := unknown.Error; e == nil || e.Code != turno.CodeInvalid || e.Field != "type" ||
		!strings.Contains(e.Message, `"nop"`) || !strings.Contains(e.Hint, "noop") || unknown.Number != 0 {
		t.Errorf("job of an unknown type: %+v, %+v", unknown, e)
	}
	mixed := only(t, replies["mixed"], 2)
	if e := mixed[0].Error; e == nil || e.Code != turno.CodeInvalid || e.Field != "id" {
		t.Errorf("job without an id: %+v", e)
	}
	if diff := cmp.Diff(only(t, replies["bulk"], 3)[0], mixed[1]); diff != "" {
		t.Errorf("job beside it (-first +second):\n%s", diff)
	}
}

func checkMessages(t *testing.T, replies map[string]turno.SubmissionReply) {
	for _, c := range []struct {
		reply string
		code  turno.Code
		field string
	}{{"not_json", turno.CodeMalformed, ""}, {"wrong_version", turno.CodeInvalid, "version"}} {
		r := replies[c.reply]
		if r.Version != turno.ProtocolVersion || len(r.Jobs) != 0 || r.Error == nil || r.Error.Code != c.code || r.Error.Field != c.field {
			t.Errorf("%s: %+v, %+v", c.reply, r, r.Error)
		}
	}
	if e := replies["not_json"].Error; e != nil && !strings.Contains(e.Hint, "docs/amqp.md") {
		t.Errorf("not_json: the hint %q does not name the document", e.Hint)
	}
}

func checkResults(t *testing.T, results map[string]turno.ResultMessage, accepted []turno.Submitted) {
	if len(results) != len(accepted) {
		t.Errorf("%d results of %d jobs", len(results), len(accepted))
	}
	for i, s := range accepted {
		r, ok := results[s.ID]
		if !ok || r.Result == nil {
			t.Errorf("job %d has no result: %+v", s.Number, r)
			continue
		}
		want := turno.ResultMessage{
			Version: turno.ProtocolVersion, ID: s.ID, Number: s.Number, Display: fmt.Sprint(s.Number),
			Queue: "default", Type: "noop", State: turno.Succeeded, Reason: turno.ReasonCompleted, Attempt: 1, Worker: "w1",
		}
		if i == 0 {
			want.Type, want.Name, want.User = "exec", "hello", "alice"
		}
		told := r
		told.Detail, told.SubmittedAt, told.StartedAt, told.EndedAt, told.Result = "", time.Time{}, time.Time{}, time.Time{}, nil
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("result of job %d (-want +got):\n%s", s.Number, diff)
		}
		if r.SubmittedAt.IsZero() || r.StartedAt.Before(r.SubmittedAt) || r.EndedAt.Before(r.StartedAt) {
			t.Errorf("times of job %d are out of order: %v %v %v", s.Number, r.SubmittedAt, r.StartedAt, r.EndedAt)
		}
	}
}

// numbered are the jobs of a reply that took all of them.
func numbered(t *testing.T, r turno.SubmissionReply, n int) []turno.Submitted {
	t.Helper()
	jobs := only(t, r, n)
	for _, s := range jobs {
		if s.Error != nil || s.Number < 1 || !turno.ValidID(s.ID) {
			t.Fatalf("not accepted: %+v, %+v", s, s.Error)
		}
	}
	return jobs
}

// only are the jobs of a reply, which must be n.
func only(t *testing.T, r turno.SubmissionReply, n int) []turno.Submitted {
	t.Helper()
	if r.Version != turno.ProtocolVersion || r.Error != nil || len(r.Jobs) != n {
		t.Fatalf("%d jobs in the reply, want %d: %+v, %+v", len(r.Jobs), n, r, r.Error)
	}
	return r.Jobs
}

// TestExample_Render runs the example beside the document.
func TestExample_Render(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t, testenv.PikaNeed)
	url, prefix := testenv.SharedRabbitMQ(t)
	start(t, url, prefix)
	ctx, cancel := context.WithTimeoutCause(t.Context(), clientTime, errors.New("render.py took too long"))
	defer cancel()
	out, err := exec.CommandContext(ctx, python, "../../examples/amqp/render.py", url, "3", prefix).CombinedOutput()
	if err != nil || strings.Count(string(out), "succeeded\n") != 3 {
		t.Errorf("render.py: %v\n%s", errors.Join(err, context.Cause(ctx)), out)
	}
}

// talk runs client.py and reads what it prints.
func talk(t *testing.T, python, url, prefix string) transcript {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), clientTime, errors.New("client.py took too long"))
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "client.py", url, prefix+"example.results", prefix)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("client.py: %v\n%s", errors.Join(err, context.Cause(ctx)), &stderr)
	}
	t.Logf("client.py printed %s", out)
	var got transcript
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// start runs a scheduler and a worker until the test ends.
func start(t *testing.T, url, prefix string) {
	t.Helper()
	dir, log := t.TempDir(), slog.New(slog.NewTextHandler(t.Output(), nil))
	b, err := rabbitmq.Open(t.Context(), rabbitmq.Options{URL: url, Prefix: prefix, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closes(t, b.Close) })
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "turno.db"), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closes(t, s.Close) })
	// The queue is there before the first client is, as after a first start.
	c, err := b.Consume(t.Context(), broker.JobsQueue, broker.ConsumeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	closes(t, c.Close)
	runs(t, scheduler.New(scheduler.Options{
		Name: "test", Broker: b, Store: s, Order: fair.New(), Check: check, Log: log,
	}).Run)
	runs(t, worker.New(worker.Options{
		Name: "w1", Broker: b, Data: filepath.Join(dir, "worker"), Offers: offers(), EndJobs: true, Log: log,
	}).Run)
}

// runs ends a role with the test: those that began last end first.
func runs(t *testing.T, run func(context.Context) error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1) // the role never waits for the test
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func closes(t *testing.T, c func() error) {
	t.Helper()
	if err := c(); err != nil {
		t.Error(err)
	}
}

func check(s *turno.Spec) *turno.Error {
	all.Normalize(s)
	if err := s.Validate(); err != nil {
		return err
	}
	return all.Check(s)
}

func offers() []worker.Offer {
	var list []worker.Offer
	for _, w := range all.List() {
		class, _ := runner.ClassOf(w)
		list = append(list, worker.Offer{Type: w.Name, Devices: w.Devices, Class: string(class)})
	}
	return list
}
