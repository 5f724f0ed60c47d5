package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"turno"
)

// ErrTokenExists refuses a token of an id that is there.
var ErrTokenExists = errors.New("a token of that id exists")

// Access is every Store: who may do what, and what was done. It is no state of
// jobs: the API writes it, from any number of processes at once, and no lead is
// needed for it, so that a token can be revoked while no scheduler leads.
//
// Its part of the contract:
//
//	S19 A token comes back as it was written, and by its hash alone; an id is given once, also after its token is gone
//	   from use. A revoked one stays revoked, as who revoked it first said. A use moves forward only.
//	S20 Tokens tells a version that changes with every token that is made, revoked or forgotten, and not with uses.
//	S21 Entries of the audit log come back as written, newest first, each under a number that rises; beyond the bound of
//	   a batch that brings some the oldest go.
//	S22 A batch is whole or not at all.
type Access interface {
	// WriteAccess writes a batch durably.
	WriteAccess(ctx context.Context, b AccessBatch) error
	// Tokens reads all tokens, by id, and the version they are of. If that is
	// known it gives none.
	Tokens(ctx context.Context, known uint64) ([]TokenRecord, uint64, error)
	// Audit lists entries.
	Audit(ctx context.Context, q turno.AuditQuery) (turno.AuditPage, error)
}

// TokenRecord is a token and the SHA-256 of its text, which is all that is kept
// of it.
type TokenRecord struct {
	turno.Token
	Hash [sha256.Size]byte
}

// Revocation ends a token. One that is not there makes the batch fail with
// ErrNotFound; one that was revoked before is left as it is.
type Revocation struct {
	ID, By string
	At     time.Time
}

// TokenUse is when and from where a token was last used.
type TokenUse struct {
	ID, From string
	At       time.Time
}

// AccessBatch is one write, in the order of its fields.
type AccessBatch struct {
	New     []TokenRecord
	Revoked []Revocation
	Used    []TokenUse
	Forget  time.Time // tokens that had ended before; zero: none
	// Entries of the audit log, whose numbers the store gives; Keep bounds how
	// many are kept.
	Entries []turno.AuditEntry
	Keep    int64
}
