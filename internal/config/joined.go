package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// JoinedName is the file in the data folder of a worker that joined, mode 0600.
const JoinedName = "joined.json"

// Joined is whom a worker takes jobs of: turno join writes it, turno worker reads
// it where no broker is set.
type Joined struct {
	Server      string `json:"server"` // https://HOST:PORT, the address for workers
	Fingerprint string `json:"fingerprint"`
	Worker      string `json:"worker"` // this one, by the name under which it joined
	Token       string `json:"token"`
	// Waits says that the server has not answered yet. What is written before it is
	// asked can be asked for again.
	Waits bool `json:"waits,omitempty"`
}

// JoinedPath is where it is kept.
func (c Config) JoinedPath() string { return filepath.Join(c.Data, JoinedName) }

// ReadJoined reads it; ok is false where this machine has joined nobody.
func (c Config) ReadJoined() (j Joined, ok bool, err error) {
	data, err := os.ReadFile(c.JoinedPath())
	if errors.Is(err, fs.ErrNotExist) {
		return j, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &j)
	}
	if err != nil {
		return j, false, fmt.Errorf("read whom this worker joined, in %s: %w; turno join --leave removes it, and the worker joins again with a new word", c.JoinedPath(), err)
	}
	return j, !j.Waits, nil
}

// WriteJoined writes it, whole or not at all, for its owner only.
func (c Config) WriteJoined(j Joined) error {
	data, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	path := c.JoinedPath()
	if err := os.WriteFile(path+".new", append(data, '\n'), 0o600); err != nil {
		return errors.Join(fmt.Errorf("write whom this worker joined: %w", err), os.Remove(path+".new"))
	}
	return os.Rename(path+".new", path)
}

// OfJoined is the configuration of a worker that joined, and whether this is one:
// a broker that is set counts for more. What is set of the rest counts too.
func (c Config) OfJoined() (Config, Joined, bool, error) {
	if c.Broker != "embedded" {
		return c, Joined{}, false, nil
	}
	j, ok, err := c.ReadJoined()
	if err != nil || !ok {
		return c, j, false, err
	}
	if c.Explicit("worker") && c.Worker != j.Worker {
		return c, j, false, fmt.Errorf("this worker joined %s as %q, and %q is asked for: remove %s and join again", j.Server, j.Worker, c.Worker, c.JoinedPath())
	}
	if c.Explicit("server") {
		j.Server = c.Server // it has moved
	}
	c.Worker, c.Server, c.Fingerprint, c.CA, c.Token = j.Worker, j.Server, j.Fingerprint, "", j.Token
	if c.Files == "" {
		c.Files = "api"
	}
	return c, j, true, nil
}
