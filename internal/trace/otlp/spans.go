package otlp

import (
	"encoding/json"
	"strings"
	"time"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"turno"
	"turno/internal/trace"
)

// spans are those of a job that has ended. They hold what turno knows of it by
// itself, and nothing that somebody wrote but the names of its queue, type,
// engine and worker: no name, label, parameter, variable, command, path, text of
// an error, and no user.
func spans(s *trace.Sampler, e *end) []*tracepb.Span {
	j := &e.job
	b := builder{sampler: s, id: j.ID, root: s.Of(j.ID, j.Spec.Trace)}
	b.job(j)
	if len(j.Attempts) == 0 {
		b.add(trace.Queued, 0, b.root.Span, j.SubmittedAt, j.EndedAt)
		return b.all
	}
	waits := trace.Queued
	if j.Attempts[0].Number > 1 {
		waits = trace.Earlier // the record keeps the last ones alone
	}
	from := j.SubmittedAt
	for i := range j.Attempts {
		a := &j.Attempts[i]
		b.add(waits, a.Number, b.root.Span, from, a.AssignedAt)
		b.attempt(j, a)
		from, waits = a.EndedAt, trace.Queued
	}
	if e.waited {
		b.add(trace.Queued, j.Attempt+1, b.root.Span, from, j.EndedAt)
	} else {
		b.add(trace.Report, 0, b.root.Span, from, j.EndedAt)
	}
	return b.all
}

// builder gathers the spans of one job.
type builder struct {
	sampler *trace.Sampler
	id      string
	root    turno.SpanContext
	all     []*tracepb.Span
}

// add makes a span; one without a time is left out, and nil.
func (b *builder) add(name string, attempt int, parent [8]byte, from, to time.Time) *tracepb.Span {
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return nil
	}
	id := trace.SpanID(b.id, name, attempt)
	s := &tracepb.Span{
		TraceId: b.root.Trace[:], SpanId: id[:], ParentSpanId: parent[:], Name: name, Kind: tracepb.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: uint64(from.UnixNano()), EndTimeUnixNano: uint64(to.UnixNano()), Flags: flags(b.root.Sampled),
	}
	b.all = append(b.all, s)
	return s
}

// flags of a span or a link: the W3C's, as OTLP carries them.
func flags(sampled bool) uint32 {
	if sampled {
		return 1
	}
	return 0
}

// job is the root.
func (b *builder) job(j *turno.Job) {
	s := b.add(trace.Job, 0, [8]byte{}, j.SubmittedAt, j.EndedAt)
	if s == nil { // no clock of ours does that: a span must be there for the others
		s = b.add(trace.Job, 0, [8]byte{}, j.EndedAt, j.EndedAt)
	}
	s.Name = trace.Job + " " + j.Spec.Type
	s.ParentSpanId = nil
	s.Attributes = []*common.KeyValue{
		text("turno.job.id", j.ID), number("turno.job.number", j.Number), text("turno.job.type", j.Spec.Type),
		text("turno.job.queue", j.Spec.Queue), text("turno.job.state", string(j.State)), text("turno.job.reason", string(j.Reason)),
		number("turno.job.attempts", int64(j.Attempt)), number("turno.job.priority", int64(j.Spec.Priority)), number("turno.job.gpus", int64(j.Spec.GPUs)),
		decimal("turno.job.cpus", float64(j.Spec.CPUs)/float64(turno.CPU)),
	}
	if j.Spec.Engine != "" {
		s.Attributes = append(s.Attributes, text("turno.job.engine", j.Spec.Engine))
	}
	if j.RetryOf != 0 {
		s.Attributes = append(s.Attributes, number("turno.job.retry_of", j.RetryOf))
	}
	if j.Tasks != nil {
		s.Attributes = append(s.Attributes, number("turno.job.tasks", int64(j.Tasks.Total)))
	}
	s.Status = status(j.State, j.Reason)
	b.relate(s, j)
}

// relate ties the root to whoever handed the job in, and a task to its array.
func (b *builder) relate(s *tracepb.Span, j *turno.Job) {
	parent, joined := trace.Joined(j.Spec.Trace)
	if j.Parent != 0 {
		s.Attributes = append(s.Attributes, number("turno.job.array", j.Parent), number("turno.job.task", int64(j.Task)))
		array, _, _ := strings.Cut(j.ID, "_")
		if joined {
			id := trace.SpanID(array, trace.Job, 0)
			s.ParentSpanId = id[:]
			return
		}
		s.Links = append(s.Links, link(b.sampler.Of(array, j.Spec.Trace), "array"))
		return
	}
	if joined {
		s.ParentSpanId = parent.Span[:]
		return
	}
	if j.Spec.Trace == nil {
		return
	}
	if c, ok := turno.ParseTraceparent(j.Spec.Trace.Parent); ok {
		s.Links = append(s.Links, link(c, "submitter"))
	}
}

// attempt is one run and what its worker did around it.
func (b *builder) attempt(j *turno.Job, a *turno.Attempt) {
	s := b.add(trace.Attempt, a.Number, b.root.Span, a.AssignedAt, a.EndedAt)
	if s == nil {
		return
	}
	s.Kind = tracepb.Span_SPAN_KIND_CONSUMER
	s.Attributes = []*common.KeyValue{
		number("turno.attempt.number", int64(a.Number)), text("turno.worker", a.Worker), text("turno.device", string(a.Device)),
	}
	if len(a.GPUs) > 0 {
		s.Attributes = append(s.Attributes, texts("turno.gpu.uuids", a.GPUs))
	}
	if a.Number > 1 {
		before := b.root
		before.Span = trace.SpanID(b.id, trace.Attempt, a.Number-1)
		s.Links = append(s.Links, link(before, "attempt before"))
	}
	id := trace.SpanID(b.id, trace.Attempt, a.Number)
	if r := a.Result; r != nil {
		s.Attributes = append(s.Attributes, outcome(r)...)
		s.Status = status(r.State, r.Reason)
		b.phases(id, a, r)
	}
}

// phases are what the worker did. It measured how long each took; they lie
// around the run, whose time is known.
func (b *builder) phases(parent [8]byte, a *turno.Attempt, r *turno.Result) {
	if a.StartedAt.IsZero() {
		return
	}
	start := latest(a.AssignedAt, a.StartedAt.Add(-time.Duration(r.StartTime)))
	fetch := latest(a.AssignedAt, start.Add(-time.Duration(r.FetchTime)))
	ran := latest(a.StartedAt, a.EndedAt.Add(-time.Duration(r.StoreTime)))
	b.add(trace.Dispatch, a.Number, parent, a.AssignedAt, fetch)
	if r.FetchTime > 0 {
		b.add(trace.Fetch, a.Number, parent, fetch, start)
	}
	if r.StartTime > 0 {
		b.add(trace.Start, a.Number, parent, start, a.StartedAt)
	}
	if s := b.add(trace.Run, a.Number, parent, a.StartedAt, ran); s != nil {
		s.Attributes = append(s.Attributes, measured(r)...)
		s.Status = status(r.State, r.Reason)
	}
	if r.StoreTime > 0 {
		b.add(trace.Store, a.Number, parent, ran, a.EndedAt)
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// status is an error for what went wrong. A job that somebody cancelled did not.
func status(s turno.State, r turno.Reason) *tracepb.Status {
	switch s {
	case turno.Failed, turno.Lost:
		return &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: string(r)}
	case turno.Succeeded:
		return &tracepb.Status{Code: tracepb.Status_STATUS_CODE_OK}
	}
	return nil
}

// outcome is what an attempt came to.
func outcome(r *turno.Result) []*common.KeyValue {
	out := []*common.KeyValue{
		text("turno.attempt.state", string(r.State)), text("turno.attempt.reason", string(r.Reason)), number("process.exit.code", int64(r.ExitCode)),
		decimal("turno.attempt.cpu_seconds", time.Duration(r.UserTime+r.SysTime).Seconds()), number("turno.attempt.memory_bytes", r.MaxMemory),
	}
	if r.Signal != "" {
		out = append(out, text("turno.attempt.signal", r.Signal))
	}
	if r.Simulated {
		out = append(out, &common.KeyValue{Key: "turno.simulated", Value: &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: true}}})
	}
	return out
}

// measured is what the workload says of its phases, and the devices of
// themselves. It says how long a phase took, not when: an attribute, no span.
func measured(r *turno.Result) (out []*common.KeyValue) {
	var told struct {
		Phases []struct {
			Name    string  `json:"name"`
			Seconds float64 `json:"seconds"`
		} `json:"phases"`
	}
	if len(r.Output) > 0 && json.Unmarshal(r.Output, &told) == nil { // else it has another shape
		for _, p := range told.Phases {
			if known[p.Name] {
				out = append(out, decimal("turno.phase."+p.Name+"_seconds", p.Seconds))
			}
		}
	}
	var joules float64
	for i := range r.GPUs {
		joules += r.GPUs[i].Joules
	}
	if joules > 0 {
		out = append(out, decimal("turno.gpu.energy_joules", joules))
	}
	return out
}

// known are the phases of turno's own workloads; a stranger may name any.
var known = map[string]bool{"setup": true, "h2d": true, "kernel": true, "d2h": true, "verify": true}

func link(c turno.SpanContext, what string) *tracepb.Span_Link {
	return &tracepb.Span_Link{TraceId: c.Trace[:], SpanId: c.Span[:], Flags: flags(c.Sampled), Attributes: []*common.KeyValue{text("turno.link", what)}}
}

func text(key, value string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: textValue(value)}
}

func textValue(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}

func texts(key string, values []string) *common.KeyValue {
	list := &common.ArrayValue{}
	for _, v := range values {
		list.Values = append(list.Values, textValue(v))
	}
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: list}}}
}

func number(key string, n int64) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: n}}}
}

func decimal(key string, x float64) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: x}}}
}
