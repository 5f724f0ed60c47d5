package testenv

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
)

// guard is a process group whose members die with this process.
//
//	this process ──lifeline pipe──▶ sh: reads, then kills its own group
//	      └─────────fork────────▶ servers, born into the group of that sh
//
// Pdeathsig would be shorter, but it fires when the creating thread ends. The
// shell leads the group, so the group's id cannot be taken by anybody else as
// long as it waits; a server is a member from its first instruction on.
type guard struct {
	leader   *exec.Cmd
	lifeline *os.File
}

// lifelines keeps every open one reachable: the garbage collector would close
// the pipe of a server that nobody refers to any more.
var lifelines sync.Map

func newGuard() (*guard, error) { return newLifeline("kill -9 0", "") }

// newLifeline starts a shell, alone in a new process group, that runs script
// with argument $0 once this process is gone.
func newLifeline(script, argument string) (*guard, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make lifeline: %w", err)
	}
	defer r.Close()
	leader := exec.Command("/bin/sh", "-c", "read -r line; "+script, argument)
	leader.Stdin, leader.Stderr = r, os.Stderr
	joinGroup(leader, 0, -1, -1)
	if err := leader.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start lifeline's shell: %w", err), w.Close())
	}
	g := &guard{leader: leader, lifeline: w}
	lifelines.Store(g, nil)
	return g, nil
}

// kill ends the whole group. Once only.
func (g *guard) kill() {
	killGroup(g.leader.Process.Pid)
	g.leader.Wait() // its status says only that it was killed
	g.lifeline.Close()
	lifelines.Delete(g)
}
