package wine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"turno/internal/testenv"
)

// patience is for one command, on a loaded machine: wine takes a second to start.
const patience = 2 * time.Minute

// windows is a turno on drive Z:, which is this machine's root.
type windows struct {
	root, program, dir string
	env                []string
}

func install(t *testing.T) *windows {
	t.Helper()
	testenv.Need(t, testenv.WineNeed)
	dir := t.TempDir()
	w := &windows{root: os.Getenv(testenv.WineVariable), program: filepath.Join(dir, "turno.exe"), dir: dir}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", w.program, "turno/cmd/turno")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build turno.exe: %v\n%s", err, out)
	}
	w.env = append(os.Environ(), `TURNO_DATA=Z:`+strings.ReplaceAll(filepath.Join(dir, "data"), "/", `\`), fmt.Sprintf("TURNO_LISTEN=127.0.0.1:%d", testenv.FreePort(t)))
	return w
}

func (w *windows) command(ctx context.Context, args ...string) *exec.Cmd {
	script, err := filepath.Abs("../../scripts/wine")
	if err != nil {
		panic(err) // there is no working folder
	}
	cmd := exec.CommandContext(ctx, script, append([]string{w.root, w.program}, args...)...)
	cmd.Dir, cmd.Env = w.dir, w.env
	return cmd
}

// run runs turno.exe to its end and returns its output and its exit code.
func (w *windows) run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var problems strings.Builder
	cmd := w.command(ctx, args...)
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("turno.exe %q: %v: %s", args, err, problems.String())
	}
	if err != nil {
		t.Logf("turno.exe %q: %v: %s", args, err, problems.String())
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n"), cmd.ProcessState.ExitCode()
}

// up starts turno up and waits until it says that it is.
func (w *windows) up(t *testing.T) {
	t.Helper()
	cmd := w.command(context.WithoutCancel(t.Context()), "up", "--no-open")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	said := bufio.NewScanner(out)
	for said.Scan() {
		if strings.Contains(said.Text(), "turno is up") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return
		}
	}
	t.Fatalf("turno.exe up ended before it was up: %v", said.Err())
}

func TestWindows_FirstUse(t *testing.T) {
	w := install(t)
	if out, code := w.run(t, "version"); code != 0 || !strings.Contains(out, "windows/amd64") {
		t.Errorf("version: %d %q", code, out)
	}
	w.up(t)
	for _, c := range []struct {
		say  string
		code int
		args []string
	}{
		{"server ", 0, []string{"doctor"}},
		{"job object", 0, []string{"nodes"}},
		{"hello", 0, []string{"run", "--", "cmd", "/c", "echo hello"}},
		{"", 5, []string{"run", "--", "cmd", "/c", "exit 5"}},
		{"", 127, []string{"run", "--", "nosuchprogram"}},
		{"", 124, []string{"run", "-t", "2s", "--", "ping", "-n", "600", "127.0.0.1"}},
		{"error 0", 0, []string{"run", "--type", "vecadd", "--param", "n=10000"}},
		{"", 0, []string{"run", "--", "cmd", "/c", `echo made>%TURNO_OUTPUT_DIR%\made`}},
		{"made\n", 0, []string{"cp", "last:made", "-"}},
		{"", 0, []string{"submit", "-a", "0-3", "--", "cmd", "/c", "echo task %TURNO_TASK_ID%"}},
		{"", 0, []string{"wait", "last"}},
		{"", 0, []string{"submit", "-J", "long", "--", "ping", "-n", "600", "127.0.0.1"}},
		{"stopping", 0, []string{"cancel", "last"}},
		{"cancelled", 137, []string{"wait", "last"}},
		{"CA", 0, []string{"ps", "-a"}},
	} {
		if out, code := w.run(t, c.args...); code != c.code || !strings.Contains(out, c.say) {
			t.Errorf("turno %q: exit code %d and %q, want %d and %q", c.args, code, out, c.code, c.say)
		}
	}
}
