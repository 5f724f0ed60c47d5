package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"

	"turno"
	"turno/internal/session"
)

const (
	// redial lies between tries to reach the server again.
	redial = 300 * time.Millisecond
	// quiet is after how long without a packet a connection is taken for dead:
	// the other side speaks every five seconds.
	quiet = 12 * time.Second
	// sendWithin bounds a write to a connection that takes nothing.
	sendWithin = 5 * time.Second
	maxPacket  = 128 << 10
)

// Session is a conversation with a job: at its own terminal, or with a command
// inside it. It outlives connections that break, for half a minute. Read is
// for one goroutine, Write for any.
type Session struct {
	conn   *session.Conn
	cancel context.CancelCauseFunc
	group  sync.WaitGroup

	mu      sync.Mutex // guards all below
	socket  *websocket.Conn
	refused error // why the server let nobody in
	tell    func(broken bool)
}

// Notify has f called when the connection is broken for longer than a moment,
// and when it is back.
func (s *Session) Notify(f func(broken bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell = f
}

func (s *Session) notify(broken bool) {
	s.mu.Lock()
	f := s.tell
	s.mu.Unlock()
	if f != nil {
		f(broken)
	}
}

// Session opens one with a job that runs. Close ends it.
func (c *Client) Session(ctx context.Context, ref string, open session.Open) (*Session, error) {
	path, err := jobPath(ref)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(open)
	if err != nil {
		return nil, fmt.Errorf("encode what to run: %w", err)
	}
	if len(text) > session.MaxFrame {
		return nil, turno.Invalid("command", "with its environment it has %d bytes; at most %d are possible here", len(text), session.MaxFrame)
	}
	s := &Session{}
	s.conn = session.New(session.Options{Send: s.send})
	id := session.NewID()
	socket, err := c.dialSession(ctx, path, id, false)
	if err != nil {
		return nil, err
	}
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	s.cancel, s.socket = cancel, socket
	s.group.Go(func() { _ = s.conn.Run(own) })
	s.group.Go(func() { s.carry(own, c, path, id) })
	if err := s.Write(ctx, session.KindOpen, text); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	f, err := s.Read(ctx)
	switch {
	case err != nil:
	case f.Kind == session.KindOpened:
		return s, nil
	case f.Kind == session.KindError:
		err = turno.Errorf(turno.CodeConflict, "%s", f.Data)
	case f.Kind == session.KindExit:
		var exit session.Exit
		_ = json.Unmarshal(f.Data, &exit)
		err = &NotStarted{exit}
	default:
		err = turno.Errorf(turno.CodeInternal, "the worker answered with a frame of kind %d", f.Kind)
	}
	_ = s.Close()
	return nil, err
}

// NotStarted is the error for a command that could not be started in a job.
type NotStarted struct{ Exit session.Exit }

func (e *NotStarted) Error() string { return e.Exit.Message }

func (c *Client) dialSession(ctx context.Context, path string, id session.ID, again bool) (*websocket.Conn, error) {
	q := url.Values{"id": {id.String()}}
	if again {
		q.Set("again", "true")
	}
	header := http.Header{"User-Agent": {c.agent}}
	if c.token != "" {
		header.Set("Authorization", "Bearer "+c.token)
	}
	if c.user != "" {
		header.Set("Turno-User", c.user)
	}
	socket, res, err := websocket.Dial(ctx, c.url+base+path+"/session?"+q.Encode(), &websocket.DialOptions{HTTPClient: c.http, HTTPHeader: header})
	if err == nil {
		socket.SetReadLimit(maxPacket)
		return socket, nil
	}
	if res != nil && res.Body != nil && res.StatusCode != http.StatusSwitchingProtocols {
		_, err := c.check(res)
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, c.unreachable(err)
}

// send is the session's way to the server of the moment.
func (s *Session) send(ctx context.Context, packet []byte) {
	s.mu.Lock()
	socket := s.socket
	s.mu.Unlock()
	if socket == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	if socket.Write(ctx, websocket.MessageBinary, packet) != nil {
		_ = socket.CloseNow() // carry makes another
	}
}

// carry receives, and connects again when a connection breaks, until the
// session has ended.
func (s *Session) carry(ctx context.Context, c *Client, path string, id session.ID) {
	for broken := false; ; {
		s.mu.Lock()
		socket := s.socket
		s.mu.Unlock()
		if socket != nil {
			s.receive(ctx, socket)
			s.mu.Lock()
			s.socket = nil
			s.mu.Unlock()
		}
		select {
		case <-s.conn.Done():
			return
		default:
		}
		if ctx.Err() != nil {
			return
		}
		socket, err := c.dialSession(ctx, path, id, true)
		if err != nil && !tryAgain(err) {
			s.mu.Lock()
			s.refused = err
			s.mu.Unlock()
			s.conn.Abort("the server does not let the client in again")
			return
		}
		if err == nil {
			s.mu.Lock()
			s.socket = socket
			s.mu.Unlock()
		} else if sleep(ctx, redial) != nil {
			return
		}
		if broken != (err != nil) {
			broken = err != nil
			s.notify(broken)
		}
	}
}

func tryAgain(err error) bool {
	e, ok := errors.AsType[*turno.Error](err)
	return !ok || e.Code == turno.CodeUnavailable || e.Code == turno.CodeInternal
}

func (s *Session) receive(ctx context.Context, socket *websocket.Conn) {
	defer socket.CloseNow()
	for {
		wait, cancel := context.WithTimeout(ctx, quiet)
		kind, packet, err := socket.Read(wait)
		cancel()
		if err != nil {
			return
		}
		if kind == websocket.MessageBinary {
			s.conn.Receive(packet)
		}
	}
}

// Write sends a frame; it waits while the job takes nothing.
func (s *Session) Write(ctx context.Context, kind byte, data []byte) error {
	for len(data) > session.MaxFrame {
		if err := s.conn.Write(ctx, kind, data[:session.MaxFrame]); err != nil {
			return s.explain(err)
		}
		data = data[session.MaxFrame:]
	}
	return s.explain(s.conn.Write(ctx, kind, data))
}

// Read waits for a frame; io.EOF: the other side has said all.
func (s *Session) Read(ctx context.Context) (session.Frame, error) {
	f, err := s.conn.Read(ctx)
	return f, s.explain(err)
}

// explain makes an error for people of a session's end.
func (s *Session) explain(err error) error {
	s.mu.Lock()
	refused := s.refused
	s.mu.Unlock()
	reset, isReset := errors.AsType[*session.Reset](err)
	const hint = "the job itself may go on: turno ps shows it"
	switch {
	case err == nil:
		return nil
	case refused != nil:
		return refused
	case isReset:
		return turno.Errorf(turno.CodeUnavailable, "the session has ended: %s", reset.Reason).WithHint(hint)
	case errors.Is(err, session.ErrLost):
		return turno.Errorf(turno.CodeUnavailable, "the session was lost: nothing was heard of the job's worker for %s", session.DefaultLost).
			WithHint(hint)
	}
	return err
}

// finishWithin is how long Close waits until the other side has heard it.
const finishWithin = 2 * time.Second

// Close says that nothing more comes, and ends the session.
func (s *Session) Close() error {
	s.conn.CloseWrite()
	timer := time.NewTimer(finishWithin)
	defer timer.Stop()
	select {
	case <-s.conn.Done():
	case <-timer.C:
	}
	s.send(context.Background(), session.ResetPacket("the client has gone")) // so that nobody waits for it
	s.cancel(errors.New("the client has gone"))
	s.group.Wait()
	return nil
}
