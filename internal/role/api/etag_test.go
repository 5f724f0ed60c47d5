package api_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"turno"
	"turno/internal/role/api"
)

// TestETag_OfWhatIsRead: the same answer has the same ETag, and is not sent to
// whoever has it; an error has none.
func TestETag_OfWhatIsRead(t *testing.T) {
	t.Parallel()
	var state atomic.Value
	state.Store(turno.Running)
	f := &fake{job: func(ref string) (turno.Job, error) {
		if ref == "2" {
			return turno.Job{}, turno.NoJob(turno.Ref{Number: 2, Task: -1})
		}
		return turno.Job{Number: 1, State: state.Load().(turno.State), Spec: &turno.Spec{Type: "noop"}}, nil
	}}
	s := serve(t, api.Options{Service: f})
	res, body := s.request(t, "GET", "/api/v1/jobs/1", "")
	etag := res.Header.Get("ETag")
	if len(etag) != 26 || res.StatusCode != http.StatusOK || !strings.Contains(body, "running") {
		t.Fatalf("%d, ETag %q: %s", res.StatusCode, etag, body)
	}
	for _, has := range []string{etag, "W/" + etag, `"x", ` + etag, "*"} {
		res, body = s.request(t, "GET", "/api/v1/jobs/1", "", "If-None-Match", has)
		if res.StatusCode != http.StatusNotModified || body != "" || res.Header.Get("ETag") != etag {
			t.Errorf("If-None-Match %s: %d %q", has, res.StatusCode, body)
		}
	}
	if res, _ = s.request(t, "GET", "/api/v1/jobs/1", "", "If-None-Match", `"x"`); res.StatusCode != http.StatusOK {
		t.Errorf("another ETag: %d", res.StatusCode)
	}
	state.Store(turno.Failed)
	if res, body = s.request(t, "GET", "/api/v1/jobs/1", "", "If-None-Match", etag); res.StatusCode != http.StatusOK || !strings.Contains(body, "failed") {
		t.Errorf("after a change: %d %s", res.StatusCode, body)
	}
	res, body = s.request(t, "GET", "/api/v1/jobs/2", "", "If-None-Match", "*")
	isProblem(t, res, body, http.StatusNotFound)
	if res.Header.Get("ETag") != "" {
		t.Error("an error has an ETag")
	}
	for _, path := range []string{"/api/v1/jobs", "/api/v1/summary", "/api/v1/workers", "/api/v1/types", "/api/v1/version"} {
		if res, _ := s.request(t, "GET", path, ""); res.Header.Get("ETag") == "" {
			t.Errorf("%s has no ETag", path)
		}
	}
}

// previewing is a service that can try jobs.
type previewing struct{ fake }

func (p *previewing) Preview(_ context.Context, spec *turno.Spec) (turno.Preview, error) {
	return turno.Preview{Spec: spec, Starts: true, Explanation: turno.Explanation{Reason: turno.ReasonAssigned, Summary: "would start now"}}, nil
}

func TestDryRun_HandsNothingIn(t *testing.T) {
	t.Parallel()
	f := &previewing{}
	p := serveAll(t, api.Options{Service: f})
	res, body := p.as(t, "ben", "POST", "/api/v1/jobs:dry-run", `{"spec":{"type":"noop"}}`)
	if res.StatusCode != http.StatusOK || !strings.Contains(body, `"starts_now":true`) || !strings.Contains(body, `"user":"ben"`) {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	for body, code := range map[string]string{
		`{"spec":{"type":"noop","user":"eva"}}`: "forbidden",
		`{"jobs":[{"spec":{"type":"noop"}}]}`:   "malformed",
		`{"spec":{"type":"noop","uid":0}}`:      "malformed",
		`{"spec":{"type":"noop"},"spec":{}}`:    "malformed",
	} {
		if _, text := p.as(t, "ben", "POST", "/api/v1/jobs:dry-run", body); !strings.Contains(text, `"code":"`+code+`"`) {
			t.Errorf("%s: %s", body, text)
		}
	}
	if f.changes.Load() != 0 {
		t.Error("something was handed in")
	}
	out, err := connect(t, p.server).Preview(t.Context(), &turno.Spec{Type: "noop"})
	if err != nil || !out.Starts {
		t.Errorf("the client: %+v, %v", out, err)
	}
}
