// Package lab is where tests run turno as it is run in earnest: processes of
// the real binary, and clients that see only what any client sees. It starts
// roles, breaks them in the ways that a machine does, hands in jobs of every
// sort, and looks from the outside what became of them.
//
// It is not a test itself, and knows nothing of turno's insides.
package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"turno"
	"turno/client"
	"turno/internal/testenv"
)

// Deployment is a turno made of processes of the real binary. Its methods fail
// the test when they cannot do what they say.
type Deployment struct {
	T      testing.TB
	Binary string
	Data   string // the folder of all its roles
	Port   int    // of the API
	Common []string
	// Env is added to that of the roles that are started from now on; one that
	// is started again by itself keeps its own.
	Env []string
	// Supervised roles are started again whenever they end by themselves, as
	// systemd and Kubernetes do it.
	Supervised bool

	mounts []string // disks of its own

	mu       sync.Mutex // guards what follows
	roles    []*Role
	stopping bool
}

// Role is one process of it, and those that came after it.
type Role struct {
	Args []string
	own  []string // variables
	by   []string // what its command line begins with: a program that becomes it
	d    *Deployment
	log  log

	// guarded by d.mu
	env  []string
	cmd  *exec.Cmd
	done chan struct{} // of cmd
	runs int
	rest bool // it is not to be started again by itself
}

// log keeps what a process prints.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *log) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *log) tail() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := b.buf.String()
	return text[max(0, len(text)-6000):]
}

// New prepares a turno; its roles are ended with the test.
func New(t testing.TB, binary string) *Deployment {
	t.Helper()
	d := &Deployment{T: t, Binary: binary, Data: t.TempDir(), Port: testenv.FreePort(t)}
	t.Cleanup(func() {
		d.Stop()
		for _, dir := range slices.Backward(d.mounts) {
			if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
				t.Errorf("unmount: %v: %s", err, out)
			}
		}
		if t.Failed() {
			for _, r := range d.roles {
				t.Logf("%v printed:\n%s", r.Args, r.log.tail())
			}
		}
	})
	return d
}

// For has what it finds wrong from now on reported to a part of the test.
func (d *Deployment) For(t testing.TB) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.T = t
}

// URL of its API.
func (d *Deployment) URL() string { return fmt.Sprintf("http://127.0.0.1:%d", d.Port) }

// Up starts all roles in one process, on the embedded parts. Its jobs end with
// it; that is said by a variable, which a turno of before does not mind.
func (d *Deployment) Up() *Role {
	d.T.Helper()
	return d.StartAs([]string{"TURNO_END_JOBS=true"}, "up", "--listen", fmt.Sprintf("127.0.0.1:%d", d.Port))
}

// Start runs a role.
func (d *Deployment) Start(args ...string) *Role {
	d.T.Helper()
	return d.StartAs(nil, args...)
}

// StartAs runs one with settings of its own, as variables.
func (d *Deployment) StartAs(own []string, args ...string) *Role {
	d.T.Helper()
	return d.StartBy(nil, own, args...)
}

// StartBy runs one by way of another program, which becomes it.
func (d *Deployment) StartBy(by, own []string, args ...string) *Role {
	d.T.Helper()
	r := &Role{Args: args, own: own, by: by, d: d, env: d.Env}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.roles = append(d.roles, r)
	if err := r.launch(); err != nil {
		d.T.Fatal(err)
	}
	return r
}

// launch starts its process. Callers hold d.mu.
func (r *Role) launch() error {
	d := r.d
	line := slices.Concat(r.by, []string{d.Binary}, r.Args, d.Common)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Env = append(os.Environ(), "TURNO_DATA="+d.Data, "TURNO_WORKER=w1", "TURNO_LEASE=60s", "TURNO_CPUS=4",
		"TURNO_ALLOW_ROOT=true") // a test's folder is its owner's alone
	cmd.Env = append(append(cmd.Env, r.env...), r.own...)
	cmd.Stdout, cmd.Stderr = &r.log, &r.log
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	r.cmd, r.done, r.rest = cmd, done, false
	r.runs++
	go func() { // ends with the process, which Stop waits for
		_ = cmd.Wait()
		d.mu.Lock()
		defer d.mu.Unlock()
		close(done)
		if d.Supervised && !d.stopping && !r.rest && r.cmd == cmd {
			if err := r.launch(); err != nil {
				d.T.Error(err)
			}
		}
	}()
	return nil
}

// Printed is the end of what it has printed.
func (r *Role) Printed() string { return r.log.tail() }

// Runs tells how often it was started.
func (r *Role) Runs() int {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	return r.runs
}

// PID of its process.
func (r *Role) PID() int {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	return r.cmd.Process.Pid
}

// Kill ends it with -9, for good.
func (r *Role) Kill() {
	r.d.mu.Lock()
	r.rest = true
	cmd, done := r.cmd, r.done
	r.d.mu.Unlock()
	_ = cmd.Process.Kill()
	<-done
}

// Restart kills it with -9 and starts it again.
func (r *Role) Restart() {
	r.d.T.Helper()
	r.Kill()
	r.Revive()
}

// Revive starts it again, with the environment that is asked for now.
func (r *Role) Revive() {
	r.d.T.Helper()
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	r.env = r.d.Env
	if err := r.launch(); err != nil {
		r.d.T.Fatal(err)
	}
}

// End asks it to end, as an operator does; one that does not within 20 s is an
// error, and what it hangs in is printed.
func (r *Role) End() {
	r.d.T.Helper()
	r.d.mu.Lock()
	r.rest = true
	cmd, done := r.cmd, r.done
	r.d.mu.Unlock()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		r.d.T.Errorf("%v did not end within 20 s of TERM", r.Args)
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		<-done
	}
}

// The signals that freeze a process and let it go on: Linux's numbers, because
// other systems compile this too.
const (
	sigStop = syscall.Signal(19)
	sigCont = syscall.Signal(18)
)

// Freeze stops its process without ending it, and Thaw lets it go on.
func (r *Role) Freeze() { r.signal(sigStop) }

// Thaw is the end of Freeze.
func (r *Role) Thaw() { r.signal(sigCont) }

func (r *Role) signal(s syscall.Signal) {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	_ = r.cmd.Process.Signal(s)
}

// Stop ends all roles as an operator does, the worker's jobs with them.
func (d *Deployment) Stop() {
	d.mu.Lock()
	d.stopping = true
	roles := d.roles
	d.mu.Unlock()
	for i := len(roles) - 1; i >= 0; i-- {
		roles[i].End()
	}
}

// Client speaks to the API, with the token that its first start makes.
func (d *Deployment) Client() *client.Client {
	d.T.Helper()
	return d.ClientBy(d.URL())
}

// ClientBy speaks to it under another address.
func (d *Deployment) ClientBy(url string) *client.Client {
	d.T.Helper()
	ctx, cancel := context.WithTimeout(d.T.Context(), 60*time.Second)
	defer cancel()
	path := filepath.Join(d.Data, "token")
	var token []byte
	Await(ctx, d.T, func() (err error) {
		token, err = os.ReadFile(path)
		if err == nil && len(token) == 0 { // a version of before makes the file and then writes it
			err = turno.Errorf(turno.CodeUnavailable, "%s is empty", path)
		}
		return err
	})
	c, err := client.New(client.Options{URL: url, Token: strings.TrimSpace(string(token))})
	if err != nil {
		d.T.Fatal(err)
	}
	Await(ctx, d.T, func() error { _, err := c.Summary(ctx); return err })
	return c
}

// Await is Retry for what must work.
func Await(ctx context.Context, t testing.TB, try func() error) {
	t.Helper()
	if err := Retry(ctx, try); err != nil {
		t.Fatal(err)
	}
}

// Retry tries until it works, or is refused for good; between two tries it
// waits for nothing but a moment, because what it waits for is a server that
// was killed.
func Retry(ctx context.Context, try func() error) error {
	pause := time.NewTicker(100 * time.Millisecond)
	defer pause.Stop()
	for {
		err := try()
		if known, ok := errors.AsType[*turno.Error](err); err == nil || ok && known.Code != turno.CodeUnavailable && known.Code != turno.CodeInternal {
			return err
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return fmt.Errorf("gave up: %w; the last answer: %w", context.Cause(ctx), err)
		}
	}
}

// Mount makes a folder of the deployment a small disk of its own, until the
// roles have ended. It needs root.
func (d *Deployment) Mount(dir, size string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "mode=0700,size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("mount a small disk: %w: %s", err, out)
	}
	d.mounts = append(d.mounts, dir)
	return nil
}

// Fill takes all the room of a disk, until the returned function is called.
func (d *Deployment) Fill(dir string) (free func()) {
	d.T.Helper()
	path := filepath.Join(dir, "filler")
	file, err := os.Create(path)
	if err != nil {
		d.T.Fatal(err)
	}
	defer file.Close()
	for size := 1 << 20; size > 0; size /= 4 { // until not a byte is left
		for chunk := make([]byte, size); err == nil; _, err = file.Write(chunk) {
		}
		err = nil
	}
	return func() { _ = os.Remove(path) }
}
