package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"turno/internal/failpoint"
)

// link is the agent's end of a connection to a keeper, and the lifeline of the
// jobs started or attached over it.
type link struct {
	// constant
	wire    *wire
	keeper  identity
	pidfd   *os.File    // of the keeper
	parent  *os.Process // the keeper, if it is this process's child: to be waited for
	control string
	only    bool // there is one job and never another

	mu     sync.Mutex // guards what follows
	procs  map[string]*Process
	broken bool          // nothing more can be started
	every  time.Duration // between two beats; 0: there are none
	over   chan struct{} // closed with the link, once there are beats

	beating sync.WaitGroup // beat; close waits for it
}

// keepBeating tells the keeper from now on, well within each lease, that this
// agent runs.
func (l *link) keepBeating(lease time.Duration) {
	if lease <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	first := l.every == 0
	l.every = min(max(lease/4, minBeat), maxBeat)
	if first && !l.broken {
		over := make(chan struct{})
		l.over = over
		l.beating.Go(func() { l.beat(over) })
	}
}

// Bounds of the time between two beats: one costs 20 µs.
const minBeat, maxBeat = 10 * time.Millisecond, 10 * time.Second

// beat sends beats until the link is over.
func (l *link) beat(over <-chan struct{}) {
	for l.wire.send(request{Op: opBeat}) == nil {
		l.mu.Lock()
		every := l.every
		l.mu.Unlock()
		select {
		case <-over:
			return
		case <-time.After(every):
		}
	}
}

// keeperSpec is a keeper to be.
type keeperSpec struct {
	mode   string
	dir    string // holds its socket and its log
	binary string
	stdio  []*os.File // a guard's

	noNewPrivileges bool // for the keeper itself, and so for all it starts
}

// openKeeper starts a keeper, in a session of its own, and waits until it is
// ready.
func openKeeper(ctx context.Context, spec keeperSpec) (*link, error) {
	binary := spec.binary
	if binary == "" {
		var err error
		if binary, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	stop := context.AfterFunc(ctx, func() { _ = ours.conn.Close() })
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, errors.Join(err, ours.conn.Close())
	}
	defer null.Close()
	trouble, err := spec.troubleFile()
	if err != nil {
		return nil, errors.Join(err, ours.conn.Close())
	}
	defer trouble.Close()
	parent, err := spec.start(binary, append([]*os.File{null, null, trouble, theirs}, spec.stdio...))
	if err != nil {
		return nil, errors.Join(err, ours.conn.Close())
	}
	l := &link{
		wire: ours, parent: parent, control: spec.dir, only: spec.mode != cmdKeeper,
		procs: map[string]*Process{},
	}
	if l.keeper, err = identify(parent.Pid); err == nil {
		l.pidfd, err = l.keeper.open()
	}
	_ = theirs.Close()
	if err == nil {
		var ready event
		err = ours.decoder.Decode(&ready)
	}
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = ours.conn.Close() // it ends: it has no job
		go parent.Wait()
		return nil, fmt.Errorf("wait until %s %s is ready: %w", binary, spec.mode, err)
	}
	go l.listen()
	return l, nil
}

func (s keeperSpec) start(binary string, files []*os.File) (parent *os.Process, err error) {
	start := func() {
		parent, err = os.StartProcess(binary, []string{"turno", s.mode, s.dir}, &os.ProcAttr{
			Dir: "/", Env: s.env(), Files: files, Sys: &syscall.SysProcAttr{Setsid: true},
		})
	}
	if !s.noNewPrivileges {
		start()
		return parent, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		if err = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err == nil {
			start()
		}
	}()
	<-done
	return parent, err
}

// troubleFile takes what a keeper says of its own trouble. It is not the
// agent's stderr, which would be held, and broken, after the agent.
func (s keeperSpec) troubleFile() (*os.File, error) {
	return os.OpenFile(filepath.Join(s.dir, "keeper.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}

// env is a keeper's environment: none of the agent's, which may hold
// secrets and would be there to read as long as the keeper is.
func (s keeperSpec) env() []string {
	env := []string{"GOMAXPROCS=2"} // it mostly waits
	if s.mode == cmdKeeper {
		// Each start under way keeps one from other work until its exec.
		env = []string{"GOMAXPROCS=" + strconv.Itoa(runtime.NumCPU()+2)}
	}
	if dir := os.Getenv("GOCOVERDIR"); dir != "" {
		env = append(env, "GOCOVERDIR="+dir)
	}
	return append(env, failpoint.Environ()...)
}

// newLink is a link to a keeper that runs already, for one job of it.
func newLink(keeper identity, pidfd *os.File, control string, p *Process) *link {
	l := &link{keeper: keeper, pidfd: pidfd, control: control, only: true, procs: map[string]*Process{p.id: p}}
	p.link = l
	return l
}

// errUnknown: the keeper has no such job, and will have none.
var errUnknown = errors.New("keeper does not know the attempt")

// attach makes the link and takes hold of its job. It returns nil when the job
// is held, or over because the keeper has ended meanwhile.
func (l *link) attach(p *Process) (err error) {
	if l.wire, err = dial(l.control); err == nil {
		err = l.wire.send(request{Op: opAttach, ID: p.id})
	}
	switch {
	case err == nil:
		go l.listen()
		select {
		case <-p.begun:
			return nil
		case err := <-p.refused:
			return err
		}
	case errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.EPIPE),
		errors.Is(err, unix.ECONNRESET), errors.Is(err, os.ErrNotExist):
		l.close() // it is about to end, or has
		return nil
	}
	return errors.Join(fmt.Errorf("attach: %w", err), l.pidfd.Close())
}

func (l *link) add(id, dir string, where place) *Process {
	p := newProcess(id, dir, where)
	p.link = l
	if !l.only {
		p.journal = l.control
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.broken:
		p.refused <- fmt.Errorf("%w: its keeper has ended", ErrTrouble)
		return p
	case l.procs[id] != nil:
		p.refused <- errors.New("its keeper holds this id")
		return p
	}
	l.procs[id] = p
	return p
}

// gone tells whether nothing more can be started over it.
func (l *link) gone() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

func (l *link) drop(p *Process) {
	l.mu.Lock()
	if l.procs[p.id] == p {
		delete(l.procs, p.id)
	}
	l.mu.Unlock()
	if l.only {
		_ = l.wire.conn.Close()
	}
}

// listen takes what the keeper tells, until it ends; then it waits for its
// process and cleans up after it.
func (l *link) listen() {
	for {
		var e event
		if err := l.wire.decoder.Decode(&e); err != nil {
			break
		}
		l.take(e)
	}
	l.close()
}

func (l *link) take(e event) {
	l.mu.Lock()
	p := l.procs[e.ID]
	if p != nil && e.Exit != nil {
		delete(l.procs, e.ID)
	}
	l.mu.Unlock()
	switch {
	case p == nil:
	case e.Stuck != "":
		select {
		case p.stuck <- e.Stuck:
		default: // told before
		}
	case e.Attached || e.Started != 0:
		p.begin(e.Started)
	case e.Exit != nil:
		p.exit = *e.Exit
		p.end()
		if l.only { // the keeper need not wait for this agent
			_ = l.wire.conn.Close()
		}
	case e.Unknown:
		l.drop(p)
		p.refused <- errUnknown
	case e.Error != "":
		p.refused <- errors.New(e.Error)
	}
}

// close ends the link, and with it what was held by a keeper that was killed.
func (l *link) close() {
	if l.wire != nil {
		_ = l.wire.conn.Close()
	}
	l.mu.Lock()
	l.broken = true
	rest := l.procs
	l.procs = map[string]*Process{}
	if l.over != nil {
		close(l.over)
		l.over = nil
	}
	l.mu.Unlock()
	l.beating.Wait()
	if l.pidfd != nil {
		_ = waitGone(l.pidfd)
		_ = l.pidfd.Close()
	}
	if l.parent != nil {
		_, _ = l.parent.Wait()
	}
	for _, p := range rest {
		_ = p.clean()
	}
}
