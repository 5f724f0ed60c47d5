package cli

import (
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows how far long work is: a bar on a terminal, a line a step
// elsewhere. Safe for concurrent use.
type progress struct {
	s     *session
	lines bool
	pool  *mpb.Progress
	bar   *mpb.Bar

	note struct {
		sync.Mutex
		text string
	}
}

func (s *session) progress(name string, total int64) *progress {
	p := &progress{s: s, lines: !s.errLook.terminal}
	if p.lines {
		return p
	}
	p.pool = mpb.New(mpb.WithOutput(s.io.Err), mpb.WithWidth(64))
	p.bar = p.pool.AddBar(total, mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(name), decor.CountersNoUnit(" %d/%d", decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return p.last() })))
	return p
}

// last is called by the bar's goroutine.
func (p *progress) last() string {
	p.note.Lock()
	defer p.note.Unlock()
	return p.note.text
}

// step counts n more as done and says what they were.
func (p *progress) step(n int, what string) {
	if p.lines {
		if what != "" {
			p.s.notef("  %s\n", clean(what, false))
		}
		return
	}
	p.note.Lock()
	p.note.text = " " + clean(what, false)
	p.note.Unlock()
	p.bar.IncrBy(n)
}

// stop takes the bar away.
func (p *progress) stop() {
	if p.pool == nil {
		return
	}
	if !p.bar.Completed() {
		p.bar.Abort(true)
	}
	p.pool.Wait()
}

// at says how far it is of a total that is only guessed at.
func (p *progress) at(done, total int64, what string) {
	if p.lines {
		p.s.notef("  %s\n", clean(what, false))
		return
	}
	p.note.Lock()
	p.note.text = " " + clean(what, false)
	p.note.Unlock()
	p.bar.SetTotal(max(total, done+1), false)
	p.bar.SetCurrent(done)
}
