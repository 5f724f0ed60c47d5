package storetest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"turno"
	"turno/internal/store"
)

// filler sets every field of a value to something random, nothing to zero
// unless sparse. It goes by reflection, so that a new field of the vocabulary
// is in these tests the day it is added.
type filler struct {
	r      *rand.Rand
	sparse bool
}

var special = map[reflect.Type]func(r *rand.Rand) any{
	reflect.TypeFor[time.Time](): func(r *rand.Rand) any {
		return base.Add(time.Duration(r.Int64N(int64(1000*time.Hour))) / 1000 * 1000)
	},
	reflect.TypeFor[turno.Duration]():  func(r *rand.Rand) any { return turno.Duration(1 + r.Int64N(1e12)) },
	reflect.TypeFor[json.RawMessage](): func(r *rand.Rand) any { return json.RawMessage(fmt.Sprintf(`{"x":[%d,"ü\u003c"]}`, r.Int())) },
	reflect.TypeFor[turno.Range](): func(r *rand.Rand) any {
		first, step := r.IntN(100), 1+r.IntN(5)
		return turno.Range{First: first, Last: first + step*(1+r.IntN(5)), Step: step}
	},
	reflect.TypeFor[turno.Array](): func(r *rand.Rand) any { // one without tasks there is not
		return turno.Array{Tasks: turno.Ranges{{First: 3, Last: 3 + r.IntN(9), Step: 1}}, Limit: r.IntN(3)}
	},
	reflect.TypeFor[turno.Ranges](): func(r *rand.Rand) any {
		return turno.Ranges{{First: 0, Last: 1 + r.IntN(9), Step: 1}, {First: 100, Last: 100 + 7*(1+r.IntN(5)), Step: 7}}
	},
}

func (f filler) fill(v reflect.Value) {
	if f.sparse && v.Type() != reflect.TypeFor[turno.Array]() && f.r.IntN(3) == 0 {
		return
	}
	if make, ok := special[v.Type()]; ok {
		v.Set(reflect.ValueOf(make(f.r)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		texts := []string{"a", "Zeile\n", "\"quoted\\\"", "señor", "\u2028", "<&>", "日本", "tab\t\x01\x7f", "x y z"}
		v.SetString(texts[f.r.IntN(len(texts))] + fmt.Sprint(f.r.IntN(1000)))
	case reflect.Int, reflect.Int64:
		v.SetInt(1 + f.r.Int64N(1<<30))
	case reflect.Uint32:
		v.SetUint(1 + f.r.Uint64N(0o777))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Struct:
		for _, field := range v.Fields() {
			f.fill(field)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+f.r.IntN(3), 3))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Float64:
		v.SetFloat(f.r.NormFloat64() * 1e-3)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 1 + f.r.IntN(3) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(key)
			f.fill(value)
			v.SetMapIndex(key, value)
		}
	default:
		panic("storetest: cannot fill a " + v.Type().String())
	}
}

// RandomJob is a job in which everything is set, or, sparse, some of it.
func RandomJob(r *rand.Rand, number int64, sparse bool) *turno.Job {
	j := &turno.Job{Spec: &turno.Spec{}}
	filler{r, sparse}.fill(reflect.ValueOf(j).Elem())
	if j.Spec == nil {
		j.Spec = &turno.Spec{}
	}
	j.Number, j.ID = number, id(number)
	j.Webhook = nil               // kept apart: see S23
	if c := j.Changes; c != nil { // no list is not the empty one
		for _, names := range []**[]string{&c.Workers, &c.Exclude} {
			if *names != nil && **names == nil {
				*names = nil
			}
		}
	}
	j.Spec = j.Changes.Apply(j.Spec)
	j.State = turno.States[r.IntN(len(turno.States))]
	if r.IntN(2) == 0 { // as it mostly is: the job's result is its last attempt's
		if a := j.Current(); a != nil && a.Result != nil {
			j.Result = new(*a.Result)
		}
	}
	return j
}

// changeSpec makes j a later version of another job: with the changes of that
// and further ones, which may be nil.
func changeSpec(j, before *turno.Job, further *turno.SpecChange) {
	j.Spec, j.Changes = before.Spec, before.Changes
	if further != nil {
		j.Changes = before.Changes.And(further)
		j.Spec = j.Changes.Apply(before.Spec)
	}
}

func s6Fields(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	r := rand.New(rand.NewPCG(1, 2))
	var worker turno.Worker
	filler{r: r}.fill(reflect.ValueOf(&worker).Elem())
	var jobs []store.Change
	for n := range int64(20) {
		jobs = append(jobs, store.Change{Job: RandomJob(r, n+1, false)})
	}
	w.next = 21
	w.commit(store.Batch{Jobs: jobs, Workers: []turno.Worker{worker}})
	checkJobs(t, w.Store, jobs)
	// Changed as a whole, except for what never changes.
	for i, c := range jobs {
		j := RandomJob(r, c.Job.Number, false)
		j.Parent, j.Task, j.ID, j.SubmittedAt = c.Job.Parent, c.Job.Task, c.Job.ID, c.Job.SubmittedAt
		changeSpec(j, c.Job, j.Changes)
		jobs[i] = store.Change{Job: j, From: c.Job.State}
	}
	w.commit(store.Batch{Jobs: jobs})
	checkJobs(t, w.Store, jobs)
	_, state := load(t, w.Store)
	equal(t, "worker", state.Workers, []turno.Worker{worker})
}

func s6Random(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	r := rand.New(rand.NewPCG(3, 4))
	var jobs []store.Change
	for n := range int64(400) {
		j := RandomJob(r, n+1, true)
		if n == 0 { // the zero of a machine's clock is a time like any other
			j.Since, j.SubmittedAt, j.StartedAt = time.Unix(0, 0), time.Unix(0, 1000), time.Unix(0, -1000)
		}
		if n == 1 { // finer than a microsecond is cut, zones are left behind
			j.Since = base.Add(999).In(time.FixedZone("", 3600))
		}
		jobs = append(jobs, store.Change{Job: j})
	}
	w.next = 401
	w.commit(store.Batch{Jobs: jobs})
	jobs[1].Job = new(*jobs[1].Job)
	jobs[1].Job.Since = base
	checkJobs(t, w.Store, jobs)
	if got := find(t, w.Store, turno.Ref{Number: 2, Task: -1}); got.Since.Location() != time.UTC {
		t.Errorf("a time in %v", got.Since.Location())
	}
}

// checkJobs reads each job in each way.
func checkJobs(t *testing.T, s store.Store, jobs []store.Change) {
	t.Helper()
	byNumber := map[int64]*turno.Job{}
	for _, c := range jobs {
		equal(t, "Find", find(t, s, turno.Ref{Number: c.Job.Number, Task: -1}), c.Job)
		byNumber[c.Job.Number] = c.Job
	}
	for _, j := range list(t, s, turno.JobQuery{}) {
		equal(t, "Jobs", &j, byNumber[j.Number])
	}
	loaded, _ := load(t, s)
	for _, j := range loaded {
		equal(t, "Load", j, byNumber[j.Number])
	}
}

func s6Tasks(t *testing.T, f Factory) {
	w := newWriter(t, f.New(t))
	array := w.add(1, func(j *turno.Job) {
		j.Tasks = &turno.TaskCount{Total: 3, Waiting: turno.Ranges{{First: 0, Last: 2, Step: 1}}}
		j.Spec.Params = json.RawMessage(`{"n":1}`)
	})
	array[0].Waiting = 3
	w.commit(store.Batch{Jobs: array})
	task := func(index int, spec *turno.Spec) store.Change {
		j := simple(w.next)
		w.next++
		j.Parent, j.Task, j.ID, j.Spec = 1, index, fmt.Sprintf("%s_%d", id(1), index), spec
		return store.Change{Job: j}
	}
	// The array's own spec, one that is equal, and one that is not.
	tasks := []store.Change{
		task(0, array[0].Job.Spec), task(1, array[0].Job.Spec.Clone()),
		task(2, &turno.Spec{Name: "another", Queue: "default", Type: "exec"}),
	}
	w.commit(store.Batch{Jobs: append([]store.Change{{Job: array[0].Job, From: turno.Queued}}, tasks...)})
	checkJobs(t, w.Store, append(tasks, array...))
	// An array in the batch of its tasks.
	second := w.add(1, func(j *turno.Job) { j.Tasks = &turno.TaskCount{Total: 1} })
	j := simple(w.next)
	w.next++
	j.Parent, j.ID, j.Spec = second[0].Job.Number, second[0].Job.ID+"_0", second[0].Job.Spec
	w.commit(store.Batch{Jobs: []store.Change{second[0], {Job: j}}})
	checkJobs(t, w.Store, append(append(tasks, array...), second[0], store.Change{Job: j}))
}
