package lab

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy is a wire between a role and a server that can be broken. It is a
// network of its own on loopback: no privileges needed.
type Proxy struct {
	URL     string   // as the first server's, by way of the proxy
	targets []string // a connection goes to one that takes it

	next atomic.Int64 // target

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
	Late     Wire = "late"      // 400 ms each way, more or less
	Sliced   Wire = "sliced"    // what was sent at once arrives a few bytes at a time
	Reset    Wire = "reset"     // now and then a connection is reset
	Torn     Wire = "torn"      // now and then one ends in the middle of what was sent
)

// Ways in which a cable behaves, packet by packet.
const (
	Dropped Wire = "dropped"   // nothing arrives, on either side; nobody is told
	Mute    Wire = "mute"      // nothing that the role sends arrives
	Deaf    Wire = "deaf"      // nothing arrives at the role
	Refused Wire = "refused"   // each packet of the role is answered with a reset
	Gone    Wire = "forgotten" // dropped, and the other side has forgotten the connections
	Lossy   Wire = "lossy"     // one packet of five is lost, each way
	Narrow  Wire = "narrow"    // 256 kbit/s each way
)

// tears: of so many pieces that are sent one meets a reset or tear.
const tears = 12

// NewProxy listens until the test ends. Connections go to each of the servers
// in turn, or to the next one that takes them.
func NewProxy(t testing.TB, servers ...string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return proxyOn(t, l, servers...)
}

// proxyOn takes connections where l listens, and ends it with the test.
func proxyOn(t testing.TB, l net.Listener, servers ...string) *Proxy {
	t.Helper()
	p := &Proxy{change: make(chan struct{}), conns: map[net.Conn]bool{}}
	for _, server := range servers {
		u, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		p.targets = append(p.targets, u.Host)
	}
	u, _ := url.Parse(servers[0]) // as above
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
	healed := p.mode == HalfOpen && mode != HalfOpen
	p.mode = mode
	close(p.change)
	p.change = make(chan struct{})
	switch {
	case mode == Cut:
		for c := range p.conns {
			_ = c.Close()
		}
	case healed: // what is sent again meets a peer that has forgotten
		for c := range p.conns {
			reset(c)
		}
	}
}

// Forget ends its side of all connections.
func (p *Proxy) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		reset(c)
	}
}

// reset ends a connection without an orderly end.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
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
	s := p.dial()
	if s == nil || !p.hold(s) {
		return
	}
	defer p.drop(s)
	var group sync.WaitGroup
	group.Go(func() { p.copy(s, c) })
	p.copy(c, s)
	group.Wait()
}

// dial is nil when no server takes a connection.
func (p *Proxy) dial() net.Conn {
	first := int(p.next.Add(1))
	for i := range p.targets {
		c, err := net.DialTimeout("tcp", p.targets[(first+i)%len(p.targets)], time.Second)
		if err == nil {
			return c
		}
	}
	return nil
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
		delay(mode, change)
		if lost = lost || mode == HalfOpen; lost {
			if mode != HalfOpen {
				return // as when the path is back and the peer has forgotten
			}
			continue
		}
		if err := write(to, buf[:n], mode); err != nil {
			return
		}
	}
}

// delay holds a piece up, unless the wire changes meanwhile.
func delay(mode Wire, change <-chan struct{}) {
	wait := map[Wire]time.Duration{Slow: 150 * time.Millisecond, Late: 200*time.Millisecond + rand.N(400*time.Millisecond)}[mode]
	if wait == 0 {
		return
	}
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case <-late.C:
	case <-change:
	}
}

// write sends a piece on, as the wire has it.
func write(to net.Conn, piece []byte, mode Wire) error {
	torn := rand.IntN(tears) == 0
	switch {
	case mode == Sliced:
		for part := range slices.Chunk(piece, 1+rand.IntN(64)) {
			if _, err := to.Write(part); err != nil {
				return err
			}
		}
		return nil
	case mode == Reset && torn:
		reset(to)
		return net.ErrClosed
	case mode == Torn && torn:
		_, err := to.Write(piece[:len(piece)/2])
		return errors.Join(err, net.ErrClosed)
	}
	_, err := to.Write(piece)
	return err
}
