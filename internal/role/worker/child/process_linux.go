package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stateFile holds what Attach needs to know. It is there before the job is.
const stateFile = "state.json"

// state says who keeps an attempt and where it lives.
type state struct {
	ID      string   `json:"id"`
	Keeper  identity `json:"keeper"`
	Control string   `json:"control"` // directory of the keeper's socket
	Place   place    `json:"place"`
	Main    identity `json:"main,omitzero"` // only where Place has a mark
}

// Process is an attempt that this agent has started or attached to.
type Process struct {
	// constant
	id      string
	dir     string // empty: a runner, which leaves nothing behind
	journal string // of a shared keeper: the directory where exits are, instead of dir
	place   place
	link    *link
	begun   chan struct{} // closed when the command runs or the attempt has ended
	over    chan struct{} // closed when exit is final
	refused chan error    // cap 1: the keeper would not start it
	stuck   chan string   // cap 1: see Stuck

	// written before the channel that tells of it is closed
	main int
	exit Exit
}

// Start starts an attempt under a shim of its own, which outlives this
// process: Attach finds it again. The command runs when Start returns.
//
// A command that cannot be started is a *SetupFailed; ExitFile says so too. A
// directory used before is ErrUsed. When ctx ends first, the attempt is ended.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	return start(ctx, spec, Probe())
}

func start(ctx context.Context, spec Spec, c Capability) (*Process, error) {
	if err := prepare(&spec); err != nil {
		return nil, err
	}
	l, err := openKeeper(ctx, keeperSpec{mode: cmdShim, dir: spec.Dir, binary: spec.Binary})
	if err != nil {
		return nil, fmt.Errorf("start shim: %w: %w", ErrTrouble, err)
	}
	return l.start(ctx, spec, c.place(spec.ID, spec.Limits))
}

// prepare checks a spec and makes the attempt's directory.
func prepare(spec *Spec) error {
	if err := spec.validate(); err != nil {
		return err
	}
	if used(spec.Dir) {
		return ErrUsed
	}
	if err := os.MkdirAll(spec.Dir, 0o700); err != nil {
		return fmt.Errorf("make attempt's directory: %w", err)
	}
	mode := os.FileMode(0o700)
	if spec.Credential != nil {
		mode = 0o710
	}
	if err := os.Chmod(spec.Dir, mode); err != nil {
		return fmt.Errorf("make attempt's directory: %w", err)
	}
	return nil
}

func used(dir string) bool {
	for _, name := range []string{stateFile, ExitFile, LogFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// start starts a job over a link. The state is written before the request is
// sent, so a job without a state was never started.
func (l *link) start(ctx context.Context, spec Spec, where place) (*Process, error) {
	p := l.add(spec.ID, spec.Dir, where)
	s := state{ID: spec.ID, Keeper: l.keeper, Control: l.control, Place: where}
	if p.journal == "" { // else the keeper's own state does for all of its jobs
		if err := s.write(spec.Dir); err != nil {
			l.drop(p)
			return nil, err
		}
	}
	l.keepBeating(spec.Lease)
	r := request{Op: opStart, ID: spec.ID, Launch: &launchRequest{Spec: spec, Place: where}}
	if err := l.wire.send(r); err != nil {
		l.drop(p)
		return nil, fmt.Errorf("start attempt: %w: %w", ErrTrouble, err)
	}
	select {
	case <-p.begun:
	case err := <-p.refused:
		l.drop(p)
		return nil, fmt.Errorf("start attempt: %w", err)
	case <-ctx.Done():
		_ = p.Stop(0)
		return nil, fmt.Errorf("start attempt: %w", context.Cause(ctx))
	}
	switch e, ok := p.ended(); {
	case ok && e.Lost && e.Setup != "":
		return nil, fmt.Errorf("start attempt: %w: %s", ErrTrouble, e.Setup)
	case ok && e.Setup != "":
		return nil, &SetupFailed{Message: e.Setup, Code: e.Code}
	case ok && e.Lost && p.main == 0:
		return nil, fmt.Errorf("start attempt: %w: its keeper has ended, nothing runs", ErrTrouble)
	}
	if where.Mark != "" {
		s.Main, _ = identify(p.main) // it may have ended
		if err := s.write(spec.Dir); err != nil {
			return nil, errors.Join(err, p.Stop(0))
		}
	}
	return p, nil
}

// write writes the state; a runner has none.
func (s state) write(dir string) error {
	if dir == "" {
		return nil
	}
	data, err := json.Marshal(s)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, stateFile), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

func readState(dir string) (s state, err error) {
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	return s, err
}

// Attach finds the attempt of a directory again after the agent was restarted:
// it runs, and is held from now on; or it has ended; or it is Lost, with what
// was left of it ended. Wait tells which. A directory in which nothing was
// ever started gives a Lost one too. An error is this machine's trouble: the
// attempt may well run.
func Attach(dir string) (*Process, error) {
	p := newProcess("", dir, place{})
	if p.settle() {
		return p, nil
	}
	s, err := readState(dir)
	if err != nil {
		if _, broken := errors.AsType[*json.SyntaxError](err); broken || errors.Is(err, os.ErrNotExist) {
			return p, p.attachQuick()
		}
		return nil, fmt.Errorf("read state: %w", err)
	}
	p.id, p.place = s.ID, s.Place
	pidfd, err := s.Keeper.open()
	if errors.Is(err, errGone) {
		return p, p.clean()
	}
	if err != nil {
		return nil, fmt.Errorf("find keeper: %w", err)
	}
	err = newLink(s.Keeper, pidfd, s.Control, p).attach(p)
	if errors.Is(err, errUnknown) {
		if !p.settle() {
			p.lose()
		}
		return p, nil
	}
	return p, err
}

func newProcess(id, dir string, where place) *Process {
	return &Process{
		id: id, dir: dir, place: where,
		begun: make(chan struct{}), over: make(chan struct{}), refused: make(chan error, 1), stuck: make(chan string, 1),
	}
}

// PID is the main process's id, for display; 0 if it is not known.
func (p *Process) PID() int {
	select {
	case <-p.begun:
		return p.main
	default:
		return 0
	}
}

// Wait returns how the attempt ended, once nothing of its tree is left. After
// Stop, a Wait that outlasts the grace by far means a process that cannot be
// killed: its devices must not be given on.
func (p *Process) Wait(ctx context.Context) (Exit, error) {
	select {
	case <-p.over:
		return p.exit, nil
	default:
	}
	select {
	case <-p.over:
		return p.exit, nil
	case <-ctx.Done():
		return Exit{}, context.Cause(ctx)
	}
}

// Stuck tells once, if it comes to that, which processes are still there long
// after they were killed: the kernel holds them. It may yet end.
func (p *Process) Stuck() <-chan string { return p.stuck }

// Done is closed when Wait will return at once.
func (p *Process) Done() <-chan struct{} { return p.over }

func (p *Process) ended() (Exit, bool) {
	select {
	case <-p.over:
		return p.exit, true
	default:
		return Exit{}, false
	}
}

// Stop asks every process of the tree to end (TERM) and has what is left after
// grace killed; 0 kills at once. Again it can only shorten the time. It does
// not wait, and is nothing for an attempt that has ended.
func (p *Process) Stop(grace time.Duration) error {
	return p.ask(request{Op: opStop, Duration: grace})
}

// Signal sends a signal to the main process's group.
func (p *Process) Signal(signal syscall.Signal) error {
	return p.ask(request{Op: opSignal, Signal: int(signal)})
}

// SetLease changes how long the job may run with no agent attached.
func (p *Process) SetLease(lease time.Duration) error {
	if _, ok := p.ended(); ok {
		return nil // one that was attached to when it had ended has no link
	}
	p.link.keepBeating(lease)
	return p.ask(request{Op: opLease, Duration: lease})
}

func (p *Process) ask(r request) error {
	if _, ok := p.ended(); ok {
		return nil
	}
	r.ID = p.id
	if err := p.link.wire.send(r); err != nil {
		if errors.Is(err, unix.EPIPE) || errors.Is(err, net.ErrClosed) {
			return nil // it is ending: Wait will tell
		}
		return fmt.Errorf("%s attempt: %w", r.Op, err)
	}
	return nil
}

// Forget says that the caller has kept the exits of these for good. What a
// shared keeper remembers of them is dropped, one message for all.
func Forget(processes ...*Process) error {
	ids := map[*link][]string{}
	var links []*link // in order
	for _, p := range processes {
		if p.journal == "" || p.link == nil { // no keeper, or one that is gone
			continue
		}
		if ids[p.link] == nil {
			links = append(links, p.link)
		}
		ids[p.link] = append(ids[p.link], p.id)
	}
	var errs []error
	for _, l := range links {
		errs = append(errs, l.forget(ids[l]))
	}
	return errors.Join(errs...)
}

func (l *link) forget(ids []string) error {
	err := l.wire.send(request{Op: opForget, IDs: ids})
	if err != nil && !errors.Is(err, unix.EPIPE) && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("forget attempts: %w", err)
	}
	return nil // or it is gone, and has forgotten by itself
}

// settle takes the exit from its file, if it is there.
func (p *Process) settle() bool {
	if p.dir == "" {
		return false
	}
	if p.journal != "" {
		e, ok, err := readJournal(p.journal, p.id)
		if err != nil || !ok {
			return false
		}
		p.exit = e
		p.end()
		return true
	}
	data, err := os.ReadFile(filepath.Join(p.dir, ExitFile))
	if err != nil || json.Unmarshal(data, &p.exit) != nil {
		return false
	}
	p.end()
	return true
}

// lose makes it a lost one.
func (p *Process) lose() {
	p.exit = Exit{Lost: true, Code: 128 + int(unix.SIGKILL), EndedAt: time.Now()}
	p.end()
}

// clean is for a keeper that is gone: the exit it wrote, or Lost when the rest
// of the tree has ended.
func (p *Process) clean() error {
	if p.settle() {
		return nil
	}
	s, _ := readState(p.dir)
	err := p.place.end(s.Main)
	p.lose()
	return err
}

func (p *Process) end() {
	close(p.over) // first: who sees it begun looks whether it is over
	p.begin(p.main)
}

func (p *Process) begin(pid int) {
	select {
	case <-p.begun:
	default:
		p.main = pid
		close(p.begun)
	}
}
