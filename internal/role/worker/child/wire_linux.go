package child

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// What goes over a connection between an agent and a keeper (shim, shared
// keeper or guard): one JSON object a line. The keeper says ready first.

type op string

const (
	opStart  op = "start"  // Launch
	opBase   op = "base"   // Launch.Place: the shared keeper's own, to be removed at its end
	opAttach op = "attach" // to a job started over another connection
	opSignal op = "signal" // Signal, to the main process's group
	opStop   op = "stop"   // Duration: grace
	opLease  op = "lease"  // Duration: the new lease
	opBeat   op = "beat"   // the agent runs: one that is frozen holds its connections too
	opForget op = "forget" // IDs: the exits of jobs that have ended
	opOpen   op = "open"   // Entry, or the job's own streams: the connection then carries Talk
)

type request struct {
	Op       op             `json:"op"`
	ID       string         `json:"id"`
	IDs      []string       `json:"ids,omitempty"`
	Launch   *launchRequest `json:"launch,omitempty"`
	Signal   int            `json:"signal,omitempty"`
	Duration time.Duration  `json:"duration,omitempty"`
	Entry    *Entry         `json:"entry,omitempty"`
}

type launchRequest struct {
	Spec  Spec  `json:"spec"`
	Place place `json:"place"`
}

// event is about a job; without an ID it is about the keeper: ready.
type event struct {
	ID      string `json:"id,omitempty"`
	Started int    `json:"started,omitempty"` // the main process's id
	Exit    *Exit  `json:"exit,omitempty"`
	// To attach: it is held now, or it is not here, nor will it be.
	Attached bool `json:"attached,omitempty"`
	Unknown  bool `json:"unknown,omitempty"`

	Stuck string `json:"stuck,omitempty"` // what of it KILL does not end

	Error string `json:"error,omitempty"` // to start: the machine's fault
}

// writeBound is how long a peer that does not read may hold up a write when
// the socket's buffer is full.
const writeBound = 5 * time.Second

// wire is a connection; send may be called from any goroutine.
type wire struct {
	conn    net.Conn
	decoder *json.Decoder

	mu sync.Mutex // one write at a time, no longer than writeBound

	beat atomic.Int64 // when opBeat last came, after epoch; 0: never
}

var epoch = time.Now()

// silence is how long the agent has not beaten; one that never does is not
// silent: it is older than opBeat.
func (w *wire) silence() time.Duration {
	last := w.beat.Load()
	if last == 0 {
		return 0
	}
	return time.Since(epoch) - time.Duration(last)
}

func newWire(conn net.Conn) *wire {
	return &wire{conn: conn, decoder: json.NewDecoder(conn)}
}

// fileWire takes over a socket.
func fileWire(file *os.File) (*wire, error) {
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	return newWire(conn), nil
}

func (w *wire) send(message any) error {
	line, err := json.Marshal(message)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.conn.SetWriteDeadline(time.Now().Add(writeBound)); err != nil {
		return err
	}
	if _, err = w.conn.Write(append(line, '\n')); err != nil {
		_ = w.conn.Close() // half a line may have gone: nothing can follow
	}
	return err
}

// sendPatiently waits for a peer that reads slowly.
func (w *wire) sendPatiently(message any) error {
	line, err := json.Marshal(message)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.conn.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	_, err = w.conn.Write(append(line, '\n'))
	return err
}

// socketPair returns a connection's two ends, for this process and for a child.
func socketPair() (*wire, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "lifeline")
	ours, err := fileWire(os.NewFile(uintptr(fds[0]), "lifeline"))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("make socket pair: %w", err), theirs.Close())
	}
	return ours, theirs, nil
}

// controlFile is the socket by which an agent attaches. Its folder is 0700.
const controlFile = "control"

// atSocket calls do with a short path of the control socket in dir: a socket's
// address holds 108 bytes, a directory's name any number.
func atSocket(dir string, do func(path string) error) error {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return do(fmt.Sprintf("/proc/self/fd/%d/%s", fd, controlFile))
}

func listen(dir string) (*net.UnixListener, error) {
	var listener *net.UnixListener
	err := atSocket(dir, func(path string) (err error) {
		listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	listener.SetUnlinkOnClose(false) // the short path is not there any more
	return listener, os.Chmod(filepath.Join(dir, controlFile), 0o600)
}

func dial(dir string) (*wire, error) {
	var conn *net.UnixConn
	err := atSocket(dir, func(path string) (err error) {
		conn, err = net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", controlFile, err)
	}
	return newWire(conn), nil
}
