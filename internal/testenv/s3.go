package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// The keys of a private S3 server.
const (
	S3Key    = "turno"
	S3Secret = "turno-secret-of-tests"
)

// S3 starts a private S3 server, Versity's gateway over a folder, with an empty
// bucket. Its URL has a %s for the prefix.
func S3(t testing.TB) *Server {
	t.Helper()
	return private(t, S3Need, newS3)
}

func newS3() (*instance, error) {
	dir, err := newDataDir(-1, -1)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "buckets", "test"), 0o700); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return &instance{
		url: "s3://test/%s?tls=false&endpoint=" + loopback(port),
		dir: dir,
		parts: []launch{{
			name: "s3", dir: dir, uid: -1, gid: -1, stop: syscall.SIGTERM,
			argv:  []string{versitygw(), "--port", loopback(port), "--access", S3Key, "--secret", S3Secret, "posix", filepath.Join(dir, "buckets")},
			ready: "service listening on",
		}},
	}, nil
}

// versitygw is where scripts/test-deps puts it.
func versitygw() string {
	for _, name := range []string{inBin("versitygw"), "versitygw"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// inBin is a file in bin of this module; empty if there is none.
func inBin(name string) string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			return ""
		}
	}
	path := filepath.Join(dir, "bin", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}
