package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"turno"
	"turno/internal/access"
	"turno/internal/role/api"
)

// pipes is a listener without a network, for synctest.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5000} }

// dial connects to the server.
func (p *pipes) dial() net.Conn {
	mine, its := net.Pipe()
	p.conns <- its
	return mine
}

// bubble serves f on pipes within a synctest bubble while test runs.
func bubble(t *testing.T, f *fake, test func(*testing.T, *pipes, server)) {
	synctest.Test(t, func(t *testing.T) {
		token := access.NewSecret()
		a, err := api.New(api.Options{Service: f, Listen: "127.0.0.1:5000", Access: access.Options{Fixed: []access.Fixed{{Hash: access.Hash(token)}}}})
		if err != nil {
			t.Fatal(err)
		}
		p := newPipes()
		a.SetListeners(p)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx) }()
		test(t, p, server{a, token})
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// lasts tells how long the server keeps a connection.
func lasts(c net.Conn) time.Duration {
	began := time.Now()
	_, _ = io.Copy(io.Discard, c)
	return time.Since(began)
}

func TestAttack_C53_SlowSenders(t *testing.T) {
	t.Parallel()
	bubble(t, &fake{}, func(t *testing.T, p *pipes, s server) {
		head := "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n"
		authorized := head + "Authorization: Bearer " + s.token + "\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
		for name, c := range map[string]struct {
			sends string
			most  time.Duration
		}{
			"says nothing":        {"", 6 * time.Second},
			"half a header":       {head, 6 * time.Second},
			"half a body":         {authorized, 31 * time.Second},
			"idles without token": {head + "\r\n", time.Second},
			"idles with token":    {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 121 * time.Second},
		} {
			conn := p.dial()
			go func() { _, _ = io.WriteString(conn, c.sends) }()
			if got := lasts(conn); got > c.most {
				t.Errorf("%s: stayed %s, want at most %s", name, got, c.most)
			}
			_ = conn.Close()
		}
	})
}

func TestAttack_C53_ConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := api.Limit(p, 1)
		first := p.dialAsync()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		p.dialAsync()
		second := make(chan error, 1)
		go func() {
			_, err := l.Accept()
			second <- err
		}()
		synctest.Wait()
		select {
		case err := <-second:
			t.Fatalf("a second connection was taken: %v", err)
		default:
		}
		_ = c.Close()
		_ = c.Close() // gives its place back once
		if err := <-second; err != nil {
			t.Errorf("accept: %v", err)
		}
		_ = (<-first).Close()
		go func() {
			_, err := l.Accept()
			second <- err
		}()
		synctest.Wait()
		_ = l.Close()
		if err := <-second; !errors.Is(err, net.ErrClosed) {
			t.Errorf("accept after close: %v", err)
		}
	})
}

// dialAsync connects while the listener may not accept yet.
func (p *pipes) dialAsync() <-chan net.Conn {
	out := make(chan net.Conn, 1)
	go func() { out <- p.dial() }()
	return out
}

func TestAttack_C54_ReaderThatDoesNotRead(t *testing.T) {
	t.Parallel()
	var stopped chan struct{} // made in the bubble, or its clock would stand still
	f := &fake{events: func(ctx context.Context, _ turno.EventQuery) iter.Seq2[turno.Event, error] {
		return func(yield func(turno.Event, error) bool) {
			defer close(stopped)
			for i := uint64(1); ctx.Err() == nil; i++ {
				if !yield(turno.Event{Revision: i, Number: 1, Name: strings.Repeat("n", 200)}, nil) {
					return
				}
			}
		}
	}}
	bubble(t, f, func(t *testing.T, p *pipes, s server) {
		stopped = make(chan struct{})
		conn := p.dial()
		began := time.Now()
		if _, err := io.WriteString(conn, "GET /api/v1/events?job=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+s.token+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		<-stopped // too much waits for the reader
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("dropped after %s", took)
		}
		_ = conn.Close()
	})
}

func TestEvents_WhatIsSent(t *testing.T) {
	t.Parallel()
	var more chan turno.Event // made in the bubble, or its clock would stand still
	var asked chan turno.EventQuery
	f := &fake{events: func(ctx context.Context, q turno.EventQuery) iter.Seq2[turno.Event, error] {
		asked <- q
		return func(yield func(turno.Event, error) bool) {
			for {
				select {
				case e := <-more:
					if !yield(e, nil) {
						return
					}
				case <-ctx.Done():
					return
				}
			}
		}
	}}
	bubble(t, f, func(t *testing.T, p *pipes, s server) {
		more, asked = make(chan turno.Event), make(chan turno.EventQuery, 1)
		conn := p.dial()
		defer conn.Close()
		if _, err := fmt.Fprintf(conn, "GET /api/v1/events?job=4&job=5&after=3 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nLast-Event-ID: 7\r\n\r\n", s.token); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if q := <-asked; q.After != 7 || len(q.Jobs) != 2 || q.Jobs[1] != 5 {
			t.Errorf("asked for %+v", q)
		}
		for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		lines := bufio.NewReader(res.Body)
		expect(t, lines, "retry: 2000", "")
		more <- turno.Event{Revision: 8, Number: 4, State: turno.Running}
		expect(t, lines, "id: 8", "event: job", `data: {"revision":8,"number":4,"state":"running"}`, "")
		began := time.Now()
		expect(t, lines, ": alive", "")
		if got := time.Since(began); got > 15*time.Second {
			t.Errorf("a sign of life after %s", got)
		}
		more <- turno.Event{Revision: 9, Reset: true}
		expect(t, lines, "id: 9", "event: reset", `data: {"revision":9,"reset":true}`, "")
	})
}

func expect(t *testing.T, r *bufio.Reader, want ...string) {
	t.Helper()
	for _, line := range want {
		got, err := r.ReadString('\n')
		if err != nil || got != line+"\n" {
			t.Fatalf("got %q, %v; want %q", got, err, line)
		}
	}
}

func TestEvents_Refused(t *testing.T) {
	t.Parallel()
	s := serve(t, api.Options{Service: &fake{}})
	res, body := s.request(t, "GET", "/api/v1/events", "", "Last-Event-ID", "x")
	isProblem(t, res, body, http.StatusBadRequest)
	s.SetStreams(0)
	res, body = s.request(t, "GET", "/api/v1/events", "")
	isProblem(t, res, body, http.StatusTooManyRequests)
}

// converse sends bytes, and gives all that comes until the server closes or is
// silent.
func converse(t *testing.T, s server, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, text) }() // it may be cut off
	out, _ := io.ReadAll(conn)                        // a reset is an end too
	return string(out)
}

func TestAttack_C55_Smuggling(t *testing.T) {
	t.Parallel()
	f := &fake{}
	s := serve(t, api.Options{Service: f})
	auth := "Host: localhost\r\nAuthorization: Bearer " + s.token + "\r\nContent-Type: application/json\r\n"
	inner := "POST /api/v1/workers/w/drain HTTP/1.1\r\n" + auth + "Content-Length: 0\r\n\r\n"
	for name, text := range map[string]string{
		"CL and TE":           "POST /api/v1/jobs HTTP/1.1\r\n" + auth + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
		"TE twice":            "POST /api/v1/jobs HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + inner,
		"TE unknown":          "POST /api/v1/jobs HTTP/1.1\r\n" + auth + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + inner,
		"two lengths":         "POST /api/v1/jobs HTTP/1.1\r\n" + auth + "Content-Length: 0\r\nContent-Length: 200\r\n\r\n" + inner,
		"a length with plus":  "POST /api/v1/jobs HTTP/1.1\r\n" + auth + "Content-Length: +0\r\n\r\n" + inner,
		"bare LF in a chunk":  "POST /api/v1/jobs HTTP/1.1\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\n0\n\n" + inner,
		"two hosts":           "POST /api/v1/jobs HTTP/1.1\r\nHost: evil\r\n" + auth + "Content-Length: 0\r\n\r\n" + inner,
		"space before colon":  "POST /api/v1/jobs HTTP/1.1\r\n" + auth + "Content-Length : 0\r\n\r\n" + inner,
		"a folded header":     "POST /api/v1/jobs HTTP/1.1\r\n" + auth + "X: a\r\n b\r\nContent-Length: x\r\n\r\n" + inner,
		"a header of 70 kB":   "POST /api/v1/jobs HTTP/1.1\r\n" + auth + "X: " + strings.Repeat("x", 70<<10) + "\r\n\r\n" + inner,
		"a path of 70 kB":     "GET /api/v1/jobs/" + strings.Repeat("1", 70<<10) + " HTTP/1.1\r\n" + auth + "\r\n" + inner,
		"ten thousand fields": "GET /healthz HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", 20_000) + "\r\n" + inner,
	} {
		out := converse(t, s, text)
		if n := strings.Count(out, "HTTP/1.1 "); n > 1 {
			t.Errorf("%s: %d answers", name, n)
		}
		if status, _, _ := strings.Cut(strings.TrimPrefix(out, "HTTP/1.1 "), " "); status != "400" && status != "431" && status != "501" && out != "" {
			t.Errorf("%s: %.100q", name, out)
		}
	}
	if f.changes.Load() != 0 {
		t.Error("a smuggled request was served")
	}
}

func TestRun_EndsWithOpenStreams(t *testing.T) {
	t.Parallel()
	f := &fake{events: func(ctx context.Context, _ turno.EventQuery) iter.Seq2[turno.Event, error] {
		return func(func(turno.Event, error) bool) { <-ctx.Done() }
	}}
	bubble(t, f, func(t *testing.T, p *pipes, s server) {
		conn := p.dial()
		if _, err := io.WriteString(conn, "GET /api/v1/events?job=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+s.token+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, conn) }()
	})
}
