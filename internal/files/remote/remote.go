// Package remote is the file store behind a turno's API: for workers that run
// apart from it and reach no other, and for the command line. It keeps nothing.
package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"turno"
	"turno/client"
	"turno/internal/files"
)

// statBatch hashes go in one request; the server takes twice as many.
const statBatch = 5000

// Store is the API of a server. It is safe for concurrent use.
type Store struct{ c *client.Client }

var _ files.Store = (*Store)(nil)

// New makes a Store; it does not connect.
func New(c *client.Client) *Store { return &Store{c} }

// explain puts the server's words into the port's.
func explain(err error) error {
	known, ok := errors.AsType[*turno.Error](err)
	if !ok {
		return err
	}
	var to error
	switch {
	case known.Code == turno.CodeNotFound:
		to = files.ErrNotFound
	case known.Code == turno.CodeFull:
		to = files.ErrFull
	case known.Code == turno.CodeConflict && known.Field == "offset":
		to = files.ErrOffset
	case known.Code == turno.CodeConflict && known.Field == "hash":
		to = files.ErrBusy
	case known.Code == turno.CodeInvalid && known.Field == "hash":
		to = files.ErrMismatch
	default:
		return err
	}
	return fmt.Errorf("%w: %w", to, err)
}

// Stat implements files.Store.
func (s *Store) Stat(ctx context.Context, hashes []string) ([]turno.Blob, error) {
	var out []turno.Blob
	for len(hashes) > 0 {
		n := min(statBatch, len(hashes))
		got, err := s.c.StatFiles(ctx, hashes[:n])
		if err != nil {
			return nil, explain(err)
		}
		out, hashes = append(out, got...), hashes[n:]
	}
	return out, nil
}

// Open implements files.Store.
func (s *Store) Open(ctx context.Context, hash string, offset int64) (io.ReadCloser, error) {
	r, err := s.c.OpenFile(ctx, hash, offset)
	return r, explain(err)
}

// stoppable ends a body early where its source fails, so that the server
// answers how much it has.
type stoppable struct {
	r   io.Reader
	err error
}

func (s *stoppable) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err, err = err, io.EOF
	}
	return n, err
}

// Put implements files.Store.
func (s *Store) Put(ctx context.Context, p files.Part, body io.Reader) (int64, error) {
	b := &stoppable{r: io.LimitReader(body, p.Size-p.Offset)}
	got, err := s.c.PutFile(ctx, p.Hash, p.Offset, p.Size, b)
	switch {
	case err == nil && got.Whole:
		return got.Stored, nil
	case err == nil:
		return got.Stored, b.err
	}
	err = explain(err)
	if ctx.Err() != nil || errors.Is(err, files.ErrMismatch) {
		return 0, err
	}
	now, statErr := s.Stat(ctx, []string{p.Hash})
	if statErr != nil {
		return p.Offset, err
	}
	if now[0].Whole { // the answer was lost, not the blob
		return now[0].Stored, nil
	}
	return now[0].Stored, err
}

// packBytes and packFiles go in one request. It is answered before the next
// one is sent: when the line breaks, no more than one is sent again.
const (
	packBytes = 2 << 20
	packFiles = 256
)

// PutAll implements files.Store.
func (s *Store) PutAll(ctx context.Context, blobs iter.Seq2[files.Small, error]) error {
	var buf bytes.Buffer
	n := 0
	flush := func() error {
		if n == 0 {
			return nil
		}
		_, err := s.c.PackFiles(ctx, &buf)
		buf.Reset()
		n = 0
		return explain(err)
	}
	for b, err := range blobs {
		if err == nil {
			err = files.PackWriter{W: &buf}.Add(b)
		}
		if err != nil {
			return errors.Join(err, flush()) // what came before is sent
		}
		if n++; n == packFiles || buf.Len() >= packBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// SetName implements files.Store.
func (s *Store) SetName(ctx context.Context, name, hash string) error {
	if !files.ValidName(name) {
		return fmt.Errorf("%.80q is not a name", name)
	}
	return explain(s.c.NameFile(ctx, name, hash))
}

// Name implements files.Store.
func (s *Store) Name(ctx context.Context, name string) (string, error) {
	if !files.ValidName(name) {
		return "", fmt.Errorf("%.80q is not a name: %w", name, files.ErrNotFound)
	}
	hash, err := s.c.FileName(ctx, name)
	return hash, explain(err)
}
