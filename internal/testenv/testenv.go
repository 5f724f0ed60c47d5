// Package testenv gives tests what lies outside of Go: private RabbitMQ,
// PostgreSQL and NATS servers on free loopback ports, and skips that cannot lie.
//
//	make test ─▶ cmd/services: one shared server of each kind
//	               └▶ cmd/gotest ─▶ go test -json ─▶ counts, slowest, refused skips
//	a test ─▶ SharedRabbitMQ, SharedPostgres   own prefix or database on a shared server
//	       └▶ RabbitMQ, Postgres, NATS         a server of its own, to be killed and restarted
//
// It is not for production code, and no fake: those live beside their ports.
//
// Every server dies with the process that started it, also when that is killed
// with -9 (see guard). Functions that take a testing.TB fail that test, so they
// and the methods of what they return belong on the test's own goroutine; the
// values are not safe for concurrent use unless they say so.
package testenv

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// Ports are taken from below the range that Linux gives to outgoing
// connections (32768 and up): a server that was killed finds its port free.
const (
	firstPort = 12000
	lastPort  = 32000
)

// FreePort returns a TCP port on 127.0.0.1 that nobody listens on. It stays
// reserved against other callers of FreePort, in every process of this machine,
// until this process ends. Safe for concurrent use.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// reserved keeps the lock files of this process's ports open.
var reserved struct {
	sync.Mutex
	files []*os.File
}

func freePort() (int, error) {
	dir := filepath.Join(os.TempDir(), "turno-testenv-ports-"+strconv.Itoa(os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("make folder of port locks: %w", err)
	}
	begin := firstPort + int(randomUint16())%(lastPort-firstPort)
	for i := range lastPort - firstPort {
		port := firstPort + (begin-firstPort+i)%(lastPort-firstPort)
		f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(port)), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return 0, fmt.Errorf("open port lock: %w", err)
		}
		if lockFile(f) != nil || !canListen(port) {
			f.Close()
			continue
		}
		reserved.Lock()
		reserved.files = append(reserved.files, f)
		reserved.Unlock()
		return port, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d", firstPort, lastPort)
}

func canListen(port int) bool {
	l, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

func randomUint16() uint16 {
	var b [2]byte
	rand.Read(b[:]) // never fails
	return uint16(b[0])<<8 | uint16(b[1])
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// processDir holds the data of every server of this process. A shell on a
// lifeline pipe removes it when this process is gone, however it went.
var processDir = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "turno-testenv-")
	if err != nil {
		return "", fmt.Errorf("make folder for servers' data: %w", err)
	}
	// PostgreSQL refuses to run as root: other users may pass through.
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", fmt.Errorf("open folder for servers' data: %w", err)
	}
	// Retried because the servers die at the same moment and may still write.
	_, err = newLifeline(`for try in 1 2 3 4 5 6 7 8 9; do rm -rf -- "$0" && exit; sleep 0.1; done`, dir)
	return dir, err
})

// newDataDir makes an empty folder that belongs to user uid, or to this
// process's user if that is negative.
func newDataDir(uid, gid int) (string, error) {
	parent, err := processDir()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, "")
	if err != nil {
		return "", fmt.Errorf("make data folder: %w", err)
	}
	if uid >= 0 {
		if err := os.Chown(dir, uid, gid); err != nil {
			return "", errors.Join(fmt.Errorf("give data folder to user %d: %w", uid, err), os.RemoveAll(dir))
		}
	}
	return dir, nil
}
