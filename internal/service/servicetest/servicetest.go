// Package servicetest is the contract of turno.Service as tests. They run on
// the service itself and on client ▶ api ▶ service alike: whoever calls cannot
// tell which it is. Behind it stand the broker and the store in memory, and a
// scheduler of this package that does as it is told.
package servicetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"turno"
	brokermem "turno/internal/broker/mem"
	"turno/internal/service"
	storemem "turno/internal/store/mem"
)

// Front puts something before a service: nothing, or an API and its client.
type Front func(testing.TB, turno.Service) turno.Service

// env is one service under test, and what is behind it.
type env struct {
	turno.Service
	sched *scheduler
	store *storemem.Store
}

// options of an env.
type options struct {
	silent  bool // no scheduler answers
	durable bool
	timeout time.Duration
}

// Types are what the service under test knows.
var Types = []turno.Type{{
	Name: "noop", Summary: "does nothing", Devices: []turno.Device{turno.DeviceCPU},
	Schema: []byte(`{"type":"object"}`), Example: []byte(`{"n":1}`),
}}

// newEnv starts one. It ends with the test.
func newEnv(t testing.TB, front Front, o options) *env {
	t.Helper()
	b, st := brokermem.New(), storemem.New()
	if o.timeout == 0 {
		o.timeout = 30 * time.Second // nothing waits for it to pass
	}
	s, err := service.New(service.Options{
		Broker: b, Store: st, Types: Types, AskTimeout: o.timeout, Durable: o.durable,
		Normalize: func(spec *turno.Spec) {
			if spec.Type == "noop" && spec.Name == "" {
				spec.Name = "nothing"
			}
		},
		Check: func(spec *turno.Spec) *turno.Error {
			if spec.Type != "noop" && spec.Type != "refused" {
				return turno.Invalid("type", "there is no type %q", spec.Type).WithHint("types are noop")
			}
			if strings.Contains(string(spec.Params), `"bad"`) {
				return turno.Invalid("params.bad", "is not known")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	run(t, "service", s.Run)
	e := &env{store: st, sched: newScheduler(t, b, st)}
	if !o.silent {
		run(t, "scheduler", e.sched.run)
	}
	e.Service = front(t, s)
	return e
}

// run runs a part until the test ends.
func run(t testing.TB, name string, f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	})
}

// Run runs the contract.
func Run(t *testing.T, front Front) {
	for _, group := range []map[string]func(*testing.T, Front){submitTests, readTests, actTests, logTests, eventTests} {
		for name, test := range group {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, front)
			})
		}
	}
}

// code is the Code of an error, or what it is instead.
func code(err error) turno.Code {
	if err == nil {
		return "none"
	}
	if known, ok := errors.AsType[*turno.Error](err); ok {
		return known.Code
	}
	return turno.Code(fmt.Sprintf("not a turno.Error: %T %v", err, err))
}

func codeOf(e *turno.Error) turno.Code {
	if e == nil {
		return "none"
	}
	return e.Code
}

// must gives a value, or fails the test when there is an error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%v (%s)", err, code(err))
		}
		return v
	}
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// noops are n jobs.
func noops(n int) []turno.NewJob {
	jobs := make([]turno.NewJob, n)
	for i := range jobs {
		jobs[i].Spec = &turno.Spec{Type: "noop", Params: fmt.Appendf(nil, `{"n":%d}`, i)}
	}
	return jobs
}

// submit hands in a job that must be taken.
func (e *env) submit(t testing.TB, spec turno.Spec) turno.Submitted {
	t.Helper()
	if spec.Type == "" {
		spec.Type = "noop"
	}
	got, err := e.Submit(t.Context(), []turno.NewJob{{Spec: &spec}})
	if err != nil || len(got) != 1 || got[0].Error != nil {
		t.Fatalf("submit: %v, %+v", err, got)
	}
	return got[0]
}

// equalSpecs compares specs as JSON: text forms have one form.
func equalSpecs(a, b *turno.Spec) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
