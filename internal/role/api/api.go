// Package api is the role that serves turno.Service over HTTP: routes, guards,
// event and log streams, and the OpenAPI description of it all. It decides
// nothing and stores nothing.
//
//	request ──▶ Host ──▶ origin ──▶ token ──▶ body's type ──▶ route ──▶ turno.Service
//	            421      403        401       415             404, 405
//
// Every route but /healthz and /readyz needs a token, also on loopback. Errors
// are problems (RFC 9457) that carry a turno.Error. net/http owns a goroutine
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
	"turno/internal/cert"
	"turno/internal/figures"
	"turno/internal/files"
	"turno/internal/obs"
	"turno/internal/reload"
)

// Options of a Role. Service, Listen and Tokens are required.
type Options struct {
	Service turno.Service
	// Listen is host:port. localhost listens on 127.0.0.1 and, where there is
	// IPv6, on [::1]. Port 0 takes a free one.
	Listen string
	// FallForward tries the next ports when one is taken, fallPorts of them.
	FallForward bool
	// Tokens are accepted, and those in TokenFile, one a line, which is read anew
	// when it changes. User is that of their jobs which name none.
	Tokens               []Token
	TokenFile, TokenUser string
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
	// Ready tells whether turno can work; nil: whether the store answers.
	Ready func(context.Context) error
	// Metrics are told at /metrics, on loopback to everybody; nil: there are none.
	Metrics *obs.Registry
	Version string
	Log     *slog.Logger
}

// Role serves. Its methods are safe for concurrent use.
type Role struct {
	// Constant after New.
	o       Options
	log     *slog.Logger
	tls     *tls.Config
	inFile  *reload.Value[[]Token] // of TokenFile; nil: there is none
	hosts   hosts
	api     huma.API
	mux     *http.ServeMux
	handler http.Handler
	bodies  gate // of one job, and of orders
	large   gate // of many jobs
	uses    tokens
	streams chan struct{} // a place for each stream of events
	uploads chan struct{} // a place for each long body
	links   chan struct{} // a place for each session with a job
	closing chan struct{} // closed when Run's context ends: streams end
	guesses guessCount
	signIns *signIns
	series  series
	figures statistics
	metrics *obs.HTTP // nil: nobody counts

	mu        sync.Mutex // guards all below
	listeners []net.Listener
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
	if len(o.Tokens) == 0 && o.TokenFile == "" {
		return nil, errors.New("api: a token is required, also on loopback: see LoadOrCreateToken")
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
	keep := func(err error) { a.log.Error("kept what was there before: a changed file cannot be used", "err", err) }
	if a.o.CertFile != "" || a.o.KeyFile != "" {
		if a.tls, err = cert.Serve(a.o.CertFile, a.o.KeyFile, keep); err != nil {
			return fmt.Errorf("api: %w", err)
		}
	}
	if a.o.TokenFile == "" {
		return nil
	}
	a.inFile, err = reload.New(func() ([]Token, error) { return loadTokens(a.o.TokenFile, a.o.TokenUser) }, keep, a.o.TokenFile)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	return nil
}

// accepted are the tokens that are let in now; there is one at least.
func (a *Role) accepted() []Token {
	if a.inFile == nil {
		return a.o.Tokens
	}
	return append(a.inFile.Get(), a.o.Tokens...)
}

// Handler is everything that is served, guards included.
func (a *Role) Handler() http.Handler { return a.handler }

// Run listens, if Listen was not called, and serves until ctx is done. It
// returns nil then.
func (a *Role) Run(ctx context.Context) error {
	if err := a.Listen(); err != nil {
		return err
	}
	server := &http.Server{
		Handler:           a.handler,
		TLSConfig:         a.tls,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	a.mu.Lock()
	listeners := a.listeners
	a.mu.Unlock()
	failed := make(chan error, len(listeners))
	var group sync.WaitGroup
	for _, l := range listeners {
		group.Go(func() { failed <- server.Serve(l) })
	}
	noting, stop := context.WithCancel(ctx)
	defer stop()
	group.Go(func() { a.note(noting) })
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
	if server.Shutdown(grace) != nil {
		err = errors.Join(err, server.Close())
	}
	group.Wait()
	return err
}
