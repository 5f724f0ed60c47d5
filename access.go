package turno

import (
	"context"
	"slices"
	"time"
)

// Role is what a token may be used for. A token has one or several.
type Role string

const (
	RoleAdmin     Role = "admin"     // everything; makes tokens, reads the audit log
	RoleOperator  Role = "operator"  // sees all jobs and gives orders about all; drains workers; submits as itself
	RoleSubmitter Role = "submitter" // submits as itself; sees its own jobs, and orders those
	RoleViewer    Role = "viewer"    // sees all jobs and changes nothing
	RoleWorker    Role = "worker"    // stores and reads files of jobs, as a worker apart does
	RoleMetrics   Role = "metrics"   // reads /metrics
	RoleJoin      Role = "join"      // has a worker join, once
	RoleJoined    Role = "joined"    // of a worker that joined: takes jobs under its user's name, stores and reads their files
)

// Roles are all there are.
var Roles = []Role{RoleAdmin, RoleOperator, RoleSubmitter, RoleViewer, RoleWorker, RoleMetrics, RoleJoin, RoleJoined}

// Me stands for whoever asks, where a user's name is asked for. Nobody is called so.
const Me = "me"

// Token is what is known of a token: all but its secret.
type Token struct {
	ID    string `json:"id"` // the first 12 hex digits of the SHA-256 of its text
	Name  string `json:"name"`
	User  string `json:"user"` // whose jobs are those that it submits
	Roles []Role `json:"roles"`

	CreatedAt time.Time `json:"created_at,omitzero"`
	CreatedBy string    `json:"created_by,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"` // zero: never
	RevokedAt time.Time `json:"revoked_at,omitzero"`
	RevokedBy string    `json:"revoked_by,omitempty"`
	UsedAt    time.Time `json:"last_used_at,omitzero"` // to the minute
	UsedFrom  string    `json:"last_used_from,omitempty"`
	// File says that it stands in the server's token file, and not in the store.
	File bool `json:"file,omitempty"`
}

// Has tells whether a token has one of these roles.
func (t *Token) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(t.Roles, r) })
}

// State is active, expired or revoked.
func (t *Token) State(now time.Time) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "revoked"
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return "expired"
	}
	return "active"
}

// NewToken is a token to be made.
type NewToken struct {
	Name  string `json:"name"`
	User  string `json:"user,omitempty"` // empty: that of who makes it
	Roles []Role `json:"roles"`
	// Expires is how long it is good for; 0: DefaultTokenLife; negative: until it
	// is revoked.
	Expires Duration `json:"expires_seconds,omitempty"`
}

// DefaultJoinLife is for a token with which a worker joins: the time to walk to
// the machine.
const DefaultJoinLife = time.Hour

// DefaultTokenLife is a quarter of a year: long enough for a course, short
// enough that a forgotten one ends.
const DefaultTokenLife = 90 * 24 * time.Hour

// MadeToken is a token with its secret, which is shown this once.
type MadeToken struct {
	Token
	Secret string `json:"secret"`
	// Join is, of a token to join with, what turno join takes: an address and a
	// word that holds the secret and the server's fingerprint.
	Join string `json:"join,omitempty"`
}

// Join is a worker's wish to take jobs of a turno. It makes the secret of its
// own token itself and tells only its SHA-256: whoever sees the wish cannot be
// that worker, and a wish that is repeated is the same one.
type Join struct {
	Worker string `json:"worker"`
	Hash   string `json:"hash"` // 64 hex digits
}

// AuditEntry is one thing that somebody did, or tried to. It holds no secret.
type AuditEntry struct {
	Number  int64     `json:"number,omitempty"` // rises; the store gives it
	At      time.Time `json:"at"`
	User    string    `json:"user,omitempty"`
	TokenID string    `json:"token_id,omitempty"`
	From    string    `json:"from,omitempty"` // an address
	Action  string    `json:"action"`         // an operation of the API
	Object  string    `json:"object,omitempty"`
	Result  string    `json:"result"`           // AuditDone, AuditDenied or AuditFailed
	Status  int       `json:"status,omitempty"` // of HTTP
	Detail  string    `json:"detail,omitempty"`
	// Times is how often it came, where several were put together.
	Times int `json:"times,omitempty"`
}

// What came of it: Denied is for who may not, Failed for what could not be done.
const (
	AuditDone   = "done"
	AuditDenied = "denied"
	AuditFailed = "failed"
)

// AuditQuery selects entries; empty fields select all. Limit is at most 1000, 0
// is 100; Cursor is the NextCursor of the page before.
type AuditQuery struct {
	User   string
	Action string
	Result string
	Limit  int
	Cursor string
}

// AuditPage is a part of the log, newest first.
type AuditPage struct {
	Items      []AuditEntry `json:"items"`
	NextCursor string       `json:"next_cursor,omitempty"`
}

// Access is who may do what in a running turno, and what was done. The API
// serves it, package client speaks it.
type Access interface {
	// MakeToken makes a token; only an admin may.
	MakeToken(ctx context.Context, n NewToken) (MadeToken, error)
	// Tokens lists them, newest first: of an admin all, of others their own.
	Tokens(ctx context.Context) ([]Token, error)
	// RevokeToken ends one, by its id, at once and for good.
	RevokeToken(ctx context.Context, id string) (Token, error)
	// Audit lists what was done, newest first; only for an admin.
	Audit(ctx context.Context, q AuditQuery) (AuditPage, error)
}

// maxTokenLife bounds what is not forever.
const maxTokenLife = Duration(10 * 365 * 24 * time.Hour)

// Check puts a token to be made into its normal form, and tells what is wrong
// with it.
func (n *NewToken) Check() *Error {
	if n.Name == "" {
		return Invalid("name", "must be given: what the token is for")
	}
	if err := CheckName("name", n.Name); err != nil {
		return err
	}
	if err := checkWord("user", n.User, false); err != nil {
		return err
	}
	if n.User == Me {
		return Invalid("user", "nobody can be called %q: it stands for whoever asks", Me)
	}
	if len(n.Roles) == 0 {
		return Invalid("roles", "must be given").WithHint("roles are %v", Roles)
	}
	for _, r := range n.Roles {
		if !slices.Contains(Roles, r) {
			return Invalid("roles", "%.40q is not a role", r).WithHint("roles are %v", Roles)
		}
	}
	n.Roles = slices.DeleteFunc(slices.Clone(Roles), func(r Role) bool { return !slices.Contains(n.Roles, r) })
	if slices.Contains(n.Roles, RoleJoined) {
		return Invalid("roles", "%s is for workers that joined: turno join makes such tokens", RoleJoined)
	}
	joins := slices.Contains(n.Roles, RoleJoin)
	if joins && len(n.Roles) > 1 {
		return Invalid("roles", "a token to join with is for nothing else")
	}
	switch {
	case n.Expires == 0 && joins:
		n.Expires = Duration(DefaultJoinLife)
	case n.Expires == 0:
		n.Expires = Duration(DefaultTokenLife)
	case n.Expires < 0:
		n.Expires = -1
	case n.Expires > maxTokenLife:
		return Invalid("expires_seconds", "is more than ten years").WithHint("a negative number is for ever")
	}
	return nil
}

// CheckWorker tells whether a text can be the name of a worker.
func CheckWorker(name string) *Error { return checkWord("worker", name, true) }

// CheckUser tells whether a text can be the name of a user.
func CheckUser(name string) *Error { return checkWord("user", name, true) }
