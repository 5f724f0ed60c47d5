package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"turno"
	"turno/internal/store"
)

func s7Load(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	_, state := load(t, w.Store)
	equal(t, "empty", state, store.State{Next: 1})
	jobs := w.add(3000, nil)
	w.commit(store.Batch{Jobs: jobs, Workers: []turno.Worker{{Name: "b"}, {Name: "a"}, {Name: "c"}}, Gone: []string{"c"}})
	var ends []store.Change
	var want []*turno.Job
	for i, c := range jobs {
		if i%7 == 3 {
			want = append(want, c.Job)
			continue
		}
		ends = append(ends, move(c.Job, turno.States[5+i%4]))
	}
	slices.Reverse(ends) // the order of changes is not the order of numbers
	w.commit(store.Batch{Jobs: ends})
	got, state := load(t, w.Store)
	equal(t, "jobs", got, want)
	equal(t, "state", state, store.State{Next: 3001, Workers: []turno.Worker{{Name: "a"}, {Name: "b"}}})
	w.next = 5
	w.commit(store.Batch{})
	_, state = load(t, w.Store)
	equal(t, "next", state.Next, int64(3001))

	stop := fmt.Errorf("enough")
	n := 0
	_, err := w.Load(t.Context(), func(*turno.Job) error { n++; return stop })
	if err == nil || !strings.Contains(err.Error(), "enough") || n != 1 {
		t.Errorf("Load went on after an error: %v, %d", err, n)
	}
}

// mixed fills a store with jobs of many kinds, an array among them, and gives
// them as they then are, newest first.
func mixed(w *writer, n int) []*turno.Job {
	pick := func(i int, of ...string) string { return of[i%len(of)] }
	changes := w.add(n, func(j *turno.Job) {
		i := int(j.Number)
		j.Spec = &turno.Spec{
			Name:  fmt.Sprintf("%s %d ä%%_é", pick(i, "Train", "infer", "ÜBUNG"), i),
			Queue: pick(i, "default", "gpu", "night"),
			User:  pick(i/2, "ana", "bea", "señor ñ", "dan", "eva"),
			Type:  pick(i/5, "exec", "matmul", "train"),
		}
		if i%3 == 0 {
			j.Spec.Labels = map[string]string{"team": pick(i/3, "Vision", "speech", "ÅNGSTRÖM lab"), "run": fmt.Sprint("r", i%50)}
		}
		j.State = turno.States[i%len(turno.States)]
		if i%11 == 5 && i > 11 {
			j.Parent, j.Task = 3, i
			j.ID = fmt.Sprintf("%s_%d", id(3), i)
		}
		if i == 3 {
			j.Tasks = &turno.TaskCount{Total: n, Waiting: turno.Ranges{{First: 0, Last: 3, Step: 1}}}
		}
	})
	var jobs []*turno.Job
	for part := range slices.Chunk(changes, 300) {
		w.commit(store.Batch{Jobs: part})
	}
	for _, c := range slices.Backward(changes) {
		jobs = append(jobs, c.Job)
	}
	return jobs
}

// queries are what the tests ask of mixed jobs.
var queries = []turno.JobQuery{
	{},
	{Top: true},
	{Parent: 3},
	{Parent: 3, Top: true},
	{Parent: 4},
	{States: []turno.State{turno.Running}},
	{States: []turno.State{turno.Failed, turno.Lost, turno.Held}},
	{Queue: "gpu"},
	{Queue: "none"},
	{User: "señor ñ"},
	{Type: "train"},
	{Name: "train"},
	{Name: "übung 1"},
	{Name: "%_"},
	{Name: "' OR 1=1"},
	{Name: "1", User: "bea", States: []turno.State{turno.Succeeded, turno.Queued}},
	{Queue: "night", User: "eva", Type: "exec", Top: true},
	{Queue: "night", User: "eva", Type: "exec", States: []turno.State{turno.Starting}},
}

func s8Filters(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	all := mixed(w, 2500)
	for _, q := range queries {
		var want []int64
		for _, j := range all {
			if selected(q, j) {
				want = append(want, j.Number)
			}
		}
		for _, q.Limit = range []int{0, 37, 1000} {
			equal(t, fmt.Sprintf("Jobs(%+v)", q), numbers(list(t, w.Store, q)), want)
		}
	}
	page, err := w.Jobs(t.Context(), turno.JobQuery{Limit: 5000})
	if err != nil || len(page.Items) > 1000 {
		t.Errorf("a page of %d, %v", len(page.Items), err)
	}
	if page, err = w.Jobs(t.Context(), turno.JobQuery{}); err != nil || len(page.Items) != 100 {
		t.Errorf("a page of %d, %v", len(page.Items), err)
	}
}

func numbers(jobs []turno.Job) (n []int64) {
	for _, j := range jobs {
		n = append(n, j.Number)
	}
	return n
}

func selected(q turno.JobQuery, j *turno.Job) bool {
	has := func(want, got string) bool { return want == "" || want == got }
	at := j.SubmittedAt.UnixMicro()
	if !q.Since.IsZero() && at < q.Since.UnixMicro() || !q.Until.IsZero() && at >= q.Until.UnixMicro() || !searched(q.Search, j) {
		return false
	}
	return (len(q.States) == 0 || slices.Contains(q.States, j.State)) &&
		has(q.Queue, j.Spec.Queue) && has(q.User, j.Spec.User) && has(q.Type, j.Spec.Type) &&
		strings.Contains(strings.ToLower(j.Spec.Name), strings.ToLower(q.Name)) &&
		(q.Parent == 0 || j.Parent == q.Parent) && (!q.Top || j.Parent == 0)
}

func s8WhileWriting(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	w.commit(store.Batch{Jobs: w.add(95, nil)})
	var got []int64
	q := turno.JobQuery{Limit: 10}
	for {
		page, err := w.Jobs(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range page.Items {
			got = append(got, j.Number)
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
		w.commit(store.Batch{Jobs: w.add(7, nil)})
	}
	var want []int64
	for n := int64(95); n > 0; n-- {
		want = append(want, n)
	}
	equal(t, "numbers", got, want)
}

func s8Cursor(t *testing.T, f Factory) {
	s := f.New(t)
	for _, bad := range []string{"x", "-1", "0", "1; DROP TABLE jobs", "99999999999999999999"} {
		if _, err := s.Jobs(t.Context(), turno.JobQuery{Cursor: bad}); err == nil {
			t.Errorf("cursor %q was taken", bad)
		}
	}
}

func s9Find(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	all := mixed(w, 100)
	slices.Reverse(all)
	task := all[15] // number 16
	if task.Parent != 3 {
		t.Fatalf("the test's own fault: %+v", task)
	}
	refs := []turno.Ref{
		{Number: 7, Task: -1},
		{ID: id(9), Task: -1},
		{Number: 3, Task: 16},
		{ID: id(3), Task: 16},
		{ID: task.ID, Task: -1},
		{Number: 1000, Task: -1},
		{Number: 3, Task: 17},
		{Number: 4, Task: 0},
		{ID: id(1000), Task: -1},
		{ID: id(3), Task: 17},
		{ID: "no-uuid", Task: -1},
		{Number: 7, Task: -1},
	}
	got, err := w.Find(t.Context(), refs...)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "found", got, []*turno.Job{all[6], all[8], task, task, task, nil, nil, nil, nil, nil, nil, all[6]})
	if got, err := w.Find(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("Find nothing: %v, %v", got, err)
	}
	var many []turno.Ref
	for i := range 2500 {
		many = append(many, turno.Ref{Number: int64(i % 100), Task: -1})
	}
	got, err = w.Find(t.Context(), many...)
	if err != nil || len(got) != len(many) || got[2401].Number != 1 || got[2400] != nil {
		t.Errorf("Find many: %d, %v", len(got), err)
	}
}

func s10Counts(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	equal(t, "empty", summary(t, w.Store), turno.Summary{})
	jobs := w.add(600, func(j *turno.Job) {
		j.Spec.Queue = fmt.Sprint("q", j.Number%3)
		if j.Number%4 != 0 {
			j.Spec.User = "ben"
		}
	})
	w.commit(store.Batch{Jobs: jobs})
	equal(t, "queued", summary(t, w.Store), turno.Summary{
		States: map[turno.State]int64{turno.Queued: 600},
		Queues: map[string]map[turno.State]int64{
			"q0": {turno.Queued: 200}, "q1": {turno.Queued: 200}, "q2": {turno.Queued: 200},
		},
		Users: map[string]map[turno.State]int64{"ana": {turno.Queued: 150}, "ben": {turno.Queued: 450}},
	})
	var moves []store.Change
	for _, c := range jobs {
		if to := turno.States[c.Job.Number%9]; c.Job.Number%3 != 0 {
			moves = append(moves, move(c.Job, to))
		} else {
			moves = append(moves, move(c.Job, turno.Running))
		}
	}
	w.commit(store.Batch{Jobs: moves})
	want := turno.Summary{States: map[turno.State]int64{}, Queues: map[string]map[turno.State]int64{}, Users: map[string]map[turno.State]int64{}}
	for _, c := range moves {
		want.States[c.Job.State]++
		if want.Queues[c.Job.Spec.Queue] == nil {
			want.Queues[c.Job.Spec.Queue] = map[turno.State]int64{}
		}
		if want.Users[c.Job.Spec.User] == nil {
			want.Users[c.Job.Spec.User] = map[turno.State]int64{}
		}
		want.Queues[c.Job.Spec.Queue][c.Job.State]++
		want.Users[c.Job.Spec.User][c.Job.State]++
	}
	equal(t, "moved", summary(t, w.Store), want)
}

func s10Waiting(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	check := func(what string, want map[turno.State]int64) {
		t.Helper()
		sum := turno.Summary{}
		if len(want) > 0 {
			sum = turno.Summary{States: want, Queues: map[string]map[turno.State]int64{"default": want}, Users: map[string]map[turno.State]int64{"ana": want}}
		}
		equal(t, what, summary(t, w.Store), sum)
	}
	array := w.add(1, func(j *turno.Job) {
		j.Spec.Array = &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 9, Step: 1}}}
		j.Tasks = &turno.TaskCount{Total: 10, Waiting: j.Spec.Array.Tasks}
		j.State = turno.Held
	})
	array[0].Waiting = 10
	w.commit(store.Batch{Jobs: array})
	check("held", map[turno.State]int64{turno.Held: 10})

	c := move(array[0].Job, turno.Queued)
	w.commit(store.Batch{Jobs: []store.Change{c}})
	check("released", map[turno.State]int64{turno.Queued: 10})

	// Two tasks start: the array has eight that wait.
	c = move(c.Job, turno.Running)
	c.Job.Tasks = &turno.TaskCount{Total: 10, Waiting: c.Job.Tasks.Waiting.Rest().Rest(), Active: 2}
	c.Waiting = -2
	tasks := w.add(2, func(j *turno.Job) {
		j.Parent, j.Task, j.State, j.Spec = c.Job.Number, int(j.Number)-2, turno.Starting, c.Job.Spec
		j.ID = fmt.Sprintf("%s_%d", c.Job.ID, j.Task)
	})
	w.commit(store.Batch{Jobs: append(tasks, c)})
	check("started", map[turno.State]int64{turno.Queued: 8, turno.Starting: 2})

	// Held again, and one more task at the same time.
	c = move(c.Job, turno.Held)
	c.Job.Tasks = &turno.TaskCount{Total: 10, Waiting: c.Job.Tasks.Waiting.With(0), Active: 1}
	c.Waiting = 1
	w.commit(store.Batch{Jobs: []store.Change{c, move(tasks[0].Job, turno.Lost)}})
	check("held again", map[turno.State]int64{turno.Held: 9, turno.Starting: 1, turno.Lost: 1})

	// Cancelled: what waited is gone, counted or not.
	c = move(c.Job, turno.Cancelled)
	c.Waiting = -9
	w.commit(store.Batch{Jobs: []store.Change{c}})
	check("cancelled", map[turno.State]int64{turno.Starting: 1, turno.Lost: 1})
}
