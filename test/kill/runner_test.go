package kill

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"turno"
	"turno/test/lab"
)

// TestEmbedded_RunnerKilledUnderMany: a runner child with several jobs in it is
// killed with -9. Which of them did it, if any, is not known, so all of them run
// again, though they have no retries.
func TestEmbedded_RunnerKilledUnderMany(t *testing.T) {
	t.Parallel()
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	d.Up()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := d.Client()
	const jobs = 20
	list := make([]turno.NewJob, jobs)
	for i := range list {
		spec := &turno.Spec{Type: "noop", CPUs: 10, Params: json.RawMessage(`{"seconds":3}`)}
		list[i] = turno.NewJob{ID: lab.NewID(t), Spec: spec}
	}
	lab.Await(ctx, t, func() error { return submitAll(ctx, c, list) })
	reached := func(s turno.State) func() error {
		return func() error {
			sum, err := c.Summary(ctx)
			if err == nil && sum.States[s] < jobs {
				err = turno.Errorf(turno.CodeUnavailable, "%v", sum.States)
			}
			return err
		}
	}
	lab.Await(ctx, t, reached(turno.Running))
	killRunner(d)
	lab.Await(ctx, t, reached(turno.Succeeded))
	for _, n := range list {
		j, err := c.Job(ctx, n.ID)
		if err != nil {
			t.Fatal(err)
		}
		if j.Attempt != 2 || j.Losses != 1 || j.Failures != 0 {
			t.Errorf("job %s: %d attempts, %d losses, %d failures: %s", j.Display(), j.Attempt, j.Losses, j.Failures, fmt.Sprint(j.Attempts[0].Result))
		}
	}
}
