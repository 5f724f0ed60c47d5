package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

const (
	tokenPrefix = "turno_"
	tokenBytes  = 32
)

// NewSecret makes the text of a token: turno_, 32 random bytes and their checksum in hex.
// The checksum lets a scanner tell a leaked token from chance.
func NewSecret() string {
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // never fails: it ends the process instead
	return tokenText(raw)
}

func tokenText(raw []byte) string {
	sum := crc32.ChecksumIEEE(raw)
	return fmt.Sprintf("%s%x%08x", tokenPrefix, raw, sum)
}

// WellFormed tells whether text could be a token at all.
func WellFormed(text string) bool {
	raw, err := hex.DecodeString(strings.TrimPrefix(text, tokenPrefix))
	return err == nil && len(raw) == tokenBytes+crc32.Size && text == tokenText(raw[:tokenBytes])
}

// LoadOrCreate reads the token in a file, which it makes if there is
// none. A file that others may read is refused.
func LoadOrCreate(path string) (string, error) {
	all, err := readTokens(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("make the token file: %w", err)
		}
		all, err = readTokens(path) // it may be of another process that began with this one
	}
	if err != nil {
		return "", err
	}
	return all[0], nil
}

// create makes the file all at once: nobody may find it empty, whoever waits
// for it least of all.
func create(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".token-")
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.Remove(f.Name()); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	_, err = f.WriteString(NewSecret() + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Rename(f.Name(), path) // a file system without links
}

// loadTokens are those of a file.
func loadTokens(path, user string) ([]Fixed, error) {
	all, err := readTokens(path)
	tokens := make([]Fixed, len(all))
	for i, text := range all {
		tokens[i] = Fixed{Hash: Hash(text), User: user}
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
		if !WellFormed(token) {
			return nil, fmt.Errorf("the token file %s holds something that is no token; delete it and turno makes a new one", path)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the token file %s does not hold a token; delete it and turno makes a new one", path)
	}
	return all, nil
}

// Fixed is an admin's token that stands in no store: its SHA-256, and whose it
// is.
type Fixed struct {
	Hash [sha256.Size]byte
	User string
}

// Hash is what is kept of a secret.
func Hash(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

// IDOf is the id of a token with this hash. Who finds a secret somewhere can
// tell which one it is.
func IDOf(hash [sha256.Size]byte) string { return hex.EncodeToString(hash[:6]) }
