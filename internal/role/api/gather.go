package api

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"turno"
	"turno/internal/access"
)

const (
	// gatherEvery is how often who asked for it is told what has changed: as live
	// as a person can tell.
	gatherEvery = 250 * time.Millisecond
	// gatherMost jobs are told one by one; of more it is said that much has
	// changed: who shows a hundred rows reads those again for less.
	gatherMost = 200
)

// gathering follows changes once for all pages that are open, whatever is
// changing: each is told four times a second, with the newest of each job.
//
//	Service.Events ─▶ follow: newest by job ─(4 Hz)─▶ digest ─▶ each stream
type gathering struct {
	mu    sync.Mutex // guards all below
	users int
	stop  context.CancelFunc
	ended chan struct{} // closed when the one that follows has
	now   *digest       // the newest; its next is closed when there is a newer
}

// digest is what has changed in a moment. Constant once its next is closed.
type digest struct {
	revision uint64
	events   []turno.Event // none: read again what you show
	text     []byte        // of all
	err      error         // it is the last
	next     chan struct{}
	then     *digest
}

// join gives the digest to wait behind. Who comes first begins to follow; who
// leaves last ends that and waits for it.
func (g *gathering) join(s turno.Service) (at *digest, leave func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.users == 0 || g.now.err != nil {
		if g.stop != nil {
			g.stop() // of one that has ended
		}
		ctx, cancel := context.WithCancel(context.Background())
		g.now, g.stop, g.ended = &digest{next: make(chan struct{})}, cancel, make(chan struct{})
		go g.follow(ctx, s, g.now, g.ended) // leave waits for it
	}
	g.users++
	return g.now, func() {
		g.mu.Lock()
		g.users--
		last, stop, ended := g.users == 0, g.stop, g.ended
		g.mu.Unlock()
		if last {
			stop()
			<-ended
		}
	}
}

func (g *gathering) follow(ctx context.Context, s turno.Service, at *digest, ended chan struct{}) {
	defer close(ended)
	news := make(chan turno.Event, gatherMost) // so that a digest's making does not hold up the feed
	var err error
	var group sync.WaitGroup
	group.Go(func() {
		defer close(news)
		for e, failed := range s.Events(ctx, turno.EventQuery{}) {
			if err = failed; failed != nil {
				return
			}
			select {
			case news <- e:
			case <-ctx.Done():
				return
			}
		}
	})
	defer group.Wait()
	tick := time.NewTicker(gatherEvery)
	defer tick.Stop()
	p := pile{by: map[int64]turno.Event{}}
	for open := true; open; {
		var e turno.Event
		select {
		case e, open = <-news:
			if open {
				p.add(e)
			}
		case <-tick.C:
			if d := p.take(); d != nil {
				at = g.tell(at, d)
			}
		}
	}
	if err == nil {
		err = context.Canceled
	}
	g.tell(at, &digest{err: err})
}

// tell puts a digest behind another one.
func (g *gathering) tell(at, d *digest) *digest {
	d.next = make(chan struct{})
	at.then = d
	g.mu.Lock()
	if g.now == at {
		g.now = d
	}
	g.mu.Unlock()
	close(at.next)
	return d
}

// pile is what has changed since the last digest.
type pile struct {
	revision uint64
	by       map[int64]turno.Event
	order    []int64
	reset    bool
}

func (p *pile) add(e turno.Event) {
	p.revision = max(p.revision, e.Revision)
	switch {
	case p.reset:
		return
	case e.Reset, len(p.order) == gatherMost && p.by[e.Number].Number == 0:
		p.reset = true
		return
	}
	if p.by[e.Number].Number == 0 {
		p.order = append(p.order, e.Number)
	}
	p.by[e.Number] = e
}

// take makes a digest of what there is; nil: nothing has changed.
func (p *pile) take() *digest {
	if !p.reset && len(p.order) == 0 {
		return nil
	}
	d := &digest{revision: p.revision}
	if p.reset {
		d.text = resetText(d.revision)
	} else {
		for _, number := range p.order {
			e := p.by[number]
			e.Revision = p.revision // who goes on from here has seen all of it
			d.events = append(d.events, e)
			d.text = append(d.text, eventText(e)...)
		}
	}
	clear(p.by)
	p.order, p.reset = p.order[:0], false
	return d
}

func resetText(revision uint64) []byte {
	return fmt.Appendf(nil, "id: %d\nevent: reset\ndata: {\"revision\":%d,\"reset\":true}\n\n", revision, revision)
}

func eventText(e turno.Event) []byte {
	data, _ := json.Marshal(e) // words and numbers: cannot fail
	return fmt.Appendf(nil, "id: %d\nevent: job\ndata: %s\n\n", e.Revision, data)
}

// fillGathered adds digests to a stream until ctx is done or the client is too
// slow. It begins with "read again", as every stream that begins at now.
func (a *Role) fillGathered(ctx context.Context, s *stream) {
	at, leave := a.gathering.join(a.o.Service)
	defer leave()
	if at.revision > 0 { // else the first digest says it
		s.add(resetText(at.revision))
	}
	for {
		select {
		case <-at.next:
			at = at.then
		case <-ctx.Done():
			return
		}
		if at.err != nil {
			a.log.Warn("ended a stream of events", "err", at.err)
			return
		}
		text, err := a.visibleText(ctx, at)
		if err != nil {
			a.log.Warn("ended a stream of events", "err", err)
			return
		}
		if len(text) > 0 && !s.add(text) {
			a.metrics.Slow()
			a.log.Info("dropped a slow reader of events")
			return
		}
	}
}

// visibleText is of a digest what whoever asks may see.
func (a *Role) visibleText(ctx context.Context, d *digest) ([]byte, error) {
	if who := access.Of(ctx); d.events == nil || who == nil || who.SeesAll() {
		return d.text, nil
	}
	var text []byte
	for _, e := range d.events {
		ok, err := a.gate.Sees(ctx, e.Number)
		if err != nil {
			return nil, err
		}
		if ok {
			text = append(text, eventText(e)...)
		}
	}
	return text, nil
}
