package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"turno"
)

const (
	// silence ends a stream: the server sends something every 15 s.
	silence = 45 * time.Second
	// reconnectFor is how long a stream is tried to be opened again before its
	// error is told: longer than a server takes to restart.
	reconnectFor = 2 * time.Minute
	// maxPause between two tries.
	maxPause = 5 * time.Second
	// maxEvent bounds a line of a stream.
	maxEvent = 1 << 20
)

// Events implements turno.Service. A stream that breaks is opened again where
// it was; if that cannot be, it goes on with a Reset. The first connection is
// not tried again.
func (c *Client) Events(ctx context.Context, q turno.EventQuery) iter.Seq2[turno.Event, error] {
	return func(yield func(turno.Event, error) bool) {
		f := follower{c: c, q: q, yield: yield}
		f.run(ctx)
	}
}

// follower is one stream, over all its connections.
type follower struct {
	c     *Client
	q     turno.EventQuery
	yield func(turno.Event, error) bool
}

// errStopped says that the caller wants no more.
var errStopped = errors.New("the caller stopped")

func (f *follower) run(ctx context.Context) {
	opened := false
	var brokenAt time.Time
	for pause := retryPause; ; {
		began := time.Now()
		err := f.connect(ctx, func() { opened, brokenAt, pause = true, time.Time{}, retryPause })
		if ctx.Err() != nil || errors.Is(err, errStopped) {
			return
		}
		if brokenAt.IsZero() {
			brokenAt = began
			if opened {
				brokenAt = time.Now()
			}
		}
		known, ok := errors.AsType[*turno.Error](err)
		final := ok && known.Code != turno.CodeUnavailable
		if !opened || final || time.Since(brokenAt) > reconnectFor {
			f.yield(turno.Event{}, err)
			return
		}
		if sleep(ctx, pause) != nil {
			return
		}
		pause = min(2*pause, maxPause)
	}
}

// connect reads one connection until it breaks.
func (f *follower) connect(ctx context.Context, opened func()) error {
	v := url.Values{}
	for _, n := range f.q.Jobs {
		v.Add("job", number(n))
	}
	header := map[string]string{"Accept": "text/event-stream"}
	if f.q.After != 0 {
		header["Last-Event-ID"] = strconv.FormatUint(f.q.After, 10)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(silence, func() { cancel(errors.New("the server is silent")) })
	defer watchdog.Stop()
	res, err := f.c.do(ctx, request{method: http.MethodGet, path: "/events", query: v, header: header})
	if err != nil {
		return err
	}
	defer res.Body.Close()
	opened()
	err = f.read(res.Body, func() { watchdog.Reset(silence) })
	if errors.Is(err, errStopped) {
		return err
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return f.c.unreachable(err)
}

// read yields the events of one connection.
func (f *follower) read(body io.Reader, alive func()) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxEvent)
	var data []byte
	for lines.Scan() {
		alive()
		line := lines.Text()
		switch {
		case line != "":
			if text, ok := strings.CutPrefix(line, "data:"); ok {
				data = append(data, strings.TrimPrefix(text, " ")...)
			}
		case len(data) > 0:
			var e turno.Event
			if err := json.Unmarshal(data, &e); err != nil {
				return fmt.Errorf("read an event: %w", err)
			}
			data = data[:0]
			f.q.After = e.Revision
			if !f.yield(e, nil) {
				return errStopped
			}
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}
