package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"turno"
	"turno/internal/access"
	"turno/internal/broker/mem"
	"turno/internal/role/api"
	"turno/internal/service"
	port "turno/internal/store"
	storemem "turno/internal/store/mem"
)

// running is a service with job 1, a command of submitter's that runs.
func running(t *testing.T) *service.Service {
	t.Helper()
	store := storemem.New()
	lead, err := store.Lead(t.Context(), "test", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	spec := &turno.Spec{Type: "exec", User: "submitter"}
	spec.Normalize()
	job := &turno.Job{ID: "018bcfe5-6800-7000-8000-000000000001", Number: 1, Spec: spec, State: turno.Running, Reason: turno.ReasonRunning, Attempt: 1,
		Attempts: []turno.Attempt{{Number: 1, Worker: "w"}}}
	if err := store.Commit(t.Context(), port.Batch{Term: lead.Term, Next: 2, Jobs: []port.Change{{Job: job}}}); err != nil {
		t.Fatal(err)
	}
	svc, err := service.New(service.Options{Broker: mem.New(), Store: store})
	if err != nil {
		t.Fatal(err)
	}
	return svc
}

// TestAttack_C2_C22_Sessions: a WebSocket is not opened for a page of another
// site, for somebody else's job or without a token, and ends with its token.
func TestAttack_C2_C22_Sessions(t *testing.T) {
	t.Parallel()
	svc := running(t)
	p := serveAll(t, api.Options{Service: svc, Link: svc.Link})
	const path = "/api/v1/jobs/1/session?id=00112233445566778899aabbccddeeff"
	dial := func(token string, more ...string) (*websocket.Conn, int) {
		header := http.Header{}
		if token != "" {
			header.Set("Authorization", "Bearer "+token)
		}
		for i := 0; i < len(more); i += 2 {
			header.Set(more[i], more[i+1])
		}
		conn, res, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(p.URL(), "http")+path, &websocket.DialOptions{HTTPHeader: header})
		if err != nil && res == nil {
			t.Fatal(err)
		}
		return conn, res.StatusCode
	}
	mine := p.tokens["submitter"]
	for _, c := range []struct {
		name, token string
		header      []string
		status      int
	}{
		{"without a token", "", nil, http.StatusUnauthorized},
		{"a viewer", p.tokens["viewer"], nil, http.StatusForbidden},
		{"of somebody else", p.tokens["ben"], nil, http.StatusNotFound},
		{"from another site", mine, []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{"from nowhere", mine, []string{"Origin", "null"}, http.StatusForbidden},
	} {
		if conn, status := dial(c.token, c.header...); conn != nil || status != c.status {
			t.Errorf("%s: %d, want %d", c.name, status, c.status)
		}
	}
	conn, status := dial(mine)
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("the owner: %d", status)
	}
	defer conn.CloseNow()
	if res, body := p.request(t, "POST", "/api/v1/tokens/"+access.IDOf(access.Hash(mine))+"/revoke", ""); res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	if _, _, err := conn.Read(context.WithoutCancel(t.Context())); err == nil { // it ends, or this test does not
		t.Error("something came after the token had ended")
	}
	if conn, status := dial(mine); conn != nil || status != http.StatusUnauthorized {
		t.Errorf("afterwards: %d", status)
	}
}
