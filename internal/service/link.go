package service

import (
	"context"
	"errors"
	"fmt"

	"turno"
	"turno/internal/broker"
	"turno/internal/session"
	"turno/internal/wire"
)

// Link carries the packets of one client's session to the worker of a job and
// back. It may lose some: the session's two sides make up for that.
type Link struct {
	Job    turno.Job
	broker broker.Broker
	to     string
	head   wire.Session
	back   broker.Watcher
}

// Link finds the worker of a job's last attempt. A session that goes on after
// its connection broke (again) may be of a job that has ended meanwhile.
func (s *Service) Link(ctx context.Context, ref string, id session.ID, again bool) (*Link, error) {
	job, err := s.Job(ctx, ref)
	if err != nil {
		return nil, err
	}
	at := job.Current()
	switch {
	case job.Tasks != nil:
		return nil, turno.Errorf(turno.CodeConflict, "job %s is an array: each of its tasks is a job of its own", job.Display()).
			WithHint("name one of them: %s_%d", job.Display(), job.Spec.Array.Tasks.First())
	case at == nil || job.State == turno.Queued || job.State == turno.Held:
		return nil, turno.Errorf(turno.CodeConflict, "job %s does not run: it is %s (%s)", job.Display(), job.State, job.Reason).
			WithHint("turno why %s says what it waits for", job.Display())
	case job.State.Ended() && !again:
		return nil, turno.Errorf(turno.CodeConflict, "job %s has ended: it is %s", job.Display(), job.State).
			WithHint("its output is there: turno logs %s", job.Display())
	case job.Spec.Type != "exec":
		return nil, turno.Errorf(turno.CodeConflict, "job %s runs inside a warm runner of its worker: only commands can be entered", job.Display())
	}
	back, err := s.o.Broker.Subscribe(ctx, broker.ClientStream+id.String())
	if err != nil {
		return nil, fmt.Errorf("subscribe to a session: %w", err)
	}
	return &Link{
		Job: job, broker: s.o.Broker, to: broker.SessionStream + at.Worker, back: back,
		head: wire.Session{AttemptKey: turno.AttemptKey{Job: job.Number, Attempt: at.Number}, ID: id},
	}, nil
}

// Send hands a packet on.
func (l *Link) Send(ctx context.Context, packet []byte) error {
	m := l.head
	m.Packet = packet
	if err := l.broker.Send(ctx, l.to, wire.EncodeSession(m)); errors.Is(err, broker.ErrClosed) {
		return fmt.Errorf("send to a session: %w", err)
	}
	return nil // what is lost is sent again
}

// Receive waits for packets of the worker.
func (l *Link) Receive(ctx context.Context) ([][]byte, error) {
	values, err := l.back.Receive(ctx)
	var packets [][]byte
	for _, v := range values {
		packets = append(packets, v.Body)
	}
	return packets, err
}

// Close ends it.
func (l *Link) Close() error { return l.back.Close() }
