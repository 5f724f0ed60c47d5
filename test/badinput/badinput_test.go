// Package badinput gives a running turno, made of the real binary on RabbitMQ
// and PostgreSQL, everything that nobody should: requests, messages, jobs,
// command lines and settings, by the list of attacks that docs/security.md
// gives. Each has its expected answer. Afterwards nothing may be queued, stuck
// or leaked, and a job must run.
package badinput

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"turno"
	"turno/client"
	"turno/internal/testenv"
	"turno/test/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// least is how many bad inputs there are at the least.
const least = 60

// stage is what the inputs are given to.
type stage struct {
	*testing.T
	d      *lab.Deployment
	c      *client.Client
	url    string
	token  string
	ch     *amqp.Channel
	given  atomic.Int64 // inputs
	before map[string]usage
}

func TestBadInput(t *testing.T) {
	rabbit, postgres := testenv.RabbitMQ(t), testenv.Postgres(t)
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	d.Common = []string{"--broker", rabbit.URL(), "--store", postgres.URL(), "--files", filepath.Join(d.Data, "shared")}
	d.Start("scheduler")
	d.Start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
	d.Start("worker")
	s := &stage{T: t, d: d, c: d.Client(), url: fmt.Sprintf("http://127.0.0.1:%d", d.Port)}
	text, err := os.ReadFile(filepath.Join(d.Data, "token"))
	if err != nil {
		t.Fatal(err)
	}
	s.token = strings.TrimSpace(string(text))
	s.dial(rabbit.URL())
	s.works("before")
	s.before = s.usage()

	for _, part := range []struct {
		name string
		test func(*testing.T, *stage)
	}{
		{"Requests", requests}, {"Wire", onTheWire}, {"Vanishing", vanishing}, {"Submissions", submissions}, {"Messages", messages}, {"Internals", internals},
		{"Jobs", jobs}, {"CommandLine", commandLine}, {"Settings", settings},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, s) })
	}
	s.healthy()
	if n := s.given.Load(); n < least {
		t.Errorf("only %d bad inputs were given", n)
	} else {
		t.Logf("%d bad inputs were given", n)
	}
}

func (s *stage) dial(url string) {
	s.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = conn.Close() })
	if s.ch, err = conn.Channel(); err != nil {
		s.Fatal(err)
	}
	if err := s.ch.Confirm(false); err != nil {
		s.Fatal(err)
	}
}

// works runs a good job.
func (s *stage) works(when string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	if j := s.run(ctx, lab.Command("echo good")); j.State != turno.Succeeded {
		s.Errorf("%s: a good job is %s: %s", when, j.State, j.Detail)
	}
}

// run runs a job to its end.
func (s *stage) run(ctx context.Context, spec *turno.Spec) turno.Job {
	s.Helper()
	var after uint64
	for e, err := range s.c.Events(ctx, turno.EventQuery{}) {
		if err != nil {
			s.Fatal(err)
		}
		after = e.Revision
		break
	}
	out, err := s.c.Submit(ctx, []turno.NewJob{{ID: lab.NewID(s.T), Spec: spec}})
	if err != nil || out[0].Error != nil {
		s.Fatalf("submit: %v %+v", err, out)
	}
	for e, err := range s.c.Events(ctx, turno.EventQuery{After: after, Jobs: []int64{out[0].Number}}) {
		if err != nil {
			s.Fatal(err)
		}
		if e.Reset || e.State.Ended() {
			j, err := s.c.Job(ctx, strconv.FormatInt(out[0].Number, 10))
			if err != nil {
				s.Fatal(err)
			}
			if j.State.Ended() {
				return j
			}
		}
	}
	s.Fatalf("job %d did not end: %v", out[0].Number, context.Cause(ctx))
	panic("unreachable")
}

// usage is what a process has.
type usage struct {
	memory  int64 // resident, in bytes
	files   int
	threads int
}

// usage is that of each role, by its name.
func (s *stage) usage() map[string]usage {
	s.Helper()
	out := map[string]usage{}
	for _, p := range s.d.Processes() {
		args := strings.Split(p.Cmdline, "\x00")
		if args[0] != s.d.Binary || len(args) < 2 {
			continue
		}
		if args[1] != "scheduler" && args[1] != "api" && args[1] != "worker" {
			continue
		}
		dir := fmt.Sprintf("/proc/%d", p.PID)
		status, err := os.ReadFile(dir + "/status")
		if err != nil {
			s.Fatal(err)
		}
		files, err := os.ReadDir(dir + "/fd")
		if err != nil {
			s.Fatal(err)
		}
		u := usage{files: len(files)}
		for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) < 2 {
				continue
			}
			n, _ := strconv.ParseInt(fields[1], 10, 64)
			switch fields[0] {
			case "VmRSS:":
				u.memory = n << 10
			case "Threads:":
				u.threads = int(n)
			}
		}
		out[args[1]] = u
	}
	if len(out) != 3 {
		s.Fatalf("%d of 3 roles live", len(out))
	}
	return out
}

// healthy looks whether all is as it was.
func (s *stage) healthy() {
	s.Helper()
	s.works("afterwards")
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	sum, err := s.c.Summary(ctx)
	if err != nil {
		s.Fatal(err)
	}
	for state, n := range sum.States {
		if !state.Ended() && n > 0 {
			s.Errorf("%d jobs are %s", n, state)
		}
	}
	lab.Await(ctx, s.T, func() error {
		ws, err := s.c.Workers(ctx)
		if err != nil {
			return err
		}
		for i := range ws {
			if w := &ws[i]; w.State == turno.WorkerReady && (w.JobCount > 0 || w.CPUsUsed > 0) {
				return fmt.Errorf("worker %s holds %d jobs and %s CPUs", w.Name, w.JobCount, w.CPUsUsed)
			}
		}
		return nil
	})
	for _, queue := range []string{"turno.jobs", "turno.control", "turno.dead"} {
		if q, err := s.ch.QueueDeclarePassive(queue, true, false, false, false, nil); err != nil || q.Messages != 0 {
			s.Errorf("%d messages are left in %s: %v", q.Messages, queue, err)
		}
	}
	s.d.CheckIdle()
	after := s.usage()
	for role, b := range s.before {
		a := after[role]
		s.Logf("%-9s %3d MiB, %2d files, %2d threads; before: %3d MiB, %2d files, %2d threads",
			role, a.memory>>20, a.files, a.threads, b.memory>>20, b.files, b.threads)
		if a.memory > b.memory+192<<20 {
			s.Errorf("%s has grown from %d to %d MiB", role, b.memory>>20, a.memory>>20)
		}
		if a.files > b.files+20 {
			s.Errorf("%s has %d open files, before it had %d", role, a.files, b.files)
		}
	}
}
