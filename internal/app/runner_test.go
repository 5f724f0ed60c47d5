package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"turno"
	"turno/internal/broker"
	"turno/internal/broker/mem"
	"turno/internal/core/policy/fair"
	"turno/internal/role/scheduler"
	"turno/internal/role/worker"
	"turno/internal/store/sqlite"
	"turno/internal/testenv"
	"turno/internal/workload/all"
)

// spine is a scheduler and a worker on real parts.
type spine struct {
	t  *testing.T
	b  Broker
	s  *sqlite.Store
	at string // the worker's folder
}

// newSpine starts one with a worker as o says; it ends with the test.
func newSpine(t *testing.T, o worker.Options) *spine {
	t.Helper()
	dir := t.TempDir()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	b := mem.New()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "turno.db"), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	o.Name, o.Broker, o.Data, o.Offers, o.EndJobs, o.Log = "w1", b, filepath.Join(dir, "worker"), offers(), true, log
	o.Heartbeat = 200 * time.Millisecond
	o.CPUs = 64 * turno.CPU // for many at once
	o.CheckSchema = all.CheckSchema
	known := all.NewAnnounced()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []part{
			{name: "scheduler", run: scheduler.New(scheduler.Options{
				Name: "test", Broker: b, Store: s, Order: fair.New(), Check: checker(known), OnWorkers: known.Update, Log: log,
			}).Run},
			{name: "worker", run: worker.New(o).Run},
		}, func() {})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		b.Close()
		s.Close()
	})
	return &spine{t: t, b: b, s: s, at: o.Data}
}

// ask asks the scheduler something.
func (x *spine) ask(a turno.Ask) turno.Answer {
	x.t.Helper()
	inbox, err := x.b.Inbox(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	defer inbox.Close()
	a.Version = turno.ProtocolVersion
	body, err := json.Marshal(a)
	if err != nil {
		x.t.Fatal(err)
	}
	if err := x.b.Publish(x.t.Context(), broker.ControlQueue, broker.Message{ReplyTo: inbox.Address(), CorrelationID: "1", Body: body}); err != nil {
		x.t.Fatal(err)
	}
	got, err := inbox.Receive(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	var answer turno.Answer
	if err := json.Unmarshal(got[0].Body, &answer); err != nil {
		x.t.Fatal(err)
	}
	return answer
}

// runners waits until each of the worker's runners is ready or has failed.
func (x *spine) runners() turno.Machine {
	x.t.Helper()
	var m turno.Machine
	eventually(x.t.Context(), x.t, x.s, func() bool {
		workers := x.ask(turno.Ask{Workers: true}).Workers
		if len(workers) == 0 {
			return false
		}
		m = workers[0].Machine
		for _, r := range m.Runners {
			if r.State == turno.RunnerStarting {
				return false
			}
		}
		return true
	})
	return m
}

// job submits one and returns its id.
func (x *spine) job(spec turno.Spec) string {
	x.t.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	submit(x.t.Context(), x.t, x.b, []turno.NewJob{{ID: id, Spec: &spec}})
	return id
}

func (x *spine) end(id string) *turno.Job {
	x.t.Helper()
	return ends(x.t.Context(), x.t, x.s, id)
}

// TestRunner_Misbehaves: whatever a runner does, its own job fails with a
// reason that says what it was; its neighbours and the worker go on.
func TestRunner_Misbehaves(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t)
	script, err := filepath.Abs("testdata/bad_runner.py")
	if err != nil {
		t.Fatal(err)
	}
	x := newSpine(t, worker.Options{LogBytes: 4 << 20, HelloTimeout: 20 * time.Second, Engines: []worker.Engine{
		{Name: "bad", Command: []string{python, script}, Mode: "warm"},
		{Name: "other", Command: []string{python, script}, Mode: "warm"},
	}})
	x.runners()
	beside := x.job(turno.Spec{Type: "good", Engine: "other"})
	short := turno.Duration(300 * time.Millisecond)
	cases := []struct {
		typ     string
		reason  turno.Reason
		message string
		limit   turno.Duration
	}{
		{typ: "crash", message: "ended under it (signal SEGV)"},
		{typ: "leave", message: "ended under it (exit status 1); it said: I have had enough"},
		{typ: "hang", reason: turno.ReasonTimeout, message: "did not end within 300ms of being asked to", limit: short},
		{typ: "garbage", message: `not of the protocol: "epoch 1, loss 0.3"`},
		{typ: "halfjson", message: "not of the protocol"},
		{typ: "longline", message: "a line has more than 4194304 bytes"},
		{typ: "other", message: `done for the run "99999.1", which it was never given`},
		{typ: "hello", message: "said hello twice"},
		{typ: "nothing", message: "0 of hello, progress and done"},
		{typ: "lie", message: "it said progress 7"},
		{typ: "nan", message: "not of the protocol"},
		{typ: "back", message: "progress 0.25 for the run"},
		{typ: "poison", reason: turno.ReasonGPUFault, message: "it is stuck"},
		{typ: "flood", message: "it flooded its log"},
	}
	ids := make([]string, len(cases))
	for i, c := range cases {
		ids[i] = x.job(turno.Spec{Type: c.typ, Engine: "bad", TimeLimit: c.limit, Grace: short})
	}
	for i, c := range cases {
		j := x.end(ids[i])
		if c.reason == "" {
			c.reason = turno.ReasonRunnerFailed
		}
		if j.State != turno.Failed || j.Reason != c.reason || !strings.Contains(j.Result.Message, c.message) {
			t.Errorf("%s ended as %s %s: %s; want %s: %s", c.typ, j.State, j.Reason, j.Result.Message, c.reason, c.message)
		}
		t.Logf("%-9s %-13s %s", c.typ, j.Reason, j.Result.Message)
	}
	for _, id := range []string{beside, x.job(turno.Spec{Type: "good", Engine: "bad"}), x.job(turno.Spec{Type: "shout", Engine: "bad"}), x.job(turno.Spec{Type: "noop"})} {
		if j := x.end(id); j.State != turno.Succeeded {
			t.Errorf("%s of its neighbour ended as %s: %s", j.Spec.Type, j.State, j.Detail)
		}
	}
}

// TestRunner_IgnoresCancel: a cancel is the cancel's end, also of a runner that
// does not hear it.
func TestRunner_IgnoresCancel(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t)
	script, err := filepath.Abs("testdata/bad_runner.py")
	if err != nil {
		t.Fatal(err)
	}
	x := newSpine(t, worker.Options{Engines: []worker.Engine{{Name: "bad", Command: []string{python, script}, Mode: "warm"}}})
	x.runners()
	id := x.job(turno.Spec{Type: "hang", Grace: turno.Duration(200 * time.Millisecond)})
	eventually(t.Context(), t, x.s, func() bool {
		found, err := x.s.Find(t.Context(), turno.Ref{ID: id, Task: -1})
		if err != nil {
			t.Fatal(err)
		}
		return found[0].State == turno.Running
	})
	x.ask(turno.Ask{Act: &turno.Action{Verb: turno.Cancel, Jobs: []string{id}}})
	j := x.end(id)
	if j.State != turno.Cancelled || !strings.Contains(j.Result.Message, "did not end within") {
		t.Errorf("ended as %s: %s", j.State, j.Result.Message)
	}
}

// TestRunner_DoesNotStart: a worker does calmly without, and says why.
func TestRunner_DoesNotStart(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t)
	hello := `print('{"hello":{"version":1,"name":"x","concurrent":1,"types":[{"name":"%s","devices":["cpu"],"schema":%s}]}}', flush=True); import sys; sys.stdin.read()`
	says := func(name, schema string) []string {
		return []string{python, "-c", strings.NewReplacer("%s\",\"devices", name+"\",\"devices", "\"schema\":%s", "\"schema\":"+schema).Replace(hello)}
	}
	cases := []struct {
		engine  string
		command []string
		reason  string
	}{
		{"none", []string{"/nowhere/python"}, "/nowhere/python"},
		{"import", []string{python, "-c", "import there_is_no_such_module"}, "ModuleNotFoundError: No module named 'there_is_no_such_module'"},
		{"silent", []string{python, "-c", "import time; time.sleep(60)"}, "it said no hello within 3s"},
		{"garbage", []string{python, "-c", "print('Loading model...')"}, "Loading model..."},
		{"version", []string{python, "-c", `print('{"hello":{"version":9,"name":"x","concurrent":1,"types":[{"name":"a","devices":["cpu"]}]}}')`}, "version 9"},
		{"exec", says("exec", "{}"), "turno's own and has no engines"},
		{"word", says("no good", "{}"), "only letters, digits"},
		{"schema", says("fine", `{"type":7}`), "schema of fine"},
	}
	o := worker.Options{HelloTimeout: 3 * time.Second}
	for _, c := range cases {
		o.Engines = append(o.Engines, worker.Engine{Name: c.engine, Command: c.command, Mode: "warm"})
	}
	x := newSpine(t, o)
	m := x.runners()
	for i, c := range cases {
		if r := m.Runners[i]; r.State != turno.RunnerFailed || !strings.Contains(r.Reason, c.reason) {
			t.Errorf("%s: %s %q, want %q", c.engine, r.State, r.Reason, c.reason)
		}
	}
	if j := x.end(x.job(turno.Spec{Type: "noop"})); j.State != turno.Succeeded {
		t.Errorf("noop ended as %s: %s", j.State, j.Detail)
	}
}

// TestRunner_Processes: when a job gets a fresh process, and when the one
// before it.
func TestRunner_Processes(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t)
	script, err := filepath.Abs("testdata/sdk_runner.py")
	if err != nil {
		t.Fatal(err)
	}
	engine := func(e worker.Engine) worker.Engine { e.Command = []string{python, "-B", script}; return e }
	x := newSpine(t, worker.Options{Engines: []worker.Engine{
		engine(worker.Engine{Name: "warm", Mode: "warm"}),
		engine(worker.Engine{Name: "three", Mode: "warm", Jobs: 3}),
		engine(worker.Engine{Name: "small", Mode: "warm", Growth: 32 << 20}),
		engine(worker.Engine{Name: "zygote", Mode: "zygote"}),
		engine(worker.Engine{Name: "cold", Mode: "cold"}),
	}})
	if m := x.runners(); slices.ContainsFunc(m.Runners, func(r turno.Runner) bool { return r.State != turno.RunnerReady || r.Name != "sdk" }) {
		t.Fatalf("%+v", m.Runners)
	}
	// pids of jobs one after the other, and how many differ.
	pids := func(engine string, jobs int, params string) int {
		different := map[int]bool{}
		for range jobs {
			j := x.end(x.job(turno.Spec{Type: "pid", Engine: engine, Params: json.RawMessage(params), CPUs: 3 * turno.CPU}))
			var out struct{ PID, Threads int }
			if err := json.Unmarshal(j.Result.Output, &out); err != nil || out.Threads != 3 {
				t.Fatalf("%s: %s %s %v: %+v", engine, j.State, j.Detail, err, out)
			}
			different[out.PID] = true
		}
		return len(different)
	}
	for _, c := range []struct {
		engine, params string
		jobs, want     int
	}{
		{"warm", `{}`, 6, 1}, {"three", `{}`, 6, 2}, {"cold", `{}`, 3, 3}, {"zygote", `{}`, 3, 3},
		{"warm", `{"grow":40000000}`, 3, 1}, {"small", `{"grow":40000000}`, 4, 2},
	} {
		if got := pids(c.engine, c.jobs, c.params); got != c.want {
			t.Errorf("%s %s: %d jobs in %d processes, want %d", c.engine, c.params, c.jobs, got, c.want)
		}
	}
	before := x.end(x.job(turno.Spec{Type: "pid", Engine: "warm"})).Result.Output
	if j := x.end(x.job(turno.Spec{Type: "poison", Engine: "warm"})); j.Reason != turno.ReasonGPUFault {
		t.Errorf("poison ended as %s", j.Reason)
	}
	if after := x.end(x.job(turno.Spec{Type: "pid", Engine: "warm"})).Result.Output; string(after) == string(before) {
		t.Errorf("a poisoned process was used again: %s", after)
	}
}

// TestRunner_IsHeldByItsWorker: a process that is stopped, and so hears
// nothing, ends with its job's time; so does one whose worker has gone.
func TestRunner_IsHeldByItsWorker(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t)
	script, err := filepath.Abs("testdata/sdk_runner.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"warm", "zygote"} {
		x := newSpine(t, worker.Options{Engines: []worker.Engine{{Name: "sdk", Mode: mode, Command: []string{python, "-B", script}}}})
		x.runners()
		short := turno.Duration(200 * time.Millisecond)
		if j := x.end(x.job(turno.Spec{Type: "stop", TimeLimit: short, Grace: short})); j.Reason != turno.ReasonTimeout {
			t.Errorf("%s: a stopped process's job ended as %s: %s", mode, j.Reason, j.Detail)
		}
		id := x.job(turno.Spec{Type: "wait"})
		eventually(t.Context(), t, x.s, func() bool {
			found, err := x.s.Find(t.Context(), turno.Ref{ID: id, Task: -1})
			if err != nil {
				t.Fatal(err)
			}
			if found[0].State.Ended() {
				t.Fatalf("%s: it ended as %s: %s", mode, found[0].Reason, found[0].Detail)
			}
			return found[0].State == turno.Running
		})
		x.ask(turno.Ask{Act: &turno.Action{Verb: turno.Cancel, Jobs: []string{id}}})
		if j := x.end(id); j.State != turno.Cancelled || strings.Contains(j.Result.Message, "killed") {
			t.Errorf("%s: a job that looks was cancelled as %s: %s", mode, j.State, j.Result.Message)
		}
	}
}

// TestRunner_Neighbours: those in the same process as a job that has to be
// killed run again, and count no failure.
func TestRunner_Neighbours(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t)
	const two = `
import json, sys, threading
def tell(**event): print(json.dumps(event), flush=True)
tell(hello={"version": 1, "name": "two", "concurrent": 2, "types": [{"name": n, "devices": ["cpu"]} for n in ("hang", "slow")]})
for line in sys.stdin:
    run = json.loads(line).get("run")
    if run and run["type"] == "slow":
        threading.Timer(1.5, tell, kwargs={"done": {"key": run["key"]}}).start()
`
	x := newSpine(t, worker.Options{Engines: []worker.Engine{{Name: "two", Mode: "warm", Command: []string{python, "-c", two}}}})
	x.runners()
	limit := turno.Duration(300 * time.Millisecond)
	slow := x.job(turno.Spec{Type: "slow"})
	hang := x.job(turno.Spec{Type: "hang", TimeLimit: limit, Grace: limit})
	if j := x.end(hang); j.Reason != turno.ReasonTimeout {
		t.Errorf("hang ended as %s: %s", j.Reason, j.Detail)
	}
	if j := x.end(slow); j.State != turno.Succeeded || j.Attempt != 2 || j.Losses != 1 || j.Failures != 0 {
		t.Errorf("its neighbour ended as %s in attempt %d, %d losses, %d failures: %s", j.State, j.Attempt, j.Losses, j.Failures, j.Detail)
	}
}

// TestRunner_StartsNoMore: when a runner that was there cannot be started, its
// jobs wait for it instead of failing, and the worker says why.
func TestRunner_StartsNoMore(t *testing.T) {
	t.Parallel()
	python := testenv.Python(t)
	flag := filepath.Join(t.TempDir(), "gone")
	const script = `
import json, os, sys
if os.path.exists(sys.argv[1]): sys.exit("the disk with the model is gone")
def tell(**event): print(json.dumps(event), flush=True)
tell(hello={"version": 1, "name": "x", "concurrent": 1, "types": [{"name": "x", "devices": ["cpu"]}]})
for line in sys.stdin: tell(done={"key": json.loads(line)["run"]["key"]})
`
	x := newSpine(t, worker.Options{Engines: []worker.Engine{{Name: "x", Mode: "cold", Command: []string{python, "-c", script, flag}}}})
	x.runners()
	if j := x.end(x.job(turno.Spec{Type: "x"})); j.State != turno.Succeeded {
		t.Fatalf("ended as %s: %s", j.State, j.Detail)
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	id := x.job(turno.Spec{Type: "x"})
	eventually(t.Context(), t, x.s, func() bool {
		found, err := x.s.Find(t.Context(), turno.Ref{ID: id, Task: -1})
		if err != nil {
			t.Fatal(err)
		}
		if found[0].State.Ended() {
			t.Fatalf("it ended as %s: %s", found[0].Reason, found[0].Detail)
		}
		return found[0].State == turno.Queued && found[0].Reason == turno.ReasonNoSuchResource && found[0].Losses == 1
	})
	if m := x.runners(); m.Runners[0].State != turno.RunnerFailed || !strings.Contains(m.Runners[0].Reason, "the disk with the model is gone") {
		t.Errorf("%+v", m.Runners)
	}
}
