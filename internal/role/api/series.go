package api

import (
	"context"
	"sync"
	"time"

	"turno"
)

const (
	// sampleEvery is how often the queue's figures are noted at most. Each costs
	// the store a count and the scheduler one answer.
	sampleEvery = 5 * time.Second
	// samplesKept are a day of them: 17,280 of 64 bytes.
	samplesKept = int(24 * time.Hour / sampleEvery)
	// maxPoints of one answer; a screen has no more columns.
	maxPoints = 1000
)

// sample is how the queue was at one time.
type sample struct {
	at                time.Time
	waiting, active   float64
	cpusUsed, cpus    float64
	gpusUsed, gpus    float64
	succeeded, failed float64
	still             bool // as the one before it, and between them
}

// series keeps samples for as long as this server runs: figures for a look, not
// for a record. A monitoring system that scrapes keeps them for good. While
// nothing changes none is taken: the last one holds until the next.
type series struct {
	looking sync.Mutex // held while one is taken: who wants one too takes the same

	mu     sync.Mutex // guards all below
	ring   []sample
	oldest int
	broken bool // since the last one it is not known how the queue was
}

// add appends a sample; what was before it held until a moment ago.
func (s *series) add(p sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.last(); ok && !s.broken && p.at.Sub(last.at) > 2*sampleEvery {
		s.push(last.held(p.at.Add(-sampleEvery)))
	}
	s.broken = false
	s.push(p)
}

// push appends. Callers hold mu, as those of last do.
func (s *series) push(p sample) {
	if len(s.ring) < samplesKept {
		s.ring = append(s.ring, p)
		return
	}
	s.ring[s.oldest] = p
	s.oldest = (s.oldest + 1) % len(s.ring)
}

func (s *series) last() (sample, bool) {
	if len(s.ring) == 0 {
		return sample{}, false
	}
	return s.ring[(s.oldest+len(s.ring)-1)%len(s.ring)], true
}

// interrupt says that the last sample holds no longer.
func (s *series) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
}

// fresh tells whether there is a sample that is not older than it may be.
func (s *series) fresh(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, ok := s.last()
	return ok && !s.broken && now.Sub(last.at) < sampleEvery
}

// held is the sample as it still was at a time.
func (p sample) held(until time.Time) sample {
	p.at, p.still = until, true
	return p
}

// between gives the samples of a span, oldest first, and at its begin the one
// that held then.
func (s *series) between(from, to time.Time) []sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []sample
	for i := range s.ring {
		p := s.ring[(s.oldest+i)%len(s.ring)]
		if p.at.Before(from) || p.at.After(to) {
			continue
		}
		if len(out) == 0 && p.still {
			out = append(out, p.held(from))
		}
		out = append(out, p)
	}
	return out
}

// timeseries is the answer: columns of equal length.
type timeseries struct {
	Step     turno.Duration `json:"step_seconds"`
	At       []int64        `json:"at" doc:"seconds since 1970, the end of each step"`
	Waiting  []float64      `json:"waiting"`
	Active   []float64      `json:"active"`
	CPUsUsed []float64      `json:"cpus_used"`
	CPUs     []float64      `json:"cpus"`
	GPUsUsed []float64      `json:"gpus_used"`
	GPUs     []float64      `json:"gpus"`
	EndedPer []float64      `json:"ended_per_second"`
}

// columns thins samples: each step is the mean of its own, and holds the rate
// of ends within it.
func columns(samples []sample, step time.Duration) timeseries {
	out := timeseries{
		Step: turno.Duration(step), At: []int64{}, Waiting: []float64{}, Active: []float64{}, CPUsUsed: []float64{}, CPUs: []float64{},
		GPUsUsed: []float64{}, GPUs: []float64{}, EndedPer: []float64{},
	}
	for i := 0; i < len(samples); {
		slot := samples[i].at.UnixNano() / int64(step)
		end := i
		for end < len(samples) && samples[end].at.UnixNano()/int64(step) == slot {
			end++
		}
		part := samples[i:end]
		mean := func(of func(sample) float64) float64 {
			sum := 0.0
			for _, p := range part {
				sum += of(p)
			}
			return sum / float64(len(part))
		}
		out.At = append(out.At, part[len(part)-1].at.Unix())
		out.Waiting = append(out.Waiting, mean(func(p sample) float64 { return p.waiting }))
		out.Active = append(out.Active, mean(func(p sample) float64 { return p.active }))
		out.CPUsUsed = append(out.CPUsUsed, mean(func(p sample) float64 { return p.cpusUsed }))
		out.CPUs = append(out.CPUs, mean(func(p sample) float64 { return p.cpus }))
		out.GPUsUsed = append(out.GPUsUsed, mean(func(p sample) float64 { return p.gpusUsed }))
		out.GPUs = append(out.GPUs, mean(func(p sample) float64 { return p.gpus }))
		out.EndedPer = append(out.EndedPer, rate(samples, i, end))
		i = end
	}
	return out
}

// rate is of ends between the sample before a step and the step's last one.
func rate(samples []sample, first, end int) float64 {
	from, to := samples[max(0, first-1)], samples[end-1]
	seconds := to.at.Sub(from.at).Seconds()
	if seconds <= 0 {
		return 0
	}
	return max(0, to.succeeded+to.failed-from.succeeded-from.failed) / seconds
}

// note takes a sample whenever jobs have changed, until ctx is done. It follows
// the stream of changes only up to the first one: how many more there were
// until the next sample makes no difference.
func (a *Role) note(ctx context.Context) {
	for ctx.Err() == nil {
		if err := a.untilChange(ctx); err != nil && ctx.Err() == nil {
			a.series.interrupt()
			a.log.Debug("noted no sample", "err", err)
		}
		pause := time.NewTimer(sampleEvery)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

// untilChange takes a sample, and returns at the first change after it.
func (a *Role) untilChange(ctx context.Context) error {
	begun := false
	for e, err := range a.o.Service.Events(ctx, turno.EventQuery{}) {
		switch {
		case err != nil:
			return err
		case begun || !e.Reset:
			return nil
		}
		begun = true // what comes after this one is a change that the sample may lack
		if err := a.sample(ctx); err != nil {
			return err
		}
	}
	return nil
}

// sample takes one, unless another has just been taken.
func (a *Role) sample(ctx context.Context) error {
	a.series.looking.Lock()
	defer a.series.looking.Unlock()
	if a.series.fresh(time.Now()) {
		return nil
	}
	p, err := a.look(ctx)
	if err == nil {
		a.series.add(p)
	}
	return err
}

func (a *Role) look(ctx context.Context) (sample, error) {
	sum, err := a.o.Service.Summary(ctx)
	if err != nil {
		return sample{}, err
	}
	p := sample{at: time.Now()}
	for state, n := range sum.States {
		switch x := float64(n); {
		case state.Active():
			p.active += x
		case !state.Ended():
			p.waiting += x
		case state == turno.Succeeded:
			p.succeeded += x
		default:
			p.failed += x
		}
	}
	workers, err := a.o.Service.Workers(ctx)
	if err != nil {
		return sample{}, err
	}
	for i := range workers {
		w := &workers[i]
		if w.State == turno.WorkerGone {
			continue
		}
		p.cpus += float64(w.Machine.CPUs) / float64(turno.CPU)
		p.cpusUsed += float64(w.CPUsUsed) / float64(turno.CPU)
		p.gpus += float64(len(w.Machine.GPUs))
		p.gpusUsed += float64(len(w.GPUsUsed))
	}
	return p, nil
}

type seriesIn struct {
	Range float64 `query:"range_seconds" minimum:"1" maximum:"86400" default:"900" doc:"how far back"`
	Step  float64 `query:"step_seconds" minimum:"0" maximum:"86400" doc:"between two points; 0: as suits the range"`
}

// timeseries looks anew for who watches: workers come and go without a job's
// change. What cannot be looked at is left out; what was seen is told.
func (a *Role) timeseries(ctx context.Context, in *seriesIn) (timeseries, error) {
	if err := a.sample(ctx); err != nil && ctx.Err() == nil {
		a.series.interrupt()
		a.log.Debug("noted no sample", "err", err)
	}
	span := time.Duration(in.Range * float64(time.Second))
	step := max(time.Duration(in.Step*float64(time.Second)), sampleEvery, (span / maxPoints).Round(time.Second))
	now := time.Now()
	return columns(a.series.between(now.Add(-span), now), step), nil
}
