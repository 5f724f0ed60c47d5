package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"turno"
	"turno/internal/broker"
	"turno/internal/role/worker/child"
	"turno/internal/session"
	"turno/internal/wire"
)

const (
	// maxSessions of one worker, and of one job: each may hold half a MiB.
	maxSessions    = 256
	maxJobSessions = 16
	// maxLingering bounds those that have ended and still answer, with the rest.
	maxLingering = 2000
	// openWithin is how long a client has to say what it wants.
	openWithin = 15 * time.Second
)

// sessions lets clients sit at jobs' terminals and run commands inside jobs.
//
//	client ─▶ API ─▶ session stream ─▶ sessions ─▶ child.Stream ─▶ shim or keeper
//	       ◀──────── client stream  ◀─          ◀─
//
// Who may do that is the API's affair.
type sessions struct {
	role  *Role
	group sync.WaitGroup
	ready chan struct{} // closed when what an earlier agent left can be entered

	mu      sync.Mutex // guards all below
	open    map[session.ID]*visitor
	targets map[turno.AttemptKey]target
}

// target is a command that can be entered.
type target struct {
	attempt *attempt
	process *child.Process
}

type visitor struct {
	id   session.ID
	key  turno.AttemptKey
	conn *session.Conn
	over bool // guarded by sessions.mu: nothing is left to say, it only still answers
}

// openSessions takes packets until ctx is done; the role's group waits for it.
func openSessions(ctx context.Context, r *Role) (*sessions, error) {
	packets, err := r.o.Broker.Subscribe(ctx, broker.SessionStream+r.o.Name)
	if err != nil {
		return nil, fmt.Errorf("watch for sessions: %w", err)
	}
	s := &sessions{role: r, ready: make(chan struct{}), open: map[session.ID]*visitor{}, targets: map[turno.AttemptKey]target{}}
	r.group.Go(func() {
		defer packets.Close()
		s.run(ctx, packets)
	})
	return s, nil
}

// admit makes a command one that can be entered, until forget.
func (s *sessions) admit(a *attempt, p *child.Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.targets[a.key] = target{a, p}
}

func (s *sessions) forget(k turno.AttemptKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.targets, k)
}

// run takes packets until ctx is done; then sessions end, and jobs do not.
func (s *sessions) run(ctx context.Context, packets broker.Watcher) {
	stopping := errors.New("the worker is being stopped")
	own, stop := context.WithCancelCause(context.WithoutCancel(ctx)) // so that the cause is told
	leave := context.AfterFunc(ctx, func() { stop(stopping) })
	defer leave()
	defer s.group.Wait()
	defer stop(stopping)
	for {
		values, err := packets.Receive(ctx)
		for _, v := range values {
			if m, err := wire.DecodeSession(v.Body); err == nil {
				s.receive(own, m)
			}
		}
		if err != nil {
			return
		}
	}
}

func (s *sessions) receive(ctx context.Context, m wire.Session) {
	v, refusal := s.find(ctx, m)
	switch {
	case v != nil && v.key == m.AttemptKey:
		v.conn.Receive(m.Packet)
	case v == nil && !session.IsReset(m.Packet):
		s.send(ctx, m.ID, session.ResetPacket(refusal))
	}
}

// find gives the session of a packet, a new one if it begins one.
func (s *sessions) find(ctx context.Context, m wire.Session) (v *visitor, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v = s.open[m.ID]; v != nil {
		return v, ""
	}
	if !session.First(m.Packet) {
		return nil, "its worker was restarted, or has ended the session"
	}
	all, same := 0, 0
	for _, other := range s.open { // order-free: counted
		if !other.over {
			all++
		}
		if !other.over && other.key == m.AttemptKey {
			same++
		}
	}
	if all >= maxSessions || same >= maxJobSessions || len(s.open) >= maxLingering {
		return nil, "too many sessions are open there"
	}
	v = &visitor{id: m.ID, key: m.AttemptKey}
	v.conn = session.New(session.Options{Send: func(ctx context.Context, p []byte) { s.send(ctx, v.id, p) }})
	s.open[m.ID] = v
	s.group.Go(func() { s.serve(ctx, v) })
	return v, ""
}

func (s *sessions) send(ctx context.Context, id session.ID, packet []byte) {
	// What is lost is sent again.
	_ = s.role.o.Broker.Send(context.WithoutCancel(ctx), broker.ClientStream+id.String(), packet)
}

// serve runs one session to its end.
func (s *sessions) serve(ctx context.Context, v *visitor) {
	var group sync.WaitGroup
	group.Go(func() { _ = v.conn.Run(ctx) })
	defer func() {
		group.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, v.id)
	}()
	defer func() {
		v.finish(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		v.over = true
	}()
	open, err := v.opening(ctx)
	if err != nil {
		return // it said nothing that can be answered
	}
	select {
	case <-s.ready:
	case <-ctx.Done():
		return
	}
	if open.Signal != "" {
		s.signal(ctx, v, open.Signal)
		return
	}
	stream, err := s.enter(ctx, v, open)
	if err != nil {
		v.refuse(ctx, err)
		return
	}
	s.role.log.Info("opened a session", "job", v.key.Job, "attempt", v.key.Attempt, "command", first(open.Command), "terminal", open.Size != nil)
	defer s.role.log.Info("ended a session", "job", v.key.Job, "attempt", v.key.Attempt)
	if v.conn.Write(ctx, session.KindOpened, nil) == nil {
		var up sync.WaitGroup
		up.Go(func() { v.listen(ctx, stream, len(open.Command) > 0) })
		v.tell(ctx, stream)
		v.finish(ctx)
		defer up.Wait()
	}
	_ = stream.Close()
}

// finish ends what the worker says. One that stops has not heard the command's
// end: the connection's own Run tells the client why there is none.
func (v *visitor) finish(ctx context.Context) {
	if ctx.Err() == nil {
		v.conn.CloseWrite()
	}
}

func first(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// opening reads what the client wants.
func (v *visitor) opening(ctx context.Context) (session.Open, error) {
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	var open session.Open
	f, err := v.conn.Read(ctx)
	if err == nil && f.Kind != session.KindOpen {
		err = errors.New("a session must begin with what it is for")
	}
	if err == nil {
		err = json.Unmarshal(f.Data, &open)
	}
	if err != nil {
		v.conn.Abort("the worker did not understand what the session is for")
	}
	return open, err
}

// refuse says why a session cannot be.
func (v *visitor) refuse(ctx context.Context, err error) {
	kind, text := byte(session.KindError), []byte(err.Error())
	if setup, ok := errors.AsType[*child.SetupFailed](err); ok {
		kind = session.KindExit
		text, _ = json.Marshal(session.Exit{Code: setup.Code, Message: setup.Message})
	}
	_ = v.conn.Write(ctx, kind, text[:min(len(text), session.MaxFrame)])
}

func (s *sessions) target(k turno.AttemptKey) (target, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.targets[k]
	if !ok {
		return t, errors.New("the job does not run on this worker")
	}
	return t, nil
}

// signal sends one to the job, and leaves it be.
func (s *sessions) signal(ctx context.Context, v *visitor, name string) {
	t, err := s.target(v.key)
	if err == nil {
		var number syscall.Signal
		if number, err = signalOf(name); err == nil {
			err = t.process.Signal(number)
		}
	}
	if err != nil {
		v.refuse(ctx, err)
		return
	}
	s.role.log.Info("sent a signal", "job", v.key.Job, "attempt", v.key.Attempt, "signal", name)
	_ = v.conn.Write(ctx, session.KindOpened, nil)
}

// enter connects to the job.
func (s *sessions) enter(ctx context.Context, v *visitor, o session.Open) (*child.Stream, error) {
	t, err := s.target(v.key)
	if err != nil {
		return nil, err
	}
	if len(o.Command) == 0 {
		stream, err := t.process.Open(ctx, nil)
		if err == nil && o.Size != nil {
			err = stream.Send(child.Talk{Size: (*child.Terminal)(o.Size)})
		}
		return stream, err
	}
	dir, _ := s.role.commands.dir(t.attempt)
	env := s.role.environment(t.attempt, dir)
	if o.Dir != "" {
		if !filepath.IsAbs(o.Dir) {
			o.Dir = filepath.Join(dir, o.Dir)
		}
		dir = o.Dir
	}
	for _, k := range slices.Sorted(maps.Keys(o.Env)) {
		if err := turno.CheckVariable(k, o.Env[k]); err != nil {
			return nil, fmt.Errorf("the command's environment: %w", err)
		}
		env = append(env, k+"="+o.Env[k])
	}
	return t.process.Open(ctx, &child.Entry{Command: o.Command, Env: env, WorkDir: dir, Terminal: (*child.Terminal)(o.Size)})
}

// listen hands what the client says to the job. A client that is gone without
// having detached takes its terminal with it.
func (v *visitor) listen(ctx context.Context, stream *child.Stream, inside bool) {
	for {
		f, err := v.conn.Read(ctx)
		var t child.Talk
		switch {
		case ctx.Err() != nil: // the agent ends, the job lives
			_ = stream.Close()
			return
		case err != nil:
			if !errors.Is(err, session.ErrEnded) && !inside {
				_ = stream.Send(child.Talk{Hangup: true})
			}
			_ = stream.Close()
			return
		case f.Kind == session.KindDetach:
			_ = stream.Close()
			return
		case f.Kind == session.KindInput:
			t.Data = f.Data
		case f.Kind == session.KindEOF:
			t.EOF = true
		case f.Kind == session.KindHangup:
			t.Hangup = true
		case f.Kind == session.KindSize:
			var size session.Size
			if json.Unmarshal(f.Data, &size) != nil {
				continue
			}
			t.Size = (*child.Terminal)(&size)
		default:
			continue
		}
		if stream.Send(t) != nil {
			return
		}
	}
}

// tell hands what comes of the job to the client.
func (v *visitor) tell(ctx context.Context, stream *child.Stream) {
	for {
		t, err := stream.Receive()
		switch {
		case err != nil:
			return
		case t.Exit != nil:
			text, _ := json.Marshal(session.Exit{Code: t.Exit.Code, Signal: t.Exit.Signal, Message: t.Exit.Setup})
			err = v.conn.Write(ctx, session.KindExit, text)
		case t.Error != "":
			err = v.conn.Write(ctx, session.KindError, []byte(t.Error))
		case len(t.Data) > 0:
			kind := byte(session.KindOutput)
			if t.Stderr {
				kind = session.KindErrors
			}
			err = v.conn.Write(ctx, kind, t.Data)
		}
		if err != nil {
			return
		}
	}
}
