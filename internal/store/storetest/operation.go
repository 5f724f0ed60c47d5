package storetest

import (
	"fmt"
	"slices"
	"time"

	"turno"
	"turno/internal/store"
)

// The operations of a walk that write. New numbers are used up also when a
// commit is refused.

func (w *walker) fresh() *turno.Job {
	j := RandomJob(w.r, w.next, true)
	w.next++
	pick := func(of ...string) string { return of[w.r.IntN(len(of))] }
	j.Spec.Queue, j.Spec.User, j.Spec.Type = pick("default", "gpu"), pick("ana", "bea", "ñ"), pick("exec", "train")
	j.Spec.Name = pick("Alpha", "beta", "GAMMA ray", "") + pick("", "-1", "-2")
	j.Spec.Labels = map[string]string{"team": pick("red", "Green", "BLUE sky")}
	j.Parent, j.Task, j.Tasks, j.Changes = 0, 0, nil, nil
	j.SubmittedAt = base.Add(time.Duration(j.Number)*time.Second + time.Duration(w.r.IntN(600))*time.Second)
	return j
}

func (w *walker) submit() string {
	var b store.Batch
	for range 1 + w.r.IntN(1+w.r.IntN(60)) {
		b.Jobs = append(b.Jobs, store.Change{Job: w.fresh()})
	}
	return w.commit(b)
}

func (w *walker) submitArray() string {
	j := w.fresh()
	tasks := turno.Ranges{{First: 0, Last: w.r.IntN(50), Step: 1}}
	j.Tasks = &turno.TaskCount{Total: tasks.Len(), Waiting: tasks}
	j.State = []turno.State{turno.Held, turno.Queued}[w.r.IntN(2)]
	return w.commit(store.Batch{Jobs: []store.Change{{Job: j, Waiting: tasks.Len()}}})
}

// expand makes jobs of tasks that wait, or holds, releases or ends their array.
func (w *walker) expand() string {
	var arrays []turno.Job
	for _, j := range w.some(1000, turno.JobQuery{Top: true}) {
		if j.Tasks != nil && !j.State.Ended() {
			arrays = append(arrays, j)
		}
	}
	if len(arrays) == 0 {
		return "no array"
	}
	array := arrays[0]
	c := store.Change{Job: new(array), From: array.State}
	c.Job.Tasks = new(*array.Tasks)
	var b store.Batch
	switch w.r.IntN(5) {
	case 0:
		c.Job.State = []turno.State{turno.Held, turno.Queued, turno.Running}[w.r.IntN(3)]
	case 1:
		c.Job.State = turno.Cancelled
		c.Waiting, c.Job.Tasks.Waiting = -array.Tasks.Waiting.Len(), nil
	default:
		for range min(1+w.r.IntN(5), array.Tasks.Waiting.Len()) {
			j := w.fresh()
			j.Parent, j.Task, j.Spec, j.Changes = array.Number, c.Job.Tasks.Waiting.First(), array.Spec, array.Changes
			j.ID = fmt.Sprintf("%s_%d", array.ID, j.Task)
			c.Job.Tasks.Waiting = c.Job.Tasks.Waiting.Rest()
			c.Waiting--
			b.Jobs = append(b.Jobs, store.Change{Job: j})
		}
	}
	b.Jobs = append(b.Jobs, c)
	return w.commit(b)
}

// change gives some jobs another state and all else anew.
func (w *walker) change() string {
	var b store.Batch
	for _, old := range w.some(1+w.r.IntN(40), turno.JobQuery{}) {
		if old.Tasks != nil {
			continue
		}
		j := w.fresh()
		j.Number, j.ID, j.Parent, j.Task, j.SubmittedAt = old.Number, old.ID, old.Parent, old.Task, old.SubmittedAt
		changeSpec(j, &old, RandomJob(w.r, 1, true).Changes)
		b.Jobs = append(b.Jobs, store.Change{Job: j, From: old.State})
	}
	if len(b.Jobs) == 0 {
		return "no job"
	}
	return w.commit(b)
}

// conflict changes many jobs, one of them from a state in which it is not.
func (w *walker) conflict() string {
	var b store.Batch
	for _, old := range w.some(10, turno.JobQuery{}) {
		b.Jobs = append(b.Jobs, move(&old, old.State))
	}
	if len(b.Jobs) == 0 {
		return "no job"
	}
	bad := &b.Jobs[w.r.IntN(len(b.Jobs))]
	switch w.r.IntN(3) {
	case 0:
		bad.From = "" // it is not new
	case 1:
		bad.From = turno.States[(slices.Index(turno.States, bad.From)+1)%len(turno.States)]
	default:
		*bad = store.Change{Job: w.fresh(), From: turno.Queued} // it is not there
	}
	return w.commit(b)
}

func (w *walker) duplicate() string {
	old := w.some(1, turno.JobQuery{})
	if len(old) == 0 {
		return "no job"
	}
	twin := w.fresh()
	twin.ID = old[0].ID
	return w.commit(store.Batch{Jobs: []store.Change{{Job: w.fresh()}, {Job: twin}}})
}

func (w *walker) workers() string {
	var b store.Batch
	for range 1 + w.r.IntN(3) {
		name := fmt.Sprint("w", w.r.IntN(8))
		if w.r.IntN(3) == 0 {
			b.Gone = append(b.Gone, name)
		} else if !slices.ContainsFunc(b.Workers, func(o turno.Worker) bool { return o.Name == name }) {
			b.Workers = append(b.Workers, turno.Worker{Name: name, State: turno.WorkerReady, JobCount: w.r.IntN(100), Since: base})
		}
	}
	return w.commit(b)
}

func (w *walker) logs() string {
	var b store.Batch
	for range 1 + w.r.IntN(3) {
		k := turno.AttemptKey{Job: int64(1 + w.r.IntN(3)), Attempt: 1 + w.r.IntN(2)}
		_, size, err := w.want.ReadLog(w.Context(), k, 0, 0)
		if err != nil {
			w.Fatal(err)
		}
		offset := max(0, size-int64(w.r.IntN(20)))
		if w.r.IntN(15) == 0 {
			offset = size + 1 + int64(w.r.IntN(20))
		}
		data := make([]byte, w.r.IntN(60))
		for i := range data {
			data[i] = byte(int(offset) + i) // what overlaps is the same
		}
		b.Logs = append(b.Logs, turno.LogChunk{AttemptKey: k, Offset: offset, Data: data})
	}
	return w.commit(b)
}

// Those that read.

func (w *walker) jobs() string {
	q := w.query()
	w.note("%+v", q)
	got, want := list(w, w.either(), q), list(w, w.want, q)
	w.same(got, want)
	if len(want) == 0 {
		return "empty"
	}
	return "ok"
}

func (w *walker) facets() string {
	q := turno.CountQuery{JobQuery: w.query(), Exact: true}
	w.note("%+v", q)
	got, want := facets(w, w.either(), q), facets(w, w.want, q)
	w.same(got, want)
	if want.Count == 0 {
		return "empty"
	}
	return "ok"
}

func (w *walker) query() turno.JobQuery {
	pick := func(of ...string) string { return of[w.r.IntN(len(of))] }
	q := turno.JobQuery{
		Queue: pick("", "", "default", "gpu", "none"), User: pick("", "", "", "ana", "ñ"), Type: pick("", "", "train"),
		Name: pick("", "", "", "a", "ALPHA", "-1"), Top: w.r.IntN(4) == 0, Limit: w.r.IntN(200),
		Search: pick("", "", "", "re", "team=green", "BLUE alpha", "an", "01890a5d-ac96-70"), OldestFirst: w.r.IntN(3) == 0,
	}
	if w.r.IntN(3) == 0 {
		q.Since = base.Add(time.Duration(w.r.Int64N(w.next+600)) * time.Second)
	}
	if w.r.IntN(3) == 0 {
		q.Until = base.Add(time.Duration(w.r.Int64N(w.next+600)) * time.Second)
	}
	for range w.r.IntN(3) {
		q.States = append(q.States, turno.States[w.r.IntN(len(turno.States))])
	}
	if array := w.some(1, turno.JobQuery{Top: true}); len(array) > 0 && w.r.IntN(4) == 0 {
		q.Parent = array[0].Number
	}
	return q
}

func (w *walker) find() string {
	var refs []turno.Ref
	for _, j := range w.some(w.r.IntN(5), turno.JobQuery{}) {
		refs = append(refs, turno.Ref{Number: j.Number, Task: -1}, turno.Ref{ID: j.ID, Task: -1})
		if j.Parent != 0 {
			refs = append(refs, turno.Ref{Number: j.Parent, Task: j.Task})
		}
	}
	if w.r.IntN(3) == 0 {
		refs = []turno.Ref{{Number: w.next + 5, Task: -1}, {Number: 1, Task: w.r.IntN(1000)}, {ID: id(1 << 40), Task: -1}}
	}
	w.note("%v", refs)
	got, err := w.either().Find(w.Context(), refs...)
	want, wantErr := w.want.Find(w.Context(), refs...)
	w.same(w.name(err), w.name(wantErr))
	w.same(got, want)
	if slices.ContainsFunc(want, func(j *turno.Job) bool { return j != nil }) {
		return "ok"
	}
	return "nothing"
}

func (w *walker) summary() string {
	w.same(summary(w, w.either()), summary(w, w.want))
	return "ok"
}

func (w *walker) load() string {
	got, state := load(w, w.either())
	want, wantState := load(w, w.want)
	w.same(state, wantState)
	w.same(got, want)
	return "ok"
}

func (w *walker) readLog() string {
	k := turno.AttemptKey{Job: int64(1 + w.r.IntN(3)), Attempt: 1 + w.r.IntN(2)}
	offset, limit := w.r.Int64N(200), w.r.IntN(200)
	w.note("%v from %d, %d", k, offset, limit)
	got, size, err := w.either().ReadLog(w.Context(), k, offset, limit)
	want, wantSize, wantErr := w.want.ReadLog(w.Context(), k, offset, limit)
	w.same(w.name(err), w.name(wantErr))
	w.same(string(got), string(want))
	w.same(size, wantSize)
	return "ok"
}

// changes reads to the end, or asks for what there is not. Opened again, an
// adapter may know no more of what was before.
func (w *walker) changes() string {
	now := newest(w, w.want)
	s := w.either()
	if w.r.IntN(5) == 0 {
		_, _, err := s.Changes(w.Context(), now+1+w.r.Uint64N(9))
		w.same(w.name(err), "reset")
		return "reset"
	}
	w.note("%d to %d", w.after, now)
	for w.after < now {
		got, next, err := s.Changes(w.Context(), w.after)
		if w.name(err) == "reset" {
			if w.done["open again: ok"] == 0 {
				w.Fatal("reset, though nothing was closed")
			}
			w.after = now
			return "forgotten"
		}
		want, _, _ := w.want.Changes(w.Context(), w.after)
		for i := range want { // the oracle keeps nanoseconds and zones as jobs have them
			want[i].At = want[i].At.UTC()
		}
		w.same(got, want[:min(len(got), len(want))])
		w.after = next
	}
	return "ok"
}
