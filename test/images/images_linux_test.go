package images

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"turno/test/lab"
)

// closed is how the images must be able to run.
var closed = []string{"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--tmpfs", "/tmp"}

func (e *engine) run(t *testing.T, args ...string) string {
	t.Helper()
	return e.docker(t, append(append([]string{"run", "--rm"}, closed...), args...)...)
}

// TestImages builds each image and looks at what users meet in it. One engine
// serves all: it takes a while to start.
func TestImages(t *testing.T) {
	e := startEngine(t)
	e.bases(t)
	e.servers(t)
	e.stand(t, "torch.tar", []string{path}, "torch:test")
	e.build(t, "server", "worker-cpu", "worker-gpu", "worker-torch", "monitor")

	t.Run("SizesAndUsers", e.testSizes)
	t.Run("ClosedTheyRun", e.testClosed)
	t.Run("OneContainerIsAWholeTurno", e.testWhole)
	t.Run("AsRoot", e.testRoot)
	t.Run("PyTorch", e.testTorch)
	t.Run("Monitor", e.testMonitor)
}

func (e *engine) testSizes(t *testing.T) {
	size := func(image string) float64 {
		n, err := strconv.ParseFloat(e.docker(t, "inspect", "-f", "{{.Size}}", image), 64)
		if err != nil {
			t.Fatal(err)
		}
		return n / 1e6
	}
	base := size("debian:12.12-slim")
	for image, most := range map[string]float64{"turno-server": 80, "turno-worker-cpu": base + 80, "turno-worker-gpu": base + 80} {
		t.Logf("%s: %.0f MB; its base, if it has one: %.0f", image, size(image), base)
		if size(image) > most {
			t.Errorf("%s is larger than %.0f MB", image, most)
		}
	}
	for _, image := range []string{"turno-server", "turno-worker-cpu", "turno-worker-gpu", "turno-worker-torch", "turno-monitor"} {
		if got := e.docker(t, "inspect", "-f", "{{.Config.User}} {{if .Config.Healthcheck}}checked{{end}}", image); got != "65532:65532 checked" {
			t.Errorf("%s: %q", image, got)
		}
	}
	if got := e.docker(t, "inspect", "-f", `{{index .Config.Labels "org.opencontainers.image.version"}}`, "turno-server"); got != stamp {
		t.Errorf("the server's label says it is %q", got)
	}
}

func (e *engine) testClosed(t *testing.T) {
	for _, image := range []string{"turno-server", "turno-worker-cpu", "turno-worker-gpu", "turno-worker-torch"} {
		if got := e.run(t, "--network", "none", image, "version"); !strings.Contains(got, stamp) {
			t.Errorf("%s says it is %q", image, got)
		}
		got := e.run(t, "--network", "none", image, "doctor")
		if strings.Contains(got, "FAIL") || !strings.Contains(got, "gpu        none: no NVIDIA driver is loaded") {
			t.Errorf("%s: %s", image, got)
		}
	}
	if out, err := e.try(t.Context(), "docker", "run", "--rm", "--entrypoint", "/bin/sh", "turno-server"); err == nil {
		t.Errorf("the server has a shell: %s", out)
	}
	if got := e.run(t, "--entrypoint", "/usr/bin/id", "turno-worker-cpu"); got != "uid=65532(turno) gid=65532(turno) groups=65532(turno)" {
		t.Errorf("the worker is %s", got)
	}
}

// healthy waits until a container's own check says so.
func (e *engine) healthy(t *testing.T, container string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	lab.Await(ctx, t, func() error {
		out, err := e.try(ctx, "docker", "inspect", "-f", "{{.State.Health.Status}}", container)
		if err == nil && strings.TrimSpace(out) != "healthy" {
			err = fmt.Errorf("%s is %s", container, out)
		}
		return err
	})
}

// testWhole runs everything in one container, and jobs in it: with no
// capability, no cgroup to write to, and Docker's filter of system calls.
func (e *engine) testWhole(t *testing.T) {
	e.docker(t, append(append([]string{"run", "-d", "--name", "whole", "--memory", "1g"}, closed...), "turno-worker-cpu", "up")...)
	e.healthy(t, "whole")
	turno := func(args ...string) string {
		return e.docker(t, append([]string{"exec", "whole", "turno"}, args...)...)
	}
	if got := turno("run", "--", "sh", "-c", "id -u; grep -h NoNewPrivs /proc/self/status; pwd"); !strings.Contains(got, "65532") || !strings.Contains(got, "NoNewPrivs:\t1") {
		t.Errorf("a command printed %q", got)
	}
	turno("run", "--", "sh", "-c", "for i in 1 2 3; do setsid sleep 600 & done; (sleep 0.1 &) ; exit 0")
	turno("run", "--type", "matmul", "--param", "m=64", "--param", "k=64", "--param", "n=64")
	// What a job leaves is ended with it, and nobody stays a zombie: the program
	// is the first process here.
	left := e.docker(t, "exec", "whole", "sh", "-c", `grep -lE "^(Name:.sleep|State:.Z)" /proc/[0-9]*/status 2>/dev/null | wc -l`)
	if left != "0" {
		t.Errorf("%s processes are left: %s", left, e.docker(t, "exec", "whole", "sh", "-c", `grep -hE "^(Name|State|PPid)" /proc/[0-9]*/status`))
	}
	// Its memory is the container's, not the machine's.
	if got := turno("nodes"); !strings.Contains(got, "sweep, no limits") || !strings.Contains(got, "0/1G") {
		t.Errorf("nodes: %s", got)
	}
	e.orphans(t)
	e.docker(t, "stop", "-t", "20", "whole")
	if code := e.docker(t, "inspect", "-f", "{{.State.ExitCode}}", "whole"); code != "0" {
		t.Errorf("stopped, it ended with %s: %s", code, e.docker(t, "logs", "whole"))
	}
}

// orphans kills whoever holds a job: what it held comes to the container's
// first process, which must wait for it.
func (e *engine) orphans(t *testing.T) {
	t.Helper()
	const kill = `turno submit --parsable -- sleep 601 >/dev/null
until pid=$(grep -lx 'Name:.sleep' /proc/[0-9]*/status 2>/dev/null); do sleep 0.1; done
kill -9 $(sed -n 's/^PPid:.//p' $pid)
while [ -e "$pid" ] && ! grep -q 'State:.Z' "$pid"; do sleep 0.1; done
for i in 1 2 3 4 5 6 7 8 9 10; do [ -e "$pid" ] || exit 0; sleep 0.2; done
cat "$pid"; exit 1`
	if out, err := e.try(t.Context(), "docker", "exec", "whole", "sh", "-c", kill); err != nil {
		t.Errorf("an orphan that has ended is not waited for: %v\n%s", err, out)
	}
}

// testRoot: a worker that is root runs jobs as others, or says what it lacks.
func (e *engine) testRoot(t *testing.T) {
	out, err := e.try(t.Context(), "docker", "run", "--rm", "--user", "0:0", "--cap-drop", "SETUID", "turno-worker-cpu", "up")
	if err == nil || !strings.Contains(out, "start it as an ordinary user") {
		t.Errorf("root that may not become others: %v %s", err, out)
	}
	e.docker(t, "run", "-d", "--name", "root", "--user", "0:0", "turno-worker-cpu", "up")
	e.healthy(t, "root")
	got := e.docker(t, "exec", "root", "turno", "run", "--", "sh", "-c", "id -u; cat /data/token || echo closed")
	if !strings.HasPrefix(got, "6") || strings.HasPrefix(got, "65532") || !strings.Contains(got, "closed") {
		t.Errorf("a job of a worker that is root printed %q", got)
	}
	e.docker(t, "rm", "-f", "root")
}

func (e *engine) testTorch(t *testing.T) {
	e.docker(t, append(append([]string{"run", "-d", "--name", "torch"}, closed...), "turno-worker-torch", "up")...)
	e.healthy(t, "torch")
	got := e.docker(t, "exec", "torch", "turno", "run", "--type", "matmul", "--engine", "torch", "--param", "m=64", "--param", "k=64", "--param", "n=64")
	t.Logf("a product by PyTorch: %s", got)
	e.docker(t, "rm", "-f", "torch")
}

func (e *engine) testMonitor(t *testing.T) {
	got := e.run(t, "--entrypoint", "/bin/promtool", "turno-monitor", "check", "config", "/etc/turno-monitor/prometheus.yml")
	if !strings.Contains(got, "SUCCESS: 1 rule files found") {
		t.Errorf("promtool: %s", got)
	}
}
