package servicetest

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"turno"
)

var actTests = map[string]func(*testing.T, Front){
	"Act_OneEntryATarget": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		acted := must(e.Act(t.Context(), turno.Action{Verb: turno.Cancel, Jobs: []string{"1", "9001", "2_3"}, User: "ana"}))(t)
		want(t, "answers", len(acted), 3)
		want(t, "state", acted[0].State, "cancelled")
		want(t, "the missing one", codeOf(acted[1].Error), turno.CodeNotFound)
		want(t, "target", acted[2].Target, "2_3")
		want(t, "user", strings.Join(e.sched.users, " "), "ana")
	},
	"Act_Many": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		a := turno.Action{Verb: turno.HoldJob}
		for i := range 2500 {
			a.Jobs = append(a.Jobs, strconv.Itoa(i+1))
		}
		acted := must(e.Act(t.Context(), a))(t)
		want(t, "answers", len(acted), 2500)
		for i := range acted {
			if acted[i].Target != a.Jobs[i] {
				t.Fatalf("answer %d is of %s", i, acted[i].Target)
			}
		}
	},
	"Act_Workers": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		acted := must(e.Act(t.Context(), turno.Action{Verb: turno.Drain, Workers: []string{"lab-01"}, Message: "fan"}))(t)
		want(t, "target", acted[0].Target, "lab-01")
	},
	"Act_DeadLetters": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		a := turno.Action{Verb: turno.Redrive}
		for i := range 25 {
			a.Letters = append(a.Letters, strconv.Itoa(i+1))
		}
		acted := must(e.Act(t.Context(), a))(t)
		want(t, "answers", len(acted), 25)
		want(t, "target", acted[24].Target, "25")
	},
	"DeadLetters_ListedAndRead": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		for i := range 3 {
			e.sched.setAside(turno.DeadLetter{
				Queue: "turno.jobs", Reason: turno.DeadMalformed, Detail: "no JSON", FirstAt: time.Now(), LastAt: time.Now(),
				From: "someone", Digest: strconv.Itoa(i), Size: 3, Body: []byte{'a', 0xff, byte(i)},
			})
		}
		page := must(e.DeadLetters(t.Context(), turno.DeadLetterQuery{Limit: 2}))(t)
		want(t, "total", page.Total, 3)
		want(t, "letters", len(page.Items), 2)
		want(t, "newest", page.Items[0].Number, 3)
		want(t, "body in a list", len(page.Items[0].Body), 0)
		page = must(e.DeadLetters(t.Context(), turno.DeadLetterQuery{Limit: 2, Cursor: page.NextCursor}))(t)
		want(t, "the rest", len(page.Items), 1)
		want(t, "next", page.NextCursor, "")
		one := must(e.DeadLetters(t.Context(), turno.DeadLetterQuery{Number: 2}))(t)
		want(t, "body", string(one.Items[0].Body), "a\xff\x01")
		want(t, "reason", one.Items[0].Reason, turno.DeadMalformed)
		want(t, "from", one.Items[0].From, "someone")
		_, err := e.DeadLetters(t.Context(), turno.DeadLetterQuery{Number: 9})
		want(t, "missing", code(err), turno.CodeNotFound)
		_, err = e.DeadLetters(t.Context(), turno.DeadLetterQuery{Cursor: "x"})
		want(t, "cursor", code(err), turno.CodeMalformed)
	},
	"Act_Refused": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		for name, a := range map[string]turno.Action{
			"verb":     {Verb: "explode", Jobs: []string{"1"}},
			"nothing":  {Verb: turno.Cancel},
			"workers":  {Verb: turno.Cancel, Workers: []string{"w"}},
			"jobs":     {Verb: turno.Drain, Jobs: []string{"1"}},
			"letters":  {Verb: turno.Cancel, Letters: []string{"1"}},
			"drop":     {Verb: turno.Drop, Jobs: []string{"1"}},
			"message":  {Verb: turno.Cancel, Jobs: []string{"1"}, Message: "a\nlevel=INFO"},
			"negative": {Verb: turno.Cancel, Jobs: []string{"1"}, Grace: -1e9},
		} {
			_, err := e.Act(t.Context(), a)
			want(t, name, code(err), turno.CodeInvalid)
		}
	},
	"Explain_FromTheScheduler": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		got := must(e.Explain(t.Context(), "7_2"))(t)
		want(t, "job", got.Job, "7_2")
		want(t, "summary", got.Summary, "needs 2 GPUs, 1 is free")
		want(t, "blocks", len(got.Blocks), 1)
		_, err := e.Explain(t.Context(), "99")
		want(t, "missing", code(err), turno.CodeNotFound)
		want(t, "its hint", err.(*turno.Error).Hint, "list them")
		_, err = e.Explain(t.Context(), "no job")
		want(t, "no ref", code(err), turno.CodeMalformed)
	},
	"Workers_Listed": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{})
		ws := must(e.Workers(t.Context()))(t)
		want(t, "workers", len(ws), 1)
		want(t, "name", ws[0].Name, "lab-01")
		want(t, "state", ws[0].State, turno.WorkerReady)
	},
	"Ask_NoAnswer": func(t *testing.T, front Front) {
		e := newEnv(t, front, options{silent: true, timeout: 20 * time.Millisecond})
		_, err := e.Workers(t.Context())
		want(t, "workers", code(err), turno.CodeUnavailable)
		_, err = e.Explain(t.Context(), "1")
		want(t, "explain", code(err), turno.CodeUnavailable)
		_, err = e.Act(t.Context(), turno.Action{Verb: turno.Cancel, Jobs: []string{"1"}})
		want(t, "act", code(err), turno.CodeUnavailable)
		if known := err.(*turno.Error); !strings.Contains(known.Message, "did not answer within") || known.Hint == "" {
			t.Errorf("says %q, %q", known.Message, known.Hint)
		}
	},
}
