package storetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/internal/store"
)

// searched is what S26 says, word by word.
func searched(search string, j *turno.Job) bool {
	id, _, _ := strings.Cut(j.ID, "_")
	for word := range strings.FieldsSeq(strings.ToLower(search)) {
		has := strings.Contains(strings.ToLower(j.Spec.Name), word) || strings.Contains(strings.ToLower(j.Spec.User), word) || strings.HasPrefix(id, word)
		for key, value := range j.Spec.Labels {
			has = has || strings.Contains(strings.ToLower(key+"="+value), word)
		}
		if !has {
			return false
		}
	}
	return true
}

// searches are what the tests ask of mixed jobs, beside queries.
var searches = []turno.JobQuery{
	{Search: "train"},
	{Search: " VISION  übung "},
	{Search: "team=speech"},
	{Search: "ström"},
	{Search: "m=å"},
	{Search: "run=r7"},
	{Search: "SEÑOR"},
	{Search: "bea train 1"},
	{Search: "01890A5D-AC96-70"},
	{Search: "01890a5d-ac96-7fff-8000-000000000fff"},
	{Search: "01890a5d-ac96-7010-8000-000000000010", Queue: "gpu"},
	{Search: "01890a5d-"},
	{Search: "01890a5dac"},
	{Search: "0"},
	{Search: "ff"},
	{Search: "%"},
	{Search: "' OR 1=1"},
	{Search: "vision", Name: "vision"}, // a label is no part of the name
	{Search: "ana", User: "bea"},
	{Search: "train", States: []turno.State{turno.Running, turno.Queued}, Top: true},
	{Name: "r=1"},
	{Since: base.Add(100 * time.Second)},
	{Until: base.Add(700 * time.Second)},
	{Since: base.Add(1000 * time.Second), Until: base.Add(1200 * time.Second), Queue: "gpu"},
	{Since: base.Add(1000 * time.Second), Until: base.Add(1600 * time.Second), Search: "vision"},
	{Since: base.Add(1000 * time.Second), Until: base.Add(1000 * time.Second)},
	{Since: base.Add(500 * time.Second), Until: base.Add(1500 * time.Second), States: []turno.State{turno.Failed, turno.Lost}, Type: "train"},
	{Since: base.Add(500 * time.Second), Parent: 3},
}

// reversed is a list the other way round.
func reversed(in []int64) (out []int64) {
	for i := len(in) - 1; i >= 0; i-- {
		out = append(out, in[i])
	}
	return out
}

func s26Queries(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	all := mixed(w, 2500)
	for _, q := range append(append([]turno.JobQuery{}, queries...), searches...) {
		var want []int64
		for _, j := range all {
			if selected(q, j) {
				want = append(want, j.Number)
			}
		}
		for _, q.Limit = range []int{37, 1000} {
			q.OldestFirst = false
			equal(t, fmt.Sprintf("Jobs(%+v)", q), numbers(list(t, w.Store, q)), want)
			q.OldestFirst = true
			equal(t, fmt.Sprintf("Jobs(%+v)", q), numbers(list(t, w.Store, q)), reversed(want))
		}
	}
}

// s27Times has a clock that goes back and forth, and tasks that bear the time of their array.
func s27Times(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	r := rand.New(rand.NewPCG(5, 6))
	jobs := w.add(2000, func(j *turno.Job) {
		j.SubmittedAt = base.Add(time.Duration(r.IntN(4000)-2000)*time.Second + time.Duration(r.IntN(3))*time.Microsecond)
	})
	jobs[7].Job.SubmittedAt = base.Add(time.Second + 999) // finer than a microsecond is cut
	w.commit(store.Batch{Jobs: jobs[:1500]})
	w.commit(store.Batch{Jobs: jobs[1500:]})
	for _, q := range []turno.JobQuery{
		{Since: base}, {Until: base}, {Since: base.Add(-time.Hour)}, {Since: base.Add(time.Hour)},
		{Since: base.Add(time.Second), Until: base.Add(time.Second + time.Microsecond)},
		{Since: base.Add(-5 * time.Minute), Until: base.Add(5 * time.Minute), Limit: 7},
	} {
		var want []int64
		for n := len(jobs) - 1; n >= 0; n-- {
			if selected(q, jobs[n].Job) {
				want = append(want, jobs[n].Job.Number)
			}
		}
		equal(t, fmt.Sprintf("Jobs(%+v)", q), numbers(list(t, w.Store, q)), want)
		equal(t, fmt.Sprintf("Facets(%+v)", q), facets(t, w.Store, turno.CountQuery{JobQuery: q}).Count, int64(len(want)))
	}
}

func s28Cursor(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	w.commit(store.Batch{Jobs: w.add(30, nil)})
	for _, oldest := range []bool{false, true} {
		page, err := w.Jobs(t.Context(), turno.JobQuery{Limit: 10, OldestFirst: oldest})
		if err != nil || page.NextCursor == "" {
			t.Fatal(page.NextCursor, err)
		}
		for _, bad := range []string{page.NextCursor, "a", "x1", "-1"} {
			if _, err := w.Jobs(t.Context(), turno.JobQuery{Cursor: bad, OldestFirst: !oldest}); err == nil {
				t.Errorf("cursor %q was taken with OldestFirst %v", bad, !oldest)
			}
		}
	}
}

func facets(t testing.TB, s store.Store, q turno.CountQuery) turno.Facets {
	t.Helper()
	f, err := s.(store.Facets).Facets(t.Context(), q)
	if err != nil {
		t.Fatalf("Facets(%+v): %v", q, err)
	}
	return f
}

func s29Facets(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	all := mixed(w, 2500)
	for _, q := range append(append([]turno.JobQuery{}, queries...), searches...) {
		want := turno.Facets{States: map[turno.State]int64{}, Queues: map[string]int64{}, Users: map[string]int64{}, Types: map[string]int64{}}
		for _, j := range all {
			but := func(change func(*turno.JobQuery)) bool {
				q := q
				change(&q)
				return selected(q, j)
			}
			if selected(q, j) {
				want.Count++
			}
			if but(func(q *turno.JobQuery) { q.States = nil }) {
				want.States[j.State]++
			}
			if but(func(q *turno.JobQuery) { q.Queue = "" }) {
				want.Queues[j.Spec.Queue]++
			}
			if but(func(q *turno.JobQuery) { q.User = "" }) {
				want.Users[j.Spec.User]++
			}
			if but(func(q *turno.JobQuery) { q.Type = "" }) {
				want.Types[j.Spec.Type]++
			}
		}
		for _, exact := range []bool{false, true} { // of so few all are looked at
			equal(t, fmt.Sprintf("Facets(%+v)", q), facets(t, w.Store, turno.CountQuery{JobQuery: q, Exact: exact}), want)
		}
	}
	if _, err := w.Store.(store.Facets).Facets(ended(t.Context()), turno.CountQuery{}); err == nil {
		t.Error("Facets answered though its context had ended")
	}
}
