package cli

import (
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// barFrom this many bytes on a transfer has a bar: less is over at once.
const barFrom = 8 << 20

// transferBar shows how far a transfer is, on a terminal. Safe for concurrent
// use.
type transferBar struct {
	pool *mpb.Progress // nil: nothing is shown
	bar  *mpb.Bar

	note struct {
		sync.Mutex
		text string
	}
}

func (s *session) transferBar(name string, total int64) *transferBar {
	b := &transferBar{}
	if !s.errLook.terminal || total < barFrom {
		return b
	}
	b.pool = mpb.New(mpb.WithOutput(s.io.Err), mpb.WithWidth(64))
	b.bar = b.pool.AddBar(total, mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(name), decor.CountersKibiByte(" % .1f/% .1f", decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.AverageSpeed(decor.SizeB1024(0), " % .0f"), decor.Any(func(decor.Statistics) string {
			b.note.Lock()
			defer b.note.Unlock()
			return b.note.text
		})))
	return b
}

// add counts bytes as done; fewer than none take some back.
func (b *transferBar) add(n int64) {
	if b.bar != nil {
		b.say("")
		b.bar.IncrInt64(n)
	}
}

// say shows a note until something goes on, and tells whether it is seen.
func (b *transferBar) say(text string) bool {
	b.note.Lock()
	defer b.note.Unlock()
	if text != "" {
		text = " " + text
	}
	b.note.text = text
	return b.pool != nil
}

// stop takes the bar away; twice is once.
func (b *transferBar) stop() {
	if b.pool == nil {
		return
	}
	if !b.bar.Completed() {
		b.bar.Abort(true)
	}
	b.pool.Wait()
	b.pool = nil
}
