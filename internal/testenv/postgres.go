package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Postgres starts a private server: user turno, database postgres, no
// password, no Unix socket. It takes less than a second. Its data are not
// synced to disk: they survive Kill, not a power cut.
func Postgres(t testing.TB) *Server {
	t.Helper()
	return private(t, PostgresNeed, newPostgres)
}

// PostgresTLS is one that takes nothing but TLS from others. Its URL verifies
// the server's certificate against that itself.
func PostgresTLS(t testing.TB, pair Pair) *Server {
	t.Helper()
	return private(t, PostgresNeed, func() (*instance, error) {
		in, err := newPostgres()
		if err != nil {
			return nil, err
		}
		p := &in.parts[0]
		for option, file := range map[string]string{"ssl_cert_file": pair.Cert, "ssl_key_file": pair.Key} {
			own := filepath.Join(in.dir, option)
			data, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(own, data, 0o600)
			}
			if err == nil && p.uid >= 0 {
				err = os.Chown(own, p.uid, p.gid)
			}
			if err != nil {
				return nil, fmt.Errorf("give the server its certificate: %w", err)
			}
			p.argv = append(p.argv, "-c", option+"="+own)
		}
		hba := filepath.Join(in.dir, "data", "pg_hba.conf")
		if err := os.WriteFile(hba, []byte("hostssl all all 127.0.0.1/32 trust\n"), 0o600); err != nil {
			return nil, fmt.Errorf("close the server: %w", err)
		}
		p.argv = append(p.argv, "-c", "ssl=on")
		in.url = strings.Replace(in.url, "sslmode=disable", "sslmode=verify-full&sslrootcert="+pair.Cert, 1)
		return in, nil
	})
}

func newPostgres() (*instance, error) {
	return postgresWith("-c", "fsync=off", "-c", "full_page_writes=off")
}

// newDurablePostgres syncs as a server in use does.
func newDurablePostgres() (*instance, error) { return postgresWith() }

func postgresWith(options ...string) (*instance, error) {
	uid, gid, err := unprivileged()
	if err != nil {
		return nil, err
	}
	template, err := postgresTemplate()
	if err != nil {
		return nil, err
	}
	dir, err := newDataDir(uid, gid)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if err := runAs(uid, gid, dir, "cp", "-a", template, data); err != nil {
		return nil, fmt.Errorf("copy the empty cluster: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return &instance{
		url: "postgres://turno@" + loopback(port) + "/postgres?sslmode=disable",
		dir: dir,
		parts: []launch{{
			name: "postgres", dir: dir, uid: uid, gid: gid,
			stop:  syscall.SIGINT, // the fast shutdown: does not wait for clients
			ready: "database system is ready to accept connections",
			argv: append([]string{
				filepath.Join(postgresBin(), "postgres"), "-D", data,
				"-c", "listen_addresses=127.0.0.1",
				"-c", "port=" + strconv.Itoa(port),
				"-c", "unix_socket_directories=",
				"-c", "max_connections=300", // the tests of several packages at once
				"-c", "shared_buffers=64MB",
				"-c", "logging_collector=off",
			}, options...),
		}},
	}, nil
}

// postgresBin is the folder of the newest server that is installed, or "".
func postgresBin() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if path, err := exec.LookPath("postgres"); err == nil && len(found) == 0 {
		found = []string{path}
	}
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(slices.Max(found))
}

// postgresTemplate is an empty cluster, made once per process: copying it
// takes 0.2 s, initdb a whole one.
var postgresTemplate = sync.OnceValues(func() (string, error) {
	uid, gid, err := unprivileged()
	if err != nil {
		return "", err
	}
	dir, err := newDataDir(uid, gid)
	if err != nil {
		return "", err
	}
	template := filepath.Join(dir, "template")
	err = runAs(uid, gid, dir, filepath.Join(postgresBin(), "initdb"), "-D", template,
		"-U", "turno", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if err != nil {
		return "", fmt.Errorf("make an empty cluster: %w", err)
	}
	return template, nil
})

func runAs(uid, gid int, dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	joinGroup(cmd, 0, uid, gid)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, out)
	}
	return nil
}
