package child

import (
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// opHangup and opEnter are the keeper's own.
	opHangup op = "hangup"
	opEnter  op = "enter"
)

const (
	// ringHold is how far a terminal's output may run ahead of who watches;
	// then the job waits, as at any terminal.
	ringHold = 192 << 10
	// ringBytes of output are kept for who watches next; the rest above
	// ringHold is for what a job had written before it ended.
	ringBytes = 256 << 10
	// drainTerminal bounds how long an ended job waits for who still reads its
	// last output, without any progress.
	drainTerminal = 3 * time.Second
)

// desk is where somebody sits at a job's own terminal, or gives it its input.
type desk struct {
	input *os.File // the terminal, or a pipe's end
	out   *ring    // of a terminal; nil: the output is in the log alone
}

// openTerminal makes the job's streams a terminal, whose output is the log.
func (j *job) openTerminal(l *launch) (func(), error) {
	master, job, err := openPTY(j.spec.Terminal, j.spec.Credential)
	if err != nil {
		return nil, err
	}
	out := newRing()
	j.log = newLog(j.spec.Dir, j.spec.Limits.LogBytes, master)
	j.log.tap = out
	j.log.begin(j.spec.Note)
	go j.log.copy()
	fd := job.Fd()
	l.files, l.terminal = [3]uintptr{fd, fd, fd}, true
	j.sit(&desk{input: master, out: out})
	return func() { _ = job.Close() }, nil
}

// openInput makes the job's input a pipe, beside its log.
func (j *job) openInput(l *launch) (func(), error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, err
	}
	_ = unix.SetNonblock(fds[1], true) // our end only
	read := os.NewFile(uintptr(fds[0]), "input")
	l.files[0] = read.Fd()
	j.sit(&desk{input: os.NewFile(uintptr(fds[1]), "input")})
	log := j.log
	return func() { _, _ = read.Close(), log.write.Close() }, nil
}

func (j *job) sit(d *desk) {
	j.keeper.mu.Lock()
	defer j.keeper.mu.Unlock()
	j.desk = d
}

// hangUp tells a job that its user has gone, as a terminal's end does.
func (j *job) hangUp() {
	groups := []int{j.main}
	if j.desk != nil && j.desk.out != nil {
		if front := foreground(j.desk.input); front > 1 && front != j.main {
			groups = append(groups, front)
		}
	}
	for _, g := range groups {
		_ = unix.Kill(-g, unix.SIGHUP)
		_ = unix.Kill(-g, unix.SIGCONT)
	}
	if j.desk != nil && j.desk.out == nil {
		_ = j.desk.input.Close()
	}
}

// take obeys one message of who sits there.
func (d *desk) take(t *Talk) {
	switch {
	case t.Size != nil && d.out != nil:
		resize(d.input, t.Size.Rows, t.Size.Cols)
	case t.EOF && d.out != nil:
		_, _ = d.input.Write([]byte{4}) // ^D: a terminal has no other end of input
	case t.EOF:
		_ = d.input.Close()
	case len(t.Data) > 0:
		_, _ = d.input.Write(t.Data) // what is not read any more is dropped
	}
}

// release lets output run ahead of who reads it: the job has ended.
func (d *desk) release() {
	if d != nil && d.out != nil {
		d.out.release()
	}
}

// close waits, within bounds, until who watches has seen the end.
func (d *desk) close() {
	if d == nil {
		return
	}
	_ = d.input.Close()
	if d.out != nil {
		d.out.close()
	}
}

// ring keeps the last of a terminal's output, with its place in the whole.
type ring struct {
	mu       sync.Mutex // guards all below
	changed  *sync.Cond
	data     []byte
	end      int64 // of data, in the whole output
	seen     int64 // by the reader, or by the last one
	reader   *ringReader
	released bool
	closed   bool
}

func newRing() *ring {
	r := &ring{}
	r.changed = sync.NewCond(&r.mu)
	return r
}

// write appends. It waits while the reader is far behind.
func (r *ring) write(p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(p) > 0 {
		for r.reader != nil && !r.released && r.end-r.seen >= ringHold {
			r.changed.Wait()
		}
		n := min(len(p), ringHold/3)
		r.data = append(r.data, p[:n]...)
		r.end, p = r.end+int64(n), p[n:]
		if len(r.data) > 2*ringBytes {
			r.data = append(r.data[:0], r.data[len(r.data)-ringBytes:]...)
		}
		r.changed.Broadcast()
	}
}

func (r *ring) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.released = true
	r.changed.Broadcast()
}

// close ends the ring once the reader has all of it, or reads no more.
func (r *ring) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.changed.Broadcast()
	for r.reader != nil && r.seen < r.end {
		before, late := r.seen, false
		timer := time.AfterFunc(drainTerminal, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			late = true
			r.changed.Broadcast()
		})
		for r.reader != nil && r.seen == before && !late {
			r.changed.Wait()
		}
		timer.Stop()
		if late && r.seen == before {
			return
		}
	}
}

// ringReader is who watches; another one takes its place.
type ringReader struct{ r *ring }

var (
	errRingEnd  = errors.New("the terminal is closed")
	errRingOver = errors.New("somebody else has attached to the job")
	errRingLeft = errors.New("left")
)

func (r *ring) attach() *ringReader {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reader = &ringReader{r}
	r.changed.Broadcast()
	return r.reader
}

// next waits for output, and gives some. What it gave before counts as seen.
func (x *ringReader) next(buf []byte) (int, error) {
	r := x.r
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		start := r.end - int64(min(len(r.data), ringBytes))
		switch r.seen = max(r.seen, start); {
		case r.reader == nil:
			return 0, errRingLeft
		case r.reader != x:
			return 0, errRingOver
		case r.seen < r.end:
			n := copy(buf, r.data[len(r.data)-int(r.end-r.seen):])
			r.seen += int64(n)
			r.changed.Broadcast()
			return n, nil
		case r.closed:
			return 0, errRingEnd
		}
		r.changed.Wait()
	}
}

func (x *ringReader) leave() {
	x.r.mu.Lock()
	defer x.r.mu.Unlock()
	if x.r.reader == x {
		x.r.reader = nil
	}
	x.r.changed.Broadcast()
}
