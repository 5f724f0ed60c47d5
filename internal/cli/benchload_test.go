package cli

import (
	"context"
	"strings"
	"testing"
	"time"

	"turno"
)

// oneAnswer is a server that knows one thing of one job.
type oneAnswer struct {
	turno.Service
	job turno.Job
	err error
}

func (a oneAnswer) Job(context.Context, string) (turno.Job, error) { return a.job, a.err }

// TestBenchQueue_EndOfAJob: a time is that of a job that succeeded, and a server
// that says no is not asked for ever.
func TestBenchQueue_EndOfAJob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		answer oneAnswer
		want   string
	}{
		{oneAnswer{job: turno.Job{Number: 1, State: turno.Succeeded}}, ""},
		{oneAnswer{job: turno.Job{Number: 1, State: turno.Failed, Reason: turno.ReasonExitCode}}, "job 1 failed (ExitCode)"},
		{oneAnswer{err: turno.Errorf(turno.CodeNotFound, "there is no job 1")}, "there is no job 1"},
		{oneAnswer{err: turno.Errorf(turno.CodeUnauthorized, "the token is not valid here")}, "not valid here"},
	} {
		b := &bench{s: &session{sys: &System{Now: time.Now}}, svc: c.answer}
		err := b.ended(t.Context(), turno.Submitted{ID: "x", Number: 1})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.answer, err)
		}
	}
}
