package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"turno"
	"turno/internal/access"
)

// Bounds keep one client from taking what all need. A field that is 0 has its
// default; a negative one is no bound.
type Bounds struct {
	// Bytes of bodies that are held at a time, from their first byte to the
	// answer. What is made of a body takes about four times as much.
	Bytes int64
	// Rate of requests that change something, a second, for each user; twice as
	// many may come at once.
	Rate float64
	// Streams of events that each user may have open.
	Streams int
}

// Defaults: 64 MiB of bodies are four bulk submissions of 10,000 large jobs, or
// thousands of single ones, and a quarter of a gigabyte at the worst. A program
// that submits jobs one by one gets a few hundred answers a second.
const (
	DefaultBytes   = 64 << 20
	DefaultRate    = 1000
	DefaultStreams = 200
)

const (
	// least is what a body counts at least: its request costs that.
	least = 16 << 10
	// lineUp is how long a request waits for others before it is turned away:
	// bursts pass.
	lineUp = time.Second
	// busyRetry is when to come again.
	busyRetry = time.Second
)

func (b *Bounds) fill() {
	if b.Bytes == 0 {
		b.Bytes = DefaultBytes
	}
	b.Bytes = max(b.Bytes, 2*maxBody) // the largest body must pass
	if b.Rate == 0 {
		b.Rate = DefaultRate
	}
	if b.Streams == 0 {
		b.Streams = DefaultStreams
	}
}

// gate lets bodies in while there is room for their bytes, in order of arrival.
type gate struct {
	most int64

	mu    sync.Mutex // guards all below
	used  int64
	queue []*ticket
}

type ticket struct {
	bytes int64
	in    chan struct{} // closed when it is let in
}

// enter waits for room; leave gives it back.
func (g *gate) enter(ctx context.Context, bytes int64) (leave func(), err error) {
	t := &ticket{bytes: min(max(bytes, least), g.most), in: make(chan struct{})}
	g.mu.Lock()
	g.queue = append(g.queue, t)
	g.admit()
	g.mu.Unlock()
	patience := time.NewTimer(lineUp)
	defer patience.Stop()
	select {
	case <-t.in:
		return func() { g.leave(t) }, nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-patience.C:
		err = turno.Errorf(turno.CodeBusy, "too much is being submitted at once").
			WithHint("nothing of this was taken: try again in a moment").After(busyRetry)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-t.in: // just now
		g.used -= t.bytes
	default:
		t.bytes = 0 // admit passes over it
	}
	g.admit()
	return nil, err
}

func (g *gate) leave(t *ticket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.used -= t.bytes
	g.admit()
}

// admit is called under mu.
func (g *gate) admit() {
	for len(g.queue) > 0 && g.used+g.queue[0].bytes <= g.most {
		t := g.queue[0]
		g.queue = g.queue[1:]
		if t.bytes > 0 {
			g.used += t.bytes
			close(t.in)
		}
	}
}

// users counts what each user does, with whatever token. There are no more than
// tokens: who has none is turned away before.
type users struct {
	mu sync.Mutex // guards by
	by map[string]*userUse
}

type userUse struct {
	left    float64 // requests, as of at
	at      time.Time
	streams int
}

func (t *users) of(user string) *userUse {
	if t.by == nil {
		t.by = map[string]*userUse{}
	}
	u := t.by[user]
	if u == nil {
		u = &userUse{}
		t.by[user] = u
	}
	return u
}

// spend takes one request off a user's account, which fills by rate a second
// to twice the rate. It gives how long to wait if there is none.
func (t *users) spend(user string, rate float64, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.of(user)
	if u.at.IsZero() {
		u.left = 2 * rate
	} else {
		u.left = min(2*rate, u.left+rate*now.Sub(u.at).Seconds())
	}
	u.at = now
	if u.left < 1 {
		return time.Duration((1 - u.left) / rate * float64(time.Second))
	}
	u.left--
	return 0
}

// stream takes one of a user's streams; close gives it back.
func (t *users) stream(user string, most int) (closed func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.of(user)
	if most > 0 && u.streams >= most {
		return nil, false
	}
	u.streams++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		u.streams--
	}, true
}

// hurried turns away who changes too much in too short a time.
func (a *Role) hurried(w http.ResponseWriter, r *http.Request, who *access.Who) bool {
	if r.Method != http.MethodPost || a.o.Bounds.Rate < 0 {
		return false
	}
	wait := a.uses.spend(who.User(), a.o.Bounds.Rate, time.Now())
	if wait <= 0 {
		return false
	}
	a.refuse(w, r, turno.Errorf(turno.CodeBusy, "more than %g requests a second come from %s", a.o.Bounds.Rate, orToken(who.User())).
		WithHint("nothing of this was taken: try again in a moment; many jobs go in one request").After(wait))
	return true
}

// enter waits for room for a request's body. Large ones have a half of it to
// themselves, and no more: they may come slowly.
func (a *Role) enter(r *http.Request) (leave func(), err error) {
	bytes := r.ContentLength
	if bytes < 0 {
		bytes = maxBody
	}
	if bytes > maxSmall {
		return a.large.enter(r.Context(), bytes)
	}
	return a.bodies.enter(r.Context(), bytes)
}

// orToken names a user in a sentence; the token of a server's file may have none.
func orToken(user string) string {
	if user == "" {
		return "this token"
	}
	return user
}
