package runner_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/runner"
)

const hello = `{"hello":{"version":1,"name":"fake","concurrent":2,"types":[{"name":"x","devices":["cpu"]}]}}` + "\n"

func TestDial_BadHello(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "ended before its hello"},
		{"garbage", "Traceback (most recent call last):\n", "not of the protocol"},
		{"half", `{"hello":{"version":1`, "middle of a line"},
		{"done first", `{"done":{"key":"1.1"}}` + "\n", "no hello"},
		{"version", strings.Replace(hello, `"version":1`, `"version":2`, 1), "version 2"},
		{"no name", strings.Replace(hello, `"fake"`, `""`, 1), "no name"},
		{"concurrent", strings.Replace(hello, `"concurrent":2`, `"concurrent":0`, 1), "at least 1"},
		{"no types", `{"hello":{"version":1,"name":"fake","concurrent":1}}` + "\n", "no type"},
		{"device", strings.Replace(hello, `"cpu"`, `"tpu"`, 1), "devices are cpu and gpu"},
		{"no device", strings.Replace(hello, `"cpu"`, ``, 1), "on no device"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := runner.Dial(t.Context(), strings.NewReader(c.text), io.Discard, runner.DialOptions{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Dial returned %v, want %q", err, c.want)
			}
		})
	}
}

func TestDial_SilentRunner(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, _ := io.Pipe()
		start := time.Now()
		_, err := runner.Dial(t.Context(), in, io.Discard, runner.DialOptions{})
		if err == nil || !strings.Contains(err.Error(), "no hello within 1m0s") || time.Since(start) != runner.DefaultHelloTimeout {
			t.Errorf("Dial returned %v after %s", err, time.Since(start))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		in, _ = io.Pipe()
		if _, err := runner.Dial(ctx, in, io.Discard, runner.DialOptions{}); !errors.Is(err, context.Canceled) {
			t.Errorf("Dial returned %v", err)
		}
	})
}

// fake is a runner whose lines the test writes itself. It has been given the
// runs 1.1 and 2.1.
func fake(t *testing.T) (conn *runner.Conn, out *io.PipeWriter, requests *bufio.Reader, events chan runner.Event) {
	t.Helper()
	toRunner, fromAgent := io.Pipe()
	toAgent, out := io.Pipe()
	go io.WriteString(out, hello)
	events = make(chan runner.Event, 100)
	conn, err := runner.Dial(t.Context(), toAgent, fromAgent, runner.DialOptions{OnEvents: func(batch []runner.Event) {
		for _, e := range batch {
			events <- e
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	requests = bufio.NewReader(toRunner)
	for _, key := range []string{"1.1", "2.1"} {
		if err := conn.Run(runner.Run{Key: key, Type: "x", Device: turno.DeviceCPU, Threads: 1}); err != nil {
			t.Fatal(err)
		}
		line, err := requests.ReadBytes('\n')
		var r runner.Request
		if err != nil || json.Unmarshal(line, &r) != nil || r.Run == nil || r.Run.Key != key {
			t.Fatalf("request %q, %v", line, err)
		}
	}
	t.Cleanup(func() { out.Close(); toRunner.Close(); <-conn.Done() })
	return conn, out, requests, events
}

func TestConn_MisbehavingRunner(t *testing.T) {
	t.Parallel()
	const done = `{"done":{"key":"1.1"}}` + "\n"
	for _, c := range []struct {
		name, text string
		ended      string // runs that ended well before the breach
		want       string // of the others' message
	}{
		{"dies", "", "", "it ended, and its output with it"},
		{"dies after one", done, "1.1", "it ended, and its output with it"},
		{"dies in a line", `{"done":{"key":`, "", "the stream ended in the middle of a line"},
		{"prints", done + "Epoch 1/10\n", "1.1", `not of the protocol: "Epoch 1/10"`},
		{"binary", "\x00\xff\xfe\n", "", "not of the protocol"},
		{"empty line", "\n", "", "not of the protocol"},
		{"empty object", "{}\n", "", "a line with 0 of hello, progress and done"},
		{"two events", `{"done":{"key":"1.1"},"progress":{"key":"1.1","fraction":1}}` + "\n", "", "a line with 2 of"},
		{"NaN", `{"progress":{"key":"1.1","fraction":NaN}}` + "\n", "", "not of the protocol"},
		{"too long", strings.Repeat("x", runner.MaxLine+1) + "\n", "", "a line has more than 4194304 bytes"},
		{"never ends a line", strings.Repeat("x", 3*runner.MaxLine), "", "a line has more than 4194304 bytes"},
		{"done twice", done + done, "1.1", `it said done for the run "1.1", which had ended`},
		{"progress after done", done + `{"progress":{"key":"1.1","fraction":1}}` + "\n", "1.1", `it said progress for the run "1.1", which had ended`},
		{"stranger done", `{"done":{"key":"7.1"}}` + "\n", "", `it said done for the run "7.1", which it was never given`},
		{"stranger progress", `{"progress":{"key":"7.1","fraction":1}}` + "\n", "", `it said progress for the run "7.1", which it was never given`},
		{"progress over 1", `{"progress":{"key":"1.1","fraction":7}}` + "\n", "", `it said progress 7 for the run 1.1: a fraction is 0 to 1`},
		{"hello again", hello, "", "it said hello twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn, out, _, events := fake(t)
			go func() {
				io.WriteString(out, c.text) // fails where the agent hangs up first
				out.Close()
			}()
			<-conn.Done()
			close(events)
			well, failed := "", 0
			for e := range events {
				switch {
				case e.Done == nil:
					t.Errorf("event %+v", e)
				case e.Done.Error == nil:
					well += e.Done.Key
				default:
					failed++
					f := e.Done.Error
					if !strings.Contains(f.Message, c.want) || !strings.Contains(f.Message, "the runner fake") {
						t.Errorf("run %s: %s, want %q", e.Done.Key, f.Message, c.want)
					}
					if f.Reason != turno.ReasonRunnerFailed || !f.Poisoned || !f.Retryable {
						t.Errorf("run %s: %+v", e.Done.Key, f)
					}
				}
			}
			if well != c.ended || failed != 2-len(c.ended)/3 {
				t.Errorf("%q ended well and %d failed, want %q", well, failed, c.ended)
			}
			if conn.Err() == nil || conn.Spent() == nil || conn.Open() != 0 {
				t.Errorf("Err %v, Spent %v, Open %d", conn.Err(), conn.Spent(), conn.Open())
			}
			if err := conn.Run(runner.Run{Key: "3.1", Type: "x"}); err == nil {
				t.Error("a run was accepted after the end")
			}
		})
	}
}

func TestConn_RefusesARun(t *testing.T) {
	t.Parallel()
	conn, out, _, events := fake(t)
	for _, c := range []struct {
		run  runner.Run
		want string
	}{
		{runner.Run{Key: "1.1", Type: "x"}, "already runs it"},
		{runner.Run{Key: "", Type: "x"}, "no key"},
		{runner.Run{Key: "3.1", Type: "y"}, `does not offer "y"`},
		{runner.Run{Key: "3.1", Type: "x"}, "runs 2 already"},
		{runner.Run{Key: "3.1", Type: "x", Params: json.RawMessage("{")}, "encode"},
		{runner.Run{Key: "3.1", Type: "x", Dir: strings.Repeat("x", runner.MaxLine)}, "at most 4194304"},
	} {
		if err := conn.Run(c.run); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60v: %v, want %q", c.run, err, c.want)
		}
	}
	io.WriteString(out, `{"done":{"key":"1.1","error":{"reason":"GpuFault","message":"xid 79","poisoned":true}}}`+"\n")
	if e := <-events; e.Done.Error.Message != "xid 79" {
		t.Errorf("%+v", e.Done)
	}
	if err := conn.Run(runner.Run{Key: "3.1", Type: "x"}); err == nil || !strings.Contains(err.Error(), "poisoned by run 1.1: xid 79") {
		t.Errorf("a run for a poisoned runner: %v", err)
	}
}

func TestConn_RunnerReadsNoMore(t *testing.T) {
	t.Parallel()
	toRunner, fromAgent := io.Pipe()
	toAgent, out := io.Pipe()
	go io.WriteString(out, hello)
	ends := make(chan runner.Event, 1)
	conn, err := runner.Dial(t.Context(), toAgent, fromAgent, runner.DialOptions{OnEvents: func(batch []runner.Event) { ends <- batch[0] }})
	if err != nil {
		t.Fatal(err)
	}
	toRunner.Close()
	if err := conn.Run(runner.Run{Key: "1.1", Type: "x"}); err != nil {
		t.Fatal(err)
	}
	if e := <-ends; e.Done.Error == nil || !strings.Contains(e.Done.Error.Message, "reads no more") {
		t.Errorf("%+v", e.Done)
	}
	<-conn.Done()
}
