package servicetest

import (
	"context"
	"testing"
	"time"

	"turno"
)

// long is a wait that no test sits out.
const long = 30 * time.Second

var logTests = map[string]func(*testing.T, Front){
	"Log_Offsets": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		e.submit(t, turno.Spec{})
		e.sched.start(1)
		e.sched.stored(chunk(1, 1, 0, "héllo\x00\xff<b>"))
		for _, c := range []struct {
			q    turno.LogQuery
			data string
		}{
			{turno.LogQuery{}, "héllo\x00\xff<b>"},
			{turno.LogQuery{Offset: 6}, "\x00\xff<b>"},
			{turno.LogQuery{Offset: 1, Max: 2}, "é"},
			{turno.LogQuery{Offset: 100}, ""},
			{turno.LogQuery{Attempt: 1, Max: 1}, "h"},
		} {
			c.q.Job = "1"
			l := must(e.Log(t.Context(), c.q))(t)
			want(t, "data", string(l.Data), c.data)
			want(t, "offset", l.Offset, c.q.Offset)
			want(t, "attempt", l.Attempt, 1)
			want(t, "size", l.Size, 11)
			want(t, "done", l.Done, false)
		}
	},
	"Log_DoneWhenAllIsRead": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		e.submit(t, turno.Spec{})
		e.sched.start(1)
		e.sched.stored(chunk(1, 1, 0, "abc"))
		e.sched.end(1, 6)
		want(t, "its end is on the way", must(e.Log(t.Context(), turno.LogQuery{Job: "1"}))(t).Done, false)
		e.sched.stored(chunk(1, 1, 3, "def"))
		want(t, "read in part", must(e.Log(t.Context(), turno.LogQuery{Job: "1", Max: 2}))(t).Done, false)
		want(t, "read to the end", must(e.Log(t.Context(), turno.LogQuery{Job: "1"}))(t).Done, true)
		l := must(e.Log(t.Context(), turno.LogQuery{Job: "1", Offset: 6, Wait: long}))(t)
		want(t, "does not wait at the end", l.Done, true)
	},
	"Log_EachAttemptItsOwn": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		e.submit(t, turno.Spec{})
		e.sched.start(1)
		e.sched.stored(chunk(1, 1, 0, "one"))
		e.sched.start(1)
		e.sched.stored(chunk(1, 2, 0, "two"))
		last := must(e.Log(t.Context(), turno.LogQuery{Job: "1"}))(t)
		want(t, "the last", string(last.Data), "two")
		first := must(e.Log(t.Context(), turno.LogQuery{Job: "1", Attempt: 1}))(t)
		want(t, "the first", string(first.Data), "one")
		want(t, "the first is done", first.Done, true)
		_, err := e.Log(t.Context(), turno.LogQuery{Job: "1", Attempt: 3})
		want(t, "none", code(err), turno.CodeNotFound)
	},
	"Log_OfWhatHasNone": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		some(t, e)
		l := must(e.Log(t.Context(), turno.LogQuery{Job: "1"}))(t)
		want(t, "attempt of a waiting job", l.Attempt, 0)
		want(t, "done", l.Done, false)
		must(e.Log(t.Context(), turno.LogQuery{Job: "4_9"}))(t)
		_, err := e.Log(t.Context(), turno.LogQuery{Job: "4"})
		want(t, "array", code(err), turno.CodeConflict)
		_, err = e.Log(t.Context(), turno.LogQuery{Job: "77"})
		want(t, "no job", code(err), turno.CodeNotFound)
		_, err = e.Log(t.Context(), turno.LogQuery{Job: "1", Offset: -1})
		want(t, "offset", code(err), turno.CodeInvalid)
	},
	"Log_WaitsForStart": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		e.submit(t, turno.Spec{})
		got := later(func() (turno.Log, error) { return e.Log(t.Context(), turno.LogQuery{Job: "1", Wait: long}) })
		e.sched.start(1)
		e.sched.sent(chunk(1, 1, 0, "begun"))
		want(t, "data", string(got(t).Data), "begun")
	},
	"Log_WaitsForOutputOnItsWay": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		e.submit(t, turno.Spec{})
		e.sched.start(1)
		e.sched.stored(chunk(1, 1, 0, "abc"))
		e.sched.sent(chunk(1, 1, 2, "cde")) // before anybody waits, and not stored
		got := later(func() (turno.Log, error) {
			return e.Log(t.Context(), turno.LogQuery{Job: "1", Offset: 3, Wait: long})
		})
		want(t, "data", string(got(t).Data), "de")
	},
	"Log_GapIsReadFromTheStore": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		e.submit(t, turno.Spec{})
		e.sched.start(1)
		got := later(func() (turno.Log, error) { return e.Log(t.Context(), turno.LogQuery{Job: "1", Wait: long}) })
		e.sched.stored(chunk(1, 1, 0, "abc")) // its message was lost
		e.sched.sent(chunk(1, 1, 3, "def"))
		want(t, "data", string(got(t).Data), "abc")
	},
	"Log_WaitEndsWithTheAttempt": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		e.submit(t, turno.Spec{})
		e.sched.start(1)
		got := later(func() (turno.Log, error) { return e.Log(t.Context(), turno.LogQuery{Job: "1", Wait: long}) })
		e.sched.end(1, 0)
		l := got(t)
		want(t, "done", l.Done, true)
		want(t, "data", string(l.Data), "")
	},
	"Log_WaitEnds": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		e.submit(t, turno.Spec{})
		e.sched.start(1)
		l := must(e.Log(t.Context(), turno.LogQuery{Job: "1", Wait: 20 * time.Millisecond}))(t)
		want(t, "done", l.Done, false)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := e.Log(ctx, turno.LogQuery{Job: "1", Wait: long}); err == nil {
			t.Error("did not end with its context")
		}
	},
}

// later calls f now and gives what came of it when asked.
func later[T any](f func() (T, error)) func(testing.TB) T {
	type outcome struct {
		v   T
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		v, err := f()
		done <- outcome{v, err}
	}()
	return func(t testing.TB) T {
		t.Helper()
		o := <-done
		return must(o.v, o.err)(t)
	}
}
