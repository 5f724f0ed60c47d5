package servicetest

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"turno"
	"turno/internal/broker"
	brokermem "turno/internal/broker/mem"
	"turno/internal/store"
	storemem "turno/internal/store/mem"
)

// scheduler takes what is submitted and asked, and starts nothing by itself:
// tests order what becomes of a job.
type scheduler struct {
	t      testing.TB
	broker *brokermem.Broker
	store  *storemem.Store
	term   uint64

	mu   sync.Mutex // guards all below, and commits
	next int64
	ids  map[string]int64
	// explained is what Explain was asked for; messages counts submissions.
	explained []string
	messages  int
	users     []string // who ordered something
}

func newScheduler(t testing.TB, b *brokermem.Broker, st *storemem.Store) *scheduler {
	lead, err := st.Lead(context.Background(), "stub", 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return &scheduler{t: t, broker: b, store: st, term: lead.Term, next: 1, ids: map[string]int64{}}
}

func (s *scheduler) run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { s.consume(ctx, broker.ControlQueue, s.answer) })
	s.consume(ctx, broker.JobsQueue, s.accept)
	return nil
}

// consume replies to each message of a queue with what handle makes of it.
func (s *scheduler) consume(ctx context.Context, queue string, handle func([]byte) any) {
	c, err := s.broker.Consume(ctx, queue, broker.ConsumeOptions{})
	if err != nil {
		if ctx.Err() == nil {
			s.t.Errorf("consume: %v", err)
		}
		return
	}
	for {
		ds, err := c.Receive(ctx)
		if err != nil {
			if ctx.Err() == nil {
				s.t.Errorf("receive: %v", err)
			}
			return
		}
		for _, d := range ds {
			body, err := json.Marshal(handle(d.Body))
			if err = errors.Join(err, s.broker.Reply(ctx, d.Message, body), c.Ack(ctx, d)); err != nil && ctx.Err() == nil {
				s.t.Errorf("reply: %v", err)
			}
		}
	}
}

// accept takes a Submission.
func (s *scheduler) accept(body []byte) any {
	var in turno.Submission
	if err := json.Unmarshal(body, &in); err != nil || in.Version != 1 {
		return turno.SubmissionReply{Version: 1, Error: turno.Errorf(turno.CodeMalformed, "%v", err)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages++
	reply := turno.SubmissionReply{Version: 1}
	b := store.Batch{Term: s.term}
	for _, n := range in.Jobs {
		got := turno.Submitted{ID: n.ID, Number: s.ids[n.ID]}
		switch {
		case n.Spec.Type == "refused":
			got.Error = turno.Errorf(turno.CodeUnsatisfied, "no worker could ever run it").WithHint("ask for less")
		case got.Number == 0:
			got.Number = s.next
			s.ids[n.ID] = s.next
			s.next++
			b.Jobs = append(b.Jobs, store.Change{Job: fresh(n, got.Number)})
			if n.Spec.GPUs > 8 {
				got.Warning = "no worker known has as many GPUs"
			}
		}
		reply.Jobs = append(reply.Jobs, got)
	}
	b.Next = s.next
	if err := s.store.Commit(context.Background(), b); err != nil {
		s.t.Errorf("commit: %v", err)
	}
	return reply
}

func fresh(n turno.NewJob, number int64) *turno.Job {
	now := time.Now().UTC()
	j := &turno.Job{
		ID: n.ID, Number: number, Spec: n.Spec, RetryOf: n.RetryOf, State: turno.Queued,
		Reason: turno.ReasonNoWorkers, Detail: "no worker is there", Since: now, SubmittedAt: now,
	}
	if n.Spec.Hold {
		j.State, j.Reason = turno.Held, turno.ReasonHeld
	}
	if a := n.Spec.Array; a != nil {
		j.Tasks = &turno.TaskCount{Total: a.Tasks.Len(), Waiting: a.Tasks}
	}
	return j
}

// answer answers an Ask.
func (s *scheduler) answer(body []byte) any {
	var ask turno.Ask
	if err := json.Unmarshal(body, &ask); err != nil {
		return turno.Answer{Error: turno.Errorf(turno.CodeMalformed, "%v", err)}
	}
	switch {
	case ask.Act != nil:
		return turno.Answer{Acted: s.act(ask.Act)}
	case ask.Workers:
		return turno.Answer{Workers: []turno.Worker{{Name: "lab-01", State: turno.WorkerReady, JobCount: 2}}}
	}
	s.mu.Lock()
	s.explained = append(s.explained, ask.Explain)
	s.mu.Unlock()
	if ask.Explain == "99" {
		return turno.Answer{Error: turno.Errorf(turno.CodeNotFound, "there is no job 99").WithHint("list them")}
	}
	return turno.Answer{Explain: &turno.Explanation{
		Job: ask.Explain, State: turno.Queued, Reason: turno.ReasonResources, Summary: "needs 2 GPUs, 1 is free",
		Blocks: []turno.Block{{Reason: turno.ReasonResources, Detail: "GPUs", Workers: 1}}, Position: 3, InLine: 9, Workers: 1,
	}}
}

func (s *scheduler) act(a *turno.Action) []turno.Acted {
	s.mu.Lock()
	s.users = append(s.users, a.User)
	s.mu.Unlock()
	var out []turno.Acted
	for _, target := range a.Targets() {
		got := turno.Acted{Target: target, State: string(a.Verb) + "led"}
		if n, err := strconv.Atoi(target); err == nil && n >= 9000 {
			got = turno.Acted{Target: target, Error: turno.Errorf(turno.CodeNotFound, "there is no job %d", n)}
		}
		out = append(out, got)
	}
	return out
}

// change rewrites a job.
func (s *scheduler) change(number int64, edit func(*turno.Job)) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.store.Find(context.Background(), turno.Ref{Number: number, Task: -1})
	if err != nil || found[0] == nil {
		s.t.Fatalf("find job %d: %v", number, err)
	}
	from := found[0].State
	found[0].Since = time.Now().UTC()
	edit(found[0])
	s.commit(store.Batch{Jobs: []store.Change{{Job: found[0], From: from}}})
}

func (s *scheduler) commit(b store.Batch) {
	s.t.Helper()
	b.Term, b.Next = s.term, s.next
	if err := s.store.Commit(context.Background(), b); err != nil {
		s.t.Fatalf("commit: %v", err)
	}
}

// start begins a job's next attempt.
func (s *scheduler) start(number int64) {
	s.t.Helper()
	s.change(number, func(j *turno.Job) {
		j.State, j.Reason, j.Attempt = turno.Running, turno.ReasonRunning, j.Attempt+1
		j.Attempts = append(j.Attempts, turno.Attempt{Number: j.Attempt, Worker: "lab-01", StartedAt: time.Now().UTC()})
	})
}

// end ends a job whose attempt printed that many bytes.
func (s *scheduler) end(number, logBytes int64) {
	s.t.Helper()
	s.change(number, func(j *turno.Job) {
		res := &turno.Result{State: turno.Succeeded, Reason: turno.ReasonCompleted, LogBytes: logBytes}
		j.State, j.Reason, j.Result, j.EndedAt = turno.Succeeded, turno.ReasonCompleted, res, time.Now().UTC()
		a := j.Current()
		a.Result, a.EndedAt, a.LogBytes = res, j.EndedAt, logBytes
	})
}

// expand makes a task of an array a job of its own.
func (s *scheduler) expand(array int64, task int) int64 {
	s.t.Helper()
	var t *turno.Job
	s.change(array, func(j *turno.Job) {
		j.Tasks.Waiting = j.Tasks.Waiting.Without(task)
		j.Tasks.Active++
		j.State, j.Reason, j.Detail = turno.Running, turno.ReasonTasks, ""
		t = fresh(turno.NewJob{ID: turno.Ref{ID: j.ID, Task: task}.String(), Spec: j.Spec}, s.next)
		t.Parent, t.Task, t.Tasks = j.Number, task, nil
		s.next++
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commit(store.Batch{Jobs: []store.Change{{Job: t}}})
	return t.Number
}

func chunk(number int64, attempt int, offset int64, text string) turno.LogChunk {
	return turno.LogChunk{AttemptKey: turno.AttemptKey{Job: number, Attempt: attempt}, Offset: offset, Data: []byte(text)}
}

// stored puts output into the store, and tells nobody.
func (s *scheduler) stored(c turno.LogChunk) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commit(store.Batch{Logs: []turno.LogChunk{c}})
}

// sent sends output as a worker does.
func (s *scheduler) sent(c turno.LogChunk) {
	s.t.Helper()
	body, err := json.Marshal([]turno.LogChunk{c})
	if err = errors.Join(err, s.broker.Send(context.Background(), broker.LogStream+"lab-01", body)); err != nil {
		s.t.Fatalf("send output: %v", err)
	}
}

// setAside makes a dead letter.
func (s *scheduler) setAside(l turno.DeadLetter) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commit(store.Batch{Dead: store.DeadLetterBatch{New: []turno.DeadLetter{l}, Keep: 10, KeepBytes: 1000}})
}
