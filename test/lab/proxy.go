package lab

import (
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Proxy is a wire between a role and a server that can be broken. It is a
// network of its own on loopback: no privileges needed.
type Proxy struct {
	URL    string // as the server's, by way of the proxy
	target string

	mu     sync.Mutex // guards what follows
	mode   Wire
	change chan struct{} // closed when mode changes
	conns  map[net.Conn]bool
}

// Wire is how a proxy behaves.
type Wire string

// The ways.
const (
	Whole    Wire = ""
	Cut      Wire = "cut"       // connections are reset, new ones too
	HalfOpen Wire = "half-open" // bytes are swallowed up: nobody is told
	Slow     Wire = "slow"      // 150 ms each way
)

// NewProxy listens until the test ends.
func NewProxy(t testing.TB, server string) *Proxy {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: u.Host, change: make(chan struct{}), conns: map[net.Conn]bool{}}
	u.Host = l.Addr().String()
	p.URL = u.String()
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.Set(Cut)
		group.Wait()
	})
	return p
}

// Set changes the behaviour, for open connections too.
func (p *Proxy) Set(mode Wire) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = mode
	close(p.change)
	p.change = make(chan struct{})
	if mode == Cut {
		for c := range p.conns {
			_ = c.Close()
		}
	}
}

func (p *Proxy) now() (Wire, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode, p.change
}

// hold notes a connection; one that comes while the wire is cut is closed.
func (p *Proxy) hold(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == Cut {
		_ = c.Close()
		return false
	}
	p.conns[c] = true
	return true
}

func (p *Proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	_ = c.Close()
}

func (p *Proxy) serve(c net.Conn) {
	if !p.hold(c) {
		return
	}
	defer p.drop(c)
	s, err := net.DialTimeout("tcp", p.target, time.Second)
	if err != nil || !p.hold(s) {
		return
	}
	defer p.drop(s)
	var group sync.WaitGroup
	group.Go(func() { p.copy(s, c) })
	p.copy(c, s)
	group.Wait()
}

// copy carries bytes one way, and ends both connections with either.
func (p *Proxy) copy(to, from net.Conn) {
	defer func() { _ = to.Close(); _ = from.Close() }()
	buf := make([]byte, 32<<10)
	lost := false // something was swallowed: the rest is of no use
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		mode, change := p.now()
		if mode == Slow {
			late := time.NewTimer(150 * time.Millisecond)
			select {
			case <-late.C:
			case <-change:
				late.Stop()
			}
		}
		if lost = lost || mode == HalfOpen; lost {
			if mode != HalfOpen {
				return // as when the path is back and the peer has forgotten
			}
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
