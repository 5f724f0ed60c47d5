package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"turno/internal/files"
)

// Downloader reads from a Store.
type Downloader struct {
	Store    files.Store
	Progress func(bytes int64) // may be nil
	Patience time.Duration     // with a store that fails; 0: a minute
}

// Download writes a blob to w, and checks it: after an error what w has is not
// to be used. A line that breaks is taken up where it broke.
func (d Downloader) Download(ctx context.Context, hash string, w io.Writer) (int64, error) {
	if d.Patience == 0 {
		d.Patience = patience
	}
	sum := sha256.New()
	var at int64
	var wait backoff
	for {
		n, err := d.piece(ctx, hash, at, io.MultiWriter(w, sum))
		if n > 0 {
			wait.reset()
		}
		at += n
		if err == nil {
			break
		}
		if into, ok := errors.AsType[*writeError](err); ok {
			return at, into.err
		}
		if ctx.Err() != nil {
			return at, context.Cause(ctx)
		}
		if !Passing(err) || !wait.sleep(ctx, d.Patience) {
			return at, err
		}
	}
	if hex.EncodeToString(sum.Sum(nil)) != hash {
		return at, fmt.Errorf("%s: %w", hash, files.ErrMismatch)
	}
	return at, nil
}

// writeError is of the side that is written to.
type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }

// piece reads until the end, or an error.
func (d Downloader) piece(ctx context.Context, hash string, at int64, w io.Writer) (int64, error) {
	r, err := d.Store.Open(ctx, hash, at)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	buf := make([]byte, copyBytes)
	var total int64
	for {
		if ctx.Err() != nil {
			return total, context.Cause(ctx)
		}
		n, err := r.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return total, &writeError{err}
			}
			total += int64(n)
			if d.Progress != nil {
				d.Progress(int64(n))
			}
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}
