package servicetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"turno"
)

// old is before any job.
var old = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// some fills a service with jobs 1 to 6.
func some(t *testing.T, e *env) {
	t.Helper()
	e.submit(t, turno.Spec{Name: "Train A", Queue: "fast", User: "ana"})
	e.submit(t, turno.Spec{Name: "train b", User: "bo"})
	e.submit(t, turno.Spec{Name: "eval", Hold: true, Labels: map[string]string{"team": "Vision"}})
	e.submit(t, turno.Spec{Name: "sweep", Array: &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 9, Step: 1}}, Limit: 1}})
	e.sched.expand(4, 3) // number 5
	e.submit(t, turno.Spec{Name: "100% <_> ' OR 1=1 --"})
	e.sched.start(2)
}

var readTests = map[string]func(*testing.T, Front){
	"Jobs_Filters": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		some(t, e)
		for _, c := range []struct {
			q    turno.JobQuery
			want string
		}{
			{turno.JobQuery{}, "6 4_3 4 3 2 1"},
			{turno.JobQuery{Top: true}, "6 4 3 2 1"},
			{turno.JobQuery{Parent: 4}, "4_3"},
			{turno.JobQuery{States: []turno.State{turno.Running, turno.Held}}, "4 3 2"},
			{turno.JobQuery{Queue: "fast"}, "1"},
			{turno.JobQuery{User: "bo"}, "2"},
			{turno.JobQuery{Type: "other"}, ""},
			{turno.JobQuery{Name: "TRAIN"}, "2 1"},
			{turno.JobQuery{Name: "' or 1=1"}, "6"},
			{turno.JobQuery{Name: "%"}, "6"},
			{turno.JobQuery{Name: "'; DROP TABLE jobs"}, ""},
			{turno.JobQuery{User: "' OR ''='"}, ""},
			{turno.JobQuery{Search: "train BO"}, "2"},
			{turno.JobQuery{Search: "team=vision"}, "3"},
			{turno.JobQuery{Search: "' or 1=1"}, "6"},
			{turno.JobQuery{OldestFirst: true}, "1 2 3 4 4_3 6"},
			{turno.JobQuery{Since: old, OldestFirst: true, Queue: "fast"}, "1"},
			{turno.JobQuery{Until: old}, ""},
		} {
			page := must(e.Jobs(t.Context(), c.q))(t)
			var got []string
			for i := range page.Items {
				got = append(got, page.Items[i].Display())
			}
			want(t, fmt.Sprintf("%+v", c.q), strings.Join(got, " "), c.want)
		}
	},
	"Jobs_Pages": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		must(e.Submit(t.Context(), noops(25)))(t)
		q := turno.JobQuery{Limit: 10}
		var numbers []int64
		for pages := 1; ; pages++ {
			page := must(e.Jobs(t.Context(), q))(t)
			for i := range page.Items {
				numbers = append(numbers, page.Items[i].Number)
			}
			if q.Cursor = page.NextCursor; q.Cursor == "" {
				want(t, "pages", pages, 3)
				break
			}
		}
		if len(numbers) != 25 || !slices.IsSortedFunc(numbers, func(a, b int64) int { return int(b - a) }) {
			t.Errorf("got %v", numbers)
		}
	},
	"Jobs_BadQuery": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		for _, c := range []struct {
			q    turno.JobQuery
			code turno.Code
		}{
			{turno.JobQuery{States: []turno.State{"done"}}, turno.CodeInvalid},
			{turno.JobQuery{Limit: 1001}, turno.CodeInvalid},
			{turno.JobQuery{Limit: -1}, turno.CodeInvalid},
			{turno.JobQuery{Parent: -1}, turno.CodeInvalid},
			{turno.JobQuery{Cursor: "1; DROP TABLE jobs"}, turno.CodeMalformed},
			{turno.JobQuery{Name: strings.Repeat("(a+)+", 1000)}, turno.CodeInvalid},
			{turno.JobQuery{Search: strings.Repeat("a ", 9)}, turno.CodeInvalid},
			{turno.JobQuery{Search: strings.Repeat("a", 257)}, turno.CodeInvalid},
			{turno.JobQuery{Cursor: "7", OldestFirst: true}, turno.CodeMalformed},
		} {
			_, err := e.Jobs(t.Context(), c.q)
			want(t, fmt.Sprintf("%.80v", c.q), code(err), c.code)
		}
	},
	"Job_ByEachName": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		some(t, e)
		array := must(e.Job(t.Context(), "4"))(t)
		want(t, "tasks", array.Tasks.Waiting.String(), "0-2,4-9")
		want(t, "by id", must(e.Job(t.Context(), array.ID))(t).Number, 4)
		want(t, "task", must(e.Job(t.Context(), "4_3"))(t).Number, 5)
		want(t, "task by the array's id", must(e.Job(t.Context(), array.ID+"_3"))(t).Number, 5)
	},
	"Job_WaitingTask": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		some(t, e)
		task := must(e.Job(t.Context(), "4_7"))(t)
		want(t, "display", task.Display(), "4_7")
		want(t, "state", task.State, turno.Queued)
		want(t, "reason", task.Reason, turno.ReasonArrayThrottle)
		want(t, "name", task.Spec.Name, "sweep")
		if task.Since.IsZero() || !strings.HasSuffix(task.ID, "_7") {
			t.Errorf("got %+v", task)
		}
		e.submit(t, turno.Spec{Hold: true, Array: &turno.Array{Tasks: turno.Ranges{{First: 1, Last: 2, Step: 1}}}})
		want(t, "of a held array", must(e.Job(t.Context(), "7_1"))(t).State, turno.Held)
	},
	"Job_NotFound": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		some(t, e)
		for _, ref := range []string{"77", "4_99", "1_0", "0190a000-0000-7000-8000-000000000000", "77_1"} {
			_, err := e.Job(t.Context(), ref)
			want(t, ref, code(err), turno.CodeNotFound)
		}
		for _, ref := range []string{"", "0", "-1", "x", "../1", "1/../2", "%2e%2e", "1 2", "9999999999999999999999", "1_", "1_-1", "a\x00"} {
			_, err := e.Job(t.Context(), ref)
			want(t, ref, code(err), turno.CodeMalformed)
		}
		_, err := e.Job(t.Context(), "77")
		if known := err.(*turno.Error); known.Hint == "" {
			t.Error("no hint")
		}
	},
	"Summary_Counts": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		some(t, e)
		sum := must(e.Summary(t.Context()))(t)
		want(t, "queued", sum.States[turno.Queued], 12) // 1, 6, task 3 and nine that wait
		want(t, "held", sum.States[turno.Held], 1)
		want(t, "fast", sum.Queues["fast"][turno.Queued], 1)
	},
	"Types_Listed": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		types := must(e.Types(t.Context()))(t)
		want(t, "types", len(types), 1)
		want(t, "name", types[0].Name, "noop")
		want(t, "schema", string(types[0].Schema), `{"type":"object"}`)
	},
}
