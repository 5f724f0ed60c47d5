package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"turno"
	"turno/internal/role/api"
)

// changeable is a service with one job, which an update changes.
type changeable struct {
	fake
	now   turno.Job
	acted []turno.Action
}

func (c *changeable) Job(context.Context, string) (turno.Job, error) { return c.now, nil }

func (c *changeable) Act(_ context.Context, a turno.Action) ([]turno.Acted, error) {
	c.acted = append(c.acted, a)
	switch a.Verb {
	case turno.Update:
		if *a.IfRevision != c.now.Revision {
			return []turno.Acted{{Target: a.Jobs[0], Error: turno.Errorf(turno.CodeStale, "changed")}}, nil
		}
		c.now.Revision++
		c.now.Changes = c.now.Changes.And(a.Change)
		c.now.Spec = c.now.Changes.Apply(c.now.Spec)
	case turno.HoldJob:
		c.now.State = turno.Held
	case turno.Release:
		c.now.State = turno.Queued
	}
	return []turno.Acted{{Target: a.Jobs[0], State: string(c.now.State)}}, nil
}

func TestPatch_OfTheVersionThatWasRead(t *testing.T) {
	t.Parallel()
	c := &changeable{now: turno.Job{Number: 1, State: turno.Queued, Spec: &turno.Spec{Type: "noop", User: "ana", Labels: map[string]string{"a": "1", "b": "2"}}}}
	s := serve(t, api.Options{Service: c})
	const path = "/api/v1/jobs/1"
	res, _ := s.request(t, "GET", path, "")
	first := res.Header.Get("ETag")
	res, body := s.request(t, "PATCH", path, `{"priority":3}`)
	isProblem(t, res, body, http.StatusPreconditionRequired)
	res, body = s.request(t, "PATCH", path, `{"priority":3,"labels":{"a":null,"c":"3"},"begin_at":null}`, "If-Match", first)
	if res.StatusCode != http.StatusOK || !strings.Contains(body, `"priority":3`) || !strings.Contains(body, `"labels":{"b":"2","c":"3"}`) {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	second := res.Header.Get("ETag")
	if res, _ := s.request(t, "GET", path, ""); second == first || res.Header.Get("ETag") != second {
		t.Errorf("ETags %s, %s, %s", first, second, res.Header.Get("ETag"))
	}
	res, body = s.request(t, "PATCH", path, `{"priority":4}`, "If-Match", first)
	isProblem(t, res, body, http.StatusPreconditionFailed)
	res, body = s.request(t, "PATCH", path, `{"hold":true,"name":"x"}`, "If-Match", second)
	if res.StatusCode != http.StatusOK || c.now.State != turno.Held || c.now.Spec.Name != "x" || c.now.Spec.Priority != 3 {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	n := len(c.acted)
	if res, body = s.request(t, "PATCH", path, `{"hold":true}`, "If-Match", "*"); res.StatusCode != http.StatusOK || len(c.acted) != n {
		t.Errorf("held again: %d %s", res.StatusCode, body)
	}
	if res, body = s.request(t, "PATCH", path, `{"hold":false}`, "If-Match", "*"); res.StatusCode != http.StatusOK || c.now.State != turno.Queued {
		t.Errorf("released: %d %s", res.StatusCode, body)
	}
}

func TestPatch_Refuses(t *testing.T) {
	t.Parallel()
	c := &changeable{now: turno.Job{Number: 1, State: turno.Queued, Spec: &turno.Spec{Type: "noop", User: "ana"}}}
	s := serve(t, api.Options{Service: c})
	for _, body := range []string{`{"type":"exec"}`, `{"queue":"x"}`, `{"user":"eva"}`, `{"priority":null}`, `{"hold":null}`, `null`, `[]`, `{"priority":"1"}`, `{"priority":1,"priority":2}`, ``} {
		res, text := s.request(t, "PATCH", "/api/v1/jobs/1", body, "If-Match", "*")
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d %s", body, res.StatusCode, text)
		}
	}
	if len(c.acted) != 0 {
		t.Errorf("acted: %+v", c.acted)
	}
}
