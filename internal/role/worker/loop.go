package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"turno"
	"turno/internal/broker"
	"turno/internal/core/hold"
	"turno/internal/failpoint"
	"turno/internal/role/shell"
)

// loop owns the core until ctx is done and everything that must end has.
func (r *Role) loop(ctx, work context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	clock := r.clock
	leave := ctx.Done()
	var enough <-chan time.Time // of waiting for jobs to end by themselves
	for {
		now := clock.Now()
		r.core.Tick(now)
		r.leaseShims()
		if err := r.act(work, r.core.Ready()); err != nil {
			return err
		}
		if ctx.Err() != nil && r.left() {
			return nil
		}
		timer.Reset(max(r.core.Next().Sub(clock.Now()), 0))
		select {
		case <-leave:
			leave = nil
			enough = r.leave()
		case <-enough:
			r.log.Warn("jobs took longer than this worker waits for them", "jobs", len(r.live), "waited", r.o.Drain)
			r.draining = false
			r.endJobs()
		case <-timer.C:
		case <-r.inbox.wake:
		}
		if err := r.take(work, clock); err != nil {
			return err
		}
	}
}

// leaseShims keeps what a shim may do without an agent within what the
// scheduler has granted this one: three quarters of a lease that is fresh, and
// when no scheduler is heard, what is left of it. So a command whose agent dies
// is gone before the scheduler gives its job away.
func (r *Role) leaseShims() {
	lease, left := r.core.Lease()
	want := min(left, lease*3/4)
	if step := (want - r.shims).Abs(); want <= 0 || step <= lease/20 {
		return
	}
	r.shims = want
	for _, a := range r.live {
		if a.command == nil {
			continue
		}
		if err := a.command.setLease(want); err != nil {
			r.log.Warn("did not set a shim's lease", "attempt", a.key.String(), "err", err)
		}
	}
}

// leave begins the end: no new jobs, and the end of those that end with the
// agent. If it is to wait for jobs, that is when what it returns tells.
func (r *Role) leave() <-chan time.Time {
	r.core.Leave()
	if r.o.Drain == 0 {
		r.endJobs()
		return nil
	}
	r.draining = true
	r.log.Info("stops when its jobs have ended", "jobs", len(r.live), "at_most", r.o.Drain)
	return time.After(r.o.Drain)
}

func (r *Role) endJobs() {
	for _, a := range r.live {
		if r.o.EndJobs || !r.isCommand(a.task) {
			a.stop(leaveGrace, turno.ReasonWorkerLost)
		}
	}
}

// leaveGrace is what jobs get that end with their worker: short enough for a
// person who pressed Ctrl-C.
const leaveGrace = 3 * time.Second

// left tells whether nothing is waited for any more.
func (r *Role) left() bool {
	if r.draining {
		return r.core.Idle() // the scheduler has all results and logs
	}
	for _, a := range r.live {
		if r.o.EndJobs || !r.isCommand(a.task) {
			return false
		}
	}
	return true
}

// take gives the core what has happened.
func (r *Role) take(ctx context.Context, c shell.Clock) error {
	for _, e := range r.inbox.take() {
		now := c.Now()
		if e.ward != nil {
			if err := r.examined(e.ward); err != nil {
				return err
			}
		}
		switch {
		case e.ward != nil && e.result == nil:
		case e.stuck != "":
			if err := r.stuckIn(e); err != nil {
				return err
			}
		case e.broken != nil:
			return e.broken
		case e.desired != nil:
			r.core.Desired(now, e.desired)
			r.voice.heard(time.Now(), e.speaks, r.o.Heartbeat)
		case e.hello:
			r.core.Hello()
			r.voice = voice{} // it may be another turno than the one before
		case e.engine != nil:
			if err := r.learned(e.engine); err != nil {
				return err
			}
		case e.gpus != nil:
			if err := r.observed(e.gpus); err != nil {
				return err
			}
		case e.progress != nil:
			r.core.Progress(e.key, *e.progress)
		case e.staged:
			r.staged(ctx, now, e)
		case e.result != nil:
			if !e.started.IsZero() {
				r.core.Started(c.At(e.started), e.key)
			}
			if err := failpoint.Hit(failpoint.WorkerEnded); err != nil {
				return err
			}
			if !r.collects(ctx, e) && !r.cleans(ctx, e) {
				r.ended(now, e)
			}
		case !e.started.IsZero():
			r.core.Started(c.At(e.started), e.key)
		default:
			r.core.Started(now, e.key)
		}
	}
	return nil
}

// dropCkpt removes what checkpoints a job has left, if they are of no use.
func (r *Role) dropCkpt(t *turno.Task, end turno.State) {
	if r.light(t) {
		return // it has none
	}
	if !r.ckpts.drop(t, end) {
		return
	}
	r.group.Go(func() { // may be gigabytes
		if err := os.RemoveAll(r.ckpts.of(t)); err != nil {
			r.log.Warn("cannot remove a job's checkpoints", "job", t.ID, "err", err)
		}
	})
}

// ended takes an attempt's end.
func (r *Role) ended(now time.Time, e event) {
	a := r.live[e.key]
	if a == nil {
		return
	}
	delete(r.live, e.key)
	r.ports.free(e.key)
	if a.folder {
		r.onDisk[e.key] = true
	}
	a.blame(e.result)
	if err := r.release(a); err != nil {
		r.log.Error("did not describe this machine anew", "err", err)
	}
	if !e.silent {
		r.sealLog(a, e.result)
	}
	for _, g := range a.task.GPUs {
		e.result.Simulated = e.result.Simulated || r.simulated(g)
	}
	e.result.Device, e.result.GPUs = a.task.Device, a.used()
	a.tell(e.result)
	r.dropCkpt(a.task, e.result.State)
	r.core.Ended(now, e.key, *e.result)
}

// sealLog ships the rest of an attempt's log, if it has one.
func (r *Role) sealLog(a *attempt, result *turno.Result) {
	if size := logSize(a.dir); size > 0 && (r.onDisk[a.key] || r.light(a.task)) {
		r.onDisk[a.key] = true
		result.LogBytes = size
		r.shipper.final(a.key, a.dir)
	}
}

// tell puts into a result what was done around the run.
func (a *attempt) tell(r *turno.Result) {
	whole := func(d time.Duration) turno.Duration { return turno.Duration(d.Round(time.Microsecond)) }
	r.FetchTime, r.StartTime = whole(a.fetched), whole(a.begun)
	if !a.over.IsZero() {
		r.StoreTime = whole(time.Since(a.over))
	}
}

func (r *Role) simulated(uuid string) bool {
	for _, d := range r.gpus {
		if d.UUID == uuid {
			return d.Simulated
		}
	}
	return false
}

// act does what the core has ready, the journal first.
func (r *Role) act(ctx context.Context, ready hold.Ready) error {
	if err := failpoint.Hit(failpoint.WorkerReady); err != nil {
		return err
	}
	if err := r.journal.write(r.heavy(ready.Journal)); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if err := failpoint.Hit(failpoint.WorkerJournalled); err != nil {
		return err
	}
	for i := range ready.Start {
		r.start(ctx, &ready.Start[i])
	}
	for _, o := range ready.Stop {
		if a := r.live[o.AttemptKey]; a != nil {
			a.stop(o.Grace, o.Reason)
		}
	}
	r.forget(ready.Forget)
	for _, s := range ready.Stored {
		r.shipper.stored(s.AttemptKey, s.Bytes)
	}
	if err := failpoint.Hit(failpoint.WorkerStarted); err != nil {
		return err
	}
	if ready.Report == nil {
		return nil
	}
	body, err := r.encoder.Encode(ready.Report, r.voice.version(time.Now()))
	if err != nil {
		return fmt.Errorf("encode a report: %w", err)
	}
	err = r.o.Broker.Put(ctx, broker.ReportBox+r.o.Name, body)
	switch {
	case errors.Is(err, broker.ErrClosed):
		return fmt.Errorf("send a report: %w", err)
	case err != nil && !r.unsent:
		r.log.Warn("cannot send reports; works on and tries again", "err", err)
	case err == nil && r.unsent:
		r.log.Info("sends reports again")
	}
	r.unsent = err != nil
	return failpoint.Hit(failpoint.WorkerReported)
}

// forget drops what is kept of attempts outside of the core.
func (r *Role) forget(keys []turno.AttemptKey) {
	keys = slices.DeleteFunc(keys, func(k turno.AttemptKey) bool { return !r.onDisk[k] })
	if len(keys) == 0 {
		return
	}
	for _, k := range keys {
		delete(r.onDisk, k)
	}
	r.shipper.drop(keys)
	r.commands.forget(keys)
}

// heavy are the records of attempts that are worth a journal.
func (r *Role) heavy(records []hold.Record) []hold.Record {
	return slices.DeleteFunc(records, func(rec hold.Record) bool {
		switch {
		case rec.Start != nil:
			return r.light(rec.Start.Task)
		case rec.End != nil:
			return !r.journal.knows(rec.End.AttemptKey)
		case rec.Forget != nil:
			return !r.journal.knows(*rec.Forget)
		}
		return false
	})
}
