// Package files is the port to the file store: contents ("blobs") by their
// SHA-256, and a few names for them. Inputs of jobs and what jobs leave go
// through it; it knows nothing of jobs.
//
// The contract, checked for every adapter by package filestest:
//
//	F1  A whole blob has exactly the bytes of its hash: what does not is never
//	    given, and never told as whole.
//	F2  Put appends: it begins at what is stored, else ErrOffset tells, and
//	    nothing is changed.
//	F3  A Put that breaks keeps what it has taken, up to the adapter's last
//	    piece; Stat tells how much, also after the process was killed.
//	F4  The Put that completes a blob checks it. If it is not what its hash
//	    says, ErrMismatch, and nothing of it is left.
//	F5  A Put of a whole blob changes nothing and takes nothing of its body.
//	F6  When Put or PutAll have returned nil, what was completed survives a
//	    power cut (as far as the store behind the adapter promises it).
//	F7  PutAll stores small blobs, those before the first that is wrong too.
//	F8  Open reads a whole blob from an offset; ErrNotFound if it is not whole.
//	F9  Stat answers for each hash, in order, also for those that are not there.
//	F10 A name leads to the hash that was last given to it; ErrNotFound before.
//	F11 A full disk is ErrFull; once there is room the same call works.
//	F12 Methods may be called from any goroutine. Two Puts of one blob at a
//	    time: one of them goes on, the other gets ErrBusy or ErrOffset.
//	F13 Of a Keeper: List gives every blob, whole or not, once, with the time at
//	    which it was last put or asked for; Delete of one that is not there is
//	    no error.
package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"turno"
)

// Errors that callers act on.
var (
	ErrNotFound = errors.New("not in the file store")
	ErrOffset   = errors.New("the file store has another part of it")
	ErrMismatch = errors.New("the content is not what its hash says")
	ErrFull     = errors.New("no room is left in the file store")
	ErrBusy     = errors.New("somebody else is storing it at this moment")
)

// MaxSmall is the size up to which blobs go by PutAll: a batch is held in
// memory, and a file of a megabyte no longer suffers from a request of its own.
const MaxSmall = 1 << 20

// Small is a blob for PutAll.
type Small struct {
	Hash string
	Data []byte
}

// Store is a file store. Hashes are those of turno.ValidHash; the adapters
// refuse others.
type Store interface {
	// Stat tells what is there of blobs, and that they are still wanted: F13.
	Stat(ctx context.Context, hashes []string) ([]turno.Blob, error)
	// Open reads a blob from an offset on.
	Open(ctx context.Context, hash string, offset int64) (io.ReadCloser, error)
	// Put appends body, which ends at size at the latest, to what is stored of
	// a blob of that size, and returns how much is stored then: also with an
	// error.
	Put(ctx context.Context, p Part, body io.Reader) (stored int64, err error)
	// PutAll stores small blobs.
	PutAll(ctx context.Context, blobs iter.Seq2[Small, error]) error
	// SetName gives a name to a blob; Name finds it. Names are words of
	// ValidName.
	SetName(ctx context.Context, name, hash string) error
	Name(ctx context.Context, name string) (hash string, err error)
}

// Part says what a Put brings: what is from Offset on of a blob of Size bytes.
type Part struct {
	Hash   string
	Offset int64
	Size   int64
}

// Keeper is a Store that can be cleared of what nobody wants any more.
type Keeper interface {
	Store
	List(ctx context.Context) iter.Seq2[Entry, error]
	Delete(ctx context.Context, hash string) error
}

// Entry is a blob in a Keeper's List.
type Entry struct {
	turno.Blob
	At time.Time
}

// Local is a Store whose whole blobs are files of this machine. They must not
// be written to.
type Local interface {
	Path(hash string) (path string, ok bool)
}

// ValidName tells whether a name can be given: letters, digits, - and _.
func ValidName(name string) bool {
	if name == "" || len(name) > 128 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c != '-' && c != '_' || i == 0) {
			return false
		}
	}
	return true
}

// OfJob is the name of the manifest of what the job with this id left.
func OfJob(id string) string { return "job-" + id }

// ReadManifest reads a list of files from a store.
func ReadManifest(ctx context.Context, s Store, hash string) (*turno.Manifest, error) {
	r, err := s.Open(ctx, hash, 0)
	if err != nil {
		return nil, fmt.Errorf("open the list of files: %w", err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, turno.MaxManifest+1))
	if err != nil {
		return nil, fmt.Errorf("read the list of files: %w", err)
	}
	m, bad := turno.ParseManifest(data)
	if bad != nil {
		return nil, bad
	}
	return m, nil
}

// Hash is a content's name.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
