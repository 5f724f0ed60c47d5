package kill

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/testenv"
	"turno/test/lab"
)

// queued is how many jobs wait when the scheduler is killed.
const queued = 100_000

// TestEmbedded_RestartWithManyQueued: turno up is killed with -9 while 100,000
// jobs wait, and started again.
func TestEmbedded_RestartWithManyQueued(t *testing.T) {
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	againstTime(t, d, d.Up().Restart)
}

// TestApart_TakeoverWithManyQueued: of two schedulers the one that leads is
// killed with -9; the API answers reads all the while.
func TestApart_TakeoverWithManyQueued(t *testing.T) {
	rabbit, postgres := testenv.RabbitMQ(t), testenv.Postgres(t)
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	d.Common = []string{"--broker", rabbit.URL(), "--store", postgres.URL()}
	leader := d.Start("scheduler")
	d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	d.Start("worker")
	againstTime(t, d, func() {
		d.Start("scheduler")
		leader.Kill()
	})
}

// againstTime fills the queue, strikes, and measures until a job is started
// that waited before. What is promised is 5 s; a machine that does ten other
// things may take four times as long.
func againstTime(t *testing.T, d *lab.Deployment, strike func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	c := d.Client()
	fill(ctx, t, c)
	before, err := c.Summary(ctx)
	if err != nil {
		t.Fatal(err)
	}
	struck := time.Now()
	strike()
	var read time.Duration
	lab.Await(ctx, t, func() error {
		s, err := c.Summary(ctx)
		if err != nil {
			return err
		}
		if read == 0 {
			read = time.Since(struck)
		}
		if ended := s.States[turno.Succeeded]; ended <= before.States[turno.Succeeded]+1 { // one may have been on its way
			return turno.Errorf(turno.CodeUnavailable, "%d jobs have succeeded, as before", ended)
		}
		return nil
	})
	took := time.Since(struck)
	t.Logf("the API answered after %s, a job that had waited ended after %s", read.Round(time.Millisecond), took.Round(time.Millisecond))
	if took > 20*time.Second {
		t.Errorf("it took %s until a job ended", took)
	}
	checkAll(ctx, t, c)
}

// fill hands in jobs of which each takes the whole worker, so that the line
// stays long.
func fill(ctx context.Context, t *testing.T, c *client.Client) {
	t.Helper()
	params := json.RawMessage(`{"seconds":0.2}`)
	began := time.Now()
	list := make([]turno.NewJob, queued)
	for i := range list {
		list[i] = turno.NewJob{ID: lab.NewID(t), Spec: &turno.Spec{Type: "noop", CPUs: 4 * turno.CPU, Params: params, Queue: "long"}}
	}
	for part := range slices.Chunk(list, 5000) {
		lab.Await(ctx, t, func() error { return submitAll(ctx, c, part) })
	}
	t.Logf("%d jobs handed in within %s", queued, time.Since(began).Round(time.Millisecond))
}

// checkAll finds every job again, none of them failed or lost.
func checkAll(ctx context.Context, t *testing.T, c *client.Client) {
	t.Helper()
	s, err := c.Summary(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, n := range s.Queues["long"] {
		sum += n
	}
	if sum != queued || s.States[turno.Failed]+s.States[turno.Lost] > 0 {
		t.Errorf("of %d jobs the store says %v", queued, s.Queues["long"])
	}
}

func submitAll(ctx context.Context, c *client.Client, part []turno.NewJob) error {
	answers, err := c.Submit(ctx, part)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if a.Error != nil {
			return a.Error
		}
	}
	return nil
}
