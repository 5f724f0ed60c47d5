package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// prometheus is Debian's server; promtool stands beside it.
const prometheus = "/usr/bin/prometheus"

// Prometheus starts a private server with a configuration, in a folder that
// also holds the other files, by name. Its URL is that of its API.
func Prometheus(t testing.TB, config string, files map[string]string) *Server {
	t.Helper()
	return private(t, PrometheusNeed, func() (*instance, error) {
		dir, err := newDataDir(-1, -1)
		if err != nil {
			return nil, err
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				return nil, err
			}
		}
		file := filepath.Join(dir, "prometheus.yml")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			return nil, err
		}
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		return &instance{
			url: "http://" + loopback(port),
			dir: dir, stored: []string{filepath.Join(dir, "data")},
			parts: []launch{{
				name: "prometheus", dir: dir, uid: -1, gid: -1, stop: syscall.SIGTERM,
				argv: []string{prometheus, "--config.file=" + file, "--storage.tsdb.path=" + filepath.Join(dir, "data"),
					"--web.listen-address=" + loopback(port), "--log.level=info"},
				ready: "Server is ready to receive web requests",
			}},
		}, nil
	})
}

// Promtool runs Prometheus's own tool in a folder and gives what it says.
func Promtool(t testing.TB, dir string, args ...string) (string, error) {
	t.Helper()
	Need(t, PrometheusNeed)
	cmd := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(prometheus), "promtool"), args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}
