package archive_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/bench/archive"
	"turno/internal/bench/record"
	"turno/internal/store"
	"turno/internal/store/mem"
)

// lab is a turno with one worker, in a bubble's time: each job takes 50 ms. What
// a run does not call is not there.
type lab struct {
	turno.Service

	mu     sync.Mutex // guards all below
	jobs   []*turno.Job
	events []chan turno.Event
}

func (l *lab) Workers(context.Context) ([]turno.Worker, error) {
	return []turno.Worker{{Name: "w", State: turno.WorkerReady, Machine: turno.Machine{CPUs: 2 * turno.CPU, Offers: []turno.Offer{
		{Type: "vecadd", Devices: []turno.Device{turno.DeviceCPU}}, {Type: "noop", Devices: []turno.Device{turno.DeviceCPU}}}}}}, nil
}

func (l *lab) Submit(_ context.Context, jobs []turno.NewJob) ([]turno.Submitted, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := &turno.Job{ID: jobs[0].ID, Number: int64(len(l.jobs) + 1), Spec: jobs[0].Spec, State: turno.Running}
	l.jobs = append(l.jobs, j)
	time.AfterFunc(50*time.Millisecond, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		j.State, j.Attempt = turno.Succeeded, 1
		j.Result = &turno.Result{State: turno.Succeeded, Output: json.RawMessage(`{"method":"x","verified":true,"phases":[{"name":"kernel","seconds":0.04}]}`)}
		j.Attempts = []turno.Attempt{{Number: 1, Worker: "w", StartedAt: time.Now().Add(-45 * time.Millisecond), EndedAt: time.Now()}}
		for _, e := range l.events {
			e <- turno.Event{Number: j.Number, Queue: j.Spec.Queue, State: j.State, Worker: "w"}
		}
	})
	return []turno.Submitted{{ID: j.ID, Number: j.Number}}, nil
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

func (l *lab) Log(context.Context, turno.LogQuery) (turno.Log, error) {
	return turno.Log{Data: []byte("cpu_model=of a test\n"), Done: true}, nil
}

func (l *lab) Act(context.Context, turno.Action) ([]turno.Acted, error) { return nil, nil }

func (l *lab) Events(ctx context.Context, _ turno.EventQuery) iter.Seq2[turno.Event, error] {
	events := make(chan turno.Event, 10_000) // nobody waits for who listens
	l.mu.Lock()
	l.events = append(l.events, events)
	l.mu.Unlock()
	return func(yield func(turno.Event, error) bool) {
		if !yield(turno.Event{Reset: true}, nil) {
			return
		}
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

// away is a store that cannot be written to while it is down.
type away struct {
	*mem.Store
	mu   sync.Mutex // guards down
	down bool
}

func (a *away) set(down bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = down
}

func (a *away) WriteBenchmarks(ctx context.Context, b store.BenchmarkBatch) error {
	<-time.After(time.Millisecond) // in a bubble: whoever asks meanwhile does not find it yet
	a.mu.Lock()
	down := a.down
	a.mu.Unlock()
	if down {
		return errors.New("the store is away")
	}
	return a.Store.WriteBenchmarks(ctx, b)
}

// measuring starts a run of two minutes, and gives a way to end the server.
func measuring(t *testing.T) (a *archive.Archive, s *away, run turno.Benchmark, closed func()) {
	t.Helper()
	s = &away{Store: mem.New()}
	a = archive.New(archive.Options{Store: s, Service: &lab{}, Version: "v1"})
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { a.Run(ctx) })
	run, err := a.Start(t.Context(), turno.BenchmarkOrder{Types: []string{"vecadd"}, Fixed: 100})
	if err != nil {
		t.Fatal(err)
	}
	return a, s, run, func() { cancel(); group.Wait() }
}

func get(t *testing.T, a *archive.Archive, id string) turno.Benchmark {
	t.Helper()
	b, err := a.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStart_GoesOnUntilItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, s, run, closed := measuring(t)
		if _, err := a.Start(t.Context(), turno.BenchmarkOrder{}); err == nil {
			t.Error("two runs measure one worker")
		}
		<-time.After(8 * time.Second) // of the bubble
		if b := get(t, a, run.ID); b.State != turno.BenchmarkRunning || !b.Hosted || b.Progress == nil || b.Progress.Done == 0 || b.Progress.Left <= 0 {
			t.Errorf("after some time: %+v, %+v", b, b.Progress)
		}
		s.set(true)
		<-time.After(5 * time.Second)
		s.set(false) // nothing is lost by that
		<-time.After(2 * time.Minute)
		b := get(t, a, run.ID)
		if b.State != turno.BenchmarkFinished || b.Samples != 400 || b.Progress != nil || b.CPU != "of a test" {
			t.Errorf("at the end: %+v", b)
		}
		data, err := a.File(t.Context(), run.ID)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := record.Read(data); err != nil || len(r.Stops) != 2 || r.Sessions[0].Server != "within the server" {
			t.Errorf("its file: %v, %+v", err, r)
		}
		closed()
	})
}

// TestStart_TwiceAtOnce: a form that was sent twice measures once.
func TestStart_TwiceAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := archive.New(archive.Options{Store: &away{Store: mem.New()}, Service: &lab{}, Version: "v1"})
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { a.Run(ctx) })
		errs := make([]error, 3)
		var starts sync.WaitGroup
		for i := range errs {
			starts.Go(func() { _, errs[i] = a.Start(t.Context(), turno.BenchmarkOrder{Types: []string{"vecadd"}, Fixed: 100}) })
		}
		starts.Wait()
		refused := 0
		for _, err := range errs {
			if known, ok := errors.AsType[*turno.Error](err); ok && known.Code == turno.CodeConflict {
				refused++
			}
		}
		if refused != 2 {
			t.Errorf("%v", errs)
		}
		cancel()
		all.Wait()
		if _, err := a.Start(t.Context(), turno.BenchmarkOrder{}); err == nil {
			t.Error("a server that has ended measures")
		}
	})
}

func TestStart_EndsEarly(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*archive.Archive, string, func()) error{
		"stopped": func(a *archive.Archive, id string, _ func()) error {
			_, err := a.Stop(context.Background(), id)
			return err
		},
		"server": func(_ *archive.Archive, _ string, closed func()) error { closed(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, _, run, closed := measuring(t)
				<-time.After(10 * time.Second)
				if err := end(a, run.ID, closed); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				<-time.After(time.Second)
				if b := get(t, a, run.ID); b.State != turno.BenchmarkInterrupted || b.Samples == 0 || b.Detail == "" {
					t.Errorf("%+v", b)
				}
				closed()
			})
		})
	}
}

func TestStart_RemovedIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, _, run, closed := measuring(t)
		<-time.After(10 * time.Second)
		if err := a.Remove(t.Context(), run.ID); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		if list, err := a.List(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("there is %+v, %v", list, err)
		}
		closed()
	})
}

// TestStart_KilledIsSilent: nobody wrote that it ended.
func TestStart_KilledIsSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, s, run, closed := measuring(t)
		<-time.After(10 * time.Second)
		s.set(true)
		closed()
		<-time.After(11 * time.Minute)
		if b := get(t, a, run.ID); b.State != turno.BenchmarkSilent {
			t.Errorf("%+v", b)
		}
	})
}
