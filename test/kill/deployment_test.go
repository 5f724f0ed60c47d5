package kill

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"turno/client"
	"turno/internal/testenv"
)

// deployment is a turno made of processes of the real binary.
type deployment struct {
	t      *testing.T
	binary string
	data   string
	port   int
	common []string
	roles  []*role
}

// role is one process of it.
type role struct {
	args []string
	cmd  *exec.Cmd
	done chan struct{}
	log  *syncBuffer
}

// syncBuffer keeps what a process prints.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// build makes the binary once for all tests.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "turno-kill-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "turno")
	cmd := exec.Command("go", "build", "-o", path, "turno/cmd/turno")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build turno: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := build(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	d := &deployment{t: t, binary: binary, data: t.TempDir(), port: testenv.FreePort(t)}
	t.Cleanup(func() {
		d.stop()
		if t.Failed() {
			for _, r := range d.roles {
				text := r.log.buf.String()
				t.Logf("%v printed:\n%s", r.args, text[max(0, len(text)-6000):])
			}
		}
	})
	return d
}

// start runs a role.
func (d *deployment) start(args ...string) *role {
	d.t.Helper()
	r := &role{args: args, log: &syncBuffer{}}
	d.roles = append(d.roles, r)
	d.launch(r)
	return r
}

func (d *deployment) launch(r *role) {
	d.t.Helper()
	r.cmd = exec.Command(d.binary, append(append([]string{}, r.args...), d.common...)...)
	r.cmd.Env = append(os.Environ(), "TURNO_DATA="+d.data, "TURNO_WORKER=w1", "TURNO_LEASE=60s", "TURNO_CPUS=4")
	r.cmd.Stdout, r.cmd.Stderr = r.log, r.log
	r.cmd.WaitDelay = time.Second
	if err := r.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	r.done = make(chan struct{})
	go func() { // ends with the process, which stop waits for
		defer close(r.done)
		_ = r.cmd.Wait()
	}()
}

// restart kills a role with -9 and starts it again.
func (d *deployment) restart(r *role) {
	d.t.Helper()
	_ = r.cmd.Process.Kill()
	<-r.done
	d.launch(r)
}

// killRunner kills one warm runner child of a role.
func (d *deployment) killRunner(r *role) {
	d.t.Helper()
	for _, p := range d.processes() {
		if strings.Contains(p.cmdline, "\x00runner\x00") {
			if err := syscall.Kill(p.pid, syscall.SIGKILL); err == nil {
				return
			}
		}
	}
	d.t.Error("no runner child to kill")
}

// stop ends all roles as an operator does, the worker's jobs with them.
func (d *deployment) stop() {
	for i := len(d.roles) - 1; i >= 0; i-- {
		r := d.roles[i]
		_ = r.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-r.done:
		case <-time.After(20 * time.Second):
			d.t.Errorf("%v did not end within 20 s of TERM", r.args)
			_ = r.cmd.Process.Signal(syscall.SIGQUIT) // what it hangs in is printed
			<-r.done
		}
	}
}

// client speaks to the API, with the token that its first start makes.
func (d *deployment) client() *client.Client {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 30*time.Second)
	defer cancel()
	path := filepath.Join(d.data, "token")
	var token []byte
	await(ctx, d.t, func() (err error) {
		token, err = os.ReadFile(path)
		return err
	})
	c, err := client.New(client.Options{URL: fmt.Sprintf("http://127.0.0.1:%d", d.port), Token: strings.TrimSpace(string(token))})
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

type process struct {
	pid     int
	cmdline string
}

// processes finds all that know of the deployment's folder by their command
// line, their environment or their current folder: roles, shims, runners and
// jobs.
func (d *deployment) processes() []process {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		d.t.Fatal(err)
	}
	var found []process
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == os.Getpid() {
			continue
		}
		cmdline, _ := os.ReadFile(dir + "/cmdline")
		environ, _ := os.ReadFile(dir + "/environ")
		cwd, _ := os.Readlink(dir + "/cwd")
		mine := bytes.Contains(cmdline, []byte(d.data)) || bytes.Contains(environ, []byte(d.data)) || strings.HasPrefix(cwd, d.data)
		if len(cmdline) > 0 && mine {
			found = append(found, process{pid, string(cmdline)})
		}
	}
	return found
}

// checkNothingLeft looks for processes; a keeper that has nothing to keep may
// need a moment to see that its agent is gone.
func (d *deployment) checkNothingLeft() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 10*time.Second)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		left := d.processes()
		if len(left) == 0 {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			for _, p := range left {
				d.t.Errorf("process %d is left: %q", p.pid, p.cmdline)
			}
			return
		}
	}
}

func newID(t *testing.T) string {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}
