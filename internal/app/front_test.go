package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"turno/internal/obs"
	"turno/internal/testenv"
)

func TestFront_AnswersBeforeItServesAndUntilItStopped(t *testing.T) {
	t.Parallel()
	f := &front{metrics: obs.New("v1"), address: "127.0.0.1:" + strconv.Itoa(testenv.FreePort(t))}
	ctx, stop := context.WithCancel(t.Context())
	err := f.during(ctx, func(own context.Context) error {
		asked(t, f, "/healthz", 200, "ok")
		asked(t, f, "/readyz", 503, "waits for the broker")
		asked(t, f, "/metrics", 200, "turno_build_info")
		asked(t, f, "/", 404, "")
		f.serves.Store(true)
		asked(t, f, "/readyz", 200, "ok")
		stop()
		<-own.Done()
		asked(t, f, "/readyz", 503, "is stopping")
		asked(t, f, "/healthz", 200, "ok")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFront_WithoutItsPortNothingRuns(t *testing.T) {
	t.Parallel()
	f := &front{metrics: obs.New("v1"), address: "192.0.2.1:1"} // of no machine
	err := f.during(t.Context(), func(own context.Context) error {
		<-own.Done()
		return own.Err()
	})
	if err == nil || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "listen for scrapes") {
		t.Errorf("got %v", err)
	}
}

// asked asks until somebody answers: the listener is opened beside what runs.
func asked(t *testing.T, f *front, path string, status int, text string) {
	t.Helper()
	var res *http.Response
	err := errors.New("was not asked")
	for err != nil && t.Context().Err() == nil {
		res, err = http.Get("http://" + f.address + path)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status || !strings.Contains(string(body), text) {
		t.Errorf("GET %s: %d %q, %v; want %d %q", path, res.StatusCode, body, err, status, text)
	}
}
