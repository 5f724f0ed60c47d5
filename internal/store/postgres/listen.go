package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"turno/internal/store/sqlstore"
)

// channel is that of NOTIFY; what it carries is the newest revision.
const channel = "turno_changes"

// listener brings the commits of other processes into the feed.
type listener struct {
	link
	db    *db
	store *sqlstore.Store
	log   *slog.Logger
}

// Waits between attempts to connect: at once as a restart takes a second, and
// at most so long that nobody looks at an old list for long.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
)

func (l *listener) run(ctx context.Context) {
	l.mu.Lock()
	defer func() {
		l.mu.Unlock()
		_ = l.close() // of a connection that is only listened to
	}()
	wait := firstWait
	for ctx.Err() == nil {
		start := time.Now()
		err := l.session(ctx)
		l.drop()
		l.health.broke()
		if ctx.Err() != nil {
			return
		}
		if time.Since(start) > lastWait {
			wait = firstWait
		}
		l.log.Warn("lost the connection for changes, connecting again", "err", err, "wait", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		wait = min(2*wait, lastWait)
	}
}

// session listens until something breaks.
func (l *listener) session(ctx context.Context) error {
	conn, err := l.get(ctx)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	// What was committed before LISTEN took effect.
	var newest uint64
	if err := conn.QueryRow(ctx, `SELECT revision FROM head`).Scan(&newest); err != nil {
		return fmt.Errorf("read newest revision: %w", err)
	}
	for {
		if err := l.catchUp(ctx, newest); err != nil {
			return fmt.Errorf("read changes: %w", err)
		}
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("wait for changes: %w", err)
		}
		if newest, err = strconv.ParseUint(n.Payload, 10, 64); err != nil {
			return fmt.Errorf("read notification: %w", err)
		}
	}
}

// catchUp brings the feed up to a revision. What this process commits comes
// into the feed without a detour through the database, unless it was never
// told that its commit went through.
func (l *listener) catchUp(ctx context.Context, newest uint64) error {
	feed := l.store.Feed()
	if feed.Newest() >= newest {
		return nil
	}
	if err := l.store.Settle(ctx); err != nil {
		return err
	}
	for {
		have := feed.Newest()
		if have >= newest {
			return nil
		}
		events, err := l.db.history(ctx, have)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			feed.Skip(newest)
			return nil
		}
		feed.Add(events)
	}
}
