package turno

import (
	"encoding/hex"
	"strings"
)

// Trace ties a job to the trace of who handed it in, by the W3C's Trace Context.
type Trace struct {
	// Parent is the traceparent: 00-TRACE-SPAN-FLAGS.
	Parent string `json:"traceparent"`
	// Join: the job's spans belong to that trace. Without it the job has a trace of
	// its own that is linked with it: a job may wait for longer than a trace is
	// kept open, and one request may hand in thousands.
	Join bool `json:"join,omitempty"`
}

// TraceAll links jobs that name no trace with one that came beside them, in a
// header. One that is none means nothing: the W3C has it ignored.
func TraceAll(jobs []NewJob, traceparent string) {
	if _, ok := ParseTraceparent(traceparent); !ok || len(traceparent) > maxTraceparent {
		return
	}
	t := &Trace{Parent: traceparent}
	for i := range jobs {
		if s := jobs[i].Spec; s != nil && s.Trace == nil {
			s.Trace = t
		}
	}
}

// SpanContext names a span, anywhere.
type SpanContext struct {
	Trace   [16]byte
	Span    [8]byte
	Sampled bool // somebody keeps it
}

// ParseTraceparent reads the form that is sent. As the W3C demands it takes
// later versions by what they share with the first; ok is false for anything
// else, and for ids of zeros alone.
func ParseTraceparent(text string) (c SpanContext, ok bool) {
	const size = len("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if len(text) < size || strings.ToLower(text) != text || text[:2] == "ff" || text[:2] == "00" && len(text) != size || len(text) > size && text[size] != '-' {
		return c, false
	}
	var version, flags [1]byte
	at := 0
	for i, into := range [][]byte{version[:], c.Trace[:], c.Span[:], flags[:]} {
		if i > 0 {
			if text[at] != '-' {
				return c, false
			}
			at++
		}
		n := hex.EncodedLen(len(into))
		if _, err := hex.Decode(into, []byte(text[at:at+n])); err != nil {
			return c, false
		}
		at += n
	}
	c.Sampled = flags[0]&1 != 0
	return c, c.Trace != [16]byte{} && c.Span != [8]byte{}
}

// String is the traceparent.
func (c SpanContext) String() string {
	flags := "-00"
	if c.Sampled {
		flags = "-01"
	}
	return "00-" + hex.EncodeToString(c.Trace[:]) + "-" + hex.EncodeToString(c.Span[:]) + flags
}

// maxTraceparent leaves room for later versions.
const maxTraceparent = 256

func (s *Spec) checkTrace() *Error {
	if s.Trace == nil {
		return nil
	}
	if _, ok := ParseTraceparent(s.Trace.Parent); !ok || len(s.Trace.Parent) > maxTraceparent {
		return Invalid("trace.traceparent", "%q: use 00-TRACE-SPAN-FLAGS, in lower case hexadecimal digits, as the W3C's Trace Context has it", clip(s.Trace.Parent))
	}
	return nil
}
