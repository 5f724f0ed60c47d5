package child

import (
	"os"
	"os/exec"
	"syscall"
)

func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// terminate has no gentle form for a process without a window.
func terminate(*os.Process) {}

func kill(p *os.Process) { _ = p.Kill() }

func exitCode(state *os.ProcessState) (code int, signal string) { return state.ExitCode(), "" }
