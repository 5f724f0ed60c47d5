package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// health is when a connection was last found broken: then the others that were
// made before it are in doubt too. All links of a store share one.
type health struct{ at atomic.Int64 } // nanoseconds since 1970

func (h *health) broke() { h.at.Store(time.Now().UnixNano()) }

// link is one connection, made when it is needed and again when it has broken.
type link struct {
	config *pgx.ConnConfig
	health *health

	mu   sync.Mutex // guards conn; held by who uses it
	conn *pgx.Conn
	used time.Time
}

// quiet is how long a connection may have been idle before it is tried out
// with a round trip of its own.
const quiet = time.Second

// get gives a connection that works, as far as one can know. The caller holds
// mu.
func (l *link) get(ctx context.Context) (*pgx.Conn, error) {
	if l.conn != nil && !l.conn.IsClosed() {
		var err error
		if time.Since(l.used) > quiet || l.health.at.Load() >= l.used.UnixNano() {
			err = l.conn.Ping(ctx)
		}
		if err == nil {
			l.used = time.Now()
			return l.conn, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		l.drop()
	}
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	l.conn, l.used = conn, time.Now()
	return conn, nil
}

// drop closes the connection at once. The caller holds mu.
func (l *link) drop() {
	if l.conn != nil {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // no good-bye
		_ = l.conn.Close(ctx)
		l.conn = nil
	}
}

func (l *link) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil || l.conn.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := l.conn.Close(ctx)
	l.conn = nil
	return err
}

// pool is a few links; taking one waits until one is free.
type pool chan *link

func newPool(config *pgx.ConnConfig, h *health, n int) pool {
	p := make(pool, n) // holds every link that is free
	for range n {
		p <- &link{config: config, health: h}
	}
	return p
}

func (p pool) take(ctx context.Context) (*link, *pgx.Conn, error) {
	select {
	case l := <-p:
		l.mu.Lock()
		conn, err := l.get(ctx)
		if err != nil {
			p.give(l)
			return nil, nil, err
		}
		return l, conn, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

func (p pool) give(l *link) {
	if l.conn != nil && l.conn.IsClosed() {
		l.health.broke()
	}
	l.mu.Unlock()
	p <- l
}

// close waits for who has a link.
func (p pool) close() error {
	var all error
	for range cap(p) {
		all = errors.Join(all, (<-p).close())
	}
	return all
}
