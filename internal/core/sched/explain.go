package sched

import (
	"fmt"
	"time"

	"turno"
)

// Explain says why a live job is where it is, by the same looks at the same
// workers that schedule takes. It changes nothing.
func (s *Sched) Explain(now time.Time, ref turno.Ref) (turno.Explanation, *turno.Error) {
	s.advance(now)
	j := s.find(ref)
	if j == nil && ref.Task >= 0 {
		whole := ref
		whole.Task = -1
		if a := s.find(whole); a != nil && a.Tasks != nil && a.Tasks.Waiting.Has(ref.Task) {
			j = a
		}
	}
	if j == nil {
		return turno.Explanation{}, s.noJob(ref)
	}
	e := turno.Explanation{
		Job: ref.String(), State: j.State, Reason: j.Reason, Summary: j.Detail, Workers: len(s.names),
	}
	if ref.ID != "" {
		e.Job = j.Display()
	}
	switch {
	case j.State.Active() && j.Tasks == nil:
		e.Summary = fmt.Sprintf("%s since %s: attempt %d, %s", j.State, j.Since.UTC().Format(time.RFC3339), j.Attempt, j.Detail)
	case j.Tasks != nil && j.Tasks.Waiting.Len() > 0, j.State == turno.Held, j.State == turno.Queued:
		s.explainWaiting(&e, j)
	default:
		e.Summary = fmt.Sprintf("%d tasks are active, none waits", j.Tasks.Active)
	}
	return e, nil
}

func (s *Sched) noJob(ref turno.Ref) *turno.Error {
	if ref.ID == "" && ref.Number < s.next {
		return turno.Errorf(turno.CodeConflict, "job %s has ended already", ref).
			WithHint("see how: turno show %s", ref)
	}
	if ref.ID != "" && s.ids[ref.ID].number != 0 {
		return turno.Errorf(turno.CodeConflict, "job %s has ended already", ref)
	}
	return turno.Errorf(turno.CodeNotFound, "there is no job %s", ref).WithHint("list jobs with: turno ps -a")
}

// Try explains a job that is not handed in, as if it were the last in line.
// Its spec must be normalized and valid. Reason is Assigned when it would start.
func (s *Sched) Try(now time.Time, spec *turno.Spec) (turno.Explanation, *turno.Error) {
	s.advance(now)
	if err := s.room(spec.User); err != nil {
		return turno.Explanation{}, err
	}
	e := turno.Explanation{State: turno.Queued, Workers: len(s.names)}
	j := &job{place: -1, Job: turno.Job{Spec: spec, State: turno.Queued, SubmittedAt: now}}
	if spec.Hold {
		j.State, e.State = turno.Held, turno.Held
	}
	s.blockSelf(&e, j)
	if len(spec.After) > 0 {
		e.Blocks = append(e.Blocks, turno.Block{Reason: turno.ReasonDependency, Detail: fmt.Sprintf("waits for the end of %d jobs, if they have not ended", len(spec.After))})
	}
	sh := &shape{key: keyOf(spec), spec: spec}
	sh.needs = sh.key.needs()
	f := s.funnel(sh)
	s.blockResources(&e, &f, sh)
	for _, other := range s.line.shapes {
		if other.pool() == sh.pool() {
			for _, w := range other.jobs {
				e.InLine += w.waits()
			}
		}
	}
	e.Position = e.InLine + 1
	if e.InLine > 0 && !e.Impossible {
		e.Blocks = append(e.Blocks, turno.Block{Reason: turno.ReasonPriority, Detail: fmt.Sprintf("%d stand in line; a higher priority passes them", e.InLine)})
	}
	if len(e.Blocks) == 0 {
		e.Blocks = append(e.Blocks, turno.Block{Reason: turno.ReasonAssigned, Workers: f.free, Detail: fmt.Sprintf("would start now: room on %d of %d workers", f.free, len(s.names))})
	}
	e.Reason, e.Summary = e.Blocks[0].Reason, e.Blocks[0].Detail
	return e, nil
}

// waits is how many of a job's tasks wait; of one without tasks itself.
func (j *job) waits() int {
	if j.Tasks != nil {
		return j.Tasks.Waiting.Len()
	}
	return 1
}

// explainWaiting collects every block, the first that counts first.
func (s *Sched) explainWaiting(e *turno.Explanation, j *job) {
	s.blockSelf(e, j)
	sh := j.shape
	if sh == nil || sh.pos < 0 {
		sh = &shape{key: keyOf(j.Spec), spec: j.Spec}
		sh.needs = sh.key.needs()
	}
	f := s.funnel(sh)
	s.blockResources(e, &f, sh)
	if j.place >= 0 {
		s.position(e, j)
		s.blockOrder(e, j, &f)
	}
	if len(e.Blocks) == 0 {
		e.Blocks = append(e.Blocks, turno.Block{Reason: j.Reason, Detail: j.Detail})
	}
	e.Reason, e.Summary = e.Blocks[0].Reason, e.Blocks[0].Detail
}

// blockSelf is what the job itself waits for: it is not in line.
func (s *Sched) blockSelf(e *turno.Explanation, j *job) {
	add := func(r turno.Reason, unblock, format string, args ...any) {
		e.Blocks = append(e.Blocks, turno.Block{Reason: r, Detail: fmt.Sprintf(format, args...)})
		e.Unblock = append(e.Unblock, unblock)
	}
	if j.State == turno.Held {
		add(turno.ReasonHeld, "turno release "+j.Display(), "held; release it to let it run")
	}
	if j.open > 0 {
		for _, d := range j.deps {
			waits := s.jobs[d.key.number]
			if waits == nil || (d.key.task >= 0 && !waits.Tasks.Waiting.Has(d.key.task)) {
				continue
			}
			add(turno.ReasonDependency, "the end of job "+d.text, "waits %s job %s, which is %s (%s)", d.when, d.text, waits.State, waits.Reason)
		}
	}
	if s.now.Before(j.Spec.Begin) {
		add(turno.ReasonBeginTime, "its begin time", "begins not before %s, in %s", j.Spec.Begin.UTC().Format(time.RFC3339), until(s.now, j.Spec.Begin))
	}
	if s.now.Before(j.NotUntil) {
		add(turno.ReasonBackoff, "the end of its backoff", "%s; the next is in %s", spent(j), until(s.now, j.NotUntil))
	}
	if j.Tasks != nil && s.throttled(j) {
		add(turno.ReasonArrayThrottle, "the end of one of its tasks", "%d tasks are active, and the array allows %d at once; %d wait",
			j.Tasks.Active, j.Spec.Array.Limit, j.Tasks.Waiting.Len())
	}
}

// spent counts the attempts that came to nothing.
func spent(j *job) string {
	failed, lost := attempts(j.Failures)+" failed", attempts(j.Losses)+" lost"
	switch {
	case j.Losses == 0:
		return failed
	case j.Failures == 0:
		return lost
	}
	return failed + ", " + lost
}

func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

func until(now, at time.Time) time.Duration { return at.Sub(now).Round(time.Second) }

// blockResources is what the workers have not.
func (s *Sched) blockResources(e *turno.Explanation, f *funnel, sh *shape) {
	asked := map[string]int64{
		"gpus": int64(sh.key.gpus), "cpus": int64(sh.key.cpus), "memory": sh.key.memory,
	}
	if f.workers == 0 {
		e.Blocks = append(e.Blocks, turno.Block{Reason: turno.ReasonNoWorkers, Detail: "no worker has reported yet"})
		e.Unblock = append(e.Unblock, "start a worker: turno worker")
		return
	}
	for _, what := range lackOrder {
		if f.lacks[what] == 0 {
			continue
		}
		b := turno.Block{Reason: turno.ReasonNoSuchResource, Detail: f.lackText(what), Workers: f.lacks[what]}
		if n, counted := asked[what]; counted {
			b.Asked, b.Limit = amount(what, n), amount(what, f.most[what])
			if what == "gpus" {
				b.Asked += sh.key.ofWhich()
			}
			b.Detail = fmt.Sprintf("asks for %s; %s", b.Asked, b.Detail)
		}
		if f.could == 0 {
			e.Impossible = true
			e.Blocks = append(e.Blocks, b)
			way := "ask for less, or add a worker that has it"
			if what == "name" {
				way = "allow other workers, or add one"
			}
			e.Unblock = append(e.Unblock, way)
		}
	}
	if f.could == 0 && f.starting > 0 {
		e.Impossible = false
		e.Blocks = append(e.Blocks, turno.Block{Reason: turno.ReasonNoSuchResource, Detail: f.startingText(), Workers: f.starting})
		e.Unblock = append(e.Unblock, "the start of that runner")
	}
	if f.could > 0 && f.open == 0 {
		for _, text := range f.shut {
			e.Blocks = append(e.Blocks, turno.Block{Reason: turno.ReasonDrained, Detail: text, Workers: 1})
		}
		e.Unblock = append(e.Unblock, "turno undrain, or another worker")
	}
	if f.open == 0 || f.free > 0 {
		return
	}
	for _, what := range lackOrder {
		if f.busy[what] == 0 {
			continue
		}
		e.Blocks = append(e.Blocks, turno.Block{
			Reason: turno.ReasonResources, Workers: f.busy[what], Holder: f.holders,
			Asked: amount(what, asked[what]), Free: amount(what, f.free1[what]), Limit: amount(what, f.limit[what]),
			Detail: fmt.Sprintf("asks for %s; the most that is free on one worker is %s of %s",
				amount(what, asked[what]), amount(what, f.free1[what]), amount(what, f.limit[what])),
		})
		e.Unblock = append(e.Unblock, "the end of "+first(f.holders, "a running job"))
	}
}

func first(list []string, otherwise string) string {
	if len(list) == 0 {
		return otherwise
	}
	return list[0]
}

// position counts the jobs before this one in its pool; tasks count each.
func (s *Sched) position(e *turno.Explanation, j *job) {
	pool := j.shape.pool()
	ahead := 0
	for _, sh := range s.line.shapes {
		if sh.pool() != pool {
			continue
		}
		for _, other := range sh.jobs {
			n := 1
			if other.Tasks != nil {
				n = other.Tasks.Waiting.Len()
			}
			e.InLine += n
			if before(other, j) {
				ahead += n
			}
		}
	}
	e.Position = ahead + 1
	if r := s.reserved[pool]; r != nil && r.job == j {
		e.ReservedWorker, e.ReservedAt = r.worker.Name, r.at
	}
}

// blockOrder is who stands before the job, when room alone is not what it
// waits for.
func (s *Sched) blockOrder(e *turno.Explanation, j *job, f *funnel) {
	r := s.reserved[j.shape.pool()]
	kept := f.free > 0 && r != nil && r.job != j // there is room, and it may not have it
	if e.Position == 1 && !kept {
		return
	}
	b := turno.Block{Reason: turno.ReasonPriority}
	verb := "stand"
	if e.Position == 2 {
		verb = "stands"
	}
	switch {
	case kept:
		b.Holder = []string{r.job.Display()}
		b.Detail = fmt.Sprintf("there is room, but %s is kept for job %s%s", r.worker.Name, r.job.Display(), by(r.at))
	case r != nil && r.job != j:
		b.Holder = []string{r.job.Display()}
		b.Detail = fmt.Sprintf("%d %s before it in line; job %s is first and has %s reserved", e.Position-1, verb, r.job.Display(), r.worker.Name)
	default:
		b.Detail = fmt.Sprintf("%d %s before it in line", e.Position-1, verb)
	}
	e.Blocks = append(e.Blocks, b)
	if kept && s.cfg.Order.Backfill && !r.at.IsZero() && !r.passes(j.shape, s.now) {
		if most := r.at.Sub(s.now).Truncate(time.Second) - time.Duration(j.Spec.Grace); most > 0 {
			e.Unblock = append(e.Unblock, "a time limit (-t) of at most "+most.String()+": it would end before then")
		}
	}
	e.Unblock = append(e.Unblock, "its turn, or a higher priority")
}

// by is when a reservation comes true at the latest.
func by(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return ", which starts no later than " + at.UTC().Format(time.RFC3339)
}
