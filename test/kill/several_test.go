package kill

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/testenv"
	"turno/test/lab"
)

// TestApart_SeveralWithManyQueued: two schedulers and two API servers with
// 100,000 jobs that wait. The leader is frozen for longer than its lease and
// comes back; the one that took over is killed; an API server is killed. The
// other one answers reads all the while, and a stream of events goes on over it
// without a gap.
func TestApart_SeveralWithManyQueued(t *testing.T) {
	rabbit, postgres := testenv.RabbitMQ(t), testenv.Postgres(t)
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	d.Common = []string{"--broker", rabbit.URL(), "--store", postgres.URL()}
	first := d.Start("scheduler")
	doomed := d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	d.Start("worker")
	c := d.Client()
	other := anotherAPI(ctx, t, d)
	fill(ctx, t, c)
	second := d.Start("scheduler")

	reading, done := context.WithCancel(ctx)
	slowest := make(chan time.Duration)
	go func() { slowest <- readOn(reading, t, other) }()
	listening, leave := context.WithCancel(ctx)
	defer leave()
	events := follow(listening, c, 0)

	for _, strike := range []struct {
		what string
		do   func()
	}{
		{"the leader was frozen", first.Freeze},
		{"the one that followed was killed", func() { first.Thaw(); second.Kill() }},
	} {
		before := succeeded(ctx, t, other)
		strike.do()
		began := time.Now()
		lab.Await(ctx, t, func() error {
			s, err := other.Summary(ctx)
			if n := s.States[turno.Succeeded]; err == nil && n <= before+2 { // some may have been on their way
				err = turno.Errorf(turno.CodeUnavailable, "%d jobs have succeeded, as before", n)
			}
			return err
		})
		took := time.Since(began)
		t.Logf("%s: a job that had waited ended after %s", strike.what, took.Round(time.Millisecond))
		if took > 20*time.Second {
			t.Errorf("%s: it took %s until a job ended", strike.what, took)
		}
	}

	doomed.Kill()
	leave() // its client would try for minutes to come back
	last := <-events
	if last.err != nil || last.at == 0 {
		t.Fatalf("the stream that broke: %+v", last)
	}
	on, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	further := <-follow(on, other, last.at)
	if further.err != nil || further.at < last.at+10 {
		t.Errorf("the stream went on from %d to %d: %v", last.at, further.at, further.err)
	}
	t.Logf("events %d to %d over one server, then to %d over the other", last.from, last.at, further.at)
	done()
	t.Logf("the slowest read took %s", (<-slowest).Round(time.Millisecond))
	checkAll(ctx, t, other)
}

// anotherAPI is a second server, on a folder of its own, with the same token.
func anotherAPI(ctx context.Context, t *testing.T, d *lab.Deployment) *client.Client {
	t.Helper()
	port := testenv.FreePort(t)
	token := filepath.Join(d.Data, "token")
	d.StartAs([]string{"TURNO_DATA=" + t.TempDir(), "TURNO_TOKEN_FILE=" + token}, "api", "--listen", fmt.Sprintf("127.0.0.1:%d", port))
	text, err := os.ReadFile(token)
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(client.Options{URL: fmt.Sprintf("http://127.0.0.1:%d", port), Token: strings.TrimSpace(string(text))})
	if err != nil {
		t.Fatal(err)
	}
	lab.Await(ctx, t, func() error { _, err := c.Summary(ctx); return err })
	return c
}

func succeeded(ctx context.Context, t *testing.T, c *client.Client) int64 {
	t.Helper()
	s, err := c.Summary(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s.States[turno.Succeeded]
}

// readOn reads counts and a page of jobs, again and again; none may fail.
func readOn(ctx context.Context, t *testing.T, c *client.Client) (slowest time.Duration) {
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for {
		began := time.Now()
		_, err := c.Summary(ctx)
		if err == nil {
			_, err = c.Jobs(ctx, turno.JobQuery{Limit: 50})
		}
		if ctx.Err() != nil {
			return slowest
		}
		if err != nil {
			t.Errorf("a read failed: %v", err)
		}
		slowest = max(slowest, time.Since(began))
		select {
		case <-pause.C:
		case <-ctx.Done():
			return slowest
		}
	}
}

// way is what a stream of events has told.
type way struct {
	from, at uint64
	err      error // a gap
}

// follow listens until ctx ends, or an event is missing.
func follow(ctx context.Context, c *client.Client, after uint64) <-chan way {
	ended := make(chan way, 1)
	go func() {
		w := way{from: after, at: after}
		defer func() { ended <- w }()
		for e, err := range c.Events(ctx, turno.EventQuery{After: after}) {
			switch {
			case err != nil:
				w.err = err
				return
			case w.at == 0:
				w.from, w.at = e.Revision, e.Revision
			case e.Reset || e.Revision != w.at+1:
				w.err = fmt.Errorf("revision %d came after %d, reset %t", e.Revision, w.at, e.Reset)
				return
			default:
				w.at = e.Revision
			}
		}
	}()
	return ended
}
