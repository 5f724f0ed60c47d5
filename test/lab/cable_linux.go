package lab

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"turno/internal/testenv"
)

// Cable is a network that a role has for itself: a namespace of its own, and a
// cable to another one in which a proxy for each server listens.
//
//	role ── veth ═══ packets may be dropped here ═══ veth ── proxy ── server
//
// The system's own TCP is between role and proxy: it sends again, it times out,
// it is not told. The namespaces end with the test, also when that is killed.
type Cable struct {
	t       testing.TB
	role    *namespace
	hub     *namespace
	proxies []*Proxy
	mu      sync.Mutex // guards behaves
	behaves Wire
}

// The ends of a cable, in namespaces that nothing else is in.
var roleEnd, hubEnd = netip.MustParseAddr("10.213.0.1"), netip.MustParseAddr("10.213.0.2")

// namespace lives as long as the process that holds it, which reads a pipe
// that this process has the other end of.
type namespace struct {
	pid  int
	hold *exec.Cmd
	pipe io.Closer
}

func newNamespace() (*namespace, error) {
	cmd := exec.Command("unshare", "--net", "sh", "-c", "echo here; exec cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	n := &namespace{cmd.Process.Pid, cmd, in}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		return nil, errors.Join(fmt.Errorf("make a network namespace: %w", err), n.close())
	}
	return n, n.do("ip", "link", "set", "lo", "up")
}

func (n *namespace) close() error {
	_ = n.pipe.Close()
	return n.hold.Wait()
}

// enter is the beginning of a command line that runs in it.
func (n *namespace) enter() []string {
	return []string{"nsenter", "--net=/proc/" + strconv.Itoa(n.pid) + "/ns/net"}
}

// do runs a command in it.
func (n *namespace) do(command ...string) error {
	all := append(n.enter(), command...)
	if out, err := exec.Command(all[0], all[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, out)
	}
	return nil
}

// listen makes a socket in it: sockets stay in the namespace that they were
// made in.
func (n *namespace) listen(address string) (l net.Listener, err error) {
	done := make(chan struct{})
	go func() { // a thread that may be lost: it is not unlocked if it cannot go back
		defer close(done)
		runtime.LockOSThread()
		var home, there int
		if home, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return
		}
		defer unix.Close(home)
		if there, err = unix.Open("/proc/"+strconv.Itoa(n.pid)+"/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return
		}
		defer unix.Close(there)
		if err = unix.Setns(there, unix.CLONE_NEWNET); err != nil {
			return
		}
		l, err = net.Listen("tcp4", address)
		if back := unix.Setns(home, unix.CLONE_NEWNET); back != nil {
			err = errors.Join(err, back)
			return
		}
		runtime.UnlockOSThread()
	}()
	<-done
	return l, err
}

// NewCable lays one; it needs the right to make network namespaces.
func NewCable(t testing.TB) *Cable {
	t.Helper()
	testenv.Need(t, testenv.NetworkNeed)
	c := &Cable{t: t}
	for _, n := range []**namespace{&c.role, &c.hub} {
		made, err := newNamespace()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = made.close() }) // cat has no other end than this
		*n = made
	}
	steps := []error{
		c.role.do("ip", "link", "add", "name", "cable", "type", "veth", "peer", "name", "cable", "netns", strconv.Itoa(c.hub.pid)),
	}
	for _, end := range []struct {
		n    *namespace
		addr netip.Addr
	}{{c.role, roleEnd}, {c.hub, hubEnd}} {
		steps = append(steps,
			end.n.do("ip", "addr", "add", end.addr.String()+"/24", "dev", "cable"),
			end.n.do("ip", "link", "set", "cable", "up"))
	}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	return c
}

// Reach is the URL under which the role reaches a server.
func (c *Cable) Reach(server string) string {
	c.t.Helper()
	l, err := c.hub.listen(hubEnd.String() + ":0")
	if err != nil {
		c.t.Fatal(err)
	}
	p := proxyOn(c.t, l, server)
	c.proxies = append(c.proxies, p)
	return p.URL
}

// Enter is what a command line begins with to run at the role's end.
func (c *Cable) Enter() []string { return c.role.enter() }

// Set changes how it behaves, for what is under way too.
func (c *Cable) Set(mode Wire) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.clear()
	drop := func(chain, side string, more ...string) error {
		return c.role.do(append(append([]string{"iptables", "-w", "-A", chain, side, "cable"}, more...), "-j", "DROP")...)
	}
	out := func(more ...string) error { return drop("OUTPUT", "-o", more...) }
	in := func(more ...string) error { return drop("INPUT", "-i", more...) }
	loss := []string{"-m", "statistic", "--mode", "random", "--probability", "0.2"}
	switch mode {
	case Dropped, Gone:
		err = errors.Join(err, out(), in())
	case Mute:
		err = errors.Join(err, out())
	case Deaf:
		err = errors.Join(err, in())
	case Lossy:
		err = errors.Join(err, out(loss...), in(loss...))
	case Refused:
		err = errors.Join(err, c.hub.do("iptables", "-w", "-A", "INPUT", "-i", "cable", "-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset"))
	case Narrow:
		for _, n := range []*namespace{c.role, c.hub} {
			err = errors.Join(err, n.do("tc", "qdisc", "add", "dev", "cable", "root", "tbf", "rate", "256kbit", "burst", "8kb", "latency", "800ms"))
		}
	}
	if err != nil {
		c.t.Errorf("make the cable %s: %v", mode, err)
	}
	if c.behaves = mode; mode == Gone {
		for _, p := range c.proxies {
			p.Forget()
		}
	}
}

// clear makes it whole.
func (c *Cable) clear() error {
	if c.behaves == Narrow {
		return errors.Join(c.role.do("tc", "qdisc", "del", "dev", "cable", "root"), c.hub.do("tc", "qdisc", "del", "dev", "cable", "root"))
	}
	return errors.Join(c.role.do("iptables", "-w", "-F"), c.hub.do("iptables", "-w", "-F"))
}
