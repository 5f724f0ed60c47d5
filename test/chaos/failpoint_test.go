package chaos

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"turno/client"
	"turno/internal/failpoint"
	"turno/internal/testenv"
	"turno/test/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// TestFailpoints_LeaveNothingInTheBinary compares what users get with what is
// tested here.
func TestFailpoints_LeaveNothingInTheBinary(t *testing.T) {
	t.Parallel()
	plain := read(t, lab.Binary(t, lab.Build{}))
	tagged := read(t, lab.Binary(t, lab.Build{Tags: "failpoints"}))
	for _, text := range append(failpoint.Names(), failpoint.Variable, "turno/internal/failpoint.") {
		if bytes.Contains(plain, []byte(text)) {
			t.Errorf("the binary holds %q", text)
		}
		if !bytes.Contains(tagged, []byte(text)) {
			t.Errorf("the binary with the tag does not hold %q", text)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// some are thirty jobs of every kind.
var some = map[string]int{"noop": 8, "sleep": 3, "command": 6, "failing": 2, "retried": 2, "daemon": 2, "sleeper": 2, "array": 1, "dependent": 2, "gpu": 2}

// acts is what happens at each step, one after the other.
var acts = []string{"kill#2", "delay(60ms)", "error#2"}

// TestFailpoints_Embedded strikes at every step that has a name: turno up is
// killed there and started again, as systemd would, then held up, then made to
// fail.
func TestFailpoints_Embedded(t *testing.T) {
	t.Parallel()
	for _, name := range failpoint.Names() {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			d := lab.New(t, lab.Binary(t, lab.Build{Tags: "failpoints"}))
			d.Supervised = true
			d.Env = []string{"TURNO_FAKE_GPUS=2"}
			up := d.Up()
			s := newStrikes(ctx, t, d)
			for _, act := range acts {
				s.at(ctx, t, up, name, act)
			}
			s.check(ctx, t)
		})
	}
}

// TestFailpoints_Apart does the same to each role on RabbitMQ and PostgreSQL,
// but for delays: those come from the nemesis.
func TestFailpoints_Apart(t *testing.T) {
	t.Parallel()
	rabbit, postgres := testenv.RabbitMQ(t), testenv.Postgres(t)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	d := lab.New(t, lab.Binary(t, lab.Build{Tags: "failpoints"}))
	d.Supervised = true
	d.Env = []string{"TURNO_FAKE_GPUS=2"}
	d.Common = []string{"--broker", rabbit.URL(), "--store", postgres.URL()}
	scheduler := d.Start("scheduler")
	api := d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	worker := d.Start("worker")
	of := map[string]*lab.Role{"api": api, "scheduler": scheduler, "store": scheduler, "worker": worker, "child": worker}
	s := newStrikes(ctx, t, d)
	for _, name := range failpoint.Names() {
		part, _, _ := strings.Cut(name, ".")
		for _, act := range []string{"kill#2", "error#2"} {
			s.at(ctx, t, of[part], name, act)
		}
	}
	s.check(ctx, t)
}

// strikes is one turno and the jobs that it gets, some for each strike.
type strikes struct {
	d    *lab.Deployment
	c    *client.Client
	load *lab.Load
	ends *lab.Ends
}

func newStrikes(ctx context.Context, t *testing.T, d *lab.Deployment) *strikes {
	t.Helper()
	s := &strikes{d: d, c: d.Client(), load: d.NewLoad()}
	s.ends = lab.Watch(ctx, t, s.c)
	return s
}

// at starts a role anew, to be struck, and hands in jobs until they have ended.
func (s *strikes) at(ctx context.Context, t *testing.T, role *lab.Role, name, act string) {
	t.Helper()
	dir, quiet := t.TempDir(), s.d.Env
	role.End()
	s.d.Env = append(slices.Clip(quiet), failpoint.Variable+"="+name+"="+act, failpoint.Folder+"="+dir)
	role.Revive()
	began, runs := time.Now(), role.Runs()
	s.load.Submit(ctx, t, s.c, s.load.Jobs(t, some), 10)
	s.load.CancelSleepers(ctx, t, s.c)
	s.ends.Wait(ctx, t, len(s.load.Accepted))
	s.d.Env = quiet
	t.Logf("%s=%s: %s, started %d times more", name, act, time.Since(began).Round(time.Millisecond), role.Runs()-runs)
	if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
		t.Errorf("nothing came to %s: %v", name, err)
	}
}

// check looks at all that became of it, and ends it.
func (s *strikes) check(ctx context.Context, t *testing.T) {
	t.Helper()
	s.load.Check(ctx, t, s.c, s.ends)
	s.d.CheckIdle()
	s.d.Stop()
	s.d.CheckNothingLeft()
}
