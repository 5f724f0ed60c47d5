// Package wire is how Reports and Desireds travel: a compact binary form,
// because they name every attempt each time, thousands of times a second. What
// changes rarely in it (a Machine, a Spec) is JSON within. It is not a public
// format: docs/amqp.md has those, and they are JSON.
//
// A message begins with two bytes, kind and version; a reader refuses a version
// that it does not know. Integers are varints, texts have their length before
// them, times are microseconds since 1970 (0: none).
//
// Each side tells which versions it reads (Speaks), the worker in its Machine,
// the scheduler behind the last job of its Desired, where readers of version 3
// do not look. Until one has heard the other it writes the oldest version that
// it knows, then the newest that both do: so turnos one version apart work
// together, in either direction. From version 4 on each hold, each assignment
// and each message ends with a block of its own length, in which later fields
// go: a reader takes those that it knows and skips the rest, so that a field
// more needs no new version.
package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"turno"
)

const (
	kindReport  = 'R'
	kindDesired = 'D'

	// 2: a Machine may be deflated, a Result may have artefacts; 3: tasks are
	// sent ahead; 4: blocks for later fields.
	oldest, newest = 3, 4
)

// Speaks are the versions of Reports and Desireds that this turno reads and
// writes.
var Speaks = turno.Versions{Oldest: oldest, Newest: newest}

// Common is the newest version that this turno and a peer both speak; a peer
// that does not say speaks the oldest. False: there is none.
func Common(peer turno.Versions) (version int, ok bool) {
	if peer == (turno.Versions{}) {
		peer = turno.Versions{Oldest: oldest, Newest: oldest}
	}
	version = min(newest, peer.Newest)
	return version, version >= max(oldest, peer.Oldest)
}

// VersionError refuses a message of a version that this turno does not speak.
type VersionError struct{ Version int }

func (e *VersionError) Error() string {
	return fmt.Sprintf("its messages are of version %d, this turno speaks %s", e.Version, Speaks)
}

// ErrMalformed is returned for bytes that are no message of this version.
var ErrMalformed = errors.New("malformed message")

// writer appends; it cannot fail but in JSON, which is remembered.
type writer struct {
	b       []byte
	err     error
	version int
}

// later is the block for fields that came after version 4, where there are none.
func (w *writer) later() {
	if w.version >= 4 {
		w.uint(0)
	}
}

func (w *writer) uint(n uint64) { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) int(n int64)   { w.b = binary.AppendVarint(w.b, n) }
func (w *writer) text(s string) {
	w.uint(uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *writer) bytes(p []byte) {
	w.uint(uint64(len(p)))
	w.b = append(w.b, p...)
}

func (w *writer) bool(v bool) {
	if v {
		w.b = append(w.b, 1)
	} else {
		w.b = append(w.b, 0)
	}
}

func (w *writer) time(t time.Time) {
	if t.IsZero() {
		w.int(0)
	} else {
		w.int(t.UnixMicro())
	}
}

func (w *writer) json(v any) {
	p, err := json.Marshal(v)
	w.err = errors.Join(w.err, err)
	w.bytes(p)
}

// reader takes apart; after the first thing that does not fit it gives zeros.
type reader struct {
	b       []byte
	err     error
	version int
}

// later skips the fields that a newer turno knows.
func (r *reader) later() {
	if r.version >= 4 {
		r.bytes()
	}
}

func (r *reader) fail() { r.b, r.err = nil, ErrMalformed }

func (r *reader) uint() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) int() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[size:]
	return n
}

// count reads a number of things of at least one byte each: more than bytes
// that are left is nonsense, and must not make anyone allocate.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) bytes() []byte {
	n := r.count()
	p := r.b[:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) text() string { return string(r.bytes()) }

func (r *reader) bool() bool {
	if len(r.b) == 0 {
		r.fail()
		return false
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v != 0
}

func (r *reader) time() time.Time {
	n := r.int()
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

func (r *reader) json(v any) {
	if p := r.bytes(); r.err == nil {
		if err := json.Unmarshal(p, v); err != nil {
			r.b, r.err = nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
}

// open checks what a message is.
func open(b []byte, kind byte) (*reader, error) {
	switch {
	case len(b) < 2 || b[0] != kind:
		return nil, ErrMalformed
	case b[1] < oldest || b[1] > newest:
		return nil, &VersionError{int(b[1])}
	}
	return &reader{b: b[2:], version: int(b[1])}, nil
}

// words of a job's state, by number: a new one goes to the end.
func stateNumber(s turno.State) uint64 {
	for i, x := range turno.States {
		if x == s {
			return uint64(i)
		}
	}
	return uint64(len(turno.States))
}

func (r *reader) state() turno.State {
	n := r.uint()
	if n >= uint64(len(turno.States)) {
		r.fail()
		return ""
	}
	return turno.States[n]
}
