// Package folder keeps files in a folder of this machine, or of a file server.
//
//	ab/abcdef…   a whole blob, read only; its time is that of the last use
//	part/<hash>  the beginning of one that is being put
//	name/<name>  the hash that a name leads to
//
// A blob is written beside its place, checked, synced and renamed: what has its
// name is whole. The folder is opened once (os.Root): nothing outside of it is
// reached, whatever lies in it. It is safe for concurrent use, also by several
// processes where the system has file locks.
package folder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"turno"
	"turno/internal/files"
)

const (
	partDir = "part"
	nameDir = "name"
	// syncBytes after which what is put is synced: a power cut costs no more,
	// and no sync has to wait for gigabytes.
	syncBytes = 64 << 20
	// lookBytes are written between two looks whether there is room.
	lookBytes = 16 << 20
	// copyBytes is read and written at once.
	copyBytes = 256 << 10
	// batchBytes and batchFiles of small blobs are synced together: as much has
	// to be sent again when this process is killed.
	batchBytes = 4 << 20
	batchFiles = 256
)

// Store is the folder.
type Store struct {
	dir  string
	root *os.Root

	busy  files.Busy
	fault func(written int64) error // a test's full disk; nil: none
}

var (
	_ files.Keeper = (*Store)(nil)
	_ files.Local  = (*Store)(nil)
)

// Open makes the folder if there is none.
func Open(dir string) (*Store, error) {
	for _, d := range []string{dir, filepath.Join(dir, partDir), filepath.Join(dir, nameDir)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder of files: %w", err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of files: %w", err)
	}
	return &Store{dir: dir, root: root}, nil
}

// Close closes the folder; files that were opened stay open.
func (s *Store) Close() error { return s.root.Close() }

func place(hash string) string { return hash[:2] + "/" + hash }

func partOf(hash string) string { return partDir + "/" + hash }

func valid(hash string) error {
	if !turno.ValidHash(hash) {
		return fmt.Errorf("%.80q is not a hash: %w", hash, files.ErrNotFound)
	}
	return nil
}

// whole gives the size of a whole blob; -1: it is not there.
func (s *Store) whole(hash string) int64 {
	info, err := s.root.Lstat(place(hash))
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	return info.Size()
}

// Stat implements files.Store.
func (s *Store) Stat(_ context.Context, hashes []string) ([]turno.Blob, error) {
	out := make([]turno.Blob, len(hashes))
	now := time.Now()
	for i, h := range hashes {
		if err := valid(h); err != nil {
			return nil, err
		}
		out[i].Hash = h
		name := place(h)
		info, err := s.root.Lstat(name)
		if err != nil {
			name = partOf(h)
			info, err = s.root.Lstat(name)
		}
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		out[i].Stored, out[i].Whole = info.Size(), name != partOf(h)
		s.wanted(name, info.ModTime(), now)
	}
	return out, nil
}

// noteAfter is how exact the time of the last use has to be.
const noteAfter = time.Minute

// wanted notes that a blob is used.
func (s *Store) wanted(name string, last, now time.Time) {
	if now.Sub(last) > noteAfter {
		_ = s.root.Chtimes(name, now, now) // it would be deleted too early, at worst
	}
}

// Open implements files.Store.
func (s *Store) Open(_ context.Context, hash string, offset int64) (io.ReadCloser, error) {
	if err := valid(hash); err != nil {
		return nil, err
	}
	f, err := s.root.Open(place(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", hash, files.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open a blob: %w", err)
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("open a blob at %d: %w", offset, err), f.Close())
	}
	return f, nil
}

// Path implements files.Local.
func (s *Store) Path(hash string) (string, bool) {
	if valid(hash) != nil || s.whole(hash) < 0 {
		return "", false
	}
	return filepath.Join(s.dir, filepath.FromSlash(place(hash))), true
}

// Put implements files.Store.
func (s *Store) Put(ctx context.Context, p files.Part, body io.Reader) (int64, error) {
	if err := valid(p.Hash); err != nil {
		return 0, err
	}
	if size := s.whole(p.Hash); size >= 0 {
		return size, nil
	}
	if !s.busy.Take(p.Hash) {
		return 0, fmt.Errorf("%s: %w", p.Hash, files.ErrBusy)
	}
	defer s.busy.Leave(p.Hash)
	f, err := s.root.OpenFile(partOf(p.Hash), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, full("open the part of a blob", err)
	}
	defer f.Close()
	if !lock(f) {
		return 0, fmt.Errorf("%s: %w", p.Hash, files.ErrBusy)
	}
	a := &appender{s: s, f: f, part: p, sum: sha256.New()}
	if err := a.begin(); err != nil {
		return a.stored, err
	}
	if err := a.take(ctx, body); err != nil {
		return a.stored, err
	}
	if a.stored < p.Size {
		return a.stored, nil
	}
	return a.finish()
}

// appender is one Put.
type appender struct {
	s    *Store
	f    *os.File
	part files.Part

	stored   int64
	unsynced int64
	unlooked int64 // bytes that may be written until the next look for room
	sum      hash.Hash
}

// begin goes to the end of what is there, and takes it into the sum.
func (a *appender) begin() error {
	info, err := a.f.Stat()
	if err != nil {
		return fmt.Errorf("look at the part of a blob: %w", err)
	}
	a.stored = info.Size()
	if a.stored > a.part.Size { // of another upload that lied of its size
		if err := a.f.Truncate(0); err != nil {
			return fmt.Errorf("empty the part of a blob: %w", err)
		}
		a.stored = 0
	}
	if a.stored != a.part.Offset {
		return fmt.Errorf("%s: %d bytes are stored: %w", a.part.Hash, a.stored, files.ErrOffset)
	}
	if _, err := io.CopyBuffer(a.sum, io.LimitReader(a.f, a.stored), make([]byte, copyBytes)); err != nil {
		return fmt.Errorf("read the part of a blob: %w", err)
	}
	return nil
}

// take appends what comes. What it has taken stays, whatever happens.
func (a *appender) take(ctx context.Context, body io.Reader) error {
	buf := make([]byte, copyBytes)
	for a.stored < a.part.Size {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, readErr := io.ReadAtLeast(body, buf[:min(int64(len(buf)), a.part.Size-a.stored)], 1)
		if err := a.write(buf[:n]); err != nil {
			return err
		}
		if errors.Is(readErr, io.EOF) {
			return nil // the rest comes another time
		}
		if readErr != nil {
			return fmt.Errorf("take a blob: %w", readErr)
		}
	}
	return nil
}

func (a *appender) write(data []byte) error {
	if a.unlooked -= int64(len(data)); a.unlooked < 0 {
		a.unlooked = lookBytes
		if err := a.s.room(); err != nil {
			return fmt.Errorf("write after %d of %d bytes: %w", a.stored, a.part.Size, err)
		}
	}
	if a.s.fault != nil {
		if err := a.s.fault(int64(len(data))); err != nil {
			return full("store a blob", err)
		}
	}
	if _, err := a.f.WriteAt(data, a.stored); err != nil {
		// What was written of it counts as not there: it would not be in the sum.
		_ = a.f.Truncate(a.stored)
		return full(fmt.Sprintf("write after %d of %d bytes", a.stored, a.part.Size), err)
	}
	a.sum.Write(data)
	a.stored += int64(len(data))
	if a.unsynced += int64(len(data)); a.unsynced >= syncBytes {
		a.unsynced = 0
		if err := a.f.Sync(); err != nil {
			return full("sync a blob", err)
		}
	}
	return nil
}

// finish checks a blob and gives it its place.
func (a *appender) finish() (int64, error) {
	h := a.part.Hash
	if hex.EncodeToString(a.sum.Sum(nil)) != h {
		if err := a.s.root.Remove(partOf(h)); err != nil {
			return 0, fmt.Errorf("%s: %w (and it could not be removed: %w)", h, files.ErrMismatch, err)
		}
		return 0, fmt.Errorf("%s: %w", h, files.ErrMismatch)
	}
	if err := a.f.Chmod(0o400); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return a.stored, fmt.Errorf("protect a blob: %w", err)
	}
	if err := a.f.Sync(); err != nil {
		return a.stored, full("sync a blob", err)
	}
	if err := a.s.move(partOf(h), h); err != nil {
		return a.stored, err
	}
	return a.stored, a.s.syncDirs(h[:2])
}

// room is ErrFull where the disk counts as full: see files.Room.
func (s *Store) room() error {
	if room, err := files.Room(s.dir); err == nil && room <= 0 {
		return files.ErrFull
	}
	return nil // a file system that does not say has its own errors
}

// move gives a checked file its place.
func (s *Store) move(from, hash string) error {
	if err := s.root.Mkdir(hash[:2], 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return full("make a folder of blobs", err)
	}
	if err := s.root.Rename(from, place(hash)); err != nil {
		return full("put a blob in its place", err)
	}
	return nil
}

// syncDirs makes names durable.
func (s *Store) syncDirs(names ...string) error {
	for _, name := range append(names, ".") {
		d, err := s.root.Open(name)
		if err != nil {
			return fmt.Errorf("open a folder to sync it: %w", err)
		}
		err = d.Sync()
		_ = d.Close()
		if err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, fs.ErrPermission) { // Windows cannot
			return full("sync a folder", err)
		}
	}
	return nil
}

// full makes the errors of a full disk ErrFull.
func full(what string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || isQuota(err) {
		return fmt.Errorf("%s: %w", what, files.ErrFull) // its path is nobody's business
	}
	return fmt.Errorf("%s: %w", what, err)
}

// SetName implements files.Store.
func (s *Store) SetName(_ context.Context, name, hash string) error {
	if err := valid(hash); err != nil {
		return err
	}
	if !files.ValidName(name) {
		return fmt.Errorf("%.80q is not a name", name)
	}
	temp := nameDir + "/." + name
	f, err := s.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return full("write a name", err)
	}
	_, err = f.WriteString(hash)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = s.root.Rename(temp, nameDir+"/"+name)
	}
	if err != nil {
		return full("write a name", err)
	}
	return s.syncDirs(nameDir)
}

// Name implements files.Store.
func (s *Store) Name(_ context.Context, name string) (string, error) {
	if !files.ValidName(name) {
		return "", fmt.Errorf("%.80q is not a name: %w", name, files.ErrNotFound)
	}
	data, err := s.root.ReadFile(nameDir + "/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: %w", name, files.ErrNotFound)
	}
	if err == nil && !turno.ValidHash(string(data)) {
		err = errors.New("it holds no hash")
	}
	if err != nil {
		return "", fmt.Errorf("read the name %s: %w", name, err)
	}
	return string(data), nil
}

// List implements files.Keeper.
func (s *Store) List(ctx context.Context) iter.Seq2[files.Entry, error] {
	return func(yield func(files.Entry, error) bool) {
		dirs, err := fs.ReadDir(s.root.FS(), ".")
		if err != nil {
			yield(files.Entry{}, fmt.Errorf("list blobs: %w", err))
			return
		}
		for _, d := range dirs {
			if !d.IsDir() || (d.Name() != partDir && len(d.Name()) != 2) {
				continue
			}
			entries, err := fs.ReadDir(s.root.FS(), d.Name())
			if err == nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				yield(files.Entry{}, fmt.Errorf("list blobs: %w", err))
				return
			}
			for _, e := range entries {
				info, err := e.Info()
				if err != nil || !info.Mode().IsRegular() || !turno.ValidHash(e.Name()) {
					continue // went away meanwhile, or is none of ours
				}
				b := turno.Blob{Hash: e.Name(), Stored: info.Size(), Whole: d.Name() != partDir}
				if !yield(files.Entry{Blob: b, At: info.ModTime()}, nil) {
					return
				}
			}
		}
	}
}

// Delete implements files.Keeper.
func (s *Store) Delete(_ context.Context, hash string) error {
	if err := valid(hash); err != nil {
		return err
	}
	for _, name := range []string{place(hash), partOf(hash)} {
		if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("delete a blob: %w", err)
		}
	}
	return nil
}

// isTemp tells the file of a small blob that was being put when its process
// ended.
func isTemp(name string) bool { return strings.HasPrefix(name, ".") }
