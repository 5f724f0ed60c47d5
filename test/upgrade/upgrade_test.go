// Package upgrade replaces the roles of a running turno, one after the other and
// in every order, by the program of this tree, while jobs run: on the embedded
// parts and on RabbitMQ with PostgreSQL. What they are upgraded from is built
// from the history of this repository.
package upgrade

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/testenv"
	"turno/test/lab"
)

const (
	// before is the last commit whose roles did not say which versions of
	// messages they speak: they speak 3. Its stores have schema 1.
	before = "a9e177f797b5"
	// stranger is a commit whose messages are of version 2, which is not spoken
	// any more.
	stranger = "ae39eb810a29"
)

func TestMain(m *testing.M) { lab.Main(m) }

// old is the binary that is upgraded from.
func old(t *testing.T, revision string) string {
	t.Helper()
	testenv.Need(t, testenv.HistoryNeed)
	return lab.Binary(t, lab.Build{Revision: revision})
}

// portion of jobs, one for each step.
var portion = map[string]int{"noop": 12, "sleep": 6, "command": 8, "failing": 2, "retried": 2, "daemon": 2, "array": 2, "dependent": 3, "waiting": 2}

// upgrade is one turno on its way.
type upgrade struct {
	d     *lab.Deployment
	c     *client.Client
	load  *lab.Load
	ends  *lab.Ends
	waits int // jobs that wait for their release
}

func begin(ctx context.Context, t *testing.T, d *lab.Deployment) *upgrade {
	t.Helper()
	u := &upgrade{d: d, c: d.Client(), load: d.NewLoad()}
	u.ends = lab.Watch(ctx, t, u.c)
	return u
}

// submit hands a portion in.
func (u *upgrade) submit(ctx context.Context, t *testing.T) {
	t.Helper()
	u.load.Submit(ctx, t, u.c, u.load.Jobs(t, portion), 20)
	u.waits += portion["waiting"]
}

// settle waits until all that can end has, and all that waits runs.
func (u *upgrade) settle(ctx context.Context, t *testing.T) {
	t.Helper()
	u.ends.Wait(ctx, t, len(u.load.Accepted)-u.waits)
	lab.Await(ctx, t, func() error {
		s, err := u.c.Summary(ctx)
		if n := s.States[turno.Running]; err == nil && n != int64(u.waits) {
			err = turno.Errorf(turno.CodeUnavailable, "%d jobs run, %d should", n, u.waits)
		}
		return err
	})
}

// finish releases what waits and looks at what became of it all. Unnoticed:
// no command has begun twice.
func (u *upgrade) finish(ctx context.Context, t *testing.T, unnoticed bool) {
	t.Helper()
	u.load.Release(t)
	u.ends.Wait(ctx, t, len(u.load.Accepted))
	u.load.Check(ctx, t, u.c, u.ends)
	for n, kind := range u.load.Accepted {
		if kind != "waiting" || !unnoticed {
			continue
		}
		j, err := u.c.Job(ctx, fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		// What was handed over in the moment in which its worker stopped may not have
		// begun: that is lost, and nothing was done twice.
		for _, a := range j.Attempts[:len(j.Attempts)-1] {
			if a.EndedAt.After(a.StartedAt) {
				t.Errorf("job %d noticed the upgrade: %+v", n, j.Attempts)
			}
		}
	}
	u.load.CheckFree(ctx, t, u.c)
	u.d.CheckIdle()
	u.d.Stop()
	u.d.CheckNothingLeft()
}

// TestApart_EveryOrder upgrades one role after the other.
func TestApart_EveryOrder(t *testing.T) {
	t.Parallel()
	was, now := old(t, before), lab.Binary(t, lab.Build{})
	for _, order := range []string{
		"scheduler api worker", "scheduler worker api", "api scheduler worker", "api worker scheduler", "worker scheduler api", "worker api scheduler",
	} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
			defer cancel()
			d := apart(t, was)
			roles := map[string]*lab.Role{
				"scheduler": d.Start("scheduler"),
				"api":       d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port)),
				"worker":    d.Start("worker"),
			}
			u := begin(ctx, t, d)
			u.submit(ctx, t)
			u.settle(ctx, t)
			d.Binary = now
			for name := range strings.SplitSeq(order, " ") {
				role := roles[name]
				if name != "api" {
					u.submit(ctx, t) // it is in the midst of these
				}
				role.End()
				role.Revive()
				u.submit(ctx, t)
				u.settle(ctx, t)
			}
			u.finish(ctx, t, true)
		})
	}
}

// apart prepares a turno on servers of its own.
func apart(t *testing.T, binary string) *lab.Deployment {
	t.Helper()
	rabbit, postgres := testenv.RabbitMQ(t), testenv.Postgres(t)
	d := lab.New(t, binary)
	d.Common = []string{"--broker", rabbit.URL(), "--store", postgres.URL()}
	return d
}

// TestApart_OldStandbyTakesOver: a scheduler of before, which had been frozen
// and so was replaced by a new one, leads again, over a new worker.
func TestApart_OldStandbyTakesOver(t *testing.T) {
	t.Parallel()
	d, now := apart(t, old(t, before)), lab.Binary(t, lab.Build{})
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	first := d.Start("scheduler")
	d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	u := begin(ctx, t, d)
	d.Binary = now
	d.Start("worker")
	u.submit(ctx, t)
	u.settle(ctx, t)
	first.Freeze()
	second := d.Start("scheduler")
	u.submit(ctx, t)
	u.settle(ctx, t)
	first.Thaw()
	u.submit(ctx, t)
	second.End()
	u.submit(ctx, t)
	u.settle(ctx, t)
	u.finish(ctx, t, true)
}

// TestApart_StrangerIsRefused: a worker whose messages are too old gets no job,
// and turno nodes says why and what to do.
func TestApart_StrangerIsRefused(t *testing.T) {
	t.Parallel()
	d, now := apart(t, old(t, stranger)), lab.Binary(t, lab.Build{})
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	d.StartAs([]string{"TURNO_WORKER=w0", "TURNO_DATA=" + filepath.Join(d.Data, "w0")}, "worker")
	d.Binary = now
	d.Start("scheduler")
	d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	d.Start("worker")
	u := begin(ctx, t, d)
	u.submit(ctx, t)
	u.settle(ctx, t)
	lab.Await(ctx, t, func() error {
		workers, err := u.c.Workers(ctx)
		for _, w := range workers {
			if w.Name == "w0" && w.Refused == "refused: its messages are of version 2, this turno speaks 3 to 4; upgrade it" {
				return nil
			}
		}
		if err == nil {
			err = turno.Errorf(turno.CodeUnavailable, "%+v", workers)
		}
		return err
	})
	u.finish(ctx, t, true)
}

// TestEmbedded: turno up is replaced on its data folder, asked to end the first
// time, killed with -9 the second. Asked, it ends its jobs' attempts and they
// run again; killed, its commands run on.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	was, now := old(t, before), lab.Binary(t, lab.Build{})
	for _, how := range []string{"ended", "killed"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			d := lab.New(t, was)
			up := d.Up()
			u := begin(ctx, t, d)
			u.submit(ctx, t)
			u.settle(ctx, t)
			u.submit(ctx, t)
			d.Binary = now
			if how == "ended" {
				up.End()
			} else {
				up.Kill()
			}
			up.Revive()
			u.submit(ctx, t)
			u.settle(ctx, t)
			u.finish(ctx, t, how == "killed")
		})
	}
}

// TestEmbedded_OldIsRefused: the turno of before does not touch a store that
// this one has brought forward, and says what to do.
func TestEmbedded_OldIsRefused(t *testing.T) {
	t.Parallel()
	was := old(t, before)
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	up := d.Up()
	d.Client()
	up.End()
	cmd := exec.CommandContext(t.Context(), was, "up", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	cmd.Env = append(os.Environ(), "TURNO_DATA="+d.Data)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "use the turno that wrote it, or a newer one") {
		t.Errorf("it ended with %v and said %s", err, out)
	}
	up.Revive()
	d.Client()
}
