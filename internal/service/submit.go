package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"turno"
	"turno/internal/broker"
	"turno/internal/failpoint"
)

const (
	// parcelJobs bounds one message on the jobs queue: the scheduler commits
	// up to two thousand jobs together.
	parcelJobs = 1000
	// parcelBytes too: a quarter of what a broker takes.
	parcelBytes = broker.MaxBody / 4
)

// Submit implements turno.Service.
func (s *Service) Submit(ctx context.Context, jobs []turno.NewJob) ([]turno.Submitted, error) {
	out := make([]turno.Submitted, len(jobs))
	p := packer{s: s, now: time.Now()}
	for i := range jobs {
		out[i].ID, out[i].Error = p.add(ctx, i, &jobs[i])
	}
	if len(p.parcels) == 0 {
		return out, nil
	}
	if err := failpoint.Hit(failpoint.APIReceived); err != nil {
		return nil, err
	}
	answered := make([]bool, len(p.parcels))
	err := s.exchange(ctx, broker.JobsQueue, p.bodies(), func(i int, body []byte) {
		answered[i] = true
		s.settle(out, p.parcels[i].at, body)
	})
	if err := failpoint.Hit(failpoint.APIAsked); err != nil {
		return nil, err
	}
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	silence := s.silence(err)
	for i, done := range answered {
		if done || silence == nil {
			continue
		}
		for _, at := range p.parcels[i].at {
			out[at].Error = silence
		}
	}
	return out, nil
}

// settle enters the scheduler's answer to one parcel.
func (s *Service) settle(out []turno.Submitted, at []int, body []byte) {
	if quickReply(body, len(at), func(i int, number int64) { out[at[i]].Number = number }) {
		return
	}
	var reply turno.SubmissionReply
	err := json.Unmarshal(body, &reply)
	refused := reply.Error
	if err != nil || (refused == nil && len(reply.Jobs) != len(at)) {
		s.log.Error("did not understand the scheduler's answer", "err", err, "asked", len(at), "answered", len(reply.Jobs))
		refused = turno.Errorf(turno.CodeInternal, "the scheduler's answer was not understood").
			WithHint("are all parts of turno of one version? see: turno version")
	}
	for i, k := range at {
		if refused != nil {
			out[k].Number, out[k].Error = 0, refused
			continue
		}
		out[k].Number, out[k].Error, out[k].Warning = reply.Jobs[i].Number, reply.Jobs[i].Error, reply.Jobs[i].Warning
	}
}

// quickReply reads the usual answer, that all jobs are taken, in a tenth of
// encoding/json's time. Of any other it may read a part, and returns false.
func quickReply(body []byte, jobs int, taken func(i int, number int64)) bool {
	rest, ok := bytes.CutPrefix(body, []byte(`{"version":1,"jobs":[`))
	for i := 0; ok && i < jobs; i++ {
		const id = `{"id":"00000000-0000-0000-0000-000000000000"`
		const key = `,"number":`
		if len(rest) < len(id+key) || rest[len(id)-1] != '"' || string(rest[len(id):len(id+key)]) != key {
			return false
		}
		rest = rest[len(id+key):]
		number, digits := int64(0), 0
		for ; digits < len(rest) && digits < 18 && rest[digits] >= '0' && rest[digits] <= '9'; digits++ {
			number = 10*number + int64(rest[digits]-'0')
		}
		if len(rest) < digits+2 || rest[digits] != '}' {
			return false
		}
		taken(i, number)
		rest = rest[digits+2:] // the comma or the bracket too
	}
	return ok && string(rest) == "}"
}

// silence is what a job gets whose submission had no answer; nil: it is safe.
func (s *Service) silence(err error) *turno.Error {
	if err == nil && s.o.Durable {
		return nil
	}
	if known, ok := errors.AsType[*turno.Error](err); ok {
		return known
	}
	text := "the scheduler did not answer"
	if err != nil {
		s.log.Warn("did not hand a submission to the broker", "err", err)
		text = "the broker did not confirm"
	}
	return turno.Errorf(turno.CodeUnavailable, "%s: whether the job was taken is unknown", text).
		WithHint("try again with the same id: a job that was taken is not taken twice")
}

// packer checks and encodes the jobs of one Submit into parcels.
type packer struct {
	s       *Service
	now     time.Time
	ids     ids
	parcels []parcel

	// The spec before: whoever submits many jobs often submits one spec.
	given   *turno.Spec
	encoded []byte
	refused *turno.Error
}

// parcel is one message: at tells which jobs of the Submit are in it.
type parcel struct {
	body []byte
	at   []int
}

// add gives the job's id, and why it is refused.
func (p *packer) add(ctx context.Context, index int, n *turno.NewJob) (string, *turno.Error) {
	id := n.ID
	switch {
	case id == "":
		id = p.ids.next(p.now)
	case !turno.ValidID(id):
		return id, turno.Invalid("id", "%.60q is not a UUID in lower case", id)
	}
	if n.Spec == nil {
		return id, turno.Invalid("spec", "must be given")
	}
	if n.RetryOf < 0 {
		return id, turno.Invalid("retry_of", "%d is not a job's number", n.RetryOf)
	}
	if n.Spec != p.given {
		p.given = n.Spec
		p.encode(ctx)
	}
	if p.refused != nil {
		return id, p.refused
	}
	q := p.open(len(p.encoded))
	q.at = append(q.at, index)
	b := append(q.body, `{"id":"`...)
	b = append(b, id...)
	b = append(b, `","spec":`...)
	b = append(b, p.encoded...)
	if n.RetryOf != 0 {
		b = appendInt(b, `,"retry_of":`, n.RetryOf)
	}
	q.body = append(b, '}', ',')
	return id, nil
}

// encode normalizes, checks and encodes the given spec.
func (p *packer) encode(ctx context.Context) {
	spec := p.given.Clone()
	if p.refused = p.s.check(ctx, spec); p.refused != nil {
		return
	}
	var err error
	if p.encoded, err = appendSpec(p.encoded[:0], spec); err != nil {
		p.refused = turno.Invalid("spec", "%v", err)
	}
	if len(p.encoded) > parcelBytes*2 {
		p.refused = turno.Errorf(turno.CodeTooLarge, "the job has %d bytes; at most %d are allowed", len(p.encoded), parcelBytes*2)
	}
}

// check normalizes a spec and tells why it is refused.
func (s *Service) check(ctx context.Context, spec *turno.Spec) *turno.Error {
	if s.o.Normalize != nil {
		s.o.Normalize(spec)
	}
	if err := s.identify(ctx, spec); err != nil {
		return err
	}
	spec.Normalize()
	if err := spec.Validate(); err != nil {
		return err
	}
	if len(spec.Params) > 0 && !json.Valid(spec.Params) {
		return turno.Invalid("params", "is not JSON")
	}
	if s.o.Check != nil {
		return s.o.Check(spec)
	}
	return nil
}

// identify puts the ids of jobs in the place of their numbers, where inputs are
// to come from them: workers know jobs by their ids.
func (s *Service) identify(ctx context.Context, spec *turno.Spec) *turno.Error {
	shared := true
	for i, f := range spec.Inputs {
		job, path, _ := strings.Cut(strings.TrimPrefix(f.From, "job:"), "/")
		ref, err := turno.ParseRef(job)
		if f.From == "" || err != nil || ref.ID != "" {
			continue
		}
		source, err := s.Job(ctx, job)
		if err != nil {
			if known, ok := errors.AsType[*turno.Error](err); ok && known.Code == turno.CodeNotFound {
				return turno.Invalid("inputs", "%s is to come from job %s, but there is no such job", f.Path, job)
			}
			return turno.Errorf(turno.CodeUnavailable, "find job %s, of which input %s is to come: %v", job, f.Path, err)
		}
		if shared { // a copy: the list may be that of the spec this one was cloned from
			spec.Inputs, shared = slices.Clone(spec.Inputs), false
		}
		spec.Inputs[i].From = "job:" + source.ID + "/" + path
	}
	return nil
}

// entryBytes is what a job takes in a parcel beside its spec, at most.
const entryBytes = 90

// open gives the parcel that a spec of this size goes into.
func (p *packer) open(size int) *parcel {
	if n := len(p.parcels); n > 0 {
		q := &p.parcels[n-1]
		if len(q.at) < parcelJobs && len(q.body)+size+entryBytes <= parcelBytes {
			return q
		}
	}
	p.parcels = append(p.parcels, parcel{body: append(make([]byte, 0, size+2*entryBytes), `{"version":1,"jobs":[`...)})
	return &p.parcels[len(p.parcels)-1]
}

// bodies closes the parcels.
func (p *packer) bodies() [][]byte {
	out := make([][]byte, len(p.parcels))
	for i := range p.parcels {
		b := p.parcels[i].body
		out[i] = append(b[:len(b)-1], "]}"...)
	}
	return out
}
