package child

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"turno/internal/testenv"
)

// TestFirst_WaitsForOrphansAndEndsAsTheAgent runs in a namespace of processes
// of its own, as a container's first one: the agent there is a shell that
// leaves orphans behind and looks for zombies.
func TestFirst_WaitsForOrphansAndEndsAsTheAgent(t *testing.T) {
	t.Parallel()
	testenv.Need(t, testenv.RootNeed)
	for _, tt := range []struct{ name, script, want string }{
		{"orphans are waited for", `
			(sleep 0.1 & sleep 0.1 &) ; sh -c 'sleep 0.1 & kill -9 $$'; sleep 0.5
			grep -l 'State:.Z' /proc/[0-9]*/status | wc -l; exit 7`, "0\n exit status 7"},
		{"signals reach the agent", `trap 'echo told; exit 3' TERM; kill -TERM 1; sleep 5 & wait`, "told\n exit status 3"},
		{"its death by a signal is told", `kill -KILL $$`, " exit status 137"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", os.Args[0], "up", tt.script)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			err := cmd.Run()
			if got := out.String() + " " + errText(err); !strings.HasSuffix(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// agentScript is what is run again as an agent: a shell.
func agentScript(args []string) {
	panic(syscall.Exec("/bin/sh", []string{"sh", "-c", args[0]}, os.Environ()))
}
