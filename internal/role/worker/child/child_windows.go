package child

import (
	"os"
	"os/exec"
	"syscall"

	"turno/internal/role/worker/child/jobobject"
)

func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | jobobject.Suspended}
}

// terminate has no gentle form for a process without a window.
func terminate(*os.Process) {}

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
