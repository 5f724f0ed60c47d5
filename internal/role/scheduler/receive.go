package scheduler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"turno"
	"turno/internal/broker"
	"turno/internal/wire"
)

const (
	// jobMessages bounds the messages that are open at a time: each may hold a
	// thousand jobs.
	jobMessages = 16
	askMessages = 256
	// messageJobs bounds the jobs of one message, so that the answer fits into
	// one too.
	messageJobs = 10_000
)

// open begins to receive. Receivers end with ctx; one that breaks fails the
// term.
func (t *term) open(ctx context.Context) error {
	jobs, err := t.o.Broker.Consume(ctx, broker.JobsQueue, broker.ConsumeOptions{Batch: jobMessages})
	if err != nil {
		return err
	}
	control, err := t.o.Broker.Consume(ctx, broker.ControlQueue, broker.ConsumeOptions{Batch: askMessages})
	if err != nil {
		return errors.Join(err, jobs.Close())
	}
	dead, err := t.o.Broker.Consume(ctx, broker.DeadQueue, broker.ConsumeOptions{Batch: 1})
	if err != nil {
		return errors.Join(err, jobs.Close(), control.Close())
	}
	reports, err := t.o.Broker.Watch(ctx, broker.ReportBox+"*")
	if err != nil {
		return errors.Join(err, jobs.Close(), control.Close(), dead.Close())
	}
	logs, err := t.o.Broker.Subscribe(ctx, broker.LogStream+"*")
	if err != nil {
		return errors.Join(err, jobs.Close(), control.Close(), dead.Close(), reports.Close())
	}
	submissions, asks := &careful{Consumer: jobs}, &careful{Consumer: control}
	t.receive(ctx, jobs.Close, func() (input, error) { return t.readJobs(ctx, submissions) })
	t.receive(ctx, control.Close, func() (input, error) { return t.readAsks(ctx, asks) })
	t.receive(ctx, dead.Close, func() (input, error) { return t.readDead(ctx, dead) })
	var decoder wire.ReportDecoder
	t.receive(ctx, reports.Close, func() (input, error) { return t.readReports(ctx, reports, &decoder) })
	t.receive(ctx, logs.Close, func() (input, error) { return t.readLogs(ctx, logs) })
	if err := t.o.Broker.Send(ctx, broker.HelloStream, nil); err != nil {
		t.log.Warn("did not ask the workers to report; they will by themselves", "err", err)
	}
	return nil
}

// receive reads and decodes beside the loop.
func (t *term) receive(ctx context.Context, done func() error, read func() (input, error)) {
	t.group.Go(func() {
		defer func() {
			if err := done(); err != nil {
				t.log.Warn("did not close a queue", "err", err)
			}
		}()
		for {
			in, err := read()
			if err != nil {
				t.fail(fmt.Errorf("receive: %w", err))
				return
			}
			select {
			case t.inputs <- in:
			case <-ctx.Done():
				return
			}
		}
	})
}

func (t *term) readJobs(ctx context.Context, c *careful) (input, error) {
	ds, alone, err := c.receive(ctx)
	in := input{submissions: make([]submission, len(ds)), alone: alone}
	for i := range ds {
		in.submissions[i] = t.guarded(ds[i], t.decode)
		if n := ds[i].Times; n > patience+t.forgiven {
			in.submissions[i] = submission{from: ds[i], dead: turno.DeadUnfinished, bad: given(n)}
		}
		in.submissions[i].by = c.Consumer
	}
	return in, err
}

// decode reads a Submission and checks each of its jobs: whoever may publish
// to the broker is a stranger too.
func (t *term) decode(d broker.Delivery) submission {
	s := submission{from: d}
	if len(d.Body) > broker.MaxBody {
		s.dead, s.bad = turno.DeadTooLarge, turno.Errorf(turno.CodeTooLarge, "the message has %d bytes; at most %d are taken", len(d.Body), broker.MaxBody).
			WithHint("send several messages")
		return s
	}
	body, err := parse(d.Body)
	if err != nil {
		s.dead, s.bad = turno.DeadMalformed, turno.Errorf(turno.CodeMalformed, "the message is not a submission: %v", err).
			WithHint("see docs/amqp.md for the format")
		return s
	}
	if body.Version != turno.ProtocolVersion {
		s.dead, s.bad = turno.DeadVersion, turno.Invalid("version", "%d; this scheduler speaks %d", body.Version, turno.ProtocolVersion)
		return s
	}
	if len(body.Jobs) > messageJobs {
		s.dead, s.bad = turno.DeadTooLarge, &turno.Error{Code: turno.CodeTooLarge, Field: "jobs",
			Message: fmt.Sprintf("%d jobs in one message; at most %d are taken", len(body.Jobs), messageJobs), Hint: "send several messages"}
		return s
	}
	s.answers = make([]turno.Submitted, len(body.Jobs))
	turno.TraceAll(body.Jobs, d.Traceparent)
	var last verdict
	for i := range body.Jobs {
		n := body.Jobs[i]
		s.answers[i].ID = n.ID
		if s.answers[i].Error = t.check(&n, &last); s.answers[i].Error == nil {
			s.jobs = append(s.jobs, n)
			s.at = append(s.at, i)
		}
	}
	return s
}

// arrivals is a turno.Submission whose specs were not read yet.
type arrivals struct {
	Version int `json:"version"`
	Jobs    []struct {
		ID      string          `json:"id"`
		Spec    json.RawMessage `json:"spec"`
		RetryOf int64           `json:"retry_of"`
	} `json:"jobs"`
}

// parse reads a Submission. Jobs in bulk often have one spec: those that follow
// each other with the same text share it, so it is read, checked, kept in memory
// and encoded for store and workers once.
func parse(text []byte) (turno.Submission, error) {
	var in arrivals
	if err := json.Unmarshal(text, &in); err != nil {
		return turno.Submission{}, err
	}
	if !utf8.Valid(text) {
		return turno.Submission{}, errors.New("it is not valid UTF-8")
	}
	out := turno.Submission{Version: in.Version, Jobs: make([]turno.NewJob, len(in.Jobs))}
	for i := range in.Jobs {
		n := &in.Jobs[i]
		out.Jobs[i] = turno.NewJob{ID: n.ID, RetryOf: n.RetryOf}
		if i > 0 && bytes.Equal(n.Spec, in.Jobs[i-1].Spec) {
			out.Jobs[i].Spec = out.Jobs[i-1].Spec
			continue
		}
		if len(n.Spec) == 0 {
			continue
		}
		if err := json.Unmarshal(n.Spec, &out.Jobs[i].Spec); err != nil {
			return turno.Submission{}, fmt.Errorf("job %d of it: %w", i+1, err)
		}
	}
	return out, nil
}

// verdict is what was found of a spec.
type verdict struct {
	spec *turno.Spec
	bad  *turno.Error
}

func (t *term) check(n *turno.NewJob, last *verdict) *turno.Error {
	if n.ID == "" {
		return turno.Invalid("id", "must be given").WithHint("make a fresh UUIDv7 for each job; the same id again is the same job")
	}
	if n.RetryOf < 0 {
		return turno.Invalid("retry_of", "%d is not the number of a job", n.RetryOf)
	}
	if !turno.ValidID(n.ID) {
		return turno.Invalid("id", "%.60q is not a UUID in lower case", n.ID)
	}
	if n.Spec == nil {
		return turno.Invalid("spec", "must be given")
	}
	if n.Spec != last.spec {
		*last = verdict{n.Spec, t.o.Check(n.Spec)}
	}
	return last.bad
}

func (t *term) readAsks(ctx context.Context, c *careful) (input, error) {
	ds, alone, err := c.receive(ctx)
	in := input{asks: make([]ask, len(ds)), alone: alone}
	for i := range ds {
		a := ask{from: ds[i], by: c.Consumer}
		if err := json.Unmarshal(ds[i].Body, &a.ask); err != nil {
			a.bad = turno.Errorf(turno.CodeMalformed, "the message is not an ask: %v", err)
		}
		in.asks[i] = a
	}
	return in, err
}

func (t *term) readReports(ctx context.Context, w broker.Watcher, d *wire.ReportDecoder) (input, error) {
	vs, err := w.Receive(ctx)
	var in input
	for _, v := range vs {
		r, err := d.Decode(v.Body)
		if why, ok := errors.AsType[*wire.VersionError](err); ok {
			in.strangers = append(in.strangers, stranger{strings.TrimPrefix(v.Name, broker.ReportBox), why, t.clock.Now()})
			continue
		}
		if err != nil || broker.ReportBox+r.Worker != v.Name {
			t.log.Warn("ignored a report that is none", "mailbox", v.Name, "err", err)
			continue
		}
		if bad := incomplete(r); bad != "" {
			t.log.Warn("ignored a report", "worker", r.Worker, "err", bad)
			continue
		}
		in.reports = append(in.reports, r)
	}
	return in, err
}

// incomplete finds what the core could not work with.
func incomplete(r *turno.Report) string {
	for i := range r.Held {
		h := &r.Held[i]
		if h.State.Ended() && h.Result == nil {
			return "attempt " + h.AttemptKey.String() + " has ended without a result"
		}
		if h.Result != nil && !h.Result.State.Ended() {
			return "attempt " + h.AttemptKey.String() + " has a result that is no end"
		}
	}
	return ""
}

func (t *term) readLogs(ctx context.Context, w broker.Watcher) (input, error) {
	vs, err := w.Receive(ctx)
	var in input
	for _, v := range vs {
		var chunks []turno.LogChunk
		if err := json.NewDecoder(bytes.NewReader(v.Body)).Decode(&chunks); err != nil {
			t.log.Warn("ignored a log chunk that is none", "stream", v.Name, "err", err)
			continue
		}
		from := strings.TrimPrefix(v.Name, broker.LogStream)
		for _, c := range chunks {
			in.logs = append(in.logs, output{from, c})
		}
	}
	return in, err
}
