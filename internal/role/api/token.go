package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	tokenPrefix = "turno_"
	tokenBytes  = 32
)

// NewToken makes a token: turno_, 32 random bytes and their checksum in hex.
// The checksum lets a scanner tell a leaked token from chance.
func NewToken() string {
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // never fails: it ends the process instead
	return tokenText(raw)
}

func tokenText(raw []byte) string {
	sum := crc32.ChecksumIEEE(raw)
	return fmt.Sprintf("%s%x%08x", tokenPrefix, raw, sum)
}

// wellFormed tells whether text could be a token at all.
func wellFormed(text string) bool {
	raw, err := hex.DecodeString(strings.TrimPrefix(text, tokenPrefix))
	return err == nil && len(raw) == tokenBytes+crc32.Size && text == tokenText(raw[:tokenBytes])
}

// LoadOrCreateToken reads the token in a file, which it makes if there is
// none. A file that others may read is refused.
func LoadOrCreateToken(path string) (string, error) {
	token := NewToken()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		all, err := readTokens(path)
		if err != nil {
			return "", err
		}
		return all[0], nil
	}
	if err != nil {
		return "", fmt.Errorf("make the token file: %w", err)
	}
	_, err = f.WriteString(token + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return "", errors.Join(fmt.Errorf("write the token file: %w", err), os.Remove(path))
	}
	return token, nil
}

// loadTokens are those of a file, for Options.
func loadTokens(path, user string) ([]Token, error) {
	all, err := readTokens(path)
	tokens := make([]Token, len(all))
	for i, text := range all {
		tokens[i] = Token{Hash: HashToken(text), User: user}
	}
	return slices.Clip(tokens), err // who appends copies
}

// readTokens reads a file of tokens, one a line, at least one.
func readTokens(path string) ([]string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, fmt.Errorf("read the token file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the token file %s is not a regular file", path)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the token file %s can be read by others (mode %04o): its token is no secret any more; "+
			"delete it, turno makes a new one, or if nobody else uses this machine: chmod 600 %s", path, info.Mode().Perm(), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the token file: %w", err)
	}
	all := strings.Fields(string(text))
	for _, token := range all {
		if !wellFormed(token) {
			return nil, fmt.Errorf("the token file %s holds something that is no token; delete it and turno makes a new one", path)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the token file %s does not hold a token; delete it and turno makes a new one", path)
	}
	return all, nil
}

// Token is one that is accepted: its SHA-256, and who comes with it.
type Token struct {
	Hash [sha256.Size]byte
	User string
}

// HashToken is what is kept of a token.
func HashToken(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }

// authenticate finds the token of a request: its own, or that of a browser's
// session. It looks at all tokens, so that the time it takes tells nothing.
func (a *Role) authenticate(r *http.Request) (Token, bool) {
	if r.Header.Get("Authorization") == "" {
		_, token, ok := a.browserSession(r)
		return token, ok
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || len(r.Header.Values("Authorization")) != 1 {
		return Token{}, false
	}
	return a.match(given)
}

// match finds a token by its text. It looks at all of them.
func (a *Role) match(given string) (Token, bool) {
	hash := HashToken(given)
	var found Token
	match := 0
	for _, t := range a.accepted() {
		if subtle.ConstantTimeCompare(hash[:], t.Hash[:]) == 1 {
			found, match = t, 1
		}
	}
	return found, match == 1
}

const (
	// guesses that one address has in guessWindow; a token that is valid is
	// always let in, so that nobody can lock a neighbour out.
	guesses     = 20
	guessWindow = time.Minute
	// guessers bounds the addresses that are remembered.
	guessers = 10_000
)

// guessCount counts wrong tokens by address.
type guessCount struct {
	mu    sync.Mutex // guards all below
	since time.Time
	by    map[string]int
}

// tooMany counts one more, and tells whether the address is to be put off.
func (g *guessCount) tooMany(r *http.Request, now time.Time) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.by == nil || now.Sub(g.since) > guessWindow {
		g.since, g.by = now, map[string]int{}
	}
	if len(g.by) < guessers || g.by[host] > 0 {
		g.by[host]++
	}
	return g.by[host] > guesses
}
