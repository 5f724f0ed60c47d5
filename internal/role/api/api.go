// Package api is the role that serves turno.Service over HTTP: routes, guards,
// event and log streams, and the OpenAPI description of it all. It decides
// nothing and stores nothing.
//
//	request ──▶ Host ──▶ origin ──▶ token ──▶ roles ──▶ body's type ──▶ route ──▶ access.Gate ──▶ turno.Service
//	            421      403        401       403       415             404, 405
//
// Every route but /healthz and /readyz needs a token, also on loopback, whose
// roles stand beside the route; a route that does not say for whom it is keeps
// the server from starting. Handlers see jobs through access.Gate. Errors are
// problems (RFC 9457) that carry a turno.Error. net/http owns a goroutine
// a connection; Run waits for them.
package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
	"turno/internal/bench/archive"
	"turno/internal/cert"
	"turno/internal/figures"
	"turno/internal/files"
	"turno/internal/obs"
)

// Options of a Role. Service, Listen and Tokens are required.
type Options struct {
	Service turno.Service
	// Listen is host:port. localhost listens on 127.0.0.1 and, where there is
	// IPv6, on [::1]. Port 0 takes a free one.
	Listen string
	// FallForward tries the next ports when one is taken, fallPorts of them.
	FallForward bool
	// Access is who may do what; its Log is this one.
	Access access.Options
	// SessionKey is the secret behind browsers' cookies; empty: a random one, and
	// sessions end with the process.
	SessionKey []byte
	// AllowHosts are further names that clients may call this server by.
	AllowHosts []string
	// CertFile and KeyFile turn on TLS. Without it, only loopback is listened
	// on, unless InsecureBehindProxy says that a proxy speaks TLS before it.
	CertFile, KeyFile   string
	InsecureBehindProxy bool
	// Files is where files of jobs are; nil: there is no such place.
	Files files.Store
	// MaxFile bounds a file in bytes; 0: DefaultMaxFile.
	MaxFile int64
	Bounds  Bounds
	// Size is what the time of a job grows with, for statistics; nil: not known.
	Size figures.Sizer
	// Link lets clients enter jobs; nil: it is not possible here.
	Link Linker
	// Benchmarks is where runs of turno bench run are kept; nil: there is no such place.
	Benchmarks *archive.Archive
	// Ready tells whether turno can work; nil: whether the store answers.
	Ready func(context.Context) error
	// Workers is how workers on other machines join.
	Workers Workers
	// Metrics are told at /metrics, on loopback to everybody; nil: there are none.
	Metrics *obs.Registry
	Version string
	Log     *slog.Logger
}

// Role serves. Its methods are safe for concurrent use.
type Role struct {
	// Constant after New.
	o          Options
	log        *slog.Logger
	tls        *tls.Config
	access     *access.Keeper
	gate       *access.Gate            // what each user sees of the Service; handlers ask nothing else
	allowed    map[string][]turno.Role // by pattern; nil: everybody
	operations map[string]string       // their names, by pattern
	tagged     map[string]bool         // patterns whose answers have an ETag
	hosts      hosts
	api        huma.API
	mux        *http.ServeMux
	handler    http.Handler
	bodies     gate // of one job, and of orders
	large      gate // of many jobs
	uses       users
	streams    chan struct{} // a place for each stream of events
	uploads    chan struct{} // a place for each long body
	links      chan struct{} // a place for each session with a job
	closing    chan struct{} // closed when Run's context ends: streams end
	guesses    guessCount
	signIns    *signIns
	gathering  gathering
	series     series
	figures    statistics
	metrics    *obs.HTTP // nil: nobody counts
	carried    carried

	mu         sync.Mutex // guards all below
	listeners  []net.Listener
	forWorkers net.Listener // nil: none joins
}

const (
	readHeaderTimeout = 5 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeader         = 64 << 10
	// graceTimeout is for requests that are under way at the end: they wait for
	// the scheduler at most two seconds.
	graceTimeout = 5 * time.Second
	// maxStreams of events at a time; each costs a goroutine and its buffer.
	maxStreams = 1000
)

// New makes a Role; it listens when Listen or Run is called.
func New(o Options) (*Role, error) {
	if o.Service == nil {
		return nil, errors.New("api: a service is required")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Version == "" {
		o.Version = "devel"
	}
	o.Bounds.fill()
	if o.MaxFile == 0 {
		o.MaxFile = DefaultMaxFile
	}
	a := &Role{
		o: o, log: o.Log.With("role", "api"),
		streams: make(chan struct{}, maxStreams), uploads: make(chan struct{}, maxUploads),
		links:   make(chan struct{}, maxLinks),
		closing: make(chan struct{}), signIns: newSignIns(o.SessionKey),
		gate: access.NewGate(&shared{Service: o.Service}), allowed: map[string][]turno.Role{}, operations: map[string]string{}, tagged: map[string]bool{},
	}
	if err := a.checkListen(); err != nil {
		return nil, err
	}
	if err := a.openFiles(); err != nil {
		return nil, err
	}
	a.bodies.most, a.large.most = o.Bounds.Bytes/2, o.Bounds.Bytes/2
	if o.Metrics != nil {
		a.metrics = o.Metrics.HTTP()
		o.Metrics.SpeedUps(a.speedUps)
	}
	if err := a.route(); err != nil {
		return nil, err
	}
	a.handler = a.metrics.Wrap(a.guard(a.mux))
	return a, nil
}

// openFiles reads what may be replaced while it serves: the certificate, the
// tokens.
func (a *Role) openFiles() (err error) {
	o := a.o.Access
	o.Log = a.log
	if a.access, err = access.New(o); err != nil {
		return fmt.Errorf("api: %w", err)
	}
	keep := func(err error) { a.log.Error("kept what was there before: a changed file cannot be used", "err", err) }
	if a.o.CertFile != "" || a.o.KeyFile != "" {
		if a.tls, err = cert.Serve(a.o.CertFile, a.o.KeyFile, keep); err != nil {
			return fmt.Errorf("api: %w", err)
		}
	}
	return nil
}

// Handler is everything that is served, guards included.
func (a *Role) Handler() http.Handler { return a.handler }

// Run listens, if Listen was not called, and serves until ctx is done. It
// returns nil then.
func (a *Role) Run(ctx context.Context) error {
	if err := a.Listen(); err != nil {
		return err
	}
	server, forWorkers := a.server(a.handler, a.tls), a.server(a.metrics.Wrap(a.workersDoor(a.mux)), nil)
	a.mu.Lock()
	listeners, theirs := a.listeners, a.forWorkers
	a.mu.Unlock()
	failed := make(chan error, len(listeners)+1)
	var group sync.WaitGroup
	for _, l := range listeners {
		group.Go(func() { failed <- server.Serve(l) })
	}
	if theirs != nil {
		group.Go(func() { failed <- forWorkers.Serve(theirs) })
	}
	noting, stop := context.WithCancel(ctx)
	defer stop()
	group.Go(func() { a.note(noting) })
	group.Go(func() { a.access.Run(noting) })
	if a.o.Benchmarks != nil {
		group.Go(func() { a.o.Benchmarks.Run(noting) })
	}
	a.log.Info("serves", "url", a.URL())
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("serve: %w", err)
	}
	close(a.closing)
	stop()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTimeout)
	defer cancel()
	for _, s := range []*http.Server{server, forWorkers} {
		if s.Shutdown(grace) != nil {
			err = errors.Join(err, s.Close())
		}
	}
	group.Wait()
	return err
}

func (a *Role) server(h http.Handler, secure *tls.Config) *http.Server {
	return &http.Server{
		Handler:           h,
		TLSConfig:         secure,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}
