package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"turno"
	"turno/internal/broker"
	"turno/internal/core/sched"
	"turno/internal/failpoint"
	"turno/internal/role/shell"
	"turno/internal/store"
	"turno/internal/wire"
)

const (
	// batchJobs bounds the submissions of one commit: enough to share its cost,
	// few enough that the first of them is not kept waiting.
	batchJobs = 2000
	// outboxDepth commits may be ahead of what has been sent; then the loop
	// waits for the broker.
	outboxDepth = 4
)

// term is one lead of one scheduler.
type term struct {
	// Constant.
	o     Options
	log   *slog.Logger
	lead  store.Lead
	clock shell.Clock
	fail  context.CancelCauseFunc
	// forgiven is how many deliveries in vain are no message's fault.
	forgiven int

	inputs chan input
	post   chan post
	owing  chan struct{} // 1: there are new webhooks
	group  sync.WaitGroup

	// Owned by the loop.
	core    *sched.Sched
	batch   batch
	suspect *input                    // what is being worked on is this alone; see bury
	speaks  map[string]turno.Versions // of messages, by worker
	// strangers report in versions that this turno does not speak, by worker.
	strangers map[string]stranger
	wanted    time.Time // when the metric was told last
	changed   bool      // since then
	untold    bool      // what jobs wait for may have changed since it was told
	waiting   time.Time // when it is to be told again
}

// stranger is a worker whose Reports cannot be read.
type stranger struct {
	worker string
	why    *wire.VersionError
	at     time.Time
}

// output is a piece of a log, and the worker on whose stream it came: where the
// broker grants workers their own alone, no other can send there.
type output struct {
	from string
	turno.LogChunk
}

// input is what one receiver has read: one list is set. Alone: it has been
// delivered before, and shares its commit with nothing.
type input struct {
	alone       bool
	submissions []submission
	asks        []ask
	reports     []*turno.Report
	strangers   []stranger
	logs        []output
	// webhooks were tried; noted is closed when that is committed.
	webhooks []turno.Webhook
	noted    chan struct{}
}

type submission struct {
	from    broker.Delivery
	by      broker.Consumer
	jobs    []turno.NewJob
	at      []int // where each of jobs stands in answers
	answers []turno.Submitted
	known   sched.Known // what the store has of what they may repeat or wait for
	bad     *turno.Error
	dead    turno.DeadReason // why it is set aside; empty: it is not
}

type ask struct {
	from broker.Delivery
	by   broker.Consumer
	ask  turno.Ask
	bad  *turno.Error
}

// batch is what the next commit answers for.
type batch struct {
	logs []turno.LogChunk
	post post
	jobs int
	dead []turno.DeadLetter
	gone []int64 // dead letters to forget

	webhooks []turno.Webhook
	noted    []chan struct{}
}

// renew keeps the lead. It fails the term while the lease still lasts.
func (t *term) renew(ctx context.Context, holder string, lead store.Lead) {
	until := time.Now().Add(lead.For)
	for {
		sleep(ctx, renewEvery)
		if ctx.Err() != nil {
			return
		}
		asked := time.Now()
		try, cancel := context.WithDeadline(ctx, until)
		got, err := t.o.Store.Lead(try, holder, leadTTL)
		cancel()
		switch {
		case err == nil && got.Term == lead.Term:
			until = asked.Add(got.For)
		case ctx.Err() != nil:
			return
		case err == nil || errors.Is(err, store.ErrHeld) || time.Now().Add(renewEvery/2).After(until):
			t.fail(fmt.Errorf("lost the lead of term %d: %w", lead.Term, errors.Join(err, store.ErrFenced)))
			return
		default:
			t.log.Warn("did not renew the lead; tries again", "err", err)
		}
	}
}

// restore reads the store into the core.
func (t *term) restore(ctx context.Context) error {
	began := time.Now()
	var jobs []*turno.Job
	state, err := t.o.Store.Load(ctx, func(j *turno.Job) error {
		jobs = append(jobs, j)
		return nil
	})
	if err != nil {
		return err
	}
	t.core.NumberAbove(state.Attempts)
	t.core.Restore(t.clock.Now(), state.Next, state.Workers, jobs)
	t.o.OnWorkers(state.Workers, nil)
	known, err := t.o.Store.Find(ctx, t.core.RestoreLookups()...)
	if err != nil {
		return err
	}
	t.core.Resume(t.clock.Now(), known)
	t.listen(state.Workers, nil)
	t.log.Info("restored", "jobs", len(jobs), "workers", len(state.Workers), "took", time.Since(began))
	return nil
}

// run is the loop that owns the core.
func (t *term) run(ctx context.Context) error {
	t.group.Go(func() { t.send(ctx) })
	if t.o.Webhooks != nil {
		t.group.Go(func() { t.tell(ctx) })
	}
	woken := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer func() {
		if cause := recover(); cause != nil {
			t.bury(cause)
			panic(cause)
		}
	}()
	for {
		if err := t.flush(ctx); err != nil {
			return err
		}
		t.o.Metrics.Cycle(time.Since(woken))
		t.tellMetrics()
		t.arm(timer)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case in := <-t.inputs:
			woken, t.changed = time.Now(), true
			if err := t.take(ctx, in); err != nil {
				return err
			}
		case <-timer.C:
			woken, t.changed = time.Now(), t.changed || t.due()
		}
		if err := t.takeMore(ctx); err != nil {
			return err
		}
		if err := failpoint.Hit(failpoint.SchedulerRead); err != nil {
			return err
		}
		t.core.Tick(t.clock.Now())
	}
}

// arm sets the timer to the core's next deadline, or to when a metric is to be
// told; without either it sleeps.
func (t *term) arm(timer *time.Timer) {
	next := t.core.Next()
	wait, sleeps := next.Sub(t.clock.Now()), next.IsZero()
	within := func(d time.Duration) {
		if sleeps || d < wait {
			wait, sleeps = d, false
		}
	}
	if t.changed {
		within(wantedEvery)
	}
	if t.untold {
		within(time.Until(t.waiting))
	}
	if sleeps {
		timer.Stop()
		return
	}
	timer.Reset(max(wait, 0))
}

// due tells whether the core has something to do now.
func (t *term) due() bool {
	next := t.core.Next()
	return !next.IsZero() && !next.After(t.clock.Now())
}

// takeMore takes what else has arrived by now, so that it shares the commit.
func (t *term) takeMore(ctx context.Context) error {
	for t.batch.jobs < batchJobs {
		select {
		case in := <-t.inputs:
			if err := t.take(ctx, in); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func (t *term) take(ctx context.Context, in input) error {
	if !in.alone {
		return t.takeIn(ctx, &in)
	}
	if err := t.flush(ctx); err != nil {
		return err
	}
	t.suspect = &in
	if err := t.takeIn(ctx, &in); err != nil {
		return err
	}
	t.core.Tick(t.clock.Now())
	if err := t.flush(ctx); err != nil {
		return err
	}
	t.suspect = nil
	return nil
}

func (t *term) takeIn(ctx context.Context, in *input) error {
	for _, s := range in.strangers {
		t.refuse(s)
	}
	for _, r := range in.reports {
		delete(t.strangers, r.Worker)
		t.core.Report(t.clock.Now(), r)
		t.batch.jobs += len(r.Held)
	}
	if err := t.lookUp(ctx, in.submissions); err != nil {
		return err
	}
	t.takeWebhooks(in)
	for i := range in.submissions {
		t.submit(&in.submissions[i])
	}
	for i := range in.asks {
		if err := t.answer(ctx, &in.asks[i]); err != nil {
			return err
		}
	}
	return t.takeLogs(ctx, in.logs)
}

func (t *term) submit(s *submission) {
	reply := t.hand(s)
	t.setAside(s, reply)
	t.batch.post.acks = append(t.batch.post.acks, ack{s.by, s.from})
	t.batch.post.replies = append(t.batch.post.replies, reply1{to: s.from.Message, submission: reply})
}

// lookUp asks the store once for all that messages which came together may
// repeat or wait for: in the first seconds of a term that is each of their jobs.
func (t *term) lookUp(ctx context.Context, messages []submission) error {
	var refs []turno.Ref
	for i := range messages {
		if messages[i].bad == nil {
			refs = append(refs, t.core.Lookups(t.clock.Now(), messages[i].jobs)...)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	found, err := t.o.Store.Find(ctx, refs...)
	if err != nil {
		return fmt.Errorf("look for repeated jobs: %w", err)
	}
	// Most are new: what is not there would cost a look for each job.
	found = slices.DeleteFunc(found, func(j *turno.Job) bool { return j == nil })
	for i := range messages {
		messages[i].known = found
	}
	return nil
}

// hand gives a message's jobs to the core.
func (t *term) hand(s *submission) *turno.SubmissionReply {
	reply := &turno.SubmissionReply{Version: turno.ProtocolVersion, Jobs: s.answers, Error: s.bad}
	if s.bad == nil && len(s.jobs) > 0 {
		answers := t.core.Submit(t.clock.Now(), s.jobs, s.known)
		for i, at := range s.at {
			reply.Jobs[at] = answers[i]
		}
	}
	t.batch.jobs += len(s.jobs)
	t.o.Metrics.Refused(refusedOf(reply, len(s.jobs)))
	return reply
}

// refusedOf counts the jobs that a reply refuses; given: those of a message that
// was refused as a whole.
func refusedOf(reply *turno.SubmissionReply, given int) (n int) {
	if reply.Error != nil {
		return max(1, given)
	}
	for i := range reply.Jobs {
		if reply.Jobs[i].Error != nil {
			n++
		}
	}
	return n
}

func (t *term) answer(ctx context.Context, a *ask) (err error) {
	now := t.clock.Now()
	answer := turno.Answer{Error: a.bad}
	switch {
	case a.bad != nil:
	case a.ask.Act != nil && len(a.ask.Act.Letters) > 0:
		if answer.Acted, err = t.actOnLetters(ctx, a.ask.Act); err != nil {
			return err
		}
	case a.ask.Act != nil:
		answer.Acted = t.core.Act(now, a.ask.Act)
	case a.ask.Try != nil:
		answer.Explain, answer.Error = t.try(now, a.ask.Try)
	case a.ask.Explain != "":
		answer.Explain, answer.Error = t.explain(now, a.ask.Explain)
	case a.ask.Workers:
		answer.Workers = t.withStrangers(now, t.core.Workers(now))
	default:
		answer.Error = turno.Errorf(turno.CodeMalformed, "asks for nothing that this scheduler knows")
	}
	t.batch.post.acks = append(t.batch.post.acks, ack{a.by, a.from})
	t.batch.post.replies = append(t.batch.post.replies, reply1{to: a.from.Message, answer: &answer})
	return nil
}

// try explains a job that is not handed in.
func (t *term) try(now time.Time, spec *turno.Spec) (*turno.Explanation, *turno.Error) {
	spec.Normalize()
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	e, err := t.core.Try(now, spec)
	return &e, err
}

func (t *term) explain(now time.Time, text string) (*turno.Explanation, *turno.Error) {
	ref, err := turno.ParseRef(text)
	if err != nil {
		return nil, turno.Errorf(turno.CodeMalformed, "%v", err)
	}
	e, problem := t.core.Explain(now, ref)
	if problem != nil {
		return nil, problem
	}
	return &e, nil
}

// takeLogs adds chunks to the commit. One that leaves a gap is left out: its
// worker sends it again from where the store is.
func (t *term) takeLogs(ctx context.Context, pieces []output) error {
	for _, c := range pieces {
		if t.core.Elsewhere(c.from, c.AttemptKey) {
			t.log.Warn("ignored output of an attempt that is another worker's", "worker", c.from, "attempt", c.AttemptKey)
			continue
		}
		t.batch.logs = append(t.batch.logs, c.LogChunk)
		t.batch.jobs += 1 + len(c.Data)/4096
	}
	return ctx.Err()
}

// flush commits what the core has ready and hands the rest to the outbox,
// until nothing is left: what a commit stored may be news for a worker.
func (t *term) flush(ctx context.Context) error {
	for {
		ready := t.core.Ready()
		b := t.batch
		t.batch = batch{}
		aside := len(b.dead)+len(b.gone)+len(b.webhooks) > 0
		if ready.Empty() && len(b.logs) == 0 && !aside && b.post.empty() {
			return nil
		}
		if ready.Commits() || len(b.logs) > 0 || aside {
			if err := t.commit(ctx, &ready, &b); err != nil {
				return err
			}
		}
		again, err := t.ended(ctx, ready.Ended)
		if err != nil {
			return err
		}
		t.listen(ready.Workers, ready.Gone)
		b.post.desired, b.post.results = t.envelopes(ready.Desired), append(ready.Results, again...)
		if b.post.empty() {
			continue
		}
		select {
		case t.post <- b.post:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (t *term) commit(ctx context.Context, ready *sched.Ready, of *batch) error {
	kept, err := t.fitting(ctx, of.logs)
	if err != nil {
		return err
	}
	b := store.Batch{
		Term: t.lead.Term, Workers: ready.Workers, Gone: ready.Gone, Next: ready.Next, Logs: kept, Dead: t.deadBatch(of),
		Jobs: make([]store.Change, len(ready.Jobs)),
	}
	for i, c := range ready.Jobs {
		b.Jobs[i] = store.Change(c)
	}
	fresh := owed(b.Jobs, t.clock.Now())
	b.Webhooks = append(of.webhooks, fresh...)
	if err := failpoint.Hit(failpoint.SchedulerReady); err != nil {
		return err
	}
	began := time.Now()
	err = t.o.Store.Commit(ctx, b)
	t.o.Metrics.Store("commit", time.Since(began), err)
	if err != nil {
		return fmt.Errorf("commit %d jobs: %w", len(b.Jobs), err)
	}
	t.o.Metrics.Committed(b.Jobs)
	if t.o.Traces != nil {
		t.o.Traces.Committed(b.Jobs)
	}
	if err := failpoint.Hit(failpoint.SchedulerCommitted); err != nil {
		return err
	}
	for _, noted := range of.noted {
		close(noted)
	}
	if len(fresh) > 0 {
		t.owe()
	}
	t.o.OnWorkers(ready.Workers, ready.Gone)
	for _, c := range kept {
		t.o.Metrics.Output(len(c.Data))
		t.core.LogStored(t.clock.Now(), c.AttemptKey, c.Offset+int64(len(c.Data)))
	}
	return nil
}

// ended looks for attempts whose end an earlier term has accepted. Their
// results are published again: the earlier term may not have come to it. The
// size of their output goes to the core, and out with the next Ready, at once.
func (t *term) ended(ctx context.Context, keys []turno.AttemptKey) ([]turno.ResultMessage, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	refs := make([]turno.Ref, len(keys))
	for i, k := range keys {
		refs[i] = turno.Ref{Number: k.Job, Task: -1}
	}
	jobs, err := t.o.Store.Find(ctx, refs...)
	if err != nil {
		return nil, fmt.Errorf("look for ended jobs: %w", err)
	}
	var results []turno.ResultMessage
	for i, j := range jobs {
		if j != nil && j.State.Ended() && j.Attempt == keys[i].Attempt {
			results = append(results, sched.ResultMessage(j))
		}
		_, size, err := t.o.Store.ReadLog(ctx, keys[i], 0, 0)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("read the size of a log: %w", err)
		}
		t.core.LogStored(t.clock.Now(), keys[i], size)
	}
	return results, nil
}
