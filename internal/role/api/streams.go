package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"turno"
	"turno/internal/access"
)

const (
	// heartbeat keeps proxies from closing a quiet stream.
	heartbeat = 15 * time.Second
	// writeTimeout is for one write: a client that reads nothing is dropped.
	writeTimeout = 10 * time.Second
	// streamBytes may wait for a slow client; then it is dropped, and comes
	// back where it was.
	streamBytes = 4 << 20
	// maxLogWait bounds one answer; clients ask again.
	maxLogWait = time.Minute
	// streamRetry is when who found no place for a stream may ask again.
	streamRetry = 5 * time.Second
	// retryMillis is when a browser connects again.
	retryMillis = 2000
)

type logIn struct {
	Ref     string  `path:"ref" doc:"number (42), task (42_7) or id"`
	Offset  int64   `query:"offset" minimum:"0" doc:"byte to begin with"`
	Attempt int     `query:"attempt" minimum:"0" doc:"0 is the last"`
	Max     int     `query:"max" minimum:"0" doc:"bytes; 0 is 256 KiB"`
	Wait    float64 `query:"wait_seconds" minimum:"0" doc:"wait until there is something to read, 60 at most"`
	Follow  bool    `query:"follow" doc:"go on until the attempt has ended"`
}

type eventsIn struct {
	After  int64   `query:"after" minimum:"0" doc:"revision to go on from; 0: now"`
	Jobs   []int64 `query:"job,explode" doc:"only of these numbers; may be repeated"`
	Last   string  `header:"Last-Event-ID" doc:"stands before after"`
	Gather bool    `query:"gather" doc:"four times a second at most the newest of each job; reset when more than 200 have changed"`
}

func (a *Role) routeStreams() {
	raw(a, huma.Operation{
		Method: http.MethodGet, Path: base + "/jobs/{ref}/log", OperationID: "log", Summary: "Output of an attempt",
		Description: "Bytes as they were printed. Turno-Log-Attempt, -Offset, -Size (stored so far) and -Done are in the header.",
		Responses: map[string]*huma.Response{"200": {Description: "The bytes", Content: map[string]*huma.MediaType{
			"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}},
		}}},
		Security: roles(access.Read),
	}, a.log200)
	raw(a, huma.Operation{
		Method: http.MethodGet, Path: base + "/events", OperationID: "events", Summary: "Changes of jobs as they are committed",
		Description: "Server-sent events. id is the revision, data an Event. The event \"reset\" says: read again what you show; " +
			"a stream that begins at now begins with one.",
		Responses: map[string]*huma.Response{"200": {Description: "A stream", Content: map[string]*huma.MediaType{
			"text/event-stream": {Schema: schemaOf[turno.Event](a)},
		}}},
		Security: roles(access.Read),
	}, a.events)
}

func (a *Role) log200(w http.ResponseWriter, r *http.Request, in *logIn) error {
	q := turno.LogQuery{
		Job: in.Ref, Attempt: in.Attempt, Offset: in.Offset, Max: in.Max,
		Wait: min(time.Duration(in.Wait*float64(time.Second)), maxLogWait),
	}
	ctx, cancel := a.untilClosing(r)
	defer cancel()
	l, err := a.gate.Log(ctx, q)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `inline; filename="log.txt"`)
	h.Set("Turno-Log-Attempt", strconv.Itoa(l.Attempt))
	h.Set("Turno-Log-Offset", strconv.FormatInt(l.Offset, 10))
	if !in.Follow {
		h.Set("Turno-Log-Size", strconv.FormatInt(l.Size, 10))
		h.Set("Turno-Log-Done", strconv.FormatBool(l.Done))
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	a.writeLog(w, l)
	q.Offset += int64(len(l.Data))
	if in.Follow && !l.Done {
		if q.Attempt == 0 {
			q.Attempt = l.Attempt // of one attempt, not of the next one too
		}
		a.followLog(ctx, w, q)
	}
	return nil
}

// followLog writes the pieces that come after the first. An error can only end
// the stream: the header is out.
func (a *Role) followLog(ctx context.Context, w http.ResponseWriter, q turno.LogQuery) {
	q.Wait = maxLogWait
	for {
		l, err := a.gate.Log(ctx, q)
		if err != nil {
			a.log.Debug("ended a log's stream", "job", q.Job, "err", err)
			panic(http.ErrAbortHandler) // so that the client sees that it is not whole
		}
		if q.Attempt == 0 {
			q.Attempt = l.Attempt
		}
		q.Offset += int64(len(l.Data))
		if !a.writeLog(w, l) || l.Done {
			return
		}
	}
}

// writeLog writes a piece at once, and tells whether the client is there.
func (a *Role) writeLog(w http.ResponseWriter, l turno.Log) bool {
	out := http.NewResponseController(w)
	_ = out.SetWriteDeadline(time.Now().Add(writeTimeout)) // a test's writer has none
	if _, err := w.Write(l.Data); err != nil {
		return false
	}
	return out.Flush() == nil
}

// untilClosing is a request's context, which ends with the server too, and with
// the token: what flows on does not outlive the right to see it.
func (a *Role) untilClosing(r *http.Request) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(r.Context())
	ended := access.Of(ctx).Ended()
	var group sync.WaitGroup
	group.Go(func() {
		select {
		case <-a.closing:
			cancel()
		case <-ended:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() { cancel(); group.Wait() }
}

// events serves a stream: one goroutine fills a buffer, this one sends it.
func (a *Role) events(w http.ResponseWriter, r *http.Request, in *eventsIn) error {
	q := turno.EventQuery{After: uint64(in.After), Jobs: in.Jobs}
	if in.Gather && (in.After != 0 || in.Last != "" || len(in.Jobs) > 0) {
		return turno.Invalid("gather", "goes without after, Last-Event-ID and job: such a stream begins with a reset")
	}
	if in.Last != "" {
		after, err := strconv.ParseUint(in.Last, 10, 64)
		if err != nil {
			return turno.Errorf(turno.CodeMalformed, "Last-Event-ID %.40q is not a revision", in.Last)
		}
		q.After = after
	}
	who := access.Of(r.Context()).User()
	closed, ok := a.uses.stream(who, a.o.Bounds.Streams)
	if !ok {
		return turno.Errorf(turno.CodeBusy, "%d streams of events are open by %s", a.o.Bounds.Streams, orToken(who)).
			WithHint("close one; one stream can follow all jobs").After(streamRetry)
	}
	defer closed()
	select {
	case a.streams <- struct{}{}:
		defer func() { <-a.streams }()
		defer a.metrics.Stream()()
	default:
		return turno.Errorf(turno.CodeBusy, "%d streams of events are open, which is all there can be", maxStreams).After(streamRetry)
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	ctx, cancel := a.untilClosing(r)
	s := &stream{wake: make(chan struct{}, 1), text: fmt.Appendf(nil, "retry: %d\n\n", retryMillis)}
	defer cancel()
	var group sync.WaitGroup
	defer group.Wait()
	filling, stop := context.WithCancel(ctx)
	group.Go(func() {
		defer stop()
		if in.Gather {
			a.fillGathered(filling, s)
			return
		}
		a.fill(filling, s, q)
	})
	s.send(filling, w)
	stop()
	return nil
}

// fill encodes events until ctx is done, the service fails or the client is
// too slow.
func (a *Role) fill(ctx context.Context, s *stream, q turno.EventQuery) {
	for e, err := range a.gate.Events(ctx, q) {
		if err != nil {
			a.log.Warn("ended a stream of events", "err", err)
			return
		}
		data, err := json.Marshal(e)
		if err != nil {
			a.log.Error("did not encode an event", "err", err)
			return
		}
		kind := "job"
		if e.Reset {
			kind = "reset"
		}
		if !s.add(fmt.Appendf(nil, "id: %d\nevent: %s\ndata: %s\n\n", e.Revision, kind, data)) {
			a.metrics.Slow()
			a.log.Info("dropped a slow reader of events")
			return
		}
	}
}

// stream is what waits to be sent.
type stream struct {
	wake chan struct{} // capacity 1: the token says "look again"

	mu   sync.Mutex // guards all below
	text []byte
}

// add appends, or tells that there is no room.
func (s *stream) add(text []byte) bool {
	s.mu.Lock()
	room := len(s.text)+len(text) <= streamBytes
	if room {
		s.text = append(s.text, text...)
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return room
}

func (s *stream) take() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.text
	s.text = nil
	return text
}

// send writes what is there, and a comment when there is nothing for long.
func (s *stream) send(ctx context.Context, w http.ResponseWriter) {
	out := http.NewResponseController(w)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for text := s.take(); ; text = s.take() {
		if len(text) > 0 {
			_ = out.SetWriteDeadline(time.Now().Add(writeTimeout)) // a test's writer has none
			if _, err := w.Write(text); err != nil {
				return
			}
			if out.Flush() != nil {
				return
			}
		}
		select {
		case <-s.wake:
		case <-beat.C:
			s.add([]byte(": alive\n\n"))
		case <-ctx.Done():
			return
		}
	}
}
