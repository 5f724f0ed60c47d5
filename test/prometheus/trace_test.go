package prometheus

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"turno"
	"turno/internal/trace"
	"turno/test/lab"
)

// receiver takes traces as OpenTelemetry's do.
type receiver struct {
	t    *testing.T
	wake chan struct{} // 1: something came

	mu    sync.Mutex // guards what follows
	spans map[string][]*tracepb.Span
	raw   bytes.Buffer
}

func newReceiver(t *testing.T) (*receiver, string) {
	r := &receiver{t: t, wake: make(chan struct{}, 1), spans: map[string][]*tracepb.Span{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return r, server.URL
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if packed, bad := gzip.NewReader(bytes.NewReader(body)); bad == nil {
		body, err = io.ReadAll(packed)
	}
	var got collector.ExportTraceServiceRequest
	if err = errors.Join(err, proto.Unmarshal(body, &got)); err != nil || req.URL.Path != "/v1/traces" || req.Header.Get("Content-Type") != "application/x-protobuf" {
		r.t.Errorf("%s %s: %v", req.URL, req.Header.Get("Content-Type"), err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw.Write(body)
	for _, rs := range got.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				id := fmt.Sprintf("%x", s.GetTraceId())
				r.spans[id] = append(r.spans[id], s)
			}
		}
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// wait gives the spans of a trace once its root has come.
func (r *receiver) wait(ctx context.Context, traceID, job string) []*tracepb.Span {
	r.t.Helper()
	for {
		r.mu.Lock()
		all := r.spans[traceID]
		r.mu.Unlock()
		if slices.ContainsFunc(all, func(s *tracepb.Span) bool { return attribute(s, "turno.job.id") == job }) {
			return all
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
			r.t.Fatalf("no trace %s of job %s came", traceID, job)
		}
	}
}

func attribute(s *tracepb.Span, key string) string {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == key {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}

// TestTraces_AtAReceiver: each job is one tree with its times, and goes on in
// the code of the job; nothing that is private is sent.
func TestTraces_AtAReceiver(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, url := newReceiver(t)
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	up := d.Start("up", "--end-jobs", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port), "--otlp-endpoint", url)
	svc := d.Client()
	ends := lab.Watch(ctx, t, svc)
	const submitter = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	sh := func(script string) json.RawMessage {
		params, err := json.Marshal(map[string][]string{"command": {"/bin/sh", "-c", script}})
		if err != nil {
			t.Fatal(err)
		}
		return params
	}
	specs := []*turno.Spec{
		{Type: "exec", Params: sh("echo $TRACEPARENT geheim; echo out > $TURNO_OUTPUT_DIR/geheim"), Name: "geheim", User: "geheim", Labels: map[string]string{"geheim": "geheim"}, Env: map[string]string{"GEHEIM": "geheim"}},
		{Type: "exec", Params: sh("echo geheim > $TURNO_ERROR_FILE; test $TURNO_ATTEMPT = 2"), Retries: 1},
		{Type: "exec", Params: sh("echo $TRACEPARENT"), Trace: &turno.Trace{Parent: submitter, Join: true}},
		{Type: "noop", Trace: &turno.Trace{Parent: submitter}},
	}
	jobs := make([]turno.NewJob, len(specs))
	for i, s := range specs {
		jobs[i].Spec = s
	}
	told, err := svc.Submit(ctx, jobs)
	if err != nil {
		t.Fatal(err)
	}
	ends.Wait(ctx, t, len(jobs))
	var stored []turno.Job
	logs := map[string]string{}
	for _, one := range told {
		if one.Error != nil {
			t.Fatal(one.Error)
		}
		job, err := svc.Job(ctx, one.ID)
		if err != nil {
			t.Fatal(err)
		}
		lab.Await(ctx, t, func() error { // its log may be stored after its end
			log, err := svc.Log(ctx, turno.LogQuery{Job: one.ID})
			if err == nil && job.Result != nil && log.Size < job.Result.LogBytes {
				err = fmt.Errorf("%d of %d bytes of its log are stored", log.Size, job.Result.LogBytes)
			}
			logs[one.ID] = string(log.Data)
			return err
		})
		stored = append(stored, job)
	}
	up.End() // what it has not sent yet it sends now
	for i := range stored {
		job, joined := &stored[i], stored[i].Spec.Trace != nil && stored[i].Spec.Trace.Join
		id := strings.ReplaceAll(job.ID, "-", "")
		if joined {
			id = submitter[3:35]
		}
		checkTree(t, job, r.wait(ctx, id, job.ID), joined)
		want := fmt.Sprintf("00-%s-%x-01", id, trace.SpanID(job.ID, trace.Run, 1))
		if got := logs[job.ID]; bytes.Contains(job.Spec.Params, []byte("echo $TRACEPARENT")) && !strings.HasPrefix(got, want) {
			t.Errorf("job %s was told %q, not %s", job.Display(), got, want)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if bytes.Contains(bytes.ToLower(r.raw.Bytes()), []byte("geheim")) {
		t.Error("something private was sent")
	}
}

// checkTree holds the spans of a job against its record.
func checkTree(t *testing.T, j *turno.Job, all []*tracepb.Span, joined bool) {
	t.Helper()
	byID, names := map[string]*tracepb.Span{}, map[string]int{}
	for _, s := range all {
		byID[string(s.GetSpanId())] = s
		names[strings.Fields(s.GetName())[0]]++
	}
	at := func(s *tracepb.Span) (from, to time.Time) {
		return time.Unix(0, int64(s.GetStartTimeUnixNano())), time.Unix(0, int64(s.GetEndTimeUnixNano()))
	}
	near := func(a, b time.Time) bool { return a.Sub(b).Abs() <= time.Microsecond } // what a store keeps
	attempts := 0
	for _, s := range all {
		from, to := at(s)
		up := byID[string(s.GetParentSpanId())]
		if up != nil {
			outer, end := at(up)
			if from.Before(outer) || to.After(end) {
				t.Errorf("job %s: %s from %v to %v is not within %s", j.Display(), s.GetName(), from, to, up.GetName())
			}
		}
		switch {
		case s.GetName() == "job "+j.Spec.Type:
			if !near(from, j.SubmittedAt) || !near(to, j.EndedAt) || up != nil || (len(s.GetParentSpanId()) > 0) != joined {
				t.Errorf("job %s: its root is %v to %v, and it %v to %v; parent %x", j.Display(), from, to, j.SubmittedAt, j.EndedAt, s.GetParentSpanId())
			}
			if linked := len(s.GetLinks()) > 0; linked != (j.Spec.Trace != nil && !joined) {
				t.Errorf("job %s: links %v", j.Display(), s.GetLinks())
			}
		case up == nil:
			t.Errorf("job %s: %s hangs in the air", j.Display(), s.GetName())
		case s.GetName() == trace.Attempt:
			a := j.Attempts[attempts]
			attempts++
			if !near(from, a.AssignedAt) || !near(to, a.EndedAt) || len(s.GetLinks()) != attempts-1 {
				t.Errorf("job %s: attempt %d is %v to %v, and it %v to %v; links %v", j.Display(), a.Number, from, to, a.AssignedAt, a.EndedAt, s.GetLinks())
			}
		case s.GetName() == trace.Run:
			if a := j.Attempts[attempts-1]; !near(from, a.StartedAt) {
				t.Errorf("job %s: it ran from %v, and by the trace from %v", j.Display(), a.StartedAt, from)
			}
		}
	}
	if attempts != len(j.Attempts) || names[trace.Job] != 1 || names[trace.Run] != attempts || names[trace.Report] != 1 || names[trace.Queued] != attempts {
		t.Errorf("job %s has %d attempts, and these spans: %v", j.Display(), len(j.Attempts), names)
	}
	if j.Spec.Type == "exec" && names[trace.Start] != attempts {
		t.Errorf("job %s was started %d times, and these are its spans: %v", j.Display(), attempts, names)
	}
	if kept := j.Result.Artifacts != nil; kept != (names[trace.Store] > 0) {
		t.Errorf("job %s left files: %v; spans: %v", j.Display(), kept, names)
	}
}
