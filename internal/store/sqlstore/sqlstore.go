// Package sqlstore is what the stores on SQL databases share: how a job
// becomes rows and comes back, what is counted, how lists are searched, and
// the feed of changes. Packages sqlite and postgres bring the connection, the
// way to write a prepared batch quickly, and the lead.
//
//	Commit ─▶ prepare: records, counts, kinds ─▶ DB.Write (one transaction) ─▶ feed ─▶ Changes
//	Load, Find, Jobs, Summary, ReadLog ─▶ DB.View (one snapshot), DB.Query
//
// The tables: jobs has one narrow row a job, with its changing part as JSON in
// status; specs has what was handed in, which never changes, and an array's
// tasks share its row: what was changed of a spec since is in status;
// kinds numbers the combinations of queue, user, type and being a task; counts
// says how many jobs of a kind and state there are, in all (block -1) and in
// each block of consecutive numbers, so that a list looks only where something
// is; spans says when the jobs of a block were submitted. All of it changes in the transaction that changes the jobs.
package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"turno"
	"turno/internal/store"
)

// ErrStale says that another process, writing in the same term, has added
// kinds; nothing was written, and the batch is to be prepared anew.
var ErrStale = errors.New("kinds were added elsewhere")

// DB is what a database brings. SQL comes with parameters ?1, ?2, …
type DB interface {
	Reader
	// View runs f on one snapshot of the data.
	View(ctx context.Context, f func(Reader) error) error
	// Write commits w in one transaction and returns the newest revision. It
	// returns store's errors for what the transaction found to be wrong.
	Write(ctx context.Context, w *Write) (uint64, error)
	// Exec runs statements in one transaction, whoever leads.
	Exec(ctx context.Context, statements []Statement) error
}

// Reader runs one statement.
type Reader interface {
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
}

// Rows is an answer. Who asked closes it.
type Rows interface {
	Next() bool
	Scan(to ...any) error
	Err() error
	Close() error
}

// Options of a Store.
type Options struct {
	DB  DB
	Log *slog.Logger
	// Find is the database's function that tells where in a text another one
	// begins, from 1; 0: nowhere.
	Find string
	// Submitted is an expression: when a row j of jobs was submitted, in
	// microseconds since 1970.
	Submitted string
	// Revision is the newest one.
	Revision uint64
	// History reads events after a revision that the feed no longer has; nil
	// when there are none. It returns none where they are gone.
	History func(ctx context.Context, after uint64) ([]turno.Event, error)
}

// Store is all of store.Store but Lead.
type Store struct {
	Options // constant after construction
	feed    *Feed

	writing chan struct{} // holds one token: who has taken it owns all below
	cache   cache
	write   Write
}

// New makes a Store.
func New(o Options) *Store {
	s := &Store{Options: o, feed: NewFeed(o.Revision), writing: make(chan struct{}, 1)}
	s.writing <- struct{}{}
	return s
}

// Feed is where changes arrive that other processes commit.
func (s *Store) Feed() *Feed { return s.feed }

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, b store.Batch) error {
	select {
	case <-s.writing:
		defer func() { s.writing <- struct{}{} }()
	case <-ctx.Done():
		return fmt.Errorf("commit batch: %w", ctx.Err())
	}
	err := s.commit(ctx, b)
	if errors.Is(err, ErrStale) {
		s.cache = cache{}
		err = s.commit(ctx, b)
	}
	if err != nil {
		s.cache = cache{} // what was in the batch may or may not be known now
		return fmt.Errorf("commit batch: %w", ended(ctx, err))
	}
	return nil
}

func (s *Store) commit(ctx context.Context, b store.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.Term == 0 {
		return store.ErrFenced
	}
	if err := s.cache.fill(ctx, s.DB, b.Term); err != nil {
		return err
	}
	w := &s.write
	if err := w.prepare(b, &s.cache); err != nil {
		return err
	}
	newest, err := s.DB.Write(ctx, w)
	if err != nil {
		return err
	}
	first := newest - uint64(len(w.Events)) + 1
	for i := range w.Events {
		w.Events[i].Revision = first + uint64(i)
	}
	s.feed.Add(w.Events)
	return nil
}

// Settle waits until no commit is under way in this process.
func (s *Store) Settle(ctx context.Context) error {
	select {
	case <-s.writing:
		s.writing <- struct{}{}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Changes implements store.Store.
func (s *Store) Changes(ctx context.Context, after uint64) ([]turno.Event, uint64, error) {
	events, next, err := s.feed.Wait(ctx, after)
	if err == store.ErrReset && s.History != nil && after < next {
		events, err = s.History(ctx, after)
		switch {
		case err != nil:
			return nil, after, fmt.Errorf("read changes: %w", ended(ctx, err))
		case len(events) == 0 || events[0].Revision != after+1:
			return nil, next, store.ErrReset
		}
		return events, events[len(events)-1].Revision, nil
	}
	return events, next, err
}

// ended makes sure that the error of a call whose context has ended says so:
// drivers have errors of their own for it.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w (%w)", ctx.Err(), err)
	}
	return err
}
