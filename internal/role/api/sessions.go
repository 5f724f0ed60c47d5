package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
	"turno/internal/service"
	"turno/internal/session"
)

// Linker finds the way to the worker of a job.
type Linker func(ctx context.Context, ref string, id session.ID, again bool) (*service.Link, error)

const (
	// maxLinks is how many sessions go through this server at a time; each
	// costs two goroutines and a broker's subscription.
	maxLinks = 200
	// maxPacket is above what a session's packet holds.
	maxPacket = 128 << 10
)

type sessionIn struct {
	Ref   string `path:"ref" doc:"number (42), task (42_7) or id"`
	ID    string `query:"id" required:"true" doc:"32 random hexadecimal digits; the same again goes on with a session"`
	Again bool   `query:"again" doc:"the connection of this session broke"`
}

func (a *Role) routeSessions() {
	raw(a, huma.Operation{
		Method: http.MethodGet, Path: base + "/jobs/{ref}/session", OperationID: "session",
		Summary: "Sit at a job's terminal, or run a command inside it",
		Description: "A WebSocket that carries the packets of a session, which is between the client and the job's worker: " +
			"see package internal/session of turno's source. Use turno exec, turno attach, or package client.",
		Responses: map[string]*huma.Response{"101": {Description: "A WebSocket with binary messages"}},
		Security:  roles(access.Submit),
		Errors:    []int{http.StatusForbidden, http.StatusConflict, http.StatusUpgradeRequired, http.StatusTooManyRequests},
	}, a.session)
}

func (a *Role) session(w http.ResponseWriter, r *http.Request, in *sessionIn) error {
	id, err := session.ParseID(in.ID)
	if err != nil {
		return turno.Errorf(turno.CodeMalformed, "id: %v", err)
	}
	if r.Header.Get("Upgrade") != "websocket" || r.Method != http.MethodGet {
		w.Header().Set("Upgrade", "websocket")
		return problemOf(turno.Errorf(turno.CodeMalformed, "this is for WebSockets").WithHint("use turno exec or turno attach"), http.StatusUpgradeRequired)
	}
	if a.o.Link == nil {
		return turno.Errorf(turno.CodeNotFound, "this server does not let jobs be entered")
	}
	select {
	case a.links <- struct{}{}:
		defer func() { <-a.links }()
	default:
		w.Header().Set("Retry-After", "5")
		return problemOf(turno.Errorf(turno.CodeUnavailable, "too many sessions are open"), http.StatusTooManyRequests)
	}
	ctx, cancel := a.untilClosing(r)
	defer cancel()
	if err := a.gate.Enter(ctx, in.Ref); err != nil {
		return err
	}
	link, err := a.o.Link(ctx, in.Ref, id, in.Again)
	if err != nil {
		return err
	}
	defer link.Close()
	if r.ProtoMajor != 1 {
		return turno.Errorf(turno.CodeNotFound, "sessions need HTTP/1.1")
	}
	// The deadlines of an ordinary answer do not hold here; the origin was
	// checked before.
	c := http.NewResponseController(w)
	_, _ = c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{})
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		a.log.Debug("did not open a WebSocket", "err", err) // it has answered
		return nil
	}
	if !in.Again {
		a.log.Info("let a client into a job", "job", link.Job.Display(), "user", access.Of(ctx).User(), "from", r.RemoteAddr)
		a.access.Note(ctx, turno.AuditEntry{From: address(r), Action: "session", Object: "job " + link.Job.Display(), Result: turno.AuditDone, Status: http.StatusSwitchingProtocols})
	}
	a.relay(ctx, socket, link)
	return nil
}

// relay carries packets both ways until one side is gone.
func (a *Role) relay(ctx context.Context, socket *websocket.Conn, link *service.Link) {
	defer socket.CloseNow()
	socket.SetReadLimit(maxPacket)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() {
		defer cancel()
		for {
			packets, err := link.Receive(ctx)
			for _, p := range packets {
				if writePacket(ctx, socket, p) != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	})
	for {
		kind, packet, err := socket.Read(ctx)
		if err != nil || kind != websocket.MessageBinary || link.Send(ctx, packet) != nil {
			break
		}
	}
	cancel()
	group.Wait()
}

func writePacket(ctx context.Context, socket *websocket.Conn, p []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return socket.Write(ctx, websocket.MessageBinary, p)
}
