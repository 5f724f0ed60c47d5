package cli

import (
	"context"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"turno"
)

const (
	logPiece = 256 << 10        // bytes asked for at once
	logWait  = 20 * time.Second // how long the server may wait for more; proxies cut at 30
	logPause = 200 * time.Millisecond
)

type followOptions struct {
	attempt int   // 0: the last one, and those that follow it
	offset  int64 // of the first one
	explain bool  // say why the job waits, as it changes
	out     io.Writer
}

// follow writes a job's output as it comes, attempt after attempt, until the
// job has ended, and returns the job.
func (s *session) follow(ctx context.Context, svc turno.Service, ref string, o followOptions) (turno.Job, error) {
	j, err := steady(ctx, s, func() (turno.Job, error) { return patientJob(ctx, svc, ref) })
	if err != nil {
		return j, err
	}
	numbers := []int64{j.Number}
	if j.Parent > 0 {
		numbers = append(numbers, j.Parent)
	}
	c := listen(ctx, svc, numbers)
	defer c.stop()
	t := &teller{s: s, on: o.explain}
	attempt := o.attempt
	if attempt == 0 {
		attempt = j.Attempt
	}
	for poured := false; ; {
		t.tell(&j)
		if attempt == 0 {
			attempt = j.Attempt
		}
		if attempt > 0 && attempt <= j.Attempt {
			if poured {
				s.notef("%s\n", s.errLook.dim(fmt.Sprintf("--- attempt %d ---", attempt)))
			}
			if err := s.pour(ctx, svc, ref, attempt, o.offset, o.out); err != nil || o.attempt > 0 {
				return j, err
			}
			poured, o.offset, attempt = true, 0, attempt+1
			if j, err = steady(ctx, s, func() (turno.Job, error) { return svc.Job(ctx, ref) }); err != nil {
				return j, err
			}
			continue
		}
		if j.State.Ended() {
			return j, nil
		}
		if j, err = s.change(ctx, svc, c, ref); err != nil {
			return j, err
		}
	}
}

// change waits for the next change and reads the job.
func (s *session) change(ctx context.Context, svc turno.Service, c *changes, ref string) (turno.Job, error) {
	if _, err := c.next(ctx); err != nil {
		return turno.Job{}, err
	}
	return steady(ctx, s, func() (turno.Job, error) { return svc.Job(ctx, ref) })
}

// pour writes one attempt's output until its end.
func (s *session) pour(ctx context.Context, svc turno.Service, ref string, attempt int, offset int64, out io.Writer) error {
	for {
		asked := time.Now()
		l, err := steady(ctx, s, func() (turno.Log, error) {
			return svc.Log(ctx, turno.LogQuery{Job: ref, Attempt: attempt, Offset: offset, Max: logPiece, Wait: logWait})
		})
		if hasCode(err, turno.CodeNotFound) {
			return nil // lost with its worker before a byte of it was stored
		}
		if err != nil {
			return err
		}
		if _, err := out.Write(l.Data); err != nil {
			return err
		}
		if offset = l.Offset + int64(len(l.Data)); l.Done && offset >= l.Size {
			return nil
		}
		// A server that does not wait must not be asked without a pause.
		if len(l.Data) == 0 && time.Since(asked) < logPause {
			select {
			case <-time.After(logPause):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

// teller says why a job waits, once for each reason.
type teller struct {
	s    *session
	on   bool
	said string
}

func (t *teller) tell(j *turno.Job) {
	if !t.on || j.State.Ended() || j.State == turno.Running {
		return
	}
	text := fmt.Sprintf("%s: %s", j.State, j.Reason)
	if j.Detail != "" {
		text += ", " + j.Detail
	}
	// A job that starts at once needs no comment.
	if text == t.said || j.State == turno.Starting || (j.State == turno.Queued && j.Reason == turno.ReasonPriority && t.said == "") {
		return
	}
	t.said = text
	t.s.notef("%s\n", t.s.errLook.dim(clean(text, false)))
}

// stripper takes out of a stream what could act on a terminal: escape sequences
// and control characters but newline, tab and carriage return. It holds back
// the start of a sequence that is not yet complete.
type stripper struct {
	to    io.Writer
	state int
	held  []byte // of a UTF-8 character
	buf   []byte
}

const (
	plainText = iota
	escape    // after ESC
	csi       // after ESC [
	osc       // in a string that BEL or ESC \ ends
	oscEscape // after ESC in such a string
)

func (p *stripper) Write(data []byte) (int, error) {
	p.buf = p.buf[:0]
	for _, b := range data {
		p.byte(b)
	}
	if _, err := p.to.Write(p.buf); err != nil {
		return 0, err
	}
	return len(data), nil
}

func (p *stripper) byte(b byte) {
	switch p.state {
	case escape:
		switch {
		case b == '[':
			p.state = csi
		case b == ']' || b == 'P' || b == 'X' || b == '^' || b == '_':
			p.state = osc
		case b >= 0x20 && b <= 0x2f: // an intermediate byte
		default:
			p.state = plainText
		}
	case csi:
		if b >= 0x40 && b <= 0x7e || b == '\n' {
			p.state = plainText
		}
	case osc, oscEscape:
		switch {
		case b == 0x07 || (p.state == oscEscape && b == '\\'):
			p.state = plainText
		case b == 0x1b:
			p.state = oscEscape
		default:
			p.state = osc
		}
	default:
		p.plain(b)
	}
}

// plain takes a byte outside a sequence.
func (p *stripper) plain(b byte) {
	if b >= utf8.RuneSelf || len(p.held) > 0 {
		p.rune(b)
		return
	}
	switch {
	case b == 0x1b:
		p.state = escape
	case b >= 0x20 && b != 0x7f, b == '\n', b == '\t', b == '\r':
		p.buf = append(p.buf, b)
	}
}

// rune collects a character of several bytes; the C1 controls (U+0080 to
// U+009F) are sequences to some terminals, and what reverses the direction of
// text can forge lines.
func (p *stripper) rune(b byte) {
	if b < utf8.RuneSelf || (len(p.held) > 0 && utf8.RuneStart(b)) {
		p.buf = append(p.buf, "\uFFFD"...)
		p.held = p.held[:0]
		p.plain(b)
		return
	}
	p.held = append(p.held, b)
	if !utf8.FullRune(p.held) && len(p.held) < utf8.UTFMax {
		return
	}
	r, n := utf8.DecodeRune(p.held)
	switch {
	case r == utf8.RuneError && n == 1:
		p.buf = append(p.buf, "\uFFFD"...)
	case r == 0x9b:
		p.state = csi
	case r == 0x9d || r == 0x90 || r == 0x98 || r == 0x9e || r == 0x9f:
		p.state = osc
	case r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
	default:
		p.buf = append(p.buf, p.held[:n]...)
	}
	p.held = p.held[:0]
}
