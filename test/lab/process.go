package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Process is one that belongs to a Deployment.
type Process struct {
	PID     int
	Cmdline string // arguments between zero bytes
}

// Processes finds all that know of the deployment's folder by their command
// line, their environment or their current folder: roles, shims, runners and
// jobs.
func (d *Deployment) Processes() []Process {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		d.T.Fatal(err)
	}
	var found []Process
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == os.Getpid() {
			continue
		}
		cmdline, _ := os.ReadFile(dir + "/cmdline")
		environ, _ := os.ReadFile(dir + "/environ")
		cwd, _ := os.Readlink(dir + "/cwd")
		mine := bytes.Contains(cmdline, []byte(d.Data)) || bytes.Contains(environ, []byte(d.Data)) || strings.HasPrefix(cwd, d.Data)
		if len(cmdline) > 0 && mine {
			found = append(found, Process{pid, string(cmdline)})
		}
	}
	return found
}

// KillOne kills one process whose arguments have this among them.
func (d *Deployment) KillOne(argument string) bool {
	for _, p := range d.Processes() {
		if !strings.Contains(p.Cmdline, "\x00"+argument+"\x00") {
			continue
		}
		if process, err := os.FindProcess(p.PID); err == nil && process.Kill() == nil {
			return true
		}
	}
	return false
}

// KillAll kills every process that knows of a folder: a role, its keepers and
// shims and all jobs, as when their machine goes off.
func (d *Deployment) KillAll(dir string) {
	for _, p := range d.Processes() {
		environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID))
		if !bytes.Contains(environ, []byte(dir)) && !strings.Contains(p.Cmdline, dir) {
			continue
		}
		if process, err := os.FindProcess(p.PID); err == nil {
			_ = process.Kill()
		}
	}
}

// CheckNothingLeft looks for processes; a keeper that has nothing to keep may
// need a moment to see that its agent is gone.
func (d *Deployment) CheckNothingLeft() {
	d.T.Helper()
	d.await(10*time.Second, "is left", func(Process) bool { return true })
}

// CheckIdle looks for processes of jobs while the roles run: what is neither a
// role nor keeps one.
func (d *Deployment) CheckIdle() {
	d.T.Helper()
	d.await(15*time.Second, "is of no job that is current", func(p Process) bool {
		return filepath.Dir(strings.SplitN(p.Cmdline, "\x00", 2)[0]) != filepath.Dir(d.Binary) && !strings.HasPrefix(p.Cmdline, "turno\x00")
	})
}

// await waits until no process of a sort is there.
func (d *Deployment) await(bound time.Duration, what string, sort func(Process) bool) {
	d.T.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.T.Context()), bound)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		var left []Process
		for _, p := range d.Processes() {
			if sort(p) {
				left = append(left, p)
			}
		}
		if len(left) == 0 {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			for _, p := range left {
				d.T.Errorf("process %d %s: %q", p.PID, what, p.Cmdline)
			}
			return
		}
	}
}
