package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/access"
	"turno/internal/role/api"
)

// crowd is a service with jobs in pages of two.
type crowd struct {
	fake
	jobs    []turno.Job
	acted   []string
	refused string
	asked   chan turno.JobQuery // not nil: Jobs hands over what it was asked
}

// Facets counts by state, which is what the tests look at.
func (c *crowd) Facets(_ context.Context, q turno.CountQuery) (turno.Facets, error) {
	f := turno.Facets{States: map[turno.State]int64{}, Users: map[string]int64{"ana": 1, "ben": 2}, Queues: map[string]int64{}, Estimated: !q.Exact}
	for i := range c.jobs {
		f.States[c.jobs[i].State]++
		if len(q.States) == 0 || slices.Contains(q.States, c.jobs[i].State) {
			f.Count++
		}
	}
	for i := range 300 {
		f.Queues[fmt.Sprintf("q%03d", i)] = int64(i)
	}
	return f, nil
}

func (c *crowd) Jobs(_ context.Context, q turno.JobQuery) (turno.JobPage, error) {
	if c.asked != nil {
		c.asked <- q
	}
	var page turno.JobPage
	from := 0
	if _, err := fmt.Sscan(q.Cursor, &from); q.Cursor != "" && err != nil {
		return page, err
	}
	for i := from; i < len(c.jobs); i++ {
		if len(page.Items) == 2 {
			page.NextCursor = fmt.Sprint(i)
			break
		}
		if len(q.States) == 0 || slices.Contains(q.States, c.jobs[i].State) {
			page.Items = append(page.Items, c.jobs[i])
		}
	}
	return page, nil
}

func (c *crowd) Act(_ context.Context, a turno.Action) ([]turno.Acted, error) {
	var out []turno.Acted
	for _, ref := range a.Jobs {
		one := turno.Acted{Target: ref, State: "cancelled"}
		if ref == c.refused {
			one = turno.Acted{Target: ref, Error: turno.Errorf(turno.CodeConflict, "no")}
		}
		c.acted = append(c.acted, ref)
		out = append(out, one)
	}
	return out, nil
}

func crowdOf(states ...turno.State) *crowd {
	c := &crowd{}
	for i, s := range states {
		c.jobs = append(c.jobs, turno.Job{Number: int64(i + 1), State: s, Spec: &turno.Spec{Type: "noop"}})
	}
	return c
}

func TestBulk_ActsOnWhatWasSeen(t *testing.T) {
	t.Parallel()
	c := crowdOf(turno.Queued, turno.Running, turno.Succeeded, turno.Queued, turno.Queued)
	c.refused = "2"
	s := serve(t, api.Options{Service: c})
	_, body := s.request(t, "GET", "/api/v1/jobs:count", "")
	if want := `{"count":4,"states":{"queued":3,"running":1}}` + "\n"; body != want {
		t.Errorf("%s, want %s", body, want)
	}
	res, body := s.request(t, "POST", "/api/v1/jobs:bulk", `{"verb":"cancel","filter":{},"expected_count":3}`)
	isProblem(t, res, body, http.StatusConflict)
	if len(c.acted) != 0 {
		t.Fatalf("acted on %v though the number was another", c.acted)
	}
	_, body = s.request(t, "POST", "/api/v1/jobs:bulk", `{"verb":"cancel","filter":{},"expected_count":4}`)
	var done struct{ Matched, Done, Refused int }
	if err := json.Unmarshal([]byte(body), &done); err != nil || done.Matched != 4 || done.Done != 3 || done.Refused != 1 {
		t.Errorf("%v %s", err, body)
	}
	if want := []string{"1", "2", "4", "5"}; !slices.Equal(c.acted, want) {
		t.Errorf("acted on %v, want %v", c.acted, want)
	}
}

func TestJobs_ThinRowsAreSmall(t *testing.T) {
	t.Parallel()
	c := crowdOf(turno.Queued)
	j := &c.jobs[0]
	j.Spec = &turno.Spec{Type: "exec", Name: "n", User: "ana", Queue: "q", Params: json.RawMessage(`{"script":"#!/bin/sh\n"}`), Env: map[string]string{"A": "1"}}
	j.Attempts = []turno.Attempt{{Number: 1, Worker: "w0"}, {Number: 2, Worker: "w1", Result: &turno.Result{Message: "long"}}}
	j.Result = &turno.Result{Output: json.RawMessage(`{"a":1}`)}
	s := serve(t, api.Options{Service: c})
	_, body := s.request(t, "GET", "/api/v1/jobs?state=queued&thin=true", "")
	for _, word := range []string{"script", "env", "long", "output", "w0"} {
		if strings.Contains(body, word) {
			t.Errorf("a thin row has %q: %s", word, body)
		}
	}
	if !strings.Contains(body, `"w1"`) || !strings.Contains(body, `"ana"`) || len(body) > 500 {
		t.Errorf("%d bytes: %s", len(body), body)
	}
}

func TestBulk_Refuses(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: crowdOf(turno.Queued)})
	for body, status := range map[string]int{
		`{"verb":"drain","filter":{},"expected_count":1}`:                       http.StatusUnprocessableEntity,
		`{"verb":"cancel","filter":{"all":true},"expected_count":1}`:            http.StatusBadRequest,
		`{"verb":"cancel","filter":{"queue":["a"]},"expected_count":1}`:         http.StatusBadRequest,
		`{"verb":"cancel","filter":{"state":["queued"]},"expected":1}`:          http.StatusBadRequest,
		`{"verb":"cancel","filter":{"state":["succeeded"]},"expected_count":1}`: http.StatusConflict,
	} {
		res, text := s.request(t, "POST", "/api/v1/jobs:bulk", body)
		isProblem(t, res, text, status)
	}
}

func TestStatistics_OfEndedJobs(t *testing.T) {
	t.Parallel()
	c := crowdOf(turno.Queued, turno.Succeeded)
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	c.jobs[1].SubmittedAt, c.jobs[1].StartedAt, c.jobs[1].EndedAt = at, at.Add(time.Second), at.Add(4*time.Second)
	s := serve(t, api.Options{Service: c})
	_, body := s.request(t, "GET", "/api/v1/statistics", "")
	var got struct {
		Jobs int `json:"jobs"`
		Run  struct {
			P50 float64 `json:"p50"`
		} `json:"run_seconds"`
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Jobs != 1 || got.Run.P50 != 3 {
		t.Errorf("%v %s", err, body)
	}
}

func TestSeries_StepsHoldMeansAndRates(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_000_000, 0)
	a := api.NewSeries(
		api.Sample(at, 4, 0), api.Sample(at.Add(5*time.Second), 2, 10), api.Sample(at.Add(10*time.Second), 0, 30), api.Sample(at.Add(15*time.Second), 0, 30),
	)
	got, err := json.Marshal(a(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"step_seconds":10,"at":[1000005,1000015],"waiting":[3,0],"active":[0,0],"cpus_used":[0,0],"cpus":[0,0],` +
		`"gpus_used":[0,0],"gpus":[0,0],"ended_per_second":[2,2]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSeries_AnswersAtOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: crowdOf()})
	for query, status := range map[string]int{"": 200, "?range_seconds=86400&step_seconds=60": 200, "?range_seconds=0": 422, "?range_seconds=1e9": 422} {
		if res, body := s.request(t, "GET", "/api/v1/timeseries"+query, ""); res.StatusCode != status {
			t.Errorf("%s: %d %s", query, res.StatusCode, body)
		}
	}
}

// quiet is a service in which nothing happens but what the test says.
type quiet struct {
	fake
	counted atomic.Int64
	waiting atomic.Int64
	change  chan struct{} // 0: a job changes
}

func (q *quiet) Summary(context.Context) (turno.Summary, error) {
	q.counted.Add(1)
	return turno.Summary{States: map[turno.State]int64{turno.Queued: q.waiting.Load()}}, nil
}

func (q *quiet) Events(ctx context.Context, _ turno.EventQuery) iter.Seq2[turno.Event, error] {
	return func(yield func(turno.Event, error) bool) {
		if !yield(turno.Event{Revision: 1, Reset: true}, nil) {
			return
		}
		select {
		case <-q.change:
			yield(turno.Event{Revision: 2, Number: 1}, nil)
		case <-ctx.Done():
		}
	}
}

// TestSeries_AQueueAtRestCostsNothing, and its chart has no hole.
func TestSeries_AQueueAtRestCostsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &quiet{change: make(chan struct{})}
		a, err := api.New(api.Options{Service: q, Listen: "127.0.0.1:0", Access: access.Options{Fixed: []access.Fixed{{Hash: access.Hash(access.NewSecret())}}}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { a.Note(ctx) })
		<-time.After(time.Hour)
		if n := q.counted.Load(); n != 1 {
			t.Errorf("jobs were counted %d times in an hour without a change", n)
		}
		q.waiting.Store(7)
		q.change <- struct{}{}
		<-time.After(time.Minute)
		if n := q.counted.Load(); n != 2 {
			t.Errorf("after a change they were counted %d times", n)
		}
		at, waiting := a.Timeseries(ctx, 30*time.Minute)
		if n := q.counted.Load(); n != 3 {
			t.Errorf("for one who watches they were counted %d times", n)
		}
		// The span's begin, the last moment of rest, the change, the rest since, now.
		if want := []float64{0, 0, 7, 7, 7}; !slices.Equal(waiting, want) || at[0] > at[4]-1795 {
			t.Errorf("%v at %v, want %v", waiting, at, want)
		}
		stop()
		group.Wait()
	})
}
