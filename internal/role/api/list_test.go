package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/internal/role/api"
)

func TestList_WhatIsAsked(t *testing.T) {
	t.Parallel()
	c := crowdOf(turno.Queued)
	c.asked = make(chan turno.JobQuery, 1)
	s := serve(t, api.Options{Service: c})
	ask := func(query string) turno.JobQuery {
		t.Helper()
		if res, body := s.request(t, "GET", "/api/v1/jobs?"+query, ""); res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", query, res.StatusCode, body)
		}
		return <-c.asked
	}
	if q := ask("sort=number&q=lr+3&since=2026-11-24T10:00:00%2B01:00&until=2026-11-25"); !q.OldestFirst || q.Search != "lr 3" ||
		!q.Since.Equal(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)) || !q.Until.Equal(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("asked for %+v", q)
	}
	if q := ask("sort=-number"); q.OldestFirst {
		t.Errorf("asked for %+v", q)
	}
	for text, ago := range map[string]time.Duration{"90s": 90 * time.Second, "24h": 24 * time.Hour, "7d": 7 * 24 * time.Hour, "1.5d": 36 * time.Hour} {
		since := ask("since=" + text).Since
		if off := time.Since(since) - ago; off < 0 || off > time.Minute || since.Nanosecond() != 0 {
			t.Errorf("since=%s is %v", text, since)
		}
	}
}

func TestList_Refuses(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: crowdOf(turno.Queued)})
	for query, names := range map[string]string{
		"sort=priority":       "-number, number",
		"sort=":               "",
		"since=yesterday":     "24h",
		"since=-24h":          "24h",
		"until=2026-13-01":    "2026-11-24",
		"count=all":           "exact, estimate",
		"fields=id,secret":    "submitted_at",
		"fields=spec.secret":  "spec.name",
		"order=1":             "openapi",
		"since=1e9d":          "24h",
		"since=" + digits(99): "24h",
	} {
		res, body := s.request(t, "GET", "/api/v1/jobs?"+query, "")
		if query == "sort=" { // as if it was not there
			if res.StatusCode != http.StatusOK {
				t.Errorf("%s: %d %s", query, res.StatusCode, body)
			}
			continue
		}
		if res.StatusCode != http.StatusUnprocessableEntity && query != "order=1" || !strings.Contains(body, names) {
			t.Errorf("%s: %d %s, want %q named", query, res.StatusCode, body, names)
		}
	}
}

func digits(n int) string { return strings.Repeat("9", n) }

// TestList_Follows reads a list to its end by the Link of each page.
func TestList_Follows(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: crowdOf(turno.Queued, turno.Queued, turno.Failed, turno.Queued, turno.Queued, turno.Queued)})
	path, numbers := "/api/v1/jobs?state=queued&fields=number&q=%3Cx%3E", ""
	for range 5 {
		res, body := s.request(t, "GET", path, "")
		var page struct {
			Items []struct{ Number json.Number }
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		for _, one := range page.Items {
			numbers += one.Number.String() + " "
		}
		link := res.Header.Get("Link")
		if link == "" {
			break
		}
		next, _, ok := strings.Cut(strings.TrimPrefix(link, "<"), `>; rel="next"`)
		if !ok || !strings.HasPrefix(next, "/api/v1/jobs?") || !strings.Contains(next, "q=%3Cx%3E") {
			t.Fatalf("Link: %s", link)
		}
		path = next
	}
	if numbers != "1 2 4 5 6 " {
		t.Errorf("by Link there are %s", numbers)
	}
}

func TestList_FieldsAndCount(t *testing.T) {
	t.Parallel()
	c := crowdOf(turno.Queued, turno.Running)
	c.jobs[0].Spec.Name, c.jobs[0].Spec.Env = "n", map[string]string{"A": "1"}
	s := serve(t, api.Options{Service: c})
	for query, want := range map[string]string{
		"fields=number,state,spec.name&limit=2": `{"items":[{"number":1,"spec":{"name":"n"},"state":"queued"},{"number":2,"state":"running"}]}`,
		"fields=id":                             `{"items":[{"id":""},{"id":""}]}`,
		"fields=spec,spec.name":                 `{"items":[{"spec":{"name":"n","env":{"A":"1"},"type":"noop"`,
		"fields=number&count=exact":             `{"items":[{"number":1},{"number":2}],"count":2}`,
		"fields=number&count=estimate":          `{"items":[{"number":1},{"number":2}],"count":2,"estimated":true}`,
	} {
		_, body := s.request(t, "GET", "/api/v1/jobs?"+query, "")
		var got, wanted any
		if json.Unmarshal([]byte(want), &wanted) != nil {
			if !strings.Contains(body, `"env":{"A":"1"}`) {
				t.Errorf("%s: %s", query, body)
			}
			continue
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(wanted)
		if string(a) != string(b) {
			t.Errorf("%s: %s, want %s", query, a, b)
		}
	}
}

func TestFacets_OfWhatOneSees(t *testing.T) {
	t.Parallel()
	p := serveAll(t, api.Options{Service: crowdOf(turno.Queued, turno.Failed)})
	read := func(who string) (f turno.Facets) {
		t.Helper()
		_, body := p.as(t, who, "GET", "/api/v1/jobs:facets?state=queued", "")
		if err := json.Unmarshal([]byte(body), &f); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		return f
	}
	f := read("admin")
	if f.Count != 1 || f.States[turno.Failed] != 1 || len(f.Users) != 2 || len(f.Queues) != 200 || f.Queues["q299"] != 299 || !f.Estimated {
		t.Errorf("an admin: %+v", f)
	}
	if f := read("ben"); len(f.Users) != 1 || f.Users["ben"] != 2 {
		t.Errorf("ben hears of %v", f.Users)
	}
	res, body := p.as(t, "ben", "GET", "/api/v1/jobs:facets?user=eva", "")
	if res.StatusCode != http.StatusOK || !strings.Contains(body, `"count":0`) {
		t.Errorf("of others: %d %s", res.StatusCode, body)
	}
	res, body = p.as(t, "ben", "GET", "/api/v1/jobs:facets?count=all", "")
	isProblem(t, res, body, http.StatusUnprocessableEntity)
}
