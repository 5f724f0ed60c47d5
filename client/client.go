// Package client is turno.Service over HTTP and server-sent events: the only
// way into a running turno. A Session with a job goes over a WebSocket.
//
//	c, err := client.New(client.Options{URL: "http://localhost:5000", Token: token})
//	out, err := c.Submit(ctx, []turno.NewJob{{Spec: &turno.Spec{Type: "noop"}}})
//
// Errors that a user can act on are *turno.Error, the same that the server
// made. The client starts goroutines only within a call, and waits for them.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"turno"
	"turno/internal/cert"
)

// DefaultURL is where turno up listens.
const DefaultURL = "http://localhost:5000"

const (
	base = "/api/v1"
	// maxAnswer bounds what is read of an answer: a page of a thousand jobs
	// with long parameters.
	maxAnswer = 512 << 20
	// maxProblem bounds what is read of an error.
	maxProblem = 1 << 20
	// retries of what may be sent twice, after a connection broke.
	retries = 2
	// retryPause before the first of them.
	retryPause = 100 * time.Millisecond
	// busyFor is how long a busy server is asked again; a caller that has less
	// patience ends its context. busyPause is the longest pause.
	busyFor   = 2 * time.Minute
	busyPause = 10 * time.Second
)

// Options of a Client. All may be empty but Token.
type Options struct {
	URL        string // of the server; empty: DefaultURL
	Token      string
	HTTPClient *http.Client // empty: one of its own, with connections kept
	TLS        *tls.Config  // what to trust, with a HTTPClient of its own; nil: what the system does
	UserAgent  string
	// User is who sits there. It counts where the token is that of the server's
	// file, which is nobody's in particular; others are somebody's.
	User string
	// OnWait is told when the server is busy and the client waits before it asks
	// again. It may be called from several goroutines at once.
	OnWait func(why *turno.Error, wait time.Duration)
}

// Client speaks to one server. It is safe for concurrent use.
type Client struct {
	url   string
	token string
	agent string
	user  string
	tls   *tls.Config
	http  *http.Client
	wait  func(*turno.Error, time.Duration)
}

var (
	_ turno.Service    = (*Client)(nil)
	_ turno.Access     = (*Client)(nil)
	_ turno.Benchmarks = (*Client)(nil)
)

// answerWithin is longer than any server takes for an answer, 3 min: then the
// connection is dead, though nobody has told.
const answerWithin = 190 * time.Second

// New makes a Client. It does not connect.
func New(o Options) (*Client, error) {
	if o.URL == "" {
		o.URL = DefaultURL
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, turno.Errorf(turno.CodeInvalid, "%q is not the address of a turno", o.URL).
			WithHint("it looks like %s; see TURNO_SERVER", DefaultURL)
	}
	if strings.ContainsAny(o.Token, "\r\n") {
		return nil, turno.Errorf(turno.CodeInvalid, "the token has more than one line")
	}
	if o.UserAgent == "" {
		o.UserAgent = "turno-go"
	}
	if o.HTTPClient == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 16  // Submit keeps a few, streams one each
		t.DisableCompression = true // the server does not compress
		t.TLSClientConfig = o.TLS
		t.ResponseHeaderTimeout = answerWithin
		o.HTTPClient = &http.Client{Transport: t, CheckRedirect: noRedirect}
	}
	if o.OnWait == nil {
		o.OnWait = func(*turno.Error, time.Duration) {}
	}
	return &Client{wait: o.OnWait, url: strings.TrimRight(o.URL, "/"), token: o.Token, agent: o.UserAgent, user: o.User, tls: o.TLS, http: o.HTTPClient}, nil
}

// noRedirect keeps the token from going elsewhere: turno never redirects.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Close closes connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// request is one HTTP request.
type request struct {
	method string
	path   string // under base
	query  url.Values
	body   []byte // JSON; nil: none
	header map[string]string
	again  bool // may be sent twice
}

// do sends a request until it has an answer. While the server is busy, which
// means that it took nothing, it comes again when the server says.
func (c *Client) do(ctx context.Context, q request) (*http.Response, error) {
	for began := time.Now(); ; {
		res, err := c.reach(ctx, q)
		if err != nil {
			return nil, err
		}
		res, err = c.check(res)
		busy, ok := errors.AsType[*turno.Error](err)
		if !ok || busy.Code != turno.CodeBusy {
			return res, err
		}
		pause := min(max(time.Duration(busy.RetryAfter), retryPause), busyPause)
		pause += rand.N(pause/2 + 1) // so that those who came together do not come together again
		if time.Since(began)+pause > busyFor {
			return nil, busy
		}
		c.wait(busy, pause)
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// reach sends a request until it has an answer, whatever that says.
func (c *Client) reach(ctx context.Context, q request) (*http.Response, error) {
	for try := 0; ; try++ {
		res, err := c.send(ctx, q)
		if err == nil {
			return res, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s %s: %w", q.method, q.path, context.Cause(ctx))
		}
		if !q.again || try == retries || errors.Is(err, syscall.ECONNREFUSED) {
			return nil, c.unreachable(err)
		}
		if err := sleep(ctx, retryPause<<try); err != nil {
			return nil, err
		}
	}
}

func (c *Client) send(ctx context.Context, q request) (*http.Response, error) {
	target := c.url + base + q.path
	if len(q.query) > 0 {
		target += "?" + q.query.Encode()
	}
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	r, err := http.NewRequestWithContext(ctx, q.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	c.sign(r)
	if q.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range q.header {
		r.Header.Set(k, v)
	}
	return c.http.Do(r)
}

// sign says who asks.
func (c *Client) sign(r *http.Request) {
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.user != "" {
		r.Header.Set("Turno-User", c.user)
	}
	r.Header.Set("User-Agent", c.agent)
}

// check turns an answer that is an error into one.
func (c *Client) check(res *http.Response) (*http.Response, error) {
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	var p struct {
		Code   turno.Code `json:"code"`
		Detail string     `json:"detail"`
		Field  string     `json:"field"`
		Hint   string     `json:"hint"`
		Retry  float64    `json:"retry_after_seconds"`
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxProblem))
	if bytes.Contains(text, []byte("HTTP request to an HTTPS server")) {
		return nil, turno.Errorf(turno.CodeUnavailable, "%s speaks HTTPS", c.url).
			WithHint("set the server to https://…, and --ca or --fingerprint if its certificate is of its own making")
	}
	if err != nil || json.Unmarshal(text, &p) != nil || p.Code == "" {
		return nil, turno.Errorf(turno.CodeInternal, "%s answered %q, which is no answer of turno", c.url, res.Status).
			WithHint("is it turno that listens there? see TURNO_SERVER")
	}
	return nil, &turno.Error{
		Code: p.Code, Message: p.Detail, Field: p.Field, Hint: p.Hint, RetryAfter: turno.Duration(p.Retry * float64(time.Second)),
	}
}

// unreachable explains why there was no answer.
func (c *Client) unreachable(err error) *turno.Error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return turno.Errorf(turno.CodeUnavailable, "nothing listens at %s", c.url).
			WithHint("is turno up running? start it with: turno up; or set TURNO_SERVER")
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return turno.Errorf(turno.CodeUnavailable, "the name %s is not known", dns.Name).WithHint("see TURNO_SERVER")
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok || errors.Is(err, cert.ErrFingerprint) {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err
		}
		return turno.Errorf(turno.CodeUnavailable, "%s is not trusted: %v", c.url, err).
			WithHint("give --ca, a file with the certificate of who signed the server's, or --fingerprint, as the server prints it when it starts")
	}
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	return turno.Errorf(turno.CodeUnavailable, "the connection to %s broke: %v", c.url, err).
		WithHint("try again; what was submitted with an id is not taken twice")
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to try again: %w", context.Cause(ctx))
	}
}

// call sends a request and reads the answer's JSON.
func (c *Client) call(ctx context.Context, q request, into any) error {
	text, err := c.fetch(ctx, q)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read the answer to %s %s: %w", q.method, q.path, err)
	}
	return nil
}

// fetch sends a request and gives the answer's body.
func (c *Client) fetch(ctx context.Context, q request) ([]byte, error) {
	res, err := c.do(ctx, q)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := readAll(res)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%s %s: %w", q.method, q.path, context.Cause(ctx))
	}
	if err != nil {
		return nil, c.unreachable(err)
	}
	return text, nil
}

func readAll(res *http.Response) ([]byte, error) {
	if n := res.ContentLength; n >= 0 && n <= maxAnswer {
		text := make([]byte, n)
		_, err := io.ReadFull(res.Body, text)
		return text, err
	}
	return io.ReadAll(io.LimitReader(res.Body, maxAnswer))
}

func (c *Client) get(ctx context.Context, path string, query url.Values, into any) error {
	return c.call(ctx, request{method: http.MethodGet, path: path, query: query, again: true}, into)
}

// jobPath is the path of a job; the text is checked here, so that it cannot
// become another path.
func jobPath(ref string) (string, error) {
	r, err := turno.ParseRef(ref)
	if err != nil {
		return "", err
	}
	return "/jobs/" + r.String(), nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
