package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"turno"
)

// shared answers the same question once for all who ask it at a time: fifty
// open pages cost the store what one does. Nobody gets what was read before
// they asked, so whoever has heard of a change finds it. It stands below
// access.Gate, which says by the query what somebody may see; callers must not
// write to what they get.
type shared struct {
	turno.Service
	jobs    lanes[turno.JobPage]
	summary lanes[turno.Summary]
	facets  lanes[turno.Facets]
}

func (s *shared) Jobs(ctx context.Context, q turno.JobQuery) (turno.JobPage, error) {
	return s.jobs.read(ctx, fmt.Sprintf("%#v", q), func(ctx context.Context) (turno.JobPage, error) { return s.Service.Jobs(ctx, q) })
}

func (s *shared) Summary(ctx context.Context) (turno.Summary, error) {
	return s.summary.read(ctx, "", s.Service.Summary)
}

// Facets implements turno.Counter.
func (s *shared) Facets(ctx context.Context, q turno.CountQuery) (turno.Facets, error) {
	c, ok := s.Service.(turno.Counter)
	if !ok {
		return turno.Facets{}, turno.Errorf(turno.CodeNotFound, "this server does not count jobs")
	}
	return s.facets.read(ctx, fmt.Sprintf("%#v", q), func(ctx context.Context) (turno.Facets, error) { return c.Facets(ctx, q) })
}

// Preview implements turno.Previewer.
func (s *shared) Preview(ctx context.Context, spec *turno.Spec) (turno.Preview, error) {
	p, ok := s.Service.(turno.Previewer)
	if !ok {
		return turno.Preview{}, turno.Errorf(turno.CodeNotFound, "this server cannot try jobs")
	}
	return p.Preview(ctx, spec)
}

const (
	// readsAtOnce of one question are as quick as the store is; beyond them there
	// are so many a second.
	readsAtOnce   = 20
	readsASecond  = 10
	readTimeout   = 30 * time.Second
	keptQuestions = 1000
)

// lanes are the questions that are asked now, or were a moment ago.
type lanes[T any] struct {
	mu sync.Mutex // guards by and what is in it
	by map[string]*lane[T]
}

// lane is one question. Reads of it come one after the other.
type lane[T any] struct {
	turn chan struct{} // capacity 1: who has put a token in reads
	next *answer[T]    // what will be read; who comes once it is being read waits for the one after
	uses int
	left float64 // reads, as of at
	at   time.Time
}

type answer[T any] struct {
	done  chan struct{} // closed when the others are set
	value T
	err   error
}

// read asks, or waits for who does. Who asks first for the next answer reads it
// for all, also when its own client has gone meanwhile.
func (l *lanes[T]) read(ctx context.Context, key string, read func(context.Context) (T, error)) (T, error) {
	a, lane, mine := l.join(key)
	defer l.leave(lane)
	if mine {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		lane.turn <- struct{}{}
		defer func() { <-lane.turn }()
		l.pause(lane)
		l.mu.Lock()
		lane.next = nil
		l.mu.Unlock()
		a.err = context.Canceled // if it panics
		defer close(a.done)
		a.value, a.err = read(ctx)
		return a.value, a.err
	}
	select {
	case <-a.done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// join gives the next answer to a question, and whether it is the caller's to read.
func (l *lanes[T]) join(key string) (a *answer[T], _ *lane[T], mine bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.by[key]
	if one == nil {
		if l.by == nil || len(l.by) >= keptQuestions {
			l.sweep()
		}
		one = &lane[T]{turn: make(chan struct{}, 1), left: readsAtOnce, at: time.Now()}
		l.by[key] = one
	}
	one.uses++
	if mine = one.next == nil; mine {
		one.next = &answer[T]{done: make(chan struct{})}
	}
	return one.next, one, mine
}

func (l *lanes[T]) leave(one *lane[T]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one.uses--
}

// sweep forgets what nobody asks now. It is called under mu.
func (l *lanes[T]) sweep() {
	kept := map[string]*lane[T]{}
	for key, one := range l.by {
		if one.uses > 0 {
			kept[key] = one
		}
	}
	l.by = kept
}

// pause waits until the question may be read again. Who waits has its turn.
func (l *lanes[T]) pause(one *lane[T]) {
	l.mu.Lock()
	now := time.Now()
	one.left = min(readsAtOnce, one.left+readsASecond*now.Sub(one.at).Seconds()) - 1
	one.at = now
	wait := time.Duration(max(0, -one.left) / readsASecond * float64(time.Second))
	l.mu.Unlock()
	time.Sleep(wait)
}
