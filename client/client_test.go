package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"turno"
	"turno/client"
)

// The whole of turno.Service is tested by servicetest, which
// internal/role/api runs on this client. Here is what only a client meets.

func connect(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := client.New(client.Options{URL: s.URL + "/", Token: "turno_x", UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func known(t *testing.T, err error) *turno.Error {
	t.Helper()
	e, ok := errors.AsType[*turno.Error](err)
	if !ok {
		t.Fatalf("not a turno.Error: %v", err)
	}
	return e
}

func TestNew_Addresses(t *testing.T) {
	t.Parallel()
	for url, ok := range map[string]bool{
		"": true, "http://localhost:5000": true, "https://lab.example/turno/": true,
		"localhost:5000": false, "ftp://x": false, "://": false, "http://": false,
	} {
		if _, err := client.New(client.Options{URL: url}); (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := client.New(client.Options{Token: "a\nb"}); err == nil {
		t.Error("takes a token of two lines")
	}
}

func TestErrors_NothingListens(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	c, err := client.New(client.Options{URL: "http://" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Job(t.Context(), "1")
	e := known(t, err)
	if e.Code != turno.CodeUnavailable || !strings.Contains(e.Hint, "turno up") || !strings.Contains(e.Message, l.Addr().String()) {
		t.Errorf("got %+v", e)
	}
	_, err = c.Submit(t.Context(), []turno.NewJob{{Spec: &turno.Spec{Type: "noop"}}})
	if known(t, err).Code != turno.CodeUnavailable {
		t.Errorf("submit: %v", err)
	}
	for _, err := range c.Events(t.Context(), turno.EventQuery{}) {
		if known(t, err).Code != turno.CodeUnavailable {
			t.Errorf("events: %v", err)
		}
	}
}

func TestErrors_ComeBackTheSame(t *testing.T) {
	t.Parallel()
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer turno_x" || r.Header.Get("User-Agent") != "test" {
			t.Errorf("header %v", r.Header)
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"status":409,"code":"conflict","detail":"d","field":"f","hint":"h","new":1}`)
	})
	_, err := c.Workers(t.Context())
	if e := *known(t, err); e != (turno.Error{Code: turno.CodeConflict, Message: "d", Field: "f", Hint: "h"}) {
		t.Errorf("got %+v", e)
	}
}

func TestErrors_NotATurno(t *testing.T) {
	t.Parallel()
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html>nginx</html>")
	})
	_, err := c.Summary(t.Context())
	if e := known(t, err); e.Code != turno.CodeInternal || !strings.Contains(e.Hint, "TURNO_SERVER") {
		t.Errorf("got %+v", e)
	}
}

func TestRedirect_DoesNotTakeTheTokenAway(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer other.Close()
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	if _, err := c.Job(t.Context(), "1"); err == nil {
		t.Error("no error")
	}
	if asked.Load() != 0 {
		t.Error("followed a redirect")
	}
}

// jobsOf reads the ids of a submission.
func jobsOf(t *testing.T, r *http.Request) []turno.NewJob {
	var in struct{ Jobs []turno.NewJob }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		t.Error(err)
	}
	return in.Jobs
}

func TestSubmit_SendsAgainUnderTheSameID(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		jobs := jobsOf(t, r)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, jobs[0].ID)
		if len(seen) == 1 {
			panic(http.ErrAbortHandler) // the connection breaks before the answer
		}
		_, _ = fmt.Fprintf(w, `{"jobs":[{"id":%q,"number":5}]}`, jobs[0].ID)
	})
	out, err := c.Submit(t.Context(), []turno.NewJob{{Spec: &turno.Spec{Type: "noop"}}})
	if err != nil || out[0].Number != 5 {
		t.Fatalf("%+v, %v", out, err)
	}
	if len(seen) != 2 || seen[0] != seen[1] || !turno.ValidID(seen[0]) || out[0].ID != seen[0] {
		t.Errorf("sent %v", seen)
	}
}

func TestSubmit_AFailedRequestIsItsJobsError(t *testing.T) {
	t.Parallel()
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		jobs := jobsOf(t, r)
		if len(jobs) < 1000 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"code":"unavailable","detail":"busy"}`)
			return
		}
		out := make([]turno.Submitted, len(jobs))
		for i := range out {
			out[i] = turno.Submitted{ID: jobs[i].ID, Number: int64(i + 1), Warning: "w"}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"jobs": out})
	})
	jobs := make([]turno.NewJob, 1500)
	for i := range jobs {
		jobs[i].Spec = &turno.Spec{Type: "noop"}
	}
	jobs[3].Spec = &turno.Spec{Type: "noop", Params: []byte(`{`)}
	out, err := c.Submit(t.Context(), jobs)
	if err != nil {
		t.Fatal(err)
	}
	if out[0].Number != 1 || out[0].Warning != "w" || out[3].Error == nil || out[4].Number != 4 {
		t.Errorf("got %+v", out[:5])
	}
	if last := out[1499]; last.Error == nil || last.Error.Message != "busy" || !turno.ValidID(last.ID) {
		t.Errorf("the last: %+v", last)
	}
}

func TestEvents_GoOnAfterABreak(t *testing.T) {
	t.Parallel()
	var asked []string
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Last-Event-ID"))
		n := len(asked)
		switch n {
		case 2: // the server restarts
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"code":"unavailable","detail":"starting"}`)
		case 4:
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"code":"unauthorized","detail":"who?"}`)
		default:
			_, _ = fmt.Fprintf(w, "retry: 1\n: hello\n\nid: %d\nevent: job\ndata: {\"revision\":%d}\n\nid: 99\ndata: {\"revi", n*10, n*10)
		}
	})
	var revisions []uint64
	var last error
	for e, err := range c.Events(t.Context(), turno.EventQuery{After: 4}) {
		if last = err; err == nil {
			revisions = append(revisions, e.Revision)
		}
	}
	if fmt.Sprint(revisions) != "[10 30]" || fmt.Sprint(asked) != "[4 10 10 30]" {
		t.Errorf("got %v, asked from %v", revisions, asked)
	}
	if known(t, last).Code != turno.CodeUnauthorized {
		t.Errorf("ended with %v", last)
	}
}

func TestEvents_EndWithTheContext(t *testing.T) {
	t.Parallel()
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "id: 1\ndata: {\"revision\":1}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, err := range c.Events(ctx, turno.EventQuery{}) {
		if err != nil {
			t.Errorf("yields %v", err)
		}
		cancel()
	}
}

func TestNewID_IsAUUIDv7(t *testing.T) {
	t.Parallel()
	a, b := client.NewID(), client.NewID()
	if _, ok := turno.IDTime(a); !ok || !turno.ValidID(a) || a == b {
		t.Errorf("%s, %s", a, b)
	}
}
