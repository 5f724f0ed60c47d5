// Package kill kills the parts of a running turno with -9, one after the other,
// in the middle of 2,000 mixed jobs, and looks afterwards whether every
// accepted job ended exactly once and nothing is left. It runs the real binary,
// on the embedded parts and on RabbitMQ with PostgreSQL.
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

func TestMain(m *testing.M) { lab.Main(m) }

// TestEmbedded kills turno up as a whole and a runner child of it.
func TestEmbedded_KillInTheMiddle(t *testing.T) {
	t.Parallel()
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	up := d.Up()
	run(t, d, []strike{
		{"a runner child", func() { killRunner(d) }},
		{"everything", up.Restart},
		{"everything again", up.Restart},
	})
}

// TestApart kills each role and each server behind them.
func TestApart_KillInTheMiddle(t *testing.T) {
	t.Parallel()
	rabbit, postgres := testenv.RabbitMQ(t), testenv.Postgres(t)
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	d.Common = []string{"--broker", rabbit.URL(), "--store", postgres.URL()}
	scheduler := d.Start("scheduler")
	d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	worker := d.Start("worker")
	run(t, d, []strike{
		{"a runner child", func() { killRunner(d) }},
		{"the worker", worker.Restart},
		{"the scheduler", scheduler.Restart},
		{"PostgreSQL", func() { postgres.Kill(); postgres.Restart() }},
		{"RabbitMQ", func() { rabbit.Kill(); rabbit.Restart() }},
	})
}

func killRunner(d *lab.Deployment) {
	d.T.Helper()
	if !d.KillOne("runner") {
		d.T.Error("no runner child to kill")
	}
}

// strike is one kill.
type strike struct {
	what string
	do   func()
}

// mix is 2,000 jobs; sleepers take CPUs for long, so there are few.
var mix = map[string]int{
	"noop": 1060, "nap": 60, "sleep": 400, "command": 200, "brief": 80,
	"failing": 80, "retried": 60, "daemon": 40, "sleeper": 20,
}

// run hands the jobs in, a part with each strike and one before the first: a
// strike comes when half of the last part has ended and the next one comes in,
// however fast the machine is. Then it checks.
func run(t *testing.T, d *lab.Deployment, strikes []strike) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	c := d.Client()
	ends := lab.Watch(ctx, t, c)
	load := d.NewLoad()
	list := load.Jobs(t, mix)
	total, began := len(list), time.Now()
	parts := slices.Collect(slices.Chunk(list, (total+len(strikes))/(len(strikes)+1)))
	handed := 0
	hand := func(part []turno.NewJob) <-chan error {
		handed += len(part)
		done := make(chan error, 1)
		go func() { done <- submit(ctx, c, load, part) }() // ends with ctx, and is waited for below
		return done
	}
	submitted := hand(parts[0])
	for i, s := range strikes {
		if err := <-submitted; err != nil {
			t.Fatal(err)
		}
		ends.Wait(ctx, t, handed-len(parts[i])/2)
		ended := ends.Count()
		t.Logf("%s: %d of %d ended; kills %s", time.Since(began).Round(time.Millisecond), ended, handed, s.what)
		if ended > handed-len(parts[i])/20 {
			t.Errorf("the jobs were nearly over when %s was killed: the mix must take longer", s.what)
		}
		submitted = hand(parts[i+1])
		s.do()
	}
	if err := <-submitted; err != nil {
		t.Fatal(err)
	}
	load.CancelSleepers(ctx, t, c)
	t.Logf("%s: %d ended; sleepers cancelled", time.Since(began).Round(time.Millisecond), ends.Count())
	ends.Wait(ctx, t, total)
	t.Logf("%s: all ended", time.Since(began).Round(time.Millisecond))
	load.Check(ctx, t, c, ends)
	d.Stop()
	d.CheckNothingLeft()
}

// submit hands a list in, in parts.
func submit(ctx context.Context, c *client.Client, load *lab.Load, list []turno.NewJob) error {
	for part := range slices.Chunk(list, 100) {
		if err := load.TrySubmit(ctx, c, part); err != nil {
			return fmt.Errorf("submit: %w", err)
		}
	}
	return nil
}
