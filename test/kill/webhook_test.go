package kill

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"turno"
	"turno/test/lab"
)

// TestWebhook_IsToldThoughAllIsKilled: turno is killed in the midst of telling a
// job's end, and tells it again when it is back, under the same id.
func TestWebhook_IsToldThoughAllIsKilled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tries := make(chan string, 100) // more than there can be
	released := make(chan struct{})
	var first atomic.Bool
	first.Store(true)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		tries <- r.Header.Get("webhook-id")
		if first.CompareAndSwap(true, false) {
			select {
			case <-released: // turno is dead by then
			case <-ctx.Done():
			}
		}
	}))
	defer server.Close()
	d := lab.New(t, lab.Binary(t, lab.Build{}))
	up := d.Start("up", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port), "--webhook-allow", "127.0.0.1", "--end-jobs")
	jobs, err := d.Client().Submit(ctx, []turno.NewJob{{Spec: &turno.Spec{
		Type: "exec", Params: json.RawMessage(`{"command":["/bin/true"]}`), Webhook: server.URL + "/ended",
	}}})
	if err != nil || jobs[0].Error != nil {
		t.Fatal(err, jobs)
	}
	await := func(what string) string {
		t.Helper()
		select {
		case id := <-tries:
			return id
		case <-ctx.Done():
			t.Fatalf("the end was not told %s", what)
			return ""
		}
	}
	told := await("at first")
	up.Kill()
	close(released)
	up.Restart()
	if again := await("after the kill"); again != told || told != jobs[0].ID {
		t.Errorf("told as %s and %s, the job is %s", told, again, jobs[0].ID)
	}
	c := d.Client()
	lab.Await(ctx, t, func() error {
		j, err := c.Job(ctx, jobs[0].ID)
		if err == nil && (j.Webhook == nil || j.Webhook.State != turno.WebhookDelivered) {
			return turno.Errorf(turno.CodeUnavailable, "not yet: %+v", j.Webhook)
		}
		return err
	})
}
