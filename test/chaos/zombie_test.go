package chaos

import (
	"context"
	"fmt"
	"testing"
	"time"

	"turno"
	"turno/internal/testenv"
	"turno/test/lab"
)

// TestFrozenWorker_JobIsNotAliveTwice freezes a worker for longer than the
// lease while a command runs there: the scheduler gives the job away, and
// before the second attempt begins the first one has ended, though its agent
// could do nothing about it. What the worker tells when it wakes up counts for
// nothing.
func TestFrozenWorker_JobIsNotAliveTwice(t *testing.T) {
	t.Parallel()
	rabbit, postgres := testenv.RabbitMQ(t), testenv.Postgres(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	d.Env = settings
	d.Common = []string{"--broker", rabbit.URL(), "--store", postgres.URL()}
	d.Start("scheduler")
	d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	c, load := d.Client(), d.NewLoad()
	first := d.Start("worker")
	ends := lab.Watch(ctx, t, c)
	load.Submit(ctx, t, c, load.Jobs(t, map[string]int{"long": 3}), 3)
	lab.Await(ctx, t, func() error {
		s, err := c.Summary(ctx)
		if err == nil && s.States[turno.Running] < 3 {
			err = turno.Errorf(turno.CodeUnavailable, "not all run: %v", s.States)
		}
		return err
	})
	first.Freeze()
	d.StartAs([]string{"TURNO_DATA=" + d.Data + "/second", "TURNO_WORKER=w2"}, "worker")
	lab.Await(ctx, t, func() error { // until they run elsewhere
		page, err := c.Jobs(ctx, turno.JobQuery{States: []turno.State{turno.Running}})
		elsewhere := 0
		for _, j := range page.Items {
			if j.Worker() == "w2" {
				elsewhere++
			}
		}
		if err == nil && elsewhere < 3 {
			err = turno.Errorf(turno.CodeUnavailable, "%d of 3 run elsewhere", elsewhere)
		}
		return err
	})
	first.Thaw()
	ends.Wait(ctx, t, 3)
	load.Check(ctx, t, c, ends)
	load.CheckFree(ctx, t, c)
	d.CheckIdle()
}
