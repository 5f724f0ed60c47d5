package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"turno"
)

// maxLogWait is how long one request may wait for output; Log asks again.
const maxLogWait = 30 * time.Second

// Jobs implements turno.Service.
func (c *Client) Jobs(ctx context.Context, q turno.JobQuery) (turno.JobPage, error) {
	v := url.Values{}
	for _, s := range q.States {
		v.Add("state", string(s))
	}
	for key, text := range map[string]string{"queue": q.Queue, "user": q.User, "type": q.Type, "name": q.Name, "q": q.Search, "cursor": q.Cursor,
		"since": stamp(q.Since), "until": stamp(q.Until)} {
		if text != "" {
			v.Set(key, text)
		}
	}
	if q.Parent != 0 {
		v.Set("parent", number(q.Parent))
	}
	if q.Top {
		v.Set("top", "true")
	}
	if q.OldestFirst {
		v.Set("sort", "number")
	}
	if q.Limit != 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	var page turno.JobPage
	err := c.get(ctx, "/jobs", v, &page)
	return page, err
}

// stamp is a time as a parameter; none is no text.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// Job implements turno.Service.
func (c *Client) Job(ctx context.Context, ref string) (turno.Job, error) {
	path, err := jobPath(ref)
	if err != nil {
		return turno.Job{}, err
	}
	var job turno.Job
	err = c.get(ctx, path, nil, &job)
	return job, err
}

// Explain implements turno.Service.
func (c *Client) Explain(ctx context.Context, ref string) (turno.Explanation, error) {
	path, err := jobPath(ref)
	if err != nil {
		return turno.Explanation{}, err
	}
	var e turno.Explanation
	err = c.get(ctx, path+"/why", nil, &e)
	return e, err
}

// DeadLetters implements turno.Service.
func (c *Client) DeadLetters(ctx context.Context, q turno.DeadLetterQuery) (turno.DeadLetterPage, error) {
	if q.Number != 0 {
		page := turno.DeadLetterPage{Items: make([]turno.DeadLetter, 1), Total: 1}
		err := c.get(ctx, "/dead-letters/"+number(q.Number), nil, &page.Items[0])
		return page, err
	}
	v := url.Values{}
	if q.Limit != 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Cursor != "" {
		v.Set("cursor", q.Cursor)
	}
	var page turno.DeadLetterPage
	err := c.get(ctx, "/dead-letters", v, &page)
	return page, err
}

// Act implements turno.Service.
func (c *Client) Act(ctx context.Context, a turno.Action) ([]turno.Acted, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("encode an action: %w", err)
	}
	var out struct {
		Acted []turno.Acted `json:"acted"`
	}
	err = c.call(ctx, request{method: http.MethodPost, path: "/actions", body: body}, &out)
	return out.Acted, err
}

type items[T any] struct {
	Items []T `json:"items"`
}

// Workers implements turno.Service.
func (c *Client) Workers(ctx context.Context) ([]turno.Worker, error) {
	var list items[turno.Worker]
	err := c.get(ctx, "/workers", nil, &list)
	return list.Items, err
}

// Types implements turno.Service.
func (c *Client) Types(ctx context.Context) ([]turno.Type, error) {
	var list items[turno.Type]
	err := c.get(ctx, "/types", nil, &list)
	return list.Items, err
}

// Summary implements turno.Service.
func (c *Client) Summary(ctx context.Context) (turno.Summary, error) {
	var sum turno.Summary
	err := c.get(ctx, "/summary", nil, &sum)
	return sum, err
}

// Version is what a server says of itself.
type Version struct {
	Version  string   `json:"version"`
	API      string   `json:"api"`
	Protocol int      `json:"protocol"`
	Features []string `json:"features"`
}

// Version asks who the server is.
func (c *Client) Version(ctx context.Context) (Version, error) {
	var v Version
	err := c.get(ctx, "/version", nil, &v)
	return v, err
}

// Log implements turno.Service.
func (c *Client) Log(ctx context.Context, q turno.LogQuery) (turno.Log, error) {
	until := time.Now().Add(q.Wait)
	for {
		left := time.Until(until)
		l, err := c.logOnce(ctx, q, min(max(left, 0), maxLogWait))
		if err != nil || len(l.Data) > 0 || l.Done || left <= maxLogWait {
			return l, err
		}
	}
}

func (c *Client) logOnce(ctx context.Context, q turno.LogQuery, wait time.Duration) (turno.Log, error) {
	path, err := jobPath(q.Job)
	if err != nil {
		return turno.Log{}, err
	}
	v := url.Values{}
	for key, n := range map[string]int64{"offset": q.Offset, "attempt": int64(q.Attempt), "max": int64(q.Max)} {
		if n != 0 {
			v.Set(key, number(n))
		}
	}
	if wait > 0 {
		v.Set("wait_seconds", strconv.FormatFloat(wait.Seconds(), 'f', 3, 64))
	}
	res, err := c.do(ctx, request{method: http.MethodGet, path: path + "/log", query: v, again: true})
	if err != nil {
		return turno.Log{}, err
	}
	defer res.Body.Close()
	var l turno.Log
	for key, into := range map[string]any{
		"Turno-Log-Attempt": &l.Attempt, "Turno-Log-Offset": &l.Offset, "Turno-Log-Size": &l.Size, "Turno-Log-Done": &l.Done,
	} {
		if err := json.Unmarshal([]byte(res.Header.Get(key)), into); err != nil {
			return turno.Log{}, fmt.Errorf("read the header %s of a log: %w", key, err)
		}
	}
	if l.Data, err = readAll(res); err != nil {
		return turno.Log{}, c.unreachable(err)
	}
	return l, nil
}

var _ turno.Previewer = (*Client)(nil)

// Preview implements turno.Previewer.
func (c *Client) Preview(ctx context.Context, spec *turno.Spec) (turno.Preview, error) {
	var p turno.Preview
	body, err := json.Marshal(turno.NewJob{Spec: spec})
	if err != nil {
		return p, fmt.Errorf("encode a job: %w", err)
	}
	err = c.call(ctx, request{method: http.MethodPost, path: "/jobs:dry-run", body: body, again: true}, &p)
	return p, err
}
