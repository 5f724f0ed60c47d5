package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"turno"
	"turno/internal/gpu"
)

// Times of the watch over devices, unless Options say otherwise.
const (
	// DefaultWatchGPUs is how often devices are looked at.
	DefaultWatchGPUs = 5 * time.Second
	// lookTime is what one look may take: a driver's call that takes longer
	// does not return.
	lookTime = 10 * time.Second
	// leaveTime is what a driver may take to free a device after a job's end;
	// what is there after that is left there.
	leaveTime = 3 * time.Second
	leaveStep = 50 * time.Millisecond
)

// wards are the devices and what is wrong with them. A device takes no job
// while anything is; each look says it anew, so what is mended is given back
// by itself. The loop owns it; looks are taken beside it.
type wards struct {
	gpus  gpu.Inventory
	every time.Duration
	look  time.Duration

	fault map[string]string // by UUID: what the device itself tells
	left  map[string]string // an attempt left something on it
	stuck map[string]string // an attempt on it cannot be killed
	blind string            // no device can be looked at

	suspects atomic.Pointer[[]string] // of left, for who looks beside the loop
}

// wardNews is what a look found.
type wardNews struct {
	whole bool // it was a look at all devices
	fault map[string]string
	left  map[string]string // of those that were asked for; empty text: nothing
	err   error
}

func newWards(o *Options) *wards {
	w := &wards{gpus: o.GPUs, every: o.WatchGPUs, look: lookTime, fault: map[string]string{}, left: map[string]string{}, stuck: map[string]string{}}
	if w.every == 0 {
		w.every = DefaultWatchGPUs
	}
	return w
}

// quarantine is why a device takes no job; empty: it does.
func (w *wards) quarantine(uuid string) string {
	for _, why := range []string{w.stuck[uuid], w.fault[uuid], w.blind, w.left[uuid]} {
		if why != "" {
			return why
		}
	}
	return ""
}

// bounded calls what may never return, and gives up on it. What was given up
// is left to itself: nothing can end it.
func bounded[T any](ctx context.Context, limit time.Duration, call func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it did not answer within %s", limit))
	defer cancel()
	answers := make(chan answer, 1) // nobody may be there to take it
	go func() {
		v, err := call(ctx)
		answers <- answer{v, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// examine looks at all devices, and at what was left on some.
func (w *wards) examine(ctx context.Context, again []string) wardNews {
	news := wardNews{whole: true, left: map[string]string{}}
	if h, ok := w.gpus.(gpu.Health); ok {
		if news.fault, news.err = bounded(ctx, w.look, h.Faults); news.err != nil {
			return news
		}
	}
	for _, uuid := range again {
		left, err := bounded(ctx, w.look, func(ctx context.Context) (string, error) { return w.gpus.Clean(ctx, uuid) })
		if err != nil {
			left = "it cannot be looked at: " + err.Error()
		}
		news.left[uuid] = left
	}
	return news
}

// watchGPUs looks at the devices until ctx is done. One look is under way at a
// time: where one hangs, others would.
func (r *Role) watchGPUs(ctx context.Context) {
	tick := time.NewTicker(r.wards.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var again []string
		if list := r.wards.suspects.Load(); list != nil {
			again = *list
		}
		if news := r.wards.examine(ctx, again); ctx.Err() == nil {
			r.inbox.put(event{ward: &news})
		}
	}
}

// cleans tells whether an end has to wait until its devices were looked at:
// those of commands. A warm runner stays on its device, and is seen there; what
// its jobs leave is its own.
func (r *Role) cleans(ctx context.Context, e event) bool {
	a := r.live[e.key]
	if a == nil || e.cleaned || len(a.task.GPUs) == 0 || !r.isCommand(a.task) || r.runners.on(a.task.GPUs) {
		return false
	}
	a.stop = func(time.Duration, turno.Reason) {} // it has ended
	if a.over.IsZero() {
		a.over = time.Now()
	}
	r.group.Go(func() {
		e.cleaned, e.ward = true, &wardNews{left: r.wards.after(ctx, a.task.GPUs)}
		if ctx.Err() == nil {
			r.inbox.put(e)
		}
	})
	return true
}

// after is what an attempt that has ended has left on its devices.
func (w *wards) after(ctx context.Context, uuids []string) map[string]string {
	left := map[string]string{}
	limit := time.Now().Add(leaveTime)
	for _, uuid := range uuids {
		for {
			what, err := bounded(ctx, w.look, func(ctx context.Context) (string, error) { return w.gpus.Clean(ctx, uuid) })
			if err != nil {
				what = "it cannot be looked at: " + err.Error()
			}
			left[uuid] = what
			if what == "" || err != nil || time.Now().After(limit) || ctx.Err() != nil {
				break
			}
			select {
			case <-ctx.Done():
			case <-time.After(leaveStep):
			}
		}
	}
	return left
}

// examined takes what a look found. A device with a fault ends what is on it:
// that is lost, not failed, and runs again elsewhere.
func (r *Role) examined(n *wardNews) error {
	w := r.wards
	switch {
	case n.err != nil:
		w.blind = "the devices cannot be looked at: " + n.err.Error()
	case n.whole:
		w.blind, w.fault = "", n.fault
	}
	for uuid, what := range n.left {
		if what == "" {
			delete(w.left, uuid)
		} else {
			w.left[uuid] = "not all is gone of the last job on it: " + what
		}
	}
	again := slices.Sorted(maps.Keys(w.left))
	w.suspects.Store(&again)
	for _, a := range r.live {
		for _, uuid := range a.task.GPUs {
			if why := w.fault[uuid]; why != "" && a.fault == "" {
				a.fault = fmt.Sprintf("its GPU %s has a fault: %s", r.indexOf(uuid), why)
				a.stop(time.Duration(a.task.Spec.Grace), turno.ReasonGPUFault)
			}
		}
	}
	return r.guard()
}

// indexOf is how people call a device.
func (r *Role) indexOf(uuid string) string {
	for _, g := range r.machine.GPUs {
		if g.UUID == uuid {
			return fmt.Sprint(g.Index)
		}
	}
	return uuid
}

// guard takes quarantines and what else people must look at into the worker's
// description. Machines that were reported are never written to.
func (r *Role) guard() error {
	m := r.machine
	m.GPUs = slices.Clone(m.GPUs)
	for i := range m.GPUs {
		g := &m.GPUs[i]
		why := r.wards.quarantine(g.UUID)
		if why == g.Quarantine {
			continue
		}
		if g.Quarantine = why; why != "" {
			r.log.Warn("put a device into quarantine", "gpu", g.UUID, "err", why)
		} else {
			r.log.Info("took a device out of quarantine", "gpu", g.UUID)
		}
	}
	m.Trouble = nil
	for _, a := range r.live {
		if a.stuck != "" {
			m.Trouble = append(m.Trouble, fmt.Sprintf("job %s %s", a.task.Display, a.stuck))
		}
	}
	slices.Sort(m.Trouble)
	if slices.Equal(m.Trouble, r.machine.Trouble) && slices.EqualFunc(m.GPUs, r.machine.GPUs, func(a, b turno.GPU) bool { return a.Quarantine == b.Quarantine }) {
		return nil
	}
	r.machine = m
	if err := r.encoder.SetMachine(m); err != nil {
		return fmt.Errorf("describe this machine: %w", err)
	}
	r.core.Machine(m)
	return nil
}

// stuckIn takes that something of an attempt cannot be killed: all it holds
// stays its own, and is seen, until that has ended.
func (r *Role) stuckIn(e event) error {
	a := r.live[e.key]
	if a == nil {
		return nil
	}
	a.stuck = "cannot be killed: " + e.stuck
	r.log.Error("cannot kill an attempt; what it holds is kept until it has ended", "attempt", a.key.String(), "err", errors.New(e.stuck))
	for _, uuid := range a.task.GPUs {
		r.wards.stuck[uuid] = fmt.Sprintf("job %s on it %s", a.task.Display, a.stuck)
	}
	r.core.Progress(e.key, turno.Progress{Fraction: -1, Message: a.stuck, Stuck: a.stuck})
	return r.guard()
}

// release ends what the end of an attempt ends: it could be killed after all.
func (r *Role) release(a *attempt) error {
	if a.stuck == "" {
		return nil
	}
	for _, uuid := range a.task.GPUs {
		delete(r.wards.stuck, uuid)
	}
	return r.guard()
}

// refused is the end of an attempt that came for a device in quarantine; nil:
// there is none.
func (r *Role) refused(t *turno.Task) *turno.Result {
	for _, uuid := range t.GPUs {
		if why := r.wards.quarantine(uuid); why != "" {
			return &turno.Result{State: turno.Lost, Reason: turno.ReasonWorkerLost,
				Message: fmt.Sprintf("GPU %s is in quarantine: %s", r.indexOf(uuid), why)}
		}
	}
	return nil
}

// blame says that an attempt's device ended it, unless it was done already.
func (a *attempt) blame(result *turno.Result) {
	if a.fault == "" || result.State == turno.Succeeded || strings.Contains(result.Message, a.fault) {
		return
	}
	result.State, result.Reason, result.Retryable, result.Message = turno.Lost, turno.ReasonGPUFault, false, a.fault
}
