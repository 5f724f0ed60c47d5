// Package bench measures a running turno: the same problems on each device,
// engine and number of threads that a worker has, in blocks of random order, so
// that what is said of them afterwards is worth something.
//
//	suite ─▶ cases ─▶ plan (by seed) ─▶ Run: one job at a time ─▶ record.Results
//	                                     ▲ events, sensors
//
// It takes samples and judges whether each counts; it derives nothing else. All
// it knows of turno is turno.Service. A Run owns its goroutines and waits for
// them; Results are its caller's again when it has returned.
package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"turno"
	"turno/internal/bench/record"
)

// Run measures.
type Run struct {
	// constant
	Service turno.Service
	Results *record.Results
	Sensors Sensors
	// Save keeps the results so far; it is called often.
	Save func(*record.Results) error
	// Told is called after every block and warm-up. May be nil.
	Told func(Progress)

	watch   *watch
	queue   string
	began   time.Time
	saved   time.Time
	failing map[string]int  // samples of a case that failed in a row
	warm    map[string]bool // cases that are, in this session
	session *record.Session
	open    []int // indices of cases that are not done
	round   int
}

const (
	// hopeless is after how many failures in a row a case is given up.
	hopeless = 3
	// warmMost jobs of a side warm it up, however short they are.
	warmMost = 25
	// saveEvery bounds what a kill loses.
	saveEvery = 3 * time.Second
	// overhead of the queue is in an estimate of the next block.
	reserve = 1.2
)

// errDone says that the time is over.
var errDone = errors.New("the time for the run is over")

// Do measures what is not yet done, until all is or ctx ends. Whatever it
// returns, the results hold all that was measured, and why it ended.
func (r *Run) Do(ctx context.Context) error {
	r.began, r.queue = time.Now(), "bench-"+uuid.NewString()[:8]
	r.failing, r.warm = map[string]int{}, map[string]bool{}
	r.session = &r.Results.Sessions[len(r.Results.Sessions)-1]
	r.Results.Stops = nil
	r.watch = newWatch(r.Service, r.queue, r.Results.Worker)
	own, cancel := context.WithCancel(ctx)
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		r.watch.run(own)
	}()
	r.session.LoadBefore = r.Sensors.Read("").Load
	err := r.look(ctx)
	if err == nil {
		err = r.all(ctx)
	}
	cancel()
	<-watching
	r.finish(ctx, err)
	if errors.Is(err, errDone) {
		err = nil
	}
	return errors.Join(err, r.Save(r.Results))
}

// look asks the worker's machine what it is, by a job on it.
func (r *Run) look(ctx context.Context) error {
	facts, err := Environment(ctx, r)
	r.session.Environment = facts
	return err
}

func (r *Run) all(ctx context.Context) error {
	for i := range r.Results.Cases {
		if !r.done(i) {
			r.open = append(r.open, i)
		}
	}
	for ; len(r.open) > 0; r.round++ {
		for _, at := range roundOrder(r.Results.Settings.Seed, r.round, len(r.Results.Cases)) {
			if !slices.Contains(r.open, at) {
				continue
			}
			if err := r.visit(ctx, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// visit gives a case its two blocks of a round.
func (r *Run) visit(ctx context.Context, at int) error {
	c := &r.Results.Cases[at]
	if !r.warm[c.Name] {
		r.warm[c.Name] = true
		if err := r.warmUp(ctx, c); err != nil {
			return err
		}
	}
	for range 2 {
		if r.failing[c.Name] < hopeless {
			if err := r.block(ctx, at); err != nil {
				return err
			}
		}
		if r.failing[c.Name] >= hopeless || r.done(at) {
			r.stop(at)
			return nil
		}
	}
	return nil
}

func (r *Run) done(at int) bool {
	blocks, width := progressOf(r.Results, &r.Results.Cases[at])
	_, done := enough(&r.Results.Settings, blocks, width)
	return done
}

// stop notes why a case needs no more.
func (r *Run) stop(at int) {
	c := &r.Results.Cases[at]
	r.open = slices.DeleteFunc(r.open, func(i int) bool { return i == at })
	if r.failing[c.Name] >= hopeless {
		last := r.Results.Samples[len(r.Results.Samples)-1]
		r.note(c, record.StopFailed, last.Detail)
	}
}

func (r *Run) note(c *record.Case, reason, detail string) {
	blocks, width := progressOf(r.Results, c)
	r.Results.Stops = append(r.Results.Stops, record.Stop{Case: c.Name, Reason: reason, Detail: detail, Blocks: blocks, Width: width})
}

// finish notes for every case why it ended, and how the session did.
func (r *Run) finish(ctx context.Context, err error) {
	r.session.Seconds = time.Since(r.began).Seconds()
	r.session.LoadAfter = r.Sensors.Read("").Load
	broken := ""
	switch {
	case err == nil:
		r.session.End = "finished"
	case errors.Is(err, errDone):
		broken, r.session.End = record.StopBudget, "finished"
	case ctx.Err() != nil:
		broken, r.session.End = record.StopInterrupted, "interrupted"
	default:
		broken, r.session.End = record.StopFailed, "failed"
	}
	for i := range r.Results.Cases {
		c := &r.Results.Cases[i]
		if slices.ContainsFunc(r.Results.Stops, func(s record.Stop) bool { return s.Case == c.Name }) {
			continue
		}
		blocks, width := progressOf(r.Results, c)
		reason, done := enough(&r.Results.Settings, blocks, width)
		if !done {
			reason = broken
		}
		r.note(c, reason, "")
	}
	for i := range r.Results.Samples {
		if r.Results.Samples[i].Simulated {
			r.Results.Simulated = true
		}
	}
}

// afford tells whether there is time for another block of a case.
func (r *Run) afford(c *record.Case) bool {
	budget := r.Results.Settings.Budget
	return budget == 0 || r.spent()+reserve*cost(r.Results, c) <= budget
}

// spent is the time of all sessions.
func (r *Run) spent() float64 {
	total := time.Since(r.began).Seconds()
	for _, s := range r.Results.Sessions[:len(r.Results.Sessions)-1] {
		total += s.Seconds
	}
	return total
}

func (r *Run) warmUp(ctx context.Context, c *record.Case) error {
	set := &r.Results.Settings
	for i := range c.Sides {
		began := time.Now()
		for n := 0; n < warmMost && (n < set.WarmUps || time.Since(began).Seconds() < set.WarmUp); n++ {
			if !r.afford(c) {
				return errDone
			}
			s := record.Sample{Case: c.Name, Side: c.Sides[i].Name, Block: -1, WarmUp: true, Cold: n == 0}
			if err := r.sample(ctx, c, &c.Sides[i], s); err != nil {
				return err
			}
			if r.failing[c.Name] >= hopeless {
				return nil
			}
		}
		r.tell(c)
	}
	return r.keep()
}

func (r *Run) block(ctx context.Context, at int) error {
	c := &r.Results.Cases[at]
	if !r.afford(c) {
		return errDone
	}
	n := nextBlock(r.Results, c.Name)
	for place, i := range blockOrder(r.Results.Settings.Seed, at, n, len(c.Sides)) {
		s := record.Sample{Case: c.Name, Side: c.Sides[i].Name, Block: n, Place: place}
		if err := r.sample(ctx, c, &c.Sides[i], s); err != nil {
			return err
		}
	}
	r.tell(c)
	return r.keep()
}

// keep saves, not too often.
func (r *Run) keep() error {
	if time.Since(r.saved) < saveEvery {
		return nil
	}
	r.saved = time.Now()
	r.session.Seconds = time.Since(r.began).Seconds()
	return r.Save(r.Results)
}

func (r *Run) tell(c *record.Case) {
	if r.Told == nil {
		return
	}
	r.session.Seconds = time.Since(r.began).Seconds()
	p := ProgressOf(r.Results)
	p.Case = c.Name
	p.Blocks, p.Width = progressOf(r.Results, c)
	r.Told(p)
}

// spec of a job of a side.
func (r *Run) spec(c *record.Case, side *record.Side) *turno.Spec {
	s := &turno.Spec{
		Type: c.Type, Params: json.RawMessage(c.Params), Engine: side.Engine, Device: side.Device, CPUs: turno.CPU,
		Queue: r.queue, Workers: []string{r.Results.Worker}, NoRequeue: true, Name: "bench " + c.Type,
	}
	if side.Device == turno.DeviceGPU {
		s.GPUs = 1
	} else {
		s.CPUs = turno.MilliCPU(max(1, side.Threads)) * turno.CPU
	}
	if side.Engine == turno.EngineNative {
		s.Engine = "" // also where it has no such word, as exec
	}
	return s
}

// submit hands in one job, and tells when it had been.
func (r *Run) submit(ctx context.Context, spec *turno.Spec) (number int64, err error) {
	id, err := uuid.NewV7()
	if err != nil {
		return 0, fmt.Errorf("make an id: %w", err)
	}
	done, err := r.Service.Submit(ctx, []turno.NewJob{{ID: id.String(), Spec: spec}})
	switch {
	case err != nil:
		return 0, fmt.Errorf("submit: %w", err)
	case done[0].Error != nil:
		return 0, fmt.Errorf("submit: %w", done[0].Error)
	case done[0].Number == 0:
		return 0, errors.New("submit: the scheduler did not answer in time")
	}
	return done[0].Number, nil
}

// cancel ends a job that is not waited for any more.
func (r *Run) cancel(ctx context.Context, number int64) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	// best effort: the run ends anyway, and says why
	_, _ = r.Service.Act(ctx, turno.Action{Verb: turno.Cancel, Jobs: []string{fmt.Sprint(number)}, Force: true})
}
