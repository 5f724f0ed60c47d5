package badinput

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"turno"
	"turno/test/lab"
)

// onTheWire: what no decent client sends. Each gets one answer at most, and the
// connection is closed: what follows is not taken for another request.
func onTheWire(t *testing.T, s *stage) {
	auth := "Host: localhost\r\nAuthorization: Bearer " + s.token + "\r\nContent-Type: application/json\r\n"
	inner := "POST /api/v1/workers/w1/drain HTTP/1.1\r\n" + auth + "Content-Length: 0\r\n\r\n"
	post := "POST /api/v1/jobs HTTP/1.1\r\n" + auth
	for _, c := range []struct{ name, text, statuses string }{
		{"55 CL and TE", post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner, "400"},
		{"55 TE twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + inner, "400 501"},
		{"55 TE unknown", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + inner, "400 501"},
		{"55 two lengths", post + "Content-Length: 0\r\nContent-Length: 200\r\n\r\n" + inner, "400"},
		{"55 a length with plus", post + "Content-Length: +0\r\n\r\n" + inner, "400"},
		{"55 a length below zero", post + "Content-Length: -1\r\n\r\n" + inner, "400"},
		{"55 bare LF in a chunk", post + "Transfer-Encoding: chunked\r\n\r\n0\n\n" + inner, "400"},
		{"55 two hosts", "POST /api/v1/jobs HTTP/1.1\r\nHost: evil\r\n" + auth + "Content-Length: 0\r\n\r\n" + inner, "400"},
		{"55 no host", "GET /healthz HTTP/1.1\r\n\r\n", "400"},
		{"55 space before colon", post + "Content-Length : 0\r\n\r\n" + inner, "400"},
		{"55 a header of 70 kB", post + "X: " + strings.Repeat("x", 70<<10) + "\r\n\r\n" + inner, "431"},
		{"55 a path of 70 kB", "GET /api/v1/jobs/" + strings.Repeat("1", 70<<10) + " HTTP/1.1\r\n" + auth + "\r\n" + inner, "431 414"},
		{"55 20,000 header lines", "GET /healthz HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", 20_000) + "\r\n" + inner, "431"},
		{"55 no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 100) + "\r\n\r\n", "400"},
		{"55 a chunk that lies", post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx", "400"},
		{"55 HTTP/9", "GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n", "505 400"},
		{"53 a header that never ends", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", "408 400"},
		{"25 a body that never comes", post + "Content-Length: 100000\r\n\r\n{", "400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s.given.Add(1)
			began := time.Now()
			out := s.converse(t, c.text)
			if n := strings.Count(out, "HTTP/1.1 "); n > 1 {
				t.Errorf("%d answers: %.400q", n, out)
			}
			status, _, _ := strings.Cut(strings.TrimPrefix(out, "HTTP/1.1 "), " ")
			if out != "" && !strings.Contains(c.statuses, status) {
				t.Errorf("answered %q, want %s or the end", fmt.Sprintf("%.100s", out), c.statuses)
			}
			if took := time.Since(began); took > 50*time.Second {
				t.Errorf("the connection was open for %s", took)
			}
		})
	}
	t.Run("53 a thousand connections that say nothing", func(t *testing.T) {
		t.Parallel()
		s.given.Add(1)
		for range 1000 {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
		}
		if res, text, err := s.send(request{method: "GET", path: "/healthz"}); err != nil || res.StatusCode != 200 {
			t.Errorf("beside them: %v %s", err, text)
		}
	})
}

// vanishing: clients that follow events and output, read nothing, and are gone
// without a word. What they had open is found to be closed afterwards.
func vanishing(t *testing.T, s *stage) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	gate := t.TempDir() + "/go"
	out, err := s.c.Submit(ctx, []turno.NewJob{{ID: lab.NewID(t), Spec: lab.Command("until [ -e " + gate + " ]; do echo alive; sleep 0.05; done")}})
	if err != nil || out[0].Error != nil {
		t.Fatalf("%v %+v", err, out)
	}
	lab.Await(ctx, t, func() error { return s.is(ctx, out[0].Number, turno.Running) })
	log := fmt.Sprintf("/api/v1/jobs/%d/log?follow=true", out[0].Number)
	for i := range 150 {
		path := []string{"/api/v1/events", log}[i%2]
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+s.token+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		first := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(conn, first); err != nil || string(first) != "HTTP/1.1 200" {
			t.Fatalf("%s: %q %v", path, first, err)
		}
		_ = conn.(*net.TCPConn).SetLinger(0) // a reset, as when a machine restarts
		_ = conn.Close()
	}
	s.given.Add(2)
	touch(t, gate)
	lab.Await(ctx, t, func() error { return s.is(ctx, out[0].Number, turno.Succeeded) })
}

// converse writes, and reads until the server closes.
func (s *stage) converse(t *testing.T, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, text) // the server may close while we write
	out, _ := io.ReadAll(conn)
	return string(out)
}
