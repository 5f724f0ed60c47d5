package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// NATS starts a private server of Debian's package, outside of this process,
// with JetStream on its own folder. It takes less than 0.1 s.
func NATS(t testing.TB) *Server {
	t.Helper()
	return private(t, NATSNeed, newNATS)
}

// NATSTLS is one that speaks nothing but TLS: tls://….
func NATSTLS(t testing.TB, pair Pair) *Server {
	t.Helper()
	return private(t, NATSNeed, func() (*instance, error) {
		in, err := natsWith(fmt.Sprintf("tls { cert_file: %q, key_file: %q }\n", pair.Cert, pair.Key))
		if err == nil {
			in.url = "tls" + strings.TrimPrefix(in.url, "nats")
		}
		return in, err
	})
}

func newNATS() (*instance, error) { return natsWith("") }

func natsWith(more string) (*instance, error) {
	dir, err := newDataDir(-1, -1)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	// max_payload: over broker.MaxBody; the server's own default is 1 MiB.
	config := fmt.Sprintf("listen: %q\nmax_payload: 8MB\njetstream { store_dir: %q }\n", loopback(port), filepath.Join(dir, "jetstream")) + more
	file := filepath.Join(dir, "nats.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("write configuration of nats: %w", err)
	}
	return &instance{
		url: "nats://" + loopback(port),
		dir: dir, stored: []string{filepath.Join(dir, "jetstream")},
		parts: []launch{{
			name: "nats", dir: dir, uid: -1, gid: -1, stop: syscall.SIGTERM,
			argv:  []string{natsServer(), "-c", file},
			ready: "Server is ready",
		}},
	}, nil
}

// natsServer is Debian's server; /usr/sbin is not on every user's PATH.
func natsServer() string {
	for _, name := range []string{"/usr/sbin/nats-server", "nats-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
