package worker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"turno"
	"turno/internal/broker"
	"turno/internal/broker/mem"
	"turno/internal/role/worker/child"
	"turno/internal/session"
	"turno/internal/wire"
)

// TestMain lets this binary serve as shim and keeper.
func TestMain(m *testing.M) {
	if code, ok := child.Main(os.Args[1:]); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// bench is a worker, and the scheduler's half of what it hears, by hand.
type bench struct {
	t       *testing.T
	b       *mem.Broker
	data    string
	reports broker.Watcher
	decoder wire.ReportDecoder
	last    *turno.Report
	jobs    []turno.Assignment
	seq     uint64
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := mem.New()
	t.Cleanup(func() { _ = b.Close() })
	reports, err := b.Watch(t.Context(), broker.ReportBox+"w")
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, b: b, data: t.TempDir(), reports: reports}
}

// work runs an agent; stop ends it, and returns when it has ended.
func (x *bench) work() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	r := New(Options{
		Name: "w", Broker: x.b, Data: x.data, Offers: []Offer{{Type: "exec", Devices: []turno.Device{turno.DeviceCPU}}},
		Heartbeat: 100 * time.Millisecond, Log: slog.New(slog.NewTextHandler(x.t.Output(), nil)),
	})
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			x.t.Error(err)
		}
	})
}

// until reads Reports, and answers each, until one is as it should be.
func (x *bench) until(good func(*turno.Report) bool) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), time.Minute)
	defer cancel()
	for {
		values, err := x.reports.Receive(ctx)
		if err != nil {
			x.t.Fatalf("%v; the last report was %+v", err, x.last)
		}
		for _, v := range values {
			if x.last, err = x.decoder.Decode(v.Body); err != nil {
				x.t.Fatal(err)
			}
		}
		x.seq++
		body, err := wire.EncodeDesired(&turno.Desired{
			Worker: "w", Incarnation: x.last.Incarnation, Term: 1, Seq: x.seq, SeenReport: x.last.Seq,
			Lease: turno.Duration(5 * time.Minute), Jobs: x.jobs,
		}, wire.Speaks.Newest)
		if err == nil {
			err = x.b.Put(ctx, broker.DesiredBox+"w", body)
		}
		if err != nil {
			x.t.Fatal(err)
		}
		if good(x.last) {
			return
		}
	}
}

func holds(state turno.State) func(*turno.Report) bool {
	return func(r *turno.Report) bool { return len(r.Held) == 1 && r.Held[0].State == state }
}

func (x *bench) submit(command ...string) turno.AttemptKey {
	x.t.Helper()
	params, err := json.Marshal(map[string]any{"command": command})
	if err != nil {
		x.t.Fatal(err)
	}
	spec := &turno.Spec{Type: "exec", Params: params, Env: map[string]string{"WHO": "me"}}
	spec.Normalize()
	key := turno.AttemptKey{Job: 1, Attempt: 1}
	x.jobs = []turno.Assignment{{AttemptKey: key, Task: &turno.Task{ID: "id", Display: "1", Spec: spec, Device: turno.DeviceCPU}}}
	return key
}

// talk opens a session with an attempt, as a client behind an API does.
func (x *bench) talk(key turno.AttemptKey, id session.ID, open session.Open) *session.Conn {
	x.t.Helper()
	ctx, cancel := context.WithCancel(x.t.Context())
	x.t.Cleanup(cancel)
	back, err := x.b.Subscribe(ctx, broker.ClientStream+id.String())
	if err != nil {
		x.t.Fatal(err)
	}
	c := session.New(session.Options{Send: func(ctx context.Context, p []byte) {
		_ = x.b.Send(ctx, broker.SessionStream+"w", wire.EncodeSession(wire.Session{AttemptKey: key, ID: id, Packet: p}))
	}})
	go func() { _ = c.Run(ctx) }()
	go func() {
		for {
			values, err := back.Receive(ctx)
			for _, v := range values {
				c.Receive(v.Body)
			}
			if err != nil {
				return
			}
		}
	}()
	text, err := json.Marshal(open)
	if err == nil {
		err = c.Write(ctx, session.KindOpen, text)
	}
	if err != nil {
		x.t.Fatal(err)
	}
	return c
}

// hear reads frames of a kind until the end or an error, and the last other one.
func hear(t *testing.T, c *session.Conn, kind byte) (text string, other session.Frame, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		f, err := c.Read(ctx)
		switch {
		case errors.Is(err, io.EOF):
			c.CloseWrite()
			return text, other, nil
		case err != nil:
			return text, other, err
		case f.Kind == kind:
			text += string(f.Data)
		default:
			other = f
		}
	}
}

func TestSessions_JobsOutliveTheirAgent(t *testing.T) {
	t.Parallel()
	x := newBench(t)
	stop := x.work()
	key := x.submit("sh", "-c", "echo begun; sleep 600")
	x.until(holds(turno.Running))

	c := x.talk(key, session.NewID(), session.Open{Command: []string{"sh", "-c", "echo $WHO; exit 4"}})
	text, end, err := hear(t, c, session.KindOutput)
	if text != "me\n" || end.Kind != session.KindExit || string(end.Data) != `{"code":4}` || err != nil {
		t.Errorf("inside: %q, %d %s, %v", text, end.Kind, end.Data, err)
	}
	for want, open := range map[string]session.Open{
		"the job has neither a terminal nor an input: it was not started with -i or -t": {},
		`"NOPE" is not a signal, such as USR1`:                                          {Signal: "NOPE"},
		"the command's environment: env.LD_PRELOAD: is reserved: turno sets it":         {Command: []string{"true"}, Env: map[string]string{"LD_PRELOAD": "x"}},
	} {
		text, _, err := hear(t, x.talk(key, session.NewID(), open), session.KindError)
		if text != want || err != nil {
			t.Errorf("%+v: %q, %v", open, text, err)
		}
	}
	text, _, _ = hear(t, x.talk(turno.AttemptKey{Job: 2, Attempt: 1}, session.NewID(), session.Open{Command: []string{"true"}}), session.KindError)
	if text != "the job does not run on this worker" {
		t.Errorf("no such job: %q", text)
	}

	// The agent stops at once; the session is told, the job lives.
	id := session.NewID()
	c = x.talk(key, id, session.Open{Command: []string{"sleep", "600"}})
	if f, err := c.Read(t.Context()); f.Kind != session.KindOpened {
		t.Fatalf("%d %s %v", f.Kind, f.Data, err)
	}
	other := x.talk(turno.AttemptKey{Job: 2, Attempt: 1}, id, session.Open{}) // not this job's session
	stop()
	if _, _, err := hear(t, c, session.KindOutput); err == nil || err.Error() != "the worker is being stopped" {
		t.Errorf("the session ended with %v", err)
	}
	_ = other
	defer x.work()()
	x.until(holds(turno.Running))
	text, _, err = hear(t, x.talk(key, session.NewID(), session.Open{Command: []string{"echo", "again"}}), session.KindOutput)
	if text != "again\n" || err != nil {
		t.Errorf("after a new start: %q, %v", text, err)
	}
	x.jobs[0].Stop = &turno.Stop{Reason: turno.ReasonCancelled}
	x.until(holds(turno.Cancelled))
	x.jobs = nil
	x.until(func(r *turno.Report) bool { return len(r.Held) == 0 })
}
