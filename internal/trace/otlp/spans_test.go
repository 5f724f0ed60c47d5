package otlp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"turno"
	"turno/internal/trace"
)

const jobID = "01a20849-6dd3-712c-b73f-8bf930d6779a"

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

func job(state turno.State, reason turno.Reason, ended float64, attempts ...turno.Attempt) turno.Job {
	j := turno.Job{
		ID: jobID, Number: 42, Spec: &turno.Spec{Type: "exec", Queue: "night", CPUs: turno.CPU}, State: state, Reason: reason,
		SubmittedAt: noon, EndedAt: after(ended), Attempts: attempts, Attempt: len(attempts),
	}
	if n := len(attempts); n > 0 {
		j.Attempt, j.Result = attempts[n-1].Number, attempts[n-1].Result
	}
	return j
}

func attempt(n int, assigned, started, ended float64, r turno.Result) turno.Attempt {
	return turno.Attempt{Number: n, Worker: "w1", Device: turno.DeviceCPU, AssignedAt: after(assigned), StartedAt: after(started), EndedAt: after(ended), Result: &r}
}

var (
	done   = turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted}
	failed = turno.Result{State: turno.Failed, Reason: turno.ReasonExitCode, ExitCode: 3, Retryable: true}
)

// TestSpans_AreOneTree: each case is drawn as its tree, with seconds since noon.
func TestSpans_AreOneTree(t *testing.T) {
	t.Parallel()
	staged := done
	staged.FetchTime, staged.StartTime, staged.StoreTime = turno.Duration(2*time.Second), turno.Duration(time.Second), turno.Duration(4*time.Second)
	for name, c := range map[string]struct {
		end  end
		tree string
	}{
		"one that did well, with files": {end{job: job(turno.Succeeded, turno.ReasonCompleted, 31, attempt(1, 10, 15, 30, staged))}, `
			job exec 0-31 OK
			  queued 0-10
			  attempt 10-30 OK
			    dispatch 10-12
			    fetch 12-14
			    start 14-15
			    run 15-26 OK
			    store 26-30
			  report 30-31
		`},
		"one that did well at the second time": {end{job: job(turno.Succeeded, turno.ReasonCompleted, 9, attempt(1, 1, 2, 3, failed), attempt(2, 5, 6, 8, done))}, `
			job exec 0-9 OK
			  queued 0-1
			  attempt 1-3 ExitCode
			    dispatch 1-2
			    run 2-3 ExitCode
			  queued 3-5
			  attempt 5-8 OK, after another
			    dispatch 5-6
			    run 6-8 OK
			  report 8-9
		`},
		"one that was cancelled before another try": {end{waited: true, job: job(turno.Cancelled, turno.ReasonCancelled, 9, attempt(1, 1, 2, 3, failed))}, `
			job exec 0-9
			  queued 0-1
			  attempt 1-3 ExitCode
			    dispatch 1-2
			    run 2-3 ExitCode
			  queued 3-9
		`},
		"one that never had a worker": {end{waited: true, job: job(turno.Failed, turno.ReasonDependencyFailed, 5)}, `
			job exec 0-5 DependencyFailed
			  queued 0-5
		`},
		"one of which the first attempts are not kept": {end{job: job(turno.Succeeded, turno.ReasonCompleted, 100, attempt(25, 90, 91, 99, done))}, `
			job exec 0-100 OK
			  earlier attempts 0-90
			  attempt 90-99 OK, after another
			    dispatch 90-91
			    run 91-99 OK
			  report 99-100
		`},
		"one whose files could not be fetched": {end{job: job(turno.Failed, turno.ReasonSetupFailed, 4, turno.Attempt{
			Number: 1, AssignedAt: after(1), EndedAt: after(3), Result: &turno.Result{State: turno.Failed, Reason: turno.ReasonSetupFailed}})}, `
			job exec 0-4 SetupFailed
			  queued 0-1
			  attempt 1-3 SetupFailed
			  report 3-4
		`},
		"one whose worker says more than there was": {end{job: job(turno.Succeeded, turno.ReasonCompleted, 4, attempt(1, 1, 2, 3, staged))}, `
			job exec 0-4 OK
			  queued 0-1
			  attempt 1-3 OK
			    dispatch 1-1
			    fetch 1-1
			    start 1-2
			    run 2-2 OK
			    store 2-3
			  report 3-4
		`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := draw(t, spans(&trace.Sampler{Ratio: 1}, &c.end))
			if want := strings.ReplaceAll(strings.Trim(c.tree, "\n\t"), "\t", ""); got != want+"\n" {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// draw gives the tree of spans; all must be of one trace, and below one root.
func draw(t *testing.T, all []*tracepb.Span) string {
	t.Helper()
	below := map[string][]*tracepb.Span{}
	ids := map[string]bool{}
	for _, s := range all {
		if string(s.GetTraceId()) != string(all[0].GetTraceId()) || len(s.GetTraceId()) != 16 || len(s.GetSpanId()) != 8 || ids[string(s.GetSpanId())] {
			t.Errorf("a span that is not of this trace, or twice: %v", s)
		}
		ids[string(s.GetSpanId())] = true
		below[string(s.GetParentSpanId())] = append(below[string(s.GetParentSpanId())], s)
	}
	var out strings.Builder
	drawn := 0
	var down func(parent string, indent string)
	down = func(parent, indent string) {
		for _, s := range below[parent] {
			second := func(n uint64) float64 { return time.Unix(0, int64(n)).Sub(noon).Seconds() }
			fmt.Fprintf(&out, "%s%s %g-%g", indent, s.GetName(), second(s.GetStartTimeUnixNano()), second(s.GetEndTimeUnixNano()))
			switch s.GetStatus().GetCode() {
			case tracepb.Status_STATUS_CODE_OK:
				out.WriteString(" OK")
			case tracepb.Status_STATUS_CODE_ERROR:
				out.WriteString(" " + s.GetStatus().GetMessage())
			}
			if len(s.GetLinks()) > 0 {
				out.WriteString(", after another")
			}
			out.WriteString("\n")
			drawn++
			down(string(s.GetSpanId()), indent+"  ")
		}
	}
	down("", "")
	if drawn != len(all) || len(below[""]) != 1 {
		t.Errorf("%d of %d spans hang together, below %d roots", drawn, len(all), len(below[""]))
	}
	return out.String()
}

// TestSpans_Ties: to the submitter, and of a task to its array.
func TestSpans_Ties(t *testing.T) {
	t.Parallel()
	const header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	s := &trace.Sampler{Ratio: 1}
	root := func(id string, parent int64, tie *turno.Trace) *tracepb.Span {
		j := job(turno.Succeeded, turno.ReasonCompleted, 9, attempt(1, 1, 2, 3, done))
		j.ID, j.Parent, j.Spec.Trace = id, parent, tie
		return spans(s, &end{job: j})[0]
	}
	array := s.Of(jobID, nil)
	for name, c := range map[string]struct {
		root                *tracepb.Span
		trace, parent, link string
	}{
		"linked":         {root(jobID, 0, &turno.Trace{Parent: header}), "01a208496dd3712cb73f8bf930d6779a", "", "0af7651916cd43dd8448eb211c80319c"},
		"joined":         {root(jobID, 0, &turno.Trace{Parent: header, Join: true}), "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", ""},
		"a task":         {root(jobID+"_7", 41, nil), fmt.Sprintf("%x", s.Of(jobID+"_7", nil).Trace), "", fmt.Sprintf("%x", array.Trace)},
		"a joined task":  {root(jobID+"_7", 41, &turno.Trace{Parent: header, Join: true}), "0af7651916cd43dd8448eb211c80319c", fmt.Sprintf("%x", array.Span), ""},
		"with no parent": {root(jobID, 0, nil), "01a208496dd3712cb73f8bf930d6779a", "", ""},
	} {
		link := ""
		if len(c.root.GetLinks()) > 0 {
			link = fmt.Sprintf("%x", c.root.GetLinks()[0].GetTraceId())
		}
		if got := fmt.Sprintf("%x", c.root.GetTraceId()); got != c.trace || fmt.Sprintf("%x", c.root.GetParentSpanId()) != c.parent || link != c.link {
			t.Errorf("%s: trace %s, parent %x, link %q", name, got, c.root.GetParentSpanId(), link)
		}
	}
}

// TestSpans_NothingThatSomebodyWrote: every text of a job that its submitter or
// its program chose is left out, but for the names that the docs promise.
func TestSpans_NothingThatSomebodyWrote(t *testing.T) {
	t.Parallel()
	const secret = "geheim"
	r := done
	r.Message, r.Output, r.Signal = secret, json.RawMessage(`{"phases":[{"name":"geheim","seconds":1},{"name":"kernel","seconds":0.5}],"answer":"geheim"}`), "KILL"
	r.Artifacts = &turno.Artifacts{Problem: secret}
	j := job(turno.Succeeded, turno.ReasonCompleted, 9, attempt(1, 1, 2, 3, r))
	j.Detail = secret
	j.Spec = &turno.Spec{
		Name: secret, Queue: "night", User: secret, Labels: map[string]string{secret: secret}, Type: "exec", Params: json.RawMessage(`{"command":["geheim"]}`),
		Env: map[string]string{secret: secret}, Dir: "/geheim", SubmitDir: "/geheim", SubmitHost: secret, Inputs: []turno.File{{Path: secret}}, Webhook: "https://geheim",
		After: []turno.Dependency{{Job: secret}},
	}
	all := spans(&trace.Sampler{Ratio: 1}, &end{job: j})
	measured := false
	for _, s := range all {
		text, err := protojson.Marshal(s)
		if err != nil || strings.Contains(string(text), secret) {
			t.Errorf("%s %v", text, err)
		}
		measured = measured || slices.ContainsFunc(strings.Split(string(text), `"`), func(w string) bool { return w == "turno.phase.kernel_seconds" })
	}
	if !measured {
		t.Error("the phase that turno knows is not told")
	}
}
