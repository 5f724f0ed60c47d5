package access

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"turno"
	"turno/internal/store"
)

const (
	joinPrefix = "turnojoin_"
	// fingerprintPrefix is how a key's fingerprint is written elsewhere.
	fingerprintPrefix = "sha256:"
)

// JoinWord is what a worker's machine is given: the server's fingerprint and the
// secret of a token, so that the machine knows whom it tells the secret. Its end
// is a checksum, which tells a word that was cut from one that is refused.
func JoinWord(fingerprint, secret string) (string, error) {
	key, err := hex.DecodeString(strings.TrimPrefix(fingerprint, fingerprintPrefix))
	if err != nil || len(key) != sha256.Size || !WellFormed(secret) {
		return "", fmt.Errorf("make a word to join with of %q", fingerprint)
	}
	raw, _ := hex.DecodeString(strings.TrimPrefix(secret, tokenPrefix)) // it is well formed
	raw = append(key, raw[:tokenBytes]...)
	return joinPrefix + base64.RawURLEncoding.EncodeToString(sumUp(raw)), nil
}

func sumUp(raw []byte) []byte {
	sum := crc32.ChecksumIEEE(raw)
	return append(raw, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
}

// ParseJoinWord is JoinWord's inverse.
func ParseJoinWord(word string) (fingerprint, secret string, err error) {
	text, ok := strings.CutPrefix(word, joinPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || len(raw) < crc32.Size {
		return "", "", errors.New("it begins with " + joinPrefix + ", and letters, digits, - and _ follow")
	}
	body := raw[:len(raw)-crc32.Size]
	if len(body) != sha256.Size+tokenBytes || string(sumUp(body[:len(body):len(body)])) != string(raw) {
		return "", "", errors.New("it is not whole, or was mistyped")
	}
	return fingerprintPrefix + hex.EncodeToString(body[:sha256.Size]), tokenText(body[sha256.Size:]), nil
}

// Join makes a worker's wish come true: it gets a token of its own, and the one
// that it came with is used up, both in one write.
func (k *Keeper) Join(ctx context.Context, by *Who, j turno.Join, from string) (turno.Token, error) {
	hash, bad := checkJoin(j)
	if bad != nil {
		return turno.Token{}, bad
	}
	k.joining.Lock() // of two with the same token, or the same name, one is first
	defer k.joining.Unlock()
	if err := k.Refresh(ctx); err != nil {
		return turno.Token{}, fmt.Errorf("join: %w", err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	if bad := k.mayJoin(by, j, now); bad != nil {
		return turno.Token{}, bad
	}
	t := turno.Token{
		ID: IDOf(hash), Name: joinedName(j.Worker), User: j.Worker, Roles: []turno.Role{turno.RoleJoined}, CreatedAt: now, CreatedBy: by.User(),
	}
	entry := by.entry("join", "worker "+j.Worker, from)
	entry.Detail = fmt.Sprintf("token %s", t.ID)
	err := k.o.Store.WriteAccess(ctx, store.AccessBatch{
		New: []store.TokenRecord{{Token: t, Hash: hash}}, Revoked: []store.Revocation{{ID: by.Token.ID, By: joinedName(j.Worker), At: now}},
		Entries: []turno.AuditEntry{entry}, Keep: k.o.KeepAudit,
	})
	if err != nil {
		return turno.Token{}, fmt.Errorf("join: %w", err)
	}
	k.audit.lineOnly(entry)
	return t, k.Refresh(ctx)
}

// joinedName is that of a worker's token.
func joinedName(worker string) string { return "worker " + worker }

func checkJoin(j turno.Join) (hash [sha256.Size]byte, bad *turno.Error) {
	if bad := turno.CheckWorker(j.Worker); bad != nil {
		return hash, bad
	}
	if n, err := hex.Decode(hash[:], []byte(j.Hash)); err != nil || n != len(hash) || len(j.Hash) != hex.EncodedLen(len(hash)) {
		return hash, turno.Invalid("hash", "is not a SHA-256 in 64 hex digits")
	}
	return hash, nil
}

// mayJoin tells why somebody may not, who could when the request began.
func (k *Keeper) mayJoin(by *Who, j turno.Join, now time.Time) *turno.Error {
	k.mu.Lock()
	g := k.stored[by.Token.ID]
	active := g != nil && g.token.State(now) == "active"
	k.mu.Unlock()
	if !active {
		return turno.Errorf(turno.CodeUnauthorized, "the token to join with was used just now").WithHint("make one for each machine")
	}
	if bad := k.room(joinedName(j.Worker), now); bad != nil {
		if bad.Code == turno.CodeConflict {
			return &turno.Error{Code: turno.CodeConflict, Field: "worker", Message: fmt.Sprintf("a worker %q has joined", j.Worker),
				Hint: fmt.Sprintf("take another name with --worker; or if that one is no more: turno token revoke %q", joinedName(j.Worker))}
		}
		return bad
	}
	return nil
}
