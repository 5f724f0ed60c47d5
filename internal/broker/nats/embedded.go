package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startTimeout bounds the start of an embedded server; recovery of a large
// store reads all its index files.
const startTimeout = 60 * time.Second

// EmbeddedOptions configure a server in this process.
type EmbeddedOptions struct {
	Dir        string // of its files, made with mode 0700 if need be; one server at a time
	SyncAlways bool   // sync before each confirm: a power cut loses nothing confirmed, for a tenth of the rate
	MaxStore   int64  // bytes on the disk, then publishers get an error; 0 is 8 GiB
	Prefix     string // as in Options
	AckWait    time.Duration
	Logger     *slog.Logger
}

// Embedded starts a server in this process and connects to it without a
// socket. It listens nowhere: see Admit for others. Close of the Broker stops
// the server.
func Embedded(ctx context.Context, o EmbeddedOptions) (*Broker, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	so, err := serverOptions(o)
	if err != nil {
		return nil, fmt.Errorf("configure the embedded broker: %w", err)
	}
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	e := &embedded{opts: so, logger: o.Logger, entry: newEntry(o.Prefix)}
	so.CustomClientAuthentication = e.entry
	if err := e.start(ctx); err != nil {
		return nil, fmt.Errorf("start the embedded broker in %s: %w", o.Dir, err)
	}
	b, err := e.connect(ctx, Options{Token: e.entry.own, Prefix: o.Prefix, AckWait: o.AckWait, Logger: o.Logger})
	if err != nil {
		e.stop()
		return nil, fmt.Errorf("connect to the embedded broker: %w", err)
	}
	b.embedded, b.health = e, &health{sick: make(chan struct{}, 1)}
	healing, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stopHeal = stop
	b.healing.Go(func() { b.heal(healing) })
	return b, nil
}

func serverOptions(o EmbeddedOptions) (*server.Options, error) {
	if o.Dir == "" {
		return nil, errors.New("it needs a folder")
	}
	if o.MaxStore == 0 {
		o.MaxStore = 8 << 30
	}
	so := &server.Options{
		ServerName:             "turno",
		DontListen:             true,
		NoSigs:                 true,
		NoLog:                  true,
		AuthTimeout:            startTimeout.Seconds(), // of a machine that is busy, not of a stranger
		MaxPayload:             8 << 20,                // the most that NATS calls reasonable
		JetStream:              true,
		JetStreamMaxMemory:     64 << 20, // nothing of ours is kept in memory only
		JetStreamMaxStore:      o.MaxStore,
		StoreDir:               o.Dir,
		SyncAlways:             o.SyncAlways,
		DisableJetStreamBanner: true,
	}
	return so, nil
}

// embedded is the server and the door to it. nats.go knocks there again after
// a restart.
type embedded struct {
	opts   *server.Options
	logger *slog.Logger
	entry  *entry

	mu    sync.Mutex
	srv   *server.Server // nil while stopped
	conns []net.Conn     // this process' ends; closed ones are harmless
}

func (e *embedded) start(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	srv, err := server.NewServer(e.opts.Clone())
	if err != nil {
		return err
	}
	srv.SetLoggerV2(serverLog{e.logger}, false, false, false)
	srv.Start()
	if !srv.ReadyForConnections(startTimeout) {
		srv.Shutdown()
		srv.WaitForShutdown()
		return fmt.Errorf("it was not ready within %s", startTimeout)
	}
	if !srv.JetStreamEnabled() {
		srv.Shutdown()
		srv.WaitForShutdown()
		return errors.New("its store could not be opened")
	}
	e.mu.Lock()
	e.srv = srv
	e.mu.Unlock()
	return nil
}

func (e *embedded) stop() {
	e.mu.Lock()
	srv := e.srv
	e.srv = nil
	e.mu.Unlock()
	if srv != nil {
		srv.Shutdown()
		srv.WaitForShutdown()
	}
}

func (e *embedded) connect(ctx context.Context, o Options) (*Broker, error) {
	return connect(ctx, o, nats.InProcessServer(e))
}

// InProcessConn is nats.InProcessConnProvider's.
func (e *embedded) InProcessConn() (net.Conn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.srv == nil {
		return nil, errors.New("the embedded broker is stopped")
	}
	conn, err := e.srv.InProcessConn()
	if err == nil {
		e.conns = append(e.conns, conn)
	}
	return conn, err
}

// Connect makes another connection to the embedded server, as another role of
// this process does. Its Close leaves the server alone.
func (b *Broker) Connect(ctx context.Context) (*Broker, error) {
	if b.embedded == nil {
		return nil, errors.New("connect: not an embedded broker")
	}
	o := b.opts
	another, err := b.embedded.connect(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("connect to the embedded broker: %w", err)
	}
	another.health = b.health
	return another, nil
}

// Restart stops the embedded server and starts it on the same files: the cure
// for one whose disk was full. All its connections come back by themselves.
func (b *Broker) Restart(ctx context.Context) error {
	if b.embedded == nil {
		return errors.New("restart: not an embedded broker")
	}
	if err := b.usable(ctx); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	b.embedded.stop()
	if err := b.embedded.start(ctx); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	return nil
}

// serverLog writes the server's log to ours. What it calls a notice is of no
// use to turno's operator.
type serverLog struct{ logger *slog.Logger }

func (l serverLog) write(level slog.Level, format string, v []any) {
	if ctx := context.Background(); l.logger.Enabled(ctx, level) {
		l.logger.Log(ctx, level, "embedded broker spoke", "says", fmt.Sprintf(format, v...))
	}
}

func (l serverLog) Noticef(format string, v ...any) { l.write(slog.LevelDebug, format, v) }
func (l serverLog) Warnf(format string, v ...any)   { l.write(slog.LevelWarn, format, v) }
func (l serverLog) Fatalf(format string, v ...any)  { l.write(slog.LevelError, format, v) }
func (l serverLog) Errorf(format string, v ...any)  { l.write(slog.LevelError, format, v) }
func (l serverLog) Debugf(format string, v ...any)  { l.write(slog.LevelDebug, format, v) }
func (l serverLog) Tracef(format string, v ...any)  { l.write(slog.LevelDebug, format, v) }
