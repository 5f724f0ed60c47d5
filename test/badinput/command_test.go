package badinput

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"turno/internal/testenv"
)

// cli runs turno and gives its exit code and what it said.
func (s *stage) cli(t *testing.T, env []string, args ...string) (code int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.d.Binary, args...)
	cmd.Env = append(s.environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended || ctx.Err() != nil {
		t.Fatalf("turno %v: %v", args, err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// refused checks that a command ended with a code and said in a line or two
// why and what to do.
func refused(t *testing.T, code, want int, errs string) {
	t.Helper()
	if code != want {
		t.Errorf("exit code %d, want %d", code, want)
	}
	if !strings.HasPrefix(errs, "turno: ") || len(errs) > 1500 || strings.Count(errs, "\n") > 6 {
		t.Errorf("says %q", errs)
	}
	for _, bad := range []string{"goroutine", "panic", "\x1b]", "\x1b[2J", ".go:"} {
		if strings.Contains(errs, bad) {
			t.Errorf("says %q", errs)
		}
	}
}

// commandLine: what people type by mistake, and what a script hands on.
func commandLine(t *testing.T, s *stage) {
	for _, c := range []struct {
		name string
		code int
		args []string
	}{
		{"no command", 2, []string{"submit"}},
		{"an empty word", 2, []string{"submit", "--", ""}},
		{"a job that is a path", 3, []string{"logs", "../../etc/passwd"}},
		{"a job that is not there", 3, []string{"logs", "999999"}},
		{"a job below zero", 3, []string{"show", "--", "-1"}},
		{"jobs without end", 3, []string{"cancel", "1-99999999999999999999"}},
		{"a name with a line", 2, []string{"submit", "--name", "a\nb", "--", "true"}},
		{"a name that writes to terminals", 2, []string{"submit", "--name", "\x1b]0;x\x07", "--", "true"}},
		{"a name that is no UTF-8", 2, []string{"submit", "--name", "\xff\xfe", "--", "true"}},
		{"43 LD_PRELOAD", 2, []string{"submit", "--env", "LD_PRELOAD=/tmp/x.so", "--", "true"}},
		{"30 GPUs below zero", 2, []string{"submit", "-G", "-1", "--", "true"}},
		{"30 GPUs without end", 2, []string{"submit", "-G", "99999999999999999999", "--", "true"}},
		{"31 a time that is none", 2, []string{"submit", "-t", "soon", "--", "true"}},
		{"31 a time of ages", 2, []string{"submit", "-t", "99999999999:00:00", "--", "true"}},
		{"an array that is none", 2, []string{"submit", "--array", "1-", "--", "true"}},
		{"an array of a milliard", 2, []string{"submit", "--array", "0-999999999", "--", "true"}},
		{"parameters that are no JSON", 2, []string{"submit", "--type", "noop", "--params", "{"}},
		{"a type that is not there", 2, []string{"submit", "--type", "nop"}},
		{"35 an input that is not there", 2, []string{"submit", "--input", "/no/such/file", "--", "true"}},
		{"a file of jobs that is not there", 2, []string{"sbatch", "/no/such/script"}},
		{"a flag that is not there", 2, []string{"submit", "--nonsense", "--", "true"}},
		{"a format that is none", 2, []string{"ps", "-o", "exe"}},
		{"a server that is none", 2, []string{"ps", "--server", "file:///etc/passwd"}},
		{"a server that is away", 5, []string{"ps", "--server", "http://127.0.0.1:1"}},
		{"a server that is no turno", 1, []string{"ps", "--server", "http://127.0.0.1:" + strings.TrimPrefix(s.elsewhere(t), ":")}},
		{"a dead letter that is none", 2, []string{"dead-letters", "show", "x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.given.Add(1)
			code, _, errs := s.cli(t, nil, c.args...)
			refused(t, code, c.code, errs)
		})
	}
}

// settings: with what a role must not start.
func settings(t *testing.T, s *stage) {
	port := testenv.FreePort(t)
	start := func(extra ...string) []string {
		return append([]string{"up", "--listen", fmt.Sprintf("127.0.0.1:%d", port)}, extra...)
	}
	write := func(dir, name, text string, mode os.FileMode) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name    string
		prepare func(dir string)
		args    []string
		says    string
	}{
		{"65 a token that others read", func(dir string) { write(dir, "token", s.token, 0o644) }, start(), "chmod 600"},
		{"65 a password that others read", func(dir string) {
			write(dir, "config.yaml", "store: postgres://turno:secret@127.0.0.1:1/turno\n", 0o644)
		}, start(), "chmod 600"},
		{"65 a store that others read", func(dir string) { write(dir, "turno.db", "", 0o644) }, start(), "chmod 600"},
		{"65 a folder that others write to", func(dir string) { _ = os.Chmod(dir, 0o777) }, start(), "chmod"},
		{"65 a token that is a link", func(dir string) { _ = os.Symlink("/etc/passwd", filepath.Join(dir, "token")) }, start(), "not a regular file"},
		{"a token that is none", func(dir string) { write(dir, "token", "hunter2\n", 0o600) }, start(), "holds something that is no token"},
		{"open to the network", nil, []string{"up", "--listen", "0.0.0.0:" + fmt.Sprint(port)}, "TLS"},
		{"a key that is not there", func(dir string) { write(dir, "config.yaml", "lisen: x\n", 0o600) }, start(), "listen"},
		{"a file that is no settings", func(dir string) { write(dir, "config.yaml", "\x80\x04\x95", 0o600) }, start(), "config.yaml"},
		{"a broker that is none", nil, start("--broker", "redis://127.0.0.1"), "broker"},
		{"a bound below zero", nil, start("--max-jobs", "-1"), "max_jobs"},
		{"a store that is no database", func(dir string) { write(dir, "turno.db", strings.Repeat("garbage ", 1000), 0o600) }, start(), "turno.db"},
		{"CPUs that are none", nil, start("--cpus", "NaN"), "cpus"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.given.Add(1)
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if c.prepare != nil {
				c.prepare(dir)
			}
			code, _, errs := s.cli(t, []string{"TURNO_DATA=" + dir, "TURNO_SERVER=", "HOME=" + dir}, c.args...)
			if code == 0 || !strings.Contains(errs, c.says) || strings.Contains(errs, "secret@") || strings.Contains(errs, "goroutine") {
				t.Errorf("exit code %d, says %q", code, errs)
			}
		})
	}
}

// elsewhere is the port of a server that is something else.
func (s *stage) elsewhere(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("<html>\x1b]0;x\x07not turno</html>"))
	}))
	t.Cleanup(server.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	return ":" + port
}
