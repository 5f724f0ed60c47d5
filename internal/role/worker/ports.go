package worker

import (
	"fmt"
	"net"
	"sync"

	"turno"
)

// A job's processes find each other at a port of its own, below those that a
// system hands out by itself.
const (
	firstMasterPort = 20_000
	masterPorts     = 10_000
	portTries       = 100 // so many in a row that are taken are no accident: sockets are refused here
)

// ports are those that attempts were told. Safe for concurrent use.
type ports struct {
	mu   sync.Mutex
	told map[int]turno.AttemptKey // guarded by mu
}

// of is an attempt's port: from the one that its job's number names on, the
// first that no other attempt was told and that nobody listens at now. Between
// this and the job's own use somebody else may take it, as with any free port.
func (p *ports) of(key turno.AttemptKey) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.told == nil {
		p.told = map[int]turno.AttemptKey{}
	}
	first := int(key.Job % masterPorts)
	for port, owner := range p.told {
		if owner == key {
			return port
		}
	}
	for i := range portTries {
		port := firstMasterPort + (first+i)%masterPorts
		if _, taken := p.told[port]; !taken && unused(port) {
			p.told[port] = key
			return port
		}
	}
	return firstMasterPort + first
}

// free takes an attempt's port back.
func (p *ports) free(key turno.AttemptKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for port, owner := range p.told {
		if owner == key {
			delete(p.told, port)
		}
	}
}

// unused tells whether one may listen at a port of the loopback, where who
// listens on every address does too.
func unused(port int) bool {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	l.Close()
	return true
}
