package api

import (
	"context"
	"net"
	"time"

	"turno"
)

// SetListeners has Run serve on these.
func (a *Role) SetListeners(ls ...net.Listener) { a.listeners = ls }

// Limit bounds the connections of a listener.
func Limit(l net.Listener, n int) net.Listener {
	return &limited{Listener: l, places: make(chan struct{}, n), closed: make(chan struct{})}
}

// SetStreams bounds the streams of events.
func (a *Role) SetStreams(n int) { a.streams = make(chan struct{}, n) }

// CheckJSON reads a body strictly.
func CheckJSON(data []byte) error {
	s := strict{data: data}
	if err := s.value(false); err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	return nil
}

// ParseSubmission gives the jobs of a body.
var ParseSubmission = parseSubmission

// Jobs are those of a submission.
func (s submission) Jobs() int { return len(s.jobs) }

// Sample is one with so many jobs that wait and have succeeded.
func Sample(at time.Time, waiting, succeeded float64) sample {
	return sample{at: at, waiting: waiting, succeeded: succeeded}
}

// NewSeries gives what is answered of samples.
func NewSeries(samples ...sample) func(step time.Duration) timeseries {
	var s series
	for _, p := range samples {
		s.add(p)
	}
	return func(step time.Duration) timeseries {
		return columns(s.between(time.Time{}, s.ring[len(s.ring)-1].at), step)
	}
}

// Note takes samples.
func (a *Role) Note(ctx context.Context) { a.note(ctx) }

// Timeseries answers as to one who watches.
func (a *Role) Timeseries(ctx context.Context, span time.Duration) (at []int64, waiting []float64) {
	out, _ := a.timeseries(ctx, &seriesIn{Range: span.Seconds()})
	return out.At, out.Waiting
}

// Shared reads the same question once for all.
func Shared(s turno.Service) turno.Service { return &shared{Service: s} }

// Digests tells what streams that gather are told, until ctx is done.
func Digests(ctx context.Context, s turno.Service, each func(text string)) {
	var g gathering
	at, leave := g.join(s)
	defer leave()
	for {
		select {
		case <-at.next:
			if at = at.then; at.err != nil {
				return
			}
			each(string(at.text))
		case <-ctx.Done():
			return
		}
	}
}

// RelayBytes carries what a worker and the broker say.
func RelayBytes(ctx context.Context, inner, outer net.Conn) { relayBytes(ctx, inner, outer, outer) }
