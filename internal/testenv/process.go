package testenv

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// startTimeout: RabbitMQ takes 5 s alone and was seen to take 14 s beside
	// other load; ten times that is a hang.
	startTimeout = 2 * time.Minute
	// stopTimeout: all of them end within a second; a broker with much to sync
	// takes longer.
	stopTimeout = 30 * time.Second
	// drainTimeout: what was killed with -9 and still holds its output after
	// this is stuck in the kernel.
	drainTimeout = 10 * time.Second
)

// launch is what it takes to run one server.
type launch struct {
	name     string // for messages
	argv     []string
	env      []string
	dir      string // its folder: working directory, and output.log is kept there
	ready    string // a line of output with this text says that it takes connections
	stop     syscall.Signal
	uid, gid int    // negative: this process's own
	root     string // another system's folder, with dir below it; empty: this machine's own
}

// inside is what dir is called below root.
func (l launch) inside() string { return strings.TrimPrefix(l.dir, l.root) }

// process is a running server. Its end is known when it was waited for and
// when its output has ended, which its children hold too.
type process struct {
	launch
	cmd    *exec.Cmd
	up     chan struct{}
	exited chan struct{}
	ended  chan struct{} // exited, and the output has ended
}

// start returns when the server takes connections.
func start(l launch, g *guard) (*process, error) {
	log, err := os.OpenFile(l.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", l.name, err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make output pipe of %s: %w", l.name, err), log.Close())
	}
	p := &process{launch: l, up: make(chan struct{}), exited: make(chan struct{}), ended: make(chan struct{})}
	p.cmd = exec.Command(l.argv[0], l.argv[1:]...)
	p.cmd.Dir, p.cmd.Env = l.inside(), append([]string{"PATH=" + serverPath, "LC_ALL=C", "TMPDIR=" + strings.TrimPrefix(os.TempDir(), l.root)}, l.env...)
	p.cmd.Stdout, p.cmd.Stderr = w, w
	joinGroup(p.cmd, g.leader.Process.Pid, l.uid, l.gid)
	if l.root != "" {
		enterRoot(p.cmd, l.root)
	}
	err = p.cmd.Start()
	w.Close()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", l.name, err), r.Close(), log.Close())
	}
	go p.watch(r, log)
	return p, p.awaitReady()
}

// serverPath holds what Debian's server scripts call, whatever this process's
// PATH is.
const serverPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func (l launch) logPath() string { return filepath.Join(l.dir, l.name+"-output.log") }

// watch owns the output pipe and the log until both the server and whoever
// inherited its output are gone.
func (p *process) watch(r, log *os.File) {
	go func() {
		p.cmd.Wait() // how it ended is in its log
		close(p.exited)
	}()
	lines := bufio.NewReader(r)
	seen := false
	for {
		line, err := lines.ReadString('\n')
		io.WriteString(log, line)
		if !seen && strings.Contains(line, p.ready) {
			seen = true
			close(p.up)
		}
		if err != nil {
			break
		}
	}
	r.Close()
	log.Close()
	<-p.exited
	close(p.ended)
}

func (p *process) awaitReady() error {
	timeout := time.NewTimer(startTimeout)
	defer timeout.Stop()
	select {
	case <-p.up:
		return nil
	case <-p.exited:
		<-p.ended
		return fmt.Errorf("start %s: it ended before it was ready (%v); its output:\n%s", p.name, p.cmd.ProcessState, p.tail())
	case <-timeout.C:
		killWithChildren(p.cmd.Process.Pid)
		return fmt.Errorf("start %s: not ready within %v; its output:\n%s", p.name, startTimeout, p.tail())
	}
}

// terminate asks the server to end in order and waits until it has.
func (p *process) terminate() error {
	if err := p.cmd.Process.Signal(p.stop); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTimeout):
		return fmt.Errorf("stop %s: still there after %v; its output:\n%s", p.name, stopTimeout, p.tail())
	}
}

// kill ends the server and its children with SIGKILL and waits until all of
// them are gone, so that its ports and files are free.
func (p *process) kill() error {
	killWithChildren(p.cmd.Process.Pid)
	select {
	case <-p.ended:
		return nil
	case <-time.After(drainTimeout):
		return fmt.Errorf("kill %s: something of it still holds its output after %v", p.name, drainTimeout)
	}
}

// tail is the end of the server's output, enough to see why it failed.
func (l launch) tail() string {
	const enough = 16 << 10
	b, err := os.ReadFile(l.logPath())
	if err != nil {
		return err.Error()
	}
	if len(b) > enough {
		b = b[len(b)-enough:]
	}
	return string(b)
}
