// Package restore backs a running turno up, lets it go on, and restores the
// backup: on SQLite with turno's own commands, on PostgreSQL with that one's.
// Jobs of the backup end once, nothing of what ran since is left, and no number
// that was given since is given again.
package restore

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/testenv"
	"turno/test/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

var portion = map[string]int{"noop": 30, "sleep": 20, "command": 20, "failing": 4, "retried": 4, "daemon": 3, "array": 3, "dependent": 6, "waiting": 3}

// program runs a command to its end.
func program(ctx context.Context, t *testing.T, d *lab.Deployment, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = os.TempDir(), append(os.Environ(), "TURNO_DATA="+d.Data)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

// play is what both tests do: save in the midst of jobs, go on, put back, and
// see what becomes of it.
func play(ctx context.Context, t *testing.T, d *lab.Deployment, save, back func()) {
	t.Helper()
	c := d.Client()
	ends, before, since := lab.Watch(ctx, t, c), d.NewLoad(), d.NewLoad()
	before.Submit(ctx, t, c, before.Jobs(t, portion), 20)
	ends.Wait(ctx, t, 20) // some have ended, some run, some wait
	running(ctx, t, c, portion["waiting"])
	save()
	since.Submit(ctx, t, c, since.Jobs(t, portion), 20)
	ends.Wait(ctx, t, len(before.Accepted)+len(since.Accepted)-2*portion["waiting"])
	running(ctx, t, c, 2*portion["waiting"])
	back()

	c = d.Client()
	ends = lab.Watch(ctx, t, c)
	running(ctx, t, c, portion["waiting"])
	known := slices.Max(slices.Collect(maps.Keys(since.Accepted)))
	old := maps.Clone(before.Accepted)
	before.Submit(ctx, t, c, before.Jobs(t, portion), 20)
	before.Release(t)
	ends.Wait(ctx, t, len(before.Accepted))
	before.Check(ctx, t, c, ends)
	for n, kind := range before.Accepted {
		switch j, err := c.Job(ctx, fmt.Sprint(n)); {
		case err != nil:
			t.Fatal(err)
		case old[n] == "" && n <= known:
			t.Errorf("number %d was given again", n)
		case old[n] != "" && kind == "waiting" && (len(j.Attempts) != 2 || j.Attempts[0].Result == nil || j.Attempts[0].Result.Reason != turno.ReasonWorkerLost || j.Attempt <= 10_000 || j.Losses != 0):
			t.Errorf("job %d was not fenced: attempt %d, %d losses, %+v", n, j.Attempt, j.Losses, j.Attempts)
		}
	}
	before.CheckFree(ctx, t, c)
	d.CheckIdle() // and so nothing of since
	d.Stop()
	d.CheckNothingLeft()
}

// running waits until so many jobs run for good.
func running(ctx context.Context, t *testing.T, c *client.Client, n int) {
	t.Helper()
	lab.Await(ctx, t, func() error {
		page, err := c.Jobs(ctx, turno.JobQuery{States: []turno.State{turno.Running}, Limit: 1000})
		waiting := 0
		for _, j := range page.Items {
			if j.Spec.Name == "waiting" {
				waiting++
			}
		}
		if err == nil && waiting != n {
			err = turno.Errorf(turno.CodeUnavailable, "%d waiting jobs run, not %d", waiting, n)
		}
		return err
	})
}

// TestEmbedded_Restore: the server is killed, so that commands of both times
// still run when it comes back.
func TestEmbedded_Restore(t *testing.T) {
	t.Parallel()
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	up := d.Up()
	file := filepath.Join(t.TempDir(), "backup")
	play(ctx, t, d, func() {
		began := time.Now()
		text := program(ctx, t, d, d.Binary, "backup", file)
		t.Logf("within %s: %s", time.Since(began).Round(time.Millisecond), text)
	}, func() {
		up.Kill()
		t.Log(program(ctx, t, d, d.Binary, "restore", file))
		up.Revive()
	})
}

// TestApart_Restore: the worker runs on all the while, and holds what nobody
// knows any more.
func TestApart_Restore(t *testing.T) {
	t.Parallel()
	rabbit, postgres := testenv.RabbitMQ(t), testenv.Postgres(t)
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	d.Common = []string{"--broker", rabbit.URL(), "--store", postgres.URL()}
	scheduler := d.Start("scheduler")
	api := d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	d.Start("worker")
	file := filepath.Join(t.TempDir(), "dump")
	play(ctx, t, d, func() {
		program(ctx, t, d, "pg_dump", "--format=custom", "--file="+file, postgres.URL())
	}, func() {
		api.End()
		scheduler.End()
		program(ctx, t, d, "pg_restore", "--clean", "--if-exists", "--dbname="+postgres.URL(), file)
		t.Log(program(ctx, t, d, d.Binary, "restore", "--store", postgres.URL()))
		scheduler.Revive()
		api.Revive()
	})
}
