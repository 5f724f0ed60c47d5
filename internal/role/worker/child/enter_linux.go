package child

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// visitBound is how long a job's end waits until those inside have been
	// told how their commands ended.
	visitBound = time.Second
	// hangupBound lies between HUP and KILL of a command whose user has gone.
	hangupBound = 2 * time.Second
	talkBytes   = 16 << 10 // of one message: one frame of a session
)

// visitors counts the commands that were started inside a job.
type visitors struct{ group sync.WaitGroup }

// wait waits for them, but not for long. The tree is empty by then.
func (v *visitors) wait() {
	done := make(chan struct{})
	go func() { v.group.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(visitBound):
	}
}

// converse serves a connection that is a stream, until it ends.
func (k *keeper) converse(w *wire, r request) {
	k.mu.Lock()
	j := k.jobs[r.ID]
	var d *desk
	if j != nil {
		d = j.desk
	}
	k.mu.Unlock()
	switch {
	case j == nil:
		_ = w.send(Talk{Error: "the job has ended"})
	case r.Entry != nil:
		j.enter(w, r.Entry)
	case d == nil:
		_ = w.send(Talk{Error: "the job has neither a terminal nor an input: it was not started with -i or -t"})
	default:
		j.attend(w, d)
	}
}

// attend joins a connection to the job's own desk.
func (j *job) attend(w *wire, d *desk) {
	_ = w.send(Talk{})
	var watching sync.WaitGroup
	if d.out != nil {
		reader := d.out.attach()
		watching.Go(func() { show(w, reader) })
		defer func() { reader.leave(); watching.Wait() }()
	}
	defer w.conn.Close()
	for {
		var t Talk
		if w.decoder.Decode(&t) != nil {
			return
		}
		if t.Hangup {
			j.tell(order{op: opHangup})
			continue
		}
		d.take(&t)
	}
}

// show sends a terminal's output until its reader or the connection ends.
func show(w *wire, r *ringReader) {
	defer w.conn.Close()
	buf := make([]byte, talkBytes)
	for {
		n, err := r.next(buf)
		if errors.Is(err, errRingOver) {
			_ = w.send(Talk{Error: err.Error()})
		}
		if err != nil || w.sendPatiently(Talk{Data: buf[:n]}) != nil {
			return
		}
	}
}

// visit is a command inside a job, and the ends of its streams.
type visit struct {
	pid    int
	end    <-chan ended
	input  *os.File
	output *os.File // of a terminal the same as input
	stderr *os.File // nil: a terminal
	theirs []*os.File
}

// enter runs a command inside the job for a connection.
func (j *job) enter(w *wire, e *Entry) {
	var v *visit
	err := errors.New("the job has ended")
	done := make(chan struct{})
	j.tell(order{op: opEnter, do: func() {
		defer close(done)
		if v, err = j.admit(e); err == nil {
			j.inside.group.Add(1)
		}
	}})
	select {
	case <-done:
	case <-j.deaf: // it was the last thing that the job obeyed, or came too late
		select {
		case <-done:
		default:
		}
	}
	if err != nil {
		_ = w.send(entryFailed(err))
		return
	}
	defer j.inside.group.Done()
	v.serve(w)
}

// entryFailed is an exit for a command that could not be started.
func entryFailed(err error) Talk {
	if failed, ok := errors.AsType[*SetupFailed](err); ok {
		return Talk{Exit: &Exit{Code: failed.Code, Setup: failed.Message}}
	}
	return Talk{Error: err.Error()}
}

// admit starts the command in the job's place. It runs in the job's goroutine,
// so that nothing enters a tree whose end has begun.
func (j *job) admit(e *Entry) (*visit, error) {
	spec := &Spec{Command: e.Command, Env: e.Env, WorkDir: e.WorkDir, Credential: j.spec.Credential}
	if len(e.Command) == 0 || e.Command[0] == "" {
		return nil, &SetupFailed{Message: "the command is empty", Code: 127}
	}
	path, err := lookup(spec)
	if err != nil {
		return nil, err
	}
	env := e.Env
	if j.place.Mark != "" {
		env = append(env[:len(env):len(env)], markName+"="+j.place.Mark)
	}
	l := launch{path: path, spec: spec, env: env, place: j.place, tree: j.tree, score: j.keeper.score, forker: j.forker}
	v, err := openVisit(e.Terminal, j.spec.Credential, &l)
	if err != nil {
		return nil, err
	}
	v.pid, v.end, err = j.keeper.reaper.fork(l.start)
	for _, f := range v.theirs {
		_ = f.Close()
	}
	if err != nil {
		v.close()
		return nil, err
	}
	return v, nil
}

func openVisit(t *Terminal, c *Credential, l *launch) (*visit, error) {
	if t != nil {
		master, job, err := openPTY(t, c)
		if err != nil {
			return nil, err
		}
		fd := job.Fd()
		l.files, l.terminal = [3]uintptr{fd, fd, fd}, true
		return &visit{input: master, output: master, theirs: []*os.File{job}}, nil
	}
	v := &visit{}
	for i, ours := range []**os.File{&v.input, &v.output, &v.stderr} {
		var fds [2]int
		if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
			v.close()
			return nil, err
		}
		mine, its := fds[0], fds[1]
		if i == 0 {
			mine, its = its, mine
		}
		_ = unix.SetNonblock(mine, true)
		*ours = os.NewFile(uintptr(mine), "pipe")
		file := os.NewFile(uintptr(its), "pipe")
		v.theirs = append(v.theirs, file)
		l.files[i] = file.Fd()
	}
	return v, nil
}

func (v *visit) close() {
	for _, f := range []*os.File{v.input, v.output, v.stderr} {
		if f != nil {
			_ = f.Close()
		}
	}
}

// serve joins the command to its connection until the command has ended; one
// whose user has gone is ended.
func (v *visit) serve(w *wire) {
	_ = w.send(Talk{})
	var output sync.WaitGroup
	output.Go(func() { pump(w, v.output, false) })
	if v.stderr != nil {
		output.Go(func() { pump(w, v.stderr, true) })
	}
	gone := make(chan struct{})
	var input sync.WaitGroup
	input.Go(func() {
		defer close(gone)
		v.listen(w)
	})
	e, hung := v.wait(gone)
	bound := time.Now().Add(drainBound) // a process left behind may hold the pipes
	for _, f := range []*os.File{v.output, v.stderr} {
		if f != nil {
			_ = f.SetReadDeadline(bound)
		}
	}
	output.Wait()
	exit := &Exit{Code: e.status.ExitStatus()}
	if e.status.Signaled() {
		exit.Code, exit.Signal = 128+int(e.status.Signal()), signalName(e.status.Signal())
	}
	if !hung {
		_ = w.send(Talk{Exit: exit})
	}
	_ = w.conn.Close()
	v.close()
	input.Wait()
}

// wait waits for the command's end, and brings it about when its user is gone.
func (v *visit) wait(gone <-chan struct{}) (e ended, hung bool) {
	select {
	case e = <-v.end:
		return e, false
	case <-gone:
	}
	_ = unix.Kill(-v.pid, unix.SIGHUP)
	_ = unix.Kill(-v.pid, unix.SIGCONT)
	select {
	case e = <-v.end:
	case <-time.After(hangupBound):
		_ = unix.Kill(-v.pid, unix.SIGKILL)
		e = <-v.end
	}
	return e, true
}

// listen takes what the user types.
func (v *visit) listen(w *wire) {
	d := &desk{input: v.input}
	if v.stderr == nil {
		d.out = newRing() // says that it is a terminal
	}
	for {
		var t Talk
		if err := w.decoder.Decode(&t); err != nil || t.Hangup {
			return
		}
		d.take(&t)
	}
}

// pump sends what the command writes. After the deadline it takes what is there
// already, no more than a pipe holds: it may have been held up itself.
func pump(w *wire, from *os.File, stderr bool) {
	buf := make([]byte, talkBytes)
	late := 0
	for {
		n, err := from.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) && late < maxPipe {
			n, err = readNow(from, buf)
			late += n
		}
		if n > 0 && w.sendPatiently(Talk{Data: buf[:n], Stderr: stderr}) != nil {
			_, _ = io.Copy(io.Discard, from) // so that the command does not hang on nobody
			return
		}
		if err != nil {
			return
		}
	}
}

// readNow reads without waiting; io.EOF: there is nothing.
func readNow(from *os.File, buf []byte) (int, error) {
	conn, err := from.SyscallConn()
	if err != nil {
		return 0, err
	}
	n := 0
	if err := conn.Control(func(fd uintptr) { n, err = unix.Read(int(fd), buf) }); err != nil {
		return 0, err
	}
	if n <= 0 {
		return 0, io.EOF
	}
	return n, nil
}
