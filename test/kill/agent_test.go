package kill

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/testenv"
	"turno/test/lab"
)

// commands run on the worker while it is started again.
const commands = 50

// TestApart_WorkerRestartedUnder50Commands: a worker is killed with -9 and
// started again, and then ended as by an upgrade and started again, while 50
// commands run there. None of them notices: each has one attempt, which began
// once and ends by itself; one of them ends while no agent is there.
func TestApart_WorkerRestartedUnder50Commands(t *testing.T) {
	t.Parallel()
	rabbit, postgres := testenv.RabbitMQ(t), testenv.Postgres(t)
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	d.Common = []string{"--broker", rabbit.URL(), "--store", postgres.URL()}
	d.Start("scheduler")
	d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	c, load := d.Client(), d.NewLoad()
	worker := d.Start("worker")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ends := lab.Watch(ctx, t, c)
	load.Submit(ctx, t, c, load.Jobs(t, map[string]int{"waiting": commands}), commands)
	lab.Await(ctx, t, func() error { // each has shown that it runs
		if n := len(load.Runs(t)); n < commands {
			return turno.Errorf(turno.CodeUnavailable, "%d of %d run", n, commands)
		}
		return nil
	})
	for _, end := range []func(){worker.Kill, worker.End} {
		before := incarnation(ctx, t, c, "")
		struck := time.Now()
		end()
		worker.Revive()
		incarnation(ctx, t, c, before)
		t.Logf("the worker was back after %s", time.Since(struck).Round(time.Millisecond))
	}
	worker.Kill()
	load.Release(t)
	worker.Revive()
	ends.Wait(ctx, t, commands)
	load.Check(ctx, t, c, ends)
	for n, j := range load.Stored(ctx, t, c) {
		if j.Attempt != 1 || j.Losses != 0 {
			t.Errorf("job %d has %d attempts, %d losses:%s", n, j.Attempt, j.Losses, lab.Attempts(j))
		}
	}
	d.Stop()
	d.CheckNothingLeft()
}

// incarnation waits until the only worker is another one than before, and has
// told of all commands.
func incarnation(ctx context.Context, t *testing.T, c *client.Client, before string) (now string) {
	t.Helper()
	lab.Await(ctx, t, func() error {
		workers, err := c.Workers(ctx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(workers, func(w turno.Worker) bool {
			now = w.Incarnation
			return w.Incarnation != before && w.JobCount == commands
		})
		if at < 0 {
			return turno.Errorf(turno.CodeUnavailable, "no worker but that of before: %+v", workers)
		}
		return nil
	})
	return now
}
