// Package trace says to which trace a job belongs, and which spans it has there,
// by name. Every id follows from the job's own, so nothing is kept of them and
// nobody is asked: a worker tells a job the span that it runs in, and the span
// itself is made of the job's record after its end, by package otlp, perhaps by
// another process.
//
// It does no I/O and keeps nothing.
package trace

import (
	"encoding/hex"
	"hash/fnv"
	"strconv"
	"strings"

	"turno"
)

// Names of a job's spans.
const (
	Job      = "job"      // from its acceptance to its end
	Queued   = "queued"   // it waits
	Attempt  = "attempt"  // from the choice of a worker to the end there
	Dispatch = "dispatch" // until the worker began with it
	Fetch    = "fetch"    // its files
	Start    = "start"    // its program
	Run      = "run"
	Store    = "store"  // what it left
	Report   = "report" // until the end is committed
	Earlier  = "earlier attempts"
)

// Sampler says which jobs are traced. Nil: none.
type Sampler struct {
	// Ratio of the jobs, 0 to 1. Those that join another trace are kept as that
	// is.
	Ratio float64
}

// Of is the root span of a job that was handed in with t, which may be nil. A
// job's id is that of its trace; a task of an array has a trace of its own.
func (s *Sampler) Of(id string, t *turno.Trace) turno.SpanContext {
	c := turno.SpanContext{Trace: traceID(id), Span: SpanID(id, Job, 0), Sampled: s.keeps(id)}
	if parent, ok := Joined(t); ok {
		c.Trace, c.Sampled = parent.Trace, s != nil && parent.Sampled
	}
	return c
}

// Joined is the span that a job's root is a child of; ok is false: it has none.
func Joined(t *turno.Trace) (parent turno.SpanContext, ok bool) {
	if t == nil || !t.Join {
		return parent, false
	}
	return turno.ParseTraceparent(t.Parent)
}

// Within is the traceparent that an attempt's own code goes on from. Where
// nobody traces, that is what the job was handed in with, if anything.
func (s *Sampler) Within(id string, t *turno.Trace, attempt int) string {
	if s == nil {
		if t != nil {
			return t.Parent
		}
		return ""
	}
	c := s.Of(id, t)
	c.Span = SpanID(id, Run, attempt)
	return c.String()
}

// keeps decides by the id alone, so that all who ask agree.
func (s *Sampler) keeps(id string) bool {
	if s == nil {
		return false
	}
	const bits = 53 // as many as a float64 is exact to
	return float64(mixed(id)>>(64-bits)) < s.Ratio*(1<<bits)
}

// mixed is a hash of which every bit depends on all of the text: ids of an
// array's tasks differ in their last digit alone.
func mixed(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9 // the end of SplitMix64
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// traceID is a UUID's own bytes; of any other id, such as a task's, a hash.
func traceID(id string) [16]byte {
	if len(id) == 36 {
		if b, err := hex.DecodeString(strings.ReplaceAll(id, "-", "")); err == nil && len(b) == 16 {
			return [16]byte(b)
		}
	}
	h := fnv.New128a()
	_, _ = h.Write([]byte(id))
	return [16]byte(h.Sum(nil))
}

// SpanID is that of a job's span; attempt is 0 for what belongs to none.
func SpanID(id, name string, attempt int) (out [8]byte) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id + "/" + name + "/" + strconv.Itoa(attempt)))
	return [8]byte(h.Sum(nil))
}
