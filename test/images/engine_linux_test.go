package images

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"turno/internal/testenv"
	"turno/test/lab"
)

// engine is a Docker of its own. Its methods fail the test when they cannot do
// what they say.
type engine struct {
	lab, dir string
	cgroup   string // the name of its parent
	daemon   *exec.Cmd
	network  *os.File
}

// begin starts dockerd as the first process of its namespaces: when it is
// killed the kernel kills all containers and unmounts all that it has mounted.
const begin = `
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
ip link set lo up
PATH=$1/engine/usr/bin:$1/engine/usr/sbin:$PATH exec dockerd --data-root "$2/data" --exec-root "$2/exec" \
  --pidfile "$2/pid" --host "unix://$2/sock" --cgroup-parent "$3" --storage-driver overlay2 \
  --bip 10.213.0.1/24 --default-address-pool base=10.214.0.0/16,size=24 >"$2/log" 2>&1`

// startEngine starts one and gives it the stand-ins.
func startEngine(t *testing.T) *engine {
	t.Helper()
	testenv.Need(t, testenv.EngineNeed)
	dir, err := os.MkdirTemp("", "turno-docker-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{lab: os.Getenv(testenv.EngineVariable), dir: dir, cgroup: filepath.Base(dir)}
	started := make(chan error)
	ended := make(chan struct{})
	go func() {
		// Its thread must live as long as the engine, for it dies with it; so
		// nothing is left if this process is killed.
		runtime.LockOSThread()
		defer close(ended)
		e.daemon = exec.Command("/bin/sh", "-ec", begin, "sh", e.lab, e.dir, e.cgroup)
		e.daemon.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL,
		}
		err := e.daemon.Start()
		started <- err
		if err == nil {
			_ = e.daemon.Wait() // it is killed
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.end(t, ended) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	lab.Await(ctx, t, func() error { return e.command(ctx, "docker", "version").Run() })
	if e.network, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", e.daemon.Process.Pid)); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *engine) end(t *testing.T, ended <-chan struct{}) {
	if t.Failed() {
		log, _ := os.ReadFile(filepath.Join(e.dir, "log"))
		t.Logf("the engine's log ends:\n%s", log[max(0, len(log)-3000):])
	}
	if e.network != nil {
		e.network.Close()
	}
	_ = e.daemon.Process.Kill() // the kernel kills the others before it tells of this end
	<-ended
	var groups []string
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.Contains(path, "/"+e.cgroup) {
			groups = append(groups, path)
		}
		return nil // groups come and go meanwhile
	})
	slices.SortFunc(groups, func(a, b string) int { return len(b) - len(a) }) // those within first
	for _, g := range groups {
		if err := os.Remove(g); err != nil && !os.IsNotExist(err) {
			t.Logf("a group of the engine's is left: %v", err)
		}
	}
	if err := os.RemoveAll(e.dir); err != nil {
		t.Error(err)
	}
}

// command is one that speaks to the engine.
func (e *engine) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	if name == "docker" { // another one may lie on the path
		cmd = exec.CommandContext(ctx, filepath.Join(e.lab, "engine", "usr", "bin", "docker"), args...)
	}
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(e.lab, "engine", "usr", "bin")+":"+os.Getenv("PATH"), "DOCKER_HOST=unix://"+filepath.Join(e.dir, "sock"), "DOCKER_BUILDKIT=1", "DOCKER_CONFIG="+filepath.Join(e.dir, "config"))
	return cmd
}

// try runs one and gives both of its outputs.
func (e *engine) try(ctx context.Context, name string, args ...string) (string, error) {
	out, err := e.command(ctx, name, args...).CombinedOutput()
	return string(out), err
}

// docker runs a command of its client's.
func (e *engine) docker(t testing.TB, args ...string) string {
	t.Helper()
	out, err := e.try(t.Context(), "docker", args...)
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

// stand has a stand-in take the place of images.
func (e *engine) stand(t *testing.T, file string, changes []string, images ...string) {
	t.Helper()
	f, err := os.Open(filepath.Join(e.lab, file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	args := []string{"import"}
	for _, c := range changes {
		args = append(args, "-c", c)
	}
	cmd := e.command(t.Context(), "docker", append(args, "-", images[0])...)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = f, &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("import %s: %v\n%s", file, err, &out)
	}
	for _, image := range images[1:] {
		e.docker(t, "tag", images[0], image)
	}
}

const path = "ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// bases are what the Dockerfile builds on.
func (e *engine) bases(t *testing.T) {
	t.Helper()
	e.stand(t, "debian.tar", nil, "debian:12.12-slim")
	e.stand(t, "golang.tar", []string{path, "ENV GOPATH=/go", "ENV GOPROXY=file:///proxy", "ENV GOTOOLCHAIN=local", "ENV GOCACHE=/gocache"}, "golang:1.26.8-bookworm")
}

// servers are those that deploy/compose uses.
func (e *engine) servers(t *testing.T) {
	t.Helper()
	e.stand(t, "servers.tar", []string{path, `ENTRYPOINT ["docker-entrypoint.sh"]`, `CMD ["postgres"]`},
		"rabbitmq:4.0.5", "postgres:17.2", "prom/prometheus:v3.5.0")
}

// build builds targets, by the command for it.
func (e *engine) build(t *testing.T, targets ...string) {
	t.Helper()
	for _, target := range targets {
		began := time.Now()
		out, err := e.try(t.Context(), "make", "-C", "../..", "images", "TARGETS="+target, "VERSION="+stamp, "IMAGE_ARGS=--build-arg TORCH=torch:test")
		if err != nil {
			t.Fatalf("make images TARGETS=%s: %v\n%s", target, err, out)
		}
		t.Logf("built turno-%s in %s", target, time.Since(began).Round(100*time.Millisecond))
	}
}

// stamp is the version that images are built as.
const stamp = "v0.0.1-test"

// dial connects from within the engine's network, where ports are published.
func (e *engine) dial(ctx context.Context, network, address string) (net.Conn, error) {
	type end struct {
		conn net.Conn
		err  error
	}
	done := make(chan end, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: a thread in another network ends with its goroutine
		if err := unix.Setns(int(e.network.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- end{nil, fmt.Errorf("enter the engine's network: %w", err)}
			return
		}
		var d net.Dialer
		conn, err := d.DialContext(ctx, network, address)
		done <- end{conn, err}
	}()
	got := <-done
	return got.conn, got.err
}

// crash kills the first process of a container, as a fault would, and not as
// docker kill does, after which the engine leaves it as it is.
func (e *engine) crash(t testing.TB, container string) {
	t.Helper()
	pid := e.docker(t, "inspect", "-f", "{{.State.Pid}}", container)
	if out, err := exec.Command("nsenter", "-t", strconv.Itoa(e.daemon.Process.Pid), "-p", "--", "kill", "-9", pid).CombinedOutput(); err != nil {
		t.Fatalf("kill %s: %v\n%s", container, err, out)
	}
}
