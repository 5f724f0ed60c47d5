package api

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
	"turno/internal/cert"
)

// Workers lets workers on other machines join. Their address is one of its own,
// so that the dashboard can stay on this machine: there, a browser, and a token
// of anybody but a worker, is turned away.
type Workers struct {
	// Listen is host:port; empty: no worker can join. Host is how other machines
	// call this one, where Listen names all of its addresses.
	Listen, Host string
	// CertFile and KeyFile are required with Listen. Workers know the server by
	// the fingerprint of this key.
	CertFile, KeyFile string
	// Admit connects a worker with the broker: what is read and written are the
	// broker's own words, and the ticket is the first thing that it asks for.
	Admit func(worker string) (conn net.Conn, ticket string, err error)
}

const (
	// carryProtocol is what a connection is upgraded to, ticketHeader its ticket.
	carryProtocol, ticketHeader = "turno-broker", "Turno-Ticket"
	// maxCarried connections of workers at a time, of one worker maxCarriedEach: a
	// new one may come before the end of the old one was noticed.
	maxCarried, maxCarriedEach = 1024, 4
)

// carried counts connections of workers.
type carried struct {
	mu   sync.Mutex
	all  int
	each map[string]int
}

// enter takes a place for a worker's connection; leave gives it back.
func (c *carried) enter(worker string) (leave func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= maxCarried || c.each[worker] >= maxCarriedEach {
		return nil, false
	}
	if c.each == nil {
		c.each = map[string]int{}
	}
	c.all++
	c.each[worker]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all--
		if c.each[worker]--; c.each[worker] == 0 {
			delete(c.each, worker)
		}
	}, true
}

func (a *Role) routeWorkers() {
	raw(a, huma.Operation{
		Method: http.MethodPost, Path: base + "/workers:join", OperationID: "join", Summary: "Have a worker join, with a token that is good for that, once",
		Description: "The worker makes the secret of its own token and sends its SHA-256; the answer is that token, of the role joined.",
		RequestBody: body[turno.Join](a, "Which worker"), DefaultStatus: http.StatusCreated,
		Responses: answers[turno.Token](a, map[string]string{"201": "The worker's token, which is good until it is revoked"}),
		Errors:    []int{http.StatusConflict, http.StatusUnprocessableEntity}, Security: roles(access.Join),
	}, a.join)
	raw(a, huma.Operation{
		Method: http.MethodGet, Path: base + "/broker", OperationID: "carry", Summary: "Take jobs: a worker's connection with the broker",
		Description: "The connection is upgraded to " + carryProtocol + " and carries the words of the embedded broker, which grants what that worker needs and nothing else. " +
			"It ends with the token. Use turno join.",
		Responses: map[string]*huma.Response{"101": {Description: "The broker's words follow; the ticket to show it is in " + ticketHeader}},
		Security:  roles(access.Carry),
		Errors:    []int{http.StatusUpgradeRequired, http.StatusTooManyRequests},
	}, a.carry)
}

// errNoJoin is what a server answers that workers cannot join.
var errNoJoin = turno.Errorf(turno.CodeConflict, "workers cannot join this turno").
	WithHint("start it with an address for them: turno up --listen-workers 0.0.0.0:5001")

func (a *Role) join(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
	if a.o.Workers.Admit == nil {
		return errNoJoin
	}
	var j turno.Join
	if err := a.small(w, r, &j); err != nil {
		return err
	}
	workers, err := a.o.Service.Workers(r.Context())
	if err != nil {
		return err
	}
	if slices.ContainsFunc(workers, func(k turno.Worker) bool {
		return k.Name == j.Worker && (k.State == turno.WorkerReady || k.State == turno.WorkerDrained)
	}) {
		return &turno.Error{Code: turno.CodeConflict, Field: "worker", Message: fmt.Sprintf("a worker %.40q is at work", j.Worker),
			Hint: "take another name with --worker"}
	}
	t, err := a.access.Join(r.Context(), access.Of(r.Context()), j, address(r))
	if err != nil {
		return err
	}
	text, err := encoded(t)
	if err != nil {
		return err
	}
	a.log.Info("a worker joined", "worker", j.Worker, "from", r.RemoteAddr)
	a.write(w, http.StatusCreated, text)
	return nil
}

// joinLine is what turno join takes: where, and the word.
func (a *Role) joinLine(secret string) (string, error) {
	fingerprint, err := cert.FileFingerprint(a.o.Workers.CertFile)
	if err != nil {
		return "", fmt.Errorf("read the certificate for workers: %w", err)
	}
	word, err := access.JoinWord(fingerprint, secret)
	return a.WorkersAddr() + " " + word, err
}

// WorkersAddr is where other machines reach the address for workers, once Listen
// has returned; empty without one.
func (a *Role) WorkersAddr() string {
	a.mu.Lock()
	l := a.forWorkers
	a.mu.Unlock()
	if l == nil {
		return ""
	}
	host, port, _ := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() && a.o.Workers.Host != "" {
		host = a.o.Workers.Host
	}
	return net.JoinHostPort(host, port)
}

func (a *Role) carry(w http.ResponseWriter, r *http.Request, _ *struct{}) error {
	if r.Header.Get("Upgrade") != carryProtocol || r.ProtoMajor != 1 {
		w.Header().Set("Upgrade", carryProtocol)
		return problemOf(turno.Errorf(turno.CodeMalformed, "this is for workers that joined").WithHint("use turno join"), http.StatusUpgradeRequired)
	}
	if a.o.Workers.Admit == nil {
		return errNoJoin
	}
	worker := access.Of(r.Context()).Token.User
	leave, ok := a.carried.enter(worker)
	if !ok {
		w.Header().Set("Retry-After", "5")
		return problemOf(turno.Errorf(turno.CodeUnavailable, "too many connections of workers are open"), http.StatusTooManyRequests)
	}
	defer leave()
	ctx, cancel := a.untilClosing(r)
	defer cancel()
	inner, ticket, err := a.o.Workers.Admit(worker)
	if err != nil {
		return turno.Errorf(turno.CodeUnavailable, "the broker is away: %v", err)
	}
	defer inner.Close()
	outer, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return fmt.Errorf("take over a worker's connection: %w", err)
	}
	defer outer.Close()
	_ = outer.SetDeadline(time.Time{}) // those of an ordinary answer do not hold here
	if _, err := fmt.Fprintf(outer, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n%s: %s\r\n\r\n", carryProtocol, ticketHeader, ticket); err != nil {
		return nil // it is gone
	}
	a.log.Info("let a worker in", "worker", worker, "from", r.RemoteAddr)
	relayBytes(ctx, inner, outer, buffered.Reader)
	a.log.Info("a worker's connection ended", "worker", worker, "from", r.RemoteAddr)
	return nil
}

// relayBytes carries them both ways until one side is gone, the outer one takes
// nothing for writeTimeout, or ctx is done.
func relayBytes(ctx context.Context, inner, outer net.Conn, fromOuter io.Reader) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	carry := func(to io.Writer, from io.Reader) func() {
		return func() {
			defer cancel()
			_, _ = io.Copy(to, from)
		}
	}
	group.Go(carry(inner, fromOuter))
	group.Go(carry(prompt{outer}, inner))
	<-ctx.Done()
	_, _ = inner.Close(), outer.Close()
	group.Wait()
}

// prompt is a connection to a machine that may be gone without a word: a write is
// not waited for as long as TCP would, a quarter of an hour in which the worker that
// came back would find its places taken.
type prompt struct{ net.Conn }

func (p prompt) Write(data []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return p.Conn.Write(data)
}

// workersDoor stands before every route at the address for workers.
func (a *Role) workersDoor(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer a.recover(w, r)
		secure(w.Header())
		who, ok := a.bearer(r)
		switch {
		case r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "":
			a.turnAway(w, r, http.StatusForbidden, turno.Errorf(turno.CodeForbidden, "this address is for workers, not for browsers"))
		case !ok:
			a.unknown(w, r)
		case !who.Token.Has(turno.RoleWorker, turno.RoleJoin, turno.RoleJoined):
			a.noteStranger(r, http.StatusForbidden)
			a.turnAway(w, r, http.StatusForbidden, turno.Errorf(turno.CodeForbidden, "this address is for workers: it takes no other tokens"))
		default:
			a.serveAs(w, r, who, next)
		}
	})
}

// openForWorkers reads their certificate, and listens. It is called under mu.
func (a *Role) openForWorkers() error {
	o := a.o.Workers
	if o.Listen == "" || a.forWorkers != nil {
		return nil
	}
	keep := func(err error) { a.log.Error("kept what was there before: a changed file cannot be used", "err", err) }
	secure, err := cert.Serve(o.CertFile, o.KeyFile, keep)
	if err != nil {
		return fmt.Errorf("listen for workers: %w", err)
	}
	secure.MinVersion = tls.VersionTLS13 // both ends are turno's
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("listen for workers: %w", err)
	}
	places := make(chan struct{}, maxConns)
	a.forWorkers = tls.NewListener(&limited{Listener: l, places: places, closed: make(chan struct{})}, secure)
	return nil
}
