package storetest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"turno"
	"turno/internal/store"
)

// BenchmarkCommit measures commits of jobs as a busy scheduler makes them, at
// several sizes: new ones, given to a worker, ended; and all of a job's life.
func BenchmarkCommit(b *testing.B, open func(testing.TB) store.Store) {
	for _, size := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("insert/%d", size), func(b *testing.B) {
			w := newWriter(b, open(b))
			for b.Loop() {
				w.commit(store.Batch{Jobs: busy(w, size)})
			}
			rate(b, size)
		})
		b.Run(fmt.Sprintf("update/%d", size), func(b *testing.B) {
			w := newWriter(b, open(b))
			const jobs = 100_000
			all := make([]store.Change, 0, jobs)
			for len(all) < jobs {
				part := busy(w, 1000)
				w.commit(store.Batch{Jobs: part})
				all = append(all, part...)
			}
			at := 0
			b.ResetTimer()
			for b.Loop() {
				part := all[at : at+size]
				for i := range part {
					part[i] = step(part[i].Job)
				}
				w.commit(store.Batch{Jobs: part})
				at = (at + size) % jobs
			}
			rate(b, size)
		})
		b.Run(fmt.Sprintf("life/%d", size), func(b *testing.B) { // three writes a job
			w := newWriter(b, open(b))
			for b.Loop() {
				jobs := busy(w, size)
				for range 3 {
					w.commit(store.Batch{Jobs: jobs})
					for i := range jobs {
						jobs[i] = step(jobs[i].Job)
					}
				}
			}
			rate(b, size)
		})
	}
}

func rate(b *testing.B, size int) {
	b.ReportMetric(float64(b.N)*float64(size)/b.Elapsed().Seconds(), "jobs/s")
}

// busy makes new jobs like those of a benchmark of the whole pipeline.
func busy(w *writer, n int) []store.Change {
	jobs := make([]turno.Job, n)
	changes := make([]store.Change, n)
	for i := range jobs {
		number := w.next
		w.next++
		jobs[i] = turno.Job{
			ID: id(number), Number: number,
			Spec: &turno.Spec{
				Name: fmt.Sprint("job-", number), Queue: "default", User: "ana", Type: "matmul",
				Params: json.RawMessage(`{"n":256,"seed":7}`), Device: turno.DeviceAny, CPUs: turno.CPU,
			},
			State: turno.Queued, Reason: turno.ReasonPriority,
			Since: base, SubmittedAt: base,
		}
		changes[i] = store.Change{Job: &jobs[i]}
	}
	return changes
}

// step takes a job one step further: queued, starting, succeeded, and around.
func step(j *turno.Job) store.Change {
	c := *j
	c.Since = j.Since.Add(time.Millisecond)
	switch j.State {
	case turno.Queued:
		c.State, c.Reason, c.Attempt = turno.Starting, turno.ReasonAssigned, j.Attempt+1
		c.Attempts = []turno.Attempt{{
			Number: c.Attempt, Worker: "worker-12", Incarnation: "01890a5d-ac96-7000-8000-000000000000",
			Device: turno.DeviceGPU, GPUs: []string{"GPU-8a7b8c9d-1111-2222-3333-444455556666"}, AssignedAt: c.Since,
		}}
	case turno.Starting:
		c.State, c.Reason = turno.Succeeded, turno.ReasonCompleted
		c.StartedAt, c.EndedAt = c.Since, c.Since
		a := j.Attempts[0]
		a.StartedAt, a.EndedAt = c.Since, c.Since
		a.Result = &turno.Result{
			State: turno.Succeeded, Reason: turno.ReasonCompleted, Device: turno.DeviceGPU,
			Output: json.RawMessage(`{"gflops":1234.5,"error":1.2e-7}`), UserTime: 1234567, MaxMemory: 1 << 20,
		}
		c.Attempts, c.Result = []turno.Attempt{a}, a.Result
	default:
		c.State, c.Reason, c.Result = turno.Queued, turno.ReasonPriority, nil
	}
	return store.Change{Job: &c, From: j.State}
}

// Fill gives a store n jobs that have ended, and few that have not, of several
// queues, users and types; one in a thousand failed. It leads as "tester".
func Fill(t testing.TB, s store.Store, n int) {
	w := newWriter(t, s)
	pick := func(i int64, of ...string) string { return of[i%int64(len(of))] }
	for w.next <= int64(n) {
		jobs := busy(w, 5000)
		for i := range jobs {
			j := step(step(jobs[i].Job).Job).Job
			k := j.Number
			j.SubmittedAt = base.Add(time.Duration(k) * 100 * time.Millisecond)
			if k%10_000 == 5 { // a CPU's: no two have the same device
				j = step(jobs[i].Job).Job
				j.State, j.Reason, j.StartedAt = turno.Running, turno.ReasonRunning, j.Since
				j.Attempts[0].Device, j.Attempts[0].GPUs, j.Attempts[0].StartedAt = turno.DeviceCPU, nil, j.Since
			}
			j.Spec.Queue, j.Spec.User = pick(k/7, "default", "gpu", "night"), pick(k/3, "ana", "bea", "carlos", "dan")
			j.Spec.Type = pick(k/2, "matmul", "exec", "train")
			if k%1000 == 17 {
				j.State, j.Reason = turno.Failed, turno.ReasonExitCode
			}
			if k == 12_345 {
				j.Spec.User, j.Spec.Name = "rare", "needle"
			}
			jobs[i] = store.Change{Job: j}
		}
		w.commit(store.Batch{Jobs: jobs})
	}
}

// BenchmarkRead measures reads of a store that Fill filled.
func BenchmarkRead(b *testing.B, s store.Store) {
	for _, q := range []struct {
		name  string
		query turno.JobQuery
	}{
		{"all", turno.JobQuery{}},
		{"all1000", turno.JobQuery{Limit: 1000}},
		{"deep", turno.JobQuery{Cursor: "1000"}},
		{"queue", turno.JobQuery{Queue: "gpu"}},
		{"user+type+queue", turno.JobQuery{User: "bea", Type: "train", Queue: "night"}},
		{"failed", turno.JobQuery{States: []turno.State{turno.Failed}}},
		{"failed1000", turno.JobQuery{States: []turno.State{turno.Failed}, Limit: 1000}},
		{"running", turno.JobQuery{States: []turno.State{turno.Running}}},
		{"queued", turno.JobQuery{States: []turno.State{turno.Queued}}},
		{"rare", turno.JobQuery{User: "rare"}},
		{"nobody", turno.JobQuery{User: "nobody"}},
		{"name", turno.JobQuery{Name: "job-77777"}},
		{"name-none", turno.JobQuery{Name: "there is none"}},
		{"top", turno.JobQuery{Top: true}},
		{"oldest", turno.JobQuery{OldestFirst: true, States: []turno.State{turno.Failed}}},
		{"search", turno.JobQuery{Search: "job-77777"}},
		{"search-user", turno.JobQuery{Search: "rare"}},
		{"search-id", turno.JobQuery{Search: id(123_456)}},
		{"search-none", turno.JobQuery{Search: "there is none"}},
		{"since", turno.JobQuery{Since: base.Add(50_000 * time.Second), Until: base.Add(50_100 * time.Second)}},
	} {
		b.Run("Jobs/"+q.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Jobs(b.Context(), q.query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	benchFacets(b, s)
	b.Run("Summary", func(b *testing.B) {
		for b.Loop() {
			summary(b, s)
		}
	})
	for name, ref := range map[string]turno.Ref{"number": {Number: 4711, Task: -1}, "id": {ID: id(4711), Task: -1}} {
		b.Run("Find/"+name, func(b *testing.B) {
			for b.Loop() {
				find(b, s, ref)
			}
		})
	}
	b.Run("Load", func(b *testing.B) {
		for b.Loop() {
			load(b, s)
		}
	})
}

func benchFacets(b *testing.B, s store.Store) {
	for _, q := range []struct {
		name  string
		query turno.CountQuery
	}{
		{"all", turno.CountQuery{}},
		{"queue+state", turno.CountQuery{JobQuery: turno.JobQuery{Queue: "gpu", States: []turno.State{turno.Failed}, Top: true}}},
		{"since", turno.CountQuery{JobQuery: turno.JobQuery{Since: base.Add(50_000 * time.Second)}}},
		{"search", turno.CountQuery{JobQuery: turno.JobQuery{Search: "job-77777"}}},
		{"search-exact", turno.CountQuery{JobQuery: turno.JobQuery{Search: "job-77777"}, Exact: true}},
	} {
		b.Run("Facets/"+q.name, func(b *testing.B) {
			for b.Loop() {
				facets(b, s, q.query)
			}
		})
	}
}
