package lab

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	_ "modernc.org/sqlite" // the driver

	"turno"
	"turno/internal/testenv"
)

// LockStore has another program hold SQLite's lock for writing, until the
// returned function is called.
func (d *Deployment) LockStore() (free func()) {
	d.T.Helper()
	ctx := context.WithoutCancel(d.T.Context())
	db, err := sql.Open("sqlite", "file:"+filepath.Join(d.Data, "turno.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		d.T.Fatal(err)
	}
	conn, err := db.Conn(ctx)
	if err == nil {
		_, err = conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	}
	if err != nil {
		d.T.Errorf("lock the store: %v", err)
		return func() { _ = db.Close() }
	}
	return func() {
		_, _ = conn.ExecContext(ctx, "ROLLBACK")
		_ = conn.Close()
		_ = db.Close()
	}
}

// Inject makes system calls of its process on some files fail, until the
// returned function is called or the process ends; it tells how many did. calls
// has commas; outcome is strace's, as error=EIO.
func (r *Role) Inject(calls, outcome string, paths ...string) (stop func() (failed int)) {
	t := r.d.T
	t.Helper()
	testenv.Need(t, testenv.StraceNeed)
	pid, trace := r.PID(), filepath.Join(t.TempDir(), "trace")
	args := []string{"-f", "-qq", "-o", trace, "-p", fmt.Sprint(pid), "-e", "trace=" + calls, "-e", "inject=" + calls + ":" + outcome}
	for _, p := range paths {
		args = append(args, "-P", p)
	}
	cmd := exec.Command("strace", args...)
	if err := cmd.Start(); err != nil {
		t.Errorf("trace %v: %v", r.Args, err)
		return func() int { return 0 }
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
	defer cancel()
	if err := Retry(ctx, func() error { return traced(pid) }); err != nil {
		t.Errorf("trace %v: %v", r.Args, err)
	}
	return func() int {
		_ = cmd.Process.Signal(syscall.SIGINT) // it lets go
		_ = cmd.Wait()
		text, err := os.ReadFile(trace)
		if err != nil && !os.IsNotExist(err) { // else there was no process to trace
			t.Errorf("trace %v: %v", r.Args, err)
		}
		return strings.Count(string(text), "(INJECTED)")
	}
}

// traced tells whether all threads of a process are being traced, or it is gone.
func traced(pid int) error {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(text), "TracerPid:\t0\n") {
			return turno.Errorf(turno.CodeUnavailable, "not all of its threads are traced yet")
		}
	}
	return nil
}
