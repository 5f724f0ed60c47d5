// Package access knows who may do what, and remembers who did what: tokens and
// their roles, what each lets through, and the audit log. It shows each user the
// part of a turno.Service that is theirs. It speaks no HTTP and decides nothing
// about jobs.
//
//	secret ──▶ Keeper ──▶ Who ──▶ Who.May(scope)      is this route for them?
//	             │         └────▶ For(service, who)   which jobs are?
//	             ├── token file (admins), store (all others)
//	             └──▶ audit log: store and a file
//
// What was read of the store is good for a second, in which another server may
// have revoked a token; in this process it ends at once. Run owns the goroutine
// that reads it anew and writes what has collected.
package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"turno"
	"turno/internal/reload"
	"turno/internal/store"
)

// Options of a Keeper. There must be a token: in Fixed, File or Store.
type Options struct {
	// Fixed and File are tokens of admins; File is read anew when it changes, and
	// its tokens are User's.
	Fixed      []Fixed
	File, User string
	// Store keeps all others, and the audit log; nil: there are none.
	Store store.Access
	// AuditFile gets each entry as a line of JSON; empty: none does.
	AuditFile string
	// KeepAudit bounds the entries in the store; 0: DefaultKeepAudit.
	KeepAudit int64
	Log       *slog.Logger
}

const (
	// DefaultKeepAudit entries are some 30 MB: months of a lab.
	DefaultKeepAudit = 100_000
	// lookEvery is how long a token that another server revoked may live on here.
	lookEvery = time.Second
	// useEvery is how finely it is noted when a token was used last.
	useEvery = time.Minute
	// maxTokens bounds those that are kept; they are all in memory.
	maxTokens = 10_000
	// forgetAfter is how long a token that has ended stays in the list.
	forgetAfter = 90 * 24 * time.Hour
	// writeTimeout bounds a write; what could not be written waits for the next.
	writeTimeout = 10 * time.Second
)

// Keeper keeps tokens and the audit log. It is safe for concurrent use.
type Keeper struct {
	// Constant after New.
	o      Options
	log    *slog.Logger
	inFile *reload.Value[[]Fixed] // nil: there is no file
	audit  auditLog

	joining sync.Mutex // one at a time: what is decided on must still be so when it is written

	mu      sync.Mutex // guards all below
	version uint64     // of what the store holds
	stored  map[string]*grant
	fixed   map[string]*grant
	from    []Fixed // what fixed was made of
	uses    map[string]store.TokenUse
}

// grant is a token that is accepted.
type grant struct {
	token turno.Token
	hash  [sha256.Size]byte
	ended chan struct{} // closed when it is accepted no more
	noted time.Time     // when its use was last noted
}

// New makes a Keeper.
func New(o Options) (*Keeper, error) {
	if len(o.Fixed) == 0 && o.File == "" {
		return nil, errors.New("a token is required, also on loopback: see LoadOrCreate")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.KeepAudit == 0 {
		o.KeepAudit = DefaultKeepAudit
	}
	k := &Keeper{o: o, log: o.Log.With("part", "access"), stored: map[string]*grant{}, fixed: map[string]*grant{}, uses: map[string]store.TokenUse{}}
	k.audit.path = o.AuditFile
	if o.File != "" {
		keep := func(err error) { k.log.Error("kept what was there before: a changed file cannot be used", "err", err) }
		var err error
		if k.inFile, err = reload.New(func() ([]Fixed, error) { return loadTokens(o.File, o.User) }, keep, o.File); err != nil {
			return nil, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.readFixed()
	return k, nil
}

// readFixed takes over what the file holds now. It is called under mu.
func (k *Keeper) readFixed() {
	list := k.o.Fixed
	if k.inFile != nil {
		list = append(k.inFile.Get(), k.o.Fixed...)
	}
	if slices.Equal(list, k.from) && k.from != nil {
		return
	}
	fresh := map[string]*grant{}
	for _, f := range list {
		id := IDOf(f.Hash)
		if fresh[id] = k.fixed[id]; fresh[id] == nil {
			fresh[id] = &grant{hash: f.Hash, ended: make(chan struct{}), token: turno.Token{
				ID: id, Name: "token file", User: f.User, Roles: []turno.Role{turno.RoleAdmin}, File: true,
			}}
		}
	}
	for id, g := range k.fixed {
		if fresh[id] == nil {
			close(g.ended)
		}
	}
	k.fixed, k.from = fresh, list
}

// First is whose link turno up prints: the first fixed token's.
func (k *Keeper) First() *Who {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.readFixed()
	return k.fixed[IDOf(k.from[0].Hash)].who()
}

// Identify finds out whose a secret is.
func (k *Keeper) Identify(ctx context.Context, secret, from string) (*Who, bool) {
	hash := Hash(secret)
	if !WellFormed(secret) {
		return nil, false
	}
	return k.find(ctx, IDOf(hash), from, func(h [sha256.Size]byte) bool { return subtle.ConstantTimeCompare(h[:], hash[:]) == 1 })
}

// Find finds the token of an id, if prove accepts its hash.
func (k *Keeper) Find(ctx context.Context, id, from string, prove func(hash [sha256.Size]byte) bool) (*Who, bool) {
	return k.find(ctx, id, from, prove)
}

func (k *Keeper) find(ctx context.Context, id, from string, prove func([sha256.Size]byte) bool) (*Who, bool) {
	w, known, ok := k.look(id, from, prove)
	if known || k.o.Store == nil {
		return w, ok
	}
	// It may have been made elsewhere just now.
	if err := k.Refresh(ctx); err != nil {
		k.log.Warn("did not read tokens", "err", err)
	}
	w, _, ok = k.look(id, from, prove)
	return w, ok
}

func (k *Keeper) look(id, from string, prove func([sha256.Size]byte) bool) (w *Who, known, ok bool) {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.readFixed()
	g := k.fixed[id]
	if g == nil {
		if g = k.stored[id]; g == nil {
			return nil, false, false
		}
	}
	if !prove(g.hash) || g.token.State(now) != "active" {
		return nil, true, false
	}
	if !g.token.File && now.Sub(g.noted) >= useEvery {
		g.noted, g.token.UsedAt, g.token.UsedFrom = now, now.UTC(), from
		k.uses[id] = store.TokenUse{ID: id, From: from, At: now}
	}
	return g.who(), true, true
}

// Refresh reads the tokens of the store, if they are others now.
func (k *Keeper) Refresh(ctx context.Context) error {
	k.mu.Lock()
	known := k.version
	k.mu.Unlock()
	records, version, err := k.o.Store.Tokens(ctx, known)
	if err != nil || version == known {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if version <= k.version {
		return nil // another call was quicker
	}
	k.version = version
	now, gone := time.Now(), k.stored
	k.stored = make(map[string]*grant, len(records))
	for _, r := range records {
		g := &grant{token: r.Token, hash: r.Hash, ended: make(chan struct{})}
		if old := gone[r.ID]; old != nil && old.token.State(now) == "active" {
			g.ended, g.noted = old.ended, old.noted
			if old.token.UsedAt.After(r.UsedAt) {
				g.token.UsedAt, g.token.UsedFrom = old.token.UsedAt, old.token.UsedFrom
			}
			if r.State(now) == "active" {
				delete(gone, r.ID)
			}
		}
		k.stored[r.ID] = g
	}
	for _, g := range gone {
		g.end()
	}
	return nil
}

// expire ends what is out of date.
func (k *Keeper) expire(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.readFixed()
	for _, g := range k.stored {
		if g.token.State(now) != "active" {
			g.end()
		}
	}
}

// end is called under the keeper's mu, any number of times.
func (g *grant) end() {
	select {
	case <-g.ended:
	default:
		close(g.ended)
	}
}

// Run reads tokens anew and writes what has collected, until ctx is done, and
// once more then.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for troubled := false; ; {
		err := k.turn(ctx)
		if (err != nil) != troubled && ctx.Err() == nil {
			if troubled = err != nil; troubled {
				k.log.Warn("did not read tokens or write the audit log: tokens stay as they were, entries wait", "err", err)
			} else {
				k.log.Info("reads tokens and writes the audit log again")
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
			if err := k.Flush(last); err != nil {
				k.log.Error("did not write the end of the audit log", "err", err)
			}
			cancel()
			return
		}
	}
}

func (k *Keeper) turn(ctx context.Context) error {
	k.expire(time.Now())
	if k.o.Store == nil {
		return k.Flush(ctx)
	}
	return errors.Join(k.Refresh(ctx), k.Flush(ctx))
}

// Flush writes what has collected: uses of tokens and entries of the audit log.
func (k *Keeper) Flush(ctx context.Context) error {
	k.audit.gather()
	fileErr := k.audit.toFile()
	if k.o.Store == nil {
		k.audit.take()
		return fileErr
	}
	k.mu.Lock()
	uses := k.uses
	k.uses = map[string]store.TokenUse{}
	k.mu.Unlock()
	b := store.AccessBatch{Entries: k.audit.take(), Keep: k.o.KeepAudit}
	for _, u := range uses {
		b.Used = append(b.Used, u)
	}
	if len(b.Used)+len(b.Entries) == 0 {
		return fileErr
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if err := k.o.Store.WriteAccess(ctx, b); err != nil {
		k.audit.giveBack(b.Entries)
		return errors.Join(fileErr, err)
	}
	return fileErr
}

// errNoStore is what a server answers that keeps no tokens.
var errNoStore = turno.Errorf(turno.CodeNotFound, "this server keeps no tokens but those of its token file")

// Make makes a token for somebody, and notes who did.
func (k *Keeper) Make(ctx context.Context, by *Who, n turno.NewToken, from string) (turno.MadeToken, error) {
	if k.o.Store == nil {
		return turno.MadeToken{}, errNoStore
	}
	if n.User == "" {
		n.User = by.User()
	}
	if bad := n.Check(); bad != nil {
		return turno.MadeToken{}, bad
	}
	if err := k.Refresh(ctx); err != nil {
		return turno.MadeToken{}, fmt.Errorf("make a token: %w", err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	if bad := k.room(n.Name, now); bad != nil {
		return turno.MadeToken{}, bad
	}
	secret := NewSecret()
	hash := Hash(secret)
	made := turno.MadeToken{Secret: secret, Token: turno.Token{
		ID: IDOf(hash), Name: n.Name, User: n.User, Roles: n.Roles, CreatedAt: now, CreatedBy: by.User(),
	}}
	if n.Expires > 0 {
		made.ExpiresAt = now.Add(time.Duration(n.Expires))
	}
	entry := by.entry("makeToken", made.ID, from)
	entry.Detail = fmt.Sprintf("%s for %s: %v", made.Name, made.User, made.Roles)
	err := k.o.Store.WriteAccess(ctx, store.AccessBatch{
		New: []store.TokenRecord{{Token: made.Token, Hash: hash}}, Forget: now.Add(-forgetAfter),
		Entries: []turno.AuditEntry{entry}, Keep: k.o.KeepAudit,
	})
	if err != nil {
		return turno.MadeToken{}, fmt.Errorf("make a token: %w", err)
	}
	k.audit.lineOnly(entry)
	return made, k.Refresh(ctx)
}

// room tells whether one more token may have this name.
func (k *Keeper) room(name string, now time.Time) *turno.Error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.stored) >= maxTokens {
		return turno.Errorf(turno.CodeQuota, "there are %d tokens, which is all there can be", len(k.stored)).WithHint("revoke some; those that have ended are forgotten after %d days", forgetAfter/(24*time.Hour))
	}
	for _, g := range k.stored {
		if g.token.Name == name && g.token.State(now) == "active" {
			return &turno.Error{Code: turno.CodeConflict, Field: "name", Message: fmt.Sprintf("there is a token %q: %s of %s", name, g.token.ID, g.token.User),
				Hint: "revoke it first, or take another name"}
		}
	}
	return nil
}

// List gives the tokens that somebody may know of, newest first.
func (k *Keeper) List(ctx context.Context, by *Who) ([]turno.Token, error) {
	if k.o.Store != nil {
		if err := k.Refresh(ctx); err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
	}
	out := []turno.Token{}
	k.mu.Lock()
	k.readFixed()
	for _, all := range []map[string]*grant{k.fixed, k.stored} {
		for _, g := range all {
			if by.May(Administer) || g.token.User == by.User() && !g.token.File {
				out = append(out, g.token)
			}
		}
	}
	k.mu.Unlock()
	slices.SortFunc(out, func(a, b turno.Token) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return compare(a.ID, b.ID)
	})
	return out, nil
}

// Revoke ends a token.
func (k *Keeper) Revoke(ctx context.Context, by *Who, id, from string) (turno.Token, error) {
	list, err := k.List(ctx, by)
	if err != nil {
		return turno.Token{}, err
	}
	at := slices.IndexFunc(list, func(t turno.Token) bool { return t.ID == id })
	switch {
	case at < 0:
		return turno.Token{}, turno.Errorf(turno.CodeNotFound, "there is no token %.40q", id).WithHint("turno token list shows them")
	case list[at].File:
		return turno.Token{}, turno.Errorf(turno.CodeConflict, "token %s stands in the server's token file", id).
			WithHint("take its line out of the file there; it ends within a second")
	case !list[at].RevokedAt.IsZero():
		return list[at], nil
	}
	entry := by.entry("revokeToken", id, from)
	entry.Detail = fmt.Sprintf("%s of %s", list[at].Name, list[at].User)
	now := time.Now().UTC().Truncate(time.Microsecond)
	err = k.o.Store.WriteAccess(ctx, store.AccessBatch{
		Revoked: []store.Revocation{{ID: id, By: by.User(), At: now}}, Entries: []turno.AuditEntry{entry}, Keep: k.o.KeepAudit,
	})
	if err != nil {
		return turno.Token{}, fmt.Errorf("revoke a token: %w", err)
	}
	k.audit.lineOnly(entry)
	list[at].RevokedAt, list[at].RevokedBy = now, by.User()
	return list[at], k.Refresh(ctx)
}

// Audit reads the log, with what has not been written yet.
func (k *Keeper) Audit(ctx context.Context, q turno.AuditQuery) (turno.AuditPage, error) {
	if k.o.Store == nil {
		return turno.AuditPage{}, turno.Errorf(turno.CodeNotFound, "this server keeps no audit log")
	}
	if q.Limit < 0 || q.Limit > store.MaxLimit {
		return turno.AuditPage{}, turno.Invalid("limit", "%d: use 1 to %d", q.Limit, store.MaxLimit)
	}
	if err := k.Flush(ctx); err != nil {
		k.log.Warn("did not write the audit log", "err", err)
	}
	page, err := k.o.Store.Audit(ctx, q)
	if page.Items == nil {
		page.Items = []turno.AuditEntry{} // a list is never null
	}
	return page, err
}
