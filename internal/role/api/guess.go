package api

import (
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// guesses that one address has in guessWindow; a token that is valid is
	// always let in, so that nobody can lock a neighbour out.
	guesses     = 20
	guessWindow = time.Minute
	// guessers bounds the addresses that are remembered.
	guessers = 10_000
)

// guessCount counts wrong tokens by address.
type guessCount struct {
	mu    sync.Mutex // guards all below
	since time.Time
	by    map[string]int
}

// tooMany counts one more, and tells whether the address is to be put off.
func (g *guessCount) tooMany(r *http.Request, now time.Time) bool {
	host := address(r)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.by == nil || now.Sub(g.since) > guessWindow {
		g.since, g.by = now, map[string]int{}
	}
	if len(g.by) < guessers || g.by[host] > 0 {
		g.by[host]++
	}
	return g.by[host] > guesses
}

// address is that of who asks, without the port. What headers say of it is not
// believed.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
