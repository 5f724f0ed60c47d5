package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"turno/internal/session"
)

// TestAttack_Sessions: what a session's route refuses, and what it survives.
func TestAttack_Sessions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(r.up.Dir, "data", name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(data))
	}
	server, token := read("server"), "Bearer "+read("token")
	r.turno("run", "--", "true")
	r.turno("submit", "--", "sleep", "600")
	id := session.NewID().String()
	ask := func(path string, header ...string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	at := "/api/v1/jobs/2/session?id="
	upgrade := []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}
	with := func(more ...string) []string { return append(append([]string(nil), upgrade...), more...) }
	for _, tt := range []struct {
		name, path string
		header     []string
		want       int
	}{
		{"no token", at + id, upgrade, 401},
		{"a wrong token", at + id, with("Authorization", "Bearer turno_0"), 401},
		{"another site's page", at + id, with("Authorization", token, "Origin", "http://evil.example"), 403},
		{"no upgrade", at + id, []string{"Authorization", token}, 426},
		{"half an upgrade", at + id, []string{"Authorization", token, "Connection", "Upgrade", "Upgrade", "websocket"}, 400},
		{"no id", "/api/v1/jobs/2/session", with("Authorization", token), 422},
		{"an id to guess", at + "1", with("Authorization", token), 400},
		{"no such job", "/api/v1/jobs/99/session?id=" + id, with("Authorization", token), 404},
		{"a job that has ended", "/api/v1/jobs/1/session?id=" + id, with("Authorization", token), 409},
		{"as it should be", at + id, with("Authorization", token), 101},
	} {
		if got := ask(tt.path, tt.header...); got != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, got, tt.want)
		}
	}
	// Garbage is no session; and who says to go on with one that never was is
	// told so.
	for _, packet := range [][]byte{{}, {1}, bytes.Repeat([]byte{255}, 1000), session.ResetPacket("x"), {1, 0, 5, 5}, bytes.Repeat([]byte{1}, 1<<20)} {
		socket, _, err := websocket.Dial(t.Context(), server+at+session.NewID().String()+"&again=true",
			&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {token}}})
		if err != nil {
			t.Fatal(err)
		}
		_ = socket.Write(t.Context(), websocket.MessageBinary, packet)
		if len(packet) == 4 {
			_, answer, err := socket.Read(t.Context())
			if err != nil || !session.IsReset(answer) {
				t.Errorf("an unknown session is answered by %q, %v", answer, err)
			}
		}
		_ = socket.CloseNow()
	}
	if out := r.turno("exec", "2", "--", "echo", "well"); out != "well\n" {
		t.Errorf("afterwards: %q", out)
	}
}
