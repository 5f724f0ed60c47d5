package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// prefix of a secret as text, by the convention.
const prefix = "whsec_"

// secretBytes are as long as what the hash gives.
const secretBytes = 32

// LoadOrCreateSecrets reads a file of secrets, one a line, and makes one that
// nobody knows where there is no file.
func LoadOrCreateSecrets(path string) ([][]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		fresh := make([]byte, secretBytes)
		rand.Read(fresh) // never fails
		text = []byte(prefix + base64.StdEncoding.EncodeToString(fresh) + "\n")
		err = create(path, text)
	}
	if err != nil {
		return nil, fmt.Errorf("read the secret of webhooks: %w", err)
	}
	var all [][]byte
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(line, prefix))
		if err != nil || len(secret) < 16 || !strings.HasPrefix(line, prefix) {
			return nil, fmt.Errorf("%s: a secret is %s and at least 16 bytes in base64", path, prefix)
		}
		all = append(all, secret)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s holds no secret", path)
	}
	return all, nil
}

// create writes a file that is there whole or not at all.
func create(path string, text []byte) error {
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return errors.Join(err, os.Remove(path+".new"))
	}
	return os.Rename(path+".new", path)
}
