// Package kill kills the parts of a running turno with -9, one after the other,
// in the middle of 2,000 mixed jobs, and looks afterwards whether every
// accepted job ended exactly once and nothing is left. It runs the real binary,
// on the embedded parts and on RabbitMQ with PostgreSQL.
package kill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/testenv"
)

// TestEmbedded kills turno up as a whole and a runner child of it.
func TestEmbedded_KillInTheMiddle(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	up := d.start("up", "--listen", fmt.Sprintf("127.0.0.1:%d", d.port))
	run(t, d, []strike{
		{"a runner child", func() { d.killRunner(up) }},
		{"everything", func() { d.restart(up) }},
		{"everything again", func() { d.restart(up) }},
	})
}

// TestApart kills each role and each server behind them.
func TestApart_KillInTheMiddle(t *testing.T) {
	t.Parallel()
	rabbit, postgres := testenv.RabbitMQ(t), testenv.Postgres(t)
	d := newDeployment(t)
	d.common = []string{"--broker", rabbit.URL(), "--store", postgres.URL()}
	scheduler := d.start("scheduler")
	d.start("api", "--listen", fmt.Sprintf("127.0.0.1:%d", d.port))
	worker := d.start("worker")
	run(t, d, []strike{
		{"a runner child", func() { d.killRunner(worker) }},
		{"the worker", func() { d.restart(worker) }},
		{"the scheduler", func() { d.restart(scheduler) }},
		{"RabbitMQ", func() { rabbit.Kill(); rabbit.Restart() }},
		{"PostgreSQL", func() { postgres.Kill(); postgres.Restart() }},
	})
}

// strike is one kill.
type strike struct {
	what string
	do   func()
}

const jobs = 2000

// run submits the jobs, strikes as they end, and checks.
func run(t *testing.T, d *deployment, strikes []strike) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	c := d.client()
	await(ctx, t, func() error { _, err := c.Summary(ctx); return err })
	ends := watch(ctx, t, c)
	marks := filepath.Join(d.data, "marks")
	if err := os.Mkdir(marks, 0o700); err != nil {
		t.Fatal(err)
	}
	accepted := submitMixed(ctx, t, c, marks)
	total := len(accepted)
	began := time.Now()
	for i, s := range strikes {
		ends.wait(ctx, t, (i+1)*total/(len(strikes)+2))
		t.Logf("%s: %d of %d ended; kills %s", time.Since(began).Round(time.Millisecond), ends.count(), total, s.what)
		s.do()
	}
	cancelSleepers(ctx, t, c, accepted)
	t.Logf("%s: %d ended; sleepers cancelled", time.Since(began).Round(time.Millisecond), ends.count())
	ends.wait(ctx, t, total)
	t.Logf("%s: all ended", time.Since(began).Round(time.Millisecond))
	checkEnds(ctx, t, c, accepted, ends)
	checkMarks(t, marks, accepted)
	d.stop()
	d.checkNothingLeft()
}

// kinds of the mix, each with what must become of it.
var mix = []struct {
	name string
	spec func(marks string) *turno.Spec
	want turno.State
}{
	{"noop", func(string) *turno.Spec { return &turno.Spec{Type: "noop"} }, turno.Succeeded},
	{"sleep", func(string) *turno.Spec {
		return &turno.Spec{Type: "noop", Params: json.RawMessage(`{"seconds":0.05}`)}
	}, turno.Succeeded},
	{"command", func(marks string) *turno.Spec {
		return command("echo $TURNO_ATTEMPT > " + marks + "/$TURNO_JOB_UUID.$TURNO_ATTEMPT")
	}, turno.Succeeded},
	{"failing", func(string) *turno.Spec { return command("exit 7") }, turno.Failed},
	{"retried", func(string) *turno.Spec {
		s := command(`test "$TURNO_ATTEMPT" -ge 2`)
		s.Retries = 20
		return s
	}, turno.Succeeded},
	{"daemon", func(string) *turno.Spec { return command("setsid sleep 600 & exit 0") }, turno.Succeeded},
	{"sleeper", func(string) *turno.Spec { return command("sleep 600") }, turno.Cancelled},
}

// weights of the mix; sleepers take CPUs for long, so there are few.
var weights = []int{60, 20, 10, 4, 3, 2, 1}

func command(script string) *turno.Spec {
	params, _ := json.Marshal(map[string]any{"command": []string{"/bin/sh", "-c", script}})
	return &turno.Spec{Type: "exec", Params: params, CPUs: 10, Grace: turno.Duration(time.Second)}
}

// submitMixed hands in the mix, in parts, as clients do: again with the same
// ids when the answer is that the outcome is unknown.
func submitMixed(ctx context.Context, t *testing.T, c *client.Client, marks string) map[int64]string {
	t.Helper()
	var list []turno.NewJob
	for i := range jobs {
		n, k := i%100, 0
		for n >= weights[k] {
			n -= weights[k]
			k++
		}
		spec := mix[k].spec(marks)
		spec.Name = mix[k].name
		list = append(list, turno.NewJob{ID: newID(t), Spec: spec})
	}
	accepted := map[int64]string{}
	for part := range slices.Chunk(list, 250) {
		await(ctx, t, func() error {
			answers, err := c.Submit(ctx, part)
			if err != nil {
				return err
			}
			for i, a := range answers {
				if a.Error != nil {
					return a.Error
				}
				accepted[a.Number] = part[i].Spec.Name
			}
			return nil
		})
	}
	return accepted
}

func cancelSleepers(ctx context.Context, t *testing.T, c *client.Client, accepted map[int64]string) {
	t.Helper()
	for n, name := range accepted {
		if name != "sleeper" {
			continue
		}
		await(ctx, t, func() error {
			acted, err := c.Act(ctx, turno.Action{Verb: turno.Cancel, Jobs: []string{fmt.Sprint(n)}})
			if err != nil {
				return err
			}
			if e := acted[0].Error; e != nil && e.Code != turno.CodeConflict {
				return e
			}
			return nil
		})
	}
}

// await tries until it works; between two tries it waits for nothing but a
// moment, because what it waits for is a server that was killed.
func await(ctx context.Context, t *testing.T, try func() error) {
	t.Helper()
	pause := time.NewTicker(100 * time.Millisecond)
	defer pause.Stop()
	for {
		err := try()
		var known *turno.Error
		if err == nil {
			return
		}
		if errors.As(err, &known) && known.Code != turno.CodeUnavailable && known.Code != turno.CodeInternal {
			t.Fatal(err)
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			t.Fatalf("gave up: %v; the last answer: %v", context.Cause(ctx), err)
		}
	}
}

// ended collects ends as they are announced.
type ended struct {
	c  *client.Client
	mu sync.Mutex
	// by number: each different end that was ever seen.
	ends map[int64][]turno.State
	news chan struct{} // 1: something ended
}

func watch(ctx context.Context, t *testing.T, c *client.Client) *ended {
	e := &ended{c: c, ends: map[int64][]turno.State{}, news: make(chan struct{}, 1)}
	var group sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	t.Cleanup(func() { stop(); group.Wait() })
	group.Go(func() {
		for ctx.Err() == nil {
			for ev, err := range c.Events(ctx, turno.EventQuery{}) {
				if err != nil {
					break
				}
				if ev.Reset || ev.Number == 0 {
					e.reread(ctx)
				}
				if ev.State.Ended() && ev.Parent == 0 {
					e.add(ev.Number, ev.State)
				}
			}
		}
	})
	return e
}

// reread takes from the lists what was ended while nobody listened.
func (e *ended) reread(ctx context.Context) {
	q := turno.JobQuery{States: []turno.State{turno.Succeeded, turno.Failed, turno.Cancelled, turno.Lost}, Limit: 1000, Top: true}
	for {
		page, err := e.c.Jobs(ctx, q)
		if err != nil {
			return
		}
		for _, j := range page.Items {
			e.add(j.Number, j.State)
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return
		}
	}
}

func (e *ended) add(n int64, s turno.State) {
	e.mu.Lock()
	if !slices.Contains(e.ends[n], s) {
		e.ends[n] = append(e.ends[n], s)
	}
	e.mu.Unlock()
	select {
	case e.news <- struct{}{}:
	default:
	}
}

func (e *ended) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.ends)
}

func (e *ended) wait(ctx context.Context, t *testing.T, n int) {
	t.Helper()
	look := time.NewTicker(2 * time.Second) // if the stream of events is cut
	defer look.Stop()
	for e.count() < n {
		select {
		case <-e.news:
		case <-look.C:
			e.reread(ctx)
		case <-ctx.Done():
			summary, err := e.c.Summary(context.WithoutCancel(ctx))
			t.Fatalf("%d of %d ended; the store says %v %v", e.count(), n, summary.States, err)
		}
	}
}

// checkEnds compares every end with what it had to be.
func checkEnds(ctx context.Context, t *testing.T, c *client.Client, accepted map[int64]string, e *ended) {
	t.Helper()
	want := map[string]turno.State{}
	for _, m := range mix {
		want[m.name] = m.want
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, n := range slices.Sorted(maps.Keys(accepted)) {
		got := e.ends[n]
		if len(got) != 1 || got[0] != want[accepted[n]] {
			j, err := c.Job(ctx, fmt.Sprint(n))
			t.Errorf("job %d (%s) ended as %v, want once %s: %s %q %+v %v", n, accepted[n], got, want[accepted[n]], j.Reason, j.Detail, j.Attempts, err)
		}
	}
}

// checkMarks counts runs: every command that succeeded left a mark, and no
// attempt ran twice.
func checkMarks(t *testing.T, marks string, accepted map[int64]string) {
	t.Helper()
	commands := 0
	for _, name := range accepted {
		if name == "command" {
			commands++
		}
	}
	entries, err := os.ReadDir(marks)
	if err != nil {
		t.Fatal(err)
	}
	jobs := map[string]bool{}
	for _, f := range entries {
		id, _, _ := strings.Cut(f.Name(), ".")
		jobs[id] = true
	}
	if len(jobs) != commands {
		t.Errorf("%d of %d commands left their mark", len(jobs), commands)
	}
	t.Logf("%d commands ran %d attempts", commands, len(entries))
}
