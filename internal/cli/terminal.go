package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"turno"
	"turno/client"
	sessions "turno/internal/session"
)

// enterer is a Service through which jobs can be entered.
type enterer interface {
	Session(ctx context.Context, ref string, open sessions.Open) (*client.Session, error)
}

// Ctrl-P Ctrl-Q leaves a job's terminal, as in docker.
const (
	detachFirst  = 0x10
	detachSecond = 0x11
)

// errDetached: the user has left, and the job goes on.
var errDetached = errors.New("detached")

// talk is one conversation with a job.
type talk struct {
	s      *session
	conn   *client.Session
	in     io.Reader // nil: nothing
	tty    bool
	detach bool // Ctrl-P Ctrl-Q is possible
	out    io.Writer
	errs   io.Writer
	exit   *sessions.Exit
}

// enter opens a session with a job.
func (s *session) enter(ctx context.Context, svc turno.Service, ref string, open sessions.Open) (*client.Session, error) {
	e, ok := svc.(enterer)
	if !ok {
		return nil, failed(exitFailed, "jobs cannot be entered through this connection")
	}
	return e.Session(ctx, ref, open)
}

// terminal is the terminal that commands are typed at: standard input.
func (s *session) terminal() (*os.File, bool) {
	f, ok := s.io.In.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// size of the terminal, nil if it is not known.
func (s *session) size() *sessions.Size {
	for _, stream := range []any{s.io.Out, s.io.In} {
		if f, ok := stream.(*os.File); ok {
			if cols, rows, err := term.GetSize(int(f.Fd())); err == nil && rows > 0 {
				return &sessions.Size{Rows: rows, Cols: cols}
			}
		}
	}
	return &sessions.Size{Rows: 24, Cols: 80}
}

// raw hands the terminal's keys on as they are, until restore is called.
func raw(f *os.File) (restore func(), err error) {
	old, err := term.MakeRaw(int(f.Fd()))
	if err != nil {
		return nil, failed(exitFailed, "set the terminal: %v", err)
	}
	return func() { _ = term.Restore(int(f.Fd()), old) }, nil
}

// run talks until the other side has said all. The reader of standard input
// cannot be waited for: only a key ends its read.
func (t *talk) run(ctx context.Context) error {
	if t.tty {
		if f, ok := t.s.terminal(); ok {
			restore, err := raw(f)
			if err != nil {
				return err
			}
			defer restore()
		}
		sizes, stop := sizeChanges()
		var group sync.WaitGroup
		defer group.Wait()
		defer stop()
		group.Go(func() {
			for range sizes {
				t.resize(ctx)
			}
		})
	}
	t.conn.Notify(t.broken)
	left := make(chan error, 1)
	if t.in == nil {
		_ = t.conn.Write(ctx, sessions.KindEOF, nil)
	} else {
		go func() { left <- t.listen(ctx) }()
	}
	said := make(chan error, 1)
	go func() { said <- t.tell(ctx) }()
	select {
	case err := <-said:
		return err
	case err := <-left:
		if err != nil {
			return err
		}
		return <-said
	}
}

// broken says why nothing happens. Lines end as a raw terminal needs it.
func (t *talk) broken(broken bool) {
	switch {
	case !t.s.errLook.terminal:
	case broken && t.detach:
		t.s.notef("\r\n[the connection broke; trying again. Ctrl-P Ctrl-Q leaves]\r\n")
	case broken:
		t.s.notef("\r\n[the connection broke; trying again]\r\n")
	default:
		t.s.notef("\r\n[connected again]\r\n")
	}
}

func (t *talk) resize(ctx context.Context) {
	if text, err := json.Marshal(t.s.size()); err == nil {
		_ = t.conn.Write(ctx, sessions.KindSize, text)
	}
}

// listen hands on what is typed, until its end or the keys that detach.
func (t *talk) listen(ctx context.Context) error {
	keys := detacher{on: t.detach}
	buf := make([]byte, sessions.MaxFrame)
	for {
		n, err := t.in.Read(buf)
		if n > 0 {
			data, detached := keys.pass(buf[:n])
			if len(data) > 0 && t.conn.Write(ctx, sessions.KindInput, data) != nil {
				return nil // its end is told elsewhere
			}
			if detached {
				_ = t.conn.Write(ctx, sessions.KindDetach, nil)
				return errDetached
			}
		}
		if err != nil {
			_ = t.conn.Write(ctx, sessions.KindEOF, nil)
			return nil
		}
	}
}

// tell shows what comes.
func (t *talk) tell(ctx context.Context) error {
	for {
		f, err := t.conn.Read(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case f.Kind == sessions.KindOutput:
			_, err = t.out.Write(f.Data)
		case f.Kind == sessions.KindErrors:
			_, err = t.errs.Write(f.Data)
		case f.Kind == sessions.KindError:
			return failed(exitFailed, "%s", f.Data)
		case f.Kind == sessions.KindExit:
			t.exit = &sessions.Exit{}
			err = json.Unmarshal(f.Data, t.exit)
		}
		if err != nil {
			return err
		}
	}
}

// detacher looks for the keys that detach; it holds the first of them back.
type detacher struct {
	on   bool
	half bool
	buf  []byte
}

func (d *detacher) pass(data []byte) (out []byte, detached bool) {
	if !d.on {
		return data, false
	}
	d.buf = d.buf[:0]
	for _, b := range data {
		switch {
		case d.half && b == detachSecond:
			return d.buf, true
		case d.half && b != detachFirst:
			d.half = false
			d.buf = append(d.buf, detachFirst, b)
		case d.half: // Ctrl-P twice: the first was meant for the job
			d.buf = append(d.buf, b)
		case b == detachFirst:
			d.half = true
		default:
			d.buf = append(d.buf, b)
		}
	}
	return d.buf, false
}
