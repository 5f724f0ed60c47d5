package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/runner"
	"turno/internal/workload"
	"turno/internal/workload/noop"
)

// runFunc is what a workload does.
type runFunc func(ctx context.Context, env *workload.Env, params json.RawMessage) (any, error)

func work(name string, run runFunc) workload.Workload {
	return workload.Workload{Name: name, Devices: []turno.Device{turno.DeviceCPU}, Warm: true, Run: run}
}

// both is a Serve and a Dial joined by two pipes.
type both struct {
	*runner.Conn
	events chan runner.Event // room for what a test provokes
	served chan error
	stop   context.CancelFunc
}

func connect(t *testing.T, o runner.Options) *both {
	t.Helper()
	toRunner, fromAgent := io.Pipe()
	toAgent, fromRunner := io.Pipe()
	b := &both{events: make(chan runner.Event, 1000), served: make(chan error, 1)}
	ctx, stop := context.WithCancel(t.Context())
	b.stop = stop
	if o.Name == "" {
		o.Name = "test"
	}
	go func() {
		b.served <- runner.Serve(ctx, toRunner, fromRunner, o)
		fromRunner.Close()
	}()
	conn, err := runner.Dial(t.Context(), toAgent, fromAgent, runner.DialOptions{OnEvents: func(events []runner.Event) {
		for _, e := range events {
			b.events <- e
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	b.Conn = conn
	t.Cleanup(func() { b.Close(); <-b.Conn.Done(); stop() })
	return b
}

func (b *both) run(t *testing.T, r runner.Run) {
	t.Helper()
	if r.Device == "" {
		r.Device = turno.DeviceCPU
	}
	if err := b.Run(r); err != nil {
		t.Fatal(err)
	}
}

// end waits for the next done.
func (b *both) end(t *testing.T) *runner.Done {
	t.Helper()
	for {
		select {
		case e := <-b.events:
			if e.Done != nil {
				return e.Done
			}
		case <-t.Context().Done():
			t.Fatal("no done came")
		}
	}
}

func TestServe_RunsAndAnswers(t *testing.T) {
	t.Parallel()
	b := connect(t, runner.Options{Workloads: []workload.Workload{noop.New()}, Concurrent: 8})
	if h := b.Hello(); h.Version != runner.Version || h.Concurrent != 8 || len(h.Types) != 1 || h.Types[0].Name != "noop" || len(h.Types[0].Schema) == 0 {
		t.Errorf("hello %+v", h)
	}
	log := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(log, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(t, runner.Run{Key: "1.1", Type: "noop", Params: json.RawMessage(`{"output": 100}`), Log: log})
	done := b.end(t)
	var out workload.Outcome
	if err := json.Unmarshal(done.Output, &out); err != nil || done.Key != "1.1" || done.Error != nil || done.Silent || !out.Verified {
		t.Errorf("done %+v: %v", done, err)
	}
	text, err := os.ReadFile(log)
	if err != nil || len(text) != 107 || !strings.HasPrefix(string(text), "before\n") {
		t.Errorf("log of %d bytes, %v: a job's output is appended", len(text), err)
	}
	log = filepath.Join(t.TempDir(), "2.1", "log") // a light job gets no folder
	b.run(t, runner.Run{Key: "2.1", Type: "noop", Params: json.RawMessage(`{"output": 100}`), Log: log})
	if done := b.end(t); done.Error != nil {
		t.Errorf("done %+v", done)
	}
	if text, err := os.ReadFile(log); err != nil || len(text) != 100 {
		t.Errorf("log of %d bytes, %v: its folder is made", len(text), err)
	}
	log = filepath.Join(t.TempDir(), "3.1", "log")
	b.run(t, runner.Run{Key: "3.1", Type: "noop", Log: log})
	if done := b.end(t); !done.Silent {
		t.Errorf("done %+v of a run that wrote nothing", done)
	}
	if _, err := os.Stat(log); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its log: %v", err)
	}
	b.Close()
	if err := <-b.served; err != nil {
		t.Errorf("Serve after its input ended: %v", err)
	}
	<-b.Conn.Done()
	if !errors.Is(b.Err(), runner.ErrClosed) {
		t.Errorf("Err %v", b.Err())
	}
}

func TestServe_HowRunsEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		run  runFunc
		want runner.Error
	}{
		{"failure", func(context.Context, *workload.Env, json.RawMessage) (any, error) {
			return nil, fmt.Errorf("run: %w", &workload.Failure{Reason: turno.ReasonExitCode, Message: "seven", ExitCode: 7, Retryable: true})
		}, runner.Error{Reason: turno.ReasonExitCode, Message: "seven", ExitCode: 7, Retryable: true}},
		{"error", func(context.Context, *workload.Env, json.RawMessage) (any, error) {
			return nil, errors.New("no disk")
		}, runner.Error{Reason: turno.ReasonRunnerFailed, Message: "no disk", Retryable: true}},
		{"parameters", func(context.Context, *workload.Env, json.RawMessage) (any, error) {
			return nil, turno.Invalid("params.m", "0 is given")
		}, runner.Error{Reason: turno.ReasonSetupFailed, Message: "params.m: 0 is given"}},
		{"panic", func(context.Context, *workload.Env, json.RawMessage) (any, error) {
			panic("index out of range")
		}, runner.Error{Reason: turno.ReasonRunnerFailed, Retryable: true, Poisoned: true,
			Message: "the workload panic panicked: index out of range; the stack is in the worker's log"}},
		{"goexit", func(context.Context, *workload.Env, json.RawMessage) (any, error) {
			runtime.Goexit()
			return nil, nil
		}, runner.Error{Reason: turno.ReasonRunnerFailed, Retryable: true, Poisoned: true,
			Message: "the workload goexit panicked: it ended its goroutine; the stack is in the worker's log"}},
		{"nan", func(context.Context, *workload.Env, json.RawMessage) (any, error) {
			return math.NaN(), nil
		}, runner.Error{Reason: turno.ReasonRunnerFailed, Message: "the output cannot be written as JSON: json: unsupported value: NaN"}},
		{"huge", func(context.Context, *workload.Env, json.RawMessage) (any, error) {
			return strings.Repeat("x", runner.MaxLine), nil
		}, runner.Error{Reason: turno.ReasonRunnerFailed,
			Message: "the output has 4194306 bytes; at most 4190208 are allowed: write large results to files"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := connect(t, runner.Options{Workloads: []workload.Workload{work(c.name, c.run)}})
			b.run(t, runner.Run{Key: "1.1", Type: c.name})
			done := b.end(t)
			if done.Error == nil || *done.Error != c.want {
				t.Errorf("got  %+v\nwant %+v", done.Error, c.want)
			}
			spent := b.Spent()
			if c.want.Poisoned != (spent != nil) {
				t.Errorf("spent: %v", spent)
			}
			if err := b.Run(runner.Run{Key: "2.1", Type: c.name}); c.want.Poisoned != (err != nil) {
				t.Errorf("the next run: %v", err)
			}
		})
	}
}

// waiter runs until it is cancelled, and tells when it has begun.
func waiter(begun chan<- string) workload.Workload {
	return work("wait", func(ctx context.Context, _ *workload.Env, params json.RawMessage) (any, error) {
		begun <- string(params)
		<-ctx.Done()
		return nil, context.Cause(ctx)
	})
}

func TestServe_CancelEndsOneRun(t *testing.T) {
	t.Parallel()
	begun := make(chan string, 3)
	b := connect(t, runner.Options{Workloads: []workload.Workload{waiter(begun)}, Concurrent: 3})
	for _, key := range []string{"1.1", "2.1", "3.1"} {
		b.run(t, runner.Run{Key: key, Type: "wait"})
		<-begun
	}
	if err := b.Run(runner.Run{Key: "4.1", Type: "wait"}); err == nil {
		t.Error("a fourth of three runs was accepted")
	}
	if err := b.Cancel("2.1"); err != nil {
		t.Fatal(err)
	}
	if done := b.end(t); done.Key != "2.1" || done.Error == nil || done.Error.Reason != turno.ReasonCancelled {
		t.Errorf("%+v", done)
	}
	if err := b.Cancel("2.1"); err != nil {
		t.Errorf("cancel of an ended run: %v", err)
	}
	b.run(t, runner.Run{Key: "4.1", Type: "wait"}) // its place is free
	<-begun
	if b.Open() != 3 {
		t.Errorf("%d open", b.Open())
	}
}

func TestServe_EndOfInputCancelsAll(t *testing.T) {
	t.Parallel()
	begun := make(chan string, 2)
	b := connect(t, runner.Options{Workloads: []workload.Workload{waiter(begun)}, Concurrent: 2})
	for _, key := range []string{"1.1", "2.1"} {
		b.run(t, runner.Run{Key: key, Type: "wait"})
		<-begun
	}
	b.Close()
	for range 2 {
		if done := b.end(t); done.Error == nil || done.Error.Reason != turno.ReasonCancelled {
			t.Errorf("%+v", done)
		}
	}
	if err := <-b.served; err != nil {
		t.Error(err)
	}
}

func TestServe_ContextEndsIt(t *testing.T) {
	t.Parallel()
	begun := make(chan string, 1)
	b := connect(t, runner.Options{Workloads: []workload.Workload{waiter(begun)}})
	b.run(t, runner.Run{Key: "1.1", Type: "wait"})
	<-begun
	b.stop()
	if done := b.end(t); done.Error == nil || done.Error.Reason != turno.ReasonCancelled {
		t.Errorf("%+v", done)
	}
	if err := <-b.served; !errors.Is(err, context.Canceled) {
		t.Errorf("Serve returned %v", err)
	}
}

func TestServe_StubbornRunIsLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		stubborn := work("stubborn", func(context.Context, *workload.Env, json.RawMessage) (any, error) {
			<-free
			return nil, nil
		})
		b := connect(t, runner.Options{Workloads: []workload.Workload{stubborn}})
		b.run(t, runner.Run{Key: "1.1", Type: "stubborn"})
		synctest.Wait()
		start := time.Now()
		b.Close()
		if err := <-b.served; !errors.Is(err, runner.ErrUndrained) || time.Since(start) != runner.DefaultDrain {
			t.Errorf("Serve returned %v after %s", err, time.Since(start))
		}
		close(free)
	})
}

func TestServe_ProgressIsThinned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		chatty := work("chatty", func(ctx context.Context, env *workload.Env, _ json.RawMessage) (any, error) {
			for i := range 1000 { // one a millisecond
				env.Progress(turno.Progress{Fraction: float64(i) / 1000})
				<-time.After(time.Millisecond) // in a bubble: moves its clock
			}
			<-time.After(time.Second)
			env.Progress(turno.Progress{Fraction: 1})
			env.Progress(turno.Progress{Fraction: 2}) // held back, and dropped by the end
			return nil, nil
		})
		b := connect(t, runner.Options{Workloads: []workload.Workload{chatty}})
		b.run(t, runner.Run{Key: "1.1", Type: "chatty"})
		var seen []float64
		for {
			e := <-b.events
			if e.Done != nil {
				break
			}
			seen = append(seen, e.Progress.Fraction)
		}
		if want := []float64{0, 0.249, 0.499, 0.749, 0.999, 1}; !slices.EqualFunc(seen, want, near) {
			t.Errorf("progress %v, want about %v", seen, want)
		}
	})
}

// near allows for which of two events of the same instant comes first.
func near(a, b float64) bool { return math.Abs(a-b) <= 0.0011 }

func TestServe_AgentBreaksTheProtocol(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"garbage", "hello\n", `request "hello"`},
		{"neither", "{}\n", "neither run nor cancel"},
		{"both", `{"run":{"key":"1.1","type":"wait"},"cancel":{"key":"1.1"}}` + "\n", "neither run nor cancel"},
		{"twice", strings.Repeat(`{"run":{"key":"1.1","type":"wait","device":"cpu"}}`+"\n", 2), "run 1.1: it already runs here"},
		{"no key", `{"run":{"type":"wait"}}` + "\n", "run without a key"},
		{"half a line", `{"run":{"key":"1`, "middle of a line"},
		{"too long", strings.Repeat("x", runner.MaxLine+1), "more than 4194304 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := runner.Options{Name: "test", Workloads: []workload.Workload{waiter(make(chan string, 9))}, Concurrent: 2}
			err := runner.Serve(t.Context(), strings.NewReader(c.text), io.Discard, o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Serve returned %v, want %q", err, c.want)
			}
		})
	}
}

func TestServe_RefusesWhatItCannotRun(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	o := runner.Options{Name: "test", Workloads: []workload.Workload{waiter(make(chan string, 9))}}
	in := `{"run":{"key":"1.1","type":"wait"}}` + "\n" + `{"run":{"key":"2.1","type":"wait"}}` + "\n" +
		`{"run":{"key":"3.1","type":"other"}}` + "\n" + `{"cancel":{"key":"9.1"}}` + "\n"
	if err := runner.Serve(t.Context(), strings.NewReader(in), &out, o); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"key":"1.1","error":{"reason":"Cancelled"`,
		`"key":"2.1","error":{"reason":"RunnerFailed","message":"this runner (test) already runs 1, as many as it takes"`,
		`"key":"3.1","error":{"reason":"RunnerFailed","message":"this runner (test) knows no workload called \"other\""`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}

func TestOptionsOf(t *testing.T) {
	t.Parallel()
	heavy := work("heavy", nil)
	list := []workload.Workload{noop.New(), heavy, {Name: "exec"}}
	for class, want := range map[runner.Class]string{runner.Light: "noop", runner.Compute: "heavy"} {
		o, err := runner.OptionsOf(class, list)
		if err != nil || len(o.Workloads) != 1 || o.Workloads[0].Name != want || (o.Concurrent == 1) != (class == runner.Compute) {
			t.Errorf("%s: %+v, %v", class, o, err)
		}
	}
	if _, err := runner.OptionsOf("odd", list); err == nil {
		t.Error("class odd was accepted")
	}
}
