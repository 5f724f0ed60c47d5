package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"turno"
	"turno/internal/cli"
	"turno/internal/config"
)

// fake is a turno.Service in memory that does what a test tells it. It is no
// second turno: nothing runs, a test says how jobs go.
type fake struct {
	workers []turno.Worker
	types   []turno.Type
	letters []turno.DeadLetter
	why     map[string]turno.Explanation
	now     func() time.Time
	// began is called with every job that is submitted, under the lock: the test
	// decides what becomes of it.
	began func(f *fake, j *turno.Job)
	acted func(f *fake, a turno.Action, j *turno.Job) *turno.Error

	mu      sync.Mutex
	jobs    []*turno.Job
	logs    map[string]string // by number.attempt
	actions []turno.Action
	rev     uint64
	changed chan struct{} // closed and made new at each change
	events  []turno.Event
}

func newFake(now func() time.Time) *fake {
	return &fake{now: now, logs: map[string]string{}, why: map[string]turno.Explanation{}, changed: make(chan struct{})}
}

// DeadLetters gives those that the test has set, and counts none.
func (f *fake) DeadLetters(_ context.Context, q turno.DeadLetterQuery) (turno.DeadLetterPage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	page := turno.DeadLetterPage{Items: slices.Clone(f.letters), Total: int64(len(f.letters))}
	if q.Number == 0 {
		return page, nil
	}
	i := slices.IndexFunc(f.letters, func(l turno.DeadLetter) bool { return l.Number == q.Number })
	if i < 0 {
		return turno.DeadLetterPage{}, turno.Errorf(turno.CodeNotFound, "there is no dead letter %d", q.Number)
	}
	return turno.DeadLetterPage{Items: page.Items[i : i+1], Total: 1}, nil
}

// tell publishes a job's state. The caller holds mu, or is alone.
func (f *fake) tell(j *turno.Job) {
	f.rev++
	f.events = append(f.events, turno.Event{
		Revision: f.rev, Number: j.Number, Parent: j.Parent, Task: j.Task, Name: j.Spec.Name, Queue: j.Spec.Queue,
		Type: j.Spec.Type, State: j.State, Reason: j.Reason, Worker: j.Worker(), At: f.now(),
	})
	close(f.changed)
	f.changed = make(chan struct{})
}

// start gives a job an attempt.
func (f *fake) start(j *turno.Job) {
	j.Attempt++
	j.Attempts = append(j.Attempts, turno.Attempt{Number: j.Attempt, Worker: "lab-1", Device: turno.DeviceCPU, AssignedAt: f.now(), StartedAt: f.now()})
	j.State, j.Reason, j.Since, j.StartedAt = turno.Running, turno.ReasonRunning, f.now(), f.now()
	f.tell(j)
}

// end ends a job's attempt, and the job unless it is to be tried again.
func (f *fake) end(j *turno.Job, r turno.Result, output string) {
	f.logs[fmt.Sprintf("%d.%d", j.Number, j.Attempt)] = output
	r.LogBytes = int64(len(output))
	if a := j.Current(); a != nil {
		a.EndedAt, a.Result = f.now(), &r
	}
	j.State, j.Reason, j.Result, j.Since, j.EndedAt = r.State, r.Reason, &r, f.now(), f.now()
	f.tell(j)
}

func (f *fake) Submit(_ context.Context, jobs []turno.NewJob) ([]turno.Submitted, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []turno.Submitted
	for _, n := range jobs {
		spec := n.Spec.Clone()
		if spec.User == "" {
			spec.User = "eva" // whose token it is
		}
		spec.Normalize()
		if err := spec.Validate(); err != nil {
			out = append(out, turno.Submitted{ID: n.ID, Error: err})
			continue
		}
		j := &turno.Job{ID: n.ID, Number: int64(len(f.jobs) + 1), Spec: spec, State: turno.Queued, Reason: turno.ReasonPriority,
			SubmittedAt: f.now(), Since: f.now(), RetryOf: n.RetryOf}
		if spec.Hold {
			j.State, j.Reason = turno.Held, turno.ReasonHeld
		}
		if spec.Array != nil {
			j.Tasks = &turno.TaskCount{Total: spec.Array.Tasks.Len(), Waiting: spec.Array.Tasks}
		}
		f.jobs = append(f.jobs, j)
		f.tell(j)
		if f.began != nil {
			f.began(f, j)
		}
		out = append(out, turno.Submitted{ID: j.ID, Number: j.Number})
	}
	return out, nil
}

// find returns a job. The caller holds mu.
func (f *fake) find(ref string) (*turno.Job, error) {
	for _, j := range f.jobs {
		if j.Display() == ref || j.ID == ref {
			return j, nil
		}
	}
	return nil, turno.Errorf(turno.CodeNotFound, "there is no job %s", ref)
}

func (f *fake) Act(_ context.Context, a turno.Action) ([]turno.Acted, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.actions = append(f.actions, a)
	var out []turno.Acted
	for _, ref := range a.Jobs {
		j, err := f.find(ref)
		if err != nil {
			out = append(out, turno.Acted{Target: ref, Error: err.(*turno.Error)})
			continue
		}
		var bad *turno.Error
		if f.acted != nil {
			bad = f.acted(f, a, j)
		}
		out = append(out, turno.Acted{Target: ref, State: string(j.State), Error: bad})
	}
	for _, w := range a.Workers {
		out = append(out, turno.Acted{Target: w, State: map[turno.Verb]string{turno.Drain: "drained", turno.Undrain: "ready"}[a.Verb]})
	}
	for _, l := range a.Letters {
		if l == "8" {
			out = append(out, turno.Acted{Target: l, Error: turno.Errorf(turno.CodeNotFound, "there is no dead letter 8")})
			continue
		}
		d := turno.Acted{Target: l, State: map[turno.Verb]string{turno.Redrive: "redriven", turno.Drop: "dropped"}[a.Verb]}
		if a.Verb == turno.Redrive {
			d.Jobs = []turno.Submitted{{ID: "a", Number: 41}, {ID: "b", Number: 42}}
		}
		out = append(out, d)
	}
	return out, nil
}

func (f *fake) Jobs(_ context.Context, q turno.JobQuery) (turno.JobPage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var p turno.JobPage
	for _, j := range slices.Backward(f.jobs) {
		if (len(q.States) == 0 || slices.Contains(q.States, j.State)) && (q.User == "" || q.User == j.Spec.User || q.User == turno.Me && j.Spec.User == "eva") &&
			(q.Queue == "" || q.Queue == j.Spec.Queue) && strings.Contains(j.Spec.Name, q.Name) &&
			(q.Parent == 0 || q.Parent == j.Parent) && !(q.Top && j.Parent > 0) && len(p.Items) < q.Limit {
			p.Items = append(p.Items, *j)
		}
	}
	return p, nil
}

func (f *fake) Job(_ context.Context, ref string) (turno.Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	j, err := f.find(ref)
	if err != nil {
		return turno.Job{}, err
	}
	return *j, nil
}

func (f *fake) Explain(_ context.Context, ref string) (turno.Explanation, error) {
	e, ok := f.why[ref]
	if !ok {
		return e, turno.Errorf(turno.CodeNotFound, "there is no job %s", ref)
	}
	return e, nil
}

func (f *fake) Workers(context.Context) ([]turno.Worker, error) { return f.workers, nil }
func (f *fake) Types(context.Context) ([]turno.Type, error)     { return f.types, nil }

func (f *fake) Summary(context.Context) (turno.Summary, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := turno.Summary{States: map[turno.State]int64{}, Queues: map[string]map[turno.State]int64{}}
	for _, j := range f.jobs {
		if s.Queues[j.Spec.Queue] == nil {
			s.Queues[j.Spec.Queue] = map[turno.State]int64{}
		}
		n := int64(1)
		if j.Tasks != nil {
			n = int64(j.Tasks.Total)
		}
		s.States[j.State] += n
		s.Queues[j.Spec.Queue][j.State] += n
	}
	return s, nil
}

// Log waits, when it is to wait, for the end of the attempt.
func (f *fake) Log(ctx context.Context, q turno.LogQuery) (turno.Log, error) {
	for {
		f.mu.Lock()
		j, err := f.find(q.Job)
		if err != nil {
			f.mu.Unlock()
			return turno.Log{}, err
		}
		l := turno.Log{Attempt: q.Attempt, Offset: q.Offset}
		if l.Attempt == 0 {
			l.Attempt = j.Attempt
		}
		text := f.logs[fmt.Sprintf("%d.%d", j.Number, l.Attempt)]
		l.Size = int64(len(text))
		l.Data = []byte(text[min(q.Offset, l.Size):])
		if q.Max > 0 && len(l.Data) > q.Max {
			l.Data = l.Data[:q.Max]
		}
		l.Done = j.State.Ended() || l.Attempt < j.Attempt || (l.Attempt > 0 && j.Attempts[l.Attempt-1].Result != nil)
		l.Done = l.Done && l.Offset+int64(len(l.Data)) == l.Size
		changed := f.changed
		f.mu.Unlock()
		if q.Wait == 0 || l.Done || len(l.Data) > 0 {
			return l, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return l, ctx.Err()
		}
	}
}

func (f *fake) Events(ctx context.Context, q turno.EventQuery) iter.Seq2[turno.Event, error] {
	return func(yield func(turno.Event, error) bool) {
		f.mu.Lock()
		at := len(f.events)
		if q.After > 0 {
			at = int(q.After)
		}
		f.mu.Unlock()
		if !yield(turno.Event{Revision: uint64(at)}, nil) {
			return
		}
		for {
			f.mu.Lock()
			more, changed := slices.Clone(f.events[at:]), f.changed
			f.mu.Unlock()
			at += len(more)
			for _, e := range more {
				if (len(q.Jobs) == 0 || slices.Contains(q.Jobs, e.Number) || slices.Contains(q.Jobs, e.Parent)) && !yield(e, nil) {
					return
				}
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}
}

// rig is one user at a terminal-less terminal.
type rig struct {
	t       *testing.T
	svc     *fake
	sys     *cli.System
	deps    cli.Deps
	in      string
	out     bytes.Buffer
	errs    bytes.Buffer
	env     map[string]string
	signals chan os.Signal
}

// noon is the time of tests that do not run in a bubble.
var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func newRig(t *testing.T, now func() time.Time) *rig {
	t.Helper()
	home := t.TempDir()
	r := &rig{t: t, svc: newFake(now), env: map[string]string{"TURNO_SERVER": "http://server:5000"}, signals: make(chan os.Signal, 4)}
	r.sys = &cli.System{
		Config: config.Input{Home: home, Host: "desk", Env: func(n string) (string, bool) { v, ok := r.env[n]; return v, ok }},
		Dir:    home, Now: now, Signals: r.signals,
	}
	r.deps = cli.Deps{
		Dial:   func(config.Config) (turno.Service, error) { return r.svc, nil },
		Types:  func() []turno.Type { return r.svc.types },
		System: r.sys,
	}
	return r
}

func atNoon() time.Time { return noon }

// run runs one command line.
func (r *rig) run(args ...string) int {
	r.out.Reset()
	r.errs.Reset()
	return cli.Main(args, cli.Stdio{In: strings.NewReader(r.in), Out: &r.out, Err: &r.errs}, r.deps)
}

// must runs one that has to end with 0.
func (r *rig) must(args ...string) string {
	r.t.Helper()
	if code := r.run(args...); code != 0 {
		r.t.Fatalf("turno %s: exit code %d\n%s%s", strings.Join(args, " "), code, &r.out, &r.errs)
	}
	return r.out.String()
}

// job is the n-th job.
func (r *rig) job(n int) *turno.Job {
	r.t.Helper()
	r.svc.mu.Lock()
	defer r.svc.mu.Unlock()
	if len(r.svc.jobs) < n {
		r.t.Fatalf("there are %d jobs", len(r.svc.jobs))
	}
	return r.svc.jobs[n-1]
}

// spec is the JSON of a job's spec, for comparisons that a reader can follow.
func (r *rig) spec(n int) string {
	r.t.Helper()
	data, err := json.Marshal(r.job(n).Spec)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}
