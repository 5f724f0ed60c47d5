package child

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"

	"turno/internal/role/worker/child/jobobject"
)

func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | jobobject.Suspended}
}

// terminate presses Ctrl-Break for a process and its group. That works where they
// have the agent's console, and not where there is none, as in a service.
func terminate(p *os.Process) error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.Pid))
}

// rung is how a tree is ended.
const rung = rungObject

// tree is a process and all that it starts.
type tree struct{ job *jobobject.Job }

func newTree() (tree, error) {
	job, err := jobobject.New()
	return tree{job}, err
}

func (t tree) adopt(p *os.Process) error { return t.job.Adopt(p) }

func (t tree) kill(p *os.Process) {
	if t.job.Kill() != nil {
		_ = p.Kill()
	}
}

func (t tree) close() { _ = t.job.Close() }

func exitCode(state *os.ProcessState) (code int, signal string) { return state.ExitCode(), "" }
