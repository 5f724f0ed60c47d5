package child

import (
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// asFirst runs this program again as its only child if it is the first process
// of a container, and is to run jobs there. To the first process comes whatever
// has lost its parent, such as what a killed keeper held; somebody must wait
// for it, and an agent waits for its own children alone.
//
//	first: signals ─▶ agent (everything else in the container)
//	       ◀─ every child that ends
func asFirst(args []string) (code int, is bool) {
	if os.Getpid() != 1 || len(args) == 0 || !slices.Contains([]string{"up", "worker"}, args[0]) {
		return 0, false
	}
	code, err := first(args)
	if err != nil {
		slog.Error("being the first process of a container failed", "err", err)
		return 1, true
	}
	return code, true
}

// first starts the agent, hands signals on to it, waits for all that ends, and
// ends as the agent does: the kernel then ends what is left.
func first(args []string) (int, error) {
	signals := make(chan os.Signal, 16) // more at once come as one anyway
	signal.Notify(signals)
	agent, err := syscall.ForkExec("/proc/self/exe", append([]string{os.Args[0]}, args...),
		&syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}})
	if err != nil {
		return 0, err
	}
	for {
		switch s := <-signals; s {
		case unix.SIGCHLD:
			if status, over := reapUntil(agent); over {
				if status.Signaled() {
					return 128 + int(status.Signal()), nil
				}
				return status.ExitStatus(), nil
			}
		case unix.SIGURG, unix.SIGPIPE: // Go's own; a reader of the log that is gone
		default:
			_ = unix.Kill(agent, s.(syscall.Signal)) // it may have ended: then that is told next
		}
	}
}

// reapUntil waits for all that has ended; over: the agent has.
func reapUntil(agent int) (status unix.WaitStatus, over bool) {
	for {
		var s unix.WaitStatus
		switch pid, err := unix.Wait4(-1, &s, unix.WNOHANG, nil); {
		case errors.Is(err, unix.EINTR):
		case err != nil || pid == 0:
			return status, over
		case pid == agent:
			status, over = s, true
		}
	}
}
