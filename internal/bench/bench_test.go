package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/bench/record"
)

// lab is a turno with one worker whose jobs take as long as a test says, in a
// bubble's time. What a run does not call is not there.
type lab struct {
	turno.Service
	// run says how a job goes: how long, and with which result.
	run func(n int, spec *turno.Spec) (time.Duration, turno.Result)
	// mute leaves out the event of a job's end.
	mute func(n int) bool

	mu      sync.Mutex
	jobs    []*turno.Job
	streams []chan turno.Event
	acted   []turno.Action
}

func (l *lab) Submit(ctx context.Context, jobs []turno.NewJob) ([]turno.Submitted, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := &turno.Job{ID: jobs[0].ID, Number: int64(len(l.jobs) + 1), Spec: jobs[0].Spec, State: turno.Running}
	l.jobs = append(l.jobs, j)
	n := len(l.jobs)
	took, result := 50*time.Millisecond, turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted}
	if j.Spec.Type != "exec" {
		took, result = l.run(n, j.Spec)
	}
	started := time.Now()
	go func() {
		select {
		case <-time.After(took):
		case <-ctx.Done():
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		j.State, j.Reason, j.Result, j.Attempt = result.State, result.Reason, &result, 1
		j.Attempts = []turno.Attempt{{Number: 1, Worker: "w", StartedAt: started.Add(time.Millisecond), EndedAt: time.Now()}}
		if l.mute == nil || !l.mute(n) {
			l.tell(turno.Event{Number: j.Number, Queue: j.Spec.Queue, State: j.State, Worker: "w"})
		}
	}()
	return []turno.Submitted{{ID: j.ID, Number: j.Number}}, nil
}

// tell sends an event to all who listen. The caller holds mu.
func (l *lab) tell(e turno.Event) {
	for _, s := range l.streams {
		s <- e
	}
}

func (l *lab) Job(_ context.Context, ref string) (turno.Job, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := strconv.Atoi(ref)
	if err != nil {
		return turno.Job{}, err
	}
	return *l.jobs[n-1], nil
}

func (l *lab) Jobs(context.Context, turno.JobQuery) (turno.JobPage, error) {
	return turno.JobPage{}, nil
}

// Log comes in two pieces.
func (l *lab) Log(_ context.Context, q turno.LogQuery) (turno.Log, error) {
	const text = "os=Test 1\ncpu_model=Abacus\n"
	if q.Offset == 0 {
		return turno.Log{Data: []byte(text[:12])}, nil
	}
	return turno.Log{Data: []byte(text[q.Offset:]), Done: true}, nil
}

func (l *lab) Act(_ context.Context, a turno.Action) ([]turno.Acted, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acted = append(l.acted, a)
	return nil, nil
}

func (l *lab) Events(ctx context.Context, _ turno.EventQuery) iter.Seq2[turno.Event, error] {
	return func(yield func(turno.Event, error) bool) {
		events := make(chan turno.Event, 100) // more than a test tells at once
		l.mu.Lock()
		l.streams = append(l.streams, events)
		l.mu.Unlock()
		for {
			select {
			case e := <-events:
				if !yield(e, nil) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// good is the answer of a workload whose kernel took so long.
func good(kernel float64) turno.Result {
	out := fmt.Sprintf(`{"engine":"go","repeat":2,"phases":[{"name":"setup","seconds":1},{"name":"h2d","seconds":0.001},{"name":"kernel","seconds":%g}],"method":"m","verified":true}`, 2*kernel)
	return turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted, Output: json.RawMessage(out)}
}

var twoCPUs = turno.Worker{Name: "w", State: turno.WorkerReady, Machine: turno.Machine{CPUs: 2 * turno.CPU,
	Offers: []turno.Offer{{Type: "matmul", Devices: []turno.Device{turno.DeviceCPU}}, {Type: "noop", Devices: []turno.Device{turno.DeviceCPU, turno.DeviceGPU}}}}}

// newRun is one of a suite of two products, 8 blocks each.
func newRun(t *testing.T, l *lab) *Run {
	t.Helper()
	s := &Suite{Name: "t", Samples: Samples{Min: 6, Start: 8, Most: 20, Precision: 0.025}, Workloads: []Workload{
		{Type: "matmul", Size: "n", Each: []map[string]any{{"n": 64}, {"n": 128}}}}}
	results, err := Prepare(s, &twoCPUs, 7)
	if err != nil {
		t.Fatal(err)
	}
	Start(results, &twoCPUs, "v", "private", "here", []string{"turno", "bench", "run"})
	return &Run{Service: l, Results: results, Sensors: Elsewhere{}, Save: func(*record.Results) error { return nil }}
}

// steadily takes 0.2 s, half that with two threads.
func steadily(_ int, spec *turno.Spec) (time.Duration, turno.Result) {
	kernel := 0.2 / float64(spec.CPUs.Whole())
	return time.Duration((kernel + 0.1) * float64(time.Second)), good(kernel)
}

func TestRun_MeasuresBlocksUntilPrecise(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRun(t, &lab{run: steadily})
		told := 0
		r.Told = func(p Progress) { told++ }
		if err := r.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, stop := range r.Results.Stops {
			if stop.Reason != record.StopPrecise || stop.Blocks != 8 {
				t.Errorf("%+v: want precise after 8", stop)
			}
		}
		blocks := map[string]int{}
		for i, s := range r.Results.Samples {
			switch {
			case s.WarmUp != (s.Block < 0), s.Excluded != "", s.Job == 0, !s.Checked, s.Engine != "go", s.Repeat != 2:
				t.Errorf("sample %d: %+v", i, s)
			case !s.WarmUp:
				blocks[s.Case+s.Side]++
			}
			want := 0.2
			if s.Side == "cpu-2" {
				want = 0.1
			}
			if near := func(a, b float64) bool { return a > b-1e-6 && a < b+1e-6 }; !near(s.Kernel, want) || !near(s.Device, want+0.001) || !near(s.EndToEnd, want+0.1) || !near(s.Queue, 0.001) {
				t.Errorf("sample %d: times %+v", i, s)
			}
		}
		if len(blocks) != 4 || told == 0 {
			t.Errorf("blocks %v, told %d times", blocks, told)
		}
		session := r.Results.Sessions[0]
		if session.Fact("cpu_model") != "Abacus" || session.Fact("cpu_governor") != record.Unknown || session.End != "finished" || session.Seconds == 0 {
			t.Errorf("session %+v", session)
		}
	})
}

func TestRun_WarmsUpForASecondAndKeepsTheColdRunApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRun(t, &lab{run: steadily})
		if err := r.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		warm, cold := map[string]int{}, map[string]int{}
		for _, s := range r.Results.Samples {
			if s.WarmUp {
				warm[s.Side+s.Case]++
			}
			if s.Cold {
				cold[s.Side+s.Case]++
			}
		}
		// 0.3 s each: four until a second is over; 0.2 s each: five
		if warm["cpu-1matmul 64"] != 4 || warm["cpu-2matmul 64"] != 5 || len(cold) != 4 {
			t.Errorf("warm-ups %v, cold %v", warm, cold)
		}
	})
}

func TestRun_LeavesOutWhatDoesNotCount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		reason string
		spoil  func(l *lab)
	}{
		{record.Failed, func(l *lab) {
			l.run = func(n int, s *turno.Spec) (time.Duration, turno.Result) {
				if n == 30 {
					return time.Second, turno.Result{State: turno.Failed, Reason: turno.ReasonExitCode}
				}
				return steadily(n, s)
			}
		}},
		{record.Unverified, func(l *lab) {
			l.run = func(n int, s *turno.Spec) (time.Duration, turno.Result) {
				d, res := steadily(n, s)
				if n == 30 {
					res.Output = json.RawMessage(strings.Replace(string(res.Output), `"verified":true`, `"verified":false`, 1))
				}
				return d, res
			}
		}},
		{record.Contended, func(l *lab) {
			l.run = func(n int, s *turno.Spec) (time.Duration, turno.Result) {
				if n == 30 {
					l.tell(turno.Event{Number: 999, Queue: "others", State: turno.Running, Worker: "w"})
					l.tell(turno.Event{Number: 999, Queue: "others", State: turno.Succeeded, Worker: "w"})
					l.tell(turno.Event{Number: 998, Queue: "others", State: turno.Running, Worker: "elsewhere"})
				}
				return steadily(n, s)
			}
		}},
		{record.Unheard, func(l *lab) { l.mute = func(n int) bool { return n == 30 } }},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &lab{run: steadily}
			tt.spoil(l)
			r := newRun(t, l)
			if err := r.Do(t.Context()); err != nil {
				t.Fatal(err)
			}
			out := 0
			for _, s := range r.Results.Samples {
				if s.Excluded != "" {
					out++
					if s.Excluded != tt.reason || s.Job != 30 {
						t.Errorf("%s: %+v", tt.reason, s)
					}
				}
			}
			if out != 1 {
				t.Errorf("%s: %d samples are left out", tt.reason, out)
			}
			for _, stop := range r.Results.Stops {
				if stop.Reason != record.StopPrecise || stop.Blocks < 8 {
					t.Errorf("%s: %+v: the block is made up for", tt.reason, stop)
				}
			}
		})
	}
}

func TestRun_EndsWithItsBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRun(t, &lab{run: steadily})
		r.Results.Settings.Budget = 8
		if err := r.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := r.Results.Sessions[0].Seconds; s > 8 || s < 7 {
			t.Errorf("it took %g s", s)
		}
		for _, stop := range r.Results.Stops {
			if stop.Reason != record.StopBudget {
				t.Errorf("%+v", stop)
			}
		}
	})
}

func TestRun_GivesUpWhatAlwaysFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRun(t, &lab{run: func(n int, s *turno.Spec) (time.Duration, turno.Result) {
			if strings.Contains(string(s.Params), "128") {
				return time.Second, turno.Result{State: turno.Failed, Reason: turno.ReasonHostOOM}
			}
			return steadily(n, s)
		}})
		if err := r.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		reasons := map[string]string{}
		for _, s := range r.Results.Stops {
			reasons[s.Case] = s.Reason
		}
		if reasons["matmul 64"] != record.StopPrecise || reasons["matmul 128"] != record.StopFailed {
			t.Errorf("%v", reasons)
		}
	})
}

func TestRun_InterruptedGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lab{run: steadily}
		r := newRun(t, l)
		why := errors.New("a person")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(10*time.Second, func() { cancel(why) })
		if err := r.Do(ctx); !errors.Is(err, why) {
			t.Fatalf("err %v", err)
		}
		if s := r.Results.Sessions[0]; s.End != "interrupted" || r.Results.Stops[0].Reason != record.StopInterrupted {
			t.Errorf("%+v, %+v", s, r.Results.Stops)
		}
		if len(l.acted) != 1 || l.acted[0].Verb != turno.Cancel {
			t.Errorf("the job that ran: %+v", l.acted)
		}
		kept := slices.Clone(r.Results.Samples)
		Start(r.Results, &twoCPUs, "v", "private", "here", nil)
		if err := r.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(kept, r.Results.Samples[:len(kept)], func(a, b record.Sample) bool { return a == b }) {
			t.Error("what was measured is not kept")
		}
		for _, c := range r.Results.Cases {
			if blocks, _ := progressOf(r.Results, &c); blocks < 8 || blocks > 9 {
				t.Errorf("%s: %d whole blocks", c.Name, blocks)
			}
		}
		if len(r.Results.Stops) != 2 || r.Results.Stops[0].Reason != record.StopPrecise {
			t.Errorf("%+v", r.Results.Stops)
		}
	})
}
