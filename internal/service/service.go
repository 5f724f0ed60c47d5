// Package service is turno.Service on a broker and a store. It decides nothing
// about jobs: it checks what is handed in, asks the scheduler through the
// broker, and reads what the scheduler has committed.
//
//	Submit ──▶ check ──▶ jobs queue ────┐             ┌──▶ store ──▶ Jobs, Job, Log, Events, …
//	Act, Explain, ──▶ control queue ────┴▶ scheduler ─┤
//	Workers    ▲                                      └──▶ inbox ─┐
//	           └──────────────────────────────────────────────────┘
//
// Run owns the two goroutines there are: one hands on answers from the inbox,
// the other listens to the output that workers send. All else runs in the
// caller's goroutine.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"turno"
	"turno/internal/broker"
	"turno/internal/store"
)

// DefaultAskTimeout is how long the scheduler has to answer: ten times its
// slowest commit, and no longer than a person waits without wondering.
const DefaultAskTimeout = 2 * time.Second

// Store is what a Service reads.
type Store interface {
	store.Store
	store.DeadLetters
	store.Facets
	store.Webhooks
}

// Options of a Service. Broker and Store are required.
type Options struct {
	Broker broker.Broker
	Store  Store
	// Normalize fills in a workload's own defaults; turno.Spec.Normalize runs
	// after it. Check finds what is wrong with Params; turno.Spec.Validate runs
	// before it. Both may be nil, and must be safe for concurrent use.
	Normalize func(*turno.Spec)
	Check     func(*turno.Spec) *turno.Error
	Types     []turno.Type
	Log       *slog.Logger
	// AskTimeout is how long the scheduler may be silent; 0: DefaultAskTimeout.
	// Submissions wait five times as long unless the broker is Durable.
	AskTimeout time.Duration
	// Durable says that a broker's confirm outlives a power cut: then a
	// submission without an answer is submitted, else its outcome is unknown.
	Durable bool
}

// Service implements turno.Service. It works while Run runs; before that its
// methods wait, after that they fail.
type Service struct {
	o   Options
	log *slog.Logger

	desk  desk
	tails tails
	ready chan struct{} // closed once the inbox is there
	inbox string        // its address; written before ready is closed
	ended chan struct{} // closed when Run returns
}

var _ turno.Service = (*Service)(nil)

// New makes a Service. It does nothing until Run is called.
func New(o Options) (*Service, error) {
	if o.Broker == nil || o.Store == nil {
		return nil, errors.New("service: a broker and a store are required")
	}
	if o.AskTimeout <= 0 {
		o.AskTimeout = DefaultAskTimeout
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{
		o: o, log: o.Log.With("part", "service"),
		desk:  desk{open: map[string]ticket{}},
		tails: tails{followers: map[*follower]struct{}{}},
		ready: make(chan struct{}), ended: make(chan struct{}),
	}, nil
}

// Run receives what the scheduler answers and what workers print, until ctx is
// done or the broker fails. Call it once.
func (s *Service) Run(ctx context.Context) error {
	defer close(s.ended)
	inbox, err := s.o.Broker.Inbox(ctx)
	if err != nil {
		return fmt.Errorf("open an inbox: %w", err)
	}
	output, err := s.o.Broker.Subscribe(ctx, broker.LogStream+"*")
	if err != nil {
		return errors.Join(fmt.Errorf("subscribe to output: %w", err), inbox.Close())
	}
	s.inbox = inbox.Address()
	close(s.ready)

	ctx, stop := context.WithCancelCause(ctx)
	var group sync.WaitGroup
	group.Go(func() { stop(s.hearAnswers(ctx, inbox)) })
	group.Go(func() { stop(s.hearOutput(ctx, output)) })
	group.Wait()
	err = errors.Join(inbox.Close(), output.Close())
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

func (s *Service) hearAnswers(ctx context.Context, inbox broker.Inbox) error {
	for {
		answers, err := inbox.Receive(ctx)
		if err != nil {
			return fmt.Errorf("receive answers: %w", err)
		}
		s.desk.deliver(answers)
	}
}

func (s *Service) hearOutput(ctx context.Context, output broker.Watcher) error {
	for {
		values, err := output.Receive(ctx)
		if err != nil {
			return fmt.Errorf("receive output: %w", err)
		}
		for _, v := range values {
			s.tails.receive(v.Body)
		}
	}
}

// errStopping is what calls get that find no running Service.
var errStopping = turno.Errorf(turno.CodeUnavailable, "turno is shutting down").WithHint("try again in a moment")

// wait returns the inbox's address once there is one.
func (s *Service) wait(ctx context.Context) (string, error) {
	select {
	case <-s.ended:
		return "", errStopping
	default:
	}
	select {
	case <-s.ready:
		return s.inbox, nil
	case <-s.ended:
		return "", errStopping
	case <-ctx.Done():
		return "", fmt.Errorf("wait for the broker: %w", context.Cause(ctx))
	}
}
