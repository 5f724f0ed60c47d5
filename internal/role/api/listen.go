package api

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

const (
	// fallPorts are tried when the first is taken: 5000 to 5019.
	fallPorts = 20
	// maxConns at a time: far above what browsers and workers open, below what
	// a process may have open.
	maxConns = 8192
)

// hosts are the names that a request may call this server by.
type hosts struct {
	names map[string]bool // without port
	anyIP bool            // any address: a page of another name cannot send one
}

// checkListen refuses what would open turno to a network by mistake.
func (a *Role) checkListen() error {
	host, port, err := net.SplitHostPort(a.o.Listen)
	if err != nil {
		return fmt.Errorf("api: listen %q: use host:port, such as localhost:5000: %w", a.o.Listen, err)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("api: listen %q: %q is not a port", a.o.Listen, port)
	}
	a.hosts = hosts{names: map[string]bool{"localhost": true, "127.0.0.1": true, "[::1]": true}}
	for _, name := range a.o.AllowHosts {
		a.hosts.names[name] = true
	}
	if isLoopback(host) {
		a.hosts.names[bracket(host)] = true
		return nil
	}
	if a.o.CertFile == "" && !a.o.InsecureBehindProxy {
		return fmt.Errorf("api: listen %s: that is reachable from the network, and without TLS everybody on the way can read the token; "+
			"say --tls, or --tls-cert and --tls-key, or listen on localhost, or, where a proxy speaks TLS before turno, say --insecure-behind-proxy", a.o.Listen)
	}
	a.hosts.anyIP = true
	if host != "" {
		a.hosts.names[bracket(host)] = true
	}
	if name, err := os.Hostname(); err == nil {
		a.hosts.names[name] = true
	}
	return nil
}

func bracket(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// allowed tells whether a Host header names this server. Nothing is made
// equal: no upper case, no trailing dot. The port is not compared: a tunnel
// may have changed it, and it is no name.
func (h hosts) allowed(host string) bool {
	name := host
	if at := strings.LastIndexByte(host, ':'); at >= 0 && !strings.HasSuffix(host, "]") {
		if n, err := strconv.ParseUint(host[at+1:], 10, 16); err != nil || n == 0 || host[at+1] == '+' {
			return false
		}
		name = host[:at]
	}
	if h.names[name] {
		return true
	}
	if !h.anyIP {
		return false
	}
	bare := name
	if strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") {
		bare = name[1 : len(name)-1]
	}
	_, err := netip.ParseAddr(bare)
	return err == nil
}

// Listen opens the port. Run does it too, if it was not called.
func (a *Role) Listen() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.listeners) > 0 {
		return nil
	}
	if err := a.openForWorkers(); err != nil {
		return err
	}
	host, text, _ := net.SplitHostPort(a.o.Listen) // New has looked at it
	port, _ := strconv.Atoi(text)
	tries := 1
	if a.o.FallForward && port > 0 {
		tries = fallPorts
	}
	for i := range tries {
		ls, err := open(host, port+i)
		if err == nil {
			a.listeners = a.dress(ls)
			return nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("listen: %w", err)
		}
		if i == tries-1 {
			return fmt.Errorf("listen: %w; is turno running already? another port: --listen %s:%d", err, host, port+tries)
		}
		a.log.Info("found a port taken; tries the next one", "port", port+i)
	}
	return nil
}

// open listens on a host: localhost is both loopback addresses, so that nobody
// else can answer there in turno's name.
func open(host string, port int) ([]net.Listener, error) {
	if host != "localhost" {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		return []net.Listener{l}, err
	}
	v4, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	v6, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(v4.Addr().(*net.TCPAddr).Port)))
	if errors.Is(err, syscall.EADDRINUSE) && port != 0 {
		return nil, errors.Join(err, v4.Close())
	}
	if err != nil { // no IPv6 here
		return []net.Listener{v4}, nil
	}
	return []net.Listener{v4, v6}, nil
}

// dress bounds the connections and adds TLS.
func (a *Role) dress(ls []net.Listener) []net.Listener {
	places := make(chan struct{}, maxConns)
	for i, l := range ls {
		ls[i] = &limited{Listener: l, places: places, closed: make(chan struct{})}
		if a.tls != nil {
			ls[i] = tls.NewListener(ls[i], a.tls)
		}
	}
	return ls
}

// Addr is where it listens, once Listen has returned; before, it is empty.
func (a *Role) Addr() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.listeners) == 0 {
		return ""
	}
	return a.listeners[0].Addr().String()
}

// URL is Addr as clients and browsers on this machine write it.
func (a *Role) URL() string {
	host, port, err := net.SplitHostPort(a.Addr())
	if err != nil {
		return ""
	}
	if ip, err := netip.ParseAddr(host); err == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost"
		if asked, _, _ := net.SplitHostPort(a.o.Listen); isLoopback(asked) {
			host = asked
		}
	}
	scheme := "http://"
	if a.tls != nil {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, port)
}

// limited accepts a connection only while there is a place for it. One that
// sends nothing loses its place after readHeaderTimeout.
type limited struct {
	net.Listener
	places chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &placed{Conn: c, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type placed struct {
	net.Conn
	leave func()
}

func (p *placed) Close() error {
	p.leave()
	return p.Conn.Close()
}
