package lab

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"turno"
	"turno/client"
)

// Kind of job, and what must become of it.
type Kind struct {
	Name string
	Want turno.State
	// make makes one; last is the id of a job before it that succeeds.
	make func(marks, last string) *turno.Spec
}

// Mix is every kind. A sleeper ends only when it is cancelled, a stubborn one
// only when it is killed then, and a waiting one when its Load is released.
var Mix = []Kind{
	{"noop", turno.Succeeded, func(string, string) *turno.Spec { return &turno.Spec{Type: "noop"} }},
	{"sleep", turno.Succeeded, func(string, string) *turno.Spec {
		return &turno.Spec{Type: "noop", Params: json.RawMessage(`{"seconds":0.05}`)}
	}},
	{"nap", turno.Succeeded, func(string, string) *turno.Spec {
		return &turno.Spec{Type: "noop", Params: json.RawMessage(`{"seconds":0.25}`)}
	}},
	{"command", turno.Succeeded, func(marks, _ string) *turno.Spec { return marking(marks, "true") }},
	{"failing", turno.Failed, func(string, string) *turno.Spec { return Command("exit 7") }},
	{"retried", turno.Succeeded, func(string, string) *turno.Spec {
		s := Command(`test "$TURNO_ATTEMPT" -ge 2`)
		s.Retries = 20
		return s
	}},
	{"daemon", turno.Succeeded, func(string, string) *turno.Spec { return Command("setsid sleep 600 & exit 0") }},
	{"sleeper", turno.Cancelled, func(string, string) *turno.Spec { return Command("sleep 600") }},
	{"array", turno.Succeeded, func(string, string) *turno.Spec {
		return &turno.Spec{Type: "noop", Array: &turno.Array{Tasks: turno.Ranges{{First: 0, Last: 2, Step: 1}}}}
	}},
	{"dependent", turno.Succeeded, func(_, last string) *turno.Spec {
		s := &turno.Spec{Type: "noop"}
		if last != "" {
			s.After = []turno.Dependency{{Job: last, When: turno.AfterOK}}
		}
		return s
	}},
	{"gpu", turno.Succeeded, func(marks, _ string) *turno.Spec {
		s := marking(marks, "true")
		s.GPUs = 1
		return s
	}},
	{"brief", turno.Succeeded, func(marks, _ string) *turno.Spec { return marking(marks, "sleep 2") }},
	{"stubborn", turno.Cancelled, func(marks, _ string) *turno.Spec {
		s := marking(marks, `trap "" TERM; for i in $(seq 3000); do date +%s%N > "$mark.alive"; sleep 0.1; done`)
		s.GPUs, s.Grace = 1, turno.Duration(1500*time.Millisecond)
		return s
	}},
	{"waiting", turno.Succeeded, func(marks, _ string) *turno.Spec {
		return marking(marks, "until [ -e "+marks+"/release ]; do sleep 0.1; done")
	}},
	{"raced", turno.Succeeded, func(marks, _ string) *turno.Spec { return marking(marks, "sleep 0.4") }},
	{"timed", turno.Succeeded, func(marks, _ string) *turno.Spec {
		s := marking(marks, "sleep 0.9")
		s.TimeLimit = turno.Duration(time.Second)
		return s
	}},
	{"haunted", turno.Failed, func(marks, _ string) *turno.Spec {
		// Its main process is killed; what it left shows that it lives, until it does not.
		s := marking(marks, `setsid sh -c 'while :; do date +%s%N > "$0.alive"; sleep 0.02; done' "$mark" & `+
			`until test -s "$mark.alive"; do sleep 0.02; done; sleep 0.1; kill -9 $$`)
		s.GPUs = 1
		return s
	}},
	{"long", turno.Succeeded, func(marks, _ string) *turno.Spec {
		// It shows that it lives, until it does not.
		return marking(marks, `for i in $(seq 35); do date +%s%N > "$mark.alive"; sleep 0.2; done`)
	}},
}

// Command is a job that takes little.
func Command(script string) *turno.Spec {
	params, _ := json.Marshal(map[string]any{"command": []string{"/bin/sh", "-c", script}})
	return &turno.Spec{Type: "exec", Params: params, CPUs: 10, Grace: turno.Duration(time.Second)}
}

// marking is a command that leaves a mark for each attempt that runs to its
// end.
func marking(marks, script string) *turno.Spec {
	return Command("mark=" + marks + `/$TURNO_JOB_UUID.$TURNO_ATTEMPT; echo $(date +%s%N) begin $TURNO_GPU_UUIDS >> "$mark"; ` +
		script + ` && echo $(date +%s%N) end >> "$mark"`)
}

// Marked tells whether a kind leaves marks.
func Marked(kind string) bool { return slices.Contains(marked, kind) }

var marked = []string{"command", "gpu", "long", "brief", "waiting", "raced", "timed"}

// Release lets waiting jobs end.
func (l *Load) Release(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(l.Marks, "release"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Load is jobs that were handed in.
type Load struct {
	Marks    string           // folder
	Accepted map[int64]string // kind, by number
	ids      map[int64]string
	// Heard, if it is set, is told each answer to a job that was handed in; number
	// 0: what became of it is not known.
	Heard func(id string, number int64, asked, answered time.Time)
}

// NewLoad makes the folder for marks: on another disk than turno's data, which
// may be full.
func (d *Deployment) NewLoad() *Load {
	d.T.Helper()
	return LoadIn(d.T.TempDir())
}

// LoadIn is a load whose marks are left in a folder that is there.
func LoadIn(marks string) *Load {
	return &Load{Marks: marks, Accepted: map[int64]string{}, ids: map[int64]string{}}
}

// Jobs makes n jobs of each kind that is named, well mixed.
func (l *Load) Jobs(t testing.TB, n map[string]int) []turno.NewJob {
	t.Helper()
	type place struct {
		at   float64
		kind *Kind
	}
	var places []place
	for i := range Mix {
		k := &Mix[i]
		for j := range n[k.Name] {
			places = append(places, place{(float64(j) + 0.5) / float64(n[k.Name]), k})
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.at, b.at) })
	var list []turno.NewJob
	last := ""
	for _, p := range places {
		spec := p.kind.make(l.Marks, last)
		spec.Name = p.kind.Name
		if spec.Type == "noop" { // a runner that is killed fails what is in it
			spec.Retries = 20
		}
		list = append(list, turno.NewJob{ID: NewID(t), Spec: spec})
		if p.kind.Want == turno.Succeeded {
			last = list[len(list)-1].ID
		}
	}
	return list
}

// Submit hands jobs in, in parts, as clients do: again with the same ids when
// the answer is that the outcome is unknown.
func (l *Load) Submit(ctx context.Context, t testing.TB, c *client.Client, list []turno.NewJob, part int) {
	t.Helper()
	for some := range slices.Chunk(list, part) {
		if err := l.TrySubmit(ctx, c, some); err != nil {
			t.Fatal(err)
		}
	}
}

// TrySubmit hands one part in.
func (l *Load) TrySubmit(ctx context.Context, c *client.Client, some []turno.NewJob) error {
	return Retry(ctx, func() error {
		asked := time.Now()
		answers, err := c.Submit(ctx, some)
		for i := range some {
			if l.Heard == nil {
				break
			}
			number := int64(0)
			if err == nil && answers[i].Error == nil {
				number = answers[i].Number
			}
			l.Heard(some[i].ID, number, asked, time.Now())
		}
		if err != nil {
			return err
		}
		for i, a := range answers {
			if a.Error != nil {
				return a.Error
			}
			if a.Number == 0 {
				return turno.Errorf(turno.CodeUnavailable, "submitted, its number is not known yet")
			}
			if id := l.ids[a.Number]; id != "" && id != some[i].ID {
				return turno.Errorf(turno.CodeConflict, "job %d is %s, and now %s", a.Number, id, some[i].ID)
			}
			l.Accepted[a.Number], l.ids[a.Number] = some[i].Spec.Name, some[i].ID
		}
		return nil
	})
}

// CancelSleepers ends those that do not by themselves.
func (l *Load) CancelSleepers(ctx context.Context, t testing.TB, c *client.Client) {
	t.Helper()
	for n, name := range l.Accepted {
		if name != "sleeper" && name != "stubborn" {
			continue
		}
		Await(ctx, t, func() error {
			acted, err := c.Act(ctx, turno.Action{Verb: turno.Cancel, Jobs: []string{fmt.Sprint(n)}})
			if err != nil {
				return err
			}
			if e := acted[0].Error; e != nil && e.Code != turno.CodeConflict {
				return e
			}
			return nil
		})
	}
}

// Check compares every end with what it had to be, the store with what was
// accepted, and the marks with both. Lenient kinds may have ended otherwise,
// but once.
func (l *Load) Check(ctx context.Context, t testing.TB, c *client.Client, e *Ends, lenient ...string) {
	t.Helper()
	want := map[string]turno.State{}
	for _, m := range Mix {
		want[m.Name] = m.Want
	}
	stored := l.Stored(ctx, t, c)
	for _, n := range slices.Sorted(maps.Keys(l.Accepted)) {
		got, j := e.Of(n), stored[n]
		switch {
		case j == nil:
			t.Errorf("job %d (%s) was accepted and is not in the store", n, l.Accepted[n])
		case len(got) != 1 || got[0] != j.State || !slices.Contains(lenient, l.Accepted[n]) && got[0] != want[l.Accepted[n]]:
			t.Errorf("job %d (%s) ended as %v, want once %s: %s %q %s", n, l.Accepted[n], got, want[l.Accepted[n]], j.Reason, j.Detail, Attempts(j))
		case j.ID != l.ids[n]:
			t.Errorf("job %d has the id %s, was handed in as %s", n, j.ID, l.ids[n])
		case j.Tasks == nil && j.State == turno.Succeeded:
			if a := j.Current(); a == nil || a.Result == nil || a.Result.State != turno.Succeeded {
				t.Errorf("job %d succeeded without an attempt that did: %+v", n, j.Attempts)
			}
		}
	}
	for n, j := range stored {
		if _, ok := l.Accepted[n]; ok {
			continue
		}
		t.Errorf("job %d (%s, %s) is in the store and was not accepted", n, j.ID, j.Spec.Name)
	}
	for _, text := range e.Back() {
		t.Error(text)
	}
	l.checkMarks(t, stored, lenient)
}

// Attempts tells what became of a job's attempts.
func Attempts(j *turno.Job) string {
	var text strings.Builder
	for _, a := range j.Attempts {
		fmt.Fprintf(&text, " [%d on %s", a.Number, a.Worker)
		if r := a.Result; r != nil {
			fmt.Fprintf(&text, " %s %s %q after %s", r.State, r.Reason, r.Message, a.EndedAt.Sub(a.AssignedAt))
		}
		text.WriteString("]")
	}
	return text.String()
}

// Stored are all jobs by number, but for tasks of arrays.
func (l *Load) Stored(ctx context.Context, t testing.TB, c *client.Client) map[int64]*turno.Job {
	t.Helper()
	all := map[int64]*turno.Job{}
	q := turno.JobQuery{Limit: 1000, Top: true}
	for {
		var page turno.JobPage
		Await(ctx, t, func() (err error) { page, err = c.Jobs(ctx, q); return err })
		for i := range page.Items {
			all[page.Items[i].Number] = &page.Items[i]
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return all
		}
	}
}

// span is when an attempt of a command ran, in nanoseconds; whole: to its end,
// else to is when it last showed that it lived, or 0.
type span struct {
	from, to int64
	whole    bool
	device   string // that it had; empty: none
}

// checkMarks looks at the runs: every command that succeeded ran to its end,
// no attempt ran twice, and no two of one job at the same time.
func (l *Load) checkMarks(t testing.TB, stored map[int64]*turno.Job, lenient []string) {
	t.Helper()
	entries, err := os.ReadDir(l.Marks)
	if err != nil {
		t.Fatal(err)
	}
	ran := map[string][]span{}
	for _, f := range entries {
		id, attempt, _ := strings.Cut(f.Name(), ".")
		if strings.HasSuffix(attempt, ".alive") || f.Name() == "release" {
			continue
		}
		s, err := readSpan(filepath.Join(l.Marks, f.Name()))
		if err != nil {
			t.Errorf("attempt %s: %v", f.Name(), err)
		}
		ran[id] = append(ran[id], s)
	}
	commands := 0
	for n, name := range l.Accepted {
		if !slices.Contains(marked, name) {
			continue
		}
		commands++
		spans := ran[l.ids[n]]
		slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
		whole := slices.ContainsFunc(spans, func(s span) bool { return s.whole })
		if !whole && (!slices.Contains(lenient, name) || stored[n].State == turno.Succeeded) {
			t.Errorf("job %d (%s) has succeeded and never ran to its end", n, name)
		}
		for i := 1; i < len(spans); i++ {
			if spans[i].from < spans[i-1].to {
				t.Errorf("job %d (%s) ran twice at the same time: %v", n, name, spans)
			}
		}
	}
	t.Logf("%d commands were run", commands)
}

// Run is an attempt that left marks, and its times in nanoseconds; To is 0 if
// nothing showed when it ended.
type Run struct {
	Job      string
	Attempt  int
	From, To int64
	Whole    bool   // it ran to its end
	Device   string // that it had; empty: none
}

// Runs are the attempts that left marks.
func (l *Load) Runs(t testing.TB) (runs []Run) {
	t.Helper()
	entries, err := os.ReadDir(l.Marks)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range entries {
		id, number, _ := strings.Cut(f.Name(), ".")
		attempt, err := strconv.Atoi(number)
		if err != nil {
			continue // that of one that shows that it lives
		}
		if s, err := readSpan(filepath.Join(l.Marks, f.Name())); err == nil && s.from != 0 {
			runs = append(runs, Run{id, attempt, s.from, s.to, s.whole, s.device})
		}
	}
	return runs
}

// readSpan reads a mark: a line when it begins, one when it ends.
func readSpan(path string) (s span, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		first, rest, _ := strings.Cut(line, " ")
		at, err := strconv.ParseInt(first, 10, 64)
		ends := strings.HasPrefix(rest, "end")
		switch {
		case line == "" || err != nil: // it was ended while it wrote
		case i > 1 || ends != (i == 1):
			return s, fmt.Errorf("it ran more than once: %q", data)
		case ends:
			s.to, s.whole = at, true
		default:
			s.from, s.device = at, strings.TrimPrefix(strings.TrimPrefix(rest, "begin"), " ")
		}
	}
	if last, err := os.ReadFile(path + ".alive"); err == nil && !s.whole {
		s.to, _ = strconv.ParseInt(strings.TrimSpace(string(last)), 10, 64)
	}
	return s, nil
}

// CheckFree sees to it that no worker believes that something is in use.
func (l *Load) CheckFree(ctx context.Context, t testing.TB, c *client.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	Await(ctx, t, func() error {
		workers, err := c.Workers(ctx)
		for _, w := range workers {
			if w.CPUsUsed != 0 || w.MemoryUsed != 0 || len(w.GPUsUsed)+w.JobCount > 0 {
				err = turno.Errorf(turno.CodeUnavailable, "%s has in use %d CPU/1000, %d bytes, GPUs %v, %d jobs", w.Name, w.CPUsUsed, w.MemoryUsed, w.GPUsUsed, w.JobCount)
			}
		}
		return err
	})
}

// NewID makes the id of a job.
func NewID(t testing.TB) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}
