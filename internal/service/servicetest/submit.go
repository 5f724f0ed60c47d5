package servicetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"turno"
)

var submitTests = map[string]func(*testing.T, Front){
	"Submit_Single": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		s := e.submit(t, turno.Spec{Type: "noop", Params: []byte(`{"n": 1}`)})
		want(t, "number", s.Number, 1)
		if !turno.ValidID(s.ID) {
			t.Errorf("id %q is not a UUID", s.ID)
		}
		if made, ok := turno.IDTime(s.ID); !ok || time.Since(made).Abs() > time.Minute {
			t.Errorf("id %q is not a UUIDv7 of now", s.ID)
		}
		got := must(e.Job(t.Context(), "1"))(t)
		want(t, "queue", got.Spec.Queue, "default")
		want(t, "name, from the workload", got.Spec.Name, "nothing")
		want(t, "cpus", got.Spec.CPUs, turno.CPU)
		want(t, "id", got.ID, s.ID)
	},
	"Submit_InputsOfJobsByNumber": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		source := e.submit(t, turno.Spec{Type: "noop"})
		given := []turno.File{{Path: "a", From: "job:1/x/y"}, {Path: "b", From: "job:" + source.ID + "/z"}}
		number := e.submit(t, turno.Spec{Type: "noop", Inputs: given})
		want(t, "the list given", given[0].From, "job:1/x/y")
		got := must(e.Job(t.Context(), number.ID))(t)
		want(t, "by number", got.Spec.Inputs[0].From, "job:"+source.ID+"/x/y")
		want(t, "by id", got.Spec.Inputs[1].From, given[1].From)
		want(t, "dependencies", fmt.Sprint(got.Spec.After), fmt.Sprint([]turno.Dependency{{Job: source.ID, When: turno.AfterOK}}))
		out := must(e.Submit(t.Context(), []turno.NewJob{{Spec: &turno.Spec{Type: "noop", Inputs: []turno.File{{Path: "a", From: "job:99/x"}}}}}))(t)
		want(t, "of no job", codeOf(out[0].Error), turno.CodeInvalid)
	},
	"Submit_NothingIsNothing": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		out := must(e.Submit(t.Context(), nil))(t)
		want(t, "answers", len(out), 0)
	},
	"Submit_LeavesTheSpecAlone": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		spec := &turno.Spec{Type: "noop"}
		must(e.Submit(t.Context(), []turno.NewJob{{Spec: spec}}))(t)
		want(t, "queue", spec.Queue, "")
		want(t, "name", spec.Name, "")
	},
	"Submit_EveryFieldArrives": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		before := e.submit(t, turno.Spec{})
		spec := turno.Spec{
			Name: "lr=0.1 «ñ» 日本 \"q\" \\", Queue: "fast", User: "ana", Labels: map[string]string{"b": "<2>", "a": "1"},
			Type: "noop", Params: []byte(`{"x":[1,2,{"y":"é<"}]}`),
			Env: map[string]string{"http_proxy": "a", "HTTP_PROXY": "b\n\t\u2028"}, Dir: "/tmp/ñ", Device: turno.DeviceGPU,
			GPUs: 9, GPUModel: "A100", GPUMemory: 1 << 34, CPUs: 1500, Memory: 1 << 30, Workers: []string{"w1", "w2"},
			Exclude: []string{"w3"}, Priority: -5, Retries: 2, Backoff: turno.Duration(1500 * time.Millisecond),
			TimeLimit: turno.Duration(time.Hour), Grace: turno.Duration(time.Second),
			Begin:    time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC),
			Deadline: time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC), NoRequeue: true, Hold: true, Webhook: "https://example.org/?a=1&b=%3C2%3E",
			Array: &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 8, Step: 2}}, Limit: 2},
			After: []turno.Dependency{{Job: "1", When: turno.AfterOK}, {Job: before.ID, When: turno.AfterAny}},
		}
		s := e.submit(t, spec)
		if s.Warning == "" {
			t.Error("the warning was lost")
		}
		got := must(e.Job(t.Context(), s.ID))(t)
		if have, asked := fmt.Sprintf("%+v", *got.Spec), fmt.Sprintf("%+v", spec); !equalSpecs(got.Spec, &spec) {
			t.Errorf("got  %s\nwant %s", have, asked)
		}
	},
	"Submit_Bulk": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		jobs := noops(3500)
		out := must(e.Submit(t.Context(), jobs))(t)
		want(t, "answers", len(out), len(jobs))
		seen := map[int64]bool{}
		last := ""
		for i := range out {
			if out[i].Error != nil || out[i].Number < 1 || seen[out[i].Number] {
				t.Fatalf("job %d: %+v", i, out[i])
			}
			if out[i].ID <= last {
				t.Fatalf("job %d: id %s is not after %s", i, out[i].ID, last)
			}
			seen[out[i].Number], last = true, out[i].ID
		}
		for _, i := range []int{0, 999, 1000, 3499} {
			got := must(e.Job(t.Context(), out[i].ID))(t)
			want(t, "params", string(got.Spec.Params), fmt.Sprintf(`{"n":%d}`, i))
		}
		if e.sched.messages > 8 {
			t.Errorf("%d messages for 3500 jobs", e.sched.messages)
		}
	},
	"Submit_OneSpecManyTimes": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		spec := &turno.Spec{Type: "noop"}
		jobs := make([]turno.NewJob, 50)
		for i := range jobs {
			jobs[i].Spec = spec
		}
		for i, s := range must(e.Submit(t.Context(), jobs))(t) {
			want(t, "number", s.Number, int64(i+1))
		}
	},
	"Submit_Refused": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		for _, c := range refusals {
			out := must(e.Submit(t.Context(), []turno.NewJob{c.job}))(t)
			if out[0].Error == nil {
				t.Errorf("%s was taken", c.name)
				continue
			}
			want(t, c.name+": code", out[0].Error.Code, c.code)
			want(t, c.name+": field", out[0].Error.Field, c.field)
			want(t, c.name+": number", out[0].Number, 0)
		}
		sum := must(e.Summary(t.Context()))(t)
		want(t, "jobs", len(sum.States), 0)
	},
	"Submit_Mixed": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		jobs := noops(5)
		jobs[0].Spec.Type = "refused"
		jobs[2].Spec.GPUs = -1
		jobs[3].ID = "not an id"
		out := must(e.Submit(t.Context(), jobs))(t)
		want(t, "by the scheduler", codeOf(out[0].Error), turno.CodeUnsatisfied)
		want(t, "its hint", out[0].Error.Hint, "ask for less")
		want(t, "taken", out[1].Number, 1)
		want(t, "by the check", codeOf(out[2].Error), turno.CodeInvalid)
		want(t, "by its id", codeOf(out[3].Error), turno.CodeInvalid)
		want(t, "taken too", out[4].Number, 2)
		want(t, "messages", e.sched.messages, 1)
	},
	"Submit_SameIDIsSameJob": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		first := e.submit(t, turno.Spec{})
		again := noops(2)
		again[0].ID = first.ID
		out := must(e.Submit(t.Context(), again))(t)
		want(t, "number", out[0].Number, first.Number)
		want(t, "the next", out[1].Number, first.Number+1)
	},
	"Submit_RetryOf": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		e.submit(t, turno.Spec{})
		jobs := noops(1)
		jobs[0].RetryOf = 1
		out := must(e.Submit(t.Context(), jobs))(t)
		want(t, "retry of", must(e.Job(t.Context(), out[0].ID))(t).RetryOf, 1)
	},
	"Submit_LargeParams": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		jobs := noops(12)
		for i := range jobs {
			jobs[i].Spec.Params = fmt.Appendf(nil, `{"n":%d,"x":"%s"}`, i, strings.Repeat("x", 250<<10))
		}
		for i, s := range must(e.Submit(t.Context(), jobs))(t) {
			if s.Error != nil {
				t.Fatalf("job %d: %v", i, s.Error)
			}
		}
		got := must(e.Job(t.Context(), "12"))(t)
		if !bytes.HasPrefix(got.Spec.Params, []byte(`{"n":11,`)) || len(got.Spec.Params) < 250<<10 {
			t.Errorf("params of %d bytes", len(got.Spec.Params))
		}
	},
	"Submit_NoAnswer": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{silent: true, timeout: 20 * time.Millisecond})
		jobs := noops(2)
		jobs[1].Spec.GPUs = -1
		out := must(e.Submit(t.Context(), jobs))(t)
		want(t, "code", codeOf(out[0].Error), turno.CodeUnavailable)
		if !strings.Contains(out[0].Error.Hint, "same id") || !turno.ValidID(out[0].ID) {
			t.Errorf("does not say how to go on: %+v", out[0])
		}
		want(t, "the refused one", codeOf(out[1].Error), turno.CodeInvalid)
	},
	"Submit_NoAnswerButDurable": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{silent: true, durable: true, timeout: 20 * time.Millisecond})
		out := must(e.Submit(t.Context(), noops(1)))(t)
		want(t, "code", codeOf(out[0].Error), "none")
		want(t, "number", out[0].Number, 0)
	},
	"Submit_ContextEnds": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{silent: true})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := e.Submit(ctx, noops(1)); err == nil {
			t.Error("did not end with its context")
		}
	},
}

var refusals = []struct {
	name  string
	job   turno.NewJob
	code  turno.Code
	field string
}{
	{"no spec", turno.NewJob{}, turno.CodeInvalid, "spec"},
	{"id", turno.NewJob{ID: "../x\"", Spec: &turno.Spec{Type: "noop"}}, turno.CodeInvalid, "id"},
	{"upper id", turno.NewJob{ID: "0190A000-0000-7000-8000-000000000000", Spec: &turno.Spec{Type: "noop"}}, turno.CodeInvalid, "id"},
	{"unknown type", turno.NewJob{Spec: &turno.Spec{Type: "nope"}}, turno.CodeInvalid, "type"},
	{"params", turno.NewJob{Spec: &turno.Spec{Type: "noop", Params: []byte(`{"bad":1}`)}}, turno.CodeInvalid, "params.bad"},
	{"gpus", turno.NewJob{Spec: &turno.Spec{Type: "noop", GPUs: -1}}, turno.CodeInvalid, "gpus"},
	{"reserved", turno.NewJob{Spec: &turno.Spec{Type: "noop", Env: map[string]string{"LD_PRELOAD": "x"}}}, turno.CodeInvalid, "env.LD_PRELOAD"},
	{"name", turno.NewJob{Spec: &turno.Spec{Type: "noop", Name: "a\nb"}}, turno.CodeInvalid, "name"},
	{"override", turno.NewJob{Spec: &turno.Spec{Type: "noop", Name: "a\u202eb"}}, turno.CodeInvalid, "name"},
	{"long name", turno.NewJob{Spec: &turno.Spec{Type: "noop", Name: strings.Repeat("n", 10_000)}}, turno.CodeInvalid, "name"},
	{"large", turno.NewJob{Spec: &turno.Spec{Type: "noop", Params: []byte(`"` + strings.Repeat("x", 256<<10) + `"`)}}, turno.CodeTooLarge, "params"},
	{"retry of", turno.NewJob{RetryOf: -1, Spec: &turno.Spec{Type: "noop"}}, turno.CodeInvalid, "retry_of"},
}
