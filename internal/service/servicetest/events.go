package servicetest

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"turno"
)

// watch is a stream of events that a test pulls from.
type watch struct {
	t    testing.TB
	next func() (turno.Event, error, bool)
}

// watch opens a stream, which ends with the test.
func (e *env) watch(t testing.TB, q turno.EventQuery) *watch {
	ctx, cancel := context.WithCancel(t.Context())
	next, stop := iter.Pull2(e.Events(ctx, q))
	t.Cleanup(func() { cancel(); stop() })
	return &watch{t, next}
}

func (w *watch) event() turno.Event {
	w.t.Helper()
	e, err, ok := w.next()
	if err != nil || !ok {
		w.t.Fatalf("the stream ended: %v", err)
	}
	return e
}

// states reads n events as "number:state".
func (w *watch) states(n int) string {
	w.t.Helper()
	var out []string
	for range n {
		e := w.event()
		out = append(out, fmt.Sprintf("%d:%s", e.Number, e.State))
	}
	return strings.Join(out, " ")
}

var eventTests = map[string]func(*testing.T, Front){
	"Events_BeginWithAReset": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		e.submit(t, turno.Spec{})
		w := e.watch(t, turno.EventQuery{})
		first := w.event()
		want(t, "reset", first.Reset, true)
		if first.Revision == 0 {
			t.Error("no revision to go on from")
		}
		e.submit(t, turno.Spec{Name: "n", Queue: "q"})
		e.sched.start(2)
		second := w.event()
		want(t, "number", second.Number, 2)
		want(t, "name", second.Name, "n")
		want(t, "queue", second.Queue, "q")
		if second.Revision <= first.Revision || second.At.IsZero() {
			t.Errorf("got %+v after %+v", second, first)
		}
		third := w.event()
		want(t, "state", third.State, turno.Running)
		want(t, "worker", third.Worker, "lab-01")
	},
	"Events_OfSomeJobs": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		some(t, e)
		w := e.watch(t, turno.EventQuery{Jobs: []int64{1, 4}})
		want(t, "reset", w.event().Reset, true)
		e.submit(t, turno.Spec{})
		e.sched.start(5) // task 3 of array 4
		e.sched.start(3)
		e.sched.start(1)
		want(t, "events", w.states(2), "5:running 1:running")
	},
	"Events_GoOnWhereTheyWere": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		e.submit(t, turno.Spec{})
		w := e.watch(t, turno.EventQuery{})
		w.event()
		e.sched.start(1)
		last := w.event()
		e.sched.end(1, 0)
		e.submit(t, turno.Spec{})
		again := e.watch(t, turno.EventQuery{After: last.Revision})
		want(t, "events", again.states(2), "1:succeeded 2:queued")
	},
	"Events_TooOldIsAReset": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		e.submit(t, turno.Spec{})
		w := e.watch(t, turno.EventQuery{After: 1 << 40}) // of another life of the store
		want(t, "reset", w.event().Reset, true)
		e.sched.start(1)
		want(t, "and then on", w.states(1), "1:running")
	},
	"Events_CallerStops": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		for range e.Events(t.Context(), turno.EventQuery{}) {
			break
		}
	},
}
