package cli

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"turno"
)

const (
	topShort = "show queues, GPUs, workers and jobs on the whole screen"
	topHelp  = `  turno top              q or Ctrl-C ends it, Tab shows one part alone, arrows scroll
  turno top --once       one frame, for a script or a report`
)

// topEvery is between two looks: GPUs are looked at once a second.
const topEvery = time.Second

func (s *session) topCommand() *cobra.Command {
	once, every := false, topEvery
	cmd := &cobra.Command{Use: "top", Short: topShort, Example: topHelp, Args: cobra.NoArgs}
	cmd.Flags().BoolVar(&once, "once", false, "print one frame and end; needs no terminal")
	cmd.Flags().DurationVar(&every, "every", topEvery, "how often to look, at least 100ms")
	cmd.RunE = s.service(func(ctx context.Context, svc turno.Service, _ []string) error {
		if every < 100*time.Millisecond {
			return usage("--every %s: use at least 100ms", every)
		}
		if once {
			f := lookAt(ctx, svc, s.sys.Now)
			if f.err != nil {
				return f.err
			}
			v := view{look: s.look, cols: s.look.width}
			for _, line := range v.frame(&f) {
				s.printf("%s\n", line)
			}
			return nil
		}
		return s.top(ctx, svc, every)
	})
	return cmd
}

// top takes over the terminal until a key, a signal or the context ends it; it
// gives it back as it was, also when it panics.
func (s *session) top(ctx context.Context, svc turno.Service, every time.Duration) error {
	in, ok := s.terminal()
	if !ok || !s.look.terminal || s.env("TERM") == "dumb" {
		return usage("top needs a terminal that can be drawn on; turno top --once prints one frame, turno gpus -w and turno watch go on without one")
	}
	restore, err := raw(in)
	if err != nil {
		return err
	}
	defer restore()
	sizes, stop := sizeChanges()
	defer stop()
	size := func() (int, int) { z := s.size(); return z.Rows, z.Cols }
	p := &player{view: view{look: s.look}, out: s.io.Out, size: size}
	resized := make(chan struct{}, 1)
	go func() {
		for range sizes {
			select {
			case resized <- struct{}{}:
			default: // the newest size is asked for anyway
			}
		}
	}()
	return p.run(ctx, looks(ctx, svc, every, s.sys.Now), keysOf(in), resized)
}

// fleet is what is shown, as it was at one moment.
type fleet struct {
	at      time.Time
	summary turno.Summary
	workers []turno.Worker
	active  []turno.Job
	waiting []turno.Job
	err     error // the last look failed: the rest is older than that
}

// mostJobs of either kind are asked for: more fit on no screen.
const mostJobs = 200

// lookAt asks the server.
func lookAt(ctx context.Context, svc turno.Service, now func() time.Time) fleet {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	f := fleet{at: now()}
	if f.summary, f.err = svc.Summary(ctx); f.err != nil {
		return f
	}
	if f.workers, f.err = svc.Workers(ctx); f.err != nil {
		return f
	}
	active, err := svc.Jobs(ctx, turno.JobQuery{States: []turno.State{turno.Starting, turno.Running, turno.Stopping}, Limit: mostJobs})
	if err != nil {
		f.err = err
		return f
	}
	waiting, err := svc.Jobs(ctx, turno.JobQuery{States: []turno.State{turno.Queued, turno.Held}, Top: true, Limit: mostJobs})
	f.active, f.waiting, f.err = active.Items, waiting.Items, err
	return f
}

// looks asks again and again. After a look that failed what was seen before
// is told once more, with the error. The channel is closed when ctx is done.
func looks(ctx context.Context, svc turno.Service, every time.Duration, now func() time.Time) <-chan fleet {
	out := make(chan fleet)
	go func() {
		defer close(out)
		var last fleet
		for {
			f := lookAt(ctx, svc, now)
			if f.err != nil {
				last.err = f.err
				f = last
			}
			last = f
			select {
			case out <- f:
			case <-ctx.Done():
				return
			}
			select {
			case <-time.After(every):
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// keysOf reads keys. Its reader cannot be waited for: only a key ends its read.
func keysOf(in io.Reader) <-chan string {
	keys := make(chan string)
	go func() {
		defer close(keys)
		buffer := make([]byte, 64)
		for {
			n, err := in.Read(buffer)
			if err != nil {
				return
			}
			keys <- string(buffer[:n])
		}
	}()
	return keys
}

// player draws frames and heeds keys. One goroutine uses it.
type player struct {
	view
	out   io.Writer
	size  func() (rows, cols int)
	fleet *fleet // nil: nothing is known yet
}

const (
	screenOn  = "\x1b[?1049h\x1b[?25l" // the other screen, no cursor
	screenOff = "\x1b[?25h\x1b[?1049l"
)

func (p *player) run(ctx context.Context, fleets <-chan fleet, keys <-chan string, resized <-chan struct{}) error {
	_, _ = io.WriteString(p.out, screenOn)
	defer func() { _, _ = io.WriteString(p.out, screenOff) }()
	for {
		if err := p.draw(); err != nil {
			return err
		}
		select {
		case f, ok := <-fleets:
			if !ok {
				return context.Cause(ctx)
			}
			p.fleet = &f
		case key, ok := <-keys:
			if !ok || p.press(key) {
				return nil
			}
		case <-resized:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// press heeds what was typed, which may be several keys; true: it ends.
func (p *player) press(keys string) bool {
	page := max(1, p.rows-4)
	for keys != "" {
		key := keys[:1]
		for name := range moves {
			if strings.HasPrefix(keys, name) {
				key = name
			}
		}
		keys = keys[len(key):]
		if by, moved := moves[key]; moved {
			p.scroll = max(0, p.scroll+by.lines+by.pages*page)
			continue
		}
		switch key {
		case "q", "Q", "\x03", "\x04": // Ctrl-C and Ctrl-D, which a raw terminal hands on
			return true
		case "\t":
			p.part, p.scroll = (p.part+1)%parts, 0
		case "g", "G":
			p.scroll = 0
		}
	}
	return false
}

type move struct{ lines, pages int }

// moves by the keys, and by what a terminal sends for the others.
var moves = map[string]move{
	"j": {1, 0}, "k": {-1, 0}, " ": {0, 1}, "b": {0, -1},
	"\x1b[B": {1, 0}, "\x1b[A": {-1, 0}, "\x1bOB": {1, 0}, "\x1bOA": {-1, 0}, "\x1b[6~": {0, 1}, "\x1b[5~": {0, -1},
}

// draw writes a frame in one piece, over the one before: nothing flickers.
func (p *player) draw() error {
	p.rows, p.cols = p.size()
	lines := []string{"asking the server…"}
	if p.fleet != nil {
		lines = p.frame(p.fleet)
	}
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i, line := range slices.All(lines[:min(len(lines), p.rows)]) {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(line + "\x1b[K")
	}
	b.WriteString("\x1b[J")
	_, err := io.WriteString(p.out, b.String())
	return err
}
