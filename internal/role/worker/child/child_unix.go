//go:build unix && !linux

package child

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func terminate(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGTERM) }

// rung is how a tree is ended.
const rung = rungProcess

// tree is a process and those of its group.
type tree struct{}

func newTree() (tree, error) { return tree{}, nil }

func (tree) adopt(*os.Process) error { return nil }

// kill kills the group. Its id cannot be another's while a process is in it;
// if none is, nothing is there to be hit but, very rarely, a new group.
func (tree) kill(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

func (tree) close() {}

func exitCode(state *os.ProcessState) (code int, signal string) {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		n := int(status.Signal())
		names := map[int]string{1: "HUP", 2: "INT", 6: "ABRT", 9: "KILL", 11: "SEGV", 13: "PIPE", 15: "TERM"}
		if name, ok := names[n]; ok {
			return 128 + n, name
		}
		return 128 + n, strconv.Itoa(n)
	}
	return state.ExitCode(), ""
}
