// Package transfer brings files into a file store and out of it, whatever the
// store: what is there already is not sent, what broke off goes on where it
// was, and everything is checked by its hash. It keeps no state of its own.
package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"turno"
	"turno/internal/files"
)

const (
	// patience is how long a store may fail without taking a byte before an
	// upload is given up: a server restarts within it.
	patience = time.Minute
	// firstPause and maxPause are between two tries.
	firstPause = 100 * time.Millisecond
	maxPause   = 5 * time.Second
)

// Source is a file that is to be in the store. Open gives its bytes from an
// offset on.
type Source struct {
	Name string // for messages
	Hash string
	Size int64
	Open func(offset int64) (io.ReadCloser, error)
}

// Stats say what an Upload did.
type Stats struct {
	Files, Present   int   // different contents; those that the store had already
	Bytes, BytesSent int64 // of all; those read for sending, repeated ones counted again
}

// Uploader uploads. Store is required.
type Uploader struct {
	Store files.Store
	// Progress hears of bytes that need not be sent any more: sent, or there
	// before. May be nil.
	Progress func(bytes int64)
	// Trouble hears of each error after which it tries again. May be nil.
	Trouble func(error)
	// Patience with a store that fails; 0: a minute.
	Patience time.Duration
	// WaitForRoom has it wait as long for room in a store that is full.
	WaitForRoom bool
}

// upload is one call.
type upload struct {
	Uploader
	stats Stats
	wait  backoff
}

// Upload stores files, small ones first. Files of the same content count once.
func (u Uploader) Upload(ctx context.Context, sources []Source) (Stats, error) {
	if u.Progress == nil {
		u.Progress = func(int64) {}
	}
	if u.Trouble == nil {
		u.Trouble = func(error) {}
	}
	if u.Patience == 0 {
		u.Patience = patience
	}
	up := &upload{Uploader: u}
	var small, large []Source
	seen := make(map[string]bool, len(sources))
	for _, s := range sources {
		if seen[s.Hash] {
			continue
		}
		seen[s.Hash] = true
		up.stats.Files++
		up.stats.Bytes += s.Size
		if s.Size <= files.MaxSmall {
			small = append(small, s)
		} else {
			large = append(large, s)
		}
	}
	err := up.allSmall(ctx, small)
	for i := 0; i < len(large) && err == nil; i++ {
		err = up.large(ctx, &large[i])
	}
	return up.stats, err
}

// backoff waits longer and longer, and gives up when nothing got better for
// too long.
type backoff struct {
	since time.Time // of the first failure without a success after it
	pause time.Duration
}

func (b *backoff) reset() { *b = backoff{} }

// sleep waits before the next try; false: it is enough.
func (b *backoff) sleep(ctx context.Context, patience time.Duration) bool {
	now := time.Now()
	if b.since.IsZero() {
		b.since, b.pause = now, firstPause
	}
	if now.Sub(b.since) > patience {
		return false
	}
	t := time.NewTimer(b.pause)
	defer t.Stop()
	b.pause = min(2*b.pause, maxPause)
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// again tells whether an error may be gone at the next try, and waits for it.
func (u *upload) again(ctx context.Context, err error) bool {
	waits := u.WaitForRoom && errors.Is(err, files.ErrFull)
	if ctx.Err() != nil || !waits && !Passing(err) {
		return false
	}
	u.Trouble(err)
	return u.wait.sleep(ctx, u.Patience)
}

// Passing tells whether an error comes from something that may be well again
// soon, such as a line or a server, and not from what was asked.
func Passing(err error) bool {
	if local, ok := errors.AsType[*sourceError](err); ok && local != nil {
		return false
	}
	if known, ok := errors.AsType[*turno.Error](err); ok && !errors.Is(err, files.ErrBusy) && !errors.Is(err, files.ErrOffset) {
		return known.Code == turno.CodeUnavailable || known.Code == turno.CodeInternal || known.Code == turno.CodeMalformed
	}
	return !errors.Is(err, files.ErrFull) && !errors.Is(err, files.ErrMismatch) && !errors.Is(err, files.ErrNotFound) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, os.ErrPermission)
}

// sourceError is an error of reading what is to be sent.
type sourceError struct {
	name string
	err  error
}

func (e *sourceError) Error() string { return fmt.Sprintf("read %s: %v", e.name, e.err) }
func (e *sourceError) Unwrap() error { return e.err }

// missing asks which of these are not whole in the store.
func (u *upload) missing(ctx context.Context, list []Source) ([]Source, error) {
	hashes := make([]string, len(list))
	for i := range list {
		hashes[i] = list[i].Hash
	}
	for {
		got, err := u.Store.Stat(ctx, hashes)
		if err == nil {
			i := 0
			return slices.DeleteFunc(slices.Clone(list), func(Source) bool { i++; return got[i-1].Whole }), nil
		}
		if !u.again(ctx, err) {
			return nil, fmt.Errorf("ask what is stored: %w", err)
		}
	}
}

// allSmall sends small files in packs until all are there.
func (u *upload) allSmall(ctx context.Context, list []Source) error {
	for first := true; len(list) > 0; first = false {
		left, err := u.missing(ctx, list)
		if err != nil {
			return err
		}
		for i, j := 0, 0; i < len(list); i++ {
			if j < len(left) && left[j].Hash == list[i].Hash {
				j++
				continue
			}
			u.Progress(list[i].Size)
			if first {
				u.stats.Present++
			}
		}
		if len(left) < len(list) {
			u.wait.reset()
		}
		list = left
		if len(list) == 0 {
			break
		}
		if err := u.pack(ctx, list); err != nil {
			if !u.again(ctx, err) {
				return u.explain(&list[0], err)
			}
			continue
		}
		list = nil
	}
	return nil
}

// pack sends small files once.
func (u *upload) pack(ctx context.Context, list []Source) error {
	var told int64
	err := u.Store.PutAll(ctx, func(yield func(files.Small, error) bool) {
		for i := range list {
			data, err := readAll(&list[i])
			u.stats.BytesSent += int64(len(data))
			if !yield(files.Small{Hash: list[i].Hash, Data: data}, err) || err != nil {
				return
			}
			told += list[i].Size
			u.Progress(list[i].Size)
		}
	})
	if err != nil {
		u.Progress(-told) // until it is known what arrived
	}
	return err
}

// readAll reads a small file, which must be what it was.
func readAll(s *Source) ([]byte, error) {
	r, err := s.Open(0)
	if err != nil {
		return nil, &sourceError{s.Name, err}
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, s.Size+1))
	if err != nil {
		return nil, &sourceError{s.Name, err}
	}
	if files.Hash(data) != s.Hash {
		return nil, &sourceError{s.Name, errChanged}
	}
	return data, nil
}

var errChanged = errors.New("it has changed since it was looked at")

// large sends one file, from where the store is.
func (u *upload) large(ctx context.Context, s *Source) error {
	var told int64 // of it, to Progress
	tell := func(stored int64) {
		u.Progress(stored - told)
		if stored > told {
			u.wait.reset()
		}
		told = stored
	}
	first, anew := true, false
	for {
		got, err := u.Store.Stat(ctx, []string{s.Hash})
		if err == nil {
			tell(min(got[0].Stored, s.Size))
			if got[0].Whole {
				if first {
					u.stats.Present++
				}
				return nil
			}
			first = false
			var stored int64
			stored, err = u.put(ctx, s, got[0].Stored, tell)
			if err == nil && stored >= s.Size {
				tell(s.Size)
				return nil
			}
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
		}
		switch {
		case errors.Is(err, files.ErrMismatch) && !anew && got[0].Stored > 0:
			anew = true // what was stored before may have been of another file
			tell(0)
		case !u.again(ctx, err):
			return u.explain(s, err)
		}
	}
}

// put sends what is missing of a file once.
func (u *upload) put(ctx context.Context, s *Source, offset int64, tell func(int64)) (int64, error) {
	if offset > s.Size {
		offset = 0
	}
	r, err := s.Open(offset)
	if err != nil {
		return 0, &sourceError{s.Name, err}
	}
	defer r.Close()
	b := &counted{r: r, name: s.Name, at: offset, tell: tell, sent: &u.stats.BytesSent}
	stored, err := u.Store.Put(ctx, files.Part{Hash: s.Hash, Offset: offset, Size: s.Size}, b)
	if err == nil && stored < s.Size && b.at < s.Size {
		return stored, &sourceError{s.Name, errChanged} // it ended too early
	}
	return stored, err
}

// counted counts what is read, and marks errors as the source's.
type counted struct {
	r    io.Reader
	name string
	at   int64
	tell func(int64)
	sent *int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.at += int64(n)
	*c.sent += int64(n)
	c.tell(c.at)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &sourceError{c.name, err}
	}
	return n, err
}

// explain makes an error that a user can act on.
func (u *upload) explain(s *Source, err error) error {
	if errors.Is(err, files.ErrMismatch) {
		return fmt.Errorf("store %s: its content changed while it was sent: %w", s.Name, err)
	}
	return fmt.Errorf("store %s: %w", s.Name, err)
}

// copyBytes are read at once; buffers are kept, since many files are small.
const copyBytes = 256 << 10

var buffers = sync.Pool{New: func() any { return new([copyBytes]byte) }}

// OfFile is a Source that is a file of this machine. It reads it, to hash it.
func OfFile(ctx context.Context, name string, open func() (*os.File, error)) (Source, error) {
	f, err := open()
	if err != nil {
		return Source{}, err
	}
	defer f.Close()
	sum := sha256.New()
	buf := buffers.Get().(*[copyBytes]byte)
	defer buffers.Put(buf)
	size, err := io.CopyBuffer(sum, &interruptible{ctx, f}, buf[:])
	if err != nil {
		return Source{}, fmt.Errorf("read %s: %w", name, err)
	}
	s := Source{Name: name, Hash: hex.EncodeToString(sum.Sum(nil)), Size: size}
	s.Open = func(offset int64) (io.ReadCloser, error) {
		f, err := open()
		if err != nil {
			return nil, err
		}
		if _, err := f.Seek(offset, io.SeekStart); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
	return s, nil
}

// OfBytes is a Source that is in memory.
func OfBytes(name string, data []byte) Source {
	return Source{Name: name, Hash: files.Hash(data), Size: int64(len(data)), Open: func(offset int64) (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(readerAt(data), offset, int64(len(data))-offset)), nil
	}}
}

type readerAt []byte

func (b readerAt) ReadAt(p []byte, at int64) (int, error) {
	n := copy(p, b[min(at, int64(len(b))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// interruptible ends with its context.
type interruptible struct {
	ctx context.Context //nolint:containedctx // of one read
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if i.ctx.Err() != nil {
		return 0, context.Cause(i.ctx)
	}
	return i.r.Read(p)
}
