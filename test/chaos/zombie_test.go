package chaos

import (
	"context"
	"fmt"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/testenv"
	"turno/test/lab"
)

// TestFrozenWorker_JobIsNotAliveTwice freezes a worker for longer than the
// lease while commands run there: the scheduler gives the jobs away, and before
// the second attempt begins the first one has ended, though its agent could do
// nothing about it. What the worker tells when it wakes up counts for nothing.
func TestFrozenWorker_JobIsNotAliveTwice(t *testing.T) {
	t.Parallel()
	z := newZombie(t, lab.Binary(t, lab.Build{}))
	z.run(t, map[string]int{"long": 2, "brief": 2})
	z.load.Check(z.ctx, t, z.c, z.ends)
	z.load.CheckFree(z.ctx, t, z.c)
	z.h.check(z.ctx, t, z.c, z.load)
	z.d.CheckIdle()
}

// zombie is a turno of which one worker stands still for a while.
type zombie struct {
	ctx   context.Context //nolint:containedctx // of the test
	d     *lab.Deployment
	first *lab.Role
	c     *client.Client
	load  *lab.Load
	ends  *lab.Ends
	h     *history
}

func newZombie(t *testing.T, binary string) *zombie {
	t.Helper()
	rabbit, postgres := testenv.RabbitMQ(t), testenv.Postgres(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	d := lab.New(t, binary)
	d.Env = settings
	d.Common = []string{"--broker", rabbit.URL(), "--store", postgres.URL()}
	d.Start("scheduler")
	d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	z := &zombie{ctx: ctx, d: d, c: d.Client(), load: d.NewLoad(), h: &history{}}
	z.load.Heard = z.h.submitted
	z.first = d.Start("worker")
	z.ends = lab.Watch(ctx, t, z.c)
	return z
}

// run freezes the worker once all jobs run there, until they run elsewhere.
func (z *zombie) run(t *testing.T, kinds map[string]int) {
	t.Helper()
	jobs := z.load.Jobs(t, kinds)
	z.load.Submit(z.ctx, t, z.c, jobs, len(jobs))
	z.running(t, "w1", len(jobs))
	z.first.Freeze()
	z.d.StartAs([]string{"TURNO_DATA=" + z.d.Data + "/second", "TURNO_WORKER=w2"}, "worker")
	z.running(t, "w2", len(jobs))
	z.first.Thaw()
	z.ends.Wait(z.ctx, t, len(jobs))
}

// running waits until so many jobs run on a worker.
func (z *zombie) running(t *testing.T, worker string, want int) {
	t.Helper()
	lab.Await(z.ctx, t, func() error {
		page, err := z.c.Jobs(z.ctx, turno.JobQuery{States: []turno.State{turno.Running}})
		n := 0
		for _, j := range page.Items {
			if j.Worker() == worker {
				n++
			}
		}
		if err == nil && n < want {
			err = turno.Errorf(turno.CodeUnavailable, "%d of %d run on %s", n, want, worker)
		}
		return err
	})
}
